//! Files and folders that are there. A folder is an object whose key ends with `/`, or what the keys
//! of other objects begin with.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::parts::was_there_before;
use super::reply::{Answer, bare_etag};
use super::request::Order;
use super::{V5, site, xml};
use crate::call::{Call, Unread, parse_http_date, parse_iso_date};
use crate::content::hash;
use crate::content::source::Source;
use crate::path::{Bucket, CosPath, encode_to};
use crate::protocol::contract::{
    Ask, Authority, Below, Changes, Described, Objects, PageQuery, Place, Relocation, Retry,
};
use crate::reply::object::ObjectInfo;
use crate::reply::write::{Object, last_of_each};
use crate::reply::{Code, Failure, Phase, Reply, Result};

/// The header that has `biz_attr`, the program's own text.
pub(super) const BIZ_ATTR: &str = "x-cos-meta-biz-attr";
/// What the names of the headers of metadata begin with.
pub(super) const META: &str = "x-cos-meta-";
/// The headers that are stored with an object, as they are spelled in replies and in answers.
const STORED: [(&str, &str); 5] = [
    ("Cache-Control", "cache-control"),
    ("Content-Type", "content-type"),
    ("Content-Disposition", "content-disposition"),
    ("Content-Language", "content-language"),
    ("Content-Encoding", "content-encoding"),
];
/// The end of the URI that stands for everybody in an access control list.
const EVERYBODY: &str = "/groups/global/AllUsers";
/// Up to this size, computing an MD5 takes less time than a request, in bytes.
const SMALL: u64 = 8 * 1024 * 1024;
/// Entries a page of a list, at the most.
const FULL_PAGE: u64 = 1000;

impl Objects for V5 {
    fn stat(&self, call: &Call, at: Place, ask: Ask) -> Result<Reply> {
        let is_folder = at.path.as_str().ends_with('/');
        let answer = match self.head(call, at) {
            Ok(answer) => answer,
            Err(failure) if is_folder && failure.is(Code::COS_ERR_NOT_FOUND) => {
                let answer = self.keys_below(call, at, 1)?;
                if answer.xml().child("Contents").is_none() {
                    return Err(not_found());
                }
                return answer.success(Object::new().with("biz_attr", ""));
            }
            Err(failure) => return Err(self.explained(call, at, failure)),
        };
        let mut data = self.described(at, &answer);
        if ask == Ask::All && !is_folder {
            match self.acl(call, at) {
                Ok(acl) => data.add("authority", acl.in_reply()),
                // Who may read an object need not be allowed to know who else may.
                Err(failure) if failure.phase() == Phase::Server && !failure.is_retryable() => {}
                Err(failure) => return Err(failure),
            }
        }
        answer.success(data)
    }

    fn update(&self, call: &Call, at: Place, changes: &Changes, _: Retry) -> Result<Reply> {
        if changes.forbid.is_some() {
            let problem = "is for the JSON API: the XML API has nothing like it";
            return Err(Failure::argument("forbid", problem));
        }
        let acl = changes.authority.map(acl_name);
        let reply = if changes.biz_attr.is_some() || changes.headers.is_some() {
            self.rewrite(call, at, changes, acl)?
        } else if let Some(acl) = acl {
            let order = Order::new("acl", "PUT", at).param("acl", "").header("x-cos-acl", acl);
            self.run(call, &order)?.success(())?
        } else {
            Reply::done()
        };
        if let Some(tags) = &changes.tagging {
            self.set_tags(call, at, tags)?;
        }
        Ok(reply)
    }

