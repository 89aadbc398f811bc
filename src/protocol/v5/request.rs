//! Requests: what is asked becomes a signed HTTP request, and its answer an [`Answer`].

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};

use super::reply::{self, Answer, is_about_time};
use super::sign::{Lifetime, Signed, sign};
use super::{V5, site};
use crate::call::{Body, Call, Incoming, Request, Unread, Wait};
use crate::content::stretch::Stretch;
use crate::path::{Bucket, encode, encode_query};
use crate::protocol::contract::{Place, Retry};
use crate::reply::secrets::Secrets;
use crate::reply::{Failure, Phase, Result};

/// The largest answer that is read, in bytes. A full page of a list has some hundred thousand.
const MAX_REPLY: usize = 16 * 1024 * 1024;
/// Signatures are valid from so many seconds before they are made: clocks differ.
pub(super) const BACKDATED: u64 = 60;

/// The header, and the parameter of a presigned URL, that has the token of temporary keys.
pub(super) const TOKEN: &str = "x-cos-security-token";

/// A request.
pub(super) struct Order<'a> {
    /// What it is for, as the log shows it.
    pub op: &'static str,
    pub method: &'static str,
    /// `None` for what is not about a bucket.
    pub bucket: Option<&'a Bucket>,
    /// The decoded path; `/` for the bucket itself.
    pub path: &'a str,
    /// Parameters of the query, decoded.
    pub params: Vec<(&'a str, String)>,
    pub headers: Vec<(Cow<'a, str>, String)>,
    pub content: Content<'a>,
    /// The root of the XML that a success has.
    pub root: Option<&'static str>,
    pub wait: Wait,
    pub retry: Retry,
}

/// What a request carries.
pub(super) enum Content<'a> {
    /// Nothing, and no `Content-Length`.
    None,
    /// A text, which may be empty.
    Text(String),
    /// Bytes of the program.
    Bytes(&'a [u8]),
    /// A part of a content. Each attempt makes a new one.
    Stretch(&'a dyn Fn() -> Stretch<'a>),
}

impl<'a> Order<'a> {
    /// A request about an object.
    pub fn new(op: &'static str, method: &'static str, at: Place<'a>) -> Order<'a> {
        Order::of_bucket(op, method, at.bucket, at.path.as_str())
    }

    /// A request about a bucket, or about what is at `path` in it.
    pub fn of_bucket(
        op: &'static str,
        method: &'static str,
        bucket: &'a Bucket,
        path: &'a str,
    ) -> Order<'a> {
        Order::of(op, method, Some(bucket), path)
    }

    /// A request about a bucket, what is in it, or the account.
    pub fn of(
        op: &'static str,
        method: &'static str,
        bucket: Option<&'a Bucket>,
        path: &'a str,
    ) -> Order<'a> {
        let content = match method {
            "PUT" | "POST" => Content::Text(String::new()),
            _ => Content::None,
        };
        Order {
            op,
            method,
            bucket,
            path,
            params: Vec::new(),
            headers: Vec::new(),
            content,
            root: None,
            wait: Wait::ForReply,
            retry: Retry::Always,
        }
    }

    /// The same with a parameter.
    pub fn param(mut self, name: &'a str, value: impl ToString) -> Order<'a> {
        self.add_param(name, value.to_string());
        self
    }

    /// The same with a header.
    pub fn header(mut self, name: &'a str, value: impl ToString) -> Order<'a> {
        self.add_header(name, value.to_string());
        self
    }

    // Not inlined: there are many calls, and each would make the library larger.
    #[inline(never)]
    fn add_param(&mut self, name: &'a str, value: String) {
        self.params.push((name, value));
    }

    #[inline(never)]
    fn add_header(&mut self, name: &'a str, value: String) {
        self.headers.push((name.into(), value));
    }

    /// The same with XML for a body.
    pub fn xml(mut self, text: String) -> Order<'a> {
        self.headers.push(("content-type".into(), "application/xml".to_owned()));
        self.headers.push(("content-md5".into(), BASE64_STANDARD.encode(Md5::digest(&text))));
        self.content = Content::Text(text);
        self
    }

    /// The same, whose success has a body with this root.
    pub fn expecting(self, root: &'static str) -> Order<'a> {
        Order { root: Some(root), ..self }
    }

    /// The same, whose answer may take as long as it likes as long as it is not silent.
    pub fn slow(self) -> Order<'a> {
        Order { wait: Wait::ForContent, ..self }
    }
}

/// A URL and the headers that go with it.
struct Ready {
    url: String,
    headers: Vec<(String, String)>,
    /// What no reply may repeat.
    signature: String,
}

impl V5 {
    /// Sends a request, repeating it as the call allows.
    pub(super) fn run(&self, call: &Call, order: &Order) -> Result<Answer> {
        let may_repeat = |failure: &Failure| match order.retry {
            Retry::Always => true,
            Retry::IfUnsent => !failure.phase().may_have_reached_server(),
        };
        // A refusal without a body does not say why: a 403 may be about the time.
        let may_be_late = |failure: &Failure| {
            is_about_time(failure) || (order.method == "HEAD" && failure.http_status() == Some(403))
        };
        call.attempts(may_repeat, |call| call.on_time(may_be_late, || self.send(call, order)))
    }

    fn send(&self, call: &Call, order: &Order) -> Result<Answer> {
        let mut stretch = match &order.content {
            Content::Stretch(make) => Some(make()),
            _ => None,
        };
        let len = match (&order.content, &stretch) {
            (Content::Text(text), _) => Some(text.len() as u64),
            (Content::Bytes(bytes), _) => Some(bytes.len() as u64),
            (_, Some(stretch)) => Some(stretch.size()),
            _ => None,
        };
        let ready = self.ready(call, order, &self.domains.control, len);
        let mut text = match &order.content {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
            _ => &[],
        };
        let body = match (&mut stretch, len) {
            (Some(stretch), Some(len)) => Some(Body { len, content: stretch }),
            (None, Some(len)) => Some(Body { len, content: &mut text }),
            _ => None,
        };
        let secrets = call.secrets().with(&ready.signature);
        let request = ready.request(order, body);
        let result = call.send(request, order.wait, |incoming| read(incoming, order, secrets));
        let result = result.map_err(unresolved);
        let Some(mut stretch) = stretch else {
            return result;
        };
        match stretch.failure() {
            Some(failure) => Err(failure),
            None => Ok(Answer { sent_crc64: stretch.crc64(), ..result? }),
        }
    }

    /// Asks for content, once. Every answer with another status than these is a failure.
    pub(super) fn fetch(&self, call: &Call, order: &Order, statuses: &[u16]) -> Result<Unread> {
        call.on_time(is_about_time, || {
            let ready = self.ready(call, order, &self.domains.download, None);
            let secrets = call.secrets().with(&ready.signature);
            let request = ready.request(order, None);
            let answer = call.open(request, Wait::ForContent)?;
            if statuses.contains(&answer.status) {
                return Ok(answer);
            }
            answer.read(|incoming| {
                let status = incoming.status;
                match read(incoming, order, secrets) {
                    Ok(_) => Err(reply::not_a_reply(status, "it is not the object")),
                    Err(failure) => Err(failure),
                }
            })
        })
    }

    /// Signs a request to a host of this domain.
    fn ready(&self, call: &Call, order: &Order, domain: &str, len: Option<u64>) -> Ready {
        let now = call.now();
        let host = match order.bucket {
            Some(bucket) => self.host(bucket, domain),
            None => self.domains.service.clone(),
        };
        let trimmed = |(name, value): &(Cow<str>, String)| {
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let mut headers: Vec<_> = order.headers.iter().map(trimmed).collect();
        headers.push(("host".to_owned(), host.clone()));
        if let Some(token) = self.account.token() {
            headers.push((TOKEN.to_owned(), token.to_owned()));
        }
        let len = len.map(|len| ("content-length", len.to_string()));
        let signed_headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(len.iter().map(|(name, len)| (*name, len.as_str())))
            .collect();
        let params: Vec<_> =
            order.params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let authorization = sign(
            &self.account,
            &Signed {
                method: order.method,
                path: order.path,
                params: &params,
                headers: &signed_headers,
            },
            Lifetime { start: now.saturating_sub(BACKDATED), end: call.expiry(now) },
        );
        headers.push(("authorization".to_owned(), authorization.header()));
        let scheme = self.domains.scheme;
        let mut url = [scheme, "://", &host, &encode(order.path)].concat();
        for (i, (name, value)) in order.params.iter().enumerate() {
            url.push(if i == 0 { '?' } else { '&' });
            url.push_str(&encode_query(name));
            if !value.is_empty() {
                url.push('=');
                url.push_str(&encode_query(value));
            }
        }
        Ready { url, headers, signature: authorization.signature().to_owned() }
    }

    /// The host of a bucket.
    pub(super) fn host(&self, bucket: &Bucket, domain: &str) -> String {
        [&*site::full_name(&self.account, bucket), ".", domain].concat()
    }
}

impl Ready {
    fn request<'r>(&'r self, order: &Order, body: Option<Body<'r>>) -> Request<'r> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Request {
            op: order.op,
            method: order.method,
            url: &self.url,
            headers: headers.collect(),
            body,
        }
    }
}

/// Explains a host that is not found: its name is made of what the program has given.
fn unresolved(failure: Box<Failure>) -> Box<Failure> {
    if failure.phase() != Phase::Resolve {
        return failure;
    }
    let hint = "the host's name is made of bucket, appid and region: is there such a region?";
    failure.with_hint(Some(hint.to_owned()))
}

/// What an answer says.
fn read(mut incoming: Incoming, order: &Order, secrets: Secrets) -> Result<Answer> {
    let (status, told, is_early) = (incoming.status, incoming.told(), incoming.is_early());
    let headers = incoming.headers().to_vec();
    let body = if order.method == "HEAD" {
        // The length in the head is that of the object; no body follows.
        incoming.read()?;
        Some(Vec::new())
    } else {
        incoming.read_all(MAX_REPLY)?
    };
    let Some(body) = body else {
        return Err(reply::not_a_reply(status, "it is too large"));
    };
    let answer = reply::read(status, headers, body, order.root, secrets)
        .map_err(|failure| failure.with_told(told))?;
    if is_early {
        // A request of which a part was not sent can't have succeeded.
        let message = "the server answered before the whole request was sent";
        return Err(Failure::connection(Phase::Send, message));
    }
    Ok(Answer { told, ..answer })
}
