//! The headers of an object: what is stored, and what else a client may ask for with it.

use std::collections::BTreeMap;

use super::{
    request::{Request, decode, encode, encode_text, form_decode},
    words::{Failure, Word},
};
use crate::{
    http::reply::Reply,
    settings::Settings,
    store::{Acl, File, Grant, Traits},
};

pub(crate) const STORED: [&str; 6] = [
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "Expires",
];
pub(crate) const META: &str = "x-cos-meta-";
const BIZ_ATTR: &str = "x-cos-meta-biz-attr";
pub(crate) const STANDARD: &str = "STANDARD";
const STORAGE_CLASSES: [&str; 8] = [
    STANDARD,
    "STANDARD_IA",
    "INTELLIGENT_TIERING",
    "ARCHIVE",
    "DEEP_ARCHIVE",
    "MAZ_STANDARD",
    "MAZ_STANDARD_IA",
    "MAZ_INTELLIGENT_TIERING",
];
const CANNED: [&str; 6] = [
    "default",
    "private",
    "public-read",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];
const GRANTS: [(&str, &str); 4] = [
    ("x-cos-grant-read", "READ"),
    ("x-cos-grant-read-acp", "READ_ACP"),
    ("x-cos-grant-write-acp", "WRITE_ACP"),
    ("x-cos-grant-full-control", "FULL_CONTROL"),
];
const MOST_TAGS: usize = 10;

/// The headers that are stored with an object.
pub(crate) fn stored(
    request: &Request,
    settings: &Settings,
) -> Result<BTreeMap<String, String>, Failure> {
    let meta =
        request.headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with(META));
    let names = STORED.iter().map(|name| name.to_string()).chain(meta.map(String::from));
    let given = names.filter_map(|name| Some((name.clone(), request.header(&name)?)));
    checked(given.collect(), settings)
}

/// Refuses metadata that has wrong names, or is too much.
pub(crate) fn checked(
    headers: BTreeMap<String, String>,
    settings: &Settings,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut length = 0;
    for (name, value) in headers.iter().filter(|(name, _)| name.starts_with(META)) {
        let suffix = &name[META.len()..];
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if suffix.is_empty() || !suffix.bytes().all(legal) {
            return Err(Word::INVALID_ARGUMENT.saying(format!("{name} is not a legal name")));
        }
        length += name.len() + value.len();
    }
    if length as u64 > settings.metadata_limit {
        return Err(Word::INVALID_ARGUMENT.saying("The metadata is too large."));
    }
    Ok(headers)
}

/// Whether a request brings metadata, which a copy must not unless it replaces all.
pub(crate) fn has_metadata(request: &Request) -> bool {
    request.headers.keys().any(|name| name.as_str().starts_with(META))
}

/// Class, ACL and tags, as the headers ask for them.
pub(crate) fn traits(request: &Request) -> Result<Traits, Failure> {
    Ok(Traits {
        storage_class: storage_class(request.header("x-cos-storage-class").as_deref())?,
        acl: acl(request)?.unwrap_or_default(),
        tags: request.header("x-cos-tagging").map_or(Ok(Vec::new()), |text| tags(&text))?,
        ..Traits::default()
    })
}

pub(crate) fn storage_class(name: Option<&str>) -> Result<String, Failure> {
    let name = name.unwrap_or(STANDARD);
    match STORAGE_CLASSES.contains(&name) {
        true => Ok(if name == STANDARD { String::new() } else { name.into() }),
        false => Err(Word::STORAGE_CLASS.because(format!("the storage class is {name:?}"))),
    }
}

pub(crate) fn canned(name: &str) -> Result<String, Failure> {
    match CANNED.contains(&name) {
        true => Ok(if name == "default" { String::new() } else { name.into() }),
        false => Err(Word::INVALID_ARGUMENT.saying(format!("x-cos-acl can't be {name:?}"))),
    }
}

