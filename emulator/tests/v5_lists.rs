//! Lists of the XML API, and what is done with many objects at once.

mod common;

use common::{
    APPID, Answer, BUCKET,
    v5::{Bed, Request, content_md5, host},
};
use cos_emulator::{Bucket, Credential};

fn refused(status: u16, word: &str) -> (u16, String) {
    (status, word.into())
}

fn list(bed: &Bed, params: &[(&str, &str)]) -> Answer {
    let request = Request::new("GET", "");
    bed.send(params.iter().fold(request, |request, (name, value)| request.param(name, value)))
}

fn bed_of(keys: &[&str]) -> Bed {
    let bed = Bed::start();
    for key in keys {
        bed.put(key, b"x").ok();
    }
    bed
}

fn keys(answer: &Answer) -> Vec<String> {
    let entries = answer.elements("Contents").join("");
    let text = entries.split("<Key>").skip(1);
    text.map(|text| text.split("</Key>").next().unwrap().to_string()).collect()
}

fn prefixes(answer: &Answer) -> Vec<String> {
    let prefix = |entry: String| entry.replace("<Prefix>", "").replace("</Prefix>", "");
    answer.elements("CommonPrefixes").into_iter().map(prefix).collect()
}

/// Follows the markers; the keys and the common prefixes of each page.
fn pages(bed: &Bed, params: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut marker = String::new();
    let mut pages = Vec::new();
    loop {
        let page = list(bed, &[params, &[("marker", &marker)]].concat()).ok();
        pages.push([prefixes(&page), keys(&page)].concat());
        match page.element("NextMarker") {
            Some(next) => marker = next,
            None => return pages,
        }
    }
}

#[test]
fn a_list_is_in_the_order_of_bytes() {
    let bed = bed_of(&["b", "a", "Z", "é", "中", "a/", "a!", "a//b"]);
    let all = list(&bed, &[]).ok();
    assert_eq!(keys(&all), ["Z", "a", "a!", "a/", "a//b", "b", "é", "中"]);
    assert_eq!(all.element("Name").unwrap(), format!("{BUCKET}-{APPID}"));
    assert_eq!(all.element("MaxKeys").as_deref(), Some("1000"));
    assert_eq!(all.element("IsTruncated").as_deref(), Some("false"));
    for absent in ["NextMarker", "EncodingType", "Delimiter"] {
        assert_eq!(all.element(absent), None, "{absent}");
    }
    let entry = &all.elements("Contents")[0];
    for part in ["<ETag>\"9dd4e461268c8034f5c8564e155c67a6\"</ETag>", "<Size>1</Size>", "STANDARD"]
    {
        assert!(entry.contains(part), "{part}: {entry}");
    }
    assert!(all.element("LastModified").unwrap().ends_with(".000Z"));
    assert_eq!(all.header("x-cos-bucket-region"), Some("ap-shanghai"));
}

#[test]
fn pages_count_objects_and_prefixes() {
    let bed = bed_of(&["a", "b/1", "b/2", "c", "d/1", "e"]);
    assert_eq!(
        pages(&bed, &[("max-keys", "2"), ("delimiter", "/")]),
        [vec!["b/", "a"], vec!["d/", "c"], vec!["e"]]
    );
    assert_eq!(pages(&bed, &[("max-keys", "4")]), [vec!["a", "b/1", "b/2", "c"], vec!["d/1", "e"]]);
    assert_eq!(pages(&bed, &[("prefix", "b/"), ("max-keys", "1")]), [["b/1"], ["b/2"]]);
    assert_eq!(keys(&list(&bed, &[("marker", "b/1")])), ["b/2", "c", "d/1", "e"]);
    assert_eq!(keys(&list(&bed, &[("marker", "bb")])), ["c", "d/1", "e"], "no key");
    let behind = list(&bed, &[("delimiter", "/"), ("marker", "b/")]).ok();
    assert_eq!(
        (prefixes(&behind), keys(&behind)),
        (vec!["d/".into()], vec!["c".into(), "e".into()])
    );
    bed.emulator.settings(|settings| settings.marker_skips_prefix = false);
    let behind = list(&bed, &[("delimiter", "/"), ("marker", "b/")]).ok();
    assert_eq!(prefixes(&behind), ["b/", "d/"]);
    bed.emulator.settings(|settings| settings.largest_page = 3);
    assert_eq!(pages(&bed, &[("max-keys", "1000")]).len(), 2);
    let none = list(&bed, &[("max-keys", "0")]).ok();
    assert_eq!((keys(&none).len(), none.element("NextMarker")), (0, None));
    assert_eq!(list(&bed, &[("delimiter", "ab")]).word(), refused(400, "InvalidDelimiter"));
    for wrong in ["-1", "x", "1.5"] {
        assert_eq!(list(&bed, &[("max-keys", wrong)]).word(), refused(400, "InvalidArgument"));
    }
}

