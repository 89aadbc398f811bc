//! The XML API against a server of our own, which keeps objects, verifies every signature, and does
//! wrong what a test asks for.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cos::client::Client;
use cos::ops::{file, folder, sign, tree, upload};
use cos::threads::Watch;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use support::transfers::*;
use support::{APPID, SECRET_ID, SECRET_KEY, content};

/// A request as it arrived.
#[derive(Debug, Clone)]
struct Asked {
    method: String,
    /// Decoded.
    path: String,
    params: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Asked {
    /// What it is for.
    fn op(&self) -> &'static str {
        let has = |name: &str| self.params.contains_key(name);
        match self.method.as_str() {
            "HEAD" => "head",
            "GET" if has("acl") => "get_acl",
            "GET" if has("uploads") => "list_uploads",
            "GET" if has("uploadId") => "list_parts",
            "GET" if self.path == "/" => "list",
            "GET" => "get",
            "PUT" if has("acl") => "put_acl",
            "PUT" if has("partNumber") && self.headers.contains_key("x-cos-copy-source") => {
                "copy_part"
            }
            "PUT" if has("partNumber") => "part",
            "PUT" if self.headers.contains_key("x-cos-copy-source") => "copy",
            "PUT" => "put",
            "POST" if has("uploads") => "initiate",
            "POST" if has("delete") => "delete_many",
            "POST" => "complete",
            "DELETE" if has("uploadId") => "abort",
            "DELETE" => "delete",
            other => panic!("{other}"),
        }
    }

    fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn key(&self) -> &str {
        &self.path[1..]
    }
}

#[derive(Clone, Default)]
struct Object {
    data: Vec<u8>,
    etag: String,
    headers: BTreeMap<String, String>,
    acl: String,
}

#[derive(Default)]
struct Unfinished {
    key: String,
    headers: BTreeMap<String, String>,
    parts: BTreeMap<u64, Vec<u8>>,
    class: String,
}

#[derive(Default)]
struct Store {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Unfinished>,
    asked: Vec<Asked>,
    count: usize,
}

/// What the server does instead of answering.
#[derive(Clone)]
enum Wrong {
    /// This answer; nothing happens.
    Answer(String),
    /// It does what was asked and closes without an answer.
    Lost,
    /// It does what was asked, and says something else of it than is true.
    Edited(fn(String) -> String),
    /// It stores other bytes than were sent.
    Damaged,
    /// It says nothing until the other side closes.
    Silent,
}

/// Which request of which kind goes wrong.
struct Fault {
    op: &'static str,
    /// From this one on, from 0.
    from: usize,
    times: usize,
    wrong: Wrong,
}

