//! Operations on files that carry no content.

use super::{begin, tree};
use crate::call::Call;
use crate::client::Client;
use crate::options::{Options, printable};
use crate::path::{Bucket, FilePath, FolderPath};
use crate::protocol::contract::{Ask, Authority, Changes, Place, Protocol, Relocation, Retry};
use crate::reply::json;
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Reply, Result};

/// What the service knows of a file.
pub fn stat(client: &Client, bucket: &str, cos_path: &str, options: Option<&str>) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FilePath::new, options, None)?;
    let ask = match this.options.flag("with_authority")? {
        Some(false) => Ask::OfContent,
        _ => Ask::All,
    };
    this.no_more_options()?;
    this.service.stat(&this.call, this.at(), ask)
}

/// Deletes a file.
pub fn delete(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FilePath::new, options, None)?;
    let sum = this.options.text("if_match")?;
    this.no_more_options()?;
    let Some(sum) = sum else {
        return this.service.delete(&this.call, this.at(), Retry::IfUnsent);
    };
    let mut was_there = false;
    // A reply may be lost: what is there when the request is repeated may be something else.
    this.call.attempts(
        |_| true,
        |call| {
            let is_gone = |failure: &Failure| was_there && failure.is(Code::COS_ERR_NOT_FOUND);
            let shown = match this.service.describe(call, this.at()) {
                Err(failure) if is_gone(&failure) => return Ok(Reply::done()),
                described => described?.shown,
            };
            was_there = true;
            if !is_described_by(&shown, &sum) {
                let message = "the file does not have the content that if_match stands for";
                return Err(Failure::found(Code::COS_ERR_REFUSED, message));
            }
            match this.service.delete(call, this.at(), Retry::Always) {
                Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(Reply::done()),
                result => result,
            }
        },
    )
}

/// Deletes the files whose paths are in a JSON array.
pub fn delete_many(
    client: &Client,
    bucket: &str,
    cos_paths: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, "/", FolderPath::new, options, None)?;
    let concurrency = this.options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize;
    this.no_more_options()?;
    let paths = json::strings(cos_paths).ok_or_else(|| {
        Failure::argument("cos_paths", "must be a JSON array of strings such as [\"/a.txt\"]")
    })?;
    for path in &paths {
        FilePath::new("cos_paths", path, this.rules()).map_err(|failure| failure.prefixed(path))?;
    }
    tree::delete_files(this, &paths, concurrency, client.counts.as_deref())
}

/// Whether the service states this SHA-1, CRC-64 or ETag for a content.
fn is_described_by(shown: &ObjectInfo, sum: &str) -> bool {
    shown.sha.as_deref().is_some_and(|sha| sha.eq_ignore_ascii_case(sum))
        || shown.crc64.is_some_and(|crc64| crc64.to_string() == sum)
        || shown.etag.as_deref() == Some(sum)
}

/// Changes the attributes that the options give.
pub fn update(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FilePath::new, options, None)?;
    let changes = changes(&mut this.options)?;
    this.no_more_options()?;
    if changes == Changes::default() {
        return Err(Failure::argument(
            "options",
            "must say what to update: biz_attr, authority, forbid, a header, or clear_headers",
        ));
    }
    this.service.update(&this.call, this.at(), &changes, Retry::IfUnsent)
}

/// Moves a file.
pub fn rename(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    dest_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    relocate(client, bucket, cos_path, dest_path, options, |service, call, relocation| {
        service.rename(call, relocation, Retry::IfUnsent)
    })
}

/// Copies a file.
pub fn copy(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    dest_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    relocate(client, bucket, cos_path, dest_path, options, |service, call, relocation| {
        service.copy(call, relocation)
    })
}

fn relocate(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    dest_path: &str,
    options: Option<&str>,
    send: impl FnOnce(&dyn Protocol, &Call, &Relocation) -> Result<Reply>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FilePath::new, options, None)?;
    let path = FilePath::new("dest_path", dest_path, this.rules())?;
    let overwrite = this.options.flag("overwrite")?.unwrap_or(false);
    let dest_bucket = this.options.text("dest_bucket")?;
    let source_region = this.options.text("source_region")?;
    this.no_more_options()?;
    let dest_bucket = match &dest_bucket {
        Some(name) => Bucket::named("dest_bucket", name)?,
        None => this.bucket.clone(),
    };
    let to = Place { bucket: &dest_bucket, path: &path };
    let source_region = source_region.as_deref();
    send(&*this.service, &this.call, &Relocation { from: this.at(), to, overwrite, source_region })
}

/// What the names of a program's own headers begin with.
const META_PREFIX: &str = "x-cos-meta-";

