//! The server's reply: `{"code":…,"message":…,"request_id":…,"data":{…}}`.
//!
//! The text is kept and handed on to the caller as it came. A reply is foreign input: its size is
//! bounded where it is read, its depth here.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

use crate::code::{self, Code};
use crate::error::{Failure, Result};
use crate::json;

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
        let Some(fields) = json::fields(&text) else {
            return Err(not_a_reply("it is not JSON, or nested too deeply"));
        };
        let field = |key| fields.iter().find(|(name, _)| name == key).map(|(_, value)| *value);
        if fields.iter().filter(|(name, _)| name == "code").count() > 1 {
            return Err(not_a_reply("it has more than one code"));
        }
        let code = match field("code").map(json::decode::<i32>) {
            Some(Some(code)) if code <= 0 => code,
            Some(_) => return Err(not_a_reply("its code is not a whole number of at most 0")),
            None => return Err(not_a_reply("it has no code")),
        };
        if code == 0 && !(200..300).contains(&http_status) {
            return Err(not_a_reply("its code says success, the status does not"));
        }
        let message = field("message").and_then(json::decode).unwrap_or_default();
        Ok(Reply { code, message, http_status, text })
    }

    /// A reply that the library composes from what it knows to be true.
    pub fn compose(data: &Value) -> Reply {
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

    /// The JSON text alone.
    pub fn into_text(self) -> String {
        self.text
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
        let data =
            json::at(&self.text, "/data").ok_or_else(|| self.unexpected("it has no data"))?;
        serde_json::from_str(data).map_err(|error| self.unexpected(&error.to_string()))
    }

    /// The same reply with other data, given as JSON text.
    pub fn with_data(&self, data: &str) -> Reply {
        Reply { text: json::with_field(&self.text, "data", data), ..self.clone() }
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
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(D::Error::custom),
        Some(value) => match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(D::Error::custom("a number is not a whole number of at least 0")),
        },
    }
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
            (200, r#"{"code":0,"code":-1}"#),
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
    fn odd_but_usable_replies_are_used() {
        let reply = parse(200, r#" {"data":{"n":"12"},"code":0,"message":5} "#).unwrap();
        #[derive(Deserialize)]
        struct Data {
            #[serde(deserialize_with = "lenient_u64")]
            n: Option<u64>,
        }
        assert_eq!(reply.data::<Data>().unwrap().n, Some(12));
        assert_eq!(reply.message, "");
        assert_eq!(parse(200, r#"{"code":0}"#).unwrap().data::<Data>().err().unwrap().code, -2);
    }
}
