//! What is not about one object: the buckets of the account, and requests that the program composes.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};

use super::reply::Answer;
use super::request::{Content, Order};
use super::{V5, site};
use crate::call::{Call, parse_iso_date};
use crate::content::hash;
use crate::content::source::Source;
use crate::protocol::contract::{Composed, Retry};
use crate::reply::write::Object;
use crate::reply::{Failure, Reply, Result};

/// A list that has more pages does not end.
const MOST_PAGES: usize = 1000;
/// What the names of parameters begin with that change headers of the answer and not the content.
const RESPONSE_HEADERS: &str = "response-";

impl V5 {
    pub(super) fn buckets(&self, call: &Call) -> Result<Reply> {
        let (mut found, mut marker) = (Object::new(), String::new());
        found.open_array("buckets");
        for _ in 0..MOST_PAGES {
            let mut order = Order::of("list_buckets", "GET", None, "/");
            if !marker.is_empty() {
                order = order.param("marker", &marker);
            }
            let answer = self.run(call, &order.expecting("ListAllMyBucketsResult"))?;
            let buckets = answer.xml().child("Buckets");
            for bucket in buckets.into_iter().flat_map(|buckets| buckets.all("Bucket")) {
                let name = bucket.text_of("Name");
                found.open_element();
                found.add("name", site::name_to_give(&self.account, name));
                found.add("full_name", name);
                found.add("region", bucket.text_of("Location"));
                found.add("ctime", parse_iso_date(bucket.text_of("CreationDate")));
                found.close();
            }
            if answer.xml().text_of("IsTruncated") != "true" {
                found.close_array();
                return answer.success(found);
            }
            let next = answer.xml().text_of("NextMarker");
            if next == marker {
                return Err(answer.unexpected("it does not say where the list of buckets goes on"));
            }
            marker = next.to_owned();
        }
        Err(Failure::not_a_reply(200, "the list of buckets does not end"))
    }

    pub(super) fn composed(&self, call: &Call, request: &Composed) -> Result<Reply> {
        let head = request.head;
        let mut order = Order::of("request", head.method, request.bucket, request.path.as_str());
        order.params = head.params.iter().map(|(name, value)| (&**name, value.clone())).collect();
        order.headers =
            head.headers.iter().map(|(name, value)| (name.into(), value.clone())).collect();
        let has_md5 = head.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-md5"));
        if !request.body.is_empty() {
            order.content = Content::Bytes(request.body);
            if !has_md5 {
                let md5 = BASE64_STANDARD.encode(Md5::digest(request.body));
                order = order.header("content-md5", md5);
            }
        }
        // All other methods can be sent twice. What may not replace anything would be refused because
        // of what it has stored itself.
        let forbids = |name: &str| name.eq_ignore_ascii_case("x-cos-forbid-overwrite");
        if head.method == "POST" || head.headers.iter().any(|(name, _)| forbids(name)) {
            order.retry = Retry::IfUnsent;
        }
        let answer = self.run(call, &order.slow())?;
        check_content(call, request, &answer)?;
        answer.success(handed_on(&answer))
    }
}

/// Compares the CRC-64 of a whole object that came or was sent with that which the service states.
fn check_content(call: &Call, request: &Composed, answer: &Answer) -> Result<()> {
    let head = request.head;
    let content: &[u8] = match head.method {
        "GET" if answer.status == 200 => {
            let is_whole = |(name, _): &(String, String)| {
                name.starts_with(RESPONSE_HEADERS) || name.eq_ignore_ascii_case("versionid")
            };
            if !head.params.iter().all(is_whole) {
                return Ok(());
            }
            &answer.body
        }
        "PUT" if !request.body.is_empty() => request.body,
        _ => return Ok(()),
    };
    let Some(theirs) = answer.crc64() else {
        return Ok(());
    };
    let ours = hash::crc64(&Source::Buffer(content), &call.stop)?;
    if ours == theirs {
        return Ok(());
    }
    let message = format!("the content has the CRC-64 {ours}, the server states {theirs}");
    Err(Failure::integrity(message))
}

/// `data` of the reply: the answer as it came.
fn handed_on(answer: &Answer) -> Object {
    let mut headers: Vec<(&str, Cow<str>)> = Vec::new();
    for (name, value) in &answer.headers {
        match headers.iter_mut().find(|(found, _)| found == name) {
            Some((_, before)) => *before = format!("{before}, {value}").into(),
            None => headers.push((name, value.into())),
        }
    }
    let mut fields = Object::new();
    for (name, value) in &headers {
        fields.add(name, &**value);
    }
    let data = Object::new().with("status", u64::from(answer.status)).with("headers", fields);
    match std::str::from_utf8(&answer.body) {
        Ok(text) => data.with("body", text),
        Err(_) => data.with("body_base64", BASE64_STANDARD.encode(&answer.body)),
    }
}
