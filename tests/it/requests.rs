//! What only the XML API has: presigned URLs for any request, temporary keys, the list of buckets, and
//! requests that the program composes.

use std::io::{Read, Write};
use std::net::TcpStream;

use cos::client::Client;
use cos::ops::request::{self, Arguments};
use cos::ops::{file, folder, sign};
use cos_emulator::{Action, Fault};
use serde_json::{Value, json};

use support::transfers::*;
use support::{APPID, Api, BUCKET, Bed, Op, content};

/// A request about a path of the bucket.
fn arguments<'a>(method: &'a str, cos_path: &'a str) -> Arguments<'a> {
    let (bucket, cos_path) = (Some(BUCKET), Some(cos_path));
    Arguments { method, bucket, cos_path, params: None, headers: None, body: b"" }
}

fn send(client: &Client, arguments: Arguments) -> Value {
    reply(request::send(client, &arguments, None))
}

fn signed(client: &Client, method: &str, path: &str, options: Value) -> Value {
    let options = options.to_string();
    reply(sign::url(client, method, BUCKET, path, 600, Some(&options)))
}

/// Sends a request to a presigned URL without the library. Returns status, headers and body.
fn by_url(
    bed: &Bed,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut tcp = TcpStream::connect(bed.emulator.host()).unwrap();
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n{more}\
         Connection: close\r\n\r\n",
        body.len()
    );
    tcp.write_all(head.as_bytes()).unwrap();
    tcp.write_all(body).unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer.split_off(end))
}

const ODD: &str = "/文 件/a+b%41&c=(~!'*)#?;.txt";

#[test]
fn a_url_is_enough_to_upload_download_and_delete() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    let url = |method: &str, options: Value| {
        let answer = signed(&client, method, ODD, options);
        expect(&answer, 0);
        (answer["data"]["url"].as_str().unwrap().to_owned(), answer["data"]["headers"].clone())
    };
    let kind = json!({"headers": {"Content-Type": "image/png"}});
    let (put, headers) = url("put", kind);
    assert_eq!(headers, json!({"Content-Type": "image/png"}));
    assert_eq!(by_url(&bed, "PUT", &put, &[("Content-Type", "text/html")], b"x").0, 403);
    assert_eq!(by_url(&bed, "GET", &put, &[], b"").0, 403);
    assert_eq!(by_url(&bed, "PUT", &put, &[("Content-Type", "image/png")], b"picture").0, 200);
    let shown = reply(file::stat(&client, BUCKET, ODD, None));
    assert_eq!(shown["data"]["custom_headers"]["Content-Type"], "image/png");

    let named = "attachment; filename=\"文 件.txt\"";
    let params = json!({"params": {"response-content-disposition": named}});
    let (get, headers) = url("GET", params);
    assert_eq!(headers, json!({}));
    let (status, _, body) = by_url(&bed, "GET", &get, &[], b"");
    assert_eq!((status, &body[..]), (200, &b"picture"[..]));
    // What was signed can't be changed.
    let other = get.replace("attachment", "inline");
    assert_eq!(by_url(&bed, "GET", &other, &[], b"").0, 403);

    let (delete, _) = url("DELETE", json!({}));
    assert_eq!(by_url(&bed, "DELETE", &delete, &[], b"").0, 204);
    expect(&reply(file::stat(&client, BUCKET, ODD, None)), -197);
}

#[test]
fn what_can_not_be_signed_is_refused() {
    let client = Bed::new(Api::V5).client();
    for (method, path, options, argument) in [
        ("FETCH", "/a", json!({}), "method"),
        ("GET", "a", json!({}), "cos_path"),
        ("GET", "/a", json!({"params": 1}), "params"),
        ("GET", "/a", json!({"headers": {"a b": "c"}}), "headers"),
        ("PUT", "/a", json!({"headers": {"Host": "c"}}), "headers"),
        ("PUT", "/a", json!({"other": 1}), "other"),
    ] {
        let answer = signed(&client, method, path, options);
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], argument);
    }
    assert_eq!(
        reply(sign::url(&client, "GET", BUCKET, "/a", 0, None))["error"]["argument"],
        "expired"
    );
}

