//! What a protocol has to do, and the values that it is given.
//!
//! A protocol builds, signs and sends requests and turns what arrives into the replies that
//! `docs/replies.md` describes. What to do next is decided above it, in `ops`.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::call::{Call, Unread};
use crate::content::hash::{self, Hasher, States, Sum};
use crate::content::source::Source;
use crate::path::{self, Bucket, CosPath, FilePath};
use crate::reply::object::ObjectInfo;
use crate::reply::{Failure, Reply, Result};
use crate::stop::Stop;
use crate::transfer::{Mark, Transfer};

/// A way to talk to the service.
pub trait Protocol: Objects + Uploads + fmt::Debug + Send + Sync {
    /// What the service accepts.
    fn limits(&self) -> &'static Limits;

    /// A signature for others, made at `now` (UNIX seconds). Sends nothing.
    fn grant(&self, at: Place, grant: Grant, now: u64) -> Result<Reply>;

    /// The buckets of the account.
    fn list_buckets(&self, call: &Call) -> Result<Reply>;

    /// Sends a request that the program has composed, and hands on its answer.
    fn request(&self, call: &Call, request: &Composed) -> Result<Reply>;
}

/// What can be done with the files and folders that are there. Each method repeats what it sends as
/// the call allows.
pub trait Objects {
    /// What the service knows of a file or folder; at least what is asked for.
    fn stat(&self, call: &Call, at: Place, ask: Ask) -> Result<Reply>;

    /// What describes the content of a file.
    fn describe(&self, call: &Call, at: Place) -> Result<Described> {
        let reply = self.stat(call, at, Ask::OfContent)?;
        let shown: ObjectInfo = reply.data()?;
        let size = shown.size.ok_or_else(|| reply.unexpected("it has no filesize"))?;
        Ok(Described { size, shown })
    }

    /// Changes attributes.
    fn update(&self, call: &Call, at: Place, changes: &Changes, retry: Retry) -> Result<Reply>;

    /// Deletes a file, or a folder with nothing in it.
    fn delete(&self, call: &Call, at: Place, retry: Retry) -> Result<Reply>;

    /// Deletes files and folders, at the most as many as the limits say. Where lists go deep, a folder
    /// is deleted whatever is in it, and that stays. Returns the index of each that was not deleted,
    /// and why; what was not there may be among them.
    fn delete_many(
        &self,
        call: &Call,
        bucket: &Bucket,
        paths: &[&CosPath],
    ) -> Result<Vec<(usize, Box<Failure>)>> {
        Ok(self.delete_one_by_one(call, bucket, paths))
    }

    /// The same with a request for each, where the service has none for many.
    fn delete_one_by_one(
        &self,
        call: &Call,
        bucket: &Bucket,
        paths: &[&CosPath],
    ) -> Vec<(usize, Box<Failure>)> {
        let delete = |path| self.delete(call, Place { bucket, path }, Retry::Always).err();
        let failures = paths.iter().enumerate().map(|(index, path)| Some((index, delete(*path)?)));
        failures.flatten().collect()
    }

    /// Copies a file.
    fn copy(&self, call: &Call, relocation: &Relocation) -> Result<Reply>;

    /// Moves a file.
    fn rename(&self, call: &Call, relocation: &Relocation, retry: Retry) -> Result<Reply>;

    /// Creates a folder.
    fn create_folder(&self, call: &Call, at: Place, biz_attr: &str) -> Result<Reply>;

    /// One page of the entries whose paths begin with that of `at`.
    fn list(&self, call: &Call, at: Place, page: &PageQuery) -> Result<Reply>;

    /// Whether what `stat` and lists show like a whole file is one, and not an upload that only
    /// lacks its finish.
    fn is_complete(&self, call: &Call, at: Place, shown: &ObjectInfo) -> Result<bool>;

    /// Whether what `stat` or a list shows has the content of `source`, which is of the same size.
    fn has_content(
        &self,
        call: &Call,
        at: Place,
        shown: &ObjectInfo,
        source: &Source,
    ) -> Result<bool>;

    /// Asks once for an object, or for the bytes of it that are in `range`; if `stat` has given an
    /// `etag`, for that version of it. The answer has the status 200, 206 or, where a range was asked
    /// for, 416.
    fn get(
        &self,
        call: &Call,
        at: Place,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Unread>;

    /// Asks for bytes of a file of which nothing is known: what describes its content, and the answer,
    /// as of [`Objects::get`]. Where they come from two requests, they can be of two versions.
    fn get_first(&self, call: &Call, at: Place, range: Range<u64>) -> Result<(Described, Unread)>;

    /// The URL of an object, without a signature.
    fn object_url(&self, at: Place) -> String;
}

/// How content gets to its place.
pub trait Uploads {
    /// Stores all of it in one request.
    fn put(&self, call: &Call, upload: &Upload, progress: &Mark) -> Result<Reply>;

