//! Who is let in, and with which code the others are refused.

mod common;

use common::*;
use cos_emulator::{Bucket, Config, Credential, Emulator};

#[test]
fn every_check_has_its_code() {
    let cos = Cos::start();
    let good = Sign::multi("/f");
    let stat =
        |sign: &str| cos.send(Ask::control("GET", "/f").query("op=stat").sign(sign)).verdict();
    assert_eq!(stat(&good.text()), (404, -197), "the good one only misses the file");

    let cases: [(&str, Sign, i64); 12] = [
        ("unknown secret id", Sign { secret_id: "NOBODY".into(), ..good.clone() }, -79),
        ("wrong key", Sign { key: "WRONG".into(), ..good.clone() }, -97),
        ("another's appid", Sign { appid: "1250000001".into(), ..good.clone() }, -62),
        ("expired", Sign { expires: now() - 1, time: now() - 10, ..good.clone() }, -96),
        ("expires this second", Sign { expires: now(), ..good.clone() }, -96),
        ("longer than 90 days", Sign { expires: now() + 7_776_001, ..good.clone() }, -96),
        (
            "signed in the future",
            Sign { time: now() + 7200, expires: now() + 9000, ..good.clone() },
            -96,
        ),
        ("once for stat", Sign { expires: 0, ..good.clone() }, -74),
        ("other bucket", Sign { bucket: "public-bucket".into(), ..good.clone() }, -61),
        ("other file", Sign { file_id: format!("/{APPID}/{BUCKET}/g"), ..good.clone() }, -63),
        ("path only", Sign { file_id: "/f".into(), ..good.clone() }, -63),
        (
            "double encoding",
            Sign { file_id: format!("/{APPID}/{BUCKET}/%2566"), ..good.clone() },
            -63,
        ),
    ];
    for (what, sign, code) in cases {
        assert_eq!(stat(&sign.text()), (403, code), "{what}");
    }
    for (what, text, code) in [
        ("empty", "", -81),
        ("not Base64", "%%%", -5998),
        ("too short", "AAAA", -5998),
        (
            "a field missing",
            &sign_plain(
                "a=1250000000&k=EXAMPLE_SECRET_ID&e=0&t=1&r=1&b=private-bucket",
                "EXAMPLE_SECRET_KEY",
            ),
            -5998,
        ),
        ("a field twice", &sign_plain("a=1&a=1&k=x&e=0&t=1&r=1&f=&b=x", "x"), -5998),
        ("not a number", &sign_plain("a=1&k=x&e=-1&t=1&r=1&f=&b=x", "x"), -5998),
    ] {
        assert_eq!(stat(text), (403, code), "{what}");
    }
    assert_eq!(cos.send(Ask::control("GET", "/f").query("op=stat")).verdict(), (403, -81));

    let accepted = [
        ("bound to nothing", Sign { file_id: String::new(), ..good.clone() }),
        ("bound to a prefix", Sign { file_id: format!("/{APPID}/{BUCKET}/"), ..good.clone() }),
        ("twenty digits of randomness", Sign { random: u64::MAX, ..good.clone() }),
        ("needlessly encoded", Sign { file_id: format!("/{APPID}/{BUCKET}/%66"), ..good.clone() }),
    ];
    for (what, sign) in accepted {
        assert_eq!(stat(&sign.text()), (404, -197), "{what}");
    }
    let php_order =
        format!("a={APPID}&b={BUCKET}&k=EXAMPLE_SECRET_ID&e={}&t={}&r=1&f=", now() + 60, now());
    assert_eq!(stat(&sign_plain(&php_order, "EXAMPLE_SECRET_KEY")), (404, -197));
}

