//! Requests about the account, and those that the program composes.

use crate::client::Client;
use crate::options::Options;
use crate::path::{Bucket, CosPath};
use crate::protocol::contract::{Composed, RequestHead};
use crate::reply::{Failure, Reply, Result};

/// The methods of the service.
const METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"];
/// Headers that the library sets itself.
const OWN_HEADERS: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "transfer-encoding",
    "user-agent",
    "x-cos-security-token",
];

/// The buckets of the account.
pub fn list_buckets(client: &Client, options: Option<&str>) -> Result<Reply> {
    let (client, stop) = (client.snapshot(), client.stop(None));
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, stop)?;
    options.finish()?;
    client.service.list_buckets(&call)
}

/// The arguments of a request that the program composes, not checked yet.
pub struct Arguments<'a> {
    /// The method.
    pub method: &'a str,
    /// The bucket, if it is about one.
    pub bucket: Option<&'a str>,
    /// The path in it; the bucket itself if there is none.
    pub cos_path: Option<&'a str>,
    /// A JSON object of parameters.
    pub params: Option<&'a str>,
    /// A JSON object of headers.
    pub headers: Option<&'a str>,
    /// What the request carries.
    pub body: &'a [u8],
}

/// Sends a request that the program has composed.
pub fn send(client: &Client, arguments: &Arguments, options: Option<&str>) -> Result<Reply> {
    let (client, stop) = (client.snapshot(), client.stop(None));
    let given = |argument, text: Option<&str>| match text {
        Some(text) => crate::options::pairs(argument, text),
        None => Ok(Vec::new()),
    };
    let head = RequestHead {
        method: method(arguments.method)?,
        params: given("params", arguments.params)?,
        headers: checked_headers(given("headers", arguments.headers)?)?,
    };
    if !arguments.body.is_empty() && !matches!(head.method, "PUT" | "POST") {
        let problem = format!("must be 0: a {} has no body", head.method);
        return Err(Failure::argument("len", problem));
    }
    let bucket = arguments.bucket.map(Bucket::new).transpose()?;
    if bucket.is_none() && arguments.cos_path.is_some_and(|path| path != "/") {
        return Err(Failure::argument("cos_path", "must be NULL where bucket is NULL"));
    }
    let rules = &client.service.limits().paths;
    let path = CosPath::new("cos_path", arguments.cos_path.unwrap_or("/"), rules)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, stop)?;
    options.finish()?;
    let request =
        Composed { bucket: bucket.as_ref(), path: &path, head: &head, body: arguments.body };
    client.service.request(&call, &request)
}

/// A method by its name, in whatever case.
pub(super) fn method(name: &str) -> Result<&'static str> {
    let found = METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        Failure::argument(
            "method",
            format!("must be {} or {}", METHODS[..5].join(", "), METHODS[5]),
        )
    })
}

/// Headers that can be sent and signed.
pub(super) fn checked_headers(headers: Vec<(String, String)>) -> Result<Vec<(String, String)>> {
    for (name, value) in &headers {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(legal) {
            return Err(Failure::argument("headers", "must have names of letters, digits and '-'"));
        }
        if value.chars().any(char::is_control) {
            let problem = "must not contain control characters or line breaks";
            return Err(Failure::argument("headers", problem));
        }
        if OWN_HEADERS.contains(&&*name.to_ascii_lowercase()) {
            let problem = format!("must not have {name}: the library sets it");
            return Err(Failure::argument("headers", problem));
        }
    }
    Ok(headers.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_any_case() {
        assert_eq!(method("get").unwrap(), "GET");
        assert_eq!(method("PUT").unwrap(), "PUT");
        for wrong in ["", "FETCH", "GET ", "PATCH"] {
            assert_eq!(method(wrong).unwrap_err().argument_name(), Some("method"));
        }
    }

    #[test]
    fn headers_that_would_break_a_request_are_refused() {
        let header = |name: &str, value: &str| checked_headers(vec![(name.into(), value.into())]);
        assert_eq!(header("X-Cos-Acl", " private ").unwrap()[0].1, "private");
        for (name, value) in
            [("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\ny"), ("Host", "x"), ("EXPECT", "x")]
        {
            assert_eq!(header(name, value).unwrap_err().argument_name(), Some("headers"), "{name}");
        }
    }
}
