//! Copies: to another path, or onto itself, which is how attributes change.

use std::sync::Arc;

use super::objects::{
    Acl, BIZ_ATTR, META, check_meta, check_name, encoded_meta, not_found, with_biz_attr,
};
use super::reply::{Answer, bare_etag, is_unmet};
use super::request::Order;
use super::{LARGEST, MOST_PARTS, V5, content_types, site};
use crate::call::Call;
use crate::path::encode;
use crate::protocol::contract::{Ask, Changes, Objects, Place, Relocation};
use crate::reply::write::Object;
use crate::reply::{Code, Failure, Phase, Reply, Result};

/// How often a change of attributes is tried while others replace the object.
const MOST_ROUNDS: u32 = 3;
/// The smallest part of a copy, in bytes. Its content does not travel, so few large parts are best.
const COPIED_PART: u64 = 1024 * 1024 * 1024;

/// What helps if the bucket of what is to be copied is missing.
const ELSEWHERE: &str =
    "check the bucket's name; if it is in another region, give that as source_region";

/// The headers that are stored with an object and have to be given anew.
pub(super) const KEPT: [&str; 6] = [
    "cache-control",
    "content-type",
    "content-disposition",
    "content-language",
    "content-encoding",
    "expires",
];
/// Class and encryption: a copy has those of the request, whatever the original has.
const PROPERTIES: [&str; 3] = [
    "x-cos-storage-class",
    "x-cos-server-side-encryption",
    "x-cos-server-side-encryption-cos-kms-key-id",
];

/// An object that is to be copied.
struct Original {
    size: u64,
    etag: String,
    crc64: Option<u64>,
    /// The headers that are stored with it, as they travel.
    stored: Vec<(String, String)>,
    /// Its class and encryption.
    properties: Vec<(String, String)>,
    /// Where it is, as a copy names it: host and path.
    source: String,
}

impl Original {
    /// The object at `source` that an answer describes.
    fn of(answer: &Answer, source: String) -> Original {
        let some = |wanted: &dyn Fn(&str) -> bool| {
            answer.headers.iter().filter(|(name, _)| wanted(name)).cloned().collect()
        };
        Original {
            size: answer.header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0),
            etag: answer.etag().unwrap_or_default().to_owned(),
            crc64: answer.crc64(),
            stored: some(&|name| KEPT.contains(&name) || name.starts_with(META)),
            properties: some(&|name| PROPERTIES.contains(&name)),
            source,
        }
    }

    /// What is stored with it when `changes` have been made.
    fn changed(&self, changes: &Changes, name_of_file: &str) -> Result<Vec<(String, String)>> {
        let mut stored = self.stored.clone();
        if let Some(headers) = &changes.headers {
            // A program replaces all headers together; it can't set these two with `headers`.
            stored.retain(|(name, _)| name == BIZ_ATTR || name == "expires");
            for (name, value) in headers {
                let name = name.to_ascii_lowercase();
                check_name(&name)?;
                let value =
                    if name.starts_with(META) { encoded_meta(value) } else { value.clone() };
                stored.push((name, value));
            }
            if !stored.iter().any(|(name, _)| name == "content-type") {
                stored.push((
                    "content-type".to_owned(),
                    content_types::content_type(name_of_file).to_owned(),
                ));
            }
        }
        if let Some(biz_attr) = &changes.biz_attr {
            stored.retain(|(name, _)| name != BIZ_ATTR);
            if !biz_attr.is_empty() {
                stored.push((BIZ_ATTR.to_owned(), encoded_meta(biz_attr)));
            }
        }
        let meta = stored.iter().filter(|(name, _)| name.starts_with(META));
        let bytes = meta.map(|(name, value)| name.len() + value.len()).sum();
        check_meta(bytes, if changes.headers.is_some() { META } else { "biz_attr" })?;
        Ok(stored)
    }
}

