//! Uploads: in one request, or in parts, which is initiate, upload part and complete.

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::copies::KEPT;
use super::objects::{
    META, acl_name, add_content, check_name, encoded_meta, is_md5, with_biz_attr,
};
use super::reply::Answer;
use super::request::{Content, Order};
use super::{LARGEST, MIB, MOST_PARTS, SMALLEST_PART, V5, content_types, xml};
use crate::call::{Call, parse_http_date};
use crate::content::hash::{self, Sum};
use crate::content::stretch::Stretch;
use crate::protocol::contract::{
    Abort, Authority, Opened, PartDone, PartTag, Place, Resumed, Session, Upload, Uploads,
};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Reply, Result};
use crate::transfer::Mark;

/// By how many seconds dates of the service may differ: they are whole, and come from several hosts.
const LEEWAY: u64 = 5;
/// The storage class of a file unless another is asked for.
pub(super) const STANDARD: &str = "STANDARD";
impl Uploads for V5 {
    fn put(&self, call: &Call, upload: &Upload, progress: &Mark) -> Result<Reply> {
        let content = || stretch(upload, 0, upload.source.size(), progress);
        let order = self.with_attributes(Order::new("upload", "PUT", upload.at()), upload)?;
        let mut order = with_content_headers(order, call, upload, 0, upload.source.size())?;
        order.content = Content::Stretch(&content);
        call.attempts(
            |_| true,
            |call| {
                if upload.settings.insert_only && self.keeps_versions(upload.bucket) {
                    self.check_free(call, upload.at())?;
                }
                let answer = self.run(call, &order).map_err(repeated_if_damaged)?;
                if let Err(failure) = check(&answer) {
                    self.discard(call, upload.at(), &answer);
                    return Err(failure);
                }
                if let Some(crc) = answer.sent_crc64 {
                    upload.note(Sum::Crc64(crc));
                }
                self.uploaded(upload.at(), &answer)
            },
        )
    }

    fn open(&self, call: &Call, upload: &Upload, anew: bool) -> Result<Opened> {
        if upload.settings.insert_only {
            self.check_free(call, upload.at())?;
        }
        if upload.settings.resume
            && !anew
            && let Some(session) = self.unfinished(call, upload)?
        {
            return Ok(Opened::Session(session));
        }
        let order = Order::new("upload_init", "POST", upload.at()).param("uploads", "");
        let order = self.with_attributes(order, upload)?.expecting("InitiateMultipartUploadResult");
        let mut may_be_there = false;
        let session = call.attempts(
            |_| true,
            |call| {
                // The upload that a lost reply was about would be left unfinished.
                if may_be_there && let Some(session) = self.without_parts(call, upload)? {
                    return Ok(session);
                }
                let failure = match self.run(call, &order) {
                    Ok(answer) => return Ok(empty_session(upload, upload_id(&answer)?, None)),
                    Err(failure) => failure,
                };
                if !failure.may_have_taken_effect() || call.stop.is_set() {
                    return Err(failure);
                }
                let found = self.without_parts(call, upload);
                may_be_there = found.is_err();
                found.ok().flatten().ok_or(failure)
            },
        )?;
        Ok(Opened::Session(session))
    }

    fn put_part(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        index: u64,
        progress: &Mark,
    ) -> Result<PartDone> {
        if index >= MOST_PARTS {
            let problem = format!("is too small: an upload has {MOST_PARTS} parts at the most");
            return Err(Failure::argument("slice_size", problem));
        }
        let offset = index * session.part_size;
        let len = session.part_size.min(upload.source.size() - offset);
        let content = || stretch(upload, offset, len, progress);
        let order = Order::new("upload_part", "PUT", upload.at())
            .param("partNumber", index + 1)
            .param("uploadId", &session.id)
            .header("content-type", "application/octet-stream");
        let mut order = with_content_headers(order, call, upload, offset, len)?;
        order.content = Content::Stretch(&content);
        call.attempts(
            |_| true,
            |call| {
                let answer = self.run(call, &order).map_err(repeated_if_damaged)?;
                check(&answer)?;
                let Some(etag) = answer.etag().filter(|etag| !etag.is_empty()) else {
                    return Err(answer.unexpected("it has no ETag"));
                };
                let tag = PartTag { name: etag.to_owned(), crc64: answer.sent_crc64 };
                Ok(PartDone { tag: Some(tag), is_serial: false, complete: None })
            },
        )
    }

