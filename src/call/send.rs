//! One request, its answer, and the line that the log has of them.

use std::time::Instant;

use super::Call;
use crate::log::LogLevel;
use crate::reply::{Failure, Phase, Result};
use crate::transport::{Body, Incoming, Limits, Outgoing, Traffic};

/// A request, ready to be sent.
pub struct Request<'a> {
    /// What it is for, as the log shows it.
    pub op: &'a str,
    /// `GET`, `POST` and so on.
    pub method: &'static str,
    /// The whole URL.
    pub url: &'a str,
    /// Header names and values, but for `User-Agent`.
    pub headers: Vec<(&'a str, &'a str)>,
    /// `None` for a request without content.
    pub body: Option<Body<'a>>,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It is small: all of it has to arrive within the timeout.
    ForReply,
    /// It may be large: only silence ends it.
    ForContent,
}

impl Call {
    /// Sends a request, once, and has `read` make something of the answer. Counts what travels, and
    /// logs how it ended.
    pub fn send<T>(
        &self,
        request: Request,
        wait: Wait,
        read: impl FnOnce(Incoming) -> Result<T>,
    ) -> Result<T> {
        if self.stop.is_cancelled() {
            return Err(Failure::cancelled(Phase::Send));
        }
        let Request { op, method, url, headers, body } = request;
        let mut all = Vec::with_capacity(headers.len() + 1);
        all.extend(headers);
        all.push(("user-agent", &*self.shared.requests.user_agent));
        let traffic = Traffic::default();
        let limits = Limits {
            timeout: self.shared.requests.timeout,
            reply_is_bounded: wait == Wait::ForReply,
            stop: &self.stop,
            traffic: &traffic,
        };
        let line = Line { method, op, url, attempt: self.attempt.unwrap_or(1) };
        let started = Instant::now();
        let mut status = None;
        let outgoing = Outgoing { method, url, headers: &all, body };
        let result = self.shared.transport.exchange(outgoing, &limits).and_then(|incoming| {
            status = Some(incoming.status);
            read(incoming)
        });
        self.shared.traffic.add(&traffic);
        let failure = result.as_ref().err();
        let level = match failure {
            None => LogLevel::COS_LOG_REQUESTS,
            Some(_) => LogLevel::COS_LOG_FAILURES,
        };
        let failure = failure.map(|failure| &**failure);
        self.log().write(level, || line.text(status, failure, &traffic, started));
        result
    }
}

/// What the log shows of a request. Of the URL that is the path: the query may hold a signature.
struct Line<'a> {
    method: &'static str,
    op: &'a str,
    url: &'a str,
    attempt: u32,
}

impl Line<'_> {
    fn text(
        &self,
        status: Option<u16>,
        failure: Option<&Failure>,
        traffic: &Traffic,
        started: Instant,
    ) -> String {
        let status = status.or(failure.and_then(Failure::http_status));
        let connection = if traffic.connections() == 0 { "reused" } else { "new" };
        let mut text = format!(
            "{} {} op={} status={} code={} sent={} received={} ms={} attempt={} connection={connection}",
            self.method,
            path(self.url),
            self.op,
            status.map_or("-".to_owned(), |status| status.to_string()),
            failure.map_or(0, Failure::code),
            traffic.sent(),
            traffic.received(),
            started.elapsed().as_millis(),
            self.attempt,
        );
        if let Some(failure) = failure {
            let message = failure.message().replace(char::is_control, " ");
            text.push_str(&format!(" phase={} {message}", failure.phase().as_str()));
        }
        text
    }
}

fn path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let start = after_scheme.find('/').unwrap_or(after_scheme.len());
    after_scheme[start..].split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_url_shows_its_path_only() {
        assert_eq!(path("http://b-1.host:80/a/%E4?sign=SECRET"), "/a/%E4");
        assert_eq!(path("http://host"), "");
    }
}
