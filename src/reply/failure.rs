//! Why a call failed, with everything a program needs to decide what to do next.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::Reply;
use super::code::{self, Again, Code};
use super::write::{Object, text_of};

/// The result of everything that can fail. The failure is boxed: it is large and rare.
pub type Result<T> = std::result::Result<T, Box<Failure>>;

/// How far a call had come when it failed; `error.phase` in the reply.
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
    /// The spelling in the reply.
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

/// Whether a request that failed has done what it was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TookEffect {
    /// It has not.
    No,
    /// It may have, without our hearing of it.
    Maybe,
}

impl TookEffect {
    fn maybe_if(is_possible: bool) -> TookEffect {
        if is_possible { TookEffect::Maybe } else { TookEffect::No }
    }
}

/// What an answer tells besides what it was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// When it was made, by the server's clock, in UNIX seconds.
    pub date: Option<u64>,
    /// How long to wait before another request.
    pub retry_after: Option<Duration>,
}

/// A failed call. Each cause has a constructor, which knows what follows from it.
#[derive(Debug, Clone)]
pub struct Failure {
    code: i32,
    message: String,
    phase: Phase,
    argument: Option<String>,
    http_status: Option<u16>,
    is_retryable: bool,
    took_effect: TookEffect,
    source_changed: bool,
    has_progressed: bool,
    was_kept: bool,
    told: Told,
    /// In seconds, as [`Failure::clock_is_behind`] says.
    clock_is_behind: Option<i64>,
    attempts: u32,
    /// The server's own word for it.
    server_code: Option<String>,
    /// What helps, where more is known than the code says.
    hint: Option<String>,
    /// Whether the file that is in the way has the content of ours, if that is known.
    same_content: Option<bool>,
    /// The name of the system's reason, if it is about a local file and has one.
    errno: Option<&'static str>,
    /// What the server answered, when the code is the server's.
    reply: Option<Reply>,
}

