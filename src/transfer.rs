//! The handle by which a program follows and stops an upload or a download.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::reply::{Failure, Result};

/// How many bytes are a step worth reporting.
pub const STEP: u64 = 1024 * 1024;

/// Progress and cancellation of one call at a time.
#[derive(Debug, Default)]
pub struct Transfer {
    cancelled: Arc<AtomicBool>,
    busy: AtomicBool,
    counts: Arc<Counts>,
    resumed: AtomicU64,
    found: AtomicU64,
    repeated: AtomicU64,
    step: Mutex<Step>,
    stepped: Condvar,
}

/// How much is done, of how much.
#[derive(Debug, Default)]
pub struct Counts {
    done: AtomicU64,
    total: AtomicU64,
}

impl Counts {
    /// Begins anew, with so much to do.
    pub fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Counts what is done.
    pub fn add(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Step {
    is_taken: bool,
    /// Whether somebody waits for it. The system is not asked to wake nobody.
    is_awaited: bool,
}

/// Holds a transfer for one call.
pub struct Busy<'a>(&'a Transfer);

impl Transfer {
    /// Takes the handle for a call. A handle serves one call at a time.
    pub fn begin(&self) -> Result<Busy<'_>> {
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(Failure::argument(
                "transfer",
                "is in use by another call; use one handle per call at a time",
            ));
        }
        self.counts.begin(0);
        self.resumed.store(0, Ordering::Relaxed);
        self.found.store(0, Ordering::Relaxed);
        self.repeated.store(0, Ordering::Relaxed);
        Ok(Busy(self))
    }

    /// Ends the call that uses the handle, and every later one. From any thread.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.wake();
    }

    /// The flag that [`Transfer::cancel`] sets.
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cancelled)
    }

    /// What counts, for those who outlive it.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Bytes done and bytes in all. Files that have grown since they were counted do not make it
    /// more than all.
    pub fn progress(&self) -> (u64, u64) {
        let total = self.counts.total.load(Ordering::Relaxed);
        (self.counts.done.load(Ordering::Relaxed).min(total), total)
    }

    /// Sets how many bytes there are in all.
    pub fn set_total(&self, total: u64) {
        self.counts.total.store(total, Ordering::Relaxed);
        self.wake();
    }

    /// Counts bytes that were found to be there in all as well.
    pub fn add_total(&self, bytes: impl Iterator<Item = u64>) {
        let bytes = bytes.fold(0, u64::saturating_add);
        let add = |total: u64| Some(total.saturating_add(bytes));
        let _ = self.counts.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        self.wake();
    }

    /// Announces that bytes which were counted will be counted once more, because they have to
    /// travel again.
    pub fn repeat(&self, bytes: u64) {
        self.repeated.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that need not travel any more.
    pub fn add(&self, bytes: u64) {
        let mut known = 0;
        let _ = self.repeated.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |repeated| {
            known = repeated.min(bytes);
            Some(repeated - known)
        });
        let bytes = bytes - known;
        let before = self.counts.done.fetch_add(bytes, Ordering::Relaxed);
        if before / STEP != (before + bytes) / STEP {
            self.wake();
        }
    }

    /// Counts bytes that travelled in an earlier call.
    pub fn add_resumed(&self, bytes: u64) {
        self.note_resumed(bytes);
        self.add(bytes);
    }

    /// Notes that bytes travelled in an earlier call, without counting them.
    pub fn note_resumed(&self, bytes: u64) {
        self.resumed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How many of the bytes travelled in an earlier call.
    pub fn resumed(&self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }

    /// Counts bytes that were found at their destination.
    pub fn add_found(&self, bytes: u64) {
        self.found.fetch_add(bytes, Ordering::Relaxed);
        self.add(bytes);
    }

    /// Counts whatever is still missing: the transfer is complete, and that need not travel.
    pub fn complete(&self) {
        let total = self.counts.total.load(Ordering::Relaxed);
        let done = self.counts.done.fetch_max(total, Ordering::Relaxed);
        self.found.fetch_add(total.saturating_sub(done), Ordering::Relaxed);
    }

    /// How many of the bytes done have travelled in this call.
    pub fn travelled(&self) -> u64 {
        let others = self.resumed().saturating_add(self.found.load(Ordering::Relaxed));
        self.progress().0.saturating_sub(others)
    }

    /// A place to count the bytes of one part of the whole.
    pub fn mark(&self) -> Mark<'_> {
        Mark { transfer: self, counted: Cell::new(0) }
    }

    /// Waits until there is something to report, at most `time`.
    pub fn wait_for_step(&self, time: Duration) {
        let mut step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        step.is_awaited = true;
        let waited = self.stepped.wait_timeout_while(step, time, |step| !step.is_taken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = Step::default();
    }

    /// Ends a wait for a step.
    pub fn wake(&self) {
        let mut step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        step.is_taken = true;
        if step.is_awaited {
            self.stepped.notify_all();
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

/// Counts the bytes of a part; those that have to be sent again are not counted again.
pub struct Mark<'a> {
    transfer: &'a Transfer,
    counted: Cell<u64>,
}

impl Mark<'_> {
    /// The part is done up to `position`.
    pub fn reached(&self, position: u64) {
        let counted = self.counted.get();
        if position > counted {
            self.counted.set(position);
            self.transfer.add(position - counted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_goes_backwards() {
        let transfer = Transfer::default();
        let _busy = transfer.begin().unwrap();
        transfer.set_total(10);
        let mark = transfer.mark();
        for (position, done) in [(4, 4), (0, 4), (3, 4), (9, 9), (10, 10)] {
            mark.reached(position);
            assert_eq!(transfer.progress(), (done, 10));
        }
        mark.reached(15);
        assert_eq!(transfer.progress(), (10, 10), "a file that has grown");
    }

    #[test]
    fn what_was_there_has_not_travelled() {
        let transfer = Transfer::default();
        let _busy = transfer.begin().unwrap();
        transfer.set_total(100);
        transfer.add_resumed(40);
        transfer.add_found(10);
        assert_eq!((transfer.progress(), transfer.travelled()), ((50, 100), 0));
        transfer.mark().reached(20);
        assert_eq!(transfer.travelled(), 20);
        transfer.complete();
        assert_eq!((transfer.progress(), transfer.travelled()), ((100, 100), 20));
    }

    #[test]
    fn one_call_at_a_time() {
        let transfer = Transfer::default();
        let busy = transfer.begin().unwrap();
        let failure = transfer.begin().err().unwrap();
        assert_eq!(failure.argument_name(), Some("transfer"));
        drop(busy);
        assert!(transfer.begin().is_ok());
    }
}
