//! The signatures of the XML API: the vectors, and everything that must not pass.

mod common;

use common::{
    APPID, BUCKET, Wire, now,
    v5::{Bed, Request, host},
};
use cos_emulator::{Bucket, Config, Credential, Emulator, TemporaryKey};
use serde_json::Value;

/// In the time of the vectors.
const THEN: u64 = 1_700_000_300;

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("v5_vectors.json")).unwrap()
}

/// An emulator that has the key and the bucket of the vectors, and their time.
fn bed_of(then: u64) -> Bed {
    let bed = Bed::with(|config| {
        config.credentials.push(Credential {
            appid: "1250000000".into(),
            secret_id: "AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0000".into(),
            secret_key: "ExampleSecretKeyExampleSecretKey00".into(),
        });
        config.buckets =
            ["mybucket", "otherbucket"].map(Bucket::private).map(|b| b.region("gz")).into();
    });
    bed.emulator.settings(|settings| settings.clock_ahead = then as i64 - now() as i64);
    bed
}

/// Sends a request as it stands and tells the error word, or nothing.
fn word(
    bed: &Bed,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "Connection: close\r\n\r\n";
    let mut wire = Wire::open(bed.emulator.port());
    wire.send(&[text.as_bytes(), body].concat()).unwrap();
    let answer = wire.read_answer(method != "HEAD").unwrap();
    let last = bed.emulator.requests().pop().unwrap();
    assert_eq!(last.status, Some(answer.status));
    last.word.unwrap_or_default()
}

fn is_signature_word(word: &str) -> bool {
    matches!(
        word,
        "SignatureDoesNotMatch" | "AccessDenied" | "InvalidAccessKeyId" | "RequestTimeTooSkewed"
    )
}

/// A vector as a request: the target, the headers and the body it needs.
fn request(vector: &Value) -> (String, String, Vec<(String, String)>, Vec<u8>) {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let percent = |text: &str| common::v5::percent(text, b"");
    let params: Vec<_> = vector["params"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value.as_str().unwrap())))
        .collect();
    let path = common::v5::percent(vector["path"].as_str().unwrap(), b"/");
    let mark = if params.is_empty() { "" } else { "?" };
    let mut headers: Vec<_> = vector["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        headers.push(("Host".into(), "mybucket-1250000000.cos.ap-guangzhou.myqcloud.com".into()));
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let time = text(&vector["key_time"]);
    headers.push((
        "Authorization".into(),
        format!(
            "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0000&q-sign-time={time}&q-key-time={time}\
             &q-header-list={}&q-url-param-list={}&q-signature={}",
            text(&vector["header_list"]),
            text(&vector["param_list"]),
            text(&vector["signature"]),
        ),
    ));
    let target = format!("{path}{mark}{}", params.join("&"));
    (text(&vector["method"]), target, headers, vec![b'x'; length])
}

#[test]
fn the_vectors_verify() {
    let bed = bed_of(THEN);
    for vector in vectors().iter().filter(|vector| vector["id"].as_str().unwrap().starts_with('S'))
    {
        let (method, target, headers, body) = request(vector);
        let word = word(&bed, &method, &target, &headers, &body);
        assert!(!is_signature_word(&word), "{}: {word}", vector["id"]);
        // One letter less and it is another request.
        let changed: Vec<_> = headers
            .iter()
            .map(|(name, value)| match name.as_str() {
                "Authorization" => (name.clone(), value.replace("q-signature=", "q-signature=0")),
                _ => (name.clone(), value.clone()),
            })
            .collect();
        let word = self::word(&bed, &method, &target, &changed, &body);
        assert_eq!(word, "SignatureDoesNotMatch", "{}", vector["id"]);
    }
}

#[test]
fn presigned_urls_verify_as_each_sdk_builds_them() {
    let bed = bed_of(THEN);
    let mut count = 0;
    for vector in vectors() {
        for url in vector["urls"].as_array().unwrap() {
            let (host, target) = url.as_str().unwrap()["https://".len()..].split_once('/').unwrap();
            let headers = [("Host".into(), host.into()), ("Content-Length".into(), "0".into())];
            let method = vector["method"].as_str().unwrap();
            let word = self::word(&bed, method, &format!("/{target}"), &headers, b"");
            assert!(matches!(word.as_str(), "" | "NoSuchKey"), "{url}: {word}");
            // The whole signature in one parameter.
            let (path, query) = target.split_once('?').unwrap();
            let of_signature = |pair: &&str| pair.starts_with("q-");
            let fields: Vec<_> = query.split('&').filter(of_signature).collect();
            let others: Vec<_> = query.split('&').filter(|pair| !of_signature(pair)).collect();
            let sign = fields.join("&").replace("%3B", ";");
            let sign = format!("sign={}", common::v5::percent(&sign, b""));
            let query =
                others.into_iter().map(String::from).chain([sign]).collect::<Vec<_>>().join("&");
            let word = self::word(&bed, method, &format!("/{path}?{query}"), &headers, b"");
            assert!(matches!(word.as_str(), "" | "NoSuchKey"), "{query}: {word}");
            count += 1;
        }
    }
    assert!(count >= 5);
}

