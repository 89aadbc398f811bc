//! The head of a request, taken apart.

use hyper::{
    header::{AUTHORIZATION, HOST, HeaderName, RANGE, USER_AGENT},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;

use super::{app::now_ms, log::Record};

pub(crate) struct Head {
    pub parts: Parts,
    pub host: String,
    /// The path and the query as they were sent.
    pub target: String,
}

impl Head {
    pub fn new(parts: Parts) -> Head {
        let header =
            |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(String::from);
        // A client that takes the emulator for its proxy names the host in the target.
        let host =
            parts.uri.authority().map(|authority| authority.to_string()).or_else(|| header(HOST));
        let target = parts.uri.path_and_query().map(|target| target.to_string());
        Head { host: host.unwrap_or_default(), target: target.unwrap_or_default(), parts }
    }

    pub fn header(&self, name: HeaderName) -> Option<String> {
        self.parts
            .headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    pub fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    pub fn record(&self, connection: u64) -> Record {
        Record {
            connection,
            method: self.method().into(),
            target: self.target.clone(),
            path: percent_decode_str(self.parts.uri.path()).decode_utf8_lossy().into_owned(),
            host: self.host.clone(),
            range: self.header(RANGE),
            user_agent: self.header(USER_AGENT),
            started_ms: now_ms(),
            ..Record::default()
        }
    }

    /// Whether a signature is in the header.
    pub fn is_signed(&self) -> bool {
        self.parts.headers.contains_key(AUTHORIZATION)
    }
}