#[derive(Clone)]
struct Service {
    port: u16,
    store: Arc<Mutex<Store>>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Service {
    fn start() -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let service = Service { port, store: Arc::default(), faults: Arc::default() };
        let serving = service.clone();
        thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                let service = serving.clone();
                thread::spawn(move || service.serve(tcp));
            }
        });
        service
    }

    fn client(&self, more: Value) -> Client {
        let mut options = json!({
            "api": "v5",
            "scheme": "http",
            "hostname": format!("localhost:{}", self.port),
        });
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        Client::new(APPID, SECRET_ID, SECRET_KEY, None, Some(&options.to_string())).unwrap()
    }

    fn fault(&self, op: &'static str, from: usize, times: usize, wrong: Wrong) {
        self.faults.lock().unwrap().push(Fault { op, from, times, wrong });
    }

    /// What was asked since the last time.
    fn asked(&self) -> Vec<&'static str> {
        self.requests().iter().map(Asked::op).collect()
    }

    /// The same, as it arrived.
    fn requests(&self) -> Vec<Asked> {
        std::mem::take(&mut self.store.lock().unwrap().asked)
    }

    fn count(&self, op: &str) -> usize {
        self.asked().into_iter().filter(|asked| *asked == op).count()
    }

    fn object(&self, key: &str) -> Option<Object> {
        self.store.lock().unwrap().objects.get(key).cloned()
    }

    fn unfinished(&self) -> usize {
        self.store.lock().unwrap().uploads.len()
    }

    fn serve(&self, mut tcp: TcpStream) {
        while let Some(asked) = read_request(&mut tcp) {
            let op = asked.op();
            let mut wrong = None;
            for fault in self.faults.lock().unwrap().iter_mut().filter(|fault| fault.op == op) {
                if fault.from > 0 {
                    fault.from -= 1;
                } else if fault.times > 0 {
                    fault.times -= 1;
                    wrong = Some(fault.wrong.clone());
                    break;
                }
            }
            self.store.lock().unwrap().asked.push(asked.clone());
            let answer = match (verify(&asked), wrong) {
                (Err(problem), _) => refusal("403 Forbidden", "SignatureDoesNotMatch", &problem),
                (_, Some(Wrong::Answer(answer))) => answer,
                (_, Some(Wrong::Lost)) => {
                    self.answer(&asked);
                    return;
                }
                (_, Some(Wrong::Silent)) => {
                    let _ = tcp.read(&mut [0]);
                    return;
                }
                (_, Some(Wrong::Edited(edit))) => edit(self.answer(&asked)),
                (_, Some(Wrong::Damaged)) => {
                    let mut asked = asked.clone();
                    asked.body[0] ^= 1;
                    self.answer(&asked)
                }
                (Ok(()), None) => self.answer(&asked),
            };
            // Latin-1 stands for bytes.
            let bytes: Vec<u8> = answer.chars().map(|c| c as u8).collect();
            if tcp.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    fn answer(&self, asked: &Asked) -> String {
        let store = &mut *self.store.lock().unwrap();
        let key = asked.key().to_owned();
        let no_key = || refusal("404 Not Found", "NoSuchKey", "The specified key does not exist.");
        match asked.op() {
            "head" | "get" if key.is_empty() => answer("200 OK", &[], ""),
            "head" | "get" => {
                let Some(object) = store.objects.get(&key) else {
                    // An answer to HEAD has no body.
                    let all = no_key();
                    let head = all.split("\r\n\r\n").next().unwrap().to_owned() + "\r\n\r\n";
                    return if asked.op() == "head" { head } else { all };
                };
                get(asked, object)
            }
            "put" => {
                if asked.header("x-cos-forbid-overwrite") == "true"
                    && store.objects.contains_key(&key)
                {
                    return refusal("409 Conflict", "FileAlreadyExists", "File already exists.");
                }
                let object = Object {
                    data: asked.body.clone(),
                    etag: md5(&asked.body),
                    headers: stored_headers(asked),
                    acl: asked.header("x-cos-acl").to_owned(),
                };
                let (crc, etag) = (crc(&object.data), object.etag.clone());
                store.objects.insert(key, object);
                answer("200 OK", &[("ETag", &quoted(&etag)), ("x-cos-hash-crc64ecma", &crc)], "")
            }
            "copy" => copy(store, asked),
            "delete" => {
                store.objects.remove(&key);
                answer("204 No Content", &[], "")
            }
            "delete_many" => {
                assert!(!asked.header("content-md5").is_empty());
                let text = String::from_utf8(asked.body.clone()).unwrap();
                let mut body = String::new();
                for named in text.split("<Object>").skip(1) {
                    let key = between(named, "<Key>", "</Key>");
                    if key.ends_with("locked") {
                        body.push_str(&format!(
                            "<Error><Key>{key}</Key><Code>ObjectLocked</Code><Message>No.</Message></Error>"
                        ));
                        continue;
                    }
                    store.objects.remove(&key.replace("&lt;", "<").replace("&amp;", "&"));
                }
                answer("200 OK", &[], &format!("<DeleteResult>{body}</DeleteResult>"))
            }
            "get_acl" => {
                let acl = store.objects.get(&key).map_or("", |object| &object.acl);
                let acl = if acl.is_empty() { "default" } else { acl };
                let body = "<AccessControlPolicy><AccessControlList/></AccessControlPolicy>";
                answer("200 OK", &[("x-cos-acl", acl)], body)
            }
            "put_acl" => {
                store.objects.get_mut(&key).unwrap().acl = asked.header("x-cos-acl").to_owned();
                answer("200 OK", &[], "")
            }
            "list" => list(store, asked),
            "initiate" => {
                store.count += 1;
                let id = format!("id+/{:08}", store.count);
                let headers = stored_headers(asked);
                let parts = BTreeMap::new();
                let class = asked.header("x-cos-storage-class");
                let class = if class.is_empty() { "Standard" } else { class }.to_owned();
                store.uploads.insert(id.clone(), Unfinished { key, headers, parts, class });
                let body = format!("<UploadId>{id}</UploadId>");
                let body = format!(
                    "<InitiateMultipartUploadResult>{body}</InitiateMultipartUploadResult>"
                );
                answer("200 OK", &[], &body)
            }
            "list_uploads" => {
                let mut body = String::from("<IsTruncated>false</IsTruncated>");
                let mut found: Vec<_> = store.uploads.iter().collect();
                found.sort_by(|a, b| (&a.1.key, a.0).cmp(&(&b.1.key, b.0)));
                for (id, upload) in found {
                    if upload.key.starts_with(asked.param("prefix")) {
                        let key = percent(&upload.key, true);
                        let class = &upload.class;
                        body.push_str(&format!(
                            "<Upload><Key>{key}</Key><UploadId>{id}</UploadId>\
                             <StorageClass>{class}</StorageClass></Upload>"
                        ));
                    }
                }
                let body =
                    format!("<ListMultipartUploadsResult>{body}</ListMultipartUploadsResult>");
                answer("200 OK", &[], &body)
            }
            "part" | "copy_part" | "list_parts" | "complete" | "abort" => multipart(store, asked),
            other => panic!("{other}"),
        }
    }
}

fn multipart(store: &mut Store, asked: &Asked) -> String {
    let id = asked.param("uploadId").to_owned();
    let Some(upload) = store.uploads.get_mut(&id) else {
        return refusal("404 Not Found", "NoSuchUpload", "The upload does not exist.");
    };
    match asked.op() {
        "copy_part" => {
            let key = decoded(asked.header("x-cos-copy-source").split_once('/').unwrap().1, false);
            let range = asked.header("x-cos-copy-source-range").strip_prefix("bytes=").unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            let data = &store.objects[&key].data;
            // A part of an object that is said to be larger than it is.
            let part = data[first.min(data.len())..data.len().min(last + 1)].to_vec();
            let etag = md5(&part);
            upload.parts.insert(asked.param("partNumber").parse().unwrap(), part);
            let body = format!("<CopyPartResult><ETag>{etag}</ETag></CopyPartResult>");
            answer("200 OK", &[], &body)
        }
        "part" => {
            upload.parts.insert(asked.param("partNumber").parse().unwrap(), asked.body.clone());
            let (etag, crc) = (quoted(&md5(&asked.body)), crc(&asked.body));
            answer("200 OK", &[("ETag", &etag), ("x-cos-hash-crc64ecma", &crc)], "")
        }
        "list_parts" => {
            let marker: u64 = asked.param("part-number-marker").parse().unwrap_or(0);
            // Small pages.
            let page: Vec<_> = upload.parts.range(marker + 1..).take(2).collect();
            let last = page.last().map_or(marker, |(number, _)| **number);
            let more = upload.parts.range(last + 1..).next().is_some();
            let mut body = format!(
                "<IsTruncated>{more}</IsTruncated><NextPartNumberMarker>{last}</NextPartNumberMarker>"
            );
            for (number, part) in page {
                let (etag, size) = (md5(part), part.len());
                body.push_str(&format!(
                    "<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag>\
                     <Size>{size}</Size></Part>"
                ));
            }
            answer("200 OK", &[], &format!("<ListPartsResult>{body}</ListPartsResult>"))
        }
        "abort" => {
            store.uploads.remove(&id);
            answer("204 No Content", &[], "")
        }
        _ => {
            let text = String::from_utf8(asked.body.clone()).unwrap();
            let mut data = Vec::new();
            for (i, named) in text.split("<Part>").skip(1).enumerate() {
                let number: u64 = between(named, "<PartNumber>", "</").parse().unwrap();
                assert_eq!(number, i as u64 + 1);
                match upload.parts.get(&number) {
                    Some(part) if between(named, "<ETag>\"", "\"</") == md5(part) => {
                        data.extend_from_slice(part);
                    }
                    _ => return refusal("400 Bad Request", "InvalidPart", "no such part"),
                }
            }
            if asked.header("x-cos-forbid-overwrite") == "true"
                && store.objects.contains_key(&upload.key)
            {
                return refusal("409 Conflict", "FileAlreadyExists", "File already exists.");
            }
            let upload = store.uploads.remove(&id).unwrap();
            let etag = format!("{}-{}", md5(&md5(&data).into_bytes()), upload.parts.len());
            let crc = crc(&data);
            let object =
                Object { data, etag: etag.clone(), headers: upload.headers, acl: String::new() };
            store.objects.insert(upload.key, object);
            let body = format!(
                "\n   \n<CompleteMultipartUploadResult><ETag>&quot;{etag}&quot;</ETag>\
                 </CompleteMultipartUploadResult>"
            );
            answer("200 OK", &[("x-cos-hash-crc64ecma", &crc)], &body)
        }
    }
}

fn copy(store: &mut Store, asked: &Asked) -> String {
    let source = asked.header("x-cos-copy-source");
    let (host, key) = source.split_once('/').unwrap();
    assert_eq!(host, asked.header("host"));
    let key = decoded(key, false);
    let Some(original) = store.objects.get(&key).cloned() else {
        return refusal("404 Not Found", "NoSuchKey", "The specified key does not exist.");
    };
    let wanted = asked.header("x-cos-copy-source-if-match");
    if !wanted.is_empty() && wanted.trim_matches('"') != original.etag {
        return refusal("412 Precondition Failed", "PreconditionFailed", "Precondition not match.");
    }
    let headers = match asked.header("x-cos-metadata-directive") {
        "Replaced" => stored_headers(asked),
        "Copy" if key != asked.key() => original.headers,
        other => return refusal("400 Bad Request", "InvalidRequest", other),
    };
    let acl = asked.header("x-cos-acl").to_owned();
    let object = Object { headers, acl, ..original };
    let body = format!(
        "<CopyObjectResult><ETag>\"{}\"</ETag><CRC64>{}</CRC64></CopyObjectResult>",
        object.etag,
        crc(&object.data)
    );
    store.objects.insert(asked.key().to_owned(), object);
    answer("200 OK", &[], &body)
}

fn list(store: &Store, asked: &Asked) -> String {
    let (prefix, delimiter, marker) =
        (asked.param("prefix"), asked.param("delimiter"), asked.param("marker"));
    let most: usize = asked.param("max-keys").parse().unwrap();
    let mut entries = BTreeMap::new();
    for (key, object) in store.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let behind = &key[prefix.len()..];
        match behind.find(delimiter).filter(|_| !delimiter.is_empty()) {
            Some(at) => {
                let common = &key[..prefix.len() + at + delimiter.len()];
                entries.insert(common.to_owned(), None);
            }
            None => {
                entries.insert(key.clone(), Some(object));
            }
        }
    }
    entries.retain(|key, _| key.as_str() > marker);
    let is_truncated = entries.len() > most;
    let mut body = format!("<IsTruncated>{is_truncated}</IsTruncated>");
    let mut last = "";
    for (key, object) in entries.iter().take(most) {
        last = key;
        let key = percent(key, true);
        body.push_str(&match object {
            None => format!("<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>"),
            Some(object) => format!(
                "<Contents><Key>{key}</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>\
                 <ETag>&quot;{}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass>\
                 </Contents>",
                object.etag,
                object.data.len()
            ),
        });
    }
    if is_truncated {
        body.push_str(&format!("<NextMarker>{}</NextMarker>", percent(last, true)));
    }
    answer("200 OK", &[], &format!("<ListBucketResult>{body}</ListBucketResult>"))
}