    /// Begins an upload in parts; or continues the one that is there, of the same content, if the
    /// settings say so. `anew` says that the one that is there is damaged: where there can be several,
    /// another one is begun.
    fn open(&self, call: &Call, upload: &Upload, anew: bool) -> Result<Opened>;

    /// Sends the part with this number, from 0.
    fn put_part(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        index: u64,
        progress: &Mark,
    ) -> Result<PartDone>;

    /// Makes a file of the parts, which the server calls as `tags` says.
    fn finish(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        tags: &BTreeMap<u64, PartTag>,
    ) -> Result<Reply>;

    /// Ends a session, as far as that touches nothing else.
    fn abort(&self, call: &Call, upload: &Upload, session: &Session, why: Abort);

    /// The reply for our content, if that is what stands at its place, complete.
    fn find_stored(&self, call: &Call, upload: &Upload) -> Result<Option<Reply>>;

    /// The reply to an upload that is known to be there.
    fn stored(&self, at: Place, shown: Option<&ObjectInfo>) -> Reply;
}

/// Where a client's options say that the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Which API is spoken.
    pub api: Api,
    /// Its region, as the program calls it.
    pub region: Option<String>,
    /// `host[:port]` in place of the region's; checked.
    pub hostname: Option<String>,
    /// The same for downloads.
    pub download_hostname: Option<String>,
    /// `http` or `https`.
    pub scheme: &'static str,
}

/// The APIs of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// The JSON API v4.
    V4,
    /// The XML API v5.
    V5,
}

/// What a service accepts.
#[derive(Debug)]
pub struct Limits {
    /// Which paths.
    pub paths: path::Rules,
    /// The sizes of parts that can be asked for, in bytes.
    pub part_sizes: PartSizes,
    /// The part size that is used unless another is asked for.
    pub part_size: u64,
    /// From how many bytes on content is sent in parts, unless another number is asked for.
    pub threshold: u64,
    /// The largest content of one request, in bytes.
    pub largest_whole: u64,
    /// The largest page of a list that can be asked for, in entries.
    pub largest_page: u64,
    /// The largest page that every server accepts.
    pub page: u64,
    /// How many files one call of `delete_many` takes.
    pub deleted_at_once: usize,
    /// Whether a list can have all that is below a folder, in the order of the names.
    pub lists_go_deep: bool,
    /// Whether lists state the sums of what is in them, as far as there are any.
    pub lists_have_sums: bool,
    /// Whether the size of a content, and its sum if it is to be verified, have to be known before its
    /// parts are sent.
    pub parts_are_announced: bool,
    /// Whether a request for a content carries attributes, such as the class of an upload or a limit of
    /// traffic; else those that there are get set after the upload.
    pub has_attributes: bool,
    /// Computes the sum that the service states of contents.
    pub hasher: fn() -> Hasher,
}

/// Which sizes of parts a service accepts, in bytes.
#[derive(Debug)]
pub enum PartSizes {
    /// These.
    Of(&'static [u64]),
    /// All between these two.
    Between(u64, u64),
}

/// What is asked for of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Everything the service knows, even if that takes more than one request.
    All,
    /// What describes its content.
    OfContent,
}

/// What the service knows of a file's content.
#[derive(Debug)]
pub struct Described {
    /// How large it is, in bytes.
    pub size: u64,
    /// The rest.
    pub shown: ObjectInfo,
}

/// A file, a folder (its path ends with `/`), or the paths that begin with this one.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// The path in it.
    pub path: &'a CosPath,
}

/// From where to where a file is copied or moved.
#[derive(Debug, Clone, Copy)]
pub struct Relocation<'a> {
    /// The file.
    pub from: Place<'a>,
    /// Its new place.
    pub to: Place<'a>,
    /// Whether a file that is there is replaced.
    pub overwrite: bool,
    /// The region of `from`, if it is not the client's.
    pub source_region: Option<&'a str>,
}

/// When a request that failed may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Doing it twice is doing it once.
    Always,
    /// Only when the server can't have seen it.
    IfUnsent,
}

/// New attributes; those that are `None` stay.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The program's own text.
    pub biz_attr: Option<String>,
    /// Who may read and write.
    pub authority: Option<Authority>,
    /// What a file's readers and writers are kept from; a number of the service.
    pub forbid: Option<u8>,
    /// All headers that downloads get, in place of those that were there.
    pub headers: Option<Vec<(String, String)>>,
    /// All tags, as in a query.
    pub tagging: Option<String>,
}

