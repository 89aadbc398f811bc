//! Lines for a program that wants to see what goes on: one for each request.
//!
//! They hold neither credentials nor signatures: of a URL only the path is shown. They reach the
//! program on the thread of its call; what other threads have to say waits until that thread comes
//! by.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

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

    /// Whether lines of this level are wanted.
    pub fn takes(&self, level: LogLevel) -> bool {
        level <= self.log.level
    }

    /// Logs what is not about one request but worth knowing.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.write(LogLevel::COS_LOG_FAILURES, line);
    }

    /// Logs a line of this level, which is made if it is wanted.
    pub fn write(&self, level: LogLevel, line: impl FnOnce() -> String) {
        if self.takes(level) {
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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

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
