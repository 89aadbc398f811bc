//! The parameters of a request, wherever the client put them: query string, JSON object or form.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hyper::body::Incoming;
use multer::Multipart;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::{
    http::body::{Gauge, data, drain},
    v4::codes::{Code, Failure},
};

/// The most a simple upload may hold.
pub(crate) const LARGEST_UPLOAD: usize = 20 << 20;
/// The most a field other than the content may hold.
const LARGEST_FIELD: usize = 32 << 20;

/// What a client asked for. The body wins over the query string.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, Value>,
    content: Option<Content>,
}

#[derive(Debug)]
enum Content {
    Held(Bytes),
    TooLarge,
}

/// Only these two names differ in case between the official SDKs.
fn canonical(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "filecontent" | "filesize" => lower,
        _ => name.into(),
    }
}

impl Params {
    pub fn from_query(query: &str) -> Result<Params, Failure> {
        let mut params = Params::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.set(&form_decode(name)?, Value::String(form_decode(value)?));
        }
        Ok(params)
    }

    fn set(&mut self, name: &str, value: Value) {
        self.values.insert(canonical(name), value);
    }

    fn set_all(&mut self, object: Map<String, Value>) {
        for (name, value) in object {
            self.set(&name, value);
        }
    }

    /// A parameter as text; numbers count, `null` is the same as absent.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(Code::PARAM.because(format!("{name} must be a string or a number"))),
        }
    }

    /// As [`text`](Self::text), with the empty string counting as absent.
    pub fn non_empty(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => Ok(Some(number)),
            _ => Err(Code::PARAM.because(format!("{name} is {text:?}, not a decimal number"))),
        }
    }

    /// A parameter that is `0` or `1`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("0") => Ok(Some(false)),
            Some("1") => Ok(Some(true)),
            Some(other) => Err(Code::PARAM.because(format!("{name} is {other:?}, not 0 or 1"))),
        }
    }

    /// A parameter that is a JSON object, or a string holding one.
    pub fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, Failure> {
        let value = match self.values.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| {
                Code::JSON_MALFORMED.because(format!("{name} is not JSON: {error}"))
            })?,
            Some(value) => value.clone(),
        };
        match value {
            Value::Object(object) => Ok(Some(object)),
            _ => Err(Code::PARAM.because(format!("{name} must be a JSON object"))),
        }
    }

    /// A parameter that is JSON text, or JSON itself.
    pub fn json_text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        }
    }

    /// The file content; `too_large` is the answer when it exceeds 20 MiB.
    pub fn content(&self, too_large: Code) -> Result<Bytes, Failure> {
        match (&self.content, self.values.get("filecontent")) {
            (Some(Content::Held(bytes)), _) => Ok(bytes.clone()),
            (Some(Content::TooLarge), _) => {
                Err(too_large.because("the content is larger than 20 MiB"))
            }
            (None, Some(Value::String(text))) => Ok(Bytes::from(text.clone().into_bytes())),
            (None, _) => Err(Code::CONTENT_MISSING.into()),
        }
    }
}

/// `application/x-www-form-urlencoded`: `+` is a space.
fn form_decode(text: &str) -> Result<String, Failure> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| Code::NOT_UTF8.because("a query parameter is not UTF-8"))
}

/// Reads the whole body into `params`. `on_field` is called whenever another form field is known.
pub(crate) async fn read_body(
    params: &mut Params,
    content_type: Option<&str>,
    mut body: Incoming,
    gauge: &Gauge,
    on_field: impl FnMut(&Params),
) -> Result<(), Failure> {
    let media_type = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let outcome = match media_type.as_str() {
        "application/json" => read_json(params, &mut body, gauge).await,
        "multipart/form-data" => {
            read_form(params, content_type.unwrap_or_default(), &mut body, gauge, on_field).await
        }
        _ => Ok(()),
    };
    let before = gauge.read();
    drain(&mut body, gauge).await;
    match media_type.as_str() {
        "application/json" | "multipart/form-data" => outcome,
        _ if gauge.read() == before => Ok(()),
        _ => Err(Code::FORM_MALFORMED
            .because(format!("a body of type {content_type:?} is neither JSON nor a form"))),
    }
}

async fn read_json(params: &mut Params, body: &mut Incoming, gauge: &Gauge) -> Result<(), Failure> {
    let mut text = BytesMut::new();
    let mut chunks = data(body, gauge);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Code::JSON_MALFORMED.because(error.to_string()))?;
        if text.len() + chunk.len() > LARGEST_FIELD {
            return Err(Code::PARAM.because("the JSON body is larger than 32 MiB"));
        }
        text.extend_from_slice(&chunk);
    }
    if text.is_empty() {
        return Ok(());
    }
    match serde_json::from_slice(&text) {
        Ok(Value::Object(object)) => params.set_all(object),
        Ok(_) => return Err(Code::JSON_MALFORMED.because("the body is not a JSON object")),
        Err(error) => return Err(Code::JSON_MALFORMED.because(error.to_string())),
    }
    Ok(())
}

async fn read_form(
    params: &mut Params,
    content_type: &str,
    body: &mut Incoming,
    gauge: &Gauge,
    mut on_field: impl FnMut(&Params),
) -> Result<(), Failure> {
    let malformed = |error: multer::Error| Code::FORM_MALFORMED.because(error.to_string());
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let mut form = Multipart::new(data(body, gauge), boundary);
    while let Some(mut field) = form.next_field().await.map_err(malformed)? {
        let name = field
            .name()
            .map(canonical)
            .ok_or_else(|| Code::FORM_MALFORMED.because("a part has no name"))?;
        let is_content = name == "filecontent";
        let limit = if is_content { LARGEST_UPLOAD } else { LARGEST_FIELD };
        let mut value = BytesMut::new();
        let mut fits = true;
        while let Some(chunk) = field.chunk().await.map_err(malformed)? {
            fits &= value.len() + chunk.len() <= limit;
            if fits {
                value.extend_from_slice(&chunk);
            }
        }
        if is_content {
            params.content =
                Some(if fits { Content::Held(value.freeze()) } else { Content::TooLarge });
        } else if fits {
            let text = str::from_utf8(&value)
                .map_err(|_| Code::NOT_UTF8.because(format!("{name} is not UTF-8")))?;
            params.set(&name, Value::String(text.into()));
        } else {
            return Err(Code::PARAM.because(format!("{name} is larger than 32 MiB")));
        }
        on_field(params);
    }
    Ok(())
}

/// The signature in `?sign=`: raw or percent-encoded, and possibly with `+` turned into a space on the way.
pub(crate) fn sign_in_query(query: &str) -> Option<String> {
    let raw = query.split('&').find_map(|pair| pair.strip_prefix("sign="))?;
    Some(percent_decode_str(raw).decode_utf8_lossy().replace(' ', "+"))
}
