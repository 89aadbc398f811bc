//! The server's reply: `{"code":…,"message":…,"request_id":…,"data":{…}}`.
//!
//! The text is kept and handed on to the caller as it came. A reply is foreign input: its size is
//! bounded where it is read, its depth here.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IgnoredAny};
use serde_json::value::RawValue;

use crate::code::{self, Code};
use crate::error::{Failure, Result};
use crate::json::with_field;

/// The deepest nesting that is accepted. The service's own replies reach 4.
const MAX_DEPTH: usize = 64;

/// A JSON reply with its code.
#[derive(Debug, Clone)]
pub struct Reply {
    /// 0, or the server's error code, which is negative.
    pub code: i32,
    /// The server's message, such as `ERROR_CMD_FILE_NOTEXIST`.
    pub message: String,
    /// The HTTP status it came with.
    pub http_status: u16,
    text: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    code: Option<i64>,
    #[serde(borrow, default, deserialize_with = "text_or_nothing")]
    message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct DataOf<T> {
    data: Option<T>,
}

#[derive(Deserialize)]
struct RawDataOf<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl Reply {
    /// Reads the body of an answer.
    pub fn parse(http_status: u16, body: Vec<u8>) -> Result<Reply> {
        let not_a_reply = |problem: &str| {
            let hint = match http_status {
                403 => ". Is the bucket in this region?",
                _ => "",
            };
            let message =
                format!("HTTP {http_status}, and the answer is not a JSON reply: {problem}{hint}");
            Failure::not_a_reply(http_status, message)
        };
        let text = String::from_utf8(body).map_err(|_| not_a_reply("it is not UTF-8"))?;
        if !text.trim_start().starts_with('{') {
            return Err(not_a_reply("it is not a JSON object"));
        }
        if depth(&text) > MAX_DEPTH {
            return Err(not_a_reply("it is nested too deeply"));
        }
        let envelope: Envelope = serde_json::from_str(&text).map_err(|error| {
            not_a_reply(&format!("line {} column {}", error.line(), error.column()))
        })?;
        let code = match envelope.code.map(i32::try_from) {
            Some(Ok(code)) if code <= 0 => code,
            Some(_) => return Err(not_a_reply("its code is out of range")),
            None => return Err(not_a_reply("it has no code")),
        };
        if code == 0 && !(200..300).contains(&http_status) {
            return Err(not_a_reply("its code says success, the status does not"));
        }
        Ok(Reply {
            code,
            message: envelope.message.unwrap_or_default().into_owned(),
            http_status,
            text,
        })
    }

    /// A reply that the library composes from what it knows to be true.
    pub fn compose(data: &serde_json::Value) -> Reply {
        Reply {
            code: 0,
            message: "SUCCESS".to_owned(),
            http_status: 200,
            text: serde_json::json!({"code": 0, "message": "SUCCESS", "data": data}).to_string(),
        }
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the server means "try again".
    pub fn is_transient(&self) -> bool {
        code::is_transient(self.code) || (self.code != 0 && self.http_status >= 500)
    }

    /// Whether the code is `code`.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.number()
    }

    /// The fields of `data` that an operation needs.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        match serde_json::from_str::<DataOf<T>>(&self.text) {
            Ok(DataOf { data: Some(data) }) => Ok(data),
            Ok(DataOf { data: None }) => Err(self.unexpected("it has no data")),
            Err(error) => Err(self.unexpected(&error.to_string())),
        }
    }

    /// `data` as text.
    pub fn raw_data(&self) -> Option<&str> {
        let parsed = serde_json::from_str::<RawDataOf>(&self.text).ok()?;
        parsed.data.map(RawValue::get)
    }

    /// The same reply with other data, given as JSON text.
    pub fn with_data(&self, data: &str) -> Reply {
        Reply { text: with_field(&self.text, "data", data), ..self.clone() }
    }

    /// The failure for a reply that says success and yet can't be used.
    pub fn unexpected(&self, problem: &str) -> Box<Failure> {
        let message = format!("the server's reply can't be used: {problem}");
        Failure::not_a_reply(self.http_status, message)
    }
}

/// Numbers that some servers send as strings.
pub fn lenient_u64<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient {
        Number(u64),
        Text(String),
    }
    match Option::<Lenient>::deserialize(from)? {
        None => Ok(None),
        Some(Lenient::Number(n)) => Ok(Some(n)),
        Some(Lenient::Text(text)) => text.parse().map(Some).map_err(D::Error::custom),
    }
}

/// A message should be a string; a server that sends something else is not worth failing for.
fn text_or_nothing<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient<'a> {
        Text(#[serde(borrow)] Cow<'a, str>),
        Other(IgnoredAny),
    }
    Ok(match Lenient::deserialize(from)? {
        Lenient::Text(text) => Some(text),
        Lenient::Other(_) => None,
    })
}

/// How deeply arrays and objects are nested. Counted over the text, so that no parser has to
/// recurse to find out.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, text: &str) -> Result<Reply> {
        Reply::parse(status, text.as_bytes().to_vec())
    }

    #[test]
    fn server_codes_pass_through_at_any_status() {
        for status in [200, 400, 404, 409, 500, 503] {
            let reply =
                parse(status, r#"{"code":-197,"message":"ERROR_CMD_FILE_NOTEXIST"}"#).unwrap();
            assert_eq!((reply.code, reply.http_status), (-197, status));
            assert_eq!(reply.message, "ERROR_CMD_FILE_NOTEXIST");
        }
        assert!(parse(503, r#"{"code":-71,"message":"x"}"#).unwrap().is_transient());
        assert!(!parse(404, r#"{"code":-197}"#).unwrap().is_transient());
    }

    #[test]
    fn what_is_not_a_reply_is_a_network_error() {
        let deep = format!("{{\"code\":0,\"data\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        for (status, text) in [
            (200, ""),
            (200, "<html>403</html>"),
            (200, "[]"),
            (200, "{"),
            (200, r#"{"message":"x"}"#),
            (200, r#"{"code":null}"#),
            (200, r#"{"code":"0"}"#),
            (200, r#"{"code":0.5}"#),
            (200, r#"{"code":7}"#),
            (200, r#"{"code":-99999999999}"#),
            (200, r#"{"code":0} trailing"#),
            (302, r#"{"code":0}"#),
            (500, r#"{"code":0}"#),
            (200, deep.as_str()),
        ] {
            let failure = parse(status, text).unwrap_err();
            assert_eq!(failure.code, -2, "{text}");
            assert_eq!(failure.http_status, Some(status));
        }
        assert_eq!(Reply::parse(200, vec![b'{', 0xff]).unwrap_err().code, -2);
    }

    #[test]
    fn brackets_in_strings_are_not_depth() {
        assert_eq!(depth(r#"{"a":"[[[\"[["}"#), 1);
        assert_eq!(depth(r#"{"a":[{"b":[]}]}"#), 4);
    }

    #[test]
    fn odd_but_usable_replies_are_used() {
        let reply = parse(200, r#" {"data":{"n":"12"},"code":0,"message":5} "#).unwrap();
        #[derive(Deserialize)]
        struct Data {
            #[serde(deserialize_with = "lenient_u64")]
            n: Option<u64>,
        }
        assert_eq!(reply.data::<Data>().unwrap().n, Some(12));
        assert_eq!(reply.message, "");
        assert_eq!(reply.raw_data(), Some(r#"{"n":"12"}"#));
        assert_eq!(parse(200, r#"{"code":0}"#).unwrap().data::<Data>().err().unwrap().code, -2);
    }
}
