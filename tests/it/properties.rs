//! What holds for whatever a program or a server comes up with.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cos::account::Account;
use cos::client::Client;
use cos::ops::{file, sign as signing};
use cos::options::Options;
use cos::path::{Bucket, FilePath, FolderPath, encode, encode_query};
use cos::protocol::contract::Place;
use cos::protocol::v4::sign::{self, Kind};
use cos::protocol::v4::{RULES, reply};
use cos::reply::json;
use cos::reply::secrets::Secrets;
use proptest::prelude::*;

/// Text that is likely to be a path: every kind of character that a name may have, and some that
/// it may not.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[a-zA-Z0-9._~ -]{1,12}",
        "[%&=+#;,@!'()\\[\\]{}$^`/]{1,6}",
        "[\u{80}-\u{2fff}]{1,8}",
        "\\PC{1,10}",
        any::<String>(),
    ];
    prop::collection::vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// JSON-like text, which gets further into a parser than noise does.
fn jsonish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("\"code\":0,".to_owned()),
        Just("\"data\":".to_owned()),
        Just("\"timeout_ms\":".to_owned()),
        "[0-9eE.+-]{1,20}",
        "\"[a-z\\\\u0-9]{0,6}\"",
        "[:, \\n]",
        any::<String>(),
    ];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat()),
    ]
}

/// The inverse of percent-encoding, written without a look at the library's encoder.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let hex = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn client() -> Client {
    Client::new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", Some("sh"), None).unwrap()
}

/// The text under a signature.
fn plain(signature: &str) -> String {
    let bytes = BASE64_STANDARD.decode(signature).unwrap();
    String::from_utf8(bytes[20..].to_vec()).unwrap()
}

/// The value of `f`.
fn file_id(signature: &str) -> String {
    let plain = plain(signature);
    let (_, from) = plain.split_once("&f=").unwrap();
    from.split_once("&b=").unwrap().0.to_owned()
}

