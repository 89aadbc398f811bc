//! Objects of the XML API: what is stored, what is refused, and on which conditions.

mod common;

use std::thread;

use common::{
    APPID, Answer, BUCKET, Wire, now, sha1,
    v5::{Bed, Request, content_md5, host, md5},
};
use cos_emulator::{Bucket, Credential};

const HELLO: &[u8] = b"hello cos v5\n";
const CRC: &str = "x-cos-hash-crc64ecma";

fn put(key: &str) -> Request {
    Request::new("PUT", key).body("x")
}

fn get(key: &str) -> Request {
    Request::new("GET", key)
}

fn copy(source: &str, target: &str) -> Request {
    let source = format!("{}/{source}", host(BUCKET));
    Request::new("PUT", target).header("x-cos-copy-source", &source)
}

/// Status and error word.
fn refused(status: u16, word: &str) -> (u16, String) {
    (status, word.into())
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_string()
}

#[test]
fn an_object_from_put_to_delete() {
    let bed = Bed::start();
    let request = Request::new("PUT", "文档/hello.txt")
        .body(HELLO)
        .header("Content-Type", "text/plain")
        .header("Expires", "Wed, 01 Jan 2031 00:00:00 GMT")
        .header("x-cos-meta-Author", "li%20lei")
        .header("x-cos-storage-class", "STANDARD_IA")
        .header("x-cos-tagging", "a=b%20c&d=")
        .unsigned("Cache-Control", "");
    let stored = bed.send(request).ok();
    assert_eq!(etag(&stored), "\"33377d73025c6a1b90566a5b78c11f15\"");
    assert_eq!(stored.header(CRC), Some("1034866199268009142"));
    assert_eq!(stored.header("content-length"), Some("0"));
    for method in ["GET", "HEAD"] {
        let answer = bed.send(Request::new(method, "文档/hello.txt")).ok();
        assert_eq!(answer.body, if method == "GET" { HELLO } else { b"" });
        for (name, value) in [
            ("content-length", "13"),
            ("content-type", "text/plain"),
            ("expires", "Wed, 01 Jan 2031 00:00:00 GMT"),
            ("x-cos-meta-author", "li%20lei"),
            ("x-cos-storage-class", "STANDARD_IA"),
            ("x-cos-tagging-count", "2"),
            ("x-cos-object-type", "normal"),
            ("accept-ranges", "bytes"),
            ("server", "tencent-cos"),
            (CRC, "1034866199268009142"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {name}");
        }
        assert!(answer.header("last-modified").is_some());
        assert_eq!(answer.header("cache-control"), None);
    }
    let gone = bed.delete("文档/hello.txt");
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(bed.delete("文档/hello.txt").status, 204);
    bed.emulator.settings(|settings| settings.delete_missing_is_404 = true);
    assert_eq!(bed.delete("文档/hello.txt").word(), refused(404, "NoSuchKey"));
    let missing = bed.head("文档/hello.txt");
    assert_eq!((missing.status, missing.body.len()), (404, 0));
    assert!(missing.header("x-cos-trace-id").is_some());
    assert_eq!(bed.blobs(), 0);
}

#[test]
fn an_object_is_replaced_as_a_whole() {
    let bed = Bed::start();
    bed.send(put("a").header("x-cos-meta-a", "1").header("x-cos-acl", "public-read")).ok();
    bed.put("a", HELLO).ok();
    let answer = bed.send(get("a")).ok();
    assert_eq!(answer.body, HELLO);
    assert_eq!(answer.header("x-cos-meta-a"), None);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(bed.send(get("a").anonymous()).status, 403);
    assert_eq!(bed.blobs(), 1);
}

#[test]
fn what_arrives_is_compared_with_what_was_announced() {
    let bed = Bed::start();
    bed.put("a", HELLO).ok();
    let with = |name: &str, value: &str| bed.send(put("a").header(name, value)).word();
    let good = (200, String::new());
    assert_eq!(with("Content-MD5", &content_md5(b"y")), refused(400, "BadDigest"));
    assert_eq!(with("Content-MD5", "eA=="), refused(400, "InvalidDigest"));
    assert_eq!(with("Content-MD5", &md5(b"x")), refused(400, "InvalidDigest"));
    assert_eq!(bed.get("a").body, HELLO, "what is refused changes nothing");
    assert_eq!(with("Content-MD5", &content_md5(b"x")), good);
    assert_eq!(with("x-cos-content-sha1", "0"), good);
    bed.emulator.settings(|settings| settings.check_content_sha1 = true);
    assert_eq!(with("x-cos-content-sha1", "0"), refused(400, "InvalidSHA1Digest"));
    assert_eq!(with("x-cos-content-sha1", &sha1(b"x")), good);

    let sent = String::from_utf8(put("a").bytes()).unwrap();
    let mut wire = Wire::open(bed.emulator.port());
    let without = sent.replace("Content-Length: 1\r\n", "").replace("\r\n\r\nx", "\r\n\r\n");
    wire.send(without.as_bytes()).unwrap();
    assert_eq!(wire.read().unwrap().word(), refused(411, "MissingContentLength"));

    let chunked =
        put("a").unsigned("Transfer-Encoding", "chunked").body("3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
    bed.send(chunked.clone()).ok();
    assert_eq!(bed.get("a").body, b"abcd");
    bed.emulator.settings(|settings| settings.largest_put = 3);
    assert_eq!(bed.send(chunked).word(), refused(400, "EntityTooLarge"));
    assert_eq!(bed.put("a", b"1234").word(), refused(400, "EntityTooLarge"));
    bed.put("a", b"123").ok();
    assert_eq!(bed.blobs(), 1, "nothing is left of what was refused");
}

#[test]
fn a_client_that_waits_for_leave_is_refused_without_its_content() {
    let bed = Bed::start();
    bed.put("a", HELLO).ok();
    let waiting = |request: Request| {
        let request = request.header("Expect", "100-continue").header("Content-Length", "13");
        let mut wire = Wire::open(bed.emulator.port());
        wire.send(&request.body("").bytes()).unwrap();
        (wire.read_head().unwrap().0, wire)
    };
    let (status, mut wire) = waiting(put("b"));
    assert_eq!(status, 100);
    wire.send(HELLO).unwrap();
    assert_eq!(wire.read().unwrap().status, 200);
    assert_eq!(waiting(put("a").header("x-cos-forbid-overwrite", "true")).0, 409);
    assert_eq!(waiting(put("c").anonymous()).0, 403);
}

#[test]
fn names_are_decoded_once_and_checked() {
    let bed = Bed::start();
    let raw = |key: &str, path: &str| {
        let mut request = put(key);
        request.raw_path = Some(path.into());
        bed.send(request).word()
    };
    let good = (200, String::new());
    // As the SDKs for C and Go write it.
    assert_eq!(raw("a//b/./c", "/a%2F%2Fb%2F.%2Fc"), good);
    assert_eq!(raw("a!'()*", "/a!'()*"), good);
    assert_eq!(raw("50% b", "/50%25+b"), good, "a raw + is a space");
    assert_eq!(raw("/lead", "/%2Flead"), good);
    for key in ["a//b/./c", "a!'()*", "50% b", "/lead"] {
        assert_eq!(bed.get(key).body, b"x", "{key}");
    }
    assert_eq!(raw("a", "/%FF"), refused(400, "InvalidURI"));
    assert_eq!(bed.put(&"k".repeat(850), b"x").word(), good);
    assert_eq!(bed.put(&"k".repeat(851), b"x").word(), refused(400, "KeyTooLong"));
    assert_eq!(bed.put(&"中".repeat(284), b"x").word(), refused(400, "KeyTooLong"));
    for key in ["\\a", "a\u{18}b", "a\u{1b}"] {
        assert_eq!(bed.put(key, b"x").word(), refused(400, "InvalidObjectName"), "{key:?}");
    }
}

#[test]
fn who_has_an_object_already_is_told() {
    let bed = Bed::start();
    let tag = etag(&bed.put("a", HELLO));
    let date = bed.head("a").header("last-modified").unwrap().to_string();
    let (earlier, later) = ("Tue, 14 Nov 2023 22:13:20 GMT", "Thu, 01 Jan 2099 00:00:00 GMT");
    let plain = tag.trim_matches('"');
    for (conditions, status) in [
        (&[("If-Match", tag.as_str())][..], 200),
        (&[("If-Match", plain)], 200),
        (&[("If-Match", "*")], 200),
        (&[("If-Match", "\"x\"")], 412),
        (&[("If-None-Match", &tag)], 304),
        (&[("If-None-Match", "\"x\"")], 200),
        (&[("If-Modified-Since", &date)], 304),
        (&[("If-Modified-Since", earlier)], 200),
        (&[("If-Unmodified-Since", earlier)], 412),
        (&[("If-Unmodified-Since", later)], 200),
        // The tags decide before the dates.
        (&[("If-Match", &tag), ("If-Unmodified-Since", earlier)], 200),
        (&[("If-None-Match", "\"x\""), ("If-Modified-Since", &date)], 200),
        (&[("If-Match", "\"x\""), ("If-None-Match", &tag)], 412),
        (&[("If-Match", &tag), ("Range", "bytes=0-4")], 206),
    ] {
        for method in ["GET", "HEAD"] {
            let with = |request: Request, (name, value): &(&str, &str)| request.header(name, value);
            let answer = bed.send(conditions.iter().fold(Request::new(method, "a"), with));
            assert_eq!(answer.status, status, "{method} {conditions:?}");
            let is_get = method == "GET";
            match status {
                304 => {
                    assert!(answer.body.is_empty());
                    assert_eq!(answer.header("etag").is_some(), is_get);
                    assert_eq!(answer.header(CRC).is_some(), is_get);
                }
                412 if is_get => assert_eq!(answer.word().1, "PreconditionFailed"),
                _ => {}
            }
        }
    }
}

#[test]
fn pieces_of_an_object() {
    let bed = Bed::start();
    bed.put("a", HELLO).ok();
    bed.put("empty", b"").ok();
    let range = |key: &str, range: &str| bed.send(get(key).header("Range", range));
    for (asked, content, told) in [
        ("bytes=0-4", "hello", "bytes 0-4/13"),
        ("bytes=6-", "cos v5\n", "bytes 6-12/13"),
        ("bytes=6-99", "cos v5\n", "bytes 6-12/13"),
        ("bytes=-3", "v5\n", "bytes 10-12/13"),
    ] {
        let answer = range("a", asked);
        assert_eq!((answer.status, answer.text().as_str()), (206, content), "{asked}");
        assert_eq!(answer.header("content-range"), Some(told));
        assert_eq!(answer.header(CRC), Some("1034866199268009142"), "of the whole");
    }
    for ignored in ["bytes=0-1,3-4", "bytes=4-2", "lines=1-2"] {
        assert_eq!(range("a", ignored).status, 200, "{ignored}");
    }
    let behind = range("a", "bytes=13-");
    assert_eq!(behind.word(), refused(416, "InvalidRange"));
    assert_eq!(behind.header("content-range"), Some("bytes */13"));
    assert_eq!(range("empty", "bytes=0-").word(), refused(416, "InvalidRange"));
    assert_eq!(bed.get("empty").status, 200);
    bed.emulator.settings(|settings| settings.range_of_empty_is_416 = false);
    assert_eq!(range("empty", "bytes=0-").status, 200);
    bed.emulator.settings(|settings| settings.suffix_ranges = false);
    assert_eq!(range("a", "bytes=-3").status, 200);
}

#[test]
fn headers_of_a_reply_are_overridden_by_who_has_signed() {
    let bed = Bed::start();
    bed.send(put("a").header("x-cos-acl", "public-read")).ok();
    let name = "attachment; filename*=UTF-8''%E4%BD%A0.txt";
    let ask = || {
        get("a")
            .param("response-content-disposition", name)
            .param("response-content-type", "text/x-test")
            .param("response-expires", "0")
    };
    for request in [ask(), ask().presigned()] {
        let answer = bed.send(request).ok();
        assert_eq!(answer.header("content-disposition"), Some(name));
        assert_eq!(answer.header("content-type"), Some("text/x-test"));
        assert_eq!(answer.header("expires"), Some("0"));
    }
    assert_eq!(bed.send(ask().anonymous()).word(), refused(400, "InvalidRequest"));
    bed.send(get("a").anonymous()).ok();
    bed.send(get("a").param("x-cos-traffic-limit", "819200")).ok();
    for limit in ["819199", "838860801", "1e6", "+819200"] {
        let answer = bed.send(get("a").param("x-cos-traffic-limit", limit));
        assert_eq!(answer.word(), refused(400, "InvalidArgument"), "{limit}");
    }
}

#[test]
fn metadata_have_names_and_a_budget() {
    let bed = Bed::start();
    let with = |name: &str, value: &str| bed.send(put("a").header(name, value)).word();
    assert_eq!(with("x-cos-meta-a_b", "1"), refused(400, "InvalidArgument"));
    assert_eq!(with("x-cos-meta-", "1"), refused(400, "InvalidArgument"));
    assert_eq!(with("x-cos-meta-a", &"v".repeat(2048 - 12)).0, 200);
    assert_eq!(with("x-cos-meta-a", &"v".repeat(2048 - 11)), refused(400, "InvalidArgument"));
    bed.emulator.settings(|settings| settings.metadata_limit = 4096);
    assert_eq!(with("x-cos-meta-a", &"v".repeat(2048)).0, 200);
    assert_eq!(with("x-cos-storage-class", "COLD"), refused(400, "NotSupportedStorageClass"));
    assert_eq!(with("x-cos-acl", "public-read-write"), refused(400, "InvalidArgument"));
    assert_eq!(with("x-cos-tagging", "a=1&a=2"), refused(400, "InvalidTag"));
    let eleven: Vec<_> = (0..11).map(|number| format!("k{number}=v")).collect();
    assert_eq!(with("x-cos-tagging", &eleven.join("&")), refused(400, "InvalidTag"));
    assert_eq!(with("x-cos-tagging", &eleven[1..].join("&")).0, 200);
}

#[test]
fn metadata_that_are_not_ascii_come_back() {
    let bed = Bed::start();
    bed.send(put("a").header("x-cos-meta-a", "一 页%")).ok();
    assert_eq!(bed.head("a").header("x-cos-meta-a"), Some("一 页%"));
    bed.emulator.settings(|settings| settings.metadata_comes_back_encoded = true);
    assert_eq!(bed.head("a").header("x-cos-meta-a"), Some("%E4%B8%80 %E9%A1%B5%"));
}

#[test]
fn who_must_not_overwrite_does_not() {
    let bed = Bed::start();
    let only = |key: &str| bed.send(put(key).header("x-cos-forbid-overwrite", "true")).word();
    assert_eq!(only("a").0, 200);
    assert_eq!(only("a"), refused(409, "FileAlreadyExists"));
    assert_eq!(bed.send(put("a").header("x-cos-forbid-overwrite", "false")).status, 200);
    bed.delete("a").ok();
    assert_eq!(only("a").0, 200);
    // With versions it has no effect.
    bed.emulator.settings(|settings| settings.versioning = true);
    bed.send(put("a").header("x-cos-forbid-overwrite", "true")).ok();
}

#[test]
fn a_bucket_with_versions_tells_them() {
    let bed = Bed::start();
    bed.put("old", b"x").ok();
    bed.emulator.settings(|settings| settings.versioning = true);
    let version = |answer: &Answer| answer.header("x-cos-version-id").map(String::from);
    let first = version(&bed.put("a", b"1").ok()).unwrap();
    let second = version(&bed.put("a", b"2").ok()).unwrap();
    assert_ne!(first, second);
    assert_eq!(version(&bed.head("a")), Some(second.clone()));
    let of = |method: &str, version: &str| {
        bed.send(Request::new(method, "a").param("versionId", version))
    };
    assert_eq!(of("GET", &second).body, b"2");
    assert_eq!(of("GET", &first).word(), refused(404, "NoSuchVersion"), "only the last is kept");
    assert_eq!(of("DELETE", &first).word(), refused(404, "NoSuchVersion"));
    let copied = bed.send(copy(&format!("a?versionId={second}"), "b")).ok();
    assert!(version(&copied).is_some_and(|version| version != second));
    let stale = bed.send(copy(&format!("a?versionId={first}"), "b"));
    assert_eq!(stale.word(), refused(404, "NoSuchVersion"));
    let list = bed.send(get("").param("versions", "")).ok();
    assert_eq!(list.elements("VersionId"), [second.clone(), version(&copied).unwrap()]);
    assert!(list.text().contains("<VersionId/>"), "what is older than the versions");
    assert_eq!(version(&bed.head("old")), None);

    let gone = bed.send(Request::new("DELETE", "a").param("VersionId", &second));
    assert_eq!((version(&gone), gone.header("x-cos-delete-marker")), (Some(second), None));
    let marked = bed.delete("b");
    assert!(version(&marked).is_some());
    assert_eq!(marked.header("x-cos-delete-marker"), Some("true"));
    assert_eq!(bed.get("b").status, 404);
}

#[test]
fn who_may_read() {
    let bed = Bed::with(|config| {
        config.credentials.push(Credential {
            appid: "1250000077".into(),
            secret_id: "NEIGHBOUR".into(),
            secret_key: "EXAMPLE_SECRET_KEY".into(),
        });
        config.buckets =
            [Bucket::private("private-bucket"), Bucket::public("public-bucket")].into();
    });
    let acl = |key: &str, acl: &str| put(key).header("x-cos-acl", acl);
    for bucket in [BUCKET, "public-bucket"] {
        let host = host(bucket);
        for canned in ["default", "private", "public-read", "authenticated-read"] {
            bed.send(acl(canned, canned).host(&host)).ok();
        }
        let may = |request: Request| bed.send(request.host(&host)).status == 200;
        let mut neighbour = get("");
        neighbour.secret_id = "NEIGHBOUR".into();
        let as_neighbour = |key: &str| Request { key: key.into(), ..neighbour.clone() };
        let is_public = bucket == "public-bucket";
        assert_eq!(may(get("default").anonymous()), is_public);
        assert_eq!(may(as_neighbour("default")), is_public);
        assert!(!may(get("private").anonymous()) && !may(as_neighbour("private")));
        assert!(may(get("public-read").anonymous()) && may(as_neighbour("public-read")));
        assert!(!may(get("authenticated-read").anonymous()));
        assert!(may(as_neighbour("authenticated-read")));
        assert_eq!(may(get("").anonymous()), is_public, "the list");
        assert!(!may(Request::new("PUT", "x").anonymous()));
        assert!(!may(Request { method: "DELETE".into(), ..as_neighbour("public-read") }));
        let read = bed.send(Request::new("GET", "private").param("acl", "").host(&host)).ok();
        assert_eq!(read.header("x-cos-acl"), Some("private"));
        assert_eq!(read.elements("Permission"), ["FULL_CONTROL"]);
    }
}

#[test]
fn an_acl_is_given_by_headers_or_xml() {
    let bed = Bed::start();
    bed.put("a", b"x").ok();
    let acl = || Request::new("PUT", "a").param("acl", "");
    let permissions = || bed.send(get("a").param("acl", "")).ok().elements("Permission").join(" ");
    bed.send(acl().header("x-cos-grant-read", "id=\"100000000002\",id=\"100000000003\"")).ok();
    assert_eq!(permissions(), "READ READ FULL_CONTROL");
    let grant = |grantee: &str, permission: &str| {
        format!("<Grant><Grantee>{grantee}</Grantee><Permission>{permission}</Permission></Grant>")
    };
    let document = |grants: &str| {
        format!(
            "<AccessControlPolicy><Owner><ID>x</ID></Owner><AccessControlList>{grants}\
             </AccessControlList></AccessControlPolicy>"
        )
    };
    let everybody = "<URI>http://cam.qcloud.com/groups/global/AllUsers</URI>";
    let user = "<Type>CanonicalUser</Type><ID>qcs::cam::uin/7:uin/7</ID>";
    let both = document(&(grant(everybody, "READ") + &grant(user, "FULL_CONTROL")));
    bed.send(acl().body(both)).ok();
    assert_eq!(permissions(), "READ FULL_CONTROL FULL_CONTROL");
    bed.send(get("a").anonymous()).ok();
    let wrong = acl().body(document(&grant(user, "EVERYTHING")));
    assert_eq!(bed.send(wrong).word(), refused(400, "MalformedXML"));
    assert_eq!(bed.send(acl().body("<a/>")).word(), refused(400, "MalformedXML"));
    assert_eq!(bed.send(acl()).word(), refused(400, "MissingRequestBodyError"));
    // The SDK for C sends neither a length nor a body.
    let bytes = acl().header("x-cos-acl", "private").bytes();
    let bare = String::from_utf8(bytes).unwrap().replace("Content-Length: 0\r\n", "");
    let mut wire = Wire::open(bed.emulator.port());
    wire.send(bare.as_bytes()).unwrap();
    assert_eq!(wire.read().unwrap().status, 200);
    assert_eq!(bed.send(get("a").anonymous()).status, 403);
    let missing = Request::new("PUT", "none").param("acl", "").header("x-cos-acl", "private");
    assert_eq!(bed.send(missing).word(), refused(404, "NoSuchKey"));
}

#[test]
fn tags_are_written_and_taken_away() {
    let bed = Bed::start();
    bed.put("a", b"x").ok();
    let tags = |method: &str| Request::new(method, "a").param("tagging", "");
    let tag = |key: &str| format!("<Tag><Key>{key}</Key><Value>v</Value></Tag>");
    let document = |tags: &str| format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
    assert!(bed.send(tags("GET")).ok().elements("Tag").is_empty());
    bed.send(tags("PUT").body(document(&(tag("键") + &tag("b"))))).ok();
    assert_eq!(bed.send(tags("GET")).ok().elements("Key"), ["键", "b"]);
    let twice = document(&tag("a").repeat(2));
    assert_eq!(bed.send(tags("PUT").body(twice)).word(), refused(400, "InvalidTag"));
    assert_eq!(bed.send(tags("PUT").body("<Tagging>")).word(), refused(400, "MalformedXML"));
    assert_eq!(bed.send(tags("DELETE")).status, 204);
    assert!(bed.send(tags("GET")).ok().elements("Tag").is_empty());
}

#[test]
fn a_copy_has_the_content_and_what_it_is_told_to_have() {
    let bed = Bed::start();
    let source = put("文 档+.txt")
        .body(HELLO)
        .header("x-cos-meta-a", "1")
        .header("Content-Type", "text/plain")
        .header("x-cos-storage-class", "STANDARD_IA")
        .header("x-cos-acl", "public-read")
        .header("x-cos-tagging", "a=b");
    bed.send(source).ok();
    let name = "%E6%96%87%20%E6%A1%A3%2B.txt";
    let answer = bed.send(copy(name, "copy")).ok();
    assert_eq!(answer.element("ETag").as_deref(), Some("\"33377d73025c6a1b90566a5b78c11f15\""));
    assert_eq!(answer.element("CRC64").as_deref(), Some("1034866199268009142"));
    assert!(answer.element("LastModified").unwrap().ends_with('Z'));
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    let head = bed.head("copy").ok();
    assert_eq!(head.header("x-cos-meta-a"), Some("1"));
    assert_eq!(head.header("content-type"), Some("text/plain"));
    assert_eq!(head.header("x-cos-storage-class"), None, "class and ACL are not copied");
    assert_eq!(head.header("x-cos-tagging-count"), Some("1"));
    assert_eq!(bed.send(get("copy").anonymous()).status, 403);

    let replaced = copy(name, "copy")
        .header("x-cos-metadata-directive", "Replaced")
        .header("x-cos-meta-b", "2")
        .header("x-cos-storage-class", "INTELLIGENT_TIERING");
    bed.send(replaced.clone()).ok();
    let head = bed.head("copy").ok();
    assert_eq!(head.header("x-cos-meta-a"), None);
    assert_eq!(head.header("x-cos-meta-b"), Some("2"));
    assert_eq!(head.header("x-cos-storage-class"), Some("INTELLIGENT_TIERING"));
    bed.delete("文 档+.txt").ok();
    assert_eq!(bed.get("copy").body, HELLO, "a copy lives on its own");
    assert_eq!(bed.send(replaced).word(), refused(404, "NoSuchKey"));
}

#[test]
fn sources_of_copies_as_clients_write_them() {
    let bed = Bed::start();
    bed.put("a/b c", HELLO).ok();
    bed.put("a/b+c", b"plus").ok();
    let bucket = format!("{BUCKET}-{APPID}");
    let from = |source: &str| {
        bed.send(Request::new("PUT", "copy").header("x-cos-copy-source", source)).word()
    };
    let good = (200, String::new());
    for source in [
        format!("{}/a%2Fb%20c", host(BUCKET)),
        format!("{}/a/b%20c?versionId=", host(BUCKET)),
        format!("{bucket}.cos.ap-shanghai.tencentcos.cn/a/b c"),
        format!("/{bucket}/a/b%20c"),
        format!("{bucket}.localhost:9000/a/b%20c"),
    ] {
        assert_eq!(from(&source), good, "{source}");
        assert_eq!(bed.get("copy").body, HELLO, "{source}");
    }
    assert_eq!(from(&format!("{}/a/b+c", host(BUCKET))), good);
    assert_eq!(bed.get("copy").body, b"plus");
    bed.emulator.settings(|settings| settings.plus_in_copy_source_is_space = true);
    assert_eq!(from(&format!("{}/a/b+c", host(BUCKET))), good);
    assert_eq!(bed.get("copy").body, HELLO);
    assert_eq!(from("nothing"), refused(400, "InvalidCopySource"));
    assert_eq!(
        from(&format!("none-{APPID}.cos.ap-shanghai.myqcloud.com/a")),
        refused(404, "NoSuchBucket")
    );
    assert_eq!(
        from(&format!("{bucket}.cos.ap-tokyo.myqcloud.com/a")),
        refused(404, "NoSuchBucket")
    );
    // The SDK for C sends no length.
    let source = format!("{}/a/b%20c", host(BUCKET));
    let bytes = Request::new("PUT", "copy").header("x-cos-copy-source", &source).bytes();
    let bare = String::from_utf8(bytes).unwrap().replace("Content-Length: 0\r\n", "");
    let mut wire = Wire::open(bed.emulator.port());
    wire.send(bare.as_bytes()).unwrap();
    assert_eq!(wire.read().unwrap().status, 200);
}

#[test]
fn what_a_copy_refuses() {
    let bed = Bed::start();
    let tag = etag(&bed.put("a", HELLO));
    bed.put("b", b"x").ok();
    let date = bed.head("a").header("last-modified").unwrap().to_string();
    let with = |name: &str, value: &str| bed.send(copy("a", "copy").header(name, value)).word();
    let failed = refused(412, "PreconditionFailed");
    assert_eq!(with("x-cos-copy-source-If-Match", &tag).0, 200);
    assert_eq!(with("x-cos-copy-source-If-Match", "\"x\""), failed);
    assert_eq!(with("x-cos-copy-source-If-None-Match", &tag), failed);
    assert_eq!(with("x-cos-copy-source-If-Modified-Since", &date), failed);
    let earlier = "Tue, 14 Nov 2023 22:13:20 GMT";
    assert_eq!(with("x-cos-copy-source-If-Unmodified-Since", earlier), failed);
    assert_eq!(with("x-cos-meta-a", "1"), refused(400, "InvalidRequest"));
    assert_eq!(with("x-cos-metadata-directive", "Else"), refused(400, "InvalidArgument"));
    assert_eq!(with("x-cos-metadata-directive", "REPLACE").0, 200);
    bed.emulator.settings(|settings| settings.strict_directive = true);
    assert_eq!(with("x-cos-metadata-directive", "REPLACE"), refused(400, "InvalidArgument"));

    assert_eq!(bed.send(copy("a", "a")).word(), refused(400, "InvalidRequest"), "onto itself");
    let itself = copy("a", "a").header("x-cos-metadata-directive", "Replaced");
    bed.send(itself.header("x-cos-meta-new", "1")).ok();
    assert_eq!(bed.head("a").header("x-cos-meta-new"), Some("1"));

    assert_eq!(bed.send(copy("a", "b").header("x-cos-forbid-overwrite", "true")).status, 200);
    bed.emulator.settings(|settings| settings.forbid_overwrite_on_copy = true);
    let only = copy("a", "b").header("x-cos-forbid-overwrite", "true");
    assert_eq!(bed.send(only).word(), refused(409, "FileAlreadyExists"));
    bed.emulator.settings(|settings| settings.largest_put = 12);
    assert_eq!(bed.send(copy("a", "b")).word(), refused(400, "EntityTooLarge"));
    assert_eq!(bed.blobs(), 3, "a, b and copy");
}

#[test]
fn of_many_who_must_not_overwrite_one_writes() {
    let bed = Bed::start();
    let write = |number: u8| {
        let request = Request::new("PUT", "a").body([number]);
        bed.send(request.header("x-cos-forbid-overwrite", "true")).status
    };
    let statuses = thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|number| scope.spawn(move || write(number))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(200), count(409)), (1, 7));
    let winner = statuses.iter().position(|status| *status == 200).unwrap();
    assert_eq!(bed.get("a").body, [winner as u8]);
}

