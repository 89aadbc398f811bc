//! The requests of the official SDKs, byte by byte, and malformed ones.

mod common;

use std::{io::Read, time::Duration};

use common::*;

const BODY_SHA: &str = "66b3c057b9849bbc48663b58e156302ba03f72e5";
const CONTENT: &[u8] = b"hello cos\n";

fn upload(cos: &Cos, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
    cos.send(Ask::control("POST", path).sign(&Sign::multi(path).text()).body(content_type, body))
}

fn stored(cos: &Cos, path: &str) {
    let data = cos.stat(path).data();
    assert_eq!(
        (data["sha"].as_str(), data["filesize"].as_u64()),
        (Some(BODY_SHA), Some(10)),
        "{path}"
    );
}

#[test]
fn python_names_a_file_in_every_part() {
    let cos = Cos::start();
    let path = "/a b/中~+%&.txt";
    let boundary = "e294a07cb396c27f505d58663209a317";
    let mut body = Vec::new();
    for (name, value) in [
        ("insertOnly", "0"),
        ("sha", BODY_SHA),
        ("biz_attr", ""),
        ("filecontent", "hello cos\n"),
        ("op", "upload"),
    ] {
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let data =
        upload(&cos, path, &format!("multipart/form-data; boundary={boundary}"), body).data();
    assert_eq!(data["resource_path"], format!("/{APPID}/{BUCKET}{path}"));
    let encoded = "/a%20b/%E4%B8%AD~%2B%25%26.txt";
    assert_eq!(data["access_url"], format!("http://{BUCKET}-{APPID}.file.myqcloud.com{encoded}"));
    assert_eq!(data["source_url"], format!("http://{BUCKET}-{APPID}.cossh.myqcloud.com{encoded}"));
    assert_eq!(
        data["url"],
        format!("http://sh.file.myqcloud.com/files/v2/{APPID}/{BUCKET}{encoded}")
    );
    stored(&cos, path);

    let target = format!(
        "/files/v2/{APPID}/{BUCKET}{encoded}?to_over_write=0&dest_fileid=%2F%E4%B8%AD%2Fb+c.txt&op=move"
    );
    let answer = cos.send(Ask::new("POST", target).sign(&Sign::once(path).text()));
    assert_eq!(answer.verdict(), (200, 0));
    assert!(answer.json().get("data").is_none());
    stored(&cos, "/中/b c.txt");
}

#[test]
fn java_declares_text_and_capitalises_the_content() {
    let cos = Cos::start();
    let body = [
        "--J\r\nContent-Disposition: form-data; name=\"op\"\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nupload\r\n",
        "--J\r\nContent-Disposition: form-data; name=\"biz_attr\"\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n属性\r\n",
        "--J\r\nContent-Disposition: form-data; name=\"fileContent\"\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\nhello cos\n\r\n--J--\r\n",
    ]
    .concat();
    upload(&cos, "/j", "multipart/form-data; boundary=J; charset=UTF-8", body.into()).data();
    stored(&cos, "/j");
    assert_eq!(cos.stat("/j").data()["biz_attr"], "属性");

    let headers =
        r#"{"op":"update","custom_headers":"{\"x-cos-meta-a\":\"1\"}","to_over_write":"0"}"#;
    assert_eq!(cos.once("/j", headers).code(), 0);
    assert_eq!(cos.stat("/j").data()["custom_headers"], serde_json::json!({"x-cos-meta-a": "1"}));
    let list = Ask::control("POST", "/j")
        .sign(&Sign::multi("/j").text())
        .json(r#"{"op":"upload_slice_list"}"#);
    assert!(cos.send(list).data()["access_url"].is_string());
    let encoded = Ask::new("GET", format!("/files/v2/{APPID}/{BUCKET}/%7Ea%2Ab?op=stat"));
    let sign = Sign { file_id: format!("/{APPID}/{BUCKET}/%7Ea*b"), ..Sign::multi("") };
    assert_eq!(cos.send(encoded.sign(&sign.text())).code(), -197);
}

#[test]
fn dot_net_begins_with_an_empty_line_and_lower_case_escapes() {
    let cos = Cos::start();
    let body = b"\r\n--N\r\nContent-Disposition: form-data; name=\"op\"\r\n\r\nupload\
        \r\n--N\r\nContent-Disposition: form-data; name=\"fileContent\"; filename=\"x.txt\"\r\nContent-Type: application/octet-stream\r\n\r\nhello cos\n\r\n--N--\r\n";
    let target = format!("/files/v2/{APPID}/{BUCKET}/%e4%b8%ad%2b");
    let sign = Sign { file_id: format!("/{APPID}/{BUCKET}/%e4%b8%ad%2b"), ..Sign::multi("") };
    let ask = Ask::new("POST", target)
        .sign(&sign.text())
        .body("multipart/form-data; boundary=N", body.to_vec());
    cos.send(ask).data();
    stored(&cos, "/中+");
}

#[test]
fn curl_waits_for_100_continue() {
    let cos = Cos::start();
    let body = b"--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"op\"\r\n\r\nupload\
        \r\n--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"filecontent\"; filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\nhello cos\n\
        \r\n--------------------------d74496d66958873e--\r\n";
    let mut ask = Ask::control("POST", "/curl")
        .sign(&Sign { file_id: String::new(), ..Sign::multi("") }.text())
        .header("Method", "POST")
        .header("Expect", "100-continue")
        .body(
            "multipart/form-data; boundary=------------------------d74496d66958873e",
            body.to_vec(),
        );
    let bytes = ask.bytes();
    let (head, rest) = bytes.split_at(bytes.len() - body.len());
    let mut wire = Wire::open(cos.emulator().port());
    wire.send(head).unwrap();
    assert_eq!(wire.read_head().unwrap().0, 100);
    wire.send(rest).unwrap();
    wire.read().unwrap().data();
    stored(&cos, "/curl");

    ask.headers.retain(|(name, _)| name != "Expect");
    let mut chunked = format!(
        "POST {} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n",
        ask.target.replace("curl", "chunked")
    );
    for (name, value) in &ask.headers {
        chunked += &format!("{name}: {value}\r\n");
    }
    wire.send(format!("{chunked}\r\n").as_bytes()).unwrap();
    for piece in body.chunks(7) {
        wire.send(format!("{:x}\r\n", piece.len()).as_bytes()).unwrap();
        wire.send(piece).unwrap();
        wire.send(b"\r\n").unwrap();
    }
    wire.send(b"0\r\n\r\n").unwrap();
    wire.read().unwrap().data();
    stored(&cos, "/chunked");
    let connections: Vec<u64> =
        cos.emulator().requests().iter().map(|record| record.connection).collect();
    assert_eq!(connections[0], connections[2], "both uploads came over the first connection");
}

#[test]
fn the_browser_signs_in_the_query_and_sends_forms_for_everything() {
    let cos = Cos::start();
    let post = |path: &str, sign: Sign, form: Form| {
        let sign = sign.text().replace('+', "%2B").replace('=', "%3D").replace('/', "%2F");
        cos.send(Ask::control("POST", path).query(&format!("sign={sign}")).form(&form))
    };
    assert_eq!(post("/d/", Sign::multi("/d/"), Form::op("create").field("biz_attr", "")).code(), 0);
    assert_eq!(post("/d/", Sign::once("/d/"), Form::op("update").field("biz_attr", "b")).code(), 0);
    assert_eq!(cos.stat("/d/").data()["biz_attr"], "b");
    cos.upload("/d/f", CONTENT).data();
    let headers = Form::op("update")
        .field("custom_headers", r#"{"Cache-Control":"no-cache"}"#)
        .field("authority", "eWRPrivate");
    assert_eq!(post("/d/f", Sign::once("/d/f"), headers).code(), 0);
    assert_eq!(cos.stat("/d/f").data()["custom_headers"]["Cache-Control"], "no-cache");
    let moved = Form::op("move").field("dest_fileid", "e/g").field("to_over_write", "0");
    assert_eq!(post("/d/f", Sign { file_id: String::new(), ..Sign::multi("") }, moved).code(), 0);
    stored(&cos, "/d/e/g");
    assert_eq!(post("/d/e/g", Sign::once("/d/e/g"), Form::op("delete")).code(), 0);
}

#[test]
fn malformed_requests() {
    let cos = Cos::start();
    let form = |form: Form| cos.post_form("/f", form).verdict();
    assert_eq!(form(Form::op("upload")), (400, -5990));
    assert_eq!(form(Form::op("fly")), (400, -5964));
    assert_eq!(form(Form::default().field("filecontent", "x")), (400, -5980));
    assert_eq!(
        form(Form::op("upload").field("filecontent", "x").field("insertOnly", "True")),
        (400, -5999)
    );
    assert_eq!(
        form(Form::op("upload").field("filecontent", "x").field("biz_attr", [0xff])),
        (400, -147)
    );
    assert_eq!(form(Form::op("upload").field("filecontent", "x").field("sha", "123")), (400, -168));
    assert_eq!(
        form(Form::op("upload").field("filecontent", "x").field("sha", BODY_SHA)),
        (409, -4016)
    );
    assert_eq!(form(Form::op("stat")), (400, -5996), "stat is a GET");
    assert_eq!(
        cos.get("/f", "op=delete").verdict(),
        (403, -73),
        "the signature is looked at first"
    );
    assert_eq!(
        cos.send(Ask::control("GET", "/f").query("op=delete").sign(&Sign::once("/f").text()))
            .code(),
        -5996
    );
    let put = Ask::control("PUT", "/f").query("op=stat").sign(&Sign::multi("/f").text());
    assert_eq!(cos.send(put).code(), -5996);

    let signed = |content_type: &str, body: &str| {
        cos.send(Ask::control("POST", "/f").sign(&Sign::once("/f").text()).body(content_type, body))
            .verdict()
    };
    assert_eq!(signed("application/json", "{\"op\": "), (400, -5975));
    assert_eq!(signed("application/json", "[]"), (400, -5975));
    assert_eq!(signed("application/json; charset=utf-8", r#"{"op":"delete"}"#), (404, -197));
    assert_eq!(signed("text/plain", r#"{"op":"delete"}"#), (400, -5993));
    assert_eq!(signed("multipart/form-data", "--x"), (400, -5993), "no boundary");
    assert_eq!(
        signed(
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"op\"\r\n\r\nde"
        ),
        (400, -5993)
    );
    assert_eq!(signed("multipart/form-data; boundary=x", "nothing"), (400, -5993));

    let too_large = vec![0; (20 << 20) + 1];
    assert_eq!(cos.upload("/f", &too_large).verdict(), (400, -285));
    cos.upload("/f", &too_large[1..]).data();
}

#[test]
fn paths_and_buckets() {
    let cos = Cos::start();
    let get = |target: &str, sign: &str| {
        cos.send(Ask::new("GET", format!("{target}?op=stat")).sign(sign)).verdict()
    };
    let any = |bucket: &str| {
        Sign { file_id: String::new(), bucket: bucket.into(), ..Sign::multi("") }.text()
    };
    assert_eq!(get(&format!("/files/v2/{APPID}/{BUCKET}"), &any(BUCKET)), (400, -164));
    assert_eq!(get(&format!("/files/v2/{APPID}"), &any(BUCKET)), (400, -163));
    assert_eq!(get(&format!("/files/v2/{APPID}//f"), &any(BUCKET)), (400, -163));
    assert_eq!(get("/files/v2/x/b/f", &any(BUCKET)), (400, -162));
    assert_eq!(get(&format!("/files/v2/{APPID}/nobucket/f"), &any("nobucket")), (404, -133));
    assert_eq!(get(&format!("/files/v2/{APPID}/No_Bucket/f"), &any("No_Bucket")), (400, -199));
    let in_bucket = |path: &str| get(&format!("/files/v2/{APPID}/{BUCKET}{path}"), &any(BUCKET));
    assert_eq!(in_bucket("/%ff"), (400, -147));
    for illegal in ["/a//b", "//a", "/a/../b", "/./a", "/a/..", "/a%00b", "/a%0Ab"] {
        assert_eq!(in_bucket(illegal), (400, -180), "{illegal}");
    }
    for legal in ["/a...b", "/...", "/a%3Ab%2A%3F", "/%20a%20"] {
        assert_eq!(in_bucket(legal), (404, -197), "{legal}");
    }
    assert_eq!(cos.upload("/f/", b"x").verdict(), (400, -160));
    assert_eq!(cos.create("/f").verdict(), (400, -161));
    for root in
        [cos.create("/"), cos.delete("/"), cos.once("/", r#"{"op":"update","biz_attr":"x"}"#)]
    {
        assert_eq!(root.verdict(), (400, -180));
    }
    let nowhere = cos.send(Ask::new("GET", "/files/v3/x".into()));
    assert_eq!((nowhere.status, nowhere.header("content-type")), (404, Some("text/html")));
    let long = cos.send(Ask::control("GET", &format!("/{}", "x".repeat(1000))).query("op=stat"));
    assert_eq!((long.status, long.header("content-type")), (414, Some("text/html")));
    let elsewhere = Ask::control("GET", "/f")
        .query("op=stat")
        .sign(&Sign::multi("/f").text())
        .host("gz.file.myqcloud.com");
    let elsewhere = cos.send(elsewhere);
    assert_eq!((elsewhere.status, elsewhere.header("content-type")), (403, Some("text/html")));
}

#[test]
fn the_envelope() {
    let cos = Cos::start();
    let answer = cos.create("/d/");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("server"), Some("tencent-cos"));
    let date = answer.header("date").unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    let body = answer.json();
    assert_eq!(body["message"], "SUCCESS");
    assert!(body["request_id"].is_string() && body["data"]["ctime"].is_u64());
    let again = cos.create("/d/").json();
    assert_eq!(
        (again["code"].as_i64(), again["message"].as_str()),
        (Some(-178), Some("ERROR_CMD_COS_PATH_CONFLICT"))
    );
    assert!(again.get("data").is_none() && again["request_id"] != body["request_id"]);
    cos.emulator().settings(|settings| settings.request_id = false);
    assert!(cos.stat("/d/").json().get("request_id").is_none());
}

#[test]
fn stopping_closes_connections_and_frees_the_directory() {
    let mut cos = Cos::start();
    let mut idle = Wire::open(cos.emulator().port());
    Ask::control("GET", "/f").query("op=stat").on(&mut idle).unwrap();
    cos.restart();
    idle.0.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(matches!(idle.0.read(&mut [0]), Ok(0)), "the old connection is closed");
    assert_eq!(cos.stat("/").code(), 0);
}