fn is_bare(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// URL and signature spell a path alike, in ASCII, and it can be read back.
    #[test]
    fn one_spelling_for_url_and_signature(text in path()) {
        if let Ok(path) = FilePath::new("cos_path", &text, &RULES) {
            let client = client();
            let bucket = Bucket::new("mybucket").unwrap();
            let account = Account::new("1250000000", "id", "key").unwrap();
            let at = Place { bucket: &bucket, path: &path };
            let url = client.snapshot().service.object_url(at);
            let signed = |kind| file_id(&sign::sign(&account, at, kind, 1));
            let multi = signed(Kind::Multi(2_000_000_000));
            let once = signed(Kind::Once);
            let download = signed(Kind::Download(2_000_000_000));

            let host = "https://mybucket-1250000000.cossh.myqcloud.com";
            let in_url = url.strip_prefix(host).unwrap();
            prop_assert_eq!(in_url, path.encoded());
            prop_assert_eq!(&download, path.encoded());
            prop_assert_eq!(&multi, &format!("/1250000000/mybucket{}", path.encoded()));
            prop_assert_eq!(&once, &multi);
            prop_assert_eq!(decode(in_url), text);
            prop_assert!(is_bare(&url), "{}", url);
        }
    }

    /// A path can't end its place in a signature, a URL or a header and begin something else.
    #[test]
    fn nothing_escapes_from_a_path(text in path()) {
        let client = client();
        if let Ok(answer) = signing::download(&client, "mybucket", &text, 60) {
            let reply: serde_json::Value = serde_json::from_str(&answer.json).unwrap();
            let data = |key: &str| reply["data"][key].as_str().unwrap();
            let (url, sign) = (data("url"), data("sign"));
            prop_assert!(is_bare(url) && is_bare(sign));
            prop_assert_eq!(url.matches(['?', '#', '&']).count(), 1, "{}", url);
            let plain = plain(sign);
            let key = |pair: &'_ str| pair.split('=').next().unwrap().to_owned();
            let keys: Vec<_> = plain.split('&').map(key).collect();
            prop_assert_eq!(keys, ["a", "k", "e", "t", "r", "f", "b"]);
        }
    }

    /// No accepted path has a segment that a server or a proxy would take for something else.
    #[test]
    fn accepted_paths_are_plain(text in path()) {
        if let Ok(path) = FilePath::new("cos_path", &text, &RULES) {
            for segment in path.as_str()[1..].split('/') {
                prop_assert!(!segment.trim().is_empty() && segment != "." && segment != "..");
            }
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(FolderPath::new("cos_path", &text, &RULES).is_err());
            prop_assert!(path.encoded().len() <= 1024);
        }
    }

    #[test]
    fn encodings_can_be_read_back(text in any::<String>()) {
        prop_assert_eq!(decode(&encode(&text)), text.clone());
        prop_assert_eq!(decode(&encode_query(&text)), text.clone());
        prop_assert!(is_bare(&encode(&text)) && is_bare(&encode_query(&text)));
        prop_assert!(!encode_query(&text).contains(['&', '=', '/', '?', '#', '+']));
    }

    /// Line breaks and NUL don't pass into anything that becomes part of a head.
    #[test]
    fn no_breaks_in_heads(
        before in "[ -~]{0,8}",
        bad in prop_oneof![Just('\r'), Just('\n'), Just('\0')],
        after in "[ -~]{0,8}",
    ) {
        let text = format!("{before}{bad}{after}");
        let option = |key: &str| serde_json::json!({key: text}).to_string();
        prop_assert!(Bucket::new(&text).is_err());
        let (file, folder) = (format!("/{text}"), format!("/{text}/"));
        prop_assert!(FilePath::new("cos_path", &file, &RULES).is_err());
        prop_assert!(FolderPath::new("cos_path", &folder, &RULES).is_err());
        let folder = FolderPath::new("cos_path", "/d/", &RULES).unwrap();
        prop_assert!(folder.with_prefix(&text, &RULES).is_err());
        prop_assert!(Client::new(&text, "id", "key", Some("sh"), None).is_err());
        prop_assert!(Client::new("1", &text, "key", Some("sh"), None).is_err());
        prop_assert!(Client::new("1", "id", &text, Some("sh"), None).is_err());
        prop_assert!(Client::new("1", "id", "key", Some(&text), None).is_err());
        for key in ["scheme", "hostname", "download_hostname", "proxy", "user_agent"] {
            prop_assert!(Client::new("1", "id", "key", Some("sh"), Some(&option(key))).is_err());
        }
        for key in ["content_type", "cache_control", "content_disposition", "content_encoding",
                    "content_language", "x-cos-meta-a"] {
            let failure = file::update(&client(), "mybucket", "/f", Some(&option(key))).unwrap_err();
            prop_assert_eq!(failure.argument_name(), Some(key));
        }
    }

    /// Options are an object with known keys, or refused; a message about them has one line.
    #[test]
    fn options_never_panic(text in jsonish()) {
        if let Ok(mut options) = Options::parse(Some(&text)) {
            let is_object = text.trim_start().starts_with('{');
            prop_assert!(is_object);
            let _ = options.integer("timeout_ms", 1..=10);
            let _ = options.flag("all");
            let _ = options.text("prefix");
            let _ = options.finish();
        }
        if let Err(failure) = Client::new("1", "id", "key", Some("sh"), Some(&text)) {
            prop_assert_eq!(failure.code(), -1);
            prop_assert!(!failure.message().contains(['\n', '\r', '\0']), "{}", failure.message());
        }
    }

    #[test]
    fn replies_never_panic(status in 100u16..600, bytes in prop_oneof![
        any::<Vec<u8>>(),
        jsonish().prop_map(String::into_bytes),
    ]) {
        match reply::parse(status, bytes, &Secrets::new([])) {
            Ok(reply) => prop_assert_eq!(reply.code, 0),
            Err(failure) => {
                prop_assert_eq!(failure.http_status(), Some(status));
                prop_assert!(failure.code() == -2 || failure.is_from_server() && failure.code() < 0);
            }
        }
    }

    /// What a pointer leads to is JSON itself.
    #[test]
    fn pointers_never_panic(text in jsonish(), pointer in "(/[~a-z0-9]{0,4}){0,4}|\\PC{0,8}") {
        if let Some(found) = json::at(&text, &pointer) {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(found).is_ok());
        }
        let elements = json::elements(&text, &pointer);
        prop_assert_eq!(json::length(&text, &pointer), elements.map(|elements| elements.len()));
        let _ = json::with_field(&text, &pointer, "1");
    }

    /// The scanner takes for JSON what another parser takes for JSON, and nothing else.
    #[test]
    fn json_is_what_others_call_json(
        noise in jsonish(),
        at in 0usize..56,
        odd in prop_oneof!["[\\[\\]{}\",:0-9eE.+ tfn\\\\u-]", "\\PC", "[\\x00-\\x1f]"],
    ) {
        let good = r#"{"a":[10,-2.5e+3,"x\u00e9\n",true,null,{}],"b":{"c":""}}"#;
        let replaced = format!("{}{odd}{}", &good[..at], &good[at + 1..]);
        for text in [good, noise.as_str(), replaced.as_str()] {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            prop_assert_eq!(json::members(text).is_some(), theirs, "{:?}", text);
        }
    }

    /// A pointer that is built from a value's place leads to the value.
    #[test]
    fn pointers_lead_where_they_say(keys in prop::collection::vec("\\PC{0,6}", 1..5), value: i64) {
        let mut text = value.to_string();
        let mut pointer = String::new();
        for key in &keys {
            text = format!("[null,{{{}: {text}}}]", serde_json::Value::from(key.as_str()));
            let escaped = key.replace('~', "~0").replace('/', "~1");
            pointer = format!("/1/{escaped}{pointer}");
        }
        let found = json::at(&text, &pointer).map(str::to_owned);
        prop_assert_eq!(found, Some(value.to_string()));
    }

    /// Whatever is accepted ends after now and within 90 days.
    #[test]
    fn expiries_are_near(
        expired: i64,
        near in -10_000_000i64..10_000_000,
        now in 0u64..4_000_000_000,
    ) {
        for expired in [expired, near, (now as i64).saturating_add(near)] {
            if let Ok(end) = signing::expiry(expired, now) {
                prop_assert!(end > now && end - now <= 7_776_000);
            }
        }
    }
}