impl V5 {
    /// Changes what is stored with an object: copies it onto itself.
    pub(super) fn rewrite(
        &self,
        call: &Call,
        at: Place,
        changes: &Changes,
        acl: Option<&'static str>,
    ) -> Result<Reply> {
        for round in 1.. {
            let head = match self.head(call, at) {
                Ok(head) => head,
                Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => {
                    return self.make_folder(call, at, changes, failure);
                }
                Err(failure) => return Err(self.explained(call, at, failure)),
            };
            let from = Original::of(&head, self.copy_source(at));
            let stored = from.changed(changes, at.path.name())?;
            let (acl, is_known) = match acl {
                Some(acl) => (Some(acl.to_owned()), true),
                None => self.acl_to_keep(call, at)?,
            };
            let acl = acl.filter(|acl| acl != "default");
            let more: Vec<_> = stored
                .into_iter()
                .chain(from.properties.iter().cloned())
                .chain(acl.map(|acl| ("x-cos-acl".to_owned(), acl)))
                .collect();
            match self.copy_content(call, at, at, &from, "Replaced", &more) {
                Err(failure) if is_unmet(&failure) && round < MOST_ROUNDS => {}
                Err(failure) => return Err(failure),
                Ok(answer) => {
                    let kept = Object::new().with("not_kept", ["authority"].as_slice());
                    return answer.success((!is_known).then_some(kept));
                }
            }
        }
        Err(not_found())
    }

    /// A folder that is only what keys begin with gets an object of its own.
    fn make_folder(
        &self,
        call: &Call,
        at: Place,
        changes: &Changes,
        failure: Box<Failure>,
    ) -> Result<Reply> {
        if !at.path.as_str().ends_with('/') {
            return Err(self.explained(call, at, failure));
        }
        self.stat(call, at, Ask::OfContent)?;
        let order =
            Order::new("create", "PUT", at).header("content-type", "application/x-directory");
        let biz_attr = changes.biz_attr.as_deref().unwrap_or_default();
        let answer = self.run(call, &with_biz_attr(order, biz_attr, 0)?)?;
        answer.success(())
    }