fn get(asked: &Asked, object: &Object) -> String {
    let (etag, crc) = (quoted(&object.etag), crc(&object.data));
    let wanted = asked.header("if-match");
    if !wanted.is_empty() && wanted != etag {
        return refusal("412 Precondition Failed", "PreconditionFailed", "Precondition not match.");
    }
    let mut headers: Vec<(&str, &str)> = vec![
        ("ETag", &etag),
        ("x-cos-hash-crc64ecma", &crc),
        ("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT"),
    ];
    headers.extend(object.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    if asked.method == "HEAD" {
        let length = object.data.len().to_string();
        headers.push(("Content-Length", &length));
        return head("200 OK", &headers);
    }
    let (status, range, data) = match asked.header("range").strip_prefix("bytes=") {
        None => ("200 OK", String::new(), &object.data[..]),
        Some(range) => {
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            if first >= object.data.len() {
                return refusal("416 Range", "InvalidRange", "The range is not valid.");
            }
            let last = last.min(object.data.len() - 1);
            let range = format!("bytes {first}-{last}/{}", object.data.len());
            ("206 Partial Content", range, &object.data[first..=last])
        }
    };
    if !range.is_empty() {
        headers.push(("Content-Range", &range));
    }
    let length = data.len().to_string();
    headers.push(("Content-Length", &length));
    head(status, &headers) + &text(data)
}

fn stored_headers(asked: &Asked) -> BTreeMap<String, String> {
    let is_stored = |name: &str| {
        name.starts_with("x-cos-meta-") || name == "content-type" || name == "cache-control"
    };
    asked.headers.clone().into_iter().filter(|(name, _)| is_stored(name)).collect()
}

fn head(status: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\nx-cos-request-id: NjU1M2YxMDBf\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> String {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    if !status.starts_with("204") {
        headers.push(("Content-Length", &length));
    }
    head(status, &headers) + body
}

fn refusal(status: &str, code: &str, message: &str) -> String {
    let body = format!(
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>{code}</Code>\n\t\
         <Message>{message}</Message>\n</Error>"
    );
    answer(status, &[("Content-Type", "application/xml")], &body)
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(behind).unwrap().0
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn md5(data: &[u8]) -> String {
    hex(&Md5::digest(data))
}

fn crc(data: &[u8]) -> String {
    let mut digest = crc64fast::Digest::new_table();
    digest.write(data);
    digest.sum64().to_string()
}

fn percent(text: &str, keep_slash: bool) -> String {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (keep_slash && byte == b'/')
    };
    let one = |byte: u8| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

/// In a query, and in a path as the service reads it, `+` is a space.
fn decoded(text: &str, plus: bool) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' if plus => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// Verifies a signature in the header, which has to cover what a proxy must not change.
fn verify(asked: &Asked) -> Result<(), String> {
    let authorization = asked.header("authorization");
    let fields: BTreeMap<_, _> =
        authorization.split('&').filter_map(|field| field.split_once('=')).collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default().to_owned();
    let mac = |key: &[u8], text: &str| {
        let mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        hex(&mac.chain_update(text).finalize().into_bytes())
    };
    let listed = |list: &str, there: &BTreeMap<String, String>| {
        let there: BTreeMap<_, _> = there
            .iter()
            .map(|(name, value)| (percent(name, false).to_lowercase(), value))
            .collect();
        let pairs = list.split(';').filter(|name| !name.is_empty()).map(|name| {
            let value = there.get(name).map_or("", |value| value.as_str());
            format!("{name}={}", percent(value, false))
        });
        pairs.collect::<Vec<_>>().join("&")
    };
    for name in asked.headers.keys() {
        let has_to = name.starts_with("x-cos-")
            || ["host", "content-length", "content-type", "range", "if-match"].contains(&&**name);
        if has_to && !field("q-header-list").split(';').any(|listed| listed == name) {
            return Err(format!("{name} is not signed"));
        }
    }
    for name in asked.params.keys() {
        let listed = percent(name, false).to_lowercase();
        if !field("q-url-param-list").split(';').any(|found| found == listed) {
            return Err(format!("{name} is not signed"));
        }
    }
    let text = format!(
        "{}\n{}\n{}\n{}\n",
        asked.method.to_lowercase(),
        asked.path,
        listed(&field("q-url-param-list"), &asked.params),
        listed(&field("q-header-list"), &asked.headers),
    );
    let time = field("q-key-time");
    let plain = format!("sha1\n{time}\n{}\n", hex(&Sha1::digest(&text)));
    let key = mac(SECRET_KEY.as_bytes(), &time);
    if mac(key.as_bytes(), &plain) == field("q-signature") {
        return Ok(());
    }
    Err("The Signature you specified is invalid.".to_owned())
}

fn read_request(tcp: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match tcp.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = BTreeMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        let before = headers.insert(name.to_lowercase(), value.trim().to_owned());
        assert_eq!(before, None, "{head}");
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name, true), decoded(value, true))
    };
    let params = query.split('&').filter(|text| !text.is_empty()).map(pair).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    tcp.read_exact(&mut body).ok()?;
    Some(Asked { method, path: decoded(path, true), params, headers, body })
}