    fn delete(&self, call: &Call, at: Place, retry: Retry) -> Result<Reply> {
        if at.path.as_str().ends_with('/') {
            let answer = self.keys_below(call, at, 2)?;
            let key = key_of(at);
            let mut entries = answer.xml().all("Contents").map(Entry::of).peekable();
            if entries.peek().is_none() {
                return Err(not_found());
            }
            // Other clients can store content under the folder's own key.
            if entries
                .any(|entry| entry.has_content() || decoded(entry.key).as_deref() != Some(key))
            {
                let message = "the folder is not empty";
                return Err(Failure::found(Code::COS_ERR_FOLDER_NOT_EMPTY, message));
            }
        } else if retry == Retry::IfUnsent {
            // The service does not say whether there was anything to delete. For `Always` that does
            // not matter: whoever deletes a tree wants it to be gone.
            let shown = self.head(call, at).map_err(|failure| self.explained(call, at, failure));
            match shown {
                // Where there is no file, an unfinished upload can be deleted.
                Err(failure)
                    if failure.is(Code::COS_ERR_NOT_FOUND) && self.abort_all(call, at) > 0 =>
                {
                    return Ok(Reply::done());
                }
                shown => drop(shown?),
            }
        }
        let answer = self.run(call, &Order::new("delete", "DELETE", at))?;
        if retry == Retry::IfUnsent && !at.path.as_str().ends_with('/') {
            self.abort_all(call, at);
        }
        answer.success(())
    }

    fn delete_many(
        &self,
        call: &Call,
        bucket: &Bucket,
        paths: &[&CosPath],
    ) -> Result<Vec<(usize, Box<Failure>)>> {
        // XML can't hold these two, not even escaped.
        if paths.iter().any(|path| path.as_str().contains(['\u{fffe}', '\u{ffff}'])) {
            return Ok(self.delete_one_by_one(call, bucket, paths));
        }
        let keys: Vec<_> = paths.iter().map(|path| key_of(Place { bucket, path })).collect();
        let mut text = String::from("<Delete><Quiet>true</Quiet>");
        for key in &keys {
            text.push_str(&format!("<Object><Key>{}</Key></Object>", xml::escape(key)));
        }
        text.push_str("</Delete>");
        let order = Order::of_bucket("delete_files", "POST", bucket, "/").param("delete", "");
        let answer = match self.run(call, &order.xml(text).expecting("DeleteResult")) {
            // Who may delete a file need not be allowed to delete many at once.
            Err(failure) if failure.is(Code::COS_ERR_ACCESS_DENIED) => {
                return Ok(self.delete_one_by_one(call, bucket, paths));
            }
            answer => answer?,
        };
        let mut failures = Vec::new();
        for error in answer.xml().all("Error") {
            let refused = error.text_of("Key").trim();
            // Blanks at the ends of a text are lost: none of the names that it can be counts as deleted.
            let known = failures.len();
            for (number, key) in keys.iter().enumerate() {
                if key.trim() == refused {
                    failures.push((number, answer.refusal_of(error)));
                }
            }
            if failures.len() == known {
                return Err(answer.unexpected("it refuses a key that was not sent"));
            }
        }
        Ok(failures)
    }

    fn copy(&self, call: &Call, relocation: &Relocation) -> Result<Reply> {
        let source = self.at_source(relocation)?;
        self.copied(call, &source, relocation).map(|(reply, _)| reply)
    }

    fn rename(&self, call: &Call, relocation: &Relocation, _: Retry) -> Result<Reply> {
        let (at, source) = (relocation.from, self.at_source(relocation)?);
        let (reply, etag) = self.copied(call, &source, relocation)?;
        let are_both = |failure: Box<Failure>| {
            let is = if failure.may_have_taken_effect() { "may still be" } else { "still" };
            failure
                .prefixed(format!("the file is at its new path, and {is} at the old one as well"))
        };
        // Nothing else guards what has been put there meanwhile, also before a deletion is repeated.
        let delete = |call: &Call| match source.look(call, at)? {
            None => Ok(()),
            Some(found) if found.etag() != Some(&etag) => {
                Err(Failure::integrity("the file was replaced while it was moved"))
            }
            Some(_) => source.run(call, &Order::new("delete", "DELETE", at)).map(|_| ()),
        };
        call.attempts(|_| true, delete).map_err(are_both)?;
        Ok(reply)
    }

