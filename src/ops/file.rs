//! Operations on files that carry no content.

use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::options::Options;
use crate::path::{Bucket, CosPath, FilePath};
use crate::protocol::v4::request::{Operation, Parameters, Repeat, Signature};
use crate::reply::{Failure, Reply, Result};

/// `op=stat`: what the service knows of a file.
pub fn stat(client: &Client, bucket: &str, cos_path: &str, options: Option<&str>) -> Result<Reply> {
    let (bucket, path) = (Bucket::new(bucket)?, FilePath::new("cos_path", cos_path)?);
    let call = client.plain_call(options)?;
    call.run(&stat_operation(&bucket, &path))
}

/// The operation behind [`stat`], which is the same for folders.
pub fn stat_operation<'a>(bucket: &'a Bucket, path: &'a CosPath) -> Operation<'a> {
    Operation {
        bucket,
        path,
        signature: Signature::Multi,
        parameters: Parameters::Query(vec![("op", "stat".to_owned())]),
        repeat: Repeat::Always,
    }
}

/// `op=delete`.
pub fn delete(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let (bucket, path) = (Bucket::new(bucket)?, FilePath::new("cos_path", cos_path)?);
    let call = client.plain_call(options)?;
    call.run(&delete_operation(&bucket, &path, Repeat::IfUnsent))
}

/// The operation behind [`delete`], which is the same for folders.
pub fn delete_operation<'a>(
    bucket: &'a Bucket,
    path: &'a CosPath,
    repeat: Repeat,
) -> Operation<'a> {
    Operation {
        bucket,
        path,
        signature: Signature::Once,
        parameters: Parameters::Json(json!({"op": "delete"})),
        repeat,
    }
}

/// `op=update`: changes the attributes that the options give.
pub fn update(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let (bucket, path) = (Bucket::new(bucket)?, FilePath::new("cos_path", cos_path)?);
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, None)?;
    let changes = changes(&mut options)?;
    options.finish()?;
    if changes.is_empty() {
        return Err(Failure::argument(
            "options",
            "must say what to update: biz_attr, authority, forbid, a header, or clear_headers",
        ));
    }
    let mut body = json!({"op": "update"});
    for (key, value) in changes {
        body[key] = value;
    }
    call.run(&Operation {
        bucket: &bucket,
        path: &path,
        signature: Signature::Once,
        parameters: Parameters::Json(body),
        repeat: Repeat::IfUnsent,
    })
}

/// `op=move`: renames a file within its bucket.
pub fn rename(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    dest_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    relocate(client, bucket, cos_path, dest_path, options, "move", Signature::Once)
}

/// `op=copy`: copies a file within its bucket.
pub fn copy(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    dest_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    relocate(client, bucket, cos_path, dest_path, options, "copy", Signature::Multi)
}

fn relocate(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    dest_path: &str,
    options: Option<&str>,
    op: &str,
    signature: Signature,
) -> Result<Reply> {
    let bucket = Bucket::new(bucket)?;
    let path = FilePath::new("cos_path", cos_path)?;
    let dest = FilePath::new("dest_path", dest_path)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, None)?;
    let overwrite = options.flag("overwrite")?.unwrap_or(false);
    options.finish()?;
    call.run(&Operation {
        bucket: &bucket,
        path: &path,
        signature,
        parameters: Parameters::Json(json!({
            "op": op,
            "dest_fileid": dest.as_str(),
            "to_over_write": u8::from(overwrite),
        })),
        repeat: Repeat::IfUnsent,
    })
}

const META_PREFIX: &str = "x-cos-meta-";

/// The option keys of the standard headers, and the headers.
const HEADERS: [(&str, &str); 5] = [
    ("cache_control", "Cache-Control"),
    ("content_type", "Content-Type"),
    ("content_language", "Content-Language"),
    ("content_disposition", "Content-Disposition"),
    ("content_encoding", "Content-Encoding"),
];

/// The keys of an update's body that the options ask for.
fn changes(options: &mut Options) -> Result<Map<String, Value>> {
    let mut changes = Map::new();
    if let Some(biz_attr) = options.text("biz_attr")? {
        changes.insert("biz_attr".into(), biz_attr.into());
    }
    if let Some(authority) = options.text("authority")? {
        if !["eInvalid", "eWRPrivate", "eWPrivateRPublic"].contains(&authority.as_str()) {
            return Err(Failure::argument(
                "authority",
                "must be \"eInvalid\", \"eWRPrivate\" or \"eWPrivateRPublic\"",
            ));
        }
        changes.insert("authority".into(), authority.into());
    }
    if let Some(forbid) = options.integer("forbid", 0..=2)? {
        changes.insert("forbid".into(), forbid.into());
    }
    let headers = headers(options)?;
    match (options.flag("clear_headers")?.unwrap_or(false), headers.is_empty()) {
        (false, true) => {}
        (true, false) => {
            return Err(Failure::argument(
                "clear_headers",
                "must not be given together with headers: an update replaces all of them anyway",
            ));
        }
        _ => {
            changes.insert("custom_headers".into(), headers.into());
        }
    }
    Ok(changes)
}

fn headers(options: &mut Options) -> Result<Map<String, Value>> {
    let mut headers = Map::new();
    for (key, header) in HEADERS {
        if let Some(value) = options.text(key)? {
            check_header_value(key, &value)?;
            headers.insert(header.into(), value.into());
        }
    }
    for (key, value) in options.with_prefix(META_PREFIX) {
        let name = &key[META_PREFIX.len()..];
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.!#$&+^'|~".contains(&b);
        if name.is_empty() || !name.bytes().all(legal) {
            return Err(Failure::argument(
                META_PREFIX,
                "must be followed by a name of letters, digits and '-'",
            ));
        }
        match value {
            Some(text) if !text.is_empty() => {
                check_header_value(&key, &text)?;
                headers.insert(key, text.into());
            }
            _ => {
                return Err(Failure::argument(&key, "must be a string that is not empty"));
            }
        }
    }
    Ok(headers)
}

fn check_header_value(key: &str, value: &str) -> Result<()> {
    match value.chars().any(char::is_control) {
        true => Err(Failure::argument(key, "must not contain control characters or line breaks")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes_of(options: &str) -> Result<Map<String, Value>> {
        changes(&mut Options::parse(Some(options)).unwrap())
    }

    #[test]
    fn headers_travel_together_under_their_own_names() {
        let changes = changes_of(
            r#"{"cache_control":"no-cache","x-cos-meta-a":"1","biz_attr":"","forbid":2,"x-cos-meta-b":null}"#,
        );
        assert_eq!(
            Value::from(changes.unwrap()),
            json!({
                "biz_attr": "",
                "forbid": 2,
                "custom_headers": {"Cache-Control": "no-cache", "x-cos-meta-a": "1"}
            })
        );
        let cleared = changes_of(r#"{"clear_headers":1}"#).unwrap();
        assert_eq!(Value::from(cleared), json!({"custom_headers": {}}));
        assert!(changes_of(r#"{"clear_headers":false}"#).unwrap().is_empty());
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
            (r#"{"x-cos-meta-a b":"x"}"#, "x-cos-meta-"),
            (r#"{"x-cos-meta-a":""}"#, "x-cos-meta-a"),
            (r#"{"x-cos-meta-a":1}"#, "x-cos-meta-a"),
            (r#"{"x-cos-meta-a":"\n"}"#, "x-cos-meta-a"),
            (r#"{"clear_headers":true,"content_type":"x"}"#, "clear_headers"),
        ] {
            let failure = changes_of(options).unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some(key), "{options}");
        }
    }
}