/// As small as the service allows.
fn in_parts(more: Value) -> Value {
    let mut options = json!({"slice_threshold": 0, "slice_size": MIB});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

#[test]
fn files_go_there_and_come_back() {
    let service = Service::start();
    let client = service.client(json!({}));
    for (i, path) in ["/a", "/中文 +%&'()*~.txt", "/d/e//f", "/x?y*z:|<>\"\\#"].iter().enumerate()
    {
        let bytes = b"hello cos v5\n".repeat(i * 1000);
        let answer = upload_bytes(&client, path, &bytes, json!({"biz_attr": "属性 1%"}));
        expect(&answer, 0);
        assert_eq!(answer["request_id"], "NjU1M2YxMDBf");
        assert_eq!(answer["data"]["crc64"], crc(&bytes));
        assert_eq!(answer["data"]["etag"], md5(&bytes));
        let answer = reply(file::stat(&client, PUBLIC, path, None));
        expect(&answer, 0);
        let data = &answer["data"];
        assert_eq!(data["filesize"], bytes.len());
        assert_eq!(data["biz_attr"], "属性 1%");
        assert_eq!(data["authority"], "eInvalid");
        assert_eq!(data["mtime"], 1_700_000_000);
        assert!(data["custom_headers"]["Content-Type"].as_str().unwrap().contains('/'));
        let (answer, found) = download_bytes(&client, path, json!({}));
        expect(&answer, 0);
        assert!(found == bytes, "{path}");
        expect(&reply(file::delete(&client, PUBLIC, path, None)), 0);
        let gone = reply(file::delete(&client, PUBLIC, path, None));
        expect(&gone, -197);
        assert_eq!(gone["error"]["server_code"], "NoSuchKey");
    }
    expect(&download_bytes(&client, "/a", json!({})).0, -197);
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
    let service = Service::start();
    let client = service.client(json!({}));
    expect(&upload_bytes(&client, "/a", b"one", json!({})), 0);
    expect(&upload_bytes(&client, "/a", b"two", json!({})), -177);
    expect(&upload_bytes(&client, "/a", b"two", in_parts(json!({}))), -177);
    assert_eq!(service.object("a").unwrap().data, b"one");
    expect(&upload_bytes(&client, "/a", b"two", json!({"insert_only": false})), 0);
    expect(&upload_bytes(&client, "/a", b"3", in_parts(json!({"insert_only": false}))), 0);
    assert_eq!(service.object("a").unwrap().data, b"3");
}

#[test]
fn in_a_bucket_with_versions_the_client_looks_first() {
    let service = Service::start();
    let client = service.client(json!({}));
    let versioned =
        |answer: String| answer.replacen("ETag", "x-cos-version-id: MTg0NDU\r\nETag", 1);
    service.fault("put", 0, 9, Wrong::Edited(versioned));
    let answer = upload_bytes(&client, "/a", b"one", json!({}));
    assert_eq!(answer["data"]["version_id"], "MTg0NDU");
    assert_eq!(service.asked(), ["put"]);
    expect(&upload_bytes(&client, "/a", b"two", json!({})), -177);
    // The second look compares.
    assert_eq!(service.asked(), ["head", "head"]);
}

#[test]
fn parts_travel_and_are_verified_together() {
    let service = Service::start();
    let client = service.client(json!({}));
    let bytes = content(5 * MIB + 77);
    let answer = upload_bytes(&client, "/big", &bytes, in_parts(json!({"biz_attr": "x"})));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["slices"], 6);
    assert_eq!(answer["data"]["crc64"], crc(&bytes));
    assert!(service.object("big").unwrap().data == bytes);
    assert_eq!(service.unfinished(), 0);
    let (answer, found) = download_bytes(&client, "/big", json!({}));
    expect(&answer, 0);
    assert!(found == bytes);
}

