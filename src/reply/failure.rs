//! Why a call failed, with everything a program needs to decide what to do next.

use std::fmt;

use crate::reply::{
    Code, Reply,
    code::{self, Again},
};
use crate::transport::Told;

/// The result of everything that can fail. The failure is boxed: it is large and rare.
pub type Result<T> = std::result::Result<T, Box<Failure>>;

/// How far a call had come when it failed; `error.phase` in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Checking what the caller gave.
    Argument,
    /// Reading or writing the local file.
    LocalFile,
    /// Looking up the host name.
    Resolve,
    /// Connecting, to the server or to the proxy.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the reply or reading it.
    Receive,
    /// The server understood the request and refused it.
    Server,
}

impl Phase {
    /// The spelling in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Argument => "argument",
            Phase::LocalFile => "local_file",
            Phase::Resolve => "resolve",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Send => "send",
            Phase::Receive => "receive",
            Phase::Server => "server",
        }
    }

    /// Whether a request that failed here can have reached the server.
    pub fn may_have_reached_server(self) -> bool {
        matches!(self, Phase::Send | Phase::Receive | Phase::Server)
    }
}

/// A failed call.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The number the call returns.
    pub code: i32,
    /// What was wrong and what would be right. Never contains credentials or signatures.
    pub message: String,
    /// How far the call had come.
    pub phase: Phase,
    /// The argument or option key at fault.
    pub argument: Option<String>,
    /// Whether the local file is certainly no longer what it was when the call began.
    pub source_changed: bool,
    /// The HTTP status, when there was one.
    pub http_status: Option<u16>,
    /// Whether the same request may succeed a moment later, so that it is worth repeating.
    pub retryable: bool,
    /// Whether the attempt that failed brought something worth keeping: it does not use up the
    /// call's retries.
    pub has_progressed: bool,
    /// What the answer told besides.
    pub told: Told,
    /// By how many seconds this machine's clock is behind the server's, if that may be the reason.
    pub wrong_clock: Option<i64>,
    /// How many times the request was sent or tried.
    pub attempts: u32,
    /// What the server answered, when the code is the server's.
    pub reply: Option<Reply>,
}

impl Failure {
    /// A failure of the library's own making.
    pub fn new(code: Code, phase: Phase, message: impl Into<String>) -> Box<Failure> {
        Box::new(Failure {
            code: code.number(),
            message: message.into(),
            phase,
            argument: None,
            source_changed: false,
            http_status: None,
            retryable: false,
            has_progressed: false,
            told: Told::default(),
            wrong_clock: None,
            attempts: 0,
            reply: None,
        })
    }

    /// A bad argument or option; `argument` is its name in `cos.h` or its key, and starts the
    /// message.
    pub fn argument(argument: &str, message: impl fmt::Display) -> Box<Failure> {
        let text = format!("{argument} {message}");
        Failure {
            argument: Some(argument.to_owned()),
            ..*Failure::new(Code::COS_ERR_PARAM, Phase::Argument, text)
        }
        .into()
    }

    /// A local file that can't be used as the call needs it.
    pub fn local_file(argument: &str, message: impl fmt::Display) -> Box<Failure> {
        Failure { phase: Phase::LocalFile, ..*Failure::argument(argument, message) }.into()
    }

    /// The local file changed while it was sent.
    pub fn source_changed(message: &str) -> Box<Failure> {
        Failure { source_changed: true, ..*Failure::local_io(message) }.into()
    }

    /// Reading or writing the local file failed midway.
    pub fn local_io(message: impl Into<String>) -> Box<Failure> {
        Failure::new(Code::COS_ERR_LOCAL_IO, Phase::LocalFile, message)
    }

    /// There is no memory for something large.
    pub fn no_memory(bytes: usize) -> Box<Failure> {
        Failure::local_io(format!("there is no memory for {bytes} bytes"))
    }

    /// What arrived is not what it should be.
    pub fn integrity(message: impl Into<String>) -> Box<Failure> {
        Failure::new(Code::COS_ERR_INTEGRITY, Phase::Receive, message)
    }

    /// The server's own refusal, passed through.
    pub fn from_server(reply: Reply) -> Box<Failure> {
        let message = reply.message.clone();
        Box::new(Failure {
            code: reply.code,
            http_status: Some(reply.http_status),
            retryable: reply.is_transient(),
            reply: Some(reply),
            ..*Failure::new(Code::COS_ERR_INTERNAL, Phase::Server, message)
        })
    }

    /// An answer that is not one this API gives.
    pub fn not_a_reply(http_status: u16, message: impl Into<String>) -> Box<Failure> {
        Failure {
            http_status: Some(http_status),
            retryable: comes_later(http_status),
            ..*Failure::new(Code::COS_ERR_NETWORK, Phase::Receive, message)
        }
        .into()
    }

    /// The caller stopped the call.
    pub fn cancelled(phase: Phase) -> Box<Failure> {
        Failure::new(Code::COS_ERR_CANCELLED, phase, "cancelled by the caller")
    }

    /// Whether this failure is `code`.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.number()
    }

    /// Whether the same call may succeed later: more than is worth repeating at once.
    pub fn may_pass(&self) -> bool {
        self.retryable || code::again(self.code) != Again::No
    }

    /// Whether the service is there and wants fewer requests.
    pub fn asks_for_patience(&self) -> bool {
        self.is(Code::COS_ERR_RATE_LIMITED) || matches!(self.http_status, Some(429 | 503))
    }

    /// Whether the server objects to the time in a signature.
    pub fn is_about_time(&self) -> bool {
        self.is(Code::COS_ERR_SIGN_EXPIRED) || self.is(Code::COS_ERR_SIGN_EXPIRED_V1)
    }

    /// The same failure with what the answer told.
    pub fn with(mut self: Box<Failure>, told: Told) -> Box<Failure> {
        self.told = told;
        self
    }

    /// Whether the server may have carried the request out although it seems to have failed.
    pub fn fate_is_unknown(&self) -> bool {
        let lost = self.is(Code::COS_ERR_CONNECT) && self.phase.may_have_reached_server();
        let gateway = self.http_status.is_some_and(|status| status >= 500)
            && !self.is(Code::COS_ERR_RATE_LIMITED);
        let garbage = self.is(Code::COS_ERR_NETWORK) && self.http_status.is_none_or(|s| s < 300);
        lost || gateway || garbage
    }
}

/// Whether an HTTP status means that the same request may succeed later.
pub fn comes_later(http_status: u16) -> bool {
    http_status >= 500 || matches!(http_status, 408 | 429)
}