#[test]
fn a_source_that_is_replaced_meanwhile_is_copied_whole() {
    let bed = Bed::start();
    bed.put("source", &[0; 1000]).ok();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..60 {
                bed.put("source", &[number; 1000]).ok();
            }
        });
        while !writer.is_finished() {
            bed.send(copy("source", "copy")).ok();
            let content = bed.get("copy").ok().body;
            assert!(content.len() == 1000 && content.iter().all(|byte| *byte == content[0]));
        }
    });
    assert_eq!(bed.blobs(), 2);
}

#[test]
fn old_objects_have_no_checksum() {
    let bed = Bed::start();
    bed.emulator.settings(|settings| settings.object_crc = false);
    assert_eq!(bed.put("a", HELLO).ok().header(CRC), None);
    assert_eq!(bed.head("a").ok().header(CRC), None);
    assert_eq!(bed.get("a").ok().header(CRC), None);
    assert_eq!(bed.send(copy("a", "b")).ok().element("CRC64"), None);
}

#[test]
fn what_the_emulator_does_not_have_is_said() {
    let bed = Bed::start();
    let word = |method: &str, key: &str, param: &str| {
        bed.send(Request::new(method, key).param(param, "")).word()
    };
    let append = Request::new("POST", "a").param("append", "").param("position", "0").body("x");
    let refusal = bed.send(append.clone());
    assert_eq!(refusal.word(), refused(405, "MethodNotAllowed"));
    assert!(refusal.element("Message").unwrap().contains("appendable"));
    for (method, key, param) in [
        ("PUT", "", "cors"),
        ("GET", "", "lifecycle"),
        ("PUT", "", "versioning"),
        ("PUT", "", "acl"),
        ("POST", "a", "select"),
        ("PUT", "a", "symlink"),
    ] {
        assert_eq!(word(method, key, param), refused(501, "NotImplemented"), "{method} ?{param}");
    }
    assert_eq!(bed.send(Request::new("PATCH", "a")).word(), refused(405, "MethodNotAllowed"));
    assert_eq!(bed.send(get("a").param("versionId", "x")).word(), refused(404, "NoSuchVersion"));
    bed.put("a", HELLO).ok();
    bed.send(get("a").param("versionId", "").header("Range", "bytes=0-1")).ok();
    bed.send(get("a").param("versionId", "null")).ok();
    assert_eq!(bed.send(append).word(), refused(409, "ObjectNotAppendable"));
}