#[test]
fn an_upload_that_was_broken_off_is_continued_with_the_parts_that_are_ours() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    let bytes = content(5 * MIB + 77);
    let down = refusal("500 Internal Server Error", "InternalError", "We are sorry.");
    service.fault("part", 4, 1, Wrong::Answer(down));
    let options = in_parts(json!({"concurrency": 1}));
    expect(&upload_bytes(&client, "/big", &bytes, options.clone()), -195);
    assert_eq!(service.unfinished(), 1);
    service.asked();
    // Other content is no reason to touch it.
    let other = content(5 * MIB + 77)[1..].to_vec();
    expect(&upload_bytes(&client, "/big", &other, in_parts(json!({"insert_only": false}))), 0);
    assert_eq!(service.unfinished(), 1);
    assert_eq!(service.count("part"), 6);
    let again = in_parts(json!({"insert_only": false, "biz_attr": "later"}));
    let answer = upload_bytes(&client, "/big", &bytes, again);
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 4 * MIB);
    assert_eq!(answer["transfer"]["slices"], 2);
    let object = service.object("big").unwrap();
    assert!(object.data == bytes);
    // Nothing shows what an unfinished upload was begun with.
    assert_eq!(object.headers["x-cos-meta-biz-attr"], "later");
    assert_eq!(service.unfinished(), 0);
}

#[test]
fn uploads_say_how_a_file_is_to_be_kept_and_sent() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    let more = json!({
        "storage_class": "STANDARD_IA",
        "tagging": "a=1&b=%E4%B8%AD",
        "traffic_limit": 819_200,
        "content_md5": true,
    });
    let bytes = content(2 * MIB + 7);
    let with = |mut options: Value| {
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        options
    };
    expect(&upload_bytes(&client, "/whole", &bytes, with(json!({}))), 0);
    expect(&upload_bytes(&client, "/parts", &bytes, with(in_parts(json!({})))), 0);
    let limited = |asked: &Asked, sent: &[u8]| {
        assert_eq!(asked.header("x-cos-traffic-limit"), "819200");
        let md5 = md5(sent);
        let bytes: Vec<u8> =
            (0..16).map(|i| u8::from_str_radix(&md5[2 * i..2 * i + 2], 16).unwrap()).collect();
        assert_eq!(asked.header("content-md5"), BASE64_STANDARD.encode(bytes));
    };
    let kept = |asked: &Asked| {
        assert_eq!(asked.header("x-cos-storage-class"), "STANDARD_IA");
        assert_eq!(asked.header("x-cos-tagging"), "a=1&b=%E4%B8%AD");
    };
    for asked in service.requests() {
        match asked.op() {
            "put" => {
                kept(&asked);
                limited(&asked, &bytes);
            }
            "initiate" => kept(&asked),
            "part" => limited(&asked, &asked.body),
            _ => {}
        }
    }
    for key in ["storage_class", "tagging", "traffic_limit", "content_md5"] {
        let v4 = cos::client::Client::new(APPID, SECRET_ID, SECRET_KEY, Some("sh"), None).unwrap();
        let answer = upload_bytes(&v4, "/a", b"x", json!({ (key): more[key] }));
        assert_eq!((&answer["code"], &answer["error"]["argument"]), (&json!(-1), &json!(key)));
    }
}

#[test]
fn an_upload_of_another_storage_class_is_not_continued() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    let bytes = content(2 * MIB);
    let down = refusal("500 Internal Server Error", "InternalError", "We are sorry.");
    service.fault("part", 1, 1, Wrong::Answer(down));
    expect(&upload_bytes(&client, "/a", &bytes, in_parts(json!({"concurrency": 1}))), -195);
    let cold = in_parts(json!({"storage_class": "ARCHIVE"}));
    let answer = upload_bytes(&client, "/a", &bytes, cold);
    assert_eq!(answer["transfer"]["resumed_bytes"], 0, "{answer}");
    let again = in_parts(json!({"insert_only": false}));
    let answer = upload_bytes(&client, "/a", &bytes, again);
    assert_eq!(answer["transfer"]["resumed_bytes"], MIB, "{answer}");
}

#[test]
fn an_upload_whose_parts_somebody_replaces_begins_anew() {
    let service = Service::start();
    let client = service.client(json!({}));
    let bytes = content(3 * MIB);
    // Somebody has just begun, and we go on with it.
    let headers = BTreeMap::new();
    let theirs = Unfinished {
        key: "a".to_owned(),
        headers,
        parts: BTreeMap::new(),
        class: "STANDARD".to_owned(),
    };
    service.store.lock().unwrap().uploads.insert("id0".to_owned(), theirs);
    let gone = refusal("400 Bad Request", "InvalidPart", "no such part");
    service.fault("complete", 0, 1, Wrong::Answer(gone));
    let answer = upload_bytes(&client, "/a", &bytes, in_parts(json!({"biz_attr": "x"})));
    expect(&answer, 0);
    let object = service.object("a").unwrap();
    assert!(object.data == bytes);
    assert_eq!(object.headers["x-cos-meta-biz-attr"], "x");
    assert_eq!((service.unfinished(), service.count("initiate")), (0, 1));
    // What can't take the place of a file is given up.
    let taken = refusal("409 Conflict", "FileAlreadyExists", "File already exists.");
    service.fault("complete", 0, 1, Wrong::Answer(taken));
    expect(&upload_bytes(&client, "/b", &bytes, in_parts(json!({}))), -177);
    assert_eq!(service.unfinished(), 0);
}

#[test]
fn what_nobody_continues_is_aborted() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    let bytes = content(3 * MIB);
    let down = refusal("500 Internal Server Error", "InternalError", "We are sorry.");
    service.fault("part", 1, 1, Wrong::Answer(down.clone()));
    let options = in_parts(json!({"concurrency": 1, "resume": false}));
    expect(&upload_bytes(&client, "/a", &bytes, options), -195);
    assert_eq!(service.unfinished(), 0);
    service.fault("part", 0, 1, Wrong::Answer(down));
    expect(&upload_bytes(&client, "/a", &bytes, in_parts(json!({"concurrency": 1}))), -195);
    assert_eq!(service.unfinished(), 0);
}

#[test]
fn a_call_that_is_stopped_leaves_nothing_that_nobody_continues() {
    let service = Service::start();
    let client = service.client(json!({}));
    for (resume, left) in [(false, 0), (true, 1)] {
        let bytes = content(4 * MIB);
        let options = in_parts(json!({"concurrency": 1, "resume": resume})).to_string();
        service.fault("part", 2, 1, Wrong::Silent);
        let stop = |done: u64, _: u64| done < 2 * MIB as u64;
        let watch = Watch { on_progress: Some(Box::new(stop)), ..Watch::default() };
        let sent = upload::buffer(&client, PUBLIC, "/a", &bytes, Some(&options), watch);
        expect(&reply(sent), 1);
        assert_eq!(service.unfinished(), left);
        assert!(service.object("a").is_none());
        // It may have been stopped before it got so far.
        service.faults.lock().unwrap().clear();
    }
}

