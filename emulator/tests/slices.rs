//! Uploads slice by slice.

mod common;

use common::*;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;
const SHA: &str = "2e9a2143beea54b151b9922328b9b996b921188d";
/// What Python 2 sends for [`content`].
const UPLOADPARTS: &str = r#"[{"datalen": 1048576, "datasha": "463935c7eea4ca2705d0f481ecedb31f4d0f3a96", "offset": 0}, {"datalen": 1048576, "datasha": "657c72d675f1e792607e5c0a7405f66cbdb8c290", "offset": 1048576}, {"datalen": 1048576, "datasha": "c72cf079ae1aabdb935eddd8e951cd85c572042d", "offset": 2097152}, {"datalen": 5, "datasha": "2e9a2143beea54b151b9922328b9b996b921188d", "offset": 3145728}]"#;

fn content() -> Vec<u8> {
    (0..3 * MIB + 5).map(|index| (index % 251) as u8).collect()
}

fn init_form(size: usize, slice_size: usize) -> Form {
    Form::op("upload_slice_init")
        .field("filesize", size.to_string())
        .field("slice_size", slice_size.to_string())
}

fn verified_init() -> Form {
    init_form(3 * MIB + 5, MIB).field("sha", SHA).field("uploadparts", UPLOADPARTS)
}

fn session(data: &Value) -> String {
    data["session"].as_str().unwrap().into()
}

fn data_form(session: &str, offset: usize, slice: &[u8]) -> Form {
    Form::op("upload_slice_data")
        .field("session", session)
        .field("offset", offset.to_string())
        .field("fileContent", slice)
}

fn finish_form(session: &str, size: usize) -> Form {
    Form::op("upload_slice_finish").field("session", session).field("fileSize", size.to_string())
}