    fn create_folder(&self, call: &Call, at: Place, biz_attr: &str) -> Result<Reply> {
        let order = Order::new("create", "PUT", at)
            .header("content-type", "application/x-directory")
            .header("x-cos-forbid-overwrite", true);
        let order = with_biz_attr(order, biz_attr, 0)?;
        let mut may_be_ours = false;
        let answer = call.attempts(
            |_| true,
            |call| {
                let result = self.run(call, &order);
                result.inspect_err(|failure| may_be_ours |= failure.may_have_taken_effect())
            },
        );
        match answer {
            Ok(answer) => answer.success(Object::new().with("ctime", answer.told.date)),
            Err(failure) if failure.is(Code::COS_ERR_FILE_EXISTS) => {
                if may_be_ours
                    && let Some(found) = self.look(call, at)?
                    && !was_there_before(call, &found)
                    && found.header(BIZ_ATTR).map(decoded_meta).unwrap_or_default() == biz_attr
                {
                    return Ok(Reply::compose(Object::new().with("ctime", call.now())));
                }
                let message = "a folder of this name exists";
                Err(Failure::found(Code::COS_ERR_FOLDER_EXISTS, message))
            }
            Err(failure) => Err(failure),
        }
    }

    fn list(&self, call: &Call, at: Place, page: &PageQuery) -> Result<Reply> {
        let prefix = key_of(at);
        let mut order = Order::of_bucket("list", "GET", at.bucket, "/")
            .param("prefix", prefix)
            .param("max-keys", page.num.unwrap_or(FULL_PAGE))
            .param("encoding-type", "url")
            .expecting("ListBucketResult");
        if page.below == Below::Folder {
            let delimiter = page.delimiter.filter(|text| !text.is_empty()).unwrap_or("/");
            order = order.param("delimiter", delimiter);
        }
        let behind = page.behind.map(|name| format!("{prefix}{name}"));
        let marker = behind.as_deref().unwrap_or(page.context);
        if !marker.is_empty() {
            order = order.param("marker", marker);
        }
        let answer = self.run(call, &order)?;
        let folder = &prefix[..prefix.rfind('/').map_or(0, |end| end + 1)];
        let unreadable = || answer.unexpected("it has a key that is not encoded as was asked for");
        let xml = answer.xml();
        let is_over = xml.text_of("IsTruncated") != "true";
        let context = if is_over {
            String::new()
        } else {
            let next = decoded(xml.text_of("NextMarker")).filter(|next| !next.is_empty());
            let is_early = |next: &str| last_key(xml).is_none_or(|last| *next < *last);
            if page.behind.is_some() && next.as_deref().is_some_and(is_early) {
                return Err(answer.unexpected("the next page begins before the end of this one"));
            }
            next.or_else(|| last_key(xml)).ok_or_else(unreadable)?.into_owned()
        };
        // Two URLs of each are about as long as what stands around the values in XML.
        let mut json = answer.begun(xml.len_of_document() * 3 / 2);
        json.open("data");
        json.add("context", context);
        json.add("listover", is_over);
        json.open_array("infos");
        let mut is_nothing = marker.is_empty() && is_over;
        let mut own_size = None;
        for entry in xml.all("CommonPrefixes") {
            let key = decoded(entry.text_of("Prefix")).ok_or_else(unreadable)?;
            let name = key.strip_prefix(folder).ok_or_else(unreadable)?;
            json.open_element();
            json.add("name", name);
            json.close();
            is_nothing = false;
        }
        let download = self.bucket_url(at, &self.domains.download);
        let control = self.bucket_url(at, &self.domains.control);
        for entry in xml.all("Contents") {
            let entry = Entry::of(entry);
            let key = decoded(entry.key).ok_or_else(unreadable)?;
            is_nothing = false;
            let is_folder = key.ends_with('/');
            if is_folder && key == prefix {
                own_size = entry.size.filter(|_| entry.has_content());
                continue;
            }
            let name = key.strip_prefix(folder).ok_or_else(unreadable)?;
            if !(page.below == Below::Files && is_folder) {
                entry.describe(&mut json, &key, name, [&download, &control]);
            }
        }
        if is_nothing && prefix.ends_with('/') {
            return Err(not_found());
        }
        json.close_array();
        if let Some(size) = own_size {
            json.add("filesize", size);
        }
        json.close();
        answer.composed(json)
    }

    /// Unfinished uploads are in no list.
    fn is_complete(&self, _: &Call, _: Place, _: &ObjectInfo) -> Result<bool> {
        Ok(true)
    }

