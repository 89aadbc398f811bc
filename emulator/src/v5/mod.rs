//! The XML API v5.

mod acl;
mod buckets;
mod conditions;
mod content;
mod copy;
mod cors;
mod delete;
mod form;
mod headers;
mod list;
mod multipart;
mod objects;
mod op;
mod place;
mod request;
mod restore;
mod sign;
mod tagging;
mod time;
mod uploads;
mod words;
mod xml;

use std::sync::Arc;

use hyper::{Method, body::Incoming, header::EXPECT};
use serde_json::{Value, json};

use self::{
    content::Arriving,
    op::Op,
    place::{BucketPlace, Place},
    request::Request,
    sign::{Identity, Signature},
    words::{Failure, Word},
};
use crate::{
    config::Bucket,
    http::{
        app::App,
        body::{Gauge, drain},
        disturb::replaced,
        faults::{Action, Facts, Struck},
        head::Head,
        log::Record,
        range::range_start,
        reply::{Body, Reply},
        server::Served,
    },
    settings::Settings,
    store::{Change, Entry, Error, File, Folder, Store},
};

/// What an operation answers.
type Answer = Result<Reply, Failure>;

/// A request of this API, or `None` for one of the other.
pub(crate) fn route(app: &App, head: &Head) -> Option<Route> {
    let settings = app.settings();
    place::place(&app.config, head, settings.default_bucket.as_deref()).map(Route)
}

/// Where a request goes.
pub(crate) struct Route(Place);

pub(crate) async fn serve(
    app: &Arc<App>,
    head: Head,
    route: Route,
    mut body: Incoming,
    record: &mut Record,
) -> Served {
    let is_signed_in_header = head.is_signed();
    let (request, problem) = Request::new(head, route.0);
    let op = Op::of(&request);
    let struck = strike(app, &request, op, record);
    // Whoever waits for a request sees what it is before it is answered.
    app.log.update(record);
    let place = if is_signed_in_header { "header" } else { "query" };
    record.sign_place = Signature::of(&request).map(|_| place.into());

    let gauge = Gauge::default();
    gauge.obey(&struck);
    let action = struck.as_ref().map(|struck| &struck.action);
    let is_executed = action.is_none_or(Action::executes);
    let mut executed = None;
    if is_executed {
        let arriving = Arriving { body: &mut body, gauge: &gauge };
        executed = Some(execute(app, &request, op, problem, arriving).await);
    }
    // A client that has sent `Expect` and was not asked for the body gets the reply without it.
    if gauge.read() > 0 || !request.headers.contains_key(EXPECT) || !is_executed {
        drain(&mut body, &gauge).await;
    }
    record.body_bytes = gauge.read();
    Served { reply: replaced(app, executed, action), struck }
}

/// Everything that faults look at is known from the head.
fn strike(app: &App, request: &Request, op: Op, record: &mut Record) -> Option<Struck> {
    record.op = op.name().into();
    record.part = request.param("partNumber").and_then(|number| number.parse().ok());
    record.offset = range_start(&request.headers);
    let mut facts = Facts {
        op: Some(record.op.clone()),
        path: record.path.clone(),
        method: record.method.clone(),
        offset: record.offset,
        part: record.part,
        complete: true,
        ..Facts::default()
    };
    let struck = app.faults.strike(&mut facts);
    record.fault = struck.as_ref().and_then(Struck::json);
    struck
}

async fn execute(
    app: &App,
    request: &Request,
    op: Op,
    problem: Result<(), Failure>,
    arriving: Arriving<'_>,
) -> Reply {
    let settings = app.settings();
    let request_id = app.request_id();
    let answer = match problem {
        Ok(()) => answer(app, &settings, request, op, arriving).await,
        Err(failure) => Err(failure),
    };
    let mut reply = answer.unwrap_or_else(|failure| {
        let failure = if settings.denial_in_message { failure.in_message() } else { failure };
        failure.reply(&request.resource(), &request_id, &trace_id(app))
    });
    reply.named("x-cos-request-id", &request_id);
    if op != Op::Preflight {
        cors::allow(&mut reply, request, &settings);
    }
    reply
}

fn trace_id(app: &App) -> String {
    format!("{}{}", app.request_id(), app.request_id()).replace('=', "")
}

