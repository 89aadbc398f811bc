//! Which bucket a request is for: the host says it, or the beginning of the path.

pub(crate) use crate::config::long_region as region;
use crate::{config::Config, http::head::Head};

/// The domains of the service.
const DOMAINS: [&str; 2] = ["myqcloud.com", "tencentcos.cn"];

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// All buckets, or those of a region.
    Service {
        region: Option<String>,
    },
    Bucket(BucketPlace),
    /// A bucket without the appid.
    Nameless(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketPlace {
    /// Without the appid.
    pub name: String,
    pub appid: String,
    /// The region in the host, in the spelling of this API.
    pub region: Option<String>,
    /// Whether the path begins with the bucket.
    pub in_path: bool,
}

impl BucketPlace {
    pub fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.appid)
    }
}

/// `name-appid`, taken apart.
pub(crate) fn split_bucket(full: &str) -> Option<(&str, &str)> {
    let (name, appid) = full.rsplit_once('-')?;
    let is_number = !appid.is_empty() && appid.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !name.is_empty()).then_some((name, appid))
}

/// Where a request goes, if it goes to this API at all; `default` is the bucket of hosts that name none.
pub(crate) fn place(config: &Config, head: &Head, default: Option<&str>) -> Option<Place> {
    let host = head.host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let path = head.parts.uri.path();
    if let Some(place) = of_service(&host, path) {
        return Some(place);
    }
    let is_json_api =
        host.ends_with(".file.myqcloud.com") || host.contains(".cos") && !is_ours(&host);
    if is_json_api || path.starts_with("/files/v2/") || path.starts_with("/_emulator/") {
        return None;
    }
    let signed = is_signed(head);
    if let Some((name, appid)) = host.split_once('.').and_then(|(label, _)| split_bucket(label)) {
        // What browsers send carries no signature in its head.
        let from_page = head.method() == "OPTIONS" || head.method() == "POST" && path == "/";
        let is_for_us = signed || from_page && config.knows_appid(appid);
        return is_for_us.then(|| bucket(name, appid, None, false));
    }
    if host.starts_with("service.") && signed {
        return Some(Place::Service { region: None });
    }
    let first = percent_free(path.trim_start_matches('/').split('/').next().unwrap_or_default());
    match split_bucket(first) {
        Some((name, appid)) if config.bucket(appid, name).is_some() => {
            return Some(bucket(name, appid, None, true));
        }
        _ => {}
    }
    match default.and_then(split_bucket) {
        Some((name, appid)) => Some(bucket(name, appid, None, false)),
        None if !signed => None,
        None => Some(in_path(path, None)),
    }
}

fn bucket(name: &str, appid: &str, region: Option<String>, in_path: bool) -> Place {
    Place::Bucket(BucketPlace { name: name.into(), appid: appid.into(), region, in_path })
}

fn is_ours(host: &str) -> bool {
    DOMAINS.iter().any(|domain| host.ends_with(domain)) && host.contains(".cos.")
}

/// The segment, or nothing if it has escapes: no bucket's name needs them.
fn percent_free(segment: &str) -> &str {
    if segment.contains('%') { "" } else { segment }
}

/// `{bucket}.cos.{region}.{domain}`, `cos.{region}.{domain}` and `service.cos.{domain}`.
fn of_service(host: &str, path: &str) -> Option<Place> {
    if DOMAINS.iter().any(|domain| *host == format!("service.cos.{domain}")) {
        return Some(Place::Service { region: None });
    }
    if let Some(rest) = host.strip_prefix("cos.") {
        let (name, _domain) = rest.split_once('.')?;
        return Some(in_path(path, Some(region(name).into())));
    }
    let (full, rest) = host.split_once(".cos.").or_else(|| host.split_once(".cos-internal."))?;
    let (name, _domain) = rest.split_once('.')?;
    let region = Some(region(name).to_string()).filter(|region| region != "accelerate");
    Some(match split_bucket(full) {
        Some((name, appid)) => bucket(name, appid, region, false),
        None => Place::Nameless(full.into()),
    })
}

/// The bucket that the path begins with, or else the list of buckets.
pub(crate) fn in_path(path: &str, region: Option<String>) -> Place {
    match path.trim_start_matches('/').split('/').next().unwrap_or_default() {
        "" => Place::Service { region },
        first => match split_bucket(first) {
            Some((name, appid)) => bucket(name, appid, region, true),
            None => Place::Nameless(first.into()),
        },
    }
}

/// Whether a signature of this API is anywhere in the head.
fn is_signed(head: &Head) -> bool {
    const MARK: &str = "q-sign-algorithm=";
    let header = head.header(hyper::header::AUTHORIZATION).unwrap_or_default();
    let query = head.query();
    header.contains(MARK)
        || query.contains(MARK)
        || query.contains("q-sign-algorithm%3D")
        || query.contains("q-sign-algorithm%3d")
}