    fn has_content(
        &self,
        call: &Call,
        at: Place,
        shown: &ObjectInfo,
        source: &Source,
    ) -> Result<bool> {
        let mut theirs = shown.crc64;
        if theirs.is_none() {
            let is_small = source.size() <= SMALL;
            if let Some(etag) = shown.etag.as_ref().filter(|etag| is_small && is_md5(etag)) {
                let (md5, crc) = hash::md5_and_crc64(source, 0, source.size(), &call.stop)?;
                if md5 == *etag {
                    return Ok(true);
                }
                // The ETag of an encrypted object is not its MD5: the CRC-64 decides.
                let found = self.look(call, at)?;
                return Ok(found.and_then(|found| found.crc64()) == Some(crc));
            }
            theirs = self.look(call, at)?.and_then(|found| found.crc64());
        }
        match theirs {
            Some(theirs) => Ok(theirs == hash::crc64(source, &call.stop)?),
            None => Ok(false),
        }
    }

    fn get(
        &self,
        call: &Call,
        at: Place,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Unread> {
        let mut order = Order::new("download", "GET", at);
        let mut statuses = vec![200, 206];
        if let Some(range) = &range {
            let last = range.end.saturating_sub(1);
            order = order.header("range", format!("bytes={}-{last}", range.start));
            statuses.push(416);
        }
        if let Some(etag) = etag {
            order = order.header("if-match", format!("\"{etag}\""));
        }
        if let Some(limit) = call.traffic_limit() {
            order = order.header("x-cos-traffic-limit", limit);
        }
        self.fetch(call, &order, &statuses).map_err(|failure| {
            if failure.http_status() == Some(412) {
                return Failure::integrity("the object changed while it was downloaded");
            }
            failure
        })
    }

    /// What brings content describes it as well, unless something on the way keeps that back.
    fn get_first(&self, call: &Call, at: Place, range: Range<u64>) -> Result<(Described, Unread)> {
        let get = |call: &Call| {
            call.attempts(|_| true, |call| self.get(call, at, Some(range.clone()), None))
        };
        // What another host has need not be the newest.
        if self.domains.download != self.domains.control {
            return call.both(|| self.describe(call, at), get);
        }
        let answer = get(call)?;
        let described = match described_by(&answer) {
            Some(described) => described,
            None => self.describe(call, at)?,
        };
        Ok((described, answer))
    }

    /// `scheme://bucket-appid.host/path`.
    fn object_url(&self, at: Place) -> String {
        self.bucket_url(at, &self.domains.download) + at.path.encoded()
    }
}

/// Who may read an object, as far as that has a name.
pub(super) struct Acl(pub Option<String>);

impl Acl {
    /// Whether only the owner may.
    pub fn is_private(&self) -> bool {
        matches!(self.0.as_deref(), None | Some("private"))
    }

    fn in_reply(&self) -> &'static str {
        match self.0.as_deref() {
            Some("default") => "eInvalid",
            Some("public-read" | "public-read-write") => "eWPrivateRPublic",
            _ => "eWRPrivate",
        }
    }
}

pub(super) fn acl_name(authority: Authority) -> &'static str {
    match authority {
        Authority::OfBucket => "default",
        Authority::Private => "private",
        Authority::PublicRead => "public-read",
    }
}

impl V5 {
    /// What the service knows of an object, or of the bucket at `/`.
    pub(super) fn head(&self, call: &Call, at: Place) -> Result<Answer> {
        self.run(call, &Order::new("stat", "HEAD", at))
    }

