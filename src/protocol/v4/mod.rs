//! The JSON API v4. `docs/wire-v4.md` describes it.

pub mod form;
mod objects;
pub mod reply;
mod request;
pub mod sign;
pub mod site;
mod slices;
mod states;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::contract::{Composed, Grant, Limits, Objects as _, PartSizes, Place, Protocol};
use crate::account::Account;
use crate::call::Call;
use crate::content::hash::Hasher;
use crate::path::{Rules, encode_query};
use crate::reply::write::Object;
use crate::reply::{Failure, Reply, Result};
use sign::{Kind, sign};
use site::Hosts;

/// The longest URL the service accepts, in bytes (official page 430/5996).
const MAX_URL: usize = 1024;

/// Which paths the service accepts: those without what the reference SDK refuses, in its order.
pub const RULES: Rules = Rules {
    forbidden: &['?', '*', ':', '|', '\\', '<', '>', '"'],
    longest: MAX_URL,
    longest_plain: usize::MAX,
    empty_segments: false,
};

static LIMITS: Limits = Limits {
    paths: RULES,
    // What the service documents; it answers others with -284.
    part_sizes: PartSizes::Of(&[524_288, 1_048_576, 2_097_152, 3_145_728]),
    part_size: 1_048_576,
    threshold: 8 * 1024 * 1024,
    largest_whole: 20 * 1024 * 1024,
    largest_page: 1000,
    page: 199,
    deleted_at_once: 1,
    lists_go_deep: false,
    lists_have_sums: true,
    parts_are_announced: true,
    has_attributes: false,
    hasher: Hasher::sha1,
};

/// The service as this API shows it.
#[derive(Debug)]
pub struct V4 {
    account: Arc<Account>,
    hosts: Hosts,
    /// How many entries of a list servers have not refused so far.
    page: AtomicU64,
}

impl V4 {
    /// The service at these hosts.
    pub fn new(account: Arc<Account>, hosts: Hosts) -> Result<V4> {
        if account.token().is_some() {
            let problem =
                "is for the XML API: this client speaks the JSON API, which has no temporary keys";
            return Err(Failure::argument("token", problem));
        }
        Ok(V4 { account, hosts, page: AtomicU64::new(LIMITS.largest_page) })
    }
}

impl Protocol for V4 {
    fn limits(&self) -> &'static Limits {
        &LIMITS
    }

    fn grant(&self, at: Place, grant: Grant, now: u64) -> Result<Reply> {
        let kind = match grant {
            Grant::More { until } => Kind::Multi(until),
            Grant::Once => Kind::Once,
            Grant::Download { until } => Kind::Download(until),
            Grant::Url { head, until } => {
                let argument = match head {
                    head if head.method != "GET" => Some("method"),
                    head if !head.params.is_empty() => Some("params"),
                    head if !head.headers.is_empty() => Some("headers"),
                    _ => None,
                };
                if let Some(argument) = argument {
                    let problem = "is more than a URL of the JSON API can say, which is for plain \
                                   downloads, with GET; the XML API can";
                    return Err(Failure::argument(argument, problem));
                }
                Kind::Download(until)
            }
        };
        let sign = sign(&self.account, at, kind, now);
        let url = || format!("{}?sign={}", self.object_url(at), encode_query(&sign));
        let data = Object::new();
        Ok(Reply::compose(match grant {
            Grant::Url { .. } => data.with("url", url()).with("headers", Object::new()),
            Grant::Download { .. } => data.with("sign", &sign).with("url", url()),
            Grant::More { .. } | Grant::Once => data.with("sign", &sign),
        }))
    }

    fn list_buckets(&self, _: &Call) -> Result<Reply> {
        Err(only_v5("cos_list_buckets"))
    }

    fn request(&self, _: &Call, _: &Composed) -> Result<Reply> {
        Err(only_v5("cos_request"))
    }
}

/// The failure of a function that this API has nothing for.
fn only_v5(function: &str) -> Box<Failure> {
    let problem = format!("is v4, the JSON API, and {function} needs v5, the XML API");
    Failure::argument("api", problem)
}