#[test]
fn changed_requests_do_not_verify() {
    let bed = bed_of(THEN);
    let all = vectors();
    let find = |id: &str| request(all.iter().find(|vector| vector["id"] == id).unwrap());
    let mismatch = "SignatureDoesNotMatch";
    let (_, target, headers, _) = find("S01");
    assert_eq!(word(&bed, "HEAD", &target, &headers, b""), mismatch, "N01");
    let elsewhere: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.replace("mybucket", "otherbucket")))
        .collect();
    assert_eq!(word(&bed, "GET", &target, &elsewhere, b""), mismatch, "N02");
    let (_, _, headers_of_3, _) = find("S03");
    let bad = common::v5::percent("/文档/你坏.txt", b"/");
    assert_eq!(word(&bed, "GET", &bad, &headers_of_3, b""), mismatch, "N03");
    let (_, target_of_8, headers_of_8, _) = find("S08");
    let changed = target_of_8.replace("application%2Foctet-stream", "text%2Fhtml");
    assert_ne!(changed, target_of_8);
    assert_eq!(word(&bed, "GET", &changed, &headers_of_8, b""), mismatch, "N04");
    let stranger: Vec<_> =
        headers.iter().map(|(name, value)| (name.clone(), value.replace("AKID", "AKIX"))).collect();
    assert_eq!(word(&bed, "GET", &target, &stranger, b""), "InvalidAccessKeyId", "N08");
    let (_, target_of_17, headers_of_17, _) = find("S17");
    let more = format!("{target_of_17}?response-content-type=text/html");
    assert_eq!(word(&bed, "GET", &more, &headers_of_17, b""), "NoSuchKey", "N09");
    let (_, _, mut without, _) = find("S11");
    without.retain(|(name, _)| !name.eq_ignore_ascii_case("range"));
    assert_eq!(
        word(&bed, "GET", "/hello.txt", &without, b""),
        mismatch,
        "a signed header is missing"
    );
}

#[test]
fn a_mismatch_tells_what_the_server_signed() {
    let bed = Bed::start();
    let mut request = Request::new("GET", "zh+en");
    request.raw_path = Some("/zh+en".into());
    let answer = bed.send(request);
    assert_eq!(answer.word(), (403, "SignatureDoesNotMatch".into()));
    assert_eq!(answer.element("Message").unwrap(), "The Signature you specified is invalid.");
    let text = answer.element("FormatString").unwrap();
    assert!(text.starts_with("get\n/zh en\n"), "a raw + is a space: {text}");
    assert!(answer.element("StringToSign").unwrap().starts_with("sha1\n"));
    for name in ["Resource", "RequestId", "TraceId"] {
        assert!(answer.element(name).is_some(), "{name}");
    }
    assert_eq!(answer.element("RequestId").as_deref(), answer.header("x-cos-request-id"));
    assert_eq!(answer.element("TraceId").as_deref(), answer.header("x-cos-trace-id"));
}

#[test]
fn times_and_who_asks() {
    let bed = Bed::start();
    bed.put("a", b"x").ok();
    let get = || Request::new("GET", "a");
    let says = |request: Request| {
        let answer = bed.send(request);
        (answer.word(), answer.element("Message").unwrap_or_default())
    };
    let denied = |message: &str| ((403, "AccessDenied".to_string()), message.to_string());
    let now = now();
    assert_eq!(says(get().key_time(now - 100, now - 5)), denied("Request has expired"));
    assert_eq!(says(get().key_time(now + 200, now + 900)), denied("Request has expired"));
    assert_eq!(
        says(get().key_time(now + 2000, now + 2900)).0,
        (403, "RequestTimeTooSkewed".into())
    );
    bed.emulator.settings(|settings| settings.key_time_tolerance = 300);
    assert_eq!(says(get().key_time(now + 200, now + 900)).0.0, 200);
    assert_eq!(says(get().anonymous()), denied("Access Denied."));
    assert_eq!(
        says(get().anonymous().unsigned("Authorization", "q-sign-algorithm=sha1&x")),
        denied("Access Denied.")
    );
    let mut other = get();
    other.secret_key = "OTHER".into();
    assert_eq!(says(other.clone()).0, (403, "SignatureDoesNotMatch".into()));
    bed.emulator.settings(|settings| settings.denial_in_message = true);
    assert_eq!(says(other), denied("SignatureDoesNotMatch"));
    assert_eq!(says(Request::new("GET", "none")).0, (404, "NoSuchKey".into()));
    let answer = bed.send(Request::new("HEAD", "a").anonymous());
    assert_eq!((answer.status, answer.body.len()), (403, 0));
    assert!(answer.header("x-cos-trace-id").is_some());
    bed.send(get().presigned()).ok();
    let mut with_port = get().host(&format!("{}:{}", host(BUCKET), 80));
    bed.send(with_port.clone()).ok();
    with_port.host = host(BUCKET);
    let sent = String::from_utf8(with_port.bytes()).unwrap();
    let mut wire = Wire::open(bed.emulator.port());
    wire.send(sent.replace("myqcloud.com\r\n", "myqcloud.com:80\r\n").as_bytes()).unwrap();
    assert_eq!(wire.read().unwrap().status, 200, "the host may be signed without its port");
}

