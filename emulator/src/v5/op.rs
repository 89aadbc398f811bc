//! Which operation a request asks for: the method, the path and the parameters say it.

use hyper::Method;

use super::{place::Place, request::Request};

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    ListBuckets,
    HeadBucket,
    PutBucket,
    DeleteBucket,
    GetBucketAcl,
    PutBucketAcl,
    GetBucketLocation,
    GetBucketVersioning,
    ListObjects,
    ListObjectVersions,
    ListMultipartUploads,
    DeleteObjects,
    PostObject,
    Preflight,
    PutObject,
    GetObject,
    HeadObject,
    DeleteObject,
    CopyObject,
    AppendObject,
    GetObjectAcl,
    PutObjectAcl,
    GetObjectTagging,
    PutObjectTagging,
    DeleteObjectTagging,
    RestoreObject,
    InitiateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    ListParts,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    /// Something the service has and the emulator has not.
    Other,
    /// A method that the service does not have for this.
    Unknown,
}

/// Parameters that name something of a bucket or an object, with which the service has operations of
/// its own. The emulator has some of them.
const SUBRESOURCES: [&str; 20] = [
    "accelerate",
    "cors",
    "domain",
    "encryption",
    "intelligenttiering",
    "inventory",
    "lifecycle",
    "live",
    "logging",
    "notification",
    "object-lock",
    "origin",
    "policy",
    "referer",
    "replication",
    "restore",
    "select",
    "symlink",
    "tagging",
    "website",
];

impl Op {
    pub fn of(request: &Request) -> Op {
        let method = request.method.as_str();
        if request.method == Method::OPTIONS {
            return Op::Preflight;
        }
        match request.place {
            Place::Service { .. } if method == "GET" => Op::ListBuckets,
            Place::Service { .. } => Op::Unknown,
            _ if request.key.is_empty() => Op::of_bucket(method, request),
            _ => Op::of_object(method, request),
        }
    }

    fn of_bucket(method: &str, request: &Request) -> Op {
        let has = |name: &str| request.param(name).is_some();
        if SUBRESOURCES.iter().any(|name| has(name)) {
            return Op::Other;
        }
        match method {
            "GET" if has("uploads") => Op::ListMultipartUploads,
            "GET" if has("versions") => Op::ListObjectVersions,
            "GET" if has("acl") => Op::GetBucketAcl,
            "GET" if has("location") => Op::GetBucketLocation,
            "GET" if has("versioning") => Op::GetBucketVersioning,
            "GET" => Op::ListObjects,
            "HEAD" => Op::HeadBucket,
            "PUT" if has("acl") => Op::PutBucketAcl,
            "PUT" if has("versioning") => Op::Other,
            "PUT" => Op::PutBucket,
            "DELETE" => Op::DeleteBucket,
            "POST" if has("delete") => Op::DeleteObjects,
            "POST" => Op::PostObject,
            _ => Op::Unknown,
        }
    }

    fn of_object(method: &str, request: &Request) -> Op {
        let has = |name: &str| request.param(name).is_some();
        let is_copy = request.headers.contains_key("x-cos-copy-source");
        match method {
            "GET" if has("acl") => Op::GetObjectAcl,
            "GET" if has("tagging") => Op::GetObjectTagging,
            "GET" if has("uploadId") => Op::ListParts,
            "GET" => Op::GetObject,
            "HEAD" => Op::HeadObject,
            "PUT" if has("acl") => Op::PutObjectAcl,
            "PUT" if has("tagging") => Op::PutObjectTagging,
            "PUT" if has("uploadId") && is_copy => Op::UploadPartCopy,
            "PUT" if has("uploadId") || has("partNumber") => Op::UploadPart,
            "PUT" if SUBRESOURCES.iter().any(|name| has(name)) => Op::Other,
            "PUT" if is_copy => Op::CopyObject,
            "PUT" => Op::PutObject,
            "DELETE" if has("uploadId") => Op::AbortMultipartUpload,
            "DELETE" if has("tagging") => Op::DeleteObjectTagging,
            "DELETE" => Op::DeleteObject,
            "POST" if has("uploads") => Op::InitiateMultipartUpload,
            "POST" if has("uploadId") => Op::CompleteMultipartUpload,
            "POST" if has("append") => Op::AppendObject,
            "POST" if has("restore") => Op::RestoreObject,
            "POST" if SUBRESOURCES.iter().any(|name| has(name)) => Op::Other,
            _ => Op::Unknown,
        }
    }

    /// What the request log and the faults call it.
    pub fn name(self) -> &'static str {
        match self {
            Op::ListBuckets => "list_buckets",
            Op::HeadBucket => "head_bucket",
            Op::PutBucket => "put_bucket",
            Op::DeleteBucket => "delete_bucket",
            Op::GetBucketAcl => "get_bucket_acl",
            Op::PutBucketAcl => "put_bucket_acl",
            Op::GetBucketLocation => "get_bucket_location",
            Op::GetBucketVersioning => "get_bucket_versioning",
            Op::ListObjects => "list_objects",
            Op::ListObjectVersions => "list_object_versions",
            Op::ListMultipartUploads => "list_multipart_uploads",
            Op::DeleteObjects => "delete_objects",
            Op::PostObject => "post_object",
            Op::Preflight => "preflight",
            Op::PutObject => "put_object",
            Op::GetObject => "get_object",
            Op::HeadObject => "head_object",
            Op::DeleteObject => "delete_object",
            Op::CopyObject => "copy_object",
            Op::AppendObject => "append_object",
            Op::GetObjectAcl => "get_object_acl",
            Op::PutObjectAcl => "put_object_acl",
            Op::GetObjectTagging => "get_object_tagging",
            Op::PutObjectTagging => "put_object_tagging",
            Op::DeleteObjectTagging => "delete_object_tagging",
            Op::RestoreObject => "restore_object",
            Op::InitiateMultipartUpload => "initiate_multipart_upload",
            Op::UploadPart => "upload_part",
            Op::UploadPartCopy => "upload_part_copy",
            Op::ListParts => "list_parts",
            Op::CompleteMultipartUpload => "complete_multipart_upload",
            Op::AbortMultipartUpload => "abort_multipart_upload",
            Op::Other => "other",
            Op::Unknown => "",
        }
    }
}