    fn finish(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        tags: &BTreeMap<u64, PartTag>,
    ) -> Result<Reply> {
        let size = upload.source.size();
        let ours = crc_of(tags, session.part_size, size);
        if let Some(crc) = ours {
            upload.note(Sum::Crc64(crc));
        }
        let names: Vec<_> = tags.iter().map(|(index, tag)| (index + 1, tag.name.clone())).collect();
        let guard = upload.settings.insert_only;
        let answer = self.complete(call, upload.at(), &session.id, &names, guard)?;
        let mut theirs = answer.crc64();
        if ours.is_some() && theirs.is_none() {
            theirs = match self.look(call, upload.at()) {
                Err(failure) if !is_final(&failure) => return Err(failure),
                found => found.ok().flatten().filter(|found| is_it(found, &answer)),
            }
            .and_then(|found| found.crc64());
        }
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours != theirs
        {
            self.discard(call, upload.at(), &answer);
            return Err(damaged(ours, theirs));
        }
        self.uploaded(upload.at(), &answer)
    }

    fn abort(&self, call: &Call, upload: &Upload, session: &Session, _: Abort) {
        let order = abort(upload.at(), &session.id);
        if call.stop.is_set() {
            let _ = self.run(&call.last(), &order);
            return;
        }
        let is_left = |failure: Box<Failure>| failure.is_retryable();
        // What is left is billed; but whoever has failed does not wait for long.
        if self.run(&call.once(), &order).is_err_and(is_left) {
            let _ = self.run(&call.once(), &order);
        }
    }

    fn find_stored(&self, call: &Call, upload: &Upload) -> Result<Option<Reply>> {
        let Some(answer) = self.look(call, upload.at())? else {
            return Ok(None);
        };
        let shown: ObjectInfo = self.shown(upload.at(), &answer)?;
        let may_be_ours = if upload.settings.insert_only {
            !is_older(call, upload, &answer)
        } else {
            // The same content may have been there before, with other attributes.
            self.has_attributes(upload, &answer)
        };
        if !upload.may_be(&shown) || !may_be_ours {
            return Ok(None);
        }
        let is_ours = match (answer.crc64(), answer.etag()) {
            (Some(theirs), _) => upload.crc64(&call.stop)? == theirs,
            (None, Some(etag)) if is_md5(etag) => {
                let (source, size) = (upload.source, upload.source.size());
                hash::md5_and_crc64(source, 0, size, &call.stop)?.0.eq_ignore_ascii_case(etag)
            }
            // It may be ours or not. With `insert_only` it can't be sent again to be sure, and neither
            // success nor a conflict may be told.
            _ if upload.settings.insert_only => {
                let problem = "what is there has no CRC-64, so whether it is what was sent is not \
                               known";
                return Err(answer.unexpected(problem));
            }
            _ => false,
        };
        if is_ours { self.uploaded(upload.at(), &answer).map(Some) } else { Ok(None) }
    }

    fn stored(&self, at: Place, _: Option<&ObjectInfo>) -> Reply {
        Reply::compose(self.placed(at))
    }
}

