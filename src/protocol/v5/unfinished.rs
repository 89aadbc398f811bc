//! Unfinished uploads: found by asking the server, continued or aborted.
//!
//! A part of one counts as ours if it has the length and the MD5 of our bytes at its place.

use std::collections::{BTreeMap, HashSet};

use super::objects::{self, key_of};
use super::parts::{STANDARD, abort, empty_session, is_final};
use super::reply::bare_etag;
use super::request::Order;
use super::{LARGEST, MOST_PARTS, SMALLEST_PART, V5};
use crate::call::Call;
use crate::content::hash;
use crate::protocol::contract::{PartTag, Place, Resumed, Session, Upload};
use crate::reply::Result;

/// So many unfinished uploads of one file are looked at.
const MOST_CANDIDATES: usize = 20;
/// A list that has more pages does not end.
const MOST_PAGES: usize = 1000;

impl V5 {
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
    pub(super) fn unfinished(&self, call: &Call, upload: &Upload) -> Result<Option<Session>> {
        self.find_unfinished(call, upload, |id, parts| continued(call, upload, id, parts))
    }

    /// The session of an unfinished upload without any part.
    pub(super) fn without_parts(&self, call: &Call, upload: &Upload) -> Result<Option<Session>> {
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
    use super::super::MIB;
    use super::*;
    use crate::content::source::Source;
    use crate::path::{Bucket, FilePath};
    use crate::protocol::scripted::{call, settings};
    use crate::protocol::v5::RULES;
    use crate::transfer::Transfer;

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
    }
}
