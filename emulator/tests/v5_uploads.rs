//! Multipart uploads of the XML API.

mod common;

use std::{
    thread,
    time::{Duration, Instant},
};

use common::{
    Answer, BUCKET, Wire,
    v5::{Bed, Request, completion, content_md5, host, md5},
};
use cos_emulator::{Config, Emulator};

const MIB: usize = 1 << 20;
const CRC: &str = "x-cos-hash-crc64ecma";

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

fn refused(status: u16, word: &str) -> (u16, String) {
    (status, word.into())
}

fn on(method: &str, id: &str) -> Request {
    Request::new(method, "big").param("uploadId", id)
}

/// The first MiB of the content as part 1 and the rest as part 2; their ETags.
fn send_two(bed: &Bed, id: &str, content: &[u8]) -> [String; 2] {
    [&content[..MIB], &content[MIB..]].map(|part| {
        let number = if part.len() == MIB { 1 } else { 2 };
        bed.part("big", id, number, part).ok().header("etag").unwrap().to_string()
    })
}

fn complete(bed: &Bed, id: &str, parts: &[(u32, &str)]) -> Answer {
    bed.complete("big", id, parts)
}

#[test]
fn an_object_in_parts() {
    let bed = Bed::start();
    let content = content(MIB + 5);
    let begin = Request::new("POST", "big")
        .param("uploads", "")
        .header("Content-Type", "video/mp4")
        .header("x-cos-meta-a", "1")
        .header("x-cos-storage-class", "STANDARD_IA")
        .header("x-cos-acl", "public-read");
    let begun = bed.send(begin).ok();
    assert_eq!(begun.element("Bucket").unwrap(), format!("{BUCKET}-1250000000"));
    assert_eq!(begun.element("Key").as_deref(), Some("big"));
    let id = begun.element("UploadId").unwrap();
    // In any order, and again.
    let second = bed.part("big", &id, 2, &content[MIB..]).ok();
    bed.part("big", &id, 1, b"replaced").ok();
    let first = bed.part("big", &id, 1, &content[..MIB]).ok();
    assert_eq!(first.header("etag").unwrap(), format!("\"{}\"", md5(&content[..MIB])));
    assert!(first.header(CRC).is_some());
    assert_eq!(bed.get("big").word(), refused(404, "NoSuchKey"), "no object yet");
    let tags = [first.header("etag").unwrap(), second.header("etag").unwrap()];
    // With quotes that are escaped, and without.
    let parts = [(1, tags[0].replace('"', "&quot;")), (2, tags[1].replace('"', ""))];
    let answer = complete(&bed, &id, &[(1, &parts[0].1), (2, &parts[1].1)]).ok();
    let tag = answer.element("ETag").unwrap();
    assert!(tag.ends_with("-2\"") && tag.len() == 36, "{tag}");
    assert!(answer.element("Location").unwrap().ends_with(".myqcloud.com/big"));
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));

    let whole = bed.get("big").ok();
    assert_eq!(whole.body, content);
    assert_eq!(whole.header("etag"), Some(&*tag));
    assert_eq!(whole.header(CRC), answer.header(CRC));
    assert_eq!(whole.header("content-type"), Some("video/mp4"));
    assert_eq!(whole.header("x-cos-meta-a"), Some("1"));
    assert_eq!(whole.header("x-cos-storage-class"), Some("STANDARD_IA"));
    assert_eq!(bed.send(Request::new("GET", "big").anonymous()).status, 200);
    assert_eq!(bed.blobs(), 1);
    // The checksum is that of the content, however it came there.
    assert_eq!(bed.put("whole", &content).ok().header(CRC), whole.header(CRC));
}

#[test]
fn an_etag_of_parts_can_not_be_computed() {
    let bed = Bed::start();
    let tag = || {
        let id = bed.initiate("big");
        let part = bed.part("big", &id, 1, b"the same").ok();
        complete(&bed, &id, &[(1, part.header("etag").unwrap())]).ok().element("ETag").unwrap()
    };
    assert_ne!(tag(), tag());
}