/// The reply of a fault.
pub(crate) fn refusal(app: &App, code: &str, status: Option<u16>, message: Option<&str>) -> Reply {
    let (usual_status, usual_message) = words::lookup(code);
    let status = status.unwrap_or(usual_status);
    let message = message.unwrap_or(usual_message);
    let ids = (app.request_id(), trace_id(app));
    let mut reply = words::refusal((code, status, message), &[], "", (&ids.0, &ids.1));
    reply.named("x-cos-request-id", &ids.0);
    reply
}

/// The checks in order: signature, bucket, region, permission, and then the operation's own.
async fn answer(
    app: &App,
    settings: &Settings,
    request: &Request,
    op: Op,
    arriving: Arriving<'_>,
) -> Answer {
    if op == Op::Preflight {
        return cors::preflight(request, settings);
    }
    let now = app.now();
    let identity = match Signature::of(request) {
        None => Identity::Anonymous,
        Some(Ok(signature)) => signature.verify(request, &app.config, settings, now)?,
        Some(Err(why)) => return Err(Word::ACCESS_DENIED.because(why)),
    };
    let place = match &request.place {
        Place::Service { region } => {
            return match op {
                Op::ListBuckets => buckets::list(app, request, &identity, region.as_deref()),
                _ => Err(Word::METHOD_NOT_ALLOWED.into()),
            };
        }
        Place::Nameless(name) => {
            let why = format!("Missing header Appid: the bucket {name:?} must be {name}-appid.");
            return Err(Word::INVALID_REQUEST.saying(why));
        }
        Place::Bucket(place) => place,
    };
    let bucket = find_bucket(app, settings, place)?;
    let call = Call { app, settings, request, place, bucket, identity, now };
    call.check_permission(op)?;
    request.check_key()?;
    op.run(&call, arriving).await
}

/// An operation on an object that the admin interface asks for, by a target that begins with this
/// prefix: it is carried out as if the bucket's owner had signed it.
pub(crate) async fn administer(
    app: &App,
    prefix: &str,
    mut head: Head,
    mut body: Incoming,
) -> Reply {
    let is_head = head.parts.method == Method::HEAD;
    let gauge = Gauge::default();
    let answer = match head.target[prefix.len()..].parse() {
        Ok(uri) => {
            head.parts.uri = uri;
            let arriving = Arriving { body: &mut body, gauge: &gauge };
            answer_owner(app, head, arriving).await
        }
        Err(_) => Err(Word::INVALID_URI.into()),
    };
    drain(&mut body, &gauge).await;
    let mut reply = answer.unwrap_or_else(|failure| {
        let error = format!("{}: {}", failure.word.code, failure.message());
        Reply::json(failure.word.status, &json!({"error": error}))
    });
    if is_head {
        reply.body = Body::bytes("");
    }
    reply
}

async fn answer_owner(app: &App, head: Head, arriving: Arriving<'_>) -> Answer {
    let settings = &app.settings();
    let place = place::in_path(head.parts.uri.path(), None);
    let (request, problem) = Request::new(head, place);
    problem?;
    let (request, op) = (&request, Op::of(&request));
    let Place::Bucket(place) = &request.place else {
        return Err(Word::NO_BUCKET.saying("The path must be objects/BUCKET-APPID/KEY."));
    };
    if !matches!(op, Op::PutObject | Op::GetObject | Op::HeadObject | Op::DeleteObject) {
        return Err(Word::METHOD_NOT_ALLOWED.into());
    }
    request.check_key()?;
    let bucket = find_bucket(app, settings, place)?;
    let identity = Identity::Account(place.appid.clone());
    let call = Call { app, settings, request, place, bucket, identity, now: app.now() };
    op.run(&call, arriving).await
}

/// All objects of all buckets, as the admin interface shows them.
pub(crate) fn all_objects(store: &Store) -> Result<Value, Error> {
    let described = store.view()?.all_entries()?.into_iter().filter_map(|(file_id, entry)| {
        let mut parts = file_id.splitn(4, '/').skip(1);
        let (appid, name, key) = (parts.next()?, parts.next()?, parts.next()?);
        let file = object(entry)?;
        Some(json!({
            "bucket": format!("{name}-{appid}"),
            "key": key,
            "size": file.size,
            "etag": headers::etag(&file),
            "headers": file.headers,
            "modified": file.mtime,
        }))
    });
    Ok(described.collect())
}