/// The ACL of the headers, if they have any.
pub(crate) fn acl(request: &Request) -> Result<Option<Acl>, Failure> {
    let name = request.header("x-cos-acl");
    let mut grants = Vec::new();
    for (header, permission) in GRANTS {
        let Some(value) = request.header(header) else { continue };
        for grantee in value.split(',').map(str::trim) {
            let id = grantee
                .split_once('=')
                .filter(|(kind, _)| matches!(*kind, "id" | "uin"))
                .map(|(_, id)| id.trim_matches('"'))
                .ok_or_else(|| Word::INVALID_ARGUMENT.saying(format!("{header} is {value:?}")))?;
            grants.push(Grant { permission: permission.into(), grantee: id.into() });
        }
    }
    if name.is_none() && grants.is_empty() {
        return Ok(None);
    }
    Ok(Some(Acl { canned: name.map_or(Ok(String::new()), |name| canned(&name))?, grants }))
}

/// `k1=v1&k2=v2`, each encoded.
fn tags(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let tags = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((form_decode(key)?, form_decode(value)?))
    });
    check_tags(tags.collect::<Option<_>>().ok_or(Word::INVALID_TAG)?)
}

pub(crate) fn check_tags(tags: Vec<(String, String)>) -> Result<Vec<(String, String)>, Failure> {
    let legal = |(key, value): &(String, String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    let mut keys: Vec<_> = tags.iter().map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    if tags.len() > MOST_TAGS || keys.len() < tags.len() || !tags.iter().all(legal) {
        return Err(Word::INVALID_TAG.into());
    }
    Ok(tags)
}

/// Refuses a limit of speed that the service does not take, in bits a second.
pub(crate) fn check_traffic_limit(request: &Request) -> Result<(), Failure> {
    const NAME: &str = "x-cos-traffic-limit";
    let Some(text) = request.header(NAME).or_else(|| request.given(NAME).map(String::from)) else {
        return Ok(());
    };
    match text.parse::<u64>() {
        Ok(819_200..=838_860_800) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        _ => Err(Word::INVALID_ARGUMENT.saying(format!("{NAME} is {text:?}"))),
    }
}

/// What a reply says about an object.
pub(crate) fn describe(reply: &mut Reply, file: &File, settings: &Settings) {
    reply.named("Content-Type", "application/octet-stream");
    for (name, value) in &file.headers {
        match settings.metadata_comes_back_encoded && name.starts_with(META) {
            true => reply.named(name, &encode_text(value)),
            false => reply.named(name, value),
        }
    }
    if settings.biz_attr_is_metadata && !file.biz_attr.is_empty() {
        reply.named(BIZ_ATTR, &encode(&file.biz_attr));
    }
    reply.named("Accept-Ranges", "bytes");
    reply.named("ETag", &format!("\"{}\"", etag(file)));
    reply.named("Last-Modified", &super::time::http_date(file.mtime));
    reply.named("x-cos-object-type", "normal");
    crc(reply, file.crc64, settings);
    tell_version(reply, file);
    if !file.traits.storage_class.is_empty() {
        reply.named("x-cos-storage-class", &file.traits.storage_class);
    }
    if !file.traits.tags.is_empty() {
        reply.named("x-cos-tagging-count", &file.traits.tags.len().to_string());
    }
}

/// The number of the version, if there is one.
pub(crate) fn tell_version(reply: &mut Reply, file: &File) {
    if !file.traits.version.is_empty() {
        reply.named("x-cos-version-id", &file.traits.version);
    }
}

pub(crate) fn crc(reply: &mut Reply, crc64: Option<u64>, settings: &Settings) {
    if let Some(crc64) = crc64.filter(|_| settings.object_crc) {
        reply.named("x-cos-hash-crc64ecma", &crc64.to_string());
    }
}

/// The ETag without quotes: for what the JSON API wrote it is the SHA-1.
pub(crate) fn etag(file: &File) -> &str {
    if file.etag.is_empty() { &file.sha } else { &file.etag }
}

/// The `biz_attr` of the JSON API, if the settings say that it is this header.
pub(crate) fn biz_attr(headers: &BTreeMap<String, String>, settings: &Settings) -> String {
    let value = headers.get(BIZ_ATTR).filter(|_| settings.biz_attr_is_metadata);
    value.and_then(|value| decode(value)).unwrap_or_default()
}