/// Who may read and write a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// As the bucket says.
    OfBucket,
    /// The owner.
    Private,
    /// The owner; everybody may read.
    PublicRead,
}

/// Which page of a list.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery<'a> {
    /// What is listed.
    pub below: Below,
    /// Entries at the most; `None` for as many as the server gives.
    pub num: Option<u64>,
    /// Where it begins: what the page before says, or empty.
    pub context: &'a str,
    /// In its place, where lists go deep: behind which name, even one that nothing has.
    pub behind: Option<&'a str>,
    /// What ends a name that stands for all that begin with it.
    pub delimiter: Option<&'a str>,
}

impl PageQuery<'_> {
    /// The first page.
    pub fn new(below: Below) -> PageQuery<'static> {
        PageQuery { below, num: None, context: "", behind: None, delimiter: None }
    }
}

/// How much of what is below a folder is listed. Only some services have more than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// The files and folders in it.
    Folder,
    /// All files, by their paths from it.
    Files,
    /// The same with the folders that are stored like files.
    Everything,
}

/// A request that a program has composed.
#[derive(Debug)]
pub struct Composed<'a> {
    /// The bucket; `None` for what is not about one.
    pub bucket: Option<&'a Bucket>,
    /// The path in it; `/` for the bucket itself.
    pub path: &'a CosPath,
    /// The method, parameters and headers.
    pub head: &'a RequestHead,
    /// What it carries.
    pub body: &'a [u8],
}

/// What a program composes of a request, besides its place and body.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// `GET`, `PUT` and so on.
    pub method: &'static str,
    /// Parameters of the query, decoded.
    pub params: Vec<(String, String)>,
    /// Headers.
    pub headers: Vec<(String, String)>,
}

/// What a signature allows. Times are UNIX seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant<'a> {
    /// Any number of uploads, stats, lists and creations.
    More {
        /// The end.
        until: u64,
    },
    /// One delete, update or move.
    Once,
    /// Downloads.
    Download {
        /// The end.
        until: u64,
    },
    /// Any number of requests of one kind, by a URL.
    Url {
        /// Which kind.
        head: &'a RequestHead,
        /// The end.
        until: u64,
    },
}

/// The options of an upload.
#[derive(Debug, Clone)]
pub struct UploadSettings {
    /// Not to replace a file.
    pub insert_only: bool,
    /// The attribute stored with the file.
    pub biz_attr: String,
    /// Bytes a part, unless the server wants another size.
    pub part_size: u64,
    /// Bytes from which a file is sent in parts.
    pub threshold: u64,
    /// Parts under way at a time.
    pub concurrency: usize,
    /// Whether to announce digests.
    pub verify: bool,
    /// Whether to continue an unfinished upload.
    pub resume: bool,
    /// Whether to send the MD5 of what a request carries.
    pub md5: bool,
    /// The most that the service may take in, in bits a second.
    pub traffic_limit: Option<u64>,
    /// What else is stored with the file.
    pub attributes: Attributes,
}

/// What is stored with a file besides its `biz_attr`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Who may read and write.
    pub authority: Option<Authority>,
    /// Headers that downloads get.
    pub headers: Vec<(String, String)>,
    /// The storage class.
    pub storage_class: Option<String>,
    /// Tags, written like the query of a URL.
    pub tagging: Option<String>,
}

impl Attributes {
    /// The same as changes of a file that is there; what can't be changed is left out.
    pub fn changes(&self) -> Changes {
        let headers = (!self.headers.is_empty()).then(|| self.headers.clone());
        let (authority, tagging) = (self.authority, self.tagging.clone());
        Changes { authority, headers, tagging, ..Changes::default() }
    }
}

/// Content and its place.
pub struct Upload<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// Where the file is to be.
    pub path: &'a FilePath,
    /// What it is to contain.
    pub source: &'a Source<'a>,
    /// Where progress is counted.
    pub transfer: &'a Transfer,
    /// The options.
    pub settings: UploadSettings,
    digests: Arc<Digests>,
    /// Whether what is stored with the content may be that of another call.
    attributes_may_differ: bool,
}

/// What is known of a content, because somebody has asked for it.
#[derive(Default)]
struct Digests {
    sha1: OnceCell<String>,
    crc64: OnceCell<u64>,
    states: OnceCell<States>,
}

