//! A request, decoded as the service does it.

use hyper::{HeaderMap, Method};
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

use super::{
    place::Place,
    words::{Failure, Word},
};
use crate::http::head::Head;

/// Everything but letters, digits and `-_.~`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');
/// The same, with `/` kept.
const ESCAPED_PATH: &AsciiSet = &ESCAPED.remove(b'/');
/// The longest name of an object, in bytes.
const LONGEST_KEY: usize = 850;

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

pub(crate) fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED_PATH).to_string()
}

/// Leaves ASCII as it is.
pub(crate) fn encode_text(text: &str) -> String {
    utf8_percent_encode(text, CONTROLS).to_string()
}

/// Decodes `%XX`, and `+` to a space as forms do.
pub(crate) fn form_decode(text: &str) -> Option<String> {
    decode(&text.replace('+', " "))
}

pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

pub(crate) struct Request {
    pub method: Method,
    pub host: String,
    pub place: Place,
    /// The whole path, which signatures cover.
    pub path: String,
    /// The name of the object; empty when the request is about the bucket.
    pub key: String,
    pub params: Vec<(String, String)>,
    pub headers: HeaderMap,
}

impl Request {
    /// Takes a request apart. The second value is a failure if something can't be decoded.
    pub fn new(head: Head, place: Place) -> (Request, Result<(), Failure>) {
        // A raw + in the path is a space to the service.
        let path = form_decode(head.parts.uri.path());
        let mut problem = Ok(());
        if path.is_none() {
            problem = Err(Word::INVALID_URI.because("the path is not UTF-8"));
        }
        let path = path.unwrap_or_default();
        let mut params = Vec::new();
        for pair in head.query().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (form_decode(name), form_decode(value)) {
                (Some(name), Some(value)) => params.push((name, value)),
                _ => problem = Err(Word::INVALID_URI.because("a parameter is not UTF-8")),
            }
        }
        let in_path = matches!(&place, Place::Bucket(bucket) if bucket.in_path);
        let key = path.strip_prefix('/').unwrap_or(&path);
        let key = match in_path {
            true => key.split_once('/').map_or("", |(_, key)| key),
            false => key,
        };
        let request = Request {
            key: key.into(),
            method: head.parts.method,
            host: head.host,
            place,
            path,
            params,
            headers: head.parts.headers,
        };
        (request, problem)
    }

    /// Refuses what can't be the name of an object.
    pub fn check_key(&self) -> Result<(), Failure> {
        check_key(&self.key)
    }

    /// The first value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same, with the empty value counting as none.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.param(name).filter(|value| !value.is_empty())
    }

    /// A header; an empty one counts as none.
    pub fn header(&self, name: &str) -> Option<String> {
        let value = String::from_utf8_lossy(self.headers.get(name)?.as_bytes()).into_owned();
        Some(value.trim().to_string()).filter(|value| !value.is_empty())
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Failure> {
        let Some(text) = self.given(name) else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(number) if digits && (least..=most).contains(&number) => Ok(Some(number)),
            _ => {
                let why = format!("{name} is {text:?}, not a number of {least} to {most}");
                Err(Word::INVALID_ARGUMENT.saying(why))
            }
        }
    }

    /// How error replies name the object.
    pub fn resource(&self) -> String {
        format!("{}{}", self.host, self.path)
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), Failure> {
    if key.len() > LONGEST_KEY {
        return Err(Word::KEY_TOO_LONG.into());
    }
    if key.starts_with('\\') || key.bytes().any(|byte| matches!(byte, 0 | 0x18..=0x1b)) {
        return Err(Word::INVALID_OBJECT_NAME.into());
    }
    Ok(())
}