#[test]
fn lost_replies_are_looked_up() {
    let service = Service::start();
    let client = service.client(json!({}));
    let bytes = content(3 * MIB);
    for op in ["initiate", "part", "complete", "list_uploads", "list_parts"] {
        let path = format!("/{op}");
        service.fault(op, 0, 1, Wrong::Lost);
        let answer = upload_bytes(&client, &path, &bytes, in_parts(json!({"biz_attr": "x"})));
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], op == "complete", "{op}");
        assert!(service.object(op).unwrap().data == bytes);
        assert_eq!(service.unfinished(), 0, "{op}");
        service.faults.lock().unwrap().clear();
    }
    service.fault("put", 0, 1, Wrong::Lost);
    let answer = upload_bytes(&client, "/put", b"once", json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["recovered"], true);
    for (op, call) in [
        ("copy", &(|| file::copy(&client, PUBLIC, "/put", "/copy", None)) as &dyn Fn() -> _),
        ("delete", &|| file::rename(&client, PUBLIC, "/copy", "/moved", None)),
        ("delete", &|| file::delete(&client, PUBLIC, "/moved", None)),
        ("put", &|| folder::create(&client, PUBLIC, "/new/", None)),
        ("copy", &|| file::update(&client, PUBLIC, "/put", Some(r#"{"biz_attr":"y"}"#))),
    ] {
        service.fault(op, 0, 1, Wrong::Lost);
        expect(&reply(call()), 0);
    }
    assert!(service.object("copy").is_none() && service.object("moved").is_none());
    assert!(service.object("new/").is_some());
}

#[test]
fn a_wrong_byte_is_noticed_and_nothing_is_left() {
    let service = Service::start();
    let client = service.client(json!({"retries": 1}));
    let bytes = content(3 * MIB);
    service.fault("put", 0, 1, Wrong::Damaged);
    expect(&upload_bytes(&client, "/a", &bytes, json!({})), 0);
    assert!(service.object("a").unwrap().data == bytes);
    for (op, options) in [("put", json!({})), ("part", in_parts(json!({})))] {
        service.fault(op, 0, 9, Wrong::Damaged);
        let answer = upload_bytes(&client, "/b", &bytes, options);
        expect(&answer, 3);
        assert_eq!(answer["error"]["retryable"], true);
        assert!(service.object("b").is_none());
        assert_eq!(service.unfinished(), 0);
        service.faults.lock().unwrap().clear();
    }
    let wrong_crc =
        |answer: String| answer.replace("x-cos-hash-crc64ecma: ", "x-cos-hash-crc64ecma: 1");
    service.fault("complete", 0, 1, Wrong::Edited(wrong_crc));
    expect(&upload_bytes(&client, "/c", &bytes, in_parts(json!({}))), 3);
    assert!(service.object("c").is_none());
    // Downloads: the whole must have the sum that was stated.
    service.store.lock().unwrap().objects.get_mut("a").unwrap().data[5] ^= 1;
    service.fault("head", 0, 9, Wrong::Edited(wrong_crc));
    let (answer, found) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 3);
    assert!(found.is_empty());
    expect(&download_bytes(&client, "/a", json!({"verify_sha1": false})).0, 0);
}

#[test]
fn a_success_with_an_error_in_it_is_none() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    let bytes = content(2 * MIB);
    expect(&upload_bytes(&client, "/a", &bytes, json!({})), 0);
    let inner = |code: &str| {
        let body = format!("\n\n<Error><Code>{code}</Code><Message>merge</Message></Error>");
        answer("200 OK", &[], &body)
    };
    service.fault("complete", 0, 1, Wrong::Answer(inner("InternalError")));
    expect(&upload_bytes(&client, "/b", &bytes, in_parts(json!({}))), -195);
    assert!(service.object("b").is_none());
    service.fault("copy", 0, 1, Wrong::Answer(inner("SlowDown")));
    expect(&reply(file::rename(&client, PUBLIC, "/a", "/c", None)), -71);
    assert!(service.object("a").is_some());
    // Repeated, it succeeds.
    let client = service.client(json!({"retries": 2}));
    service.fault("complete", 0, 1, Wrong::Answer(inner("InternalError")));
    expect(&upload_bytes(&client, "/b", &bytes, in_parts(json!({}))), 0);
}