#[test]
fn what_is_completed_must_be_there() {
    let bed = Bed::start();
    let id = bed.initiate("big");
    let content = content(MIB + 5);
    let [one, two] = &send_two(&bed, &id, &content);
    let word = |parts: &[(u32, &str)]| complete(&bed, &id, parts).word();
    assert_eq!(word(&[(2, two), (1, one)]), refused(400, "InvalidPartOrder"));
    assert_eq!(word(&[(1, one), (1, one)]), refused(400, "InvalidPartOrder"));
    assert_eq!(word(&[(2, two)]), refused(400, "InvalidPart"), "from 1 on");
    assert_eq!(word(&[(1, one), (3, two)]), refused(400, "InvalidPart"), "without a gap");
    assert_eq!(word(&[(1, one), (2, one)]), refused(400, "InvalidPart"), "the wrong ETag");
    assert_eq!(word(&[(1, one), (2, two), (3, two)]), refused(400, "InvalidPart"));
    bed.emulator.settings(|settings| settings.gap_is_invalid_part_order = true);
    assert_eq!(word(&[(1, one), (3, two)]), refused(400, "InvalidPartOrder"));
    assert_eq!(word(&[]), refused(400, "MalformedXML"));
    let none = Request::new("POST", "big").param("uploadId", &id);
    assert_eq!(bed.send(none.clone()).word(), refused(400, "MissingRequestBodyError"));
    assert_eq!(bed.send(none.body("<x/>")).word(), refused(400, "MalformedXML"));
    bed.part("big", &id, 1, &content[1..MIB]).ok();
    let small = md5(&content[1..MIB]);
    assert_eq!(word(&[(1, &small), (2, two)]), refused(400, "EntityTooSmall"));
    bed.emulator.settings(|settings| settings.smallest_part = 1000);
    // Only the first part is wanted: the other goes.
    assert_eq!(word(&[(1, &small)]).0, 200);
    assert_eq!(bed.blobs(), 1);
}

#[test]
fn parts_are_checked_when_they_come() {
    let bed = Bed::start();
    let id = bed.initiate("big");
    for number in ["0", "10001", "x", "-1", ""] {
        let part = Request::new("PUT", "big").param("partNumber", number).param("uploadId", &id);
        assert_eq!(bed.send(part.body("x")).word(), refused(400, "InvalidArgument"), "{number}");
    }
    let damaged = on("PUT", &id).param("partNumber", "1").header("Content-MD5", &content_md5(b"y"));
    assert_eq!(bed.send(damaged.body("x")).word(), refused(400, "BadDigest"));
    let elsewhere = Request::new("PUT", "other").param("partNumber", "1").param("uploadId", &id);
    assert_eq!(bed.send(elsewhere.body("x")).word(), refused(404, "NoSuchUpload"));
    assert_eq!(bed.part("big", "unknown", 1, b"x").word(), refused(404, "NoSuchUpload"));
    let without = Request::new("PUT", "big").param("partNumber", "1").body("x");
    assert_eq!(bed.send(without).word(), refused(404, "NoSuchUpload"));
    assert_eq!(bed.blobs(), 0);
    assert_eq!(bed.send(on("GET", "")).word(), refused(400, "ListPartUploadIdIsEmpty"));
}

#[test]
fn what_is_over_is_over() {
    let bed = Bed::start();
    let id = bed.initiate("big");
    let part = bed.part("big", &id, 1, b"x").ok();
    let tag = part.header("etag").unwrap();
    let done = complete(&bed, &id, &[(1, tag)]).ok();
    assert_eq!(complete(&bed, &id, &[(1, tag)]).word(), refused(404, "NoSuchUpload"));
    bed.emulator.settings(|settings| settings.complete_again = true);
    let again = complete(&bed, &id, &[(1, tag)]).ok();
    assert_eq!(again.element("ETag"), done.element("ETag"));

    let id = bed.initiate("big");
    bed.part("big", &id, 1, b"y").ok();
    bed.part("big", &id, 2, b"z").ok();
    assert_eq!(bed.send(on("DELETE", &id)).status, 204);
    let missing = refused(404, "NoSuchUpload");
    assert_eq!(bed.send(on("DELETE", &id)).word(), missing);
    assert_eq!(bed.send(on("GET", &id)).word(), missing);
    assert_eq!(bed.part("big", &id, 1, b"y").word(), missing);
    assert_eq!(bed.get("big").body, b"x");
    assert_eq!(bed.blobs(), 1);
    // Deleting an object leaves the uploads of its name alone.
    let id = bed.initiate("big");
    bed.delete("big").ok();
    bed.send(on("GET", &id)).ok();
}

