//! Uploads by a form of a browser.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::header::CONTENT_TYPE;
use multer::Multipart;
use serde_json::Value;
use tokio::task::block_in_place;

use super::{
    Answer, Call, Identity,
    content::{Arriving, Content, Sink},
    headers, objects,
    request::{check_key, encode, encode_path},
    sign,
    words::{Failure, Word},
    xml::Writer,
};
use crate::{
    http::{
        body::data,
        reply::{Body, Reply},
    },
    store::Traits,
};

/// The most a field other than the file may hold.
const LARGEST_FIELD: usize = 64 << 10;

/// The fields in front of the file, by lower-case name.
#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str, Failure> {
        self.get(name)
            .ok_or_else(|| Word::INVALID_ARGUMENT.saying(format!("The form has no field {name}.")))
    }
}

pub(super) async fn post(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let malformed = |error: multer::Error| Word::MALFORMED_FORM.because(error.to_string());
    let content_type = call.request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let mut form = Multipart::new(data(arriving.body, arriving.gauge), boundary);
    let mut fields = Fields::default();
    let mut content: Option<Content> = None;
    while let Some(mut field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        if name == "file" {
            if content.is_some() {
                return Err(Word::TOO_MANY_FILES.into());
            }
            let file_name = field.file_name().unwrap_or_default().to_string();
            prepare(call, &mut fields, &file_name)?;
            let mut sink = Sink::new(&call.store().blobs)?;
            while let Some(chunk) = field.chunk().await.map_err(malformed)? {
                block_in_place(|| sink.write(&chunk))?;
            }
            content = Some(block_in_place(|| sink.finish())?);
        } else if content.is_none() {
            let mut value = Vec::new();
            while let Some(chunk) = field.chunk().await.map_err(malformed)? {
                if value.len() + chunk.len() > LARGEST_FIELD {
                    return Err(Word::MALFORMED_FORM.because(format!("{name} is too large")));
                }
                value.extend_from_slice(&chunk);
            }
            let value = String::from_utf8(value)
                .map_err(|_| Word::MALFORMED_FORM.because(format!("{name} is not UTF-8")))?;
            fields.0.insert(name, value);
        }
        // The service ignores what comes behind the file.
    }
    let content = content.ok_or(Word::TOO_MANY_FILES)?;
    block_in_place(|| finish(call, &fields, content))
}

/// Everything that can be said before the file arrives.
fn prepare(call: &Call, fields: &mut Fields, file_name: &str) -> Result<(), Failure> {
    let key = fields.required("key")?.replace("${filename}", file_name);
    check_key(&key)?;
    fields.0.insert("key".into(), key);
    if call.is_owner() {
        return Ok(());
    }
    match authenticate(call, fields)? {
        Identity::Account(appid) if appid == call.place.appid => Ok(()),
        _ => Err(Word::ACCESS_DENIED.into()),
    }
}

/// Verifies the signature of the policy, or the field in which an SDK sends a whole one.
fn authenticate(call: &Call, fields: &Fields) -> Result<Identity, Failure> {
    let config = &call.app.config;
    if let Some(text) = fields.get("signature") {
        let signature =
            sign::Signature::parse(text).map_err(|why| Word::ACCESS_DENIED.because(why))?;
        return signature.verify(call.request, config, call.settings, call.now);
    }
    let Some(policy) = fields.get("policy") else { return Ok(Identity::Anonymous) };
    let policy = STANDARD
        .decode(policy)
        .map_err(|_| Word::MALFORMED_POLICY.because("the policy is not Base64"))?;
    if fields.required("q-sign-algorithm")? != "sha1" {
        return Err(Word::INVALID_ARGUMENT.saying("q-sign-algorithm must be sha1"));
    }
    let key_time = fields.required("q-key-time")?;
    let token = fields.get("x-cos-security-token");
    let (appid, secret) =
        sign::key(config, call.settings, fields.required("q-ak")?, token, call.now)?;
    sign::check_time(key_time, call.settings, call.now)?;
    if sign::policy_signature(secret, key_time, &policy) != fields.required("q-signature")? {
        return Err(Word::SIGNATURE.because("the signature is not that of the policy"));
    }
    check_policy(call, fields, &policy)?;
    Ok(Identity::Account(appid.into()))
}