#[test]
fn kinds_of_signature() {
    let cos = Cos::start();
    cos.upload("/f", b"x").data();
    let post = |sign: Sign, json: &str| {
        cos.send(Ask::control("POST", "/f").sign(&sign.text()).json(json)).verdict()
    };
    assert_eq!(post(Sign::multi("/f"), r#"{"op":"delete"}"#), (403, -73));
    assert_eq!(post(Sign::multi("/f"), r#"{"op":"update"}"#), (403, -73));
    let unbound = Sign { file_id: String::new(), ..Sign::once("/f") };
    assert_eq!(post(unbound, r#"{"op":"delete"}"#), (403, -76));
    let prefix = Sign { file_id: format!("/{APPID}/{BUCKET}/"), ..Sign::once("/f") };
    assert_eq!(post(prefix, r#"{"op":"delete"}"#), (403, -63), "a once-signature covers one path");
    assert_eq!(post(Sign::once("/f"), r#"{"op":"create"}"#), (403, -74));

    let move_it = r#"{"op":"move","dest_fileid":"/g"}"#;
    cos.emulator().settings(|settings| settings.multi_sign_for_move = false);
    assert_eq!(post(Sign::multi("/f"), move_it), (403, -73));
    cos.emulator().settings(|settings| settings.multi_sign_for_move = true);
    assert_eq!(post(Sign::multi("/f"), move_it), (200, 0));
}

#[test]
fn a_once_signature_works_once_even_after_a_restart() {
    let mut cos = Cos::start();
    let sign = Sign::once("/f").text();
    let delete = || Ask::control("POST", "/f").sign(&sign).json(r#"{"op":"delete"}"#);
    assert_eq!(cos.send(delete()).verdict(), (404, -197), "used up although the operation failed");
    assert_eq!(cos.send(delete()).verdict(), (403, -77));
    cos.restart();
    assert_eq!(cos.send(delete()).verdict(), (403, -77));
    cos.emulator().settings(|settings| settings.replay_protection = false);
    assert_eq!(cos.send(delete()).verdict(), (404, -197));
}

#[test]
fn codes_can_be_switched() {
    let cos = Cos::start();
    cos.emulator().settings(|settings| {
        settings.expired_is_59 = true;
        settings.unknown_secret_id_is_47 = true;
    });
    let expired = Sign { expires: now() - 1, ..Sign::multi("/f") };
    assert_eq!(
        cos.send(Ask::control("GET", "/f").query("op=stat").sign(&expired.text())).verdict(),
        (403, -59)
    );
    let unknown = Sign { secret_id: "NOBODY".into(), ..Sign::multi("/f") };
    assert_eq!(
        cos.send(Ask::control("GET", "/f").query("op=stat").sign(&unknown.text())).verdict(),
        (403, -47)
    );
}

#[test]
fn the_signature_may_be_in_the_query_raw_or_encoded() {
    let cos = Cos::start();
    // Enough signatures to meet `+`, `/` and `=`.
    for number in 0..40 {
        let sign = Sign { random: number * 7919, ..Sign::multi("/f") }.text();
        let encoded = sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for sign in [&sign, &encoded] {
            let answer = cos.send(Ask::control("GET", "/f").query(&format!("op=stat&sign={sign}")));
            assert_eq!(answer.verdict(), (404, -197), "{sign}");
        }
    }
    let ask = Ask::control("GET", "/f").query("op=stat&sign=AAAA").sign(&Sign::multi("/f").text());
    assert_eq!(cos.send(ask).verdict(), (404, -197), "the header is preferred");
}

#[test]
fn appids_own_their_keys_and_buckets() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.credentials.push(Credential {
        appid: "1250000001".into(),
        secret_id: "OTHER".into(),
        secret_key: "K".into(),
    });
    config.buckets = vec![Bucket { appid: Some("1250000001".into()), ..Bucket::private(BUCKET) }];
    let emulator = Emulator::start(config).unwrap();
    let ask = |sign: &Sign| {
        Ask::control("GET", "/f").query("op=stat").sign(&sign.text()).send(&emulator).verdict()
    };
    let other = Sign {
        appid: "1250000001".into(),
        secret_id: "OTHER".into(),
        key: "K".into(),
        ..Sign::multi("/f")
    };
    assert_eq!(ask(&other), (403, -70), "a good signature, of another appid than the URL's");
    assert_eq!(ask(&Sign::multi("/f")), (404, -133), "the bucket is the other appid's");
}