    /// The same, if there is an object.
    pub(super) fn look(&self, call: &Call, at: Place) -> Result<Option<Answer>> {
        match self.head(call, at) {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The failure; if it has no word, as that of `HEAD`, which has no body, the one with a word that
    /// another request for the same gets.
    pub(super) fn explained(&self, call: &Call, at: Place, failure: Box<Failure>) -> Box<Failure> {
        let is_wordless = failure.is_from_server() && failure.server_code().is_none();
        if !is_wordless || failure.is_retryable() || call.stop.is_set() {
            return failure;
        }
        let asked = if at.path.as_str() == "/" {
            let list = Order::of_bucket("list", "GET", at.bucket, "/").param("max-keys", 1);
            self.run(call, &list.expecting("ListBucketResult")).map(|_| ())
        } else {
            let order = Order::new("stat", "GET", at).header("range", "bytes=0-0");
            // Only a refusal counts; content is left unread.
            let asked = call.attempts(|_| true, |call| self.fetch(call, &order, &[200, 206]));
            asked.map(|_| ())
        };
        match asked {
            Err(said) if said.server_code().is_some() => said,
            _ => failure,
        }
    }

    /// Sets the tags of a file, which are given as in a query.
    fn set_tags(&self, call: &Call, at: Place, tags: &str) -> Result<()> {
        let mut text = String::from("<Tagging><TagSet>");
        for tag in tags.split('&') {
            let (name, value) = tag.split_once('=').unwrap_or((tag, ""));
            let plain = |text: &str| xml::escape(&decoded(text).unwrap_or_default());
            let (name, value) = (plain(name), plain(value));
            text.push_str(&format!("<Tag><Key>{name}</Key><Value>{value}</Value></Tag>"));
        }
        text.push_str("</TagSet></Tagging>");
        let order = Order::new("tagging", "PUT", at).param("tagging", "").xml(text);
        self.run(call, &order).map(|_| ())
    }

    /// At most `most` of the keys that begin with a folder's.
    fn keys_below(&self, call: &Call, at: Place, most: u64) -> Result<Answer> {
        let order = Order::of_bucket("list", "GET", at.bucket, "/")
            .param("prefix", key_of(at))
            .param("max-keys", most)
            .param("encoding-type", "url");
        self.run(call, &order.expecting("ListBucketResult"))
    }

    /// Who may read an object.
    pub(super) fn acl(&self, call: &Call, at: Place) -> Result<Acl> {
        let order = Order::new("acl", "GET", at).param("acl", "");
        self.acl_in(call, &order.expecting("AccessControlPolicy"))
    }

    /// The same, of what `order` asks for the ACL of.
    pub(super) fn acl_in(&self, call: &Call, order: &Order) -> Result<Acl> {
        let answer = self.run(call, order)?;
        if let Some(name) = answer.header("x-cos-acl") {
            return Ok(Acl(Some(name.to_owned())));
        }
        let grants = answer.xml().child("AccessControlList");
        let mut grants = grants.into_iter().flat_map(|list| list.all("Grant"));
        let is_public = grants.any(|grant| {
            let who = grant.child("Grantee").map_or("", |grantee| grantee.text_of("URI"));
            let what = grant.text_of("Permission");
            who.ends_with(EVERYBODY) && (what == "READ" || what == "FULL_CONTROL")
        });
        Ok(Acl(is_public.then(|| "public-read".to_owned())))
    }

    /// `data` of the reply to `stat`.
    pub(super) fn described(&self, at: Place, answer: &Answer) -> Object {
        let mtime = answer.header("last-modified").and_then(parse_http_date);
        let biz_attr = answer.header(BIZ_ATTR).map(decoded_meta).unwrap_or_default();
        if at.path.as_str().ends_with('/') {
            let data = Object::new().with("biz_attr", biz_attr);
            return if mtime.is_some() {
                data.with("ctime", mtime).with("mtime", mtime)
            } else {
                data
            };
        }
        let size = answer.header("content-length").and_then(|len| len.trim().parse::<u64>().ok());
        let mut headers = Object::new();
        for (name, header) in STORED {
            if let Some(value) = answer.header(header) {
                headers.add(name, value);
            }
        }
        let meta = |(name, _): &&(String, String)| name.starts_with(META) && name != BIZ_ATTR;
        for (name, value) in last_of_each(&answer.headers).filter(meta) {
            headers.add(name, decoded_meta(value));
        }
        let mut data = Object::with_room(1024)
            .with("filesize", size)
            .with("filelen", size)
            .with("ctime", mtime)
            .with("mtime", mtime)
            .with("biz_attr", biz_attr)
            .with("custom_headers", headers)
            .with("access_url", self.object_url(at))
            .with("source_url", self.source_url(at));
        add_content(&mut data, answer);
        if let Some(restore) = answer.header("x-cos-restore") {
            // ongoing-request="false", expiry-date="Sat, 28 Nov 2026 03:16:06 GMT"
            match restore.split('"').nth(3).and_then(parse_http_date) {
                Some(until) => data.add("restored_until", until),
                None => data.add("restoring", true),
            }
        }
        let is_sha = |sha: &&str| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(sha) = answer.header("x-cos-meta-sha1").filter(is_sha) {
            data.add("sha", sha);
        }
        data.with("storage_class", answer.header("x-cos-storage-class").unwrap_or("STANDARD"))
    }

    /// What the URLs of all objects in the bucket begin with.
    fn bucket_url(&self, at: Place, domain: &str) -> String {
        [self.domains.scheme, "://", &self.host(at.bucket, domain)].concat()
    }

    fn source_url(&self, at: Place) -> String {
        self.bucket_url(at, &self.domains.control) + at.path.encoded()
    }

    /// `data` of the reply to an upload.
    pub(super) fn placed(&self, at: Place) -> Object {
        let (appid, bucket) = (self.account.appid(), site::short_name(&self.account, at.bucket));
        let source_url = self.source_url(at);
        Object::with_room(1024)
            .with("access_url", self.object_url(at))
            .with("resource_path", format!("/{appid}/{bucket}{}", at.path.as_str()))
            .with("source_url", &source_url)
            .with("url", &source_url)
    }
}

/// A file in a list, as the service tells of it.
#[derive(Default)]
struct Entry<'a> {
    key: &'a str,
    size: Option<u64>,
    mtime: Option<u64>,
    etag: &'a str,
    storage_class: &'a str,
}

impl<'a> Entry<'a> {
    fn of(entry: xml::Element<'a>) -> Entry<'a> {
        let mut found = Entry::default();
        for field in entry.children() {
            match field.name() {
                "Key" => found.key = field.text(),
                "Size" => found.size = field.text().parse().ok(),
                "LastModified" => found.mtime = parse_iso_date(field.text()),
                "ETag" => found.etag = bare_etag(field.text()),
                "StorageClass" => found.storage_class = field.text(),
                _ => {}
            }
        }
        found
    }

    fn has_content(&self) -> bool {
        self.size.is_some_and(|size| size > 0)
    }

    /// Adds it to a list; `urls` are what those of the bucket begin with.
    fn describe(&self, json: &mut Object, key: &str, name: &str, urls: [&str; 2]) {
        json.open_element();
        json.add("name", name);
        json.add("filesize", self.size);
        json.add("filelen", self.size);
        json.add("ctime", self.mtime);
        json.add("mtime", self.mtime);
        json.add("etag", self.etag);
        json.add("storage_class", self.storage_class);
        let mut path = String::with_capacity(2 * key.len());
        path.push('/');
        encode_to(&mut path, key);
        for (field, url) in ["access_url", "source_url"].iter().zip(urls) {
            json.add(field, [url, &path].concat());
        }
        json.close();
    }
}

/// The last key of a list; `None` if one can't be read.
fn last_key(xml: xml::Element<'_>) -> Option<Cow<'_, str>> {
    let prefixes = xml.all("CommonPrefixes").map(|entry| entry.text_of("Prefix"));
    let keys = prefixes.chain(xml.all("Contents").map(|entry| entry.text_of("Key")));
    keys.map(decoded).try_fold(Cow::Borrowed(""), |last, key| Some(key?.max(last)))
}

/// Adds ETag, CRC-64 and version, as far as the answer has them.
pub(super) fn add_content(data: &mut Object, answer: &Answer) {
    // Where a body tells the ETag, that of a header is that of the body.
    if let Some(etag) = answer.etag_in_body().or(answer.etag()) {
        data.add("etag", etag);
    }
    // As a text: many readers of JSON lose digits of numbers above 2^53.
    if let Some(crc) = answer.crc64() {
        data.add("crc64", crc.to_string());
    }
    if let Some(version) = answer.header("x-cos-version-id") {
        data.add("version_id", version);
    }
}

/// What the head of an answer with content tells of it, if that is as much as `HEAD` tells.
fn described_by(answer: &Unread) -> Option<Described> {
    let header = |name| answer.header(name).filter(|_| !answer.contradicts_itself(name));
    // Every answer of the service has it.
    header("x-cos-request-id")?;
    let size = match answer.status {
        200 => header("content-length")?,
        206 => header("content-range")?.rsplit('/').next()?,
        _ => return None,
    };
    let size = size.trim().parse().ok()?;
    let shown = ObjectInfo {
        size: Some(size),
        mtime: Some(parse_http_date(header("last-modified")?)?),
        etag: Some(bare_etag(header("etag")?).to_owned()),
        crc64: Some(header("x-cos-hash-crc64ecma")?.trim().parse().ok()?),
        ..ObjectInfo::default()
    };
    Some(Described { size, shown })
}

/// The key of an object, or what the keys in a folder begin with.
pub(super) fn key_of<'a>(at: Place<'a>) -> &'a str {
    let path = at.path.as_str();
    path.strip_prefix('/').unwrap_or(path)
}

/// Whether an ETag can be an MD5.
pub(super) fn is_md5(etag: &str) -> bool {
    etag.len() == 32 && etag.bytes().all(|b| b.is_ascii_hexdigit())
}

pub(super) fn not_found() -> Box<Failure> {
    Failure::found(Code::COS_ERR_NOT_FOUND, "there is no such file or folder")
}

/// Undoes percent-encoding; `None` for what can't be one.
pub(super) fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if memchr(b'%', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        let digit = |digit: u8| char::from(digit).to_digit(16);
        bytes.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
        rest = behind;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// The value of metadata, decoded if it can be: other programs may have stored it as it is.
fn decoded_meta(value: &str) -> String {
    decoded(value).map_or_else(|| value.to_owned(), Cow::into_owned)
}

/// The value of metadata as it travels: percent-encoded where it is not printable ASCII, or '%'.
pub(super) fn encoded_meta(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (i, byte) in value.bytes().enumerate() {
        // Blanks at the ends would be lost.
        let is_end = i == 0 || i + 1 == value.len();
        if byte != b'%' && (byte.is_ascii_graphic() || (byte == b' ' && !is_end)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The most bytes that the metadata of an object may have, names and values together.
const MOST_META: usize = 2048;

/// The request with `biz_attr`, if there is any; `others` is the size of its other metadata.
pub(super) fn with_biz_attr<'a>(
    order: Order<'a>,
    biz_attr: &str,
    others: usize,
) -> Result<Order<'a>> {
    if biz_attr.is_empty() {
        check_meta(others, META)?;
        return Ok(order);
    }
    let value = encoded_meta(biz_attr);
    check_meta(BIZ_ATTR.len() + value.len() + others, "biz_attr")?;
    Ok(order.header(BIZ_ATTR, value))
}

/// Refuses a header, in lower case, that has an option of its own.
pub(super) fn check_name(name: &str) -> Result<()> {
    if name == BIZ_ATTR {
        return Err(Failure::argument(BIZ_ATTR, "is the option biz_attr"));
    }
    Ok(())
}

/// Refuses more metadata than an object may have; `argument` is what there is too much of.
pub(super) fn check_meta(bytes: usize, argument: &str) -> Result<()> {
    if bytes <= MOST_META {
        return Ok(());
    }
    let problem = format!(
        "is too long: the metadata of an object may have {MOST_META} bytes, a character that is \
         not ASCII takes up to 12 of them"
    );
    Err(Failure::argument(argument, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_come_back_as_they_were() {
        for value in ["", "a b", " a ", "100%", "%41", "中文 +&", "a\"b", "\u{1F600}"] {
            let encoded = encoded_meta(value);
            assert!(encoded.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{encoded}");
            assert_eq!(encoded.trim(), encoded);
            assert_eq!(decoded_meta(&encoded), value);
        }
        assert_eq!(encoded_meta("li lei"), "li lei");
        assert_eq!(decoded_meta("li%20lei"), "li lei");
        for raw in ["100%", "%zz", "%e4", "%", "%4"] {
            assert_eq!(decoded_meta(raw), raw);
        }
    }

    #[test]
    fn keys_of_lists_are_decoded_once() {
        assert_eq!(decoded("a%2Bb+c%20%E4%B8%AD%2541").unwrap(), "a+b+c 中%41");
        for wrong in ["%", "%4", "%4g", "%ff"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }
}
