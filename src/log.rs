//! One line a request, for a program that wants to see what goes on.
//!
//! Lines hold neither credentials nor signatures: of a URL only the path is shown. They reach the
//! program on the thread of its call; what other threads have to say waits until that thread comes
//! by.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::reply::{Failure, Result};
use crate::transport::Traffic;

/// Which lines a program wants.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// None.
    #[default]
    COS_LOG_OFF = 0,
    /// A line for every request that failed.
    COS_LOG_FAILURES = 1,
    /// A line for every request.
    COS_LOG_REQUESTS = 2,
}

/// Takes a line.
pub type Sink = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// What a client logs, and where to.
#[derive(Clone, Default)]
pub struct Log {
    level: LogLevel,
    sink: Option<Sink>,
}

impl Log {
    /// Lines up to `level` go to `sink`.
    pub fn new(level: LogLevel, sink: Sink) -> Log {
        Log { level, sink: Some(sink) }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Log").field(&self.level).finish()
    }
}

/// The log of one call, made on the thread that the lines go to.
#[derive(Debug)]
pub struct CallLog {
    log: Log,
    thread: usize,
    waiting: Mutex<Vec<(LogLevel, String)>>,
}

impl CallLog {
    /// Lines go to the calling thread.
    pub fn new(log: Log) -> CallLog {
        CallLog { log, thread: this_thread(), waiting: Mutex::default() }
    }

    /// Logs what is not about one request but worth knowing.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.write(LogLevel::COS_LOG_FAILURES, line);
    }

    fn write(&self, level: LogLevel, line: impl FnOnce() -> String) {
        if level <= self.log.level {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push((level, line()));
            drop(waiting);
            self.flush();
        }
    }

    /// Hands over what is waiting, if this is the thread for it.
    pub fn flush(&self) {
        let Some(sink) = self.log.sink.as_ref().filter(|_| this_thread() == self.thread) else {
            return;
        };
        let waiting =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for (level, line) in waiting {
            sink(level, &line);
        }
    }
}

impl Drop for CallLog {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Tells threads that live at the same time apart, also while they end: the standard library's own
/// thread ids are gone by then.
fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

/// A request under way, to be logged when it has ended.
pub struct Trace<'a> {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The operation, or `download`.
    pub op: &'a str,
    /// The whole URL; only its path is shown.
    pub url: &'a str,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// When it began.
    pub started: Instant,
    /// What travelled for it.
    pub traffic: &'a Traffic,
}

impl Trace<'_> {
    /// Logs how the request ended: with an HTTP status, or a failure.
    pub fn ended<T>(&self, log: &CallLog, status: Option<u16>, result: &Result<T>) {
        let failure = result.as_ref().err();
        let level = match failure {
            None => LogLevel::COS_LOG_REQUESTS,
            Some(_) => LogLevel::COS_LOG_FAILURES,
        };
        log.write(level, || self.line(status, failure.map(|failure| &**failure)));
    }

    fn line(&self, status: Option<u16>, failure: Option<&Failure>) -> String {
        let status = status.or(failure.and_then(|failure| failure.http_status));
        let connection = match self.traffic.connections() {
            0 => "reused",
            _ => "new",
        };
        let mut line = format!(
            "{} {} op={} status={} code={} sent={} received={} ms={} attempt={} connection={connection}",
            self.method,
            path(self.url),
            self.op,
            status.map_or("-".to_owned(), |status| status.to_string()),
            failure.map_or(0, |failure| failure.code),
            self.traffic.sent(),
            self.traffic.received(),
            self.started.elapsed().as_millis(),
            self.attempt,
        );
        if let Some(failure) = failure {
            let message = failure.message.replace(char::is_control, " ");
            line.push_str(&format!(" phase={} {message}", failure.phase.as_str()));
        }
        line
    }
}

/// The path of a URL, without the query: that may hold a signature.
fn path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let start = after_scheme.find('/').unwrap_or(after_scheme.len());
    after_scheme[start..].split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_url_shows_its_path_only() {
        assert_eq!(path("http://b-1.host:80/a/%E4?sign=SECRET"), "/a/%E4");
        assert_eq!(path("http://host"), "");
    }

    #[test]
    fn lines_of_other_threads_wait_for_the_calling_one() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink: Sink = {
            let seen = Arc::clone(&seen);
            Arc::new(move |_, line| {
                seen.lock().unwrap().push((this_thread(), line.to_owned()));
            })
        };
        let log = CallLog::new(Log::new(LogLevel::COS_LOG_FAILURES, sink));
        thread::scope(|scope| {
            scope.spawn(|| log.write(LogLevel::COS_LOG_FAILURES, || "failed".to_owned()));
            scope.spawn(|| log.write(LogLevel::COS_LOG_REQUESTS, || unreachable!()));
        });
        assert!(seen.lock().unwrap().is_empty());
        drop(log);
        let here = this_thread();
        assert_eq!(*seen.lock().unwrap(), [(here, "failed".to_owned())]);
    }
}
