//! The XML API v5. `docs/wire-v5.md` describes it.

mod codes;
mod content_types;
mod copies;
mod objects;
mod parts;
pub mod reply;
mod request;
mod service;
pub mod sign;
pub mod site;
mod unfinished;
pub mod xml;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::contract::{Composed, Grant, Limits, PartSizes, Place, Protocol, RequestHead};
use crate::account::Account;
use crate::call::Call;
use crate::content::hash::Hasher;
use crate::path::{Bucket, Rules, encode_query};
use crate::reply::write::{Object, last_of_each};
use crate::reply::{Failure, Reply, Result};
use reply::Answer;
use sign::{Authorization, Lifetime, Signed, sign};
use site::Domains;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Which paths the service accepts (official page 436/13324). A key has no slash before it.
pub const RULES: Rules =
    Rules { forbidden: &[], longest: usize::MAX, longest_plain: 1 + 850, empty_segments: true };

/// The smallest part, but for the last.
const SMALLEST_PART: u64 = MIB;
/// An upload has no more parts.
const MOST_PARTS: u64 = 10_000;
/// The largest content of one request.
const LARGEST: u64 = 5 * GIB;

static LIMITS: Limits = Limits {
    paths: RULES,
    // 512 KiB is a size of the JSON API: it is accepted, and raised to the smallest part.
    part_sizes: PartSizes::Between(512 * 1024, LARGEST),
    part_size: 8 * MIB,
    threshold: 16 * MIB,
    largest_whole: LARGEST,
    largest_page: 1000,
    page: 199,
    deleted_at_once: 1000,
    lists_go_deep: true,
    lists_have_sums: false,
    parts_are_announced: false,
    has_attributes: true,
    hasher: Hasher::crc64,
};

/// The service as this API shows it.
#[derive(Debug)]
pub struct V5 {
    account: Arc<Account>,
    domains: Domains,
    /// Buckets that have shown that they keep versions: there nothing forbids to replace a file.
    versioned: Mutex<HashSet<String>>,
}

impl V5 {
    /// The service at hosts of these domains.
    pub fn new(account: Arc<Account>, domains: Domains) -> V5 {
        V5 { account, domains, versioned: Mutex::default() }
    }

    /// Notes that a bucket keeps versions, if the answer to an upload shows it.
    fn note_versions(&self, bucket: &Bucket, answer: &Answer) {
        if answer.header("x-cos-version-id").is_some() {
            let mut versioned = self.versioned.lock().unwrap_or_else(PoisonError::into_inner);
            versioned.insert(bucket.as_str().to_owned());
        }
    }

    /// Whether an upload has shown that the bucket keeps versions.
    fn keeps_versions(&self, bucket: &Bucket) -> bool {
        let versioned = self.versioned.lock().unwrap_or_else(PoisonError::into_inner);
        versioned.contains(bucket.as_str())
    }

    /// A URL with a signature in it, for requests like `head`.
    fn presigned(
        &self,
        at: Place,
        head: &RequestHead,
        until: u64,
        now: u64,
    ) -> (Authorization, String) {
        // Uploads and deletions go to the host of control requests, as those of the library do.
        let domain = match head.method {
            "GET" | "HEAD" => &self.domains.download,
            _ => &self.domains.control,
        };
        let host = self.host(at.bucket, domain);
        let token = self.account.token().map(|token| (request::TOKEN, token));
        let params: Vec<_> = borrowed(&head.params).chain(token).collect();
        let headers: Vec<_> = borrowed(&head.headers).chain([("host", &*host)]).collect();
        let authorization = sign(
            &self.account,
            &Signed {
                method: head.method,
                path: at.path.as_str(),
                params: &params,
                headers: &headers,
            },
            Lifetime { start: now.saturating_sub(request::BACKDATED), end: until },
        );
        let scheme = self.domains.scheme;
        let mut url = format!("{scheme}://{host}{}?{}", at.path.encoded(), authorization.query());
        for (name, value) in params {
            url.push_str(&format!("&{}={}", encode_query(name), encode_query(value)));
        }
        (authorization, url)
    }
}

fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

impl Protocol for V5 {
    fn limits(&self) -> &'static Limits {
        &LIMITS
    }

    fn grant(&self, at: Place, grant: Grant, now: u64) -> Result<Reply> {
        match grant {
            Grant::Download { until } => {
                let head = RequestHead { method: "GET", params: Vec::new(), headers: Vec::new() };
                let (authorization, url) = self.presigned(at, &head, until, now);
                Ok(Reply::compose(
                    Object::new().with("sign", authorization.header()).with("url", url),
                ))
            }
            Grant::Url { head, until } => {
                let (_, url) = self.presigned(at, head, until, now);
                let mut headers = Object::new();
                for (name, value) in last_of_each(&head.headers) {
                    headers.add(name, value);
                }
                Ok(Reply::compose(Object::new().with("url", url).with("headers", headers)))
            }
            Grant::More { .. } | Grant::Once => {
                let problem = "is v5, whose signatures are for one request each: cos_sign_url and \
                               cos_sign_download make them";
                Err(Failure::argument("api", problem))
            }
        }
    }

    fn list_buckets(&self, call: &Call) -> Result<Reply> {
        self.buckets(call)
    }

    fn request(&self, call: &Call, request: &Composed) -> Result<Reply> {
        self.composed(call, request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::FilePath;
    use crate::protocol::contract::{Api, Site};

    fn service(token: Option<&str>) -> V5 {
        let account = Account::new(
            "1250000000",
            "AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0000",
            "ExampleSecretKeyExampleSecretKey00",
        );
        let token = token.map(|token| Arc::new(zeroize::Zeroizing::new(token.to_owned())));
        let account = Arc::new(account.unwrap().with_token(token));
        let site = Site {
            api: Api::V5,
            region: Some("gz".to_owned()),
            hostname: None,
            download_hostname: None,
            scheme: "https",
        };
        V5::new(account, Domains::new(&site).unwrap())
    }

    fn granted(service: &V5, path: &str, grant: Grant) -> Result<serde_json::Value> {
        let bucket = Bucket::new("mybucket").unwrap();
        let path = FilePath::new("cos_path", path, &RULES).unwrap();
        let at = Place { bucket: &bucket, path: &path };
        let reply = service.grant(at, grant, 1_700_000_000 + request::BACKDATED)?;
        Ok(serde_json::from_str(&reply.json).unwrap())
    }

    #[test]
    fn a_presigned_url_is_the_one_of_the_vectors() {
        let until = Grant::Download { until: 1_700_000_600 };
        let reply = granted(&service(None), "/hello.txt", until).unwrap();
        assert_eq!(
            reply["data"]["url"],
            "https://mybucket-1250000000.cos.ap-guangzhou.myqcloud.com/hello.txt?\
             q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE0000&\
             q-sign-time=1700000000%3B1700000600&q-key-time=1700000000%3B1700000600&\
             q-header-list=host&q-url-param-list=&\
             q-signature=e5057c0c0452c54bd04bba81961b9f5521612fff"
        );
        let url = granted(&service(Some("a+b/c=&d")), "/文 +.txt", until).unwrap();
        let url = url["data"]["url"].as_str().unwrap().to_owned();
        assert!(url.contains("/%E6%96%87%20%2B.txt?"), "{url}");
        assert!(url.contains("&q-url-param-list=x-cos-security-token&"), "{url}");
        assert!(url.ends_with("&x-cos-security-token=a%2Bb%2Fc%3D%26d"), "{url}");
    }

    #[test]
    fn no_signature_is_for_more_than_one_request() {
        for grant in [Grant::Once, Grant::More { until: 1_700_000_600 }] {
            let failure = granted(&service(None), "/a", grant).unwrap_err();
            assert_eq!((failure.code(), failure.argument_name()), (-1, Some("api")));
            assert!(failure.message().contains("cos_sign_url"));
        }
    }
}
