//! The threads of a call. None outlives it, but for a look-up that nobody waits for any more.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::log::CallLog;
use crate::os;
use crate::reply::{Failure, Result};
use crate::stop::Stop;
use crate::transfer::{STEP, Transfer};

/// How often a caller that wants to be told hears of progress at the least.
const REPORT_INTERVAL: Duration = Duration::from_millis(50);

/// Told bytes done and bytes in all; returns whether to go on.
pub type OnProgress<'a> = Box<dyn FnMut(u64, u64) -> bool + 'a>;

/// How the caller follows an upload or a download.
#[derive(Default)]
pub struct Watch<'a> {
    /// The caller's handle.
    pub transfer: Option<&'a Transfer>,
    /// The caller's callback.
    pub on_progress: Option<OnProgress<'a>>,
}

impl<'a> Watch<'a> {
    /// Where progress is counted, which is `own` without a handle, and who is told of it.
    pub fn or(self, own: &'a Transfer) -> (&'a Transfer, Option<OnProgress<'a>>) {
        (self.transfer.unwrap_or(own), self.on_progress)
    }
}

/// Tells the caller of progress, on the caller's thread.
pub struct Reporter<'a> {
    transfer: &'a Transfer,
    on_progress: Option<OnProgress<'a>>,
    stop: &'a Stop,
    log: &'a CallLog,
    last: Option<(u64, u64)>,
    last_at: Instant,
}

impl<'a> Reporter<'a> {
    /// Tells nobody where there is no callback.
    pub fn new(
        stop: &'a Stop,
        log: &'a CallLog,
        transfer: &'a Transfer,
        on_progress: Option<OnProgress<'a>>,
    ) -> Reporter<'a> {
        Reporter { transfer, on_progress, stop, log, last: None, last_at: Instant::now() }
    }

    /// Reports now, and each step that was taken since the last report. The callback may cancel the
    /// call.
    pub fn report(&mut self) {
        let (done, total) = self.transfer.progress();
        // Every transfer starts at 0, however much was there before the first look.
        let mut told = match self.last {
            Some((told, of)) if of > 0 => told,
            _ => {
                if done > 0 {
                    self.tell((0, total));
                }
                0
            }
        };
        while told + STEP < done && !self.stop.is_set() {
            told += STEP;
            self.tell((told, total));
        }
        // A file that was replaced by a smaller one while it came must not make it go back.
        if done >= told {
            self.tell((done, total));
        }
    }

    /// Reports the start, if the size is known by now.
    pub fn report_start(&mut self) {
        if self.transfer.progress().1 > 0 {
            self.report();
        }
    }

    /// Reports the end. An empty transfer ends where it starts, and is worth one report.
    pub fn report_end(&mut self) {
        if self.last != Some((0, 0)) || self.transfer.progress().1 > 0 {
            self.report();
        }
    }

    fn tell(&mut self, now: (u64, u64)) {
        self.last = Some(now);
        self.last_at = Instant::now();
        self.log.flush();
        // A callback that has said no is not asked again.
        if let Some(on_progress) = &mut self.on_progress
            && !self.stop.is_set()
            && !on_progress(now.0, now.1)
        {
            self.stop.cancel();
        }
    }

    /// Reports if the last report is old or a step behind.
    pub fn report_if_due(&mut self) {
        let last_done = self.last.map_or(0, |(done, _)| done);
        let steps = self.transfer.progress().0.saturating_sub(last_done) / STEP;
        if steps > 0 || self.last_at.elapsed() >= REPORT_INTERVAL {
            self.report();
        }
    }
}

/// Does `work` while the calling thread reports progress: at the start, regularly, and at the end.
pub fn watched<T: Send>(
    stop: &Stop,
    log: &CallLog,
    transfer: &Transfer,
    on_progress: Option<OnProgress>,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    if on_progress.is_none() {
        return work();
    }
    let mut reporter = Reporter::new(stop, log, transfer, on_progress);
    reporter.report_start();
    let finished = &AtomicBool::new(false);
    let result = thread::scope(|scope| {
        let worker = os::start(scope, move || {
            // Even a panic must end the reporting.
            let _finish = Finish(finished, transfer);
            work()
        });
        let worker = worker.map_err(|error| no_thread(&error))?;
        while !finished.load(Ordering::Acquire) {
            transfer.wait_for_step(REPORT_INTERVAL);
            if !finished.load(Ordering::Acquire) {
                reporter.report();
            }
        }
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    if result.is_ok() {
        reporter.report_end();
    }
    result
}

struct Finish<'a>(&'a AtomicBool, &'a Transfer);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.wake();
    }
}

/// The failure where the system gives no thread.
pub fn no_thread(error: &io::Error) -> Box<Failure> {
    let message = format!("no thread could be started: {error}");
    Failure::local_io(message)
}

/// Runs `work` on up to `workers` threads, the calling one among them. The first failure stops the
/// others and is the result.
pub fn parallel(workers: usize, stop: &Stop, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    let first_failure = Mutex::new(None);
    let guarded = || {
        if let Err(failure) = work() {
            let mut first = first_failure.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(failure);
            stop.fail();
        }
    };
    thread::scope(|scope| {
        for _ in 1..workers {
            // With fewer threads the work takes longer; the calling thread is always there.
            if os::start(scope, guarded).is_err() {
                break;
            }
        }
        guarded();
    });
    match first_failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