impl V5 {
    /// The request with the headers that are stored with the content.
    fn with_attributes<'a>(&self, order: Order<'a>, upload: &Upload) -> Result<Order<'a>> {
        let attributes = &upload.settings.attributes;
        let mut order = order;
        let (mut has_type, mut meta) = (false, 0);
        for (name, value) in &attributes.headers {
            let name = name.to_ascii_lowercase();
            check_name(&name)?;
            let value = if name.starts_with(META) { encoded_meta(value) } else { value.clone() };
            has_type |= name == "content-type";
            if name.starts_with(META) {
                meta += name.len() + value.len();
            }
            order.headers.push((name.into(), value));
        }
        if !has_type {
            order = order.header("content-type", content_types::content_type(upload.path.name()));
        }
        if let Some(authority) = attributes.authority.filter(|a| *a != Authority::OfBucket) {
            order = order.header("x-cos-acl", acl_name(authority));
        }
        for (name, value) in [
            ("x-cos-storage-class", &attributes.storage_class),
            ("x-cos-tagging", &attributes.tagging),
        ] {
            if let Some(value) = value {
                order = order.header(name, value);
            }
        }
        if upload.settings.insert_only {
            order = order.header("x-cos-forbid-overwrite", true);
        }
        with_biz_attr(order, &upload.settings.biz_attr, meta)
    }

    /// Whether an object has what is to be stored with the content, as far as that can be seen.
    fn has_attributes(&self, upload: &Upload, found: &Answer) -> bool {
        let attributes = &upload.settings.attributes;
        if upload.attributes_may_differ() {
            return true;
        }
        if attributes.authority.is_some() || attributes.tagging.is_some() {
            return false;
        }
        let order = Order::new("upload", "PUT", upload.at());
        let class = found.header("x-cos-storage-class").unwrap_or(STANDARD);
        class.eq_ignore_ascii_case(attributes.storage_class.as_deref().unwrap_or(STANDARD))
            && self.with_attributes(order, upload).is_ok_and(|order| {
                let is_stored = |name: &str| KEPT.contains(&name) || name.starts_with(META);
                let mut stored = order.headers.iter().filter(|(name, _)| is_stored(name));
                stored.all(|(name, value)| found.header(name) == Some(value.trim()))
            })
    }

    /// The reply to an upload of which `answer` tells what is stored.
    fn uploaded(&self, at: Place, answer: &Answer) -> Result<Reply> {
        self.note_versions(at.bucket, answer);
        let mut data = self.placed(at);
        add_content(&mut data, answer);
        answer.success(data)
    }

    /// Fails if there is a file. Who may upload need not be allowed to look.
    fn check_free(&self, call: &Call, at: Place) -> Result<()> {
        match self.look(call, at) {
            Ok(Some(_)) => Err(Failure::file_exists()),
            Err(failure) if !is_final(&failure) => Err(failure),
            _ => Ok(()),
        }
    }

    /// Deletes content that is not what was sent, if it is still there.
    pub(super) fn discard(&self, call: &Call, at: Place, stored: &Answer) {
        // Where there are versions, the one before is to be seen again.
        if let Some(version) = stored.header("x-cos-version-id") {
            let order = Order::new("delete", "DELETE", at).param("versionId", version);
            let _ = self.run(call, &order);
            return;
        }
        // Without an ETag nothing shows that it is still there.
        if let Some(etag) = stored.etag_in_body().or(stored.etag())
            && let Ok(Some(found)) = self.look(call, at)
            && found.etag() == Some(etag)
        {
            let _ = self.run(call, &Order::new("delete", "DELETE", at));
        }
    }

    /// Begins an upload in parts. Returns its id.
    pub(super) fn initiate(
        &self,
        call: &Call,
        at: Place,
        headers: &[(String, String)],
    ) -> Result<String> {
        let mut order = Order::new("upload_init", "POST", at)
            .param("uploads", "")
            .expecting("InitiateMultipartUploadResult");
        for (name, value) in headers {
            order = order.header(name, value);
        }
        upload_id(&self.run(call, &order)?)
    }

    /// Makes an object of parts.
    pub(super) fn complete(
        &self,
        call: &Call,
        at: Place,
        id: &str,
        parts: &[(u64, String)],
        forbid_overwrite: bool,
    ) -> Result<Answer> {
        let mut text = String::from("<CompleteMultipartUpload>");
        for (number, etag) in parts {
            let etag = xml::escape(etag);
            text.push_str(&format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>"
            ));
        }
        text.push_str("</CompleteMultipartUpload>");
        let mut order = Order::new("upload_finish", "POST", at)
            .param("uploadId", id)
            .xml(text)
            .expecting("CompleteMultipartUploadResult")
            .slow();
        if forbid_overwrite {
            order = order.header("x-cos-forbid-overwrite", true);
        }
        self.run(call, &order)
    }

    /// The attributes of the object that an answer describes.
    fn shown(&self, at: Place, answer: &Answer) -> Result<ObjectInfo> {
        let data = self.described(at, answer).into_text();
        serde_json::from_str(&data).map_err(|error| answer.unexpected(&error.to_string()))
    }
}

/// The request with the headers that the settings want with these bytes of the content.
fn with_content_headers<'a>(
    mut order: Order<'a>,
    call: &Call,
    upload: &Upload,
    offset: u64,
    len: u64,
) -> Result<Order<'a>> {
    if let Some(limit) = upload.settings.traffic_limit {
        order = order.header("x-cos-traffic-limit", limit);
    }
    if upload.settings.md5 {
        let md5 = hash::md5(upload.source, offset, len, &call.stop)?;
        order = order.header("content-md5", BASE64_STANDARD.encode(md5));
    }
    Ok(order)
}

/// The request that aborts an upload.
pub(super) fn abort<'a>(at: Place<'a>, id: &'a str) -> Order<'a> {
    Order::new("upload_abort", "DELETE", at).param("uploadId", id)
}

/// The id of the upload that an answer is about.
fn upload_id(answer: &Answer) -> Result<String> {
    match answer.xml().text_of("UploadId") {
        "" => Err(answer.unexpected("it has no UploadId")),
        id => Ok(id.to_owned()),
    }
}

/// Whether the server has refused, and would refuse again.
pub(super) fn is_final(failure: &Failure) -> bool {
    failure.is_from_server() && !failure.is_retryable()
}