#[test]
fn attributes_change_and_the_others_stay() {
    let service = Service::start();
    let client = service.client(json!({}));
    expect(&upload_bytes(&client, "/a", b"x", json!({"biz_attr": "b"})), 0);
    let update =
        |options: Value| reply(file::update(&client, PUBLIC, "/a", Some(&options.to_string())));
    let stat = || reply(file::stat(&client, PUBLIC, "/a", None))["data"].clone();
    expect(&update(json!({"authority": "eWPrivateRPublic"})), 0);
    let headers =
        json!({"cache_control": "no-cache", "x-cos-meta-name": "中文", "content_type": "a/b"});
    expect(&update(headers), 0);
    let data = stat();
    assert_eq!(data["authority"], "eWPrivateRPublic");
    assert_eq!(data["biz_attr"], "b");
    let custom =
        json!({"Cache-Control": "no-cache", "Content-Type": "a/b", "x-cos-meta-name": "中文"});
    assert_eq!(data["custom_headers"], custom);
    expect(&update(json!({"biz_attr": "", "authority": "eWRPrivate"})), 0);
    let data = stat();
    assert_eq!((&data["biz_attr"], &data["authority"]), (&json!(""), &json!("eWRPrivate")));
    assert_eq!(data["custom_headers"], custom);
    // Where nobody says what it was called, what was private stays so.
    let unnamed = |answer: String| {
        let (before, behind) = answer.split_once("x-cos-acl: ").unwrap();
        before.to_owned() + behind.split_once("\r\n").unwrap().1
    };
    service.fault("get_acl", 0, 1, Wrong::Edited(unnamed));
    expect(&update(json!({"biz_attr": "c"})), 0);
    assert_eq!(service.object("a").unwrap().acl, "private");
    let forbidden = refusal("403 Forbidden", "AccessDenied", "Access Denied.");
    service.fault("get_acl", 0, 1, Wrong::Answer(forbidden));
    assert_eq!(update(json!({"biz_attr": "d"}))["data"]["not_kept"], json!(["authority"]));
    expect(&update(json!({"clear_headers": true})), 0);
    assert_eq!(stat()["custom_headers"].get("x-cos-meta-name"), None);
    let refused = update(json!({"forbid": 1}));
    expect(&refused, -1);
    assert_eq!(refused["error"]["argument"], "forbid");
    expect(&update(json!({"biz_attr": "字".repeat(250)})), -1);
    let missing = file::update(&client, PUBLIC, "/none", Some(r#"{"biz_attr":"x"}"#));
    expect(&reply(missing), -197);
}

#[test]
fn copies_keep_what_is_there_unless_told() {
    let service = Service::start();
    let client = service.client(json!({}));
    expect(&upload_bytes(&client, "/中 +", b"one", json!({"biz_attr": "b"})), 0);
    expect(&upload_bytes(&client, "/b", b"two", json!({})), 0);
    expect(&reply(file::copy(&client, PUBLIC, "/中 +", "/b", None)), -177);
    expect(&reply(file::rename(&client, PUBLIC, "/中 +", "/b", None)), -177);
    assert_eq!(service.object("b").unwrap().data, b"two");
    let over = Some(r#"{"overwrite":true}"#);
    expect(&reply(file::rename(&client, PUBLIC, "/中 +", "/b", over)), 0);
    let moved = service.object("b").unwrap();
    assert_eq!(
        (moved.data.as_slice(), moved.headers["x-cos-meta-biz-attr"].as_str()),
        (&b"one"[..], "b")
    );
    assert!(service.object("中 +").is_none());
    for refused in [
        file::rename(&client, PUBLIC, "/b", "/b", over),
        file::copy(&client, PUBLIC, "/b", "/b", over),
    ] {
        expect(&reply(refused), -1);
    }
    assert!(service.object("b").is_some());
    expect(&reply(file::copy(&client, PUBLIC, "/none", "/x", None)), -197);
}

#[test]
fn what_is_too_large_for_one_request_is_copied_in_parts() {
    let service = Service::start();
    let client = service.client(json!({}));
    expect(&upload_bytes(&client, "/a.txt", b"hello", json!({"biz_attr": "b"})), 0);
    let large = |answer: String| answer.replace("Content-Length: 5", "Content-Length: 6442450944");
    service.fault("head", 0, 2, Wrong::Edited(large));
    service.asked();
    expect(&reply(file::copy(&client, PUBLIC, "/a.txt", "/b", Some(r#"{"overwrite":true}"#))), 0);
    assert_eq!(service.count("copy_part"), 6);
    let copy = service.object("b").unwrap();
    assert_eq!(copy.data, b"hello");
    assert_eq!(copy.headers["x-cos-meta-biz-attr"], "b");
    assert_eq!(copy.headers["content-type"], "text/plain");
    let changes = Some(r#"{"biz_attr":"c"}"#);
    expect(&reply(file::update(&client, PUBLIC, "/a.txt", changes)), 0);
    let updated = service.object("a.txt").unwrap();
    assert_eq!(updated.headers["x-cos-meta-biz-attr"], "c");
    assert_eq!((updated.data.as_slice(), service.unfinished()), (&b"hello"[..], 0));
}

#[test]
fn what_was_there_before_is_not_taken_for_ours() {
    let service = Service::start();
    let client = service.client(json!({}));
    expect(&upload_bytes(&client, "/a", b"same", json!({})), 0);
    // It reaches nobody; the next attempt finds the same content there.
    service.fault("put", 0, 1, Wrong::Lost);
    let dated =
        |answer: String| answer.replacen("\r\n", "\r\nDate: Tue, 14 Nov 2023 23:13:20 GMT\r\n", 1);
    service.fault("head", 0, 9, Wrong::Edited(dated));
    expect(&upload_bytes(&client, "/a", b"same", json!({})), -177);
}

#[test]
fn folders_are_what_keys_begin_with() {
    let service = Service::start();
    let client = service.client(json!({}));
    let list = |path: &str, options: Value| {
        reply(folder::list(&client, PUBLIC, path, Some(&options.to_string())))
    };
    let names = |answer: &Value| -> Vec<String> {
        let infos = answer["data"]["infos"].as_array().unwrap();
        infos.iter().map(|info| info["name"].as_str().unwrap().to_owned()).collect()
    };
    expect(&list("/", json!({})), 0);
    expect(&list("/d/", json!({})), -197);
    expect(&reply(folder::create(&client, PUBLIC, "/d/", Some(r#"{"biz_attr":"文"}"#))), 0);
    expect(&reply(folder::create(&client, PUBLIC, "/d/", None)), -178);
    assert_eq!(reply(folder::stat(&client, PUBLIC, "/d/", None))["data"]["biz_attr"], "文");
    expect(&list("/d/", json!({})), 0);
    for path in ["/d/a", "/d/b +%中", "/d/sub/x", "/e/f/g"] {
        expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    }
    assert_eq!(names(&list("/d/", json!({}))), ["sub/", "a", "b +%中"]);
    assert_eq!(names(&list("/d/", json!({"prefix": "b"}))), ["b +%中"]);
    let answer = list("/", json!({"all": true}));
    assert_eq!(names(&answer), ["d/", "e/"]);
    for all in [true, false] {
        let mut found = Vec::new();
        let mut context = String::new();
        loop {
            let page = list("/d/", json!({"num": 1, "context": context, "all": all}));
            expect(&page, 0);
            found.extend(names(&page));
            if page["data"]["listover"] == true {
                break;
            }
            context = page["data"]["context"].as_str().unwrap().to_owned();
        }
        found.sort();
        assert_eq!(found, ["a", "b +%中", "sub/"]);
    }
    // One that is only what keys begin with.
    expect(&reply(folder::stat(&client, PUBLIC, "/e/", None)), 0);
    expect(&reply(folder::update(&client, PUBLIC, "/e/", Some(r#"{"biz_attr":"i"}"#))), 0);
    assert_eq!(reply(folder::stat(&client, PUBLIC, "/e/", None))["data"]["biz_attr"], "i");
    expect(&reply(folder::stat(&client, PUBLIC, "/none/", None)), -197);
    expect(&reply(folder::delete(&client, PUBLIC, "/d/", None)), -173);
    let all = reply(folder::delete(&client, PUBLIC, "/d/", Some(r#"{"recursive":true}"#)));
    expect(&all, 0);
    assert_eq!((&all["data"]["files"], &all["data"]["failed"]), (&json!(3), &json!(0)));
    expect(&reply(folder::delete(&client, PUBLIC, "/d/", None)), -197);
    assert_eq!(service.count("delete_many"), 1);
    for path in ["/m/a<&b", "/m/sub/locked", "/m/b"] {
        expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    }
    let recursive = Some(r#"{"recursive":true}"#);
    let some = reply(folder::delete(&client, PUBLIC, "/m/", recursive));
    assert_eq!(some["data"]["files"], 2);
    assert_eq!(some["data"]["failures"][0]["path"], "sub/locked");
    assert_eq!(some["data"]["failures"][0]["code"], 4);
    let denied = refusal("403 Forbidden", "AccessDenied", "Access Denied.");
    service.fault("delete_many", 0, 1, Wrong::Answer(denied));
    expect(&reply(folder::delete(&client, PUBLIC, "/m/", recursive)), 0);
    assert_eq!(service.store.lock().unwrap().objects.len(), 2);
}

#[test]
fn trees_send_what_differs() {
    let service = Service::start();
    let client = service.client(json!({}));
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("from");
    fs::create_dir_all(from.join("sub")).unwrap();
    fs::write(from.join("a.txt"), "a").unwrap();
    fs::write(from.join("sub/中 +.bin"), content(3 * MIB)).unwrap();
    let options = in_parts(json!({})).to_string();
    let up = || {
        let local = from.to_str().unwrap();
        let sent = tree::upload(&client, PUBLIC, "/t/", local, Some(&options), Watch::default());
        reply(sent)
    };
    let first = up();
    expect(&first, 0);
    assert_eq!(first["data"]["uploaded"], 2);
    // By its MD5, or, where it was sent in parts, by its CRC-64.
    let second = up();
    assert_eq!((&second["data"]["uploaded"], &second["data"]["unchanged"]), (&json!(0), &json!(2)));
    fs::write(from.join("a.txt"), "b").unwrap();
    assert_eq!(up()["data"]["uploaded"], 1);
    let to = dir.path().join("to");
    let down = || {
        let local = to.to_str().unwrap();
        reply(tree::download(&client, PUBLIC, "/t/", local, None, Watch::default()))
    };
    let first = down();
    expect(&first, 0);
    assert_eq!(first["data"]["downloaded"], 2);
    assert!(fs::read(to.join("sub/中 +.bin")).unwrap() == content(3 * MIB));
    assert_eq!(down()["data"]["unchanged"], 2);
}

#[test]
fn an_object_that_is_replaced_while_it_is_fetched_is_fetched_anew() {
    let service = Service::start();
    let client = service.client(json!({}));
    expect(&upload_bytes(&client, "/a", &content(20 * MIB), json!({})), 0);
    let new = content(20 * MIB + 1)[1..].to_vec();
    expect(&upload_bytes(&client, "/a", &new, json!({"insert_only": false})), 0);
    // The first look shows the old one.
    let stale = |answer: String| {
        let at = answer.find("ETag: \"").unwrap() + 7;
        format!("{}00000000{}", &answer[..at], &answer[at + 8..])
    };
    service.fault("head", 0, 1, Wrong::Edited(stale));
    let (answer, found) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert!(found == new);
}

#[test]
fn refusals_say_what_helps() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    for (status, code, number, hint) in [
        ("403 Forbidden", "AccessDenied", 5, "permissions"),
        ("403 Forbidden", "InvalidAccessKeyId", -47, "secret_id"),
        ("404 Not Found", "NoSuchBucket", -133, "region"),
        ("400 Bad Request", "ExpiredToken", -59, "temporary keys"),
        ("403 Forbidden", "InvalidObjectState", 4, "restore"),
        ("301 Moved Permanently", "PermanentRedirect", 4, "region"),
        ("451 Unavailable", "DomainAuditFailed", 4, ""),
    ] {
        // HEAD has no body: another request is told why.
        let bare = head(status, &[("Content-Length", "0")]);
        service.fault("head", 0, 1, Wrong::Answer(bare));
        service.fault("get", 0, 1, Wrong::Answer(refusal(status, code, "No.")));
        let answer = reply(file::stat(&client, PUBLIC, "/a", None));
        expect(&answer, number);
        assert_eq!(answer["error"]["server_code"], code);
        assert_eq!(answer["message"], "No.");
        let said = answer["error"]["hint"].as_str().unwrap_or_default();
        assert!(said.contains(hint), "{code}: {said}");
    }
    let html = "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>";
    service.fault("list", 0, 1, Wrong::Answer(html.to_owned()));
    expect(&reply(folder::list(&client, PUBLIC, "/", None)), -2);
}

#[test]
fn a_wrong_clock_is_set_right_once() {
    let service = Service::start();
    let client = service.client(json!({"retries": 0}));
    let skewed = refusal("403 Forbidden", "RequestTimeTooSkewed", "skewed").replacen(
        "\r\n",
        "\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n",
        1,
    );
    service.fault("put", 0, 1, Wrong::Answer(skewed));
    // Plain HTTP moves the clock by a day at the most.
    let answer = upload_bytes(&client, "/a", b"x", json!({}));
    expect(&answer, -59);
    assert!(answer["error"]["hint"].as_str().unwrap().contains("clock is"));
}

#[test]
fn temporary_keys_carry_their_token() {
    let service = Service::start();
    let client = service.client(json!({"token": "Token+/=with&chars"}));
    expect(&upload_bytes(&client, "/a", b"x", json!({})), 0);
    let url = reply(sign::download(&client, PUBLIC, "/a", 60))["data"]["url"].clone();
    let url = url.as_str().unwrap();
    assert!(url.contains("&x-cos-security-token=Token%2B%2F%3Dwith%26chars"), "{url}");
    let told = refusal("403 Forbidden", "AccessDenied", "not with Token+/=with&amp;chars, or that");
    service.fault("get", 0, 1, Wrong::Answer(told));
    let (answer, _) = download_bytes(&client, "/a", json!({"retries": 0}));
    expect(&answer, 5);
    assert_eq!(answer["message"], "not with ***, or that");
    for refused in [sign::once(&client, PUBLIC, "/a"), sign::more(&client, PUBLIC, "/a", 60)] {
        expect(&reply(refused), -1);
    }
}