impl<'a> Upload<'a> {
    /// An upload of which nothing is known yet.
    pub fn new(
        bucket: &'a Bucket,
        path: &'a FilePath,
        source: &'a Source<'a>,
        transfer: &'a Transfer,
        settings: UploadSettings,
    ) -> Upload<'a> {
        let digests = Arc::default();
        let attributes_may_differ = false;
        Upload { bucket, path, source, transfer, settings, digests, attributes_may_differ }
    }

    /// The same content to another path.
    pub fn to(&self, path: &'a FilePath, settings: UploadSettings) -> Upload<'a> {
        Upload { path, settings, digests: Arc::clone(&self.digests), ..*self }
    }

    /// The same in a session that another call may have begun, with attributes of its own.
    pub fn begun_by_another(&self) -> Upload<'a> {
        let settings = self.settings.clone();
        Upload { attributes_may_differ: true, ..self.to(self.path, settings) }
    }

    /// Whether what is stored with the content may be that of another call.
    pub fn attributes_may_differ(&self) -> bool {
        self.attributes_may_differ
    }

    /// Its place.
    pub fn at(&self) -> Place<'_> {
        Place { bucket: self.bucket, path: self.path }
    }

    /// The SHA-1 of the content, which is read when this is first asked for.
    pub fn sha1(&self, stop: &Stop) -> Result<&str> {
        match self.digests.states.get() {
            Some(states) => Ok(states.sha1()),
            None => {
                let read = || hash::sha1(self.source, stop);
                self.digests.sha1.get_or_try_init(read).map(String::as_str)
            }
        }
    }

    /// The CRC-64 of the content, which is read when this is first asked for, unless it is known.
    pub fn crc64(&self, stop: &Stop) -> Result<u64> {
        self.digests.crc64.get_or_try_init(|| hash::crc64(self.source, stop)).copied()
    }

    /// Notes a sum of the content, which all of it has been read for.
    pub fn note(&self, sum: Sum) {
        match sum {
            Sum::Sha1(sha) => drop(self.digests.sha1.set(sha)),
            Sum::Crc64(crc) => drop(self.digests.crc64.set(crc)),
        }
    }

    /// The sums of the content that are known, by their names in replies.
    pub fn known_sums(&self) -> impl Iterator<Item = (&'static str, String)> {
        let states = self.digests.states.get().map(|states| states.sha1().to_owned());
        let sha1 = states.or_else(|| self.digests.sha1.get().cloned());
        let crc64 = self.digests.crc64.get().map(u64::to_string);
        [("sha1", sha1), ("crc64", crc64)].into_iter().filter_map(|(name, sum)| Some((name, sum?)))
    }

    /// The SHA-1 of the content and its states after every `step` bytes, of which all calls must
    /// ask for the same. The content is read when this is first asked for.
    pub fn states(&self, step: u64, stop: &Stop) -> Result<&States> {
        self.digests.states.get_or_try_init(|| States::of(self.source, step, stop))
    }

    /// Whether an object is this content with this attribute, as far as `shown` tells; all but its
    /// digest.
    pub fn may_be(&self, shown: &ObjectInfo) -> bool {
        let size = Some(self.source.size());
        shown.size == size
            && shown.stored.is_none_or(|stored| Some(stored) == size)
            && (self.attributes_may_differ
                || shown.biz_attr.as_ref().is_none_or(|attr| *attr == self.settings.biz_attr))
    }
}

/// What opening an upload in parts led to.
pub enum Opened {
    /// Parts are to be sent.
    Session(Session),
    /// The server has the content already, or our upload turned out to be complete.
    Complete {
        /// The reply.
        reply: Reply,
        /// Whether the server had it before.
        instant: bool,
    },
}

/// An open upload on the server.
#[derive(Debug)]
pub struct Session {
    /// What the server calls it.
    pub id: String,
    /// Bytes a part.
    pub part_size: u64,
    /// Whether the server wants one part at a time.
    pub is_serial: bool,
    /// The parts that the server has already, from 0.
    pub stored: HashSet<u64>,
    /// What it calls them, if it does.
    pub tags: BTreeMap<u64, PartTag>,
    /// What is known of it if another call has opened it.
    pub resumed: Option<Resumed>,
}

/// What a server calls a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartTag {
    /// The name.
    pub name: String,
    /// The CRC-64 of the part's bytes, if it was computed.
    pub crc64: Option<u64>,
}

/// Why a session is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// Its content has changed, was damaged or can't be read again: nobody can continue it.
    Useless,
    /// Nobody is going to continue it.
    Abandoned,
}

/// An upload that was begun by another call, perhaps with other options.
#[derive(Debug)]
pub struct Resumed {
    /// The digest of its content, if the server tells.
    pub digest: Option<String>,
    /// Whether it was begun with the `biz_attr` of this call.
    pub has_our_biz_attr: bool,
}

/// What is known when a part has arrived.
#[derive(Debug)]
pub struct PartDone {
    /// What the server calls the part, if it does.
    pub tag: Option<PartTag>,
    /// Whether the server wants one part at a time from here on.
    pub is_serial: bool,
    /// The reply to the upload, where the server completes it with its last part.
    pub complete: Option<Reply>,
}
