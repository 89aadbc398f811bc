//! The server's reply: `{"code":…,"message":…,"request_id":…,"data":{…}}`.
//!
//! The text is kept and handed on to the caller as it came. A reply is foreign input: its size is
//! bounded where it is read, its depth here.

pub mod answer;
pub mod code;
pub mod failure;
pub mod json;
pub mod secrets;

pub use code::Code;
pub use failure::{Failure, Phase, Result};

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;

use code::Again;
use failure::comes_later;
use secrets::Secrets;

/// A message that is longer, in bytes, is only handed on.
const LONGEST_MESSAGE: usize = 64 * 1024;

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
    /// Reads the body of an answer, without the `secrets` of the request, should it repeat them.
    pub fn parse(http_status: u16, body: Vec<u8>, secrets: &Secrets) -> Result<Reply> {
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
        let mut is_success = false;
        let is_code_0 = |name, value| json::is(name, "code") && json::whole(value) == Some(0);
        if json::each_field(&text, |name, value| is_success |= is_code_0(name, value)).is_none() {
            return Err(not_a_reply("it is not JSON, or nested too deeply"));
        }
        let Some(text) = secrets.removed_from(text, is_success)? else {
            return Err(not_a_reply("it repeats the request's signature in pieces"));
        };
        let (mut codes, mut message) = (Vec::new(), "");
        json::each_field(&text, |name, value| {
            if json::is(name, "code") && codes.len() < 2 {
                codes.push(value);
            } else if json::is(name, "message") && value.len() <= LONGEST_MESSAGE {
                message = value;
            }
        });
        let spelled = match codes[..] {
            [] => return Err(not_a_reply("it has no code")),
            [code] => code,
            _ => return Err(not_a_reply("it has more than one code")),
        };
        let code = match json::whole(spelled).map(i32::try_from) {
            Some(Ok(code)) => code,
            _ => return Err(not_a_reply("its code is not a whole number")),
        };
        let message: String = json::decode(message).unwrap_or_default();
        // What these numbers mean is the library's to say.
        if code > 0 || (-4..0).contains(&code) {
            let message: String =
                message.replace(char::is_control, " ").chars().take(500).collect();
            let said = format!("its code {code} is none of this service's; it says: {message}");
            return Err(not_a_reply(&said));
        }
        // Nothing was asked for in part, and without content there is no code.
        if code == 0 && !(200..204).contains(&http_status) {
            return Err(not_a_reply("its code says success, the status does not"));
        }
        // Whoever reads the reply finds a number there.
        let text = match spelled == code.to_string() {
            true => text,
            false => json::with_field(&text, "code", &code.to_string())?,
        };
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
        code::again(self.code) == Again::Request
            || (self.code != 0 && comes_later(self.http_status))
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
    pub fn with_data(self, data: &str) -> Result<Reply> {
        Ok(Reply { text: json::with_field(&self.text, "data", data)?, ..self })
    }

    /// The failure for a reply that says success and yet can't be used.
    pub fn unexpected(&self, problem: &str) -> Box<Failure> {
        let message = format!("the server's reply can't be used: {problem}");
        Failure::not_a_reply(self.http_status, message)
    }
}

/// A number of at least 0, however the server writes it: as a string, or as a flag.
pub fn lenient_u64<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Option<u64>, D::Error> {
    let Some(value) = Option::<Box<RawValue>>::deserialize(from)? else {
        return Ok(None);
    };
    let number = match value.get().trim_matches('"') {
        "true" => Some(1),
        "false" => Some(0),
        _ => json::whole(value.get()).and_then(|number| number.try_into().ok()),
    };
    let problem = || D::Error::custom("a number is not a whole number of at least 0");
    number.map(Some).ok_or_else(problem)
}

/// As [`lenient_u64`], where the number has to be there.
pub fn required_u64<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<u64, D::Error> {
    lenient_u64(from)?.ok_or_else(|| D::Error::custom("a number is missing"))
}

/// A flag, however the server writes it: as a number, or as a string. One that is missing is not
/// set.
pub fn lenient_flag<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<bool, D::Error> {
    Ok(lenient_u64(from)?.is_some_and(|number| number != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, text: &str) -> Result<Reply> {
        Reply::parse(status, text.as_bytes().to_vec(), &Secrets::new([]))
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
            (200, r#"{"code":"none"}"#),
            (200, r#"{"code":-1}"#),
            (404, r#"{"code":-2}"#),
            (500, r#"{"code":-3}"#),
            (200, r#"{"code":"-4"}"#),
            (200, r#"{"code":"0","code":0}"#),
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
        assert_eq!(Reply::parse(200, vec![b'{', 0xff], &Secrets::new([])).unwrap_err().code, -2);
    }

    #[test]
    fn a_code_of_the_librarys_own_is_told_and_not_used() {
        let failure = parse(400, r#"{"code":-4,"message":"from the server"}"#).unwrap_err();
        assert!(failure.message.contains("code -4"), "{}", failure.message);
        assert!(failure.message.contains("from the server"), "{}", failure.message);
        assert!(failure.reply.is_none() && !failure.retryable);
        assert!(parse(503, r#"{"code":-1}"#).unwrap_err().retryable);
    }

    #[test]
    fn a_code_is_a_number_for_whoever_reads_the_reply() {
        for code in [r#""-197""#, "-197.0", "-1970e-1", r#"" -197 ""#] {
            let reply = parse(404, &format!(r#"{{"message":"X\u0041","code":{code}}}"#)).unwrap();
            assert_eq!(reply.code, -197);
            assert_eq!(reply.text(), r#"{"message":"X\u0041","code":-197}"#);
        }
    }

    #[test]
    fn odd_but_usable_replies_are_used() {
        #[derive(Deserialize)]
        struct Data {
            #[serde(default, deserialize_with = "lenient_u64")]
            n: Option<u64>,
            #[serde(default, deserialize_with = "lenient_flag")]
            flag: bool,
        }
        for (n, number) in [
            ("12", Some(12)),
            ("\"12\"", Some(12)),
            ("12.0", Some(12)),
            ("\"true\"", Some(1)),
            ("null", None),
        ] {
            let data = parse(200, &format!(r#"{{"data":{{"n":{n}}},"code":0}}"#)).unwrap();
            assert_eq!(data.data::<Data>().unwrap().n, number, "{n}");
        }
        for (flag, is_set) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("\"true\"", true),
            ("false", false),
            ("0", false),
            ("\"0\"", false),
            ("\"false\"", false),
            ("null", false),
        ] {
            let data = parse(200, &format!(r#"{{"data":{{"flag":{flag}}},"code":0}}"#)).unwrap();
            assert_eq!(data.data::<Data>().unwrap().flag, is_set, "{flag}");
        }
        for wrong in ["-1", "1.5", "[]", "\"\"", "\"maybe\""] {
            let data = parse(200, &format!(r#"{{"data":{{"n":{wrong}}},"code":0}}"#)).unwrap();
            assert_eq!(data.data::<Data>().err().unwrap().code, -2, "{wrong}");
        }
        let reply = parse(200, r#" {"data":{},"code":0,"message":5} "#).unwrap();
        assert_eq!(reply.message, "");
        assert_eq!(parse(200, r#"{"code":0}"#).unwrap().data::<Data>().err().unwrap().code, -2);
    }
}