#[test]
fn lists_lag_behind_if_they_are_told_to() {
    let bed = Bed::start();
    bed.emulator.settings(|settings| settings.list_lag = 3600);
    bed.put("a", HELLO).ok();
    let keys = || bed.send(get("")).ok().elements("Key");
    assert!(keys().is_empty());
    bed.get("a").ok();
    bed.emulator.settings(|settings| settings.clock_ahead = 3601);
    let later = get("").key_time(now() + 3600, now() + 3700);
    assert_eq!(bed.send(later).ok().elements("Key"), ["a"]);
}

#[test]
fn archived_objects_are_read_after_they_were_restored() {
    let bed = Bed::start();
    let put = |key: &str, class: &str| {
        bed.send(Request::new("PUT", key).header("x-cos-storage-class", class).body(HELLO)).ok()
    };
    let restore = |key: &str, wish: &str| {
        let body = format!("<RestoreRequest>{wish}</RestoreRequest>");
        bed.send(Request::new("POST", key).param("restore", "").body(body))
    };
    let copied = |key: &str| bed.send(copy(key, "copy"));
    let told = |key: &str| bed.head(key).ok().header("x-cos-restore").map(str::to_owned);
    put("cold", "ARCHIVE");
    put("coldest", "DEEP_ARCHIVE");
    put("warm", "STANDARD_IA");

    // Only the head can be read.
    assert_eq!(told("cold"), None);
    assert_eq!(bed.get("cold").word(), refused(403, "InvalidObjectState"));
    assert_eq!(copied("cold").word(), refused(403, "InvalidObjectState"));

    bed.emulator.settings(|settings| settings.restore_s = 3600);
    let day = "<Days>1</Days>";
    assert_eq!(restore("cold", day).status, 202);
    assert_eq!(told("cold").unwrap(), "ongoing-request=\"true\"");
    assert_eq!(bed.get("cold").word(), refused(403, "InvalidObjectState"));
    assert_eq!(restore("cold", day).word(), refused(409, "RestoreAlreadyInProgress"));

    bed.emulator.settings(|settings| settings.restore_s = 0);
    assert_eq!(bed.get("cold").ok().body, HELLO);
    copied("cold").ok();
    assert_eq!(bed.head("cold").ok().header("x-cos-storage-class"), Some("ARCHIVE"));
    let first = told("cold").unwrap();
    assert!(first.starts_with("ongoing-request=\"false\", expiry-date=\""), "{first}");
    assert_eq!(restore("cold", "<Days>300</Days>").status, 200, "it is kept for longer");
    assert_ne!(told("cold").unwrap(), first);
    // What is written anew is in the archive alone.
    put("cold", "ARCHIVE");
    assert_eq!(bed.get("cold").word(), refused(403, "InvalidObjectState"));

    let tier =
        |name: &str| format!("{day}<CASJobParameters><Tier>{name}</Tier></CASJobParameters>");
    assert_eq!(restore("coldest", &tier("Expedited")).word(), refused(400, "InvalidArgument"));
    assert_eq!(restore("coldest", &tier("Slow")).word(), refused(400, "InvalidArgument"));
    assert_eq!(restore("coldest", &tier("Bulk")).status, 202);
    assert_eq!(restore("cold", &tier("Expedited")).status, 202);
    for wish in ["<Days>0</Days>", "<Days>366</Days>", "<Days>x</Days>"] {
        assert_eq!(restore("cold", wish).word(), refused(400, "InvalidArgument"), "{wish}");
    }
    assert_eq!(restore("cold", "").word(), refused(400, "MalformedXML"));
    assert_eq!(restore("warm", day).word(), refused(403, "InvalidObjectState"));
    assert_eq!(restore("none", day).word(), refused(404, "NoSuchKey"));
    let empty = Request::new("POST", "cold").param("restore", "");
    assert_eq!(bed.send(empty).word(), refused(400, "MissingRequestBodyError"));
}