/// Holds the form to what its policy says.
fn check_policy(call: &Call, fields: &Fields, policy: &[u8]) -> Result<(), Failure> {
    let wrong = |why: String| Word::MALFORMED_POLICY.because(why);
    let policy: Value = serde_json::from_slice(policy).map_err(|error| wrong(error.to_string()))?;
    let expiration = policy["expiration"].as_str().ok_or_else(|| wrong("no expiration".into()))?;
    if expiration.get(..19).unwrap_or_default() < &super::time::plain(call.now)[..19] {
        return Err(Word::ACCESS_DENIED.saying("Request has expired"));
    }
    let bucket = call.place.full_name();
    let value = |name: &str| match name.trim_start_matches('$') {
        "bucket" => Some(bucket.as_str()),
        name => fields.get(&name.to_ascii_lowercase()),
    };
    let fails =
        |what: &Value| Word::ACCESS_DENIED.because(format!("the policy's condition {what} fails"));
    for condition in policy["conditions"].as_array().ok_or_else(|| wrong("no conditions".into()))? {
        let holds = match condition {
            Value::Object(pairs) => {
                pairs.iter().all(|(name, wanted)| value(name) == wanted.as_str())
            }
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(kind), Value::String(name), Value::String(wanted)] => {
                    let found = value(name).unwrap_or_default();
                    match kind.as_str() {
                        "eq" => found == wanted,
                        "starts-with" => found.starts_with(wanted.as_str()),
                        _ => false,
                    }
                }
                // Looked at when the length is known.
                [Value::String(kind), Value::Number(_), Value::Number(_)] => {
                    kind == "content-length-range"
                }
                _ => false,
            },
            _ => false,
        };
        if !holds {
            return Err(fails(condition));
        }
    }
    Ok(())
}

/// Refuses a file whose length the policy does not allow.
fn check_length(fields: &Fields, size: u64) -> Result<(), Failure> {
    let policy = fields.get("policy").and_then(|text| STANDARD.decode(text).ok());
    let policy: Value =
        policy.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    for condition in policy["conditions"].as_array().into_iter().flatten() {
        if condition[0] == "content-length-range" {
            let (least, most) = (condition[1].as_u64(), condition[2].as_u64());
            if least.is_none_or(|least| size < least) {
                return Err(Word::ENTITY_TOO_SMALL.into());
            }
            if most.is_none_or(|most| size > most) {
                return Err(Word::ENTITY_TOO_LARGE.into());
            }
        }
    }
    Ok(())
}

fn finish(call: &Call, fields: &Fields, content: Content) -> Answer {
    check_length(fields, content.sums.size)?;
    let key = fields.required("key")?;
    let mut stored = BTreeMap::new();
    for (name, value) in &fields.0 {
        let known = headers::STORED.iter().find(|known| known.eq_ignore_ascii_case(name));
        match known {
            Some(known) => _ = stored.insert(known.to_string(), value.clone()),
            None if name.starts_with(headers::META) => {
                stored.insert(name.clone(), value.clone());
            }
            None => {}
        }
    }
    let mut traits = Traits {
        storage_class: headers::storage_class(fields.get("x-cos-storage-class"))?,
        ..Traits::default()
    };
    traits.acl.canned =
        headers::canned(fields.get("acl").or(fields.get("x-cos-acl")).unwrap_or("default"))?;
    let mut file = objects::new_file(call, &content, traits)?;
    file.headers = headers::checked(stored, call.settings)?;
    file.biz_attr = headers::biz_attr(&file.headers, call.settings);
    let etag = format!("\"{}\"", file.etag);
    let file_id = format!("{}{key}", call.base());
    let forbidden = fields.get("x-cos-forbid-overwrite") == Some("true");
    let saved = objects::save(call, &file_id, file, content, forbidden)?;

    let (mut reply, location) = success(call, fields, key, &etag);
    for name in ["etag", "x-cos-hash-crc64ecma", "x-cos-version-id"] {
        if let Some(value) = saved.headers.get(name) {
            reply.headers.insert(name, value.clone());
        }
    }
    reply.named("Location", &location);
    Ok(reply)
}

/// What the form wants to hear of a success, a redirection, a document or nothing, and its `Location`.
fn success(call: &Call, fields: &Fields, key: &str, etag: &str) -> (Reply, String) {
    let location = format!("http://{}/{}", call.bucket_host(), encode_path(key));
    let bucket = call.place.full_name();
    if let Some(target) = fields.get("success_action_redirect") {
        let mark = if target.contains('?') { '&' } else { '?' };
        let query = format!("bucket={bucket}&key={}&etag={}", encode(key), encode(etag));
        return (Reply::empty(303), format!("{target}{mark}{query}"));
    }
    let reply = match fields.get("success_action_status") {
        Some("200") => Reply::empty(200),
        Some("201") => {
            let text = Writer::document("PostResponse", |xml| {
                xml.leaf("Location", &location);
                xml.leaf("Bucket", bucket);
                xml.leaf("Key", key);
                xml.leaf("ETag", etag);
            });
            Reply::new(201, "application/xml", Body::bytes(text))
        }
        _ => Reply::empty(204),
    };
    (reply, location)
}