    /// The ACL that a copy has to be given so that the same people may read it as before; also,
    /// whether that is known.
    fn acl_to_keep(&self, call: &Call, at: Place) -> Result<(Option<String>, bool)> {
        match self.acl(call, at) {
            Ok(Acl(Some(acl))) => Ok((Some(acl), true)),
            // Private, or as the bucket: the answer does not tell. In a private bucket both are one.
            Ok(Acl(None)) => {
                Ok((self.bucket_is_public(call, at).then(|| "private".to_owned()), true))
            }
            Err(failure) if failure.phase() == Phase::Server && !failure.is_retryable() => {
                Ok((None, false))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether everybody may read what is in the bucket, or that can't be known.
    fn bucket_is_public(&self, call: &Call, at: Place) -> bool {
        let order = Order::of_bucket("acl", "GET", at.bucket, "/").param("acl", "");
        let order = order.expecting("AccessControlPolicy");
        !self.acl_in(call, &order).is_ok_and(|acl| acl.is_private())
    }

    /// Whether both are one place. A bucket may be given with and without the appid.
    fn is_same(&self, one: Place, other: Place) -> bool {
        let name = |at: Place| site::full_name(&self.account, at.bucket);
        name(one) == name(other) && one.path.as_str() == other.path.as_str()
    }

    /// The same service in the region that a file is copied from.
    pub(super) fn at_source(&self, relocation: &Relocation) -> Result<V5> {
        let domains = match relocation.source_region {
            Some(region) => self.domains.elsewhere("source_region", region)?,
            None => self.domains.clone(),
        };
        Ok(V5::new(Arc::clone(&self.account), domains))
    }

    /// Copies a file that `source` has. Also says which version.
    pub(super) fn copied(
        &self,
        call: &Call,
        source: &V5,
        relocation: &Relocation,
    ) -> Result<(Reply, String)> {
        let &Relocation { from: at, to, overwrite, .. } = relocation;
        if self.is_same(at, to) {
            let problem = "must be another path than cos_path: the file would be destroyed";
            return Err(Failure::argument("dest_path", problem));
        }
        let refused = |failure| {
            let failure = source.explained(call, at, failure);
            let may_be_elsewhere = failure.is(Code::COS_ERR_NO_BUCKET)
                && at.bucket != to.bucket
                && relocation.source_region.is_none();
            if may_be_elsewhere { failure.or_hint(ELSEWHERE) } else { failure }
        };
        let head = source.head(call, at).map_err(refused)?;
        let from = Original::of(&head, source.copy_source(at));
        let mut more = from.properties.clone();
        if !overwrite {
            more.push(("x-cos-forbid-overwrite".to_owned(), "true".to_owned()));
        }
        let mut may_be_ours = false;
        let answer = call.attempts(
            |_| true,
            |call| {
                // Not every server heeds x-cos-forbid-overwrite with a copy.
                let found = if overwrite { None } else { self.look(call, to)? };
                if let Some(found) = found {
                    let is_same = found.header("content-length") == head.header("content-length")
                        && found.crc64().is_some()
                        && found.crc64() == from.crc64;
                    return if may_be_ours && is_same { Ok(found) } else { Err(file_exists()) };
                }
                let copied = self.copy_content(call, at, to, &from, "Copy", &more);
                copied.inspect_err(|failure| may_be_ours |= failure.may_have_taken_effect())
            },
        )?;
        Ok((answer.success(())?, from.etag))
    }

    /// How a copy names the file that it is of.
    fn copy_source(&self, at: Place) -> String {
        format!("{}{}", self.host(at.bucket, &self.domains.control), encode(at.path.as_str()))
    }

    /// Copies the version of an object that `from` describes, with the headers `more`.
    fn copy_content(
        &self,
        call: &Call,
        at: Place,
        to: Place,
        from: &Original,
        directive: &str,
        more: &[(String, String)],
    ) -> Result<Answer> {
        if from.size > LARGEST {
            return self.copy_parts(call, to, from, more);
        }
        let mut order = Order::new("copy", "PUT", to)
            .header("x-cos-copy-source", &from.source)
            .header("x-cos-copy-source-If-Match", format!("\"{}\"", from.etag))
            .header("x-cos-metadata-directive", directive)
            .expecting("CopyObjectResult")
            .slow();
        for (name, value) in more {
            order = order.header(name, value);
        }
        let answer = self.run(call, &order)?;
        if let Err(failure) = check_crc(&answer, from) {
            // After a copy onto itself nothing else has the content: it must stay.
            if self.is_same(at, to) {
                return Err(failure);
            }
            self.discard(call, to, &answer);
            return Err(failure);
        }
        Ok(answer)
    }

    /// The same for what is too large for one request.
    fn copy_parts(
        &self,
        call: &Call,
        to: Place,
        from: &Original,
        more: &[(String, String)],
    ) -> Result<Answer> {
        let is_stored = |name: &str| more.iter().any(|(given, _)| given == name);
        let kept = from.stored.iter().filter(|(name, _)| !is_stored(name));
        // An upload in parts takes no metadata from the original: they are sent, unless `more` replaces
        // them.
        let keeps_metadata =
            !more.iter().any(|(name, _)| KEPT.contains(&&**name) || name.starts_with(META));
        let all: Vec<_> = more.iter().chain(kept.filter(|_| keeps_metadata)).cloned().collect();
        let id = self.initiate(call, to, &all)?;
        let result = self.send_copies(call, to, from, &id).and_then(|tags| {
            let guard = more.iter().any(|(name, _)| name == "x-cos-forbid-overwrite");
            self.complete(call, to, &id, &tags, guard)
        });
        if result.is_err() {
            let _ = self.run(&call.last(), &super::parts::abort(to, &id));
        }
        let answer = result?;
        match answer.crc64() {
            Some(crc) if from.crc64.is_some_and(|expected| expected != crc) => Err(damaged()),
            _ => Ok(answer),
        }
    }

    fn send_copies(
        &self,
        call: &Call,
        to: Place,
        from: &Original,
        id: &str,
    ) -> Result<Vec<(u64, String)>> {
        let part_size = COPIED_PART.max(from.size.div_ceil(MOST_PARTS));
        let mut tags = Vec::new();
        for number in 1..=from.size.div_ceil(part_size) {
            call.check_not_cancelled()?;
            let (first, end) = ((number - 1) * part_size, from.size.min(number * part_size));
            let order = Order::new("copy_part", "PUT", to)
                .param("partNumber", number)
                .param("uploadId", id)
                .header("x-cos-copy-source", &from.source)
                .header("x-cos-copy-source-If-Match", format!("\"{}\"", from.etag))
                .header("x-cos-copy-source-Range", format!("bytes={first}-{}", end - 1))
                .expecting("CopyPartResult")
                .slow();
            let answer = self.run(call, &order)?;
            tags.push((number, bare_etag(answer.xml().text_of("ETag")).to_owned()));
        }
        Ok(tags)
    }
}

/// Whether the copy has the content of what was copied, as far as the answer tells.
fn check_crc(answer: &Answer, from: &Original) -> Result<()> {
    match (answer.xml().number_of("CRC64").or(answer.crc64()), from.crc64) {
        (Some(copy), Some(original)) if copy != original => Err(damaged()),
        _ => Ok(()),
    }
}

fn damaged() -> Box<Failure> {
    Failure::integrity("the copy does not have the CRC-64 of the original")
}

fn file_exists() -> Box<Failure> {
    let message = "a file exists at dest_path, and overwrite is false";
    Failure::found(Code::COS_ERR_FILE_EXISTS, message)
}