/// Whether an object was there before the call began, by the server's clock: then this call has not
/// stored it. What is made of parts may have the date of the first one, which tells nothing.
fn is_older(call: &Call, upload: &Upload, found: &Answer) -> bool {
    upload.source.size() < upload.settings.threshold && was_there_before(call, found)
}

/// The same of an object that is not made of parts.
pub(super) fn was_there_before(call: &Call, found: &Answer) -> bool {
    let modified = found.header("last-modified").and_then(parse_http_date);
    let (Some(modified), Some(now)) = (modified, found.told.date) else {
        return false;
    };
    modified + call.elapsed().as_secs() + LEEWAY < now
}

/// Whether an object is what was completed, and not what another call has put there since.
fn is_it(found: &Answer, completed: &Answer) -> bool {
    let etag = completed.etag_in_body();
    etag.is_none() || found.etag() == etag
}

/// A part of the content as a body, with its CRC-64 if it is to be verified.
fn stretch<'a>(upload: &Upload<'a>, offset: u64, len: u64, progress: &'a Mark<'a>) -> Stretch<'a> {
    let part = Stretch::new(upload.source, offset, len, progress);
    if upload.settings.verify { part.with_crc64() } else { part }
}

/// What was damaged or cut on the way may arrive the next time.
fn repeated_if_damaged(failure: Box<Failure>) -> Box<Failure> {
    let is_damage =
        failure.is(Code::COS_ERR_SHA_MISMATCH) || failure.is(Code::COS_ERR_SIZE_MISMATCH);
    if is_damage { failure.retryable_if(true) } else { failure }
}

/// Compares the CRC-64 of what was sent with the one in the answer, as far as both are known.
fn check(answer: &Answer) -> Result<()> {
    match (answer.sent_crc64, answer.crc64()) {
        (Some(ours), Some(theirs)) if ours != theirs => {
            Err(damaged(ours, theirs).retryable_if(true))
        }
        _ => Ok(()),
    }
}

fn damaged(ours: u64, theirs: u64) -> Box<Failure> {
    Failure::integrity(format!("the bytes sent have the CRC-64 {ours}, the server states {theirs}"))
}

/// The part size for a content of `size` bytes: `wanted`, or more if the service needs it.
fn part_size(wanted: u64, size: u64) -> u64 {
    let least = size.div_ceil(MOST_PARTS).next_multiple_of(MIB);
    wanted.max(SMALLEST_PART).max(least).min(LARGEST)
}

/// The CRC-64 of a content, if that of each of its parts is known.
fn crc_of(tags: &BTreeMap<u64, PartTag>, part_size: u64, size: u64) -> Option<u64> {
    if tags.len() as u64 != size.div_ceil(part_size) {
        return None;
    }
    tags.iter().try_fold(0, |crc, (index, tag)| {
        let len = part_size.min(size.checked_sub(index * part_size)?);
        Some(hash::combined_crc64(crc, tag.crc64?, len))
    })
}

/// A session without any part.
pub(super) fn empty_session(upload: &Upload, id: String, resumed: Option<Resumed>) -> Session {
    Session {
        id,
        part_size: part_size(upload.settings.part_size, upload.source.size()),
        is_serial: false,
        stored: HashSet::new(),
        tags: BTreeMap::new(),
        resumed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::source::Source;
    use crate::stop::Stop;

    #[test]
    fn ten_thousand_parts_suffice() {
        for (wanted, size, found) in [
            (8 * MIB, 1, 8 * MIB),
            (512 * 1024, 100 * MIB, MIB),
            (8 * MIB, 80_000 * MIB, 8 * MIB),
            (8 * MIB, 80_000 * MIB + 1, 9 * MIB),
            (MIB, 10_000 * LARGEST, LARGEST),
        ] {
            let part_size = part_size(wanted, size);
            assert_eq!(part_size, found, "{size}");
            assert!(size.div_ceil(part_size) <= MOST_PARTS);
        }
    }

    #[test]
    fn the_sum_of_the_whole_is_that_of_all_parts() {
        let sum = |bytes: &[u8]| hash::crc64(&Source::Buffer(bytes), &Stop::default()).unwrap();
        let tag = |bytes| PartTag { name: String::new(), crc64: Some(sum(bytes)) };
        let mut tags = BTreeMap::from([(0, tag(b"0123")), (2, tag(b"89"))]);
        assert_eq!(crc_of(&tags, 4, 10), None);
        tags.insert(1, tag(b"4567"));
        assert_eq!(crc_of(&tags, 4, 10), Some(sum(b"0123456789")));
        tags.insert(1, PartTag { name: String::new(), crc64: None });
        assert_eq!(crc_of(&tags, 4, 10), None);
    }
}
