//! What browsers do with the XML API: forms, and requests from other sites.

mod common;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{
    APPID, Answer, BUCKET, now, sha1,
    v5::{Bed, Request, hmac},
};
use cos_emulator::{Credential, TemporaryKey};
use serde_json::{Value, json};

/// The fields of a form, in their order, and then its file.
#[derive(Clone)]
struct Form {
    fields: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Form {
    fn new(key: &str) -> Form {
        Form { fields: vec![("key".into(), key.into())], file: b"by a form".to_vec() }
    }

    fn field(mut self, name: &str, value: &str) -> Form {
        self.fields.push((name.into(), value.into()));
        self
    }

    fn sign(self, conditions: Value) -> Form {
        self.sign_until("2099-01-01T00:00:00.000Z", conditions)
    }

    fn sign_until(self, expiration: &str, conditions: Value) -> Form {
        let policy = json!({"expiration": expiration, "conditions": conditions}).to_string();
        let time = format!("{};{}", now() - 60, now() + 600);
        let key = hmac("EXAMPLE_SECRET_KEY", &time);
        self.field("policy", &STANDARD.encode(&policy))
            .field("q-sign-algorithm", "sha1")
            .field("q-ak", "EXAMPLE_SECRET_ID")
            .field("q-key-time", &time)
            .field("q-signature", &hmac(&key, &sha1(policy.as_bytes())))
    }

    fn request(&self) -> Request {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let head = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(format!("{head}{value}\r\n").as_bytes());
        }
        let head = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"页.txt\"\r\n\
                    Content-Type: text/plain\r\n\r\n";
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&self.file);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = Request::new("POST", "").anonymous().body(body);
        request.unsigned("Content-Type", "multipart/form-data; boundary=edge")
    }
}

fn send(bed: &Bed, form: Form) -> Answer {
    bed.send(form.request())
}

fn refused(status: u16, word: &str) -> (u16, String) {
    (status, word.into())
}

fn conditions() -> Value {
    json!([
        {"bucket": format!("{BUCKET}-{APPID}")},
        ["starts-with", "$key", "up/"],
        {"q-sign-algorithm": "sha1"},
        {"q-ak": "EXAMPLE_SECRET_ID"},
        ["content-length-range", 1, 20],
    ])
}

#[test]
fn a_form_with_a_policy_uploads() {
    let bed = Bed::start();
    let form = Form::new("up/${filename}")
        .field("Content-Type", "text/html")
        .field("x-cos-meta-a", "1")
        .field("x-cos-storage-class", "STANDARD_IA")
        .field("acl", "public-read");
    let answer = send(&bed, form.sign(conditions()));
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert!(answer.header("location").unwrap().ends_with("/up/%E9%A1%B5.txt"));
    assert!(answer.header("etag").is_some() && answer.header("x-cos-hash-crc64ecma").is_some());
    let got = bed.send(Request::new("GET", "up/页.txt").anonymous()).ok();
    assert_eq!(got.body, b"by a form");
    assert_eq!(got.header("content-type"), Some("text/html"));
    assert_eq!(got.header("x-cos-meta-a"), Some("1"));
    assert_eq!(got.header("x-cos-storage-class"), Some("STANDARD_IA"));
}

#[test]
fn a_form_says_what_it_wants_to_be_answered() {
    let bed = Bed::start();
    let with = |name: &str, value: &str| {
        send(&bed, Form::new("up/a").field(name, value).sign(conditions()))
    };
    assert_eq!(with("success_action_status", "200").status, 200);
    let created = with("success_action_status", "201");
    assert_eq!((created.status, created.element("Key").as_deref()), (201, Some("up/a")));
    for name in ["Location", "Bucket", "ETag"] {
        assert!(created.element(name).is_some(), "{name}");
    }
    let sent_on = with("success_action_redirect", "http://page.example/done?x=1");
    assert_eq!(sent_on.status, 303);
    let target = sent_on.header("location").unwrap();
    assert!(target.starts_with("http://page.example/done?x=1&bucket="), "{target}");
    assert!(target.contains("&key=up%2Fa&etag=%22"), "{target}");
    let only = Form::new("up/a").field("x-cos-forbid-overwrite", "true").sign(conditions());
    assert_eq!(send(&bed, only).word(), refused(409, "FileAlreadyExists"));
}

#[test]
fn the_policy_decides() {
    let bed = Bed::start();
    let denied = refused(403, "AccessDenied");
    let word = |form: Form| send(&bed, form).word();
    assert_eq!(word(Form::new("elsewhere/a").sign(conditions())), denied);
    assert_eq!(word(Form::new("up/a").sign(json!([{"bucket": "other-1"}]))), denied);
    let typed = json!([["eq", "$Content-Type", "image/png"]]);
    assert_eq!(
        word(Form::new("up/a").field("Content-Type", "text/html").sign(typed.clone())),
        denied
    );
    assert_eq!(word(Form::new("up/a").field("Content-Type", "image/png").sign(typed)).0, 204);
    assert_eq!(word(Form::new("up/a").sign(json!([["unknown", "$key", "up/"]]))), denied);
    let over = Form::new("up/a").sign_until("2020-01-01T00:00:00.000Z", conditions());
    let answer = send(&bed, over);
    assert_eq!(answer.word(), denied);
    assert_eq!(answer.element("Message").as_deref(), Some("Request has expired"));
    let sized = |size: usize| {
        let form = Form { file: vec![b'x'; size], ..Form::new("up/sized") };
        word(form.sign(conditions()))
    };
    assert_eq!(sized(0), refused(400, "EntityTooSmall"));
    assert_eq!(sized(21), refused(400, "EntityTooLarge"));
    assert_eq!(sized(20).0, 204);
    assert_eq!(bed.blobs(), 2);
}

