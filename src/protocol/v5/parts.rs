//! Uploads: in one request, or in parts, which is initiate, upload part and complete.
//!
//! An unfinished upload is found by asking the server. A part of it counts as ours if it has the length
//! and the MD5 of our bytes at its place.

use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::copies::KEPT;
use super::objects::{
    META, acl_name, add_content, check_name, encoded_meta, is_md5, key_of, with_biz_attr,
};
use super::reply::{Answer, bare_etag};
use super::request::{Content, Order};
use super::{LARGEST, MIB, MOST_PARTS, SMALLEST_PART, V5, content_types, objects, xml};
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
const STANDARD: &str = "STANDARD";
/// So many unfinished uploads of one file are looked at.
const MOST_CANDIDATES: usize = 20;
/// A list that has more pages does not end.
const MOST_PAGES: usize = 1000;

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
        let xml = stored.xml().child("ETag").map(|etag| bare_etag(etag.text()));
        let etag = xml.or(stored.etag());
        if let Ok(Some(found)) = self.look(call, at)
            && found.etag() == etag
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

    /// Aborts all unfinished uploads of a file, as far as these credentials may. Returns how many.
    pub(super) fn abort_all(&self, call: &Call, at: Place) -> usize {
        let begun = self.uploads_of(call, at).unwrap_or_default();
        begun.iter().filter(|begun| self.run(call, &abort(at, &begun.id)).is_ok()).count()
    }

    /// The unfinished uploads of a file, the newest first.
    fn uploads_of(&self, call: &Call, at: Place) -> Result<Vec<Begun>> {
        let key = key_of(at);
        let mut found = Vec::new();
        let (mut key_marker, mut id_marker) = (String::new(), String::new());
        for _ in 0..MOST_PAGES {
            let mut order = Order::of_bucket("upload_list", "GET", at.bucket, "/")
                .param("uploads", "")
                .param("prefix", key)
                .param("encoding-type", "url")
                .expecting("ListMultipartUploadsResult");
            if !key_marker.is_empty() {
                order =
                    order.param("key-marker", &key_marker).param("upload-id-marker", &id_marker);
            }
            let answer = self.run(call, &order)?;
            let mut is_behind = false;
            for entry in answer.xml().all("Upload") {
                if objects::decoded(entry.text_of("Key")).as_deref() == Some(key) {
                    let class = entry.text_of("StorageClass").to_owned();
                    found.push(Begun { id: entry.text_of("UploadId").to_owned(), class });
                } else {
                    // They are sorted by key: longer keys that begin with this one come after it.
                    is_behind = true;
                }
            }
            if is_behind || answer.xml().text_of("IsTruncated") != "true" {
                break;
            }
            let next = objects::decoded(answer.xml().text_of("NextKeyMarker")).unwrap_or_default();
            let next = next.into_owned();
            let next_id = answer.xml().text_of("NextUploadIdMarker").to_owned();
            if next.is_empty() || (&next, &next_id) == (&key_marker, &id_marker) {
                break;
            }
            (key_marker, id_marker) = (next, next_id);
        }
        // Those of one key are sorted by age.
        found.reverse();
        found.retain(|begun| !begun.id.is_empty());
        Ok(found)
    }

    /// The session of an unfinished upload of this content, or else of one without any part.
    fn unfinished(&self, call: &Call, upload: &Upload) -> Result<Option<Session>> {
        self.find_unfinished(call, upload, |id, parts| continued(call, upload, id, parts))
    }

    /// The session of an unfinished upload without any part.
    fn without_parts(&self, call: &Call, upload: &Upload) -> Result<Option<Session>> {
        self.find_unfinished(call, upload, |_, _| Ok(None))
    }

    /// The session that `take` makes of an unfinished upload's id and parts; if it makes none of any,
    /// that of an upload without parts.
    fn find_unfinished(
        &self,
        call: &Call,
        upload: &Upload,
        take: impl Fn(&str, &BTreeMap<u64, Stored>) -> Result<Option<Session>>,
    ) -> Result<Option<Session>> {
        let begun = match self.uploads_of(call, upload.at()) {
            Ok(begun) => begun,
            // Who may upload need not be allowed to list.
            Err(failure) if is_final(&failure) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let mut empty = None;
        // An upload keeps the storage class that it was begun with.
        let class = upload.settings.attributes.storage_class.as_deref();
        let class = class.unwrap_or(STANDARD);
        let is_as_wanted =
            |begun: &Begun| begun.class.is_empty() || begun.class.eq_ignore_ascii_case(class);
        for Begun { id, .. } in begun.into_iter().filter(is_as_wanted).take(MOST_CANDIDATES) {
            let parts = match self.parts_of(call, upload.at(), &id) {
                Ok(parts) => parts,
                Err(failure) if is_final(&failure) => continue,
                Err(failure) => return Err(failure),
            };
            if parts.is_empty() {
                empty = empty.or(Some(id));
            } else if let Some(session) = take(&id, &parts)? {
                return Ok(Some(session));
            }
        }
        Ok(empty.map(|id| empty_session(upload, id, Some(UNKNOWN))))
    }

    /// The parts of an unfinished upload, by their numbers.
    fn parts_of(&self, call: &Call, at: Place, id: &str) -> Result<BTreeMap<u64, Stored>> {
        let (mut parts, mut marker) = (BTreeMap::new(), 0);
        for _ in 0..MOST_PAGES {
            let order = Order::new("upload_list_parts", "GET", at)
                .param("uploadId", id)
                .param("max-parts", 1000)
                .param("part-number-marker", marker)
                .expecting("ListPartsResult");
            let answer = self.run(call, &order)?;
            for entry in answer.xml().all("Part") {
                let (number, size) = (entry.number_of("PartNumber"), entry.number_of("Size"));
                if let (Some(number @ 1..=MOST_PARTS), Some(size)) = (number, size) {
                    let etag = bare_etag(entry.text_of("ETag")).to_owned();
                    parts.insert(number, Stored { size, etag });
                }
            }
            let next = answer.xml().number_of("NextPartNumberMarker").unwrap_or(0);
            if answer.xml().text_of("IsTruncated") != "true" || next <= marker {
                break;
            }
            marker = next;
        }
        Ok(parts)
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

/// An unfinished upload.
struct Begun {
    id: String,
    /// The storage class of the file that it becomes.
    class: String,
}

/// A part that is on the server.
#[derive(Debug)]
struct Stored {
    size: u64,
    etag: String,
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
fn is_final(failure: &Failure) -> bool {
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
    let etag = completed.xml().child("ETag").map(|etag| bare_etag(etag.text()));
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

/// How large the parts of an upload are, if they can be parts of a content of `size` bytes.
fn size_of_parts(parts: &BTreeMap<u64, Stored>, size: u64) -> Option<u64> {
    let (last, _) = parts.last_key_value()?;
    let of_one = parts.values().map(|part| part.size).max()?;
    let count = size.div_ceil(of_one.max(1));
    let is_whole = |(number, part): (&u64, &Stored)| {
        *number <= count && part.size == of_one.min(size - (number - 1) * of_one)
    };
    let is_possible = of_one >= SMALLEST_PART || (count == 1 && *last == 1);
    (is_possible && count <= MOST_PARTS && of_one <= LARGEST && parts.iter().all(is_whole))
        .then_some(of_one)
}

/// The service does not show what an unfinished upload was begun with.
const UNKNOWN: Resumed = Resumed { digest: None, has_our_biz_attr: false };

/// A session without any part.
fn empty_session(upload: &Upload, id: String, resumed: Option<Resumed>) -> Session {
    Session {
        id,
        part_size: part_size(upload.settings.part_size, upload.source.size()),
        is_serial: false,
        stored: HashSet::new(),
        tags: BTreeMap::new(),
        resumed,
    }
}

/// The session of an unfinished upload whose first part that is there is ours.
fn continued(
    call: &Call,
    upload: &Upload,
    id: &str,
    parts: &BTreeMap<u64, Stored>,
) -> Result<Option<Session>> {
    let Some(part_size) = size_of_parts(parts, upload.source.size()) else {
        return Ok(None);
    };
    let (mut stored, mut tags) = (HashSet::new(), BTreeMap::new());
    for (number, part) in parts {
        let index = number - 1;
        let offset = index * part_size;
        let (md5, crc) = hash::md5_and_crc64(upload.source, offset, part.size, &call.stop)?;
        if md5.eq_ignore_ascii_case(&part.etag) {
            stored.insert(index);
            let crc64 = upload.settings.verify.then_some(crc);
            tags.insert(index, PartTag { name: part.etag.clone(), crc64 });
        } else if stored.is_empty() {
            // It is an upload of other content.
            return Ok(None);
        }
    }
    let resumed = Some(UNKNOWN);
    let id = id.to_owned();
    Ok(Some(Session { id, part_size, is_serial: false, stored, tags, resumed }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::source::Source;
    use crate::path::{Bucket, FilePath};
    use crate::protocol::scripted::{call, settings};
    use crate::protocol::v5::RULES;
    use crate::transfer::Transfer;

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

    fn parts(sizes: &[(u64, u64)]) -> BTreeMap<u64, Stored> {
        let stored = |size| Stored { size, etag: String::new() };
        sizes.iter().map(|(number, size)| (*number, stored(*size))).collect()
    }

    #[test]
    fn the_size_of_parts_is_seen_by_those_that_are_there() {
        let size = 5 * MIB + 7;
        for (sizes, found) in [
            (&[(1, 2 * MIB)][..], Some(2 * MIB)),
            (&[(1, 2 * MIB), (3, MIB + 7)], Some(2 * MIB)),
            (&[(2, 2 * MIB)], Some(2 * MIB)),
            (&[(1, size)], Some(size)),
            (&[(1, 2 * MIB), (2, MIB)], None),
            (&[(3, 2 * MIB)], None),
            (&[(4, 2 * MIB)], None),
            (&[(1, 7)], None),
            (&[(1, 0)], None),
            (&[], None),
        ] {
            assert_eq!(size_of_parts(&parts(sizes), size), found, "{sizes:?}");
        }
        assert_eq!(size_of_parts(&parts(&[(1, 7)]), 7), Some(7));
    }

    #[test]
    fn only_parts_that_are_ours_are_continued() {
        let data: Vec<u8> = (0..(2 * MIB + 5) as usize).map(|i| (i % 251) as u8).collect();
        let (source, transfer) = (Source::Buffer(&data), Transfer::default());
        let bucket = Bucket::new("b").unwrap();
        let path = FilePath::new("cos_path", "/a", &RULES).unwrap();
        let upload = Upload::new(&bucket, &path, &source, &transfer, settings());
        let call = call("{}");
        let part = |index: u64, right: bool| {
            let size = MIB.min(data.len() as u64 - index * MIB);
            let sums = hash::md5_and_crc64(&source, index * MIB, size, &call.stop).unwrap();
            (index + 1, Stored { size, etag: if right { sums.0 } else { "0".repeat(32) } })
        };
        let open = |all: Vec<(u64, Stored)>| {
            continued(&call, &upload, "id", &all.into_iter().collect()).unwrap()
        };
        let session = open(vec![part(0, true), part(2, true)]).unwrap();
        assert_eq!(session.stored, HashSet::from([0, 2]));
        let session = open(vec![part(0, true), part(1, false), part(2, true)]).unwrap();
        assert_eq!(session.stored, HashSet::from([0, 2]));
        assert!(open(vec![part(0, false), part(1, true)]).is_none());
        assert!(open(vec![]).is_none());
        // With what is sent meanwhile, the sum of the whole is known.
        let mut tags = session.tags;
        let sums = hash::md5_and_crc64(&source, MIB, MIB, &call.stop).unwrap();
        assert_eq!(crc_of(&tags, MIB, data.len() as u64), None);
        tags.insert(1, PartTag { name: sums.0, crc64: Some(sums.1) });
        let whole = hash::crc64(&source, &call.stop).unwrap();
        assert_eq!(crc_of(&tags, MIB, data.len() as u64), Some(whole));
    }
}