#[test]
fn names_are_encoded_if_that_is_asked_for() {
    let bed = bed_of(&["中 文/a+b&c<d>\"e\"\u{1}~!'()*.txt", "中 文/z"]);
    let url = list(&bed, &[("encoding-type", "url"), ("prefix", "中 文/"), ("max-keys", "1")]).ok();
    assert_eq!(
        keys(&url),
        ["%E4%B8%AD%20%E6%96%87/a%2Bb%26c%3Cd%3E%22e%22%01~%21%27%28%29%2A.txt"]
    );
    assert_eq!(url.element("EncodingType").as_deref(), Some("url"));
    assert_eq!(url.element("Prefix").as_deref(), Some("%E4%B8%AD%20%E6%96%87/"));
    assert_eq!(url.element("NextMarker"), keys(&url).pop());
    let plain = list(&bed, &[("prefix", "中 文/z")]).ok();
    assert_eq!(keys(&plain), ["中 文/z"]);
    assert_eq!(list(&bed, &[("encoding-type", "x")]).word(), refused(400, "InvalidArgument"));
}

#[test]
fn versions_are_listed_page_by_page() {
    let bed = bed_of(&["a", "b", "c"]);
    let versions = |marker: &str| {
        list(&bed, &[("versions", ""), ("max-keys", "2"), ("key-marker", marker)]).ok()
    };
    let first = versions("");
    assert_eq!(first.elements("Version").len(), 2);
    assert_eq!(first.elements("IsLatest"), ["true", "true"]);
    let next = first.element("NextKeyMarker").unwrap();
    let last = versions(&next);
    assert_eq!(last.elements("Version").len(), 1);
    assert_eq!(last.element("IsTruncated").as_deref(), Some("false"));
}

#[test]
fn buckets_are_listed_and_looked_at() {
    let bed = Bed::with(|config| {
        config.buckets.push(Bucket::private("far").region("ap-tokyo"));
        config.credentials.push(Credential {
            appid: "77".into(),
            secret_id: "OTHER".into(),
            secret_key: "EXAMPLE_SECRET_KEY".into(),
        });
        config.buckets.push(Bucket { appid: Some("77".into()), ..Bucket::private("theirs") });
    });
    let names = |host: &str, params: &[(&str, &str)]| {
        let request = Request::new("GET", "").host(host);
        let request =
            params.iter().fold(request, |request, (name, value)| request.param(name, value));
        let answer = bed.send(request).ok();
        assert!(answer.element("ID").unwrap().starts_with("qcs::cam::uin/"));
        answer.elements("Name")
    };
    let all = ["far", "private-bucket", "public-bucket"].map(|name| format!("{name}-{APPID}"));
    let service = "service.cos.myqcloud.com";
    assert_eq!(names(service, &[]), all);
    assert_eq!(names("127.0.0.1:9000", &[]), all);
    assert_eq!(names("cos.ap-tokyo.myqcloud.com", &[]), all[..1]);
    assert_eq!(names(service, &[("region", "sh")]), all[1..]);
    assert_eq!(names(service, &[("max-keys", "1"), ("marker", &all[0])]), all[1..2]);
    let mut other = Request::new("GET", "").host(service);
    other.secret_id = "OTHER".into();
    assert!(bed.send(other).ok().elements("Name").contains(&"theirs-77".into()));
    let anonymous = Request::new("GET", "").host(service).anonymous();
    assert_eq!(bed.send(anonymous).word(), refused(403, "AccessDenied"));

    let look = |bucket: &str| bed.send(Request::new("HEAD", "").host(&host(bucket)));
    let found = look(BUCKET).ok();
    assert_eq!(found.header("x-cos-bucket-region"), Some("ap-shanghai"));
    assert_eq!(look("none").status, 404);
    assert_eq!(bed.send(Request::new("HEAD", "").anonymous()).status, 403);
    let ask = |method: &str, param: &str| bed.send(Request::new(method, "").param(param, ""));
    assert!(ask("GET", "location").ok().text().contains("ap-shanghai"));
    assert!(!ask("GET", "versioning").ok().text().contains("Enabled"));
    assert_eq!(ask("GET", "acl").ok().header("x-cos-acl"), Some("private"));
    let make = |method: &str| bed.send(Request::new(method, "")).word();
    assert_eq!(make("PUT"), refused(409, "BucketAlreadyOwnedByYou"));
    bed.put("a", b"x").ok();
    assert_eq!(make("DELETE"), refused(409, "BucketNotEmpty"));
}