fn find_bucket<'a>(
    app: &'a App,
    settings: &Settings,
    place: &BucketPlace,
) -> Result<&'a Bucket, Failure> {
    let bucket = app.config.bucket(&place.appid, &place.name).ok_or(Word::NO_BUCKET)?;
    let region = place::region(&bucket.region);
    match &place.region {
        Some(asked) if asked != region => {
            let why = format!("the bucket is in {region}, not in {asked}");
            if settings.wrong_region_is_301 {
                let host = format!("{}.cos.{region}.myqcloud.com", place.full_name());
                Err(Word::PERMANENT_REDIRECT
                    .because(why)
                    .with("Location", format!("http://{host}/")))
            } else {
                Err(Word::NO_BUCKET.because(why))
            }
        }
        _ => Ok(bucket),
    }
}

/// A request whose signature and bucket are good.
pub(crate) struct Call<'a> {
    app: &'a App,
    settings: &'a Settings,
    request: &'a Request,
    place: &'a BucketPlace,
    bucket: &'a Bucket,
    identity: Identity,
    now: u64,
}

impl Call<'_> {
    fn store(&self) -> &Store {
        &self.app.store
    }

    fn change<T>(
        &self,
        work: impl FnOnce(&mut Change) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.store().change(work)
    }

    /// What the file ids of the bucket's objects begin with.
    fn base(&self) -> String {
        format!("/{}/{}/", self.place.appid, self.place.name)
    }

    fn file_id(&self) -> String {
        format!("{}{}", self.base(), self.request.key)
    }

    fn is_owner(&self) -> bool {
        self.identity == Identity::Account(self.place.appid.clone())
    }

    /// The host of the bucket in the service.
    fn bucket_host(&self) -> String {
        let region = place::region(&self.bucket.region);
        format!("{}.cos.{region}.myqcloud.com", self.place.full_name())
    }

    fn check_permission(&self, op: Op) -> Result<(), Failure> {
        if self.is_owner() {
            return Ok(());
        }
        match op {
            Op::GetObject | Op::HeadObject => {
                let object = find(&self.store().view()?, &self.file_id())?;
                if !readable(&self.identity, self.bucket, object.as_ref()) {
                    return Err(Word::ACCESS_DENIED.into());
                }
                let overrides =
                    self.request.params.iter().any(|(name, _)| name.starts_with("response-"));
                if overrides && self.identity == Identity::Anonymous {
                    return Err(Word::INVALID_REQUEST
                        .saying("Request specific response headers cannot be used for anonymous GET requests."));
                }
                Ok(())
            }
            Op::ListObjects | Op::HeadBucket if self.bucket.public => Ok(()),
            // The form is signed by itself.
            Op::PostObject => Ok(()),
            _ => Err(Word::ACCESS_DENIED.into()),
        }
    }

    /// Puts an object in its place; a name that ends with a slash is a folder to the JSON API.
    fn put(&self, index: &mut Change, file: File) -> Result<(), Failure> {
        self.put_at(index, &self.file_id(), file)
    }

    fn put_at(&self, index: &mut Change, file_id: &str, file: File) -> Result<(), Failure> {
        use crate::store::Lookup;
        if !file_id.ends_with('/') {
            return Ok(index.put(file_id, &Entry::File(file))?);
        }
        let ctime = match index.entry(file_id)? {
            Some(Entry::Folder(folder)) => folder.ctime,
            _ => file.ctime,
        };
        let biz_attr = file.biz_attr.clone();
        let folder = Folder { biz_attr, ctime, mtime: file.mtime, object: Some(file) };
        Ok(index.put(file_id, &Entry::Folder(folder))?)
    }

    /// Changes what is known of an object, whose content stays.
    fn change_object(&self, change: impl FnOnce(&mut File)) -> Result<(), Failure> {
        self.change(|index| {
            let mut file = find(index, &self.file_id())?.ok_or(Word::NO_KEY)?;
            if file.blob.is_empty() {
                // A folder that the JSON API has created has no content yet.
                file.blob = self.store().blobs.write(b"")?;
            }
            change(&mut file);
            self.put(index, file)
        })
    }

    /// Refuses to replace an object that the client wants to keep.
    fn check_overwrite(
        &self,
        index: &impl crate::store::Lookup,
        file_id: &str,
        forbidden: bool,
    ) -> Result<(), Failure> {
        let holds = forbidden && !self.settings.versioning;
        if holds && find(index, file_id)?.is_some() {
            return Err(Word::FILE_EXISTS.into());
        }
        Ok(())
    }

    /// Whether the request must not replace anything.
    fn forbids_overwrite(&self) -> bool {
        let header = self.request.header("x-cos-forbid-overwrite");
        header.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The number of what is written next; empty in a bucket without versions.
    fn new_version(&self) -> Result<String, Failure> {
        let has_versions = self.settings.versioning;
        Ok(if has_versions { crate::store::Blobs::new_name()? } else { String::new() })
    }

    /// The version that the request is for; the SDK for Go has it with a capital letter.
    fn version(&self) -> Option<&str> {
        self.request.given("versionId").or_else(|| self.request.given("VersionId"))
    }
}

