//! The server's reply: `{"code":…,"message":…,"request_id":…,"data":{…}}`.
//!
//! A reply is foreign input: its size is bounded where it is read, its depth here.

use crate::reply::secrets::Secrets;
use crate::reply::{
    Code, Failure, Reply, Result,
    code::{self, Again},
    comes_later, json,
};

/// A message that is longer, in bytes, is only handed on.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Whether the server objects to the time in a signature.
pub fn is_about_time(failure: &Failure) -> bool {
    failure.is(Code::COS_ERR_SIGN_EXPIRED) || failure.is(Code::COS_ERR_SIGN_EXPIRED_V1)
}

/// Reads the body of an answer, without the `secrets` of the request, should it repeat them. Any
/// code but 0 is a failure.
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
    let not_json = || not_a_reply("it is not JSON, or nested too deeply");
    let mut text = text;
    let mut head = Head::of(&text).ok_or_else(not_json)?;
    if secrets.are_in_reply(&text, head.says_success)? {
        let in_pieces = || not_a_reply("it repeats the request's signature in pieces");
        text = secrets.removed_from(text, head.says_success)?.ok_or_else(in_pieces)?;
        head = Head::of(&text).ok_or_else(not_json)?;
    }
    let Head { code, is_number, message, .. } = head;
    let code = code.map_err(not_a_reply)?;
    // These numbers are codes of the library.
    if code > 0 || (-4..0).contains(&code) {
        let message: String = message.replace(char::is_control, " ").chars().take(500).collect();
        let said = format!("its code {code} is none of this service's; it says: {message}");
        return Err(not_a_reply(&said));
    }
    // 204 to 206 are no answers to these requests.
    if code == 0 && !(200..204).contains(&http_status) {
        return Err(not_a_reply("its code says success, the status does not"));
    }
    // In a reply, the code is a number.
    if !is_number {
        text = json::with_field(&text, "code", &code.to_string())?;
    }
    let reply = Reply::new(code, http_status, text);
    if code == 0 {
        return Ok(reply);
    }
    let later = code::again(code) == Again::Request || comes_later(http_status);
    Err(Failure::refused(reply, message, later))
}

/// What decides about a reply.
struct Head {
    /// Whether one of its codes is 0.
    says_success: bool,
    /// Its code, or why it has none.
    code: std::result::Result<i32, &'static str>,
    /// Whether the code is written as a plain number.
    is_number: bool,
    /// Of a refusal.
    message: String,
}

impl Head {
    /// `None` for what is not JSON, or nested too deeply.
    fn of(text: &str) -> Option<Head> {
        let (mut codes, mut message, mut says_success) = (Vec::new(), "", false);
        json::each_field(text, |name, value| {
            if json::is(name, "code") {
                says_success |= json::whole(value) == Some(0);
                if codes.len() < 2 {
                    codes.push(value);
                }
            } else if json::is(name, "message") && value.len() <= LONGEST_MESSAGE {
                message = value;
            }
        })?;
        let code = match codes[..] {
            [] => Err("it has no code"),
            [code] => match json::whole(code).map(i32::try_from) {
                Some(Ok(code)) => Ok(code),
                _ => Err("its code is not a whole number"),
            },
            _ => Err("it has more than one code"),
        };
        let is_number = code.is_ok_and(|code| codes[0] == code.to_string());
        let message = if code == Ok(0) { None } else { json::decode(message) };
        Some(Head { says_success, code, is_number, message: message.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, text: &str) -> Result<Reply> {
        super::parse(status, text.as_bytes().to_vec(), &Secrets::new([]))
    }

    fn refused(status: u16, text: &str) -> Box<Failure> {
        let failure = parse(status, text).unwrap_err();
        assert!(failure.is_from_server(), "{failure:?}");
        failure
    }

    #[test]
    fn server_codes_pass_through_at_any_status() {
        for status in [200, 400, 404, 409, 500, 503] {
            let refused = refused(status, r#"{"code":-197,"message":"ERROR_CMD_FILE_NOTEXIST"}"#);
            assert_eq!((refused.code(), refused.http_status()), (-197, Some(status)));
            assert_eq!(refused.message(), "ERROR_CMD_FILE_NOTEXIST");
        }
        assert!(refused(503, r#"{"code":-71,"message":"x"}"#).is_retryable());
        assert!(!refused(404, r#"{"code":-197}"#).is_retryable());
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
            assert_eq!(failure.code(), -2, "{text}");
            assert_eq!(failure.http_status(), Some(status));
        }
        let not_utf8 = super::parse(200, vec![b'{', 0xff], &Secrets::new([]));
        assert_eq!(not_utf8.unwrap_err().code(), -2);
    }

    #[test]
    fn a_code_of_the_librarys_own_is_told_and_not_used() {
        let failure = parse(400, r#"{"code":-4,"message":"from the server"}"#).unwrap_err();
        assert!(failure.message().contains("code -4"), "{}", failure.message());
        assert!(failure.message().contains("from the server"), "{}", failure.message());
        assert!(!failure.is_from_server() && !failure.is_retryable());
        assert!(parse(503, r#"{"code":-1}"#).unwrap_err().is_retryable());
    }

    #[test]
    fn a_code_is_a_number_for_whoever_reads_the_reply() {
        for code in [r#""-197""#, "-197.0", "-1970e-1", r#"" -197 ""#] {
            let refused = refused(404, &format!(r#"{{"message":"X\u0041","code":{code}}}"#));
            let reply = refused.reply().unwrap();
            assert_eq!(reply.code, -197);
            assert_eq!(reply.json, r#"{"message":"X\u0041","code":-197}"#);
        }
    }

    #[test]
    fn odd_but_usable_replies_are_used() {
        let reply = parse(200, r#" {"data":{"n":-1},"code":0,"message":5} "#).unwrap();
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Data {
            n: u64,
        }
        assert_eq!(reply.data::<Data>().unwrap_err().code(), -2);
        assert_eq!(parse(200, r#"{"code":0}"#).unwrap().data::<Data>().unwrap_err().code(), -2);
        assert_eq!(refused(404, r#"{"code":-197,"message":5}"#).message(), "");
    }

    #[test]
    fn the_servers_text_is_kept_to_the_letter() {
        let text = r#"{"code":-177, "message":"X\u0041","odd":1e400,"data":{"b":1,"a":[ 2 ]}}"#;
        let reply = Reply::from(refused(409, text));
        assert_eq!(reply.code, -177);
        let kept =
            r#"{"code":-177,"message":"X\u0041","odd":1e400,"data":{"b":1,"a":[ 2 ]},"error":{"#;
        assert!(reply.json.starts_with(kept), "{}", reply.json);
        assert!(reply.json.contains(r#""http_status":409"#));
        assert!(reply.json.contains(r#""origin":"server""#));
    }
}
