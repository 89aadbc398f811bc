//! Files and folders that are there.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::reply::{self, is_about_time};
use super::request::{Operation, Parameters, Signature};
use super::sign::{Kind, sign};
use super::slices::SessionData;
use super::{LIMITS, MAX_URL, V4};
use crate::call::{Call, Incoming, Request, Unread, Wait};
use crate::content::hash;
use crate::content::source::Source;
use crate::path::encode_query;
use crate::protocol::contract::{
    Ask, Authority, Below, Changes, Described, Objects, PageQuery, Place, Relocation, Retry,
};
use crate::reply::object::ObjectInfo;
use crate::reply::secrets::Secrets;
use crate::reply::write::Object;
use crate::reply::{Code, Failure, Phase, Reply, Result};

/// How servers refuse a page size.
const PAGE_REFUSED: [i32; 4] = [-165, -170, -4002, Code::COS_ERR_REQUEST_PARAM.number()];
/// The largest error page that is read for a server's code.
const MAX_ERROR: usize = 64 * 1024;

impl Objects for V4 {
    fn stat(&self, call: &Call, at: Place, _: Ask) -> Result<Reply> {
        self.run(
            call,
            &Operation {
                at,
                signature: Signature::Multi,
                parameters: Parameters::Query(vec![("op", "stat".to_owned())]),
                retry: Retry::Always,
            },
        )
    }

    fn update(&self, call: &Call, at: Place, changes: &Changes, retry: Retry) -> Result<Reply> {
        let mut body = Object::new().with("op", "update");
        if let Some(biz_attr) = &changes.biz_attr {
            body.add("biz_attr", biz_attr);
        }
        if let Some(authority) = changes.authority {
            let authority = match authority {
                Authority::OfBucket => "eInvalid",
                Authority::Private => "eWRPrivate",
                Authority::PublicRead => "eWPrivateRPublic",
            };
            body.add("authority", authority);
        }
        if let Some(forbid) = changes.forbid {
            body.add("forbid", u32::from(forbid));
        }
        if let Some(headers) = &changes.headers {
            body.open("custom_headers");
            for (name, value) in headers {
                body.add(name, value);
            }
            body.close();
        }
        self.order(call, at, Signature::Once, "update", body, retry)
    }

    fn delete(&self, call: &Call, at: Place, retry: Retry) -> Result<Reply> {
        let body = Object::new().with("op", "delete");
        self.order(call, at, Signature::Once, "delete", body, retry)
    }

    fn copy(&self, call: &Call, relocation: &Relocation) -> Result<Reply> {
        self.relocate(call, "copy", Signature::Multi, relocation, Retry::IfUnsent)
    }

    fn rename(&self, call: &Call, relocation: &Relocation, retry: Retry) -> Result<Reply> {
        self.relocate(call, "move", Signature::Once, relocation, retry)
    }

    fn create_folder(&self, call: &Call, at: Place, biz_attr: &str) -> Result<Reply> {
        let body = Object::new().with("op", "create").with("biz_attr", biz_attr);
        self.order(call, at, Signature::Multi, "create", body, Retry::IfUnsent)
    }

    fn list(&self, call: &Call, at: Place, page: &PageQuery) -> Result<Reply> {
        if page.below != Below::Folder {
            let problem = "is for the XML API: the JSON API lists one folder at a time";
            return Err(Failure::argument("recursive", problem));
        }
        if let Some(num) = page.num {
            return self.page(call, at, page, num);
        }
        let num = self.page.load(Ordering::Relaxed);
        match self.page(call, at, page, num) {
            Err(failure) if num > LIMITS.page && PAGE_REFUSED.contains(&failure.code()) => {
                let reply = self.page(call, at, page, LIMITS.page)?;
                self.page.store(LIMITS.page, Ordering::Relaxed);
                Ok(reply)
            }
            result => result,
        }
    }

    fn is_complete(&self, call: &Call, at: Place, shown: &ObjectInfo) -> Result<bool> {
        match self.list_slices(call, at) {
            Ok(reply) => Ok(reply.data().map_or(true, |data: SessionData| {
                let is_other = data
                    .sha()
                    .zip(shown.sha.as_deref())
                    .is_some_and(|(begun, sha)| !begun.eq_ignore_ascii_case(sha))
                    || data.filesize.is_some_and(|begun| Some(begun) != shown.size);
                data.session.is_none() || is_other
            })),
            // There is nothing unfinished where the question is refused.
            Err(failure) if failure.phase() == Phase::Server && !failure.is_retryable() => Ok(true),
            Err(failure) => Err(failure),
        }
    }

    fn has_content(
        &self,
        call: &Call,
        _: Place,
        shown: &ObjectInfo,
        source: &Source,
    ) -> Result<bool> {
        match &shown.sha {
            Some(sha) => Ok(sha.eq_ignore_ascii_case(&hash::sha1(source, &call.stop)?)),
            None => Ok(false),
        }
    }