fn deletion(keys: &[&str], quiet: bool) -> Request {
    let object = |key: &&str| format!("<Object><Key>{key}</Key></Object>");
    let objects: String = keys.iter().map(object).collect();
    with_md5(format!("<Delete><Quiet>{quiet}</Quiet>{objects}</Delete>"))
}

fn with_md5(body: impl AsRef<[u8]>) -> Request {
    let request = Request::new("POST", "").param("delete", "");
    request.header("Content-MD5", &content_md5(body.as_ref())).body(body)
}

#[test]
fn many_are_deleted_at_once() {
    let bed = bed_of(&["a", "b&c", "中", "/lead", "stays"]);
    let answer = bed.send(deletion(&["a", "b&amp;c", "中", "missing", "/lead"], false)).ok();
    assert_eq!(answer.elements("Key"), ["a", "b&c", "中", "missing", "/lead"]);
    assert_eq!(answer.elements("Deleted").len(), 5);
    assert_eq!(keys(&list(&bed, &[])), ["/lead", "stays"], "the slash in front is a trap");
    // A version that is not there stays away from the one that is.
    let stale = "<Delete><Object><Key>stays</Key><VersionId>1</VersionId></Object></Delete>";
    assert_eq!(bed.send(with_md5(stale)).ok().elements("Code"), ["NoSuchVersion"]);
    let long = "k".repeat(851);
    let answer = bed.send(deletion(&["stays", &long], true)).ok();
    assert_eq!(answer.elements("Deleted").len(), 0);
    assert_eq!(answer.elements("Code"), ["KeyTooLong"]);
    assert_eq!(keys(&list(&bed, &[])), ["/lead"]);
}

#[test]
fn a_deletion_of_many_is_refused_as_a_whole() {
    let bed = bed_of(&["k1"]);
    let names: Vec<_> = (0..1001).map(|number| format!("k{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(bed.send(deletion(&names, true)).word(), refused(400, "MalformedXML"));
    assert_eq!(bed.send(deletion(&[], true)).word(), refused(400, "MalformedXML"));
    let mut without = deletion(&["k1"], true);
    without.headers.clear();
    assert_eq!(bed.send(without.clone()).word(), refused(400, "InvalidRequest"));
    let damaged = without.header("Content-MD5", &content_md5(b"x"));
    assert_eq!(bed.send(damaged).word(), refused(400, "BadDigest"));
    let entity = "<!DOCTYPE a [<!ENTITY x 'k1'>]><Delete><Object><Key>&x;</Key></Object></Delete>";
    assert_eq!(bed.send(with_md5(entity)).word(), refused(400, "MalformedXML"));
    let huge = vec![b' '; (1 << 20) + 1];
    assert_eq!(bed.send(with_md5(huge)).word(), refused(400, "XMLSizeLimit"));
    assert_eq!(keys(&list(&bed, &[])), ["k1"]);
    assert_eq!(bed.send(deletion(&names[..1000], true)).status, 200);
    assert!(keys(&list(&bed, &[])).is_empty());
}