/// The option keys of the standard headers, and the headers.
const HEADERS: [(&str, &str); 5] = [
    ("cache_control", "Cache-Control"),
    ("content_type", "Content-Type"),
    ("content_language", "Content-Language"),
    ("content_disposition", "Content-Disposition"),
    ("content_encoding", "Content-Encoding"),
];

fn changes(options: &mut Options) -> Result<Changes> {
    let biz_attr = options.text("biz_attr")?;
    let authority = options.text("authority")?.as_deref().map(authority).transpose()?;
    let forbid = options.integer("forbid", 0..=2)?.map(|forbid| forbid as u8);
    let headers = headers(options)?;
    let clear = options.flag("clear_headers")?.unwrap_or(false);
    if clear && !headers.is_empty() {
        return Err(Failure::argument(
            "clear_headers",
            "must not be given together with headers: an update replaces all of them anyway",
        ));
    }
    let headers = (clear || !headers.is_empty()).then_some(headers);
    Ok(Changes { biz_attr, authority, forbid, headers, tagging: None })
}

pub(super) fn authority(name: &str) -> Result<Authority> {
    match name {
        "eInvalid" => Ok(Authority::OfBucket),
        "eWRPrivate" => Ok(Authority::Private),
        "eWPrivateRPublic" => Ok(Authority::PublicRead),
        _ => Err(Failure::argument(
            "authority",
            "must be \"eInvalid\", \"eWRPrivate\" or \"eWPrivateRPublic\"",
        )),
    }
}

pub(super) fn headers(options: &mut Options) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for (key, header) in HEADERS {
        if let Some(value) = options.text(key)? {
            check_header_value(key, &value)?;
            headers.push((header.to_owned(), value));
        }
    }
    for (key, value) in options.with_prefix(META_PREFIX) {
        let name = &key[META_PREFIX.len()..];
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.!#$&+^'|~".contains(&b);
        if name.is_empty() || !name.bytes().all(legal) {
            let problem = "must be x-cos-meta- and a name of letters, digits and '-'";
            return Err(Failure::argument(&printable(&key), problem));
        }
        match value {
            Some(text) if !text.is_empty() => {
                check_header_value(&key, &text)?;
                headers.push((key, text));
            }
            _ => {
                return Err(Failure::argument(&key, "must be a string that is not empty"));
            }
        }
    }
    Ok(headers)
}

fn check_header_value(key: &str, value: &str) -> Result<()> {
    if value.chars().any(char::is_control) {
        return Err(Failure::argument(key, "must not contain control characters or line breaks"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes_of(options: &str) -> Result<Changes> {
        changes(&mut Options::parse(Some(options)).unwrap())
    }

    #[test]
    fn headers_travel_together_under_their_own_names() {
        let changes = changes_of(
            r#"{"cache_control":"no-cache","x-cos-meta-a":"1","biz_attr":"","forbid":2,"x-cos-meta-b":null}"#,
        );
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            changes.unwrap(),
            Changes {
                biz_attr: Some(String::new()),
                authority: None,
                tagging: None,
                forbid: Some(2),
                headers: Some(vec![
                    header("Cache-Control", "no-cache"),
                    header("x-cos-meta-a", "1")
                ]),
            }
        );
        let cleared = changes_of(r#"{"clear_headers":1}"#).unwrap();
        assert_eq!(cleared, Changes { headers: Some(Vec::new()), ..Changes::default() });
        assert_eq!(changes_of(r#"{"clear_headers":false}"#).unwrap(), Changes::default());
    }

    #[test]
    fn wrong_attributes_name_their_key() {
        for (options, key) in [
            (r#"{"authority":""}"#, "authority"),
            (r#"{"authority":"public"}"#, "authority"),
            (r#"{"forbid":3}"#, "forbid"),
            (r#"{"content_type":"a\r\nb"}"#, "content_type"),
            (r#"{"content_type":5}"#, "content_type"),
            (r#"{"x-cos-meta-":"x"}"#, "x-cos-meta-"),
            (r#"{"x-cos-meta-a b":"x"}"#, "x-cos-meta-a b"),
            (r#"{"x-cos-meta-a":""}"#, "x-cos-meta-a"),
            (r#"{"x-cos-meta-a":1}"#, "x-cos-meta-a"),
            (r#"{"x-cos-meta-a":"\n"}"#, "x-cos-meta-a"),
            (r#"{"clear_headers":true,"content_type":"x"}"#, "clear_headers"),
        ] {
            let failure = changes_of(options).unwrap_err();
            assert_eq!(failure.argument_name(), Some(key), "{options}");
        }
    }
}
