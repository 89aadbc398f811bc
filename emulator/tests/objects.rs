//! What the operations do.

mod common;

use common::*;
use serde_json::{Value, json};

#[test]
fn a_file_from_upload_to_delete() {
    let mut cos = Cos::start();
    let form = Form::op("upload").field("filecontent", "hello cos\n").field("biz_attr", "属性");
    let vid = cos.post_form("/docs/a.txt", form).data()["vid"].as_str().unwrap().to_string();
    assert_eq!(vid.len(), 42);
    cos.restart();
    let stat = cos.stat("/docs/a.txt").data();
    let expected = json!({
        "access_url": format!("http://{BUCKET}-{APPID}.file.myqcloud.com/docs/a.txt"),
        "authority": "eInvalid", "biz_attr": "属性", "ctime": stat["ctime"], "custom_headers": {},
        "filelen": 10, "filesize": 10, "forbid": 0, "mtime": stat["mtime"],
        "sha": "66b3c057b9849bbc48663b58e156302ba03f72e5", "slicesize": 10,
        "source_url": format!("http://{BUCKET}-{APPID}.cossh.myqcloud.com/docs/a.txt"),
    });
    assert_eq!(stat, expected);
    assert_eq!(cos.download("/docs/a.txt").body, b"hello cos\n");
    assert_eq!(cos.delete("/docs/a.txt").verdict(), (200, 0));
    assert_eq!(cos.delete("/docs/a.txt").verdict(), (404, -197));
    assert_eq!(cos.stat("/docs/a.txt").verdict(), (404, -197));
    assert_eq!(std::fs::read_dir(cos.dir.path().join("blobs")).unwrap().count(), 0);
}

