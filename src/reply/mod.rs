//! What a program gets: a code, and one JSON object for success and failure.
//!
//! A server's reply, `{"code":…,"message":…,"request_id":…,"data":{…}}`, is handed on as it came.
//! Protocols whose servers answer in another form compose it from what they say.

pub mod code;
pub mod failure;
pub mod json;
pub mod lenient;
pub mod object;
pub mod secrets;
pub mod write;

pub use code::Code;
pub use failure::{Failure, Phase, Result, Told, clock_in_words, comes_later};

use serde::de::DeserializeOwned;
use write::{Object, Write};

/// What arrives in `out_json`, and the code in it.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What the function returns.
    pub code: i32,
    /// The text.
    pub json: String,
    http_status: u16,
}

impl Reply {
    /// The text of a reply that has this code, and came with this status.
    pub fn new(code: i32, http_status: u16, json: String) -> Reply {
        Reply { code, json, http_status }
    }

    /// A success that is composed from what is known to be true.
    pub fn compose(data: impl Write) -> Reply {
        Reply::success(success(256).with("data", data))
    }

    /// A success without data.
    pub fn done() -> Reply {
        Reply::success(success(256))
    }

    fn success(json: Object) -> Reply {
        Reply::new(0, 200, json.into_text())
    }

    /// The same reply with one more top-level field, whose value is JSON text.
    pub fn with(self, key: &str, value: &str) -> Reply {
        match json::with_field(&self.json, key, value) {
            Ok(json) => Reply { json, ..self },
            Err(failure) => failure.into(),
        }
    }

    /// The same reply with other data, given as JSON text.
    pub fn with_data(self, data: &str) -> Result<Reply> {
        Ok(Reply { json: json::with_field(&self.json, "data", data)?, ..self })
    }

    /// The fields of `data` that an operation needs.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        let data =
            json::at(&self.json, "/data").ok_or_else(|| self.unexpected("it has no data"))?;
        serde_json::from_str(data).map_err(|error| self.unexpected(&error.to_string()))
    }

    /// The failure for a reply that says success and yet can't be used.
    pub fn unexpected(&self, problem: &str) -> Box<Failure> {
        let message = format!("the server's reply can't be used: {problem}");
        Failure::not_a_reply(self.http_status, message)
    }
}

/// What every success begins with; its text can grow to `len` bytes.
pub fn success(len: usize) -> Object {
    Object::with_room(len).with("code", 0).with("message", "SUCCESS")
}

impl From<Box<Failure>> for Reply {
    fn from(failure: Box<Failure>) -> Reply {
        failure.into_reply()
    }
}
