//! What ends a call early: the caller's wish, or another part of the call that failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Polling interval of every wait.
pub const TICK: Duration = Duration::from_millis(50);

/// Shared by everything that works for one call.
#[derive(Debug, Default)]
pub struct Stop {
    caller: Option<Arc<AtomicBool>>,
    whole: Option<Arc<Stop>>,
    cancelled: AtomicBool,
    failed: AtomicBool,
    /// When it stops by itself.
    due: Option<Instant>,
}

impl Stop {
    /// A call that stops when `caller` becomes true, and with `whole`, where there are these.
    pub fn new(caller: Option<Arc<AtomicBool>>, whole: Option<Arc<Stop>>) -> Arc<Stop> {
        Arc::new(Stop { caller, whole, ..Stop::default() })
    }

    /// One that stops by itself when `time` has passed.
    pub fn after(time: Duration) -> Arc<Stop> {
        Arc::new(Stop { due: Some(Instant::now() + time), ..Stop::default() })
    }

    /// A part of a call: it stops with the whole, but not the whole with it.
    pub fn part_of(whole: &Arc<Stop>) -> Arc<Stop> {
        Stop::new(None, Some(Arc::clone(whole)))
    }

    /// Stops the call on behalf of the caller.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Stops the call's other workers because one has failed.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Lets the call go on: what has failed is done in another way.
    pub fn recover(&self) {
        self.failed.store(false, Ordering::Release);
    }

    /// Whether the caller wants the call to end.
    pub fn is_cancelled(&self) -> bool {
        let caller = |flag: &Arc<AtomicBool>| flag.load(Ordering::Acquire);
        self.cancelled.load(Ordering::Acquire)
            || self.due.is_some_and(|due| Instant::now() >= due)
            || self.caller.as_ref().is_some_and(caller)
            || self.whole.as_ref().is_some_and(|whole| whole.is_set())
    }

    /// Whether to stop working, for either reason.
    pub fn is_set(&self) -> bool {
        self.failed.load(Ordering::Acquire) || self.is_cancelled()
    }

    /// Sleeps for `time`, or until it is time to stop.
    pub fn sleep(&self, time: Duration) {
        let due = Instant::now() + time;
        while !self.is_set() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(TICK));
        }
    }
}
