//! Control requests: an operation of the API becomes a signed HTTP request, and its answer a reply.

use super::form::Form;
use super::reply::{self, is_about_time};
use super::sign::{Kind, file_id, sign};
use super::{MAX_URL, V4};
use crate::call::{Body, Call, Incoming, Request, Wait};
use crate::content::hash::States;
use crate::content::stretch::Stretch;
use crate::path::{encode_query, too_long};
use crate::protocol::contract::{Place, Retry};
use crate::reply::secrets::Secrets;
use crate::reply::{Failure, Phase, Reply, Result};

/// The largest reply that is read, in bytes. A full page of a list has some hundred thousand.
const MAX_REPLY: usize = 16 * 1024 * 1024;

/// An operation of the API on one file or folder.
pub(super) struct Operation<'a> {
    pub at: Place<'a>,
    pub signature: Signature,
    /// What is to be done; the first parameter is `op`.
    pub parameters: Parameters<'a>,
    pub retry: Retry,
}

/// Which signature an operation takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signature {
    /// Reusable, for `sign_expired` seconds.
    Multi,
    /// For this request alone.
    Once,
}

/// How the parameters travel.
pub(super) enum Parameters<'a> {
    /// GET, in the query.
    Query(Vec<(&'static str, String)>),
    /// POST, as JSON.
    Json { op: &'static str, body: String },
    /// POST, as a form.
    Form(Fields<'a>),
}

/// What a form consists of.
pub(super) struct Fields<'a> {
    pub texts: Vec<(&'static str, String)>,
    /// The field `uploadparts`.
    pub states: Option<&'a States>,
    /// The field `filecontent`. Each attempt makes a new one.
    pub content: Option<&'a dyn Fn() -> Stretch<'a>>,
}

impl V4 {
    /// Runs an operation, repeating it as the call allows.
    pub(super) fn run(&self, call: &Call, operation: &Operation) -> Result<Reply> {
        let may_repeat = |failure: &Failure| match operation.retry {
            Retry::Always => true,
            Retry::IfUnsent => !failure.phase().may_have_reached_server(),
        };
        call.attempts(may_repeat, |call| call.on_time(is_about_time, || self.send(call, operation)))
    }

    fn send(&self, call: &Call, operation: &Operation) -> Result<Reply> {
        let now = call.now();
        let kind = match operation.signature {
            Signature::Multi => Kind::Multi(call.expiry(now)),
            Signature::Once => Kind::Once,
        };
        let signature = sign(&self.account, operation.at, kind, now);
        let mut url = self.control_url(operation.at);
        let op = operation.op();
        let mut headers = vec![("authorization", signature.as_str())];
        let read = |incoming: Incoming| read_reply(incoming, &call.secrets().with(&signature));
        match &operation.parameters {
            Parameters::Query(pairs) => {
                for (i, (key, value)) in pairs.iter().enumerate() {
                    url.push(if i == 0 { '?' } else { '&' });
                    url.extend([key, "=", &encode_query(value)]);
                }
                check_url(&url)?;
                let request = Request { op, method: "GET", url: &url, headers, body: None };
                call.send(request, Wait::ForReply, read)
            }
            Parameters::Json { body, .. } => {
                check_url(&url)?;
                headers.push(("content-type", "application/json"));
                let body = Body { len: body.len() as u64, content: &mut body.as_bytes() };
                let request = Request { op, method: "POST", url: &url, headers, body: Some(body) };
                call.send(request, Wait::ForReply, read)
            }
            Parameters::Form(fields) => {
                check_url(&url)?;
                let content = fields.content.map(|content| content());
                let mut form = Form::new(&fields.texts, fields.states, content);
                let content_type = form.content_type();
                headers.push(("content-type", &content_type));
                let body = Body { len: form.size(), content: &mut form };
                let request = Request { op, method: "POST", url: &url, headers, body: Some(body) };
                let result = call.send(request, Wait::ForReply, read);
                form.failure().map_or(result, Err)
            }
        }
    }

    /// `scheme://host/files/v2/appid/bucket/path`, the operation URL of a file or folder.
    pub(super) fn control_url(&self, at: Place) -> String {
        let file_id = file_id(&self.account, at);
        [self.hosts.scheme, "://", &self.hosts.control, "/files/v2", &file_id].concat()
    }
}

impl Operation<'_> {
    /// The value of its parameter `op`.
    fn op(&self) -> &str {
        match &self.parameters {
            Parameters::Query(pairs) => pairs.first().map_or("", |(_, op)| op),
            Parameters::Json { op, .. } => op,
            Parameters::Form(fields) => fields.texts.first().map_or("", |(_, op)| op),
        }
    }
}

/// What an answer says. Any code but 0 is a failure.
fn read_reply(incoming: Incoming, secrets: &Secrets) -> Result<Reply> {
    let (status, told, is_early) = (incoming.status, incoming.told(), incoming.is_early());
    let Some(body) = incoming.read_all(MAX_REPLY)? else {
        let message = format!("HTTP {status}, and the answer is larger than {MAX_REPLY} bytes");
        return Err(Failure::not_a_reply(status, message));
    };
    let reply = reply::parse(status, body, secrets).map_err(|failure| failure.with_told(told))?;
    if is_early {
        // A request of which a part was not sent can't have succeeded.
        let message = "the server answered before the whole request was sent";
        return Err(Failure::connection(Phase::Send, message));
    }
    Ok(reply)
}

/// Refuses a URL that the service would refuse for its length.
fn check_url(url: &str) -> Result<()> {
    if url.len() <= MAX_URL {
        return Ok(());
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // Only these values in a query come from the program.
    let given = |key: &&str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        value.is_some_and(|value| !value.is_empty())
    };
    let blamed = ["context", "delimiter"].into_iter().find(given);
    Err(too_long(blamed.filter(|_| path.len() <= MAX_URL).unwrap_or("cos_path"), MAX_URL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_too_long_blames_what_was_given() {
        let path = "p".repeat(1000);
        for (url, blamed) in [
            (format!("{path}{path}?op=list&num=9&context=abc"), "cos_path"),
            (format!("{path}?op=list&num=1000&context="), "cos_path"),
            (format!("{path}xxxxxxxxxxxxxxxxxx?op=stat"), "cos_path"),
            (format!("{path}?op=list&num=9&context=abcdef"), "context"),
            (format!("{path}?op=list&num=9&context=&delimiter=abcdef"), "delimiter"),
        ] {
            let failure = check_url(&url).unwrap_err();
            assert_eq!(failure.argument_name(), Some(blamed), "{url}");
        }
    }
}
