//! What the caller of a C function gets: the code, and one JSON object for success and failure.

use serde_json::json;

use crate::call::clock;
use crate::reply::json::with_field;
use crate::reply::{Failure, Reply, code};

/// A code and its JSON text.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What the function returns.
    pub code: i32,
    /// What `out_json` receives.
    pub json: String,
}

impl Answer {
    /// The server's success, as it came.
    pub fn success(reply: Reply) -> Answer {
        Answer { code: reply.code, json: reply.into_text() }
    }

    /// A success that needed no server.
    pub fn local(data: &serde_json::Value) -> Answer {
        Answer::success(Reply::compose(data))
    }

    /// A success without data that needed no server.
    pub fn done() -> Answer {
        Answer { code: 0, json: json!({"code": 0, "message": "SUCCESS"}).to_string() }
    }

    /// The same answer with one more top-level field, whose value is JSON text.
    pub fn with(self, key: &str, value: &str) -> Answer {
        match with_field(&self.json, key, value) {
            Ok(json) => Answer { code: self.code, json },
            Err(failure) => failure.into(),
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Answer {
        Answer::success(reply)
    }
}

impl From<Box<Failure>> for Answer {
    fn from(failure: Box<Failure>) -> Answer {
        let origin = match failure.reply {
            Some(_) => "server",
            None => "library",
        };
        let mut error = json!({
            "origin": origin,
            "phase": failure.phase.as_str(),
            "retryable": failure.may_pass(),
            "attempts": failure.attempts,
        });
        let clock = failure.wrong_clock.map(clock::in_words);
        if let Some(hint) = clock.or_else(|| code::hint(failure.code).map(str::to_owned)) {
            error["hint"] = json!(hint);
        }
        if let Some(argument) = &failure.argument {
            error["argument"] = json!(argument);
        }
        if let Some(status) = failure.http_status {
            error["http_status"] = json!(status);
        }
        let json = match failure.reply {
            Some(reply) => reply.into_text(),
            None => json!({"code": failure.code, "message": failure.message}).to_string(),
        };
        Answer { code: failure.code, json }.with("error", &error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::secrets::Secrets;

    #[test]
    fn the_servers_text_is_kept_to_the_letter() {
        let text = r#"{"code":-177, "message":"X\u0041","odd":1e400,"data":{"b":1,"a":[ 2 ]}}"#;
        let reply = Reply::parse(409, text.as_bytes().to_vec(), &Secrets::new([])).unwrap();
        let answer = Answer::from(Failure::from_server(reply));
        assert_eq!(answer.code, -177);
        let kept =
            r#"{"code":-177,"message":"X\u0041","odd":1e400,"data":{"b":1,"a":[ 2 ]},"error":{"#;
        assert!(answer.json.starts_with(kept), "{}", answer.json);
        assert!(answer.json.contains(r#""http_status":409"#));
        assert!(answer.json.contains(r#""origin":"server""#));
    }

    #[test]
    fn a_failure_says_what_a_program_needs() {
        let answer = Answer::from(Failure::argument("num", "must be a \"number\""));
        let json: serde_json::Value = serde_json::from_str(&answer.json).unwrap();
        assert_eq!(json["code"], -1);
        assert_eq!(json["message"], "num must be a \"number\"");
        assert_eq!(json["error"]["argument"], "num");
        assert_eq!(json["error"]["origin"], "library");
        assert_eq!(json["error"]["phase"], "argument");
        assert_eq!(json["error"]["retryable"], false);
    }
}
