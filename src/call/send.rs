//! One request, its answer, and the line that the log has of them.

use std::mem;
use std::ops::Deref;
use std::sync::Arc;
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

/// An answer of which only the head was read. The request is over when all of it was read, or when
/// this is dropped: then what travelled is counted, and how it ended is logged.
pub struct Unread {
    incoming: Incoming,
    sent: Sent,
}

impl Call {
    /// Sends a request, once, and has `read` make something of the answer.
    pub fn send<T>(
        &self,
        request: Request,
        wait: Wait,
        read: impl FnOnce(Incoming) -> Result<T>,
    ) -> Result<T> {
        self.open(request, wait)?.read(read)
    }

    /// Sends a request, once, and waits for the head of the answer.
    pub fn open(&self, request: Request, wait: Wait) -> Result<Unread> {
        if self.stop.is_cancelled() {
            return Err(Failure::cancelled(Phase::Send));
        }
        let mut sent = Sent::new(self, &request);
        let Request { method, url, headers, body, .. } = request;
        let mut all = Vec::with_capacity(headers.len() + 1);
        all.extend(headers);
        all.push(("user-agent", &*self.shared.requests.user_agent));
        let limits = Limits {
            timeout: self.shared.requests.timeout,
            reply_is_bounded: wait == Wait::ForReply,
            stop: &self.stop,
            traffic: &sent.traffic,
        };
        let outgoing = Outgoing { method, url, headers: &all, body };
        match self.shared.transport.exchange(outgoing, &limits) {
            Ok(incoming) => {
                sent.status = Some(incoming.status);
                Ok(Unread { incoming, sent })
            }
            Err(failure) => {
                sent.end(Some(&failure));
                // Before it was sent, there was no connection at all.
                let had_one = failure.phase().may_have_reached_server();
                Err(failure.on_kept(had_one && sent.traffic.connections() == 0))
            }
        }
    }
}

impl Unread {
    /// Has `read` make something of the answer.
    pub fn read<T>(self, read: impl FnOnce(Incoming) -> Result<T>) -> Result<T> {
        let Unread { incoming, mut sent } = self;
        let result = read(incoming);
        sent.end(result.as_ref().err().map(|failure| &**failure));
        result
    }
}

/// To look at the head.
impl Deref for Unread {
    type Target = Incoming;

    fn deref(&self) -> &Incoming {
        &self.incoming
    }
}

/// A request that was sent, until it is over.
struct Sent {
    call: Call,
    /// What the log shows of it; empty where nobody listens. Of the URL that is the path: the query
    /// may hold a signature.
    what: String,
    status: Option<u16>,
    traffic: Arc<Traffic>,
    started: Instant,
    is_over: bool,
}

impl Sent {
    fn new(call: &Call, request: &Request) -> Sent {
        let Request { op, method, url, .. } = request;
        let what = match call.log().takes(LogLevel::COS_LOG_FAILURES) {
            true => format!("{method} {} op={op}", path(url)),
            false => String::new(),
        };
        let (traffic, started) = (Arc::default(), Instant::now());
        Sent { call: call.clone(), what, status: None, traffic, started, is_over: false }
    }

    /// Counts what travelled, and logs how it ended.
    fn end(&mut self, failure: Option<&Failure>) {
        if mem::replace(&mut self.is_over, true) {
            return;
        }
        self.call.shared.traffic.add(&self.traffic);
        let level = match failure {
            None => LogLevel::COS_LOG_REQUESTS,
            Some(_) => LogLevel::COS_LOG_FAILURES,
        };
        self.call.log().write(level, || self.line(failure));
    }

    fn line(&self, failure: Option<&Failure>) -> String {
        let Sent { call, what, traffic, .. } = self;
        let status = self.status.or(failure.and_then(Failure::http_status));
        let connection = if traffic.connections() == 0 { "reused" } else { "new" };
        let mut text = format!(
            "{what} status={} code={} sent={} received={} ms={} attempt={} connection={connection}",
            status.map_or("-".to_owned(), |status| status.to_string()),
            failure.map_or(0, Failure::code),
            traffic.sent(),
            traffic.received(),
            self.started.elapsed().as_millis(),
            call.attempt.unwrap_or(1),
        );
        if let Some(failure) = failure {
            let message = failure.message().replace(char::is_control, " ");
            text.push_str(&format!(" phase={} {message}", failure.phase().as_str()));
        }
        text
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.end(None);
    }
}

fn path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let start = after_scheme.find('/').unwrap_or(after_scheme.len());
    after_scheme[start..].split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Request, Wait, path};
    use crate::protocol::scripted::call;
    use crate::reply::Phase;

    #[test]
    fn a_url_shows_its_path_only() {
        assert_eq!(path("http://b-1.host:80/a/%E4?sign=SECRET"), "/a/%E4");
        assert_eq!(path("http://host"), "");
    }

    #[test]
    fn a_host_that_is_not_found_is_no_kept_connection() {
        let url = "http://no-such-host.invalid/";
        let request = Request { op: "", method: "GET", url, headers: Vec::new(), body: None };
        let failure = call("{}").open(request, Wait::ForReply).err().unwrap();
        assert_eq!((failure.phase(), failure.was_kept()), (Phase::Resolve, false));
    }
}