#[test]
fn temporary_keys_need_their_token() {
    let key = |id: &str, expires| TemporaryKey {
        credential: Credential {
            appid: APPID.into(),
            secret_id: id.into(),
            secret_key: "TEMPORARY_KEY".into(),
        },
        token: "a+/=&b".into(),
        expires,
    };
    let bed = Bed::with(|config| {
        config.temporary_keys = vec![key("TEMP", None), key("OVER", Some(now() - 1))];
    });
    bed.put("a", b"x").ok();
    let get = |id: &str| {
        let mut request = Request::new("GET", "a");
        (request.secret_id, request.secret_key) = (id.into(), "TEMPORARY_KEY".into());
        request
    };
    let token = "x-cos-security-token";
    bed.send(get("TEMP").header(token, "a+/=&b")).ok();
    bed.send(get("TEMP").unsigned(token, "a+/=&b")).ok();
    bed.send(get("TEMP").presigned().param(token, "a+/=&b")).ok();
    assert_eq!(bed.send(get("TEMP")).word(), (403, "InvalidAccessKeyId".into()));
    assert_eq!(bed.send(get("TEMP").header(token, "x")).word(), (403, "InvalidAccessKeyId".into()));
    assert_eq!(bed.send(get("OVER").header(token, "a+/=&b")).word(), (400, "ExpiredToken".into()));
    bed.emulator.settings(|settings| settings.expired_token_is_403 = true);
    assert_eq!(bed.send(get("OVER").header(token, "a+/=&b")).word(), (403, "ExpiredToken".into()));
}

#[test]
fn hosts_name_buckets_and_regions() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.buckets.push(Bucket::private("far").region("ap-tokyo"));
    let bed = Bed { emulator: Emulator::start(config).unwrap(), dir };
    bed.put("a", b"x").ok();
    let at = |host: &str, key: &str| bed.send(Request::new("GET", key).host(host)).word();
    let fine = (200, String::new());
    let missing = (404, "NoSuchBucket".to_string());
    let bucket = format!("{BUCKET}-{APPID}");
    for host in [
        format!("{bucket}.cos.ap-shanghai.tencentcos.cn"),
        format!("{bucket}.cos.accelerate.myqcloud.com"),
        format!("{bucket}.cos-internal.ap-shanghai.tencentcos.cn"),
        format!("{bucket}.localhost:9000"),
    ] {
        assert_eq!(at(&host, "a"), fine, "{host}");
    }
    assert_eq!(at("cos.ap-shanghai.myqcloud.com", &format!("{bucket}/a")), fine);
    assert_eq!(at("127.0.0.1:9000", &format!("{bucket}/a")), fine);
    assert_eq!(at(&format!("{bucket}.cos.ap-tokyo.myqcloud.com"), "a"), missing);
    assert_eq!(at(&format!("far-{APPID}.cos.ap-shanghai.myqcloud.com"), "a"), missing);
    assert_eq!(at(&format!("far-{APPID}.cos.ap-tokyo.myqcloud.com"), "a").1, "NoSuchKey");
    assert_eq!(at(&format!("none-{APPID}.cos.ap-tokyo.myqcloud.com"), "a"), missing);
    let nameless = bed.send(Request::new("GET", "a").host("far.cos.ap-tokyo.myqcloud.com"));
    assert_eq!(nameless.word(), (400, "InvalidRequest".into()));
    assert!(nameless.text().contains("Appid"));
    bed.emulator.settings(|settings| settings.wrong_region_is_301 = true);
    let moved =
        bed.send(Request::new("GET", "a").host(&format!("far-{APPID}.cos.sh.myqcloud.com")));
    assert_eq!(moved.word(), (301, "PermanentRedirect".into()));
    assert!(moved.header("location").unwrap().contains("ap-tokyo"));
    bed.emulator.settings(|settings| settings.default_bucket = Some(bucket));
    assert_eq!(at("127.0.0.1:9000", "a"), fine);
}