    fn get(
        &self,
        call: &Call,
        at: Place,
        range: Option<Range<u64>>,
        _: Option<&str>,
    ) -> Result<Unread> {
        // Download hosts need not say why they refuse.
        let may_be_late =
            |failure: &Failure| is_about_time(failure) || failure.http_status() == Some(403);
        call.on_time(may_be_late, || self.get_once(call, at, range.as_ref()))
    }

    /// What brings content does not describe it. The two hosts are asked at the same time.
    fn get_first(&self, call: &Call, at: Place, range: Range<u64>) -> Result<(Described, Unread)> {
        call.both(
            || self.describe(call, at),
            |call| call.attempts(|_| true, |call| self.get(call, at, Some(range.clone()), None)),
        )
    }

    /// `scheme://bucket-appid.host/path`.
    fn object_url(&self, at: Place) -> String {
        let (appid, hosts) = (self.account.appid(), &self.hosts);
        let (bucket, path) = (at.bucket.as_str(), at.path.encoded());
        format!("{}://{bucket}-{appid}.{}{path}", hosts.scheme, hosts.download)
    }
}

impl V4 {
    /// Sends an operation whose parameters are JSON.
    fn order(
        &self,
        call: &Call,
        at: Place,
        signature: Signature,
        op: &'static str,
        body: Object,
        retry: Retry,
    ) -> Result<Reply> {
        let parameters = Parameters::Json { op, body: body.into_text() };
        self.run(call, &Operation { at, signature, parameters, retry })
    }

    fn relocate(
        &self,
        call: &Call,
        op: &'static str,
        signature: Signature,
        Relocation { from, to, overwrite, source_region }: &Relocation,
        retry: Retry,
    ) -> Result<Reply> {
        if source_region.is_some() {
            let problem = "must not be given: only the XML API reaches other regions";
            return Err(Failure::argument("source_region", problem));
        }
        if to.bucket != from.bucket {
            let problem = "must be the bucket of cos_path: only the XML API reaches other buckets";
            return Err(Failure::argument("dest_bucket", problem));
        }
        let body = Object::new()
            .with("op", op)
            .with("dest_fileid", to.path.as_str())
            .with("to_over_write", u32::from(*overwrite));
        self.order(call, *from, signature, op, body, retry)
    }

    fn page(&self, call: &Call, at: Place, page: &PageQuery, num: u64) -> Result<Reply> {
        let mut query = vec![
            ("op", "list".to_owned()),
            ("num", num.to_string()),
            ("context", page.context.to_owned()),
        ];
        // An empty delimiter was mis-handled by servers; the reference SDK stopped sending it.
        if let Some(delimiter) = page.delimiter.filter(|delimiter| !delimiter.is_empty()) {
            query.push(("delimiter", delimiter.to_owned()));
        }
        self.run(
            call,
            &Operation {
                at,
                signature: Signature::Multi,
                parameters: Parameters::Query(query),
                retry: Retry::Always,
            },
        )
    }

    fn get_once(&self, call: &Call, at: Place, range: Option<&Range<u64>>) -> Result<Unread> {
        let now = call.now();
        let signature = sign(&self.account, at, Kind::Download(call.expiry(now)), now);
        let url = self.object_url(at);
        let signed_url = format!("{url}?sign={}", encode_query(&signature));
        let mut headers = Vec::new();
        // The reference SDK signs in the query. Where that gets too long, the header does as well.
        let url = if signed_url.len() <= MAX_URL {
            signed_url
        } else {
            headers.push(("authorization", signature.as_str()));
            url
        };
        let bytes =
            range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        if let Some(bytes) = &bytes {
            headers.push(("range", bytes));
        }
        let request = Request { op: "download", method: "GET", url: &url, headers, body: None };
        let answer = call.open(request, Wait::ForContent)?;
        match answer.status {
            200 | 206 => Ok(answer),
            416 if bytes.is_some() => Ok(answer),
            _ => answer.read(|incoming| Err(refusal(incoming, &call.secrets().with(&signature)))),
        }
    }
}

/// What an answer that is not the object means.
fn refusal(incoming: Incoming, secrets: &Secrets) -> Box<Failure> {
    let (status, told) = (incoming.status, incoming.told());
    let body = match incoming.read_all(MAX_ERROR) {
        Ok(body) => body.unwrap_or_default(),
        Err(failure) => return failure,
    };
    match reply::parse(status, body, secrets) {
        Err(failure) if failure.is_from_server() => failure,
        _ => {
            let what = match status {
                403 => "the download is not allowed",
                404 => "the download host has no such object, or its upload is unfinished",
                300..=399 => {
                    "the download host wants to redirect, which a signed request does not follow"
                }
                _ => "the download was refused",
            };
            Failure::not_a_reply(status, format!("HTTP {status}: {what}"))
        }
    }
    .with_told(told)
}