#[test]
fn of_two_completions_one_succeeds() {
    let bed = Bed::start();
    let id = bed.initiate("big");
    let part = bed.part("big", &id, 1, b"x").ok();
    let parts = [(1, part.header("etag").unwrap())];
    let mut statuses = thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| complete(&bed, &id, &parts).status));
        both.map(|one| one.join().unwrap())
    });
    statuses.sort();
    assert_eq!(statuses, [200, 404]);
    assert_eq!(bed.blobs(), 1);
}

#[test]
fn an_upload_outlives_the_emulator() {
    let bed = Bed::start();
    let id = bed.initiate("big");
    let part = bed.part("big", &id, 1, b"x").ok();
    let Bed { emulator, dir } = bed;
    emulator.stop();
    let bed = Bed { emulator: Emulator::start(Config::new(dir.path())).unwrap(), dir };
    assert_eq!(bed.send(on("GET", &id)).ok().elements("PartNumber"), ["1"]);
    complete(&bed, &id, &[(1, part.header("etag").unwrap())]).ok();
    assert_eq!(bed.get("big").body, b"x");
}

#[test]
fn the_status_of_a_completion_travels_before_the_rest() {
    let bed = Bed::start();
    bed.emulator.settings(|settings| {
        settings.complete_delay_ms = 3000;
        settings.complete_crc = false;
    });
    let id = bed.initiate("big");
    let part = bed.part("big", &id, 1, b"x").ok();
    let completion = completion(&[(1, part.header("etag").unwrap())]);
    let mut wire = Wire::open(bed.emulator.port());
    let began = Instant::now();
    wire.send(&on("POST", &id).body(completion).bytes()).unwrap();
    let (status, headers) = wire.read_head().unwrap();
    assert_eq!(status, 200);
    assert!(began.elapsed() < Duration::from_millis(3000));
    assert!(!headers.iter().any(|(name, _)| name == CRC));
    let text = String::from_utf8(wire.read_chunks().unwrap()).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(3000));
    assert!(text.starts_with('\n') && text.trim_start().starts_with("<?xml"), "{text:?}");
}

#[test]
fn an_upload_that_must_not_overwrite() {
    let bed = Bed::start();
    let begin = || {
        let request = Request::new("POST", "big").param("uploads", "");
        bed.send(request.header("x-cos-forbid-overwrite", "true"))
    };
    let id = begin().ok().element("UploadId").unwrap();
    let part = bed.part("big", &id, 1, b"x").ok();
    let tag = part.header("etag").unwrap();
    bed.put("big", b"first").ok();
    assert_eq!(begin().word(), refused(409, "FileAlreadyExists"));
    let finish = on("POST", &id).body(completion(&[(1, tag)]));
    let only = finish.clone().header("x-cos-forbid-overwrite", "true");
    assert_eq!(bed.send(only).word(), refused(409, "FileAlreadyExists"));
    assert_eq!(bed.get("big").body, b"first");
    bed.send(finish).ok();
    assert_eq!(bed.get("big").body, b"x");
    bed.emulator.settings(|settings| settings.forbid_overwrite_at_initiate = false);
    begin().ok();
}

#[test]
fn parts_are_copied() {
    let bed = Bed::start();
    let content = content(MIB + 10);
    bed.put("source", &content).ok();
    let id = bed.initiate("big");
    let copy = |number: u32| {
        let request = on("PUT", &id).param("partNumber", &number.to_string());
        request.header("x-cos-copy-source", &format!("{}/source", host(BUCKET)))
    };
    let range = |number: u32, range: &str| copy(number).header("x-cos-copy-source-range", range);
    let first = bed.send(range(1, &format!("bytes=5-{}", MIB + 4))).ok();
    let second = bed.send(range(2, &format!("bytes={}-{}", MIB + 5, MIB + 9))).ok();
    assert_eq!(first.element("ETag").unwrap(), format!("\"{}\"", md5(&content[5..MIB + 5])));
    assert!(first.element("CRC64").is_some() && first.element("LastModified").is_some());
    let tags = [first, second].map(|answer| answer.element("ETag").unwrap());
    bed.emulator.settings(|settings| settings.part_copy_crc = false);
    assert!(bed.send(copy(3)).ok().element("CRC64").is_none());
    assert_eq!(bed.send(range(4, "bytes=9999999-")).word(), refused(416, "InvalidRange"));
    let changed = copy(4).header("x-cos-copy-source-If-Match", "\"x\"");
    assert_eq!(bed.send(changed).word(), refused(412, "PreconditionFailed"));
    complete(&bed, &id, &[(1, &tags[0]), (2, &tags[1])]).ok();
    assert_eq!(bed.get("big").body, &content[5..]);
}