#[test]
fn the_json_api_says_what_it_does_not_have() {
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    expect(
        &reply(cos::ops::upload::buffer(&client, BUCKET, "/a", b"text", None, Default::default())),
        0,
    );
    let answer = signed(&client, "GET", "/a", json!({}));
    let url = answer["data"]["url"].as_str().unwrap();
    assert_eq!(by_url(&bed, "GET", url, &[], b"").2, b"text");
    for (answer, argument) in [
        (signed(&client, "PUT", "/a", json!({})), "method"),
        (signed(&client, "GET", "/a", json!({"params": {"a": "b"}})), "params"),
        (signed(&client, "GET", "/a", json!({"headers": {"a": "b"}})), "headers"),
        (send(&client, arguments("GET", "/a")), "api"),
        (reply(request::list_buckets(&client, None)), "api"),
    ] {
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], argument, "{answer}");
    }
    let failure = client.set_credentials(APPID, "id", "key", Some("token")).unwrap_err();
    assert_eq!(failure.argument_name(), Some("token"));
}

#[test]
fn buckets_are_listed() {
    let bed = Bed::new(Api::V5);
    let answer = reply(request::list_buckets(&bed.client(), None));
    expect(&answer, 0);
    let buckets = answer["data"]["buckets"].as_array().unwrap();
    let names: Vec<_> = buckets.iter().map(|bucket| bucket["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["private-bucket", "public-bucket"]);
    assert_eq!(buckets[0]["full_name"], format!("private-bucket-{APPID}"));
    assert!(buckets[0]["region"].as_str().is_some_and(|region| region.starts_with("ap-")));
    assert!(buckets[0]["ctime"].as_u64().is_some());
    // A list that breaks off is not told as the whole.
    let body = "<ListAllMyBucketsResult><IsTruncated>true</IsTruncated></ListAllMyBucketsResult>";
    bed.emulator.inject(Fault::new(Action::Reply {
        status: 200,
        content_type: "application/xml".into(),
        body: body.into(),
        size: None,
        headers: [("x-cos-request-id".to_owned(), "1".to_owned())].into(),
        execute: false,
    }));
    assert_eq!(reply(request::list_buckets(&bed.client(), None))["code"], -2);
}

#[test]
fn any_request_can_be_composed() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    let odd = Arguments {
        headers: Some(r#"{"Content-Type": "text/plain", "x-cos-meta-a": "b  c"}"#),
        body: "内容".as_bytes(),
        ..arguments("put", ODD)
    };
    let answer = send(&client, odd);
    expect(&answer, 0);
    assert_eq!(answer["data"]["status"], 200);
    assert!(answer["data"]["headers"]["etag"].as_str().unwrap().starts_with('"'));
    let answer = send(&client, arguments("GET", ODD));
    assert_eq!(answer["data"]["body"], "内容");
    assert_eq!(answer["data"]["headers"]["x-cos-meta-a"], "b  c");
    let answer = send(&client, arguments("HEAD", ODD));
    assert_eq!((&answer["code"], &answer["data"]["body"]), (&json!(0), &json!("")));

    let tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    let tagging = |method, body: &'static [u8]| Arguments {
        params: Some(r#"{"tagging": ""}"#),
        body,
        ..arguments(method, ODD)
    };
    expect(&send(&client, tagging("PUT", tags.as_bytes())), 0);
    let answer = send(&client, tagging("GET", b""));
    assert!(answer["data"]["body"].as_str().unwrap().contains("<Value>v</Value>"), "{answer}");

    // The bucket, and the account.
    let listed =
        Arguments { params: Some(r#"{"prefix": "文", "max-keys": 5}"#), ..arguments("GET", "/") };
    let answer = send(&client, Arguments { cos_path: None, ..listed });
    assert!(answer["data"]["body"].as_str().unwrap().contains("ListBucketResult"));
    let account = Arguments { bucket: None, cos_path: None, ..arguments("GET", "/") };
    let answer = send(&client, account);
    assert!(answer["data"]["body"].as_str().unwrap().contains("ListAllMyBucketsResult"));

    let bytes = Arguments { body: &[0xff, 0, 1], ..arguments("PUT", "/bytes") };
    expect(&send(&client, bytes), 0);
    let answer = send(&client, arguments("GET", "/bytes"));
    assert_eq!(answer["data"]["body_base64"], "/wAB");
    assert_eq!(answer["data"]["body"], Value::Null);
    expect(&send(&client, arguments("DELETE", "/bytes")), 0);
    let answer = send(&client, arguments("GET", "/bytes"));
    expect(&answer, -197);
    assert_eq!(answer["error"]["server_code"], "NoSuchKey");
    assert_eq!(answer["error"]["http_status"], 404);
}

#[test]
fn composed_requests_are_checked_and_repeated() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    let small = || Arguments { body: b"small", ..arguments("PUT", "/a") };
    bed.emulator.inject(Fault::new(bed.api.code(-71)).times(1));
    bed.emulator.inject(Fault::new(dropped()).times(1));
    expect(&send(&client, small()), 0);
    assert_eq!(bed.logged(Op::Upload).len(), 3);
    bed.emulator.clear_requests();
    bed.emulator.inject(bed.api.fault(Op::Download, Action::Corrupt { at: 1 }));
    expect(&send(&client, arguments("GET", "/a")), 3);
    // A post may do something twice.
    bed.emulator.inject(Fault::new(lost()).times(1));
    bed.emulator.clear_requests();
    let begun = Arguments { params: Some(r#"{"uploads": ""}"#), ..arguments("POST", "/b") };
    expect(&send(&client, begun), -3);
    assert_eq!(bed.logged(Op::Init).len(), 1);
    // What may not replace anything would find itself in the way.
    let forbids = Some(r#"{"X-Cos-Forbid-Overwrite": "true"}"#);
    let new = || Arguments { body: b"new", headers: forbids, ..arguments("PUT", "/new") };
    bed.emulator.inject(Fault::new(dropped()).times(1));
    expect(&send(&client, new()), -3);
    bed.emulator.inject(Fault::new(lost()).times(1));
    bed.emulator.clear_requests();
    expect(&send(&client, new()), -3);
    assert_eq!(bed.logged(Op::Upload).len(), 1);
    expect(&send(&client, new()), -177);
}

#[test]
fn a_success_with_an_error_in_it_is_none_unless_it_is_an_object() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    let once = Some(r#"{"retries": 0}"#);
    let error = "<Error><Code>InternalError</Code><Message>No.</Message></Error>";
    // White space comes before it, as long as it takes to find out.
    for blanks in [0, 100_000] {
        bed.emulator.inject(Fault::new(bed.api.reply(&(" ".repeat(blanks) + error))));
        let answer = reply(request::send(&client, &arguments("GET", "/a"), once));
        expect(&answer, -195);
        assert_eq!(answer["error"]["server_code"], "InternalError");
    }
    expect(&send(&client, Arguments { body: error.as_bytes(), ..arguments("PUT", "/a") }), 0);
    let answer = send(&client, arguments("GET", "/a"));
    expect(&answer, 0);
    assert_eq!(answer["data"]["body"], error);
}

#[test]
fn what_can_not_be_composed_is_refused() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    let get = || arguments("GET", "/a");
    for (arguments, argument) in [
        (arguments("", "/a"), "method"),
        (arguments("GET", "a"), "cos_path"),
        (Arguments { bucket: Some("A"), ..get() }, "bucket"),
        (Arguments { bucket: None, ..get() }, "cos_path"),
        (Arguments { params: Some("x"), ..get() }, "params"),
        (Arguments { headers: Some(r#"{"Authorization": "x"}"#), ..get() }, "headers"),
        (Arguments { headers: Some(r#"{"a": "b\r\nc: d"}"#), ..get() }, "headers"),
        (Arguments { body: b"x", ..get() }, "len"),
    ] {
        let answer = send(&client, arguments);
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], argument, "{answer}");
    }
    assert_eq!(bed.emulator.requests().len(), 0);
}

#[test]
fn temporary_keys_need_their_token() {
    let token = "temporary+token/with=&odd";
    let bed = Bed::configured(Api::V5, |config| config.temporary_keys[0].token = token.into());
    let client = bed.client();
    client.set_credentials(APPID, "TEMPORARY_ID", "TEMPORARY_KEY", Some(token)).unwrap();
    let bytes = content(3 * MIB);
    let options = json!({"slice_threshold": MIB, "slice_size": MIB}).to_string();
    let stored =
        cos::ops::upload::buffer(&client, BUCKET, "/a", &bytes, Some(&options), Default::default());
    expect(&reply(stored), 0);
    let answer = signed(&client, "GET", "/a", json!({}));
    let (status, _, body) = by_url(&bed, "GET", answer["data"]["url"].as_str().unwrap(), &[], b"");
    assert_eq!(status, 200);
    assert_same(&body, &bytes);
    // Temporary keys without their token are refused, and no message has them.
    client.set_credentials(APPID, "TEMPORARY_ID", "TEMPORARY_KEY", None).unwrap();
    let answer = reply(file::stat(&client, BUCKET, "/a", None));
    expect(&answer, -47);
    assert!(!answer.to_string().contains("TEMPORARY"), "{answer}");
}

#[test]
fn copies_go_to_other_buckets() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    expect(&upload_bytes(&client, "/文 +a.txt", b"text", json!({})), 0);
    let copy = |client: &Client, to: &str, options: Value| {
        let options = options.to_string();
        reply(file::copy(client, PUBLIC, "/文 +a.txt", to, Some(&options)))
    };
    let elsewhere = json!({"dest_bucket": BUCKET});
    expect(&copy(&client, "/文 +a.txt", elsewhere.clone()), 0);
    expect(&reply(file::stat(&client, BUCKET, "/文 +a.txt", None)), 0);
    expect(&copy(&client, "/文 +a.txt", elsewhere), -177);
    let itself = json!({"dest_bucket": format!("{PUBLIC}-{APPID}"), "overwrite": true});
    let answer = copy(&client, "/文 +a.txt", itself);
    assert_eq!(answer["error"]["argument"], "dest_path");
    let answer = copy(&client, "/b", json!({"dest_bucket": "A"}));
    assert_eq!(answer["error"]["argument"], "dest_bucket");
    expect(&copy(&client, "/b", json!({"dest_bucket": "no-such-bucket"})), -133);
    let v4 = Bed::new(Api::V4).client();
    let answer = copy(&v4, "/b", json!({"dest_bucket": BUCKET}));
    assert_eq!(answer["error"]["argument"], "dest_bucket");
}

#[test]
fn a_list_may_have_all_files_below() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    for path in ["/a/1", "/a/b/2", "/a/b/c/文", "/other"] {
        expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    }
    expect(&reply(folder::create(&client, PUBLIC, "/a/empty/", None)), 0);
    let list = |client: &Client, path: &str, options: Value| {
        reply(folder::list(client, PUBLIC, path, Some(&options.to_string())))
    };
    let names = |answer: &Value| -> Vec<String> {
        let infos = answer["data"]["infos"].as_array().unwrap().iter();
        infos.map(|info| info["name"].as_str().unwrap().to_owned()).collect()
    };
    let answer = list(&client, "/a/", json!({"recursive": true}));
    assert_eq!(names(&answer), ["1", "b/2", "b/c/文"]);
    assert_eq!(answer["data"]["listover"], true);
    let answer = list(&client, "/a/", json!({"recursive": true, "folders": true}));
    assert_eq!(names(&answer), ["1", "b/2", "b/c/文", "empty/"]);
    let answer = list(&client, "/a/", json!({"folders": true}));
    assert_eq!(answer["error"]["argument"], "folders");
    let answer = list(&client, "/a/", json!({"recursive": true, "all": true, "num": 1}));
    assert_eq!(names(&answer).len(), 3);
    let page = list(&client, "/a/", json!({"recursive": true, "num": 2}));
    let more = json!({"recursive": true, "context": page["data"]["context"]});
    assert_eq!(names(&list(&client, "/a/", more)), ["b/c/文"]);
    let answer = list(&client, "/a/", json!({"recursive": true, "delimiter": "x"}));
    assert_eq!(answer["error"]["argument"], "delimiter");
    let v4 = Bed::new(Api::V4).client();
    let answer = list(&v4, "/a/", json!({"recursive": true}));
    assert_eq!(answer["error"]["argument"], "recursive");
}