/// The constructors. Messages never contain credentials or signatures.
impl Failure {
    fn new(code: Code, phase: Phase, message: impl Into<String>) -> Box<Failure> {
        Box::new(Failure {
            code: code.number(),
            message: message.into(),
            phase,
            argument: None,
            http_status: None,
            is_retryable: false,
            took_effect: TookEffect::No,
            source_changed: false,
            has_progressed: false,
            was_kept: false,
            told: Told::default(),
            clock_is_behind: None,
            attempts: 0,
            server_code: None,
            hint: None,
            same_content: None,
            errno: None,
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

    /// Reading or writing the local file failed midway.
    pub fn local_io(message: impl Into<String>) -> Box<Failure> {
        Failure::new(Code::COS_ERR_LOCAL_IO, Phase::LocalFile, message)
    }

    /// The local file changed while it was sent.
    pub fn source_changed(message: &str) -> Box<Failure> {
        Failure { source_changed: true, ..*Failure::local_io(message) }.into()
    }

    /// There is no memory for something large.
    pub fn no_memory(bytes: usize) -> Box<Failure> {
        let message = format!("there is no memory for {bytes} bytes");
        Failure::local_io(message).because(ErrorKind::OutOfMemory)
    }

    /// The network could not be used in `phase`. Worth trying again.
    pub fn connection(phase: Phase, message: impl Into<String>) -> Box<Failure> {
        Failure {
            is_retryable: true,
            took_effect: TookEffect::maybe_if(phase.may_have_reached_server()),
            ..*Failure::new(Code::COS_ERR_CONNECT, phase, message)
        }
        .into()
    }

    /// There is no way to the server before something has been changed.
    pub fn no_way(phase: Phase, message: impl Into<String>) -> Box<Failure> {
        Failure { is_retryable: false, ..*Failure::connection(phase, message) }.into()
    }

    /// What arrived is not what it should be.
    pub fn integrity(message: impl Into<String>) -> Box<Failure> {
        Failure::new(Code::COS_ERR_INTEGRITY, Phase::Receive, message)
    }

    /// What arrived is not HTTP.
    pub fn not_http(phase: Phase, message: impl Into<String>) -> Box<Failure> {
        Failure {
            took_effect: TookEffect::Maybe,
            ..*Failure::new(Code::COS_ERR_NETWORK, phase, message)
        }
        .into()
    }

    /// An answer that is not one the service gives.
    pub fn not_a_reply(http_status: u16, message: impl Into<String>) -> Box<Failure> {
        Failure {
            http_status: Some(http_status),
            is_retryable: comes_later(http_status),
            took_effect: TookEffect::maybe_if(!(300..500).contains(&http_status)),
            ..*Failure::new(Code::COS_ERR_NETWORK, Phase::Receive, message)
        }
        .into()
    }

    /// The server's own refusal, passed through. `later` is whether the same request may succeed a
    /// moment later.
    pub fn refused(reply: Reply, message: impl Into<String>, later: bool) -> Box<Failure> {
        let (code, http_status) = (reply.code, reply.http_status);
        let is_unclear = http_status >= 500 && code != Code::COS_ERR_RATE_LIMITED.number();
        Box::new(Failure {
            code,
            http_status: Some(http_status),
            is_retryable: later,
            took_effect: TookEffect::maybe_if(is_unclear),
            reply: Some(reply),
            ..*Failure::new(Code::COS_ERR_INTERNAL, Phase::Server, message)
        })
    }

    /// What the library has found on the server does not let the call go on.
    pub fn found(code: Code, message: impl Into<String>) -> Box<Failure> {
        Failure::new(code, Phase::Server, message)
    }

    /// A file that must not be replaced is at the destination.
    pub fn file_exists() -> Box<Failure> {
        let message = "a file exists under this name, and insert_only is true";
        Failure::found(Code::COS_ERR_FILE_EXISTS, message)
    }

    /// An unfinished upload that can't be continued is at the destination.
    pub fn upload_conflict() -> Box<Failure> {
        let message = "an unfinished upload of other content exists under this name";
        Failure::found(Code::COS_ERR_UPLOAD_CONFLICT, message)
    }

    /// The caller stopped the call.
    pub fn cancelled(phase: Phase) -> Box<Failure> {
        Failure::new(Code::COS_ERR_CANCELLED, phase, "cancelled by the caller")
    }

    /// A bug in the library.
    pub fn internal(what: impl fmt::Display) -> Box<Failure> {
        let message = format!("a bug in libcos, please report it: {what}");
        Failure::new(Code::COS_ERR_INTERNAL, Phase::Argument, message)
    }
}

/// What is known of it.
impl Failure {
    /// The number the call returns.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// Whether this failure is `code`.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.number()
    }

    /// What was wrong and what would be right.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How far the call had come.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The argument or option key at fault.
    pub fn argument_name(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    /// The name of the system's reason why a local file can't be used, if it has one.
    pub fn errno(&self) -> Option<&'static str> {
        self.errno
    }

    /// The HTTP status, when there was one.
    pub fn http_status(&self) -> Option<u16> {
        self.http_status
    }

    /// Whether the same request may succeed a moment later, so that it is worth repeating.
    pub fn is_retryable(&self) -> bool {
        self.is_retryable
    }

    /// Whether the same call may succeed later: more than is worth repeating at once.
    pub fn may_pass(&self) -> bool {
        self.is_retryable || code::again(self.code) != Again::No
    }

    /// Whether the server may have carried the request out although it seems to have failed.
    pub fn may_have_taken_effect(&self) -> bool {
        self.took_effect == TookEffect::Maybe
    }

    /// Whether the local file is certainly no longer what it was when the call began.
    pub fn has_changed_source(&self) -> bool {
        self.source_changed
    }

    /// Whether the attempt that failed brought something worth keeping: it does not use up the
    /// call's retries.
    pub fn has_progressed(&self) -> bool {
        self.has_progressed
    }

    /// Whether it met a connection that was kept from an earlier request: that may have ended
    /// meanwhile, which says nothing about the server.
    pub fn was_kept(&self) -> bool {
        self.was_kept
    }

    /// Whether the service is there and wants fewer requests.
    pub fn asks_for_patience(&self) -> bool {
        self.is(Code::COS_ERR_RATE_LIMITED) || matches!(self.http_status, Some(429 | 503))
    }

    /// What the answer told besides.
    pub fn told(&self) -> Told {
        self.told
    }

    /// How many times the request was sent or tried.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The server's own word for it, if it uses words.
    pub fn server_code(&self) -> Option<&str> {
        self.server_code.as_deref()
    }

    /// Whether the code is the server's.
    pub fn is_from_server(&self) -> bool {
        self.reply.is_some()
    }

    /// What the server answered, when the code is the server's.
    pub fn reply(&self) -> Option<&Reply> {
        self.reply.as_ref()
    }
}

/// The same failure, of which more is known.
impl Failure {
    /// With what the answer told besides.
    pub fn with_told(mut self: Box<Self>, told: Told) -> Box<Failure> {
        self.told = told;
        self
    }

    /// After so many attempts.
    pub fn after(mut self: Box<Self>, attempts: u32) -> Box<Failure> {
        self.attempts = attempts;
        self
    }

    /// With or without something worth keeping.
    pub fn with_progress(mut self: Box<Self>, has_progressed: bool) -> Box<Failure> {
        self.has_progressed = has_progressed;
        self
    }

    /// On a connection that was kept from an earlier request, or not.
    pub fn on_kept(mut self: Box<Self>, was_kept: bool) -> Box<Failure> {
        self.was_kept = was_kept;
        self
    }

    /// With the number of seconds that this machine's clock is behind the server's, if that may be
    /// the reason.
    pub fn with_clock(mut self: Box<Self>, clock_is_behind: Option<i64>) -> Box<Failure> {
        self.clock_is_behind = clock_is_behind;
        self
    }

    /// With the server's own word for it.
    pub fn with_server_code(mut self: Box<Self>, word: impl Into<String>) -> Box<Failure> {
        self.server_code = Some(word.into());
        self
    }

    /// With what helps, where more is known than the code says.
    pub fn with_hint(mut self: Box<Self>, hint: Option<String>) -> Box<Failure> {
        self.hint = hint;
        self
    }

    /// With what helps, unless more is known already.
    pub fn or_hint(mut self: Box<Self>, hint: &str) -> Box<Failure> {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    /// With whether the file that is in the way has the content of ours.
    pub fn with_same_content(mut self: Box<Self>, same_content: Option<bool>) -> Box<Failure> {
        self.same_content = same_content;
        self
    }

    /// With the system's reason why a local file can't be used.
    pub fn because(mut self: Box<Self>, reason: ErrorKind) -> Box<Failure> {
        self.errno = errno_of(reason);
        self
    }

    /// The same, with the system's words besides.
    pub fn because_of(mut self: Box<Self>, error: &io::Error) -> Box<Failure> {
        self.message = format!("{}: {error}", self.message);
        self.because(error.kind())
    }

    /// Whether it is worth repeating after all.
    pub fn retryable_if(mut self: Box<Self>, is_retryable: bool) -> Box<Failure> {
        self.is_retryable = is_retryable;
        self
    }

    /// With `problem` before the message, also in what the server answered.
    pub fn prefixed(mut self: Box<Self>, problem: impl fmt::Display) -> Box<Failure> {
        self.message = format!("{problem}: {}", self.message);
        let text = text_of(&self.message);
        self.reply = self.reply.map(|reply| reply.with("message", &text));
        self
    }

    /// As the library's own: the server's reply belongs to a part of the call.
    pub fn without_reply(mut self: Box<Self>) -> Box<Failure> {
        self.reply = None;
        self
    }

    /// What the caller gets.
    pub fn into_reply(self) -> Reply {
        let origin = if self.reply.is_some() { "server" } else { "library" };
        let mut error = Object::new()
            .with("origin", origin)
            .with("phase", self.phase.as_str())
            .with("retryable", self.may_pass())
            .with("attempts", self.attempts);
        let clock = self.clock_is_behind.map(clock_in_words);
        let hint = clock.or(self.hint);
        if let Some(hint) = hint.or_else(|| code::hint(self.code).map(str::to_owned)) {
            error.add("hint", hint);
        }
        if let Some(word) = self.server_code {
            error.add("server_code", word);
        }
        if let Some(same_content) = self.same_content {
            error.add("same_content", same_content);
        }
        if let Some(errno) = self.errno {
            error.add("errno", errno);
        }
        if let Some(argument) = self.argument {
            error.add("argument", argument);
        }
        if let Some(status) = self.http_status {
            error.add("http_status", u32::from(status));
        }
        let reply = self.reply.unwrap_or_else(|| {
            let text = Object::new().with("code", self.code).with("message", &self.message);
            Reply::new(self.code, self.http_status.unwrap_or_default(), text.into_text())
        });
        reply.with("error", &error.into_text())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "{} ({}): {}", code::name(self.code).to_string_lossy(), self.code, self.message)
    }
}

impl std::error::Error for Failure {}

/// The name that POSIX has for a reason, also where the system has numbers of its own.
fn errno_of(reason: ErrorKind) -> Option<&'static str> {
    match reason {
        ErrorKind::NotFound => Some("ENOENT"),
        ErrorKind::PermissionDenied => Some("EACCES"),
        ErrorKind::AlreadyExists => Some("EEXIST"),
        ErrorKind::IsADirectory => Some("EISDIR"),
        ErrorKind::NotADirectory => Some("ENOTDIR"),
        ErrorKind::StorageFull => Some("ENOSPC"),
        ErrorKind::QuotaExceeded => Some("EDQUOT"),
        ErrorKind::FileTooLarge => Some("EFBIG"),
        ErrorKind::ReadOnlyFilesystem => Some("EROFS"),
        ErrorKind::ResourceBusy => Some("EBUSY"),
        ErrorKind::InvalidFilename => Some("ENAMETOOLONG"),
        ErrorKind::OutOfMemory => Some("ENOMEM"),
        _ => None,
    }
}

/// Whether an HTTP status means that the same request may succeed later.
pub fn comes_later(http_status: u16) -> bool {
    http_status >= 500 || matches!(http_status, 408 | 429)
}

/// What has to be added to this machine's clock, in words.
pub fn clock_in_words(correction: i64) -> String {
    let seconds = correction.unsigned_abs();
    let direction = if correction < 0 { "ahead of" } else { "behind" };
    format!("this machine's clock is {seconds} s {direction} the server's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_a_program_needs() {
        let reply = Failure::argument("num", "must be a \"number\"").into_reply();
        let json: serde_json::Value = serde_json::from_str(&reply.json).unwrap();
        assert_eq!(json["code"], -1);
        assert_eq!(json["message"], "num must be a \"number\"");
        assert_eq!(json["error"]["argument"], "num");
        assert_eq!(json["error"]["origin"], "library");
        assert_eq!(json["error"]["phase"], "argument");
        assert_eq!(json["error"]["retryable"], false);
    }

    #[test]
    fn what_is_put_before_the_message_reaches_the_caller() {
        let answered = r#"{"code":4,"message":"No.","request_id":"1"}"#;
        let server = Failure::refused(Reply::new(4, 403, answered.to_owned()), "No.", false);
        for failure in [server, Failure::local_io("No.")] {
            let reply = failure.prefixed("the \"first\" half is done").into_reply();
            let json: serde_json::Value = serde_json::from_str(&reply.json).unwrap();
            assert_eq!(json["message"], "the \"first\" half is done: No.");
        }
    }

    #[test]
    fn what_may_have_taken_effect_is_known_by_its_cause() {
        let refused = |status, code: Code| {
            Failure::refused(Reply::new(code.number(), status, "{}".to_owned()), "", true)
        };
        for (failure, may_have) in [
            (Failure::argument("num", "is wrong"), false),
            (Failure::connection(Phase::Connect, ""), false),
            (Failure::connection(Phase::Send, ""), true),
            (Failure::connection(Phase::Receive, ""), true),
            (Failure::not_http(Phase::Receive, ""), true),
            (Failure::not_a_reply(200, ""), true),
            (Failure::not_a_reply(403, ""), false),
            (Failure::not_a_reply(502, ""), true),
            (refused(404, Code::COS_ERR_NOT_FOUND), false),
            (refused(500, Code::COS_ERR_STORAGE), true),
            (refused(503, Code::COS_ERR_RATE_LIMITED), false),
            (Failure::cancelled(Phase::Send), false),
        ] {
            assert_eq!(failure.may_have_taken_effect(), may_have, "{failure:?}");
        }
    }
}