#[test]
fn overwriting_is_asked_for() {
    let cos = Cos::start();
    cos.upload("/f", b"one").data();
    assert_eq!(cos.upload("/f", b"two").verdict(), (409, -177));
    assert_eq!(cos.upload("/f", b"one").verdict(), (409, -177));
    cos.emulator().settings(|settings| settings.same_sha_is_4018 = true);
    assert_eq!(cos.upload("/f", b"one").code(), -4018);
    assert_eq!(cos.upload("/f", b"two").code(), -177);
    assert_eq!(
        cos.once("/f", r#"{"op":"update","biz_attr":"b","custom_headers":{"x-cos-meta-a":"1"}}"#)
            .code(),
        0
    );
    let over = Form::op("upload").field("filecontent", "two").field("insertOnly", "0");
    cos.post_form("/f", over).data();
    let stat = cos.stat("/f").data();
    assert_eq!(
        (&stat["biz_attr"], &stat["custom_headers"]),
        (&json!(""), &json!({})),
        "a new object"
    );
    assert_eq!(cos.download("/f").body, b"two");
    cos.create("/d/").data();
    assert_eq!(cos.upload("/d", b"x").verdict(), (409, -178));
    assert_eq!(cos.create("/f/").verdict(), (409, -178));
    cos.upload("/empty", b"").data();
    assert_eq!(cos.download("/empty").body, b"");
}

#[test]
fn an_update_changes_what_it_names_and_all_headers_at_once() {
    let cos = Cos::start();
    cos.upload("/f", b"x").data();
    let update = |json: &str| cos.once("/f", json).verdict();
    let all = r#"{"op": "update", "biz_attr": "\u5c5e\u6027", "authority": "eWRPrivate", "forbid": 2,
        "custom_headers": {"cache-control": "no-cache", "Content-Type": "text/plain", "X-Cos-Meta-A": "1"}}"#;
    assert_eq!(update(all), (200, 0));
    let headers = |expected: Value| assert_eq!(cos.stat("/f").data()["custom_headers"], expected);
    headers(
        json!({"Cache-Control": "no-cache", "Content-Type": "text/plain", "x-cos-meta-a": "1"}),
    );
    assert_eq!(update(r#"{"op":"update","biz_attr":""}"#), (200, 0));
    let stat = cos.stat("/f").data();
    assert_eq!(
        (&stat["biz_attr"], &stat["authority"], &stat["forbid"]),
        (&json!(""), &json!("eWRPrivate"), &json!(2))
    );
    headers(
        json!({"Cache-Control": "no-cache", "Content-Type": "text/plain", "x-cos-meta-a": "1"}),
    );
    assert_eq!(update(r#"{"op":"update","custom_headers":{"x-cos-meta-b":"2"}}"#), (200, 0));
    headers(json!({"x-cos-meta-b": "2"}));
    assert_eq!(update(r#"{"op":"update","custom_headers":{}}"#), (200, 0));
    headers(json!({}));
    assert_eq!(update(r#"{"op":"update"}"#), (200, 0));
    for wrong in [
        r#"{"op":"update","authority":"public"}"#,
        r#"{"op":"update","custom_headers":{"X-Other":"1"}}"#,
        r#"{"op":"update","custom_headers":{"x-cos-meta-":"1"}}"#,
        r#"{"op":"update","custom_headers":{"x-cos-meta-a":"1\r\n2"}}"#,
        r#"{"op":"update","custom_headers":{"x-cos-meta-a":1}}"#,
        r#"{"op":"update","forbid":3}"#,
    ] {
        assert_eq!(update(wrong).0, 400, "{wrong}");
    }
    headers(json!({}));
    assert_eq!(cos.once("/g", r#"{"op":"update","biz_attr":"x"}"#).verdict(), (404, -197));
}

#[test]
fn move_and_copy() {
    let cos = Cos::start();
    cos.upload("/a/f", b"one").data();
    cos.upload("/taken", b"two").data();
    cos.once("/a/f", r#"{"op":"update","biz_attr":"b"}"#);
    let go = |from: &str, op: &str, to: &str, over: &str| {
        cos.once(from, &format!(r#"{{"op":"{op}","dest_fileid":"{to}","to_over_write":{over}}}"#))
            .verdict()
    };
    assert_eq!(go("/a/f", "move", "/taken", "0"), (409, -177));
    assert_eq!(go("/a/f", "move", "/a/f", "0"), (409, -177));
    assert_eq!(go("/a/f", "move", "/a/f", "1"), (200, 0));
    assert_eq!(go("/a/f", "move", "g", "\"0\""), (200, 0), "a bare name stays in the folder");
    assert_eq!(cos.stat("/a/f").code(), -197);
    assert_eq!(cos.stat("/a/g").data()["biz_attr"], "b");
    assert_eq!(go("/a/g", "move", "/taken", "1"), (200, 0));
    assert_eq!(cos.download("/taken").body, b"one");
    assert_eq!(go("/a/g", "move", "/x", "0"), (404, -197));
    assert_eq!(go("/taken", "move", "/x/", "0"), (400, -160));
    assert_eq!(go("/taken", "move", "/../x", "0"), (400, -180));
    assert_eq!(cos.once("/taken", r#"{"op":"move"}"#).verdict(), (400, -5999));

    assert_eq!(go("/taken", "copy", "/copied", "0"), (200, 0));
    assert_eq!(go("/taken", "copy", "/copied", "0"), (409, -177));
    assert_eq!(cos.delete("/taken").code(), 0);
    assert_eq!(cos.download("/copied").body, b"one", "a copy outlives its source");
    assert_eq!(cos.stat("/copied").data()["biz_attr"], "b");
    assert_eq!(std::fs::read_dir(cos.dir.path().join("blobs")).unwrap().count(), 1);
}

#[test]
fn folders() {
    let cos = Cos::start();
    assert_eq!(cos.stat("/d/").verdict(), (404, -197));
    cos.create("/d/").data();
    assert_eq!(cos.once("/d/", r#"{"op":"update","biz_attr":"x"}"#).verdict(), (200, 0));
    let stat = cos.stat("/d/").data();
    assert_eq!(stat, json!({"biz_attr": "x", "ctime": stat["ctime"], "mtime": stat["mtime"]}));
    cos.upload("/d/f", b"x").data();
    assert_eq!(cos.delete("/d/").verdict(), (400, -173));
    cos.emulator().settings(|settings| settings.delete_non_empty_folder = true);
    assert_eq!(cos.delete("/d/").verdict(), (200, 0));
    assert_eq!(cos.stat("/d/").code(), -197, "now implicit");
    assert_eq!(cos.get("/", "op=list").data()["infos"][0]["name"], "d/", "still visible");
    assert_eq!(cos.delete("/d/").verdict(), (404, -197));
    cos.create("/deep/er/and/").data();
    assert_eq!(cos.stat("/deep/er/").code(), -197);
    assert_eq!(cos.once("/none/", r#"{"op":"update","biz_attr":"x"}"#).verdict(), (404, -197));
    assert!(cos.stat("/").data()["ctime"].is_u64());
}

fn names(data: &Value) -> Vec<String> {
    data["infos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|info| info["name"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn lists() {
    let cos = Cos::start();
    assert_eq!(
        cos.get("/", "op=list&num=199&context=").data(),
        json!({"context": "", "infos": [], "listover": true})
    );
    for path in ["/b.txt", "/a/1", "/a/2", "/a-b", "/c/d/e", "/中", "/a0"] {
        cos.upload(path, b"x").data();
    }
    cos.create("/z/").data();
    cos.create("/a/").data();
    let all = cos.get("/", "op=list").data();
    assert_eq!(names(&all), ["a-b", "a/", "a0", "b.txt", "c/", "z/", "中"]);
    let (file, folder, implicit) = (&all["infos"][0], &all["infos"][1], &all["infos"][4]);
    let mut keys: Vec<&str> = file.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort();
    assert_eq!(
        keys,
        ["access_url", "ctime", "filelen", "filesize", "mtime", "name", "sha", "source_url"]
    );
    assert_eq!(file["source_url"], format!("http://{BUCKET}-{APPID}.cossh.myqcloud.com/a-b"));
    for folder in [folder, implicit] {
        assert_eq!(folder.as_object().unwrap().len(), 3, "{folder}");
        assert!(folder["ctime"].is_u64() && folder["mtime"].is_u64());
    }
    assert_eq!(names(&cos.get("/a/", "op=list&delimiter=%2F&list_flag=1").data()), ["1", "2"]);
    assert_eq!(names(&cos.get("/a", "op=list").data()), ["a-b", "a/", "a0"]);
    assert_eq!(names(&cos.get("/a/2", "op=list").data()), ["2"]);
    assert_eq!(names(&cos.get("/", "op=list&pattern=eListDirOnly").data()), ["a/", "c/", "z/"]);
    assert_eq!(
        names(&cos.get("/", "op=list&pattern=eListFileOnly").data()),
        ["a-b", "a0", "b.txt", "中"]
    );
    assert_eq!(names(&cos.get("/", "op=list&delimiter=.").data())[3..6], ["a/2", "a0", "b."]);
    assert_eq!(cos.get("/z/", "op=list").data()["infos"], json!([]));
    assert_eq!(cos.get("/nothing/", "op=list").verdict(), (404, -197));
    assert_eq!(cos.get("/a/zzz", "op=list").data()["infos"], json!([]));

    let code = |query: &str| cos.get("/", query).code();
    assert_eq!(code("op=list&num=0"), -157);
    assert_eq!(code("op=list&num=1001"), -165);
    assert_eq!(code("op=list&num=many"), -170);
    assert_eq!(code("op=list&context=bm9uc2Vuc2U%3D"), -5999);
    assert_eq!(code("op=list&num=1000"), 0);
    cos.emulator().settings(|settings| settings.strict_list_limit = true);
    assert_eq!(code("op=list&num=200"), -165);
    assert_eq!(code("op=list&num=199"), 0);
    cos.emulator().settings(|settings| settings.legacy_list_fields = true);
    let legacy = cos.get("/", "op=list&num=2").data();
    assert_eq!(
        (&legacy["has_more"], &legacy["dircount"], &legacy["filecount"]),
        (&json!(true), &json!(3), &json!(4))
    );
}

#[test]
fn paging_gives_every_entry_once_whatever_the_page() {
    let cos = Cos::start();
    let mut expected = Vec::new();
    for number in 0..30 {
        match number % 3 {
            0 => cos.create(&format!("/p/n{number:02}/")).data(),
            1 => cos.upload(&format!("/p/n{number:02}/x"), b"x").data(),
            _ => cos.upload(&format!("/p/n{number:02}"), b"x").data(),
        };
        expected.push(format!("n{number:02}{}", if number % 3 == 2 { "" } else { "/" }));
    }
    for page in [1, 7, 29, 30, 31] {
        let mut seen = Vec::new();
        let mut context = String::new();
        loop {
            let data = cos.get("/p/", &format!("op=list&num={page}&context={context}")).data();
            assert!(names(&data).len() <= page);
            seen.extend(names(&data));
            context = data["context"].as_str().unwrap().replace('+', "%2B").replace('=', "%3D");
            assert_eq!(data["listover"].as_bool().unwrap(), context.is_empty());
            if context.is_empty() {
                break;
            }
        }
        assert_eq!(seen, expected, "page of {page}");
    }
}

/// It travels in a URL of at most 1024 bytes, beside a path that may take most of it.
#[test]
fn a_context_is_short_and_good_for_its_list_alone() {
    let mut cos = Cos::start();
    let folder = format!("/{}/", "文".repeat(80));
    for number in 0..3 {
        cos.upload(&format!("{folder}{number}{}", "件".repeat(10)), b"x").data();
    }
    let first = cos.get(&folder, "op=list&num=2").data();
    let context = first["context"].as_str().unwrap().to_owned();
    assert!(context.len() <= 32 && context.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    cos.restart();
    let query = format!("op=list&num=199&prefix=&delimiter=%2F&context={context}");
    assert_eq!(names(&cos.get(&folder, &query).data()), [format!("2{}", "件".repeat(10))]);
    assert_eq!(cos.get("/", &query).code(), -5999);
}

#[test]
fn downloads() {
    let cos = Cos::start();
    let content = b"hello cos\n";
    cos.upload("/中 f.txt", content).data();
    let at = |sign: &Sign| cos.send(Ask::download(BUCKET, "/中 f.txt").sign(&sign.text()));
    let path_only = Sign { file_id: encode("/中 f.txt"), ..Sign::multi("") };
    for sign in [
        &path_only,
        &Sign { file_id: String::new(), ..path_only.clone() },
        &Sign::multi("/中 f.txt"),
    ] {
        assert_eq!(at(sign).body, content);
    }
    for (what, sign) in [
        ("once", Sign { expires: 0, ..path_only.clone() }),
        ("expired", Sign { expires: now() - 1, ..path_only.clone() }),
        ("other path", Sign { file_id: "/x".into(), ..path_only.clone() }),
        ("wrong key", Sign { key: "x".into(), ..path_only.clone() }),
        ("other bucket", Sign { bucket: "public-bucket".into(), ..path_only.clone() }),
    ] {
        let refused = at(&sign);
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (403, Some("text/html")),
            "{what}"
        );
    }
    assert_eq!(cos.send(Ask::download(BUCKET, "/中 f.txt")).status, 403);
    assert_eq!(cos.download("/none").status, 404);
    let mut post = Ask::download(BUCKET, "/中 f.txt");
    post.method = "POST".into();
    assert_eq!(cos.send(post).status, 405);

    let update = r#"{"op":"update","authority":"eWPrivateRPublic",
        "custom_headers":{"Content-Type":"text/plain","x-cos-meta-a":"1","Content-Disposition":"inline"}}"#;
    assert_eq!(cos.once("/中 f.txt", update).code(), 0);
    let whole = cos.send(Ask::download(BUCKET, "/中 f.txt"));
    assert_eq!((whole.status, whole.body.as_slice()), (200, &content[..]), "now public");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("x-cos-meta-a", "1"),
        ("content-disposition", "inline"),
        ("accept-ranges", "bytes"),
        ("x-cos-object-type", "normal"),
        ("x-cos-storage-class", "STANDARD"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let etag = whole.header("etag").unwrap();
    assert_eq!(etag.len(), 32);
    assert!(whole.header("last-modified").unwrap().ends_with(" GMT"));
    assert!(!format!("{whole:?}").contains(&sha1(content)), "the digest is no part of a download");

    let range = |range: &str| cos.send(Ask::download(BUCKET, "/中 f.txt").header("Range", range));
    let part = range("bytes=6-8");
    assert_eq!(
        (part.status, part.body.as_slice(), part.header("content-range")),
        (206, &b"cos"[..], Some("bytes 6-8/10"))
    );
    assert_eq!(range("bytes=-4").body, b"cos\n");
    assert_eq!(range("bytes=6-").body, b"cos\n");
    let beyond = range("bytes=10-");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */10")));
    let stale =
        Ask::download(BUCKET, "/中 f.txt").header("Range", "bytes=6-8").header("If-Range", "0123");
    assert_eq!(cos.send(stale).status, 200);
    let fresh =
        Ask::download(BUCKET, "/中 f.txt").header("Range", "bytes=6-8").header("If-Range", etag);
    assert_eq!(cos.send(fresh).status, 206);
    let mut head = Ask::download(BUCKET, "/中 f.txt");
    head.method = "HEAD".into();
    let mut wire = Wire::open(cos.emulator().port());
    for _ in 0..2 {
        let head = head.on(&mut wire).unwrap();
        assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
    }
    cos.once("/中 f.txt", r#"{"op":"update","forbid":1}"#);
    assert_eq!(range("bytes=6-8").status, 403);
}

#[test]
fn public_buckets_ask_for_nothing() {
    let cos = Cos::start();
    let sign =
        Sign { bucket: "public-bucket".into(), file_id: String::new(), ..Sign::multi("") }.text();
    let target = format!("/files/v2/{APPID}/public-bucket/f");
    let form = Form::op("upload").field("filecontent", "x");
    cos.send(Ask::new("POST", target.clone()).sign(&sign).form(&form)).data();
    assert_eq!(cos.send(Ask::download("public-bucket", "/f")).body, b"x");
    assert_eq!(cos.send(Ask::download("public-bucket", "/f").query("sign=nonsense")).body, b"x");
    assert_eq!(cos.send(Ask::download("public-bucket", "/g")).status, 404);
    assert_eq!(cos.send(Ask::download("no-bucket", "/g")).status, 404);
    let once = Sign {
        bucket: "public-bucket".into(),
        file_id: format!("/{APPID}/public-bucket/f"),
        ..Sign::once("")
    };
    cos.send(
        Ask::new("POST", target)
            .sign(&once.text())
            .json(r#"{"op":"update","authority":"eWRPrivate"}"#),
    );
    assert_eq!(
        cos.send(Ask::download("public-bucket", "/f")).status,
        403,
        "private by its own authority"
    );
}

#[test]
fn a_download_gets_the_old_or_the_new_content_whole() {
    let cos = Cos::start();
    cos.upload("/f", &[0; 50_000]).data();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for byte in 1..=100 {
                let form = Form::op("upload")
                    .field("filecontent", [byte; 50_000])
                    .field("insertOnly", "0");
                cos.post_form("/f", form).data();
            }
        });
        while !writer.is_finished() {
            let answer = cos.download("/f");
            assert_eq!((answer.status, answer.body.len()), (200, 50_000));
            assert!(answer.body.iter().all(|byte| *byte == answer.body[0]));
        }
    });
    assert_eq!(cos.download("/f").body[0], 100);
}