#[test]
fn small_objects_can_count_as_large_ones() {
    let bed = Bed::start();
    bed.put("source", b"0123456789").ok();
    bed.emulator.settings(|settings| {
        (settings.size_factor, settings.largest_put, settings.smallest_part) = (1000, 4000, 1);
    });
    assert_eq!(bed.head("source").header("content-length"), Some("10000"));
    assert_eq!(bed.get("source").body, b"0123456789");
    let source = format!("{}/source", host(BUCKET));
    let whole = Request::new("PUT", "copy").header("x-cos-copy-source", &source);
    assert_eq!(bed.send(whole).word(), refused(400, "EntityTooLarge"));
    let id = bed.initiate("big");
    let part = |number: u32, range: &str| {
        let request = on("PUT", &id).param("partNumber", &number.to_string());
        let request = request.header("x-cos-copy-source", &source);
        bed.send(request.header("x-cos-copy-source-range", &format!("bytes={range}")))
    };
    assert_eq!(part(1, "0-4000").word(), refused(400, "EntityTooLarge"));
    assert_eq!(part(1, "10000-10001").word(), refused(416, "InvalidRange"));
    let tags = [(1, "0-3999"), (2, "4000-7999"), (3, "8000-9999")];
    let tags = tags.map(|(number, range)| part(number, range).ok().element("ETag").unwrap());
    complete(&bed, &id, &[(1, &tags[0]), (2, &tags[1]), (3, &tags[2])]).ok();
    assert_eq!(bed.get("big").body, b"0123456789");
}

#[test]
fn lists_of_parts_have_pages() {
    let bed = Bed::start();
    let id = bed.initiate("big");
    for number in [2, 10, 1, 7, 30] {
        bed.part("big", &id, number, b"x").ok();
    }
    let mut marker = String::new();
    let mut numbers = Vec::new();
    for truncated in ["true", "true", "false"] {
        let request = on("GET", &id).param("max-parts", "2").param("part-number-marker", &marker);
        let page = bed.send(request).ok();
        numbers.extend(page.elements("PartNumber"));
        assert_eq!(page.element("IsTruncated").unwrap(), truncated);
        assert_eq!(page.elements("Size").concat(), "1".repeat(page.elements("Part").len()));
        marker = page.element("NextPartNumberMarker").unwrap();
    }
    assert_eq!(numbers, ["1", "2", "7", "10", "30"]);
    let all = bed.send(on("GET", &id)).ok();
    assert_eq!(all.elements("Part").len(), 5);
    assert_eq!(all.element("StorageClass").as_deref(), Some("Standard"));
    assert_eq!(all.element("ETag").unwrap(), format!("\"{}\"", md5(b"x")));
    bed.emulator.settings(|settings| settings.largest_page = 3);
    assert_eq!(bed.send(on("GET", &id)).ok().elements("Part").len(), 3);
}

#[test]
fn lists_of_uploads_have_pages_and_folders() {
    let bed = Bed::start();
    for key in ["a", "d/1", "d/1", "d/2", "e/3", "中 +"] {
        bed.initiate(key);
    }
    let list = |params: &[(&str, &str)]| {
        let request = Request::new("GET", "").param("uploads", "").param("encoding-type", "url");
        let request =
            params.iter().fold(request, |request, (name, value)| request.param(name, value));
        bed.send(request).ok()
    };
    let all = ["a", "d/1", "d/1", "d/2", "e/3", "%E4%B8%AD%20%2B"];
    assert_eq!(list(&[]).elements("Key"), all);
    let (mut key, mut id) = (String::new(), String::new());
    let (mut keys, mut ids) = (Vec::new(), Vec::new());
    loop {
        let page = list(&[("max-uploads", "2"), ("key-marker", &key), ("upload-id-marker", &id)]);
        keys.extend(page.elements("Key"));
        ids.extend(page.elements("UploadId"));
        if page.element("IsTruncated").as_deref() == Some("false") {
            break;
        }
        key = page.element("NextKeyMarker").unwrap();
        id = page.element("NextUploadIdMarker").unwrap();
    }
    assert_eq!(keys, all);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    assert_eq!(list(&[("prefix", "d/1")]).elements("Key"), ["d/1", "d/1"]);
    let folders = list(&[("delimiter", "/")]);
    assert_eq!(folders.elements("Key"), ["a", "%E4%B8%AD%20%2B"]);
    assert_eq!(folders.elements("CommonPrefixes").len(), 2);
}