/// Whether somebody who does not own a bucket may read an object of it.
fn readable(identity: &Identity, bucket: &Bucket, object: Option<&File>) -> bool {
    match object.map_or("", |object| object.traits.acl.canned.as_str()) {
        "" => bucket.public,
        "public-read" => true,
        "authenticated-read" => *identity != Identity::Anonymous,
        _ => false,
    }
}

/// Refuses a version other than this object's: no other one is kept.
fn check_version(wanted: &str, file: &File) -> Result<(), Failure> {
    let version = file.traits.version.as_str();
    let name = if version.is_empty() { "null" } else { version };
    if wanted == name { Ok(()) } else { Err(Word::NO_VERSION.into()) }
}

/// The object of a file id, as this API sees it.
fn find(index: &impl crate::store::Lookup, file_id: &str) -> Result<Option<File>, Failure> {
    Ok(index.entry(file_id)?.and_then(object))
}

/// What the JSON API calls a folder is an object without content.
fn object(entry: Entry) -> Option<File> {
    match entry {
        Entry::File(file) => Some(file),
        Entry::Folder(Folder { object: Some(file), biz_attr, .. }) => {
            Some(File { biz_attr, ..file })
        }
        Entry::Folder(Folder { object: None, biz_attr, ctime, mtime }) => Some(File {
            etag: "d41d8cd98f00b204e9800998ecf8427e".into(),
            sha: "da39a3ee5e6b4b0d3255bfef95601890afd80709".into(),
            crc64: Some(0),
            biz_attr,
            ctime,
            mtime,
            ..File::default()
        }),
        Entry::Unfinished => None,
    }
}

impl Op {
    async fn run(self, call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
        use tokio::task::block_in_place as blocking;
        match self {
            Op::PutObject => objects::put(call, arriving).await,
            Op::GetObject => objects::get(call).await,
            Op::HeadObject => blocking(|| objects::head(call)),
            Op::DeleteObject => blocking(|| delete::one(call)),
            Op::DeleteObjects => delete::many(call, arriving).await,
            Op::CopyObject => blocking(|| copy::object(call)),
            Op::UploadPartCopy => blocking(|| copy::part(call)),
            Op::InitiateMultipartUpload => blocking(|| multipart::initiate(call)),
            Op::UploadPart => multipart::upload_part(call, arriving).await,
            Op::CompleteMultipartUpload => multipart::complete(call, arriving).await,
            Op::AbortMultipartUpload => blocking(|| multipart::abort(call)),
            Op::ListParts => blocking(|| uploads::parts(call)),
            Op::ListMultipartUploads => blocking(|| uploads::list(call)),
            Op::ListObjects => blocking(|| list::objects(call)),
            Op::ListObjectVersions => blocking(|| list::versions(call)),
            Op::GetObjectAcl => blocking(|| acl::get(call)),
            Op::PutObjectAcl => acl::put(call, arriving).await,
            Op::GetBucketAcl => acl::of_bucket(call),
            Op::GetObjectTagging => blocking(|| tagging::get(call)),
            Op::PutObjectTagging => tagging::put(call, arriving).await,
            Op::DeleteObjectTagging => blocking(|| tagging::delete(call)),
            Op::RestoreObject => restore::post(call, arriving).await,
            Op::PostObject => form::post(call, arriving).await,
            Op::HeadBucket => buckets::head(call),
            Op::PutBucket => Err(Word::BUCKET_OWNED.into()),
            Op::DeleteBucket => blocking(|| buckets::delete(call)),
            Op::GetBucketLocation => buckets::location(call),
            Op::GetBucketVersioning => buckets::versioning(call),
            Op::AppendObject => blocking(|| objects::append(call)),
            Op::PutBucketAcl | Op::Other => Err(Word::NOT_IMPLEMENTED
                .saying("The emulator does not implement this part of the service.")),
            Op::ListBuckets | Op::Preflight | Op::Unknown => Err(Word::METHOD_NOT_ALLOWED.into()),
        }
    }
}