#[test]
fn a_form_must_be_signed_and_whole() {
    let bed = Bed::start();
    let word = |form: Form| send(&bed, form).word();
    assert_eq!(word(Form::new("up/a")), refused(403, "AccessDenied"));
    let changed = |name: &str, value: &str| {
        let mut form = Form::new("up/a").sign(conditions());
        form.fields.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.into();
        word(form)
    };
    assert_eq!(changed("q-signature", "0"), refused(403, "SignatureDoesNotMatch"));
    assert_eq!(changed("policy", "e30="), refused(403, "SignatureDoesNotMatch"));
    assert_eq!(changed("policy", "?"), refused(403, "InvalidPolicyDocument"));
    assert_eq!(changed("q-ak", "x"), refused(403, "InvalidAccessKeyId"));
    assert_eq!(changed("q-key-time", "1;2"), refused(403, "AccessDenied"));
    let nameless = Form { fields: Vec::new(), ..Form::new("") }.sign(conditions());
    assert_eq!(word(nameless), refused(400, "InvalidArgument"));
    let good = Form::new("up/a").sign(conditions()).request();
    let text = String::from_utf8(good.body.clone()).unwrap();
    let without_file = text.replace("name=\"file\"", "name=\"else\"");
    let missing = bed.send(good.clone().body(without_file)).word();
    assert_eq!(missing, refused(400, "IncorrectNumberOfFilesInPostRequest"));
    let at = text.find("--edge\r\nContent-Disposition: form-data; name=\"file\"").unwrap();
    let file = text[at..].replace("--edge--\r\n", "");
    let two = format!("{}{file}{}", &text[..at], &text[at..]);
    let twice = bed.send(good.clone().body(two)).word();
    assert_eq!(twice, refused(400, "IncorrectNumberOfFilesInPostRequest"));
    let cut = bed.send(good.clone().body(&text[..text.len() - 20])).word();
    assert_eq!(cut, refused(400, "MalformedPOSTRequest"));
    let mut plain = good;
    plain.unsigned[0].1 = "text/plain".into();
    assert_eq!(bed.send(plain).word(), refused(400, "MalformedPOSTRequest"));
    assert_eq!(bed.blobs(), 0);
}

#[test]
fn a_form_with_a_temporary_key_needs_its_token() {
    let bed = Bed::with(|config| {
        config.temporary_keys.push(TemporaryKey {
            credential: Credential {
                appid: APPID.into(),
                secret_id: "TEMPORARY".into(),
                secret_key: "EXAMPLE_SECRET_KEY".into(),
            },
            token: "t+/=&".into(),
            expires: None,
        });
    });
    let form = |token: Option<&str>| {
        let mut form = Form::new("up/a").sign(json!([]));
        form.fields.iter_mut().find(|(name, _)| name == "q-ak").unwrap().1 = "TEMPORARY".into();
        let form = match token {
            Some(token) => form.field("x-cos-security-token", token),
            None => form,
        };
        send(&bed, form).word()
    };
    assert_eq!(form(Some("t+/=&")).0, 204);
    assert_eq!(form(Some("t")), refused(403, "InvalidAccessKeyId"));
    assert_eq!(form(None), refused(403, "InvalidAccessKeyId"));
}

#[test]
fn a_page_from_elsewhere_asks_first() {
    let bed = Bed::start();
    let ask = |origin: &str, method: &str| {
        let request = Request::new("OPTIONS", "any/key").anonymous().unsigned("Origin", origin);
        let request = request.unsigned("Access-Control-Request-Method", method);
        bed.send(request.unsigned("Access-Control-Request-Headers", "x-cos-meta-a,content-md5"))
    };
    let answer = ask("http://page.example", "PUT").ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-cos-meta-a,content-md5"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("ETag"));
    assert!(answer.header("access-control-max-age").is_some());
    let forbidden = refused(403, "AccessForbidden");
    assert_eq!(ask("http://page.example", "PATCH").word(), forbidden);
    let bare = Request::new("OPTIONS", "a").anonymous();
    assert_eq!(bed.send(bare).word(), refused(400, "InvalidRequest"));
    let from = |origin: &str| {
        let request = Request::new("PUT", "a").body("x").unsigned("Origin", origin);
        bed.send(request).ok().header("access-control-allow-origin").map(String::from)
    };
    assert_eq!(from("http://page.example").as_deref(), Some("*"));

    bed.emulator.settings(|settings| settings.cors_origins = vec!["http://page.example".into()]);
    assert_eq!(ask("http://other.example", "PUT").word(), forbidden);
    let answer = ask("http://page.example", "PUT").ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://page.example"));
    assert_eq!(from("http://page.example").as_deref(), Some("http://page.example"));
    assert_eq!(from("http://other.example"), None);
}
