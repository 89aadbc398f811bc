//! The threads of a call. None outlives it, but for a look-up that nobody waits for any more.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};
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
        // A callback that has stopped the call is not called again.
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

/// The workers of a call. Whatever it has to do, files or parts of one, no more of it is under way at a
/// time than there are workers.
#[derive(Debug)]
pub struct Workers {
    free: AtomicUsize,
}

/// Makes a thread one of the workers.
struct Place<'a>(&'a Workers);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.free.fetch_add(1, Ordering::Release);
    }
}

impl Workers {
    /// So many, of which the calling thread is one.
    pub fn new(count: usize) -> Workers {
        Workers { free: AtomicUsize::new(count.saturating_sub(1)) }
    }

    fn place(&self) -> Option<Place<'_>> {
        take_one(&self.free).then(|| Place(self))
    }

    /// Does `work` with each thing that `next` gives: on the calling thread, which is a worker, and on
    /// others as they are free, up to `most` in all. The first failure stops them and is the result.
    pub fn share<T>(
        &self,
        most: usize,
        stop: &Stop,
        next: impl Fn() -> Option<T> + Sync,
        work: impl Fn(T) -> Result<()> + Sync,
    ) -> Result<()> {
        self.run(None, most, stop, next, work)
    }

    /// The same for all that the call has to do: a worker that finds nothing more is free for what
    /// others share out, the calling thread like the rest.
    pub fn share_all<T>(
        &self,
        stop: &Stop,
        next: impl Fn() -> Option<T> + Sync,
        work: impl Fn(T) -> Result<()> + Sync,
    ) -> Result<()> {
        let result = self.run(Some(Place(self)), usize::MAX, stop, next, work);
        // The calling thread goes on, and is a worker again.
        take_one(&self.free);
        result
    }

    fn run<T>(
        &self,
        place: Option<Place>,
        most: usize,
        stop: &Stop,
        next: impl Fn() -> Option<T> + Sync,
        work: impl Fn(T) -> Result<()> + Sync,
    ) -> Result<()> {
        let first_failure = Mutex::default();
        let left = AtomicUsize::new(most.saturating_sub(1));
        let shared = Shared { workers: self, left, stop, next, work, first_failure };
        thread::scope(|scope| shared.go_through(scope, place));
        match shared.first_failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

/// What several workers go through together.
struct Shared<'a, N, W> {
    workers: &'a Workers,
    /// How many more may join.
    left: AtomicUsize,
    stop: &'a Stop,
    next: N,
    work: W,
    first_failure: Mutex<Option<Box<Failure>>>,
}

impl<T, N, W> Shared<'_, N, W>
where
    N: Fn() -> Option<T> + Sync,
    W: Fn(T) -> Result<()> + Sync,
{
    /// What each worker does; `place` is given back when nothing is left to take.
    fn go_through<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        place: Option<Place<'scope>>,
    ) {
        while !self.stop.is_set()
            && let Some(item) = (self.next)()
        {
            // There may be more: a worker that is free is to look for it.
            self.call_another(scope);
            if let Err(failure) = (self.work)(item) {
                let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(failure);
                self.stop.fail();
            }
        }
        drop(place);
    }

    fn call_another<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        if let Some(place) = self.workers.place()
            && take_one(&self.left)
        {
            // Where the system gives no thread, the work takes longer.
            let _ = os::start(scope, move || self.go_through(scope, Some(place)));
        }
    }
}

/// Gives each of `items` to the first who asks.
pub fn in_turn<T>(items: impl Iterator<Item = T> + Send) -> impl Fn() -> Option<T> + Sync {
    let items = Mutex::new(items);
    move || items.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// Makes a number smaller, if it is not 0.
fn take_one(from: &AtomicUsize) -> bool {
    let less = |count: usize| count.checked_sub(1);
    from.fetch_update(Ordering::AcqRel, Ordering::Relaxed, less).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Counts how many work at the same time.
    #[derive(Default)]
    struct Busy {
        now: AtomicUsize,
        most: AtomicUsize,
        threads: Mutex<HashSet<thread::ThreadId>>,
    }

    impl Busy {
        fn work(&self) {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            self.threads.lock().unwrap().insert(thread::current().id());
            thread::yield_now();
            self.now.fetch_sub(1, Ordering::SeqCst);
        }

        fn threads(&self) -> usize {
            self.threads.lock().unwrap().len()
        }
    }

    fn counted(count: usize) -> impl Fn() -> Option<usize> {
        let next = AtomicUsize::new(0);
        move || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|i| *i < count)
    }

    #[test]
    fn workers_without_files_take_parts_of_one_that_is_under_way() {
        // The large file is the first or the last of them.
        for large in [0, 99] {
            let (workers, stop) = (Workers::new(4), Stop::default());
            let (files, parts) = (Busy::default(), Busy::default());
            let result = workers.share_all(&stop, counted(100), |file| {
                if file != large {
                    files.work();
                    return Ok(());
                }
                // It has parts until every worker has taken one.
                let next = || (parts.threads() < 4).then_some(());
                workers.share(usize::MAX, &stop, next, |()| {
                    parts.work();
                    Ok(())
                })
            });
            assert!(result.is_ok());
            assert_eq!(parts.threads(), 4);
            let most = [files.most, parts.most].map(AtomicUsize::into_inner);
            assert!(most.iter().all(|most| *most <= 4), "{most:?}");
            assert_eq!(workers.free.into_inner(), 3);
        }
    }

    #[test]
    fn there_are_no_more_workers_than_there_is_work_for() {
        let (workers, stop) = (Workers::new(64), Stop::default());
        for most in [0, 1, 2] {
            let busy = Busy::default();
            let work = |_| {
                busy.work();
                Ok(())
            };
            workers.share(most, &stop, counted(1000), work).unwrap();
            assert!(busy.threads() <= most.max(1));
        }
    }

    #[test]
    fn the_first_failure_stops_the_others_of_its_kind() {
        let workers = Workers::new(4);
        let whole = Stop::new(None, None);
        let done = AtomicUsize::new(0);
        let result = workers.share_all(&whole, counted(50), |file| {
            let part = Stop::part_of(&whole);
            let sent = workers.share(9, &part, counted(9), |_| match file {
                7 => Err(Failure::local_io("this file")),
                _ => Ok(()),
            });
            assert_eq!(sent.is_err(), file == 7);
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        assert!(result.is_ok());
        assert_eq!(done.into_inner(), 50);

        let result = workers.share_all(&whole, || Some(()), |()| Err(Failure::local_io("first")));
        assert_eq!(result.unwrap_err().message(), "first");
        assert!(whole.is_set());
    }
}