#[test]
fn a_verified_upload_in_any_order_over_a_restart() {
    let mut cos = Cos::start();
    let content = content();
    let begun = cos.post_form("/big.bin", verified_init()).data();
    let id = session(&begun);
    assert_eq!(begun, json!({"session": id, "slice_size": MIB}));
    assert!(id.len() == 96 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let send = |cos: &Cos, index: usize, bytes: &[u8]| {
        cos.post_form("/big.bin", data_form(&id, index * MIB, bytes).field("sha", SHA))
    };
    let slices: Vec<&[u8]> = content.chunks(MIB).collect();
    for index in [2, 0] {
        let expected = json!({"session": id, "offset": index * MIB, "datalen": MIB});
        assert_eq!(send(&cos, index, slices[index]).data(), expected);
    }
    let mut wrong = slices[1].to_vec();
    wrong[77] ^= 1;
    assert_eq!(send(&cos, 1, &wrong).verdict(), (409, -4016));
    assert_eq!(send(&cos, 3, b"wrong").verdict(), (409, -4016));

    let stat = cos.stat("/big.bin").data();
    assert_eq!((&stat["filelen"], &stat["filesize"]), (&json!(2 * MIB), &json!(3 * MIB + 5)));
    assert_eq!(cos.download("/big.bin").status, 404);
    cos.restart();
    let list = cos.post_form("/big.bin", Form::op("upload_slice_list")).data();
    let parts = json!([{"offset": 0, "datalen": MIB}, {"offset": 2 * MIB, "datalen": MIB}]);
    let expected = json!({"session": id, "slice_size": MIB, "filesize": 3 * MIB + 5, "sha": SHA, "listparts": parts});
    assert_eq!(list, expected);

    let finish = finish_form(&id, 3 * MIB + 5);
    assert_eq!(cos.post_form("/big.bin", finish.clone()).verdict(), (400, -29094));
    let finish = finish.field("sha", SHA);
    assert_eq!(
        cos.post_form("/big.bin", finish.clone()).verdict(),
        (400, -175),
        "two slices are missing"
    );
    for index in [3, 1, 1] {
        send(&cos, index, slices[index]).data();
    }
    let other_sha = finish_form(&id, 3 * MIB + 5).field("sha", sha1(b""));
    assert_eq!(cos.post_form("/big.bin", other_sha).verdict(), (409, -4016));
    assert_eq!(
        cos.post_form("/big.bin", finish_form(&id, 5).field("sha", SHA)).verdict(),
        (400, -175)
    );
    let urls = cos.post_form("/big.bin", finish.clone()).data();
    assert_eq!(urls["access_url"], format!("http://{BUCKET}-{APPID}.file.myqcloud.com/big.bin"));
    assert_eq!(cos.post_form("/big.bin", finish).verdict(), (400, -5983), "finished for good");
    assert_eq!(send(&cos, 0, slices[0]).verdict(), (400, -5983));
    assert_eq!(cos.post_form("/big.bin", Form::op("upload_slice_list")).data()["url"], urls["url"]);
    cos.restart();
    assert_eq!(cos.download("/big.bin").body, content);
    let stat = cos.stat("/big.bin").data();
    assert_eq!(
        (&stat["sha"], &stat["filelen"], &stat["slicesize"]),
        (&json!(SHA), &json!(3 * MIB + 5), &json!(MIB))
    );
    assert_eq!(std::fs::read_dir(cos.dir.path().join("uploads")).unwrap().count(), 0);
}

#[test]
fn entries_of_one_mebibyte_verify_slices_of_other_sizes() {
    for slice_size in [512 << 10, 2 * MIB, 3 * MIB] {
        let cos = Cos::start();
        let content = content();
        let form =
            init_form(content.len(), 3 * MIB).field("sha", SHA).field("uploadparts", UPLOADPARTS);
        cos.emulator().settings(|settings| settings.slice_size = Some(slice_size as u64));
        let begun = cos.post_form("/f", form).data();
        assert_eq!(begun["slice_size"], slice_size, "what is granted, not what was asked for");
        let id = session(&begun);
        for (index, slice) in content.chunks(slice_size).enumerate() {
            let mut wrong = slice.to_vec();
            *wrong.last_mut().unwrap() ^= 1;
            let send = |bytes: &[u8]| {
                cos.post_form("/f", data_form(&id, index * slice_size, bytes).field("sha", SHA))
            };
            if slice_size >= MIB {
                assert_eq!(send(&wrong).code(), -4016, "slice {index} of {slice_size}");
            } else if index == 0 {
                send(&wrong).data();
                let finish = finish_form(&id, content.len()).field("sha", SHA);
                assert_eq!(cos.post_form("/f", finish).code(), -175);
            }
            send(slice).data();
        }
        cos.post_form("/f", finish_form(&id, content.len()).field("sha", SHA)).data();
        assert_eq!(cos.download("/f").body, content);
    }
}

#[test]
fn uploadparts_must_describe_the_file() {
    let cos = Cos::start();
    let init = |parts: &str| {
        let form = init_form(3 * MIB + 5, MIB).field("sha", SHA).field("uploadparts", parts);
        cos.post_form("/f", form).verdict()
    };
    for malformed in [
        "[",
        "{}",
        "\"x\"",
        "[1]",
        r#"[{"offset":"0","datalen":1,"datasha":"x"}]"#,
        r#"[{"offset":0}]"#,
    ] {
        assert_eq!(init(malformed), (400, -5965), "{malformed}");
    }
    for (from, to) in [
        ("\"offset\": 1048576", "\"offset\": 1048577"),
        ("\"datalen\": 5", "\"datalen\": 6"),
        ("\"offset\": 0", "\"offset\": 64"),
        ("463935c7", "463935C7"),
        ("463935c7", "463935c"),
        (SHA, "463935c7eea4ca2705d0f481ecedb31f4d0f3a96"),
    ] {
        assert_eq!(init(&UPLOADPARTS.replace(from, to)), (400, -5999), "{from} {to}");
    }
    assert_eq!(init("[]"), (400, -5999));
    let whole = format!(r#"[{{"offset":0,"datalen":{},"datasha":"{SHA}"}}]"#, 3 * MIB + 5);
    assert_eq!(init(&whole), (400, -5999), "longer than any slice");
    let endless = format!(r#"[{{"offset":0,"datalen":{},"datasha":"{SHA}"}}]"#, u64::MAX);
    assert_eq!(init(&endless), (400, -5999));
    let no_sha = init_form(3 * MIB + 5, MIB).field("uploadparts", UPLOADPARTS);
    assert_eq!(cos.post_form("/f", no_sha).verdict(), (400, -5979));
    assert_eq!(init(UPLOADPARTS), (200, 0));
}

#[test]
fn init_checks_sizes() {
    let cos = Cos::start();
    let init = |form: Form| cos.post_form("/f", form).verdict();
    assert_eq!(init(Form::op("upload_slice_init").field("slice_size", "1048576")), (400, -5971));
    assert_eq!(init(Form::op("upload_slice_init").field("filesize", "1")), (400, -5999));
    assert_eq!(
        init(Form::op("upload_slice_init").field("filesize", "-1").field("slice_size", "1048576")),
        (400, -5995)
    );
    assert_eq!(init(init_form(1, 1_000_000)), (400, -284));
    assert_eq!(init(init_form(1, 4 * MIB)), (400, -284));
    assert_eq!(init(init_form(1, 65536)), (400, -283));
    let begun = cos.post_form("/empty", init_form(0, MIB)).data();
    cos.post_form("/empty", finish_form(&session(&begun), 0)).data();
    assert_eq!(cos.stat("/empty").data()["filesize"], 0);
}

#[test]
fn slices_must_fit() {
    let cos = Cos::start();
    let id = session(&cos.post_form("/f", init_form(MIB + 10, MIB)).data());
    let send =
        |offset: usize, bytes: &[u8]| cos.post_form("/f", data_form(&id, offset, bytes)).verdict();
    assert_eq!(send(1, b"x"), (400, -4005));
    assert_eq!(send(2 * MIB, b"x"), (400, -4005));
    assert_eq!(send(0, b"short"), (400, -5991));
    assert_eq!(send(MIB, &[0; 11]), (400, -5991));
    assert_eq!(
        cos.post_form("/f", Form::op("upload_slice_data").field("fileContent", "x")).verdict(),
        (400, -95)
    );
    assert_eq!(cos.post_form("/f", data_form("00", 0, b"x")).verdict(), (400, -5983));
    assert_eq!(
        cos.post_form("/g", data_form(&id, MIB, &[0; 10])).verdict(),
        (400, -5983),
        "another file's session"
    );
    let no_content = Form::op("upload_slice_data").field("session", &id).field("offset", "0");
    assert_eq!(cos.post_form("/f", no_content).verdict(), (400, -5990));
    let md5 = data_form(&id, MIB, &[0; 10]).field("datamd5", "a63c90cc3684ad8b0a2176a6a8fe9005");
    assert_eq!(cos.post_form("/f", md5).data()["datamd5"], "a63c90cc3684ad8b0a2176a6a8fe9005");
    let md5 = data_form(&id, MIB, &[1; 10]).field("datamd5", "a63c90cc3684ad8b0a2176a6a8fe9005");
    assert_eq!(cos.post_form("/f", md5).verdict(), (409, -4016));
}

#[test]
fn unfinished_uploads_are_in_the_way_until_deleted() {
    let cos = Cos::start();
    let plain = init_form(MIB + 1, MIB);
    cos.post_form("/f", plain.clone()).data();
    assert_eq!(cos.post_form("/f", plain.clone()).verdict(), (409, -4019));
    assert_eq!(cos.post_form("/f", plain.clone().field("sha", SHA)).verdict(), (409, -4020));
    let entry = &cos.get("/", "op=list").data()["infos"][0];
    assert_eq!((&entry["filelen"], &entry["filesize"]), (&json!(0), &json!(MIB + 1)));
    assert_eq!(cos.once("/f", r#"{"op":"move","dest_fileid":"/g"}"#).verdict(), (404, -197));
    assert_eq!(cos.delete("/f").verdict(), (200, 0));
    assert_eq!(cos.post_form("/f", Form::op("upload_slice_list")).verdict(), (404, -197));

    cos.post_form("/f", plain.clone().field("sha", SHA)).data();
    assert_eq!(cos.post_form("/f", plain.clone().field("sha", SHA)).verdict(), (409, -4019));
    assert_eq!(cos.post_form("/f", plain.clone().field("sha", sha1(b""))).verdict(), (409, -4020));
    cos.upload("/f", b"small").data();
    assert_eq!(cos.post_form("/f", plain.clone()).verdict(), (409, -177));
    let id = session(&cos.post_form("/f", plain.field("insertOnly", "0")).data());
    assert_eq!(
        cos.download("/f").body,
        b"small",
        "the old content stays until the new one is finished"
    );
    cos.post_form("/f", data_form(&id, 0, &vec![1; MIB])).data();
    cos.post_form("/f", data_form(&id, MIB, &[1])).data();
    cos.post_form("/f", finish_form(&id, MIB + 1)).data();
    assert_eq!(cos.download("/f").body, vec![1; MIB + 1]);
    assert_eq!(
        cos.stat("/f").data()["sha"],
        sha1(&vec![1; MIB + 1]),
        "the digest is known although nobody sent it"
    );
    assert_eq!(std::fs::read_dir(cos.dir.path().join("blobs")).unwrap().count(), 1);
}

#[test]
fn known_content_needs_no_upload() {
    let cos = Cos::start();
    cos.upload("/one", b"hello cos\n").data();
    let init = || init_form(10, MIB).field("sha", sha1(b"hello cos\n")).field("biz_attr", "b");
    assert!(cos.post_form("/two", init()).data()["access_url"].is_string());
    assert_eq!(cos.post_form("/two", init()).verdict(), (409, -177));
    cos.delete("/one");
    assert_eq!(cos.download("/two").body, b"hello cos\n");
    assert_eq!(cos.stat("/two").data()["biz_attr"], "b");
    cos.emulator().settings(|settings| settings.instant_upload = false);
    assert!(cos.post_form("/three", init()).data()["session"].is_string());
    cos.emulator().settings(|settings| settings.instant_upload = true);
    cos.delete("/two");
    assert!(cos.post_form("/four", init()).data()["session"].is_string(), "nobody has it any more");
}

#[test]
fn a_serial_upload_insists_on_order() {
    let cos = Cos::start();
    cos.emulator().settings(|settings| settings.serial_upload = true);
    let begun = cos.post_form("/f", init_form(2 * MIB, MIB)).data();
    assert_eq!(begun["serial_upload"], 1);
    let id = session(&begun);
    let send =
        |index: usize| cos.post_form("/f", data_form(&id, index * MIB, &vec![0; MIB])).code();
    assert_eq!([send(1), send(0), send(0), send(1)], [-4005, 0, 0, 0]);
    assert_eq!(cos.post_form("/f", Form::op("upload_slice_list")).data()["serial_upload"], 1);
}

#[test]
fn of_simultaneous_inits_one_wins() {
    let cos = Cos::start();
    let init = || cos.post_form("/f", init_form(5, MIB)).code();
    let mut codes: Vec<i64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(init)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    codes.sort();
    assert_eq!(codes, [-4019, -4019, -4019, -4019, -4019, -4019, -4019, 0]);
}
