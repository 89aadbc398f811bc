//! The operations, one module per kind.

mod file;
mod folder;
mod list;
mod slices;

use serde_json::{Value, json};

use crate::{
    config::{Bucket, short_region},
    settings::Settings,
    store::{Change, Entry, File, Lookup, Store},
    v4::{
        auth::Kind,
        codes::{Code, Failure},
        params::Params,
        path::{Resource, encode},
    },
};

/// The outcome of an operation: the reply's `data`, for those that have one.
pub(crate) type Done = Result<Option<Value>, Failure>;

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Upload,
    SliceInit,
    SliceData,
    SliceList,
    SliceFinish,
    Stat,
    List,
    Create,
    Update,
    Delete,
    Move,
    Copy,
}

impl Op {
    pub fn parse(name: &str) -> Option<Op> {
        Some(match name {
            "upload" => Op::Upload,
            "upload_slice_init" => Op::SliceInit,
            "upload_slice_data" => Op::SliceData,
            "upload_slice_list" => Op::SliceList,
            "upload_slice_finish" => Op::SliceFinish,
            "stat" => Op::Stat,
            "list" => Op::List,
            "create" => Op::Create,
            "update" => Op::Update,
            "delete" => Op::Delete,
            "move" => Op::Move,
            "copy" => Op::Copy,
            _ => return None,
        })
    }

    /// The HTTP method it must come with.
    pub fn method(self) -> &'static str {
        match self {
            Op::Stat | Op::List => "GET",
            _ => "POST",
        }
    }

    /// The signature it must come with.
    pub fn kind(self, settings: &Settings) -> Kind {
        match self {
            Op::Update | Op::Delete => Kind::Once,
            Op::Move if !settings.multi_sign_for_move => Kind::Once,
            Op::Move | Op::Copy => Kind::Either,
            _ => Kind::Multi,
        }
    }

    pub fn run(self, call: &Call) -> Done {
        call.resource.must_be_legal()?;
        let is_folder = call.resource.is_folder();
        match self {
            Op::Upload
            | Op::SliceInit
            | Op::SliceData
            | Op::SliceList
            | Op::SliceFinish
            | Op::Move
            | Op::Copy => {
                call.resource.must_be_file()?;
            }
            Op::Create => call.resource.must_be_folder()?,
            Op::Stat | Op::List | Op::Update | Op::Delete => {}
        }
        if call.resource.is_root() && !matches!(self, Op::Stat | Op::List) {
            return Err(Code::PATH_ILLEGAL
                .because("the root of a bucket can't be created, updated or deleted"));
        }
        match self {
            Op::Upload => file::upload(call),
            Op::SliceInit => slices::init(call),
            Op::SliceData => slices::data(call),
            Op::SliceList => slices::list(call),
            Op::SliceFinish => slices::finish(call),
            Op::Stat if is_folder => folder::stat(call),
            Op::Stat => file::stat(call),
            Op::List => list::list(call),
            Op::Create => folder::create(call),
            Op::Update if is_folder => folder::update(call),
            Op::Update => file::update(call),
            Op::Delete if is_folder => folder::delete(call),
            Op::Delete => file::delete(call),
            Op::Move => file::relocate(call, true),
            Op::Copy => file::relocate(call, false),
        }
    }
}

/// An authenticated request for an operation.
pub(crate) struct Call<'a> {
    pub store: &'a Store,
    pub settings: &'a Settings,
    pub bucket: &'a Bucket,
    pub resource: &'a Resource,
    pub params: &'a Params,
    pub now: u64,
}

impl Call<'_> {
    /// Changes the index, all or nothing.
    fn change<T>(
        &self,
        work: impl FnOnce(&mut Change) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.store.change(work)
    }

    /// `insertOnly`: refuse to overwrite, unless told otherwise.
    fn insert_only(&self) -> Result<bool, Failure> {
        Ok(self.params.flag("insertOnly")?.unwrap_or(true))
    }

    fn biz_attr(&self) -> Result<String, Failure> {
        Ok(self.params.text("biz_attr")?.unwrap_or_default())
    }

    /// The `sha` parameter in lower case.
    fn sha(&self) -> Result<Option<String>, Failure> {
        let Some(sha) = self.params.non_empty("sha")? else { return Ok(None) };
        crate::digest::normal_sha(&sha).map(Some).ok_or_else(|| {
            Code::INVALID_SHA.because(format!("sha is {sha:?}, not 40 hexadecimal digits"))
        })
    }

    fn region(&self) -> &str {
        short_region(&self.bucket.region)
    }

    fn access_url(&self, resource: &Resource) -> String {
        self.download_url(resource, "file.myqcloud.com")
    }

    fn source_url(&self, resource: &Resource) -> String {
        self.download_url(resource, &format!("cos{}.myqcloud.com", self.region()))
    }

    fn download_url(&self, resource: &Resource, host: &str) -> String {
        let host = self.settings.download_host.as_deref().unwrap_or(host);
        format!("http://{}-{}.{host}{}", resource.bucket, resource.appid, encode(&resource.path))
    }

    /// What a finished upload tells about its object.
    fn object_urls(&self, resource: &Resource, file: &File) -> Value {
        json!({
            "access_url": self.access_url(resource),
            "resource_path": resource.file_id(),
            "source_url": self.source_url(resource),
            "url": format!(
                "http://{}.file.myqcloud.com/files/v2/{}/{}{}",
                self.region(), resource.appid, resource.bucket, encode(&resource.path)
            ),
            "vid": format!("{}{:010}", file.blob, file.mtime),
        })
    }

    /// Refuses to write a file over a folder, or over a file it must not replace.
    fn check_target(
        &self,
        index: &impl Lookup,
        resource: &Resource,
        insert_only: bool,
        sha: Option<&str>,
    ) -> Result<(), Failure> {
        if index.entry(&format!("{}/", resource.file_id()))?.is_some() {
            return Err(Code::PATH_CONFLICT.because("a folder has this name"));
        }
        match index.entry(&resource.file_id())? {
            Some(Entry::File(old)) if insert_only => {
                if self.settings.same_sha_is_4018 && sha == Some(&old.sha) {
                    Err(Code::SAME_FILE.into())
                } else {
                    Err(Code::FILE_EXISTS.into())
                }
            }
            _ => Ok(()),
        }
    }

    /// A file as a fresh upload leaves it; `sums` are its SHA-1 and its CRC-64.
    fn new_file(
        &self,
        blob: String,
        sums: (String, Option<u64>),
        size: u64,
        slice_size: u64,
        biz_attr: String,
    ) -> File {
        let (sha, crc64) = sums;
        File {
            blob,
            size,
            sha,
            crc64,
            slice_size,
            biz_attr,
            authority: "eInvalid".into(),
            headers: Default::default(),
            forbid: 0,
            ctime: self.now,
            mtime: self.now,
            ..File::default()
        }
    }
}
