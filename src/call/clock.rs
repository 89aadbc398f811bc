//! The time that signatures are made for: this machine's, set right by the server's where the two
//! differ so much that signatures are refused.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::os;

/// The furthest that a server reached by plain HTTP can move the time, in seconds. Anybody on the
/// way could have written its `Date`, to get a signature that is good for years.
const FURTHEST_UNPROTECTED: u64 = 86_400;
/// Smaller differences explain nothing, in seconds.
const SMALLEST: u64 = 30;

/// A client's clock.
#[derive(Debug, Default)]
pub struct Clock {
    /// What has to be added to this machine's time, in seconds.
    correction: AtomicI64,
}

/// What has to be added to this machine's time.
#[derive(Debug, Clone, Copy)]
pub struct Correction {
    /// In seconds.
    pub seconds: i64,
    /// Whether it was just found.
    pub is_new: bool,
}

impl Clock {
    /// UNIX seconds, corrected.
    pub fn now(&self) -> u64 {
        os::now().saturating_add_signed(self.correction())
    }

    /// What has to be added to this machine's time, in seconds: 0 as long as no server objects.
    pub fn correction(&self) -> i64 {
        self.correction.load(Ordering::Relaxed)
    }

    /// After a refusal at `date` of a signature that was made with `used` for a correction and good
    /// for `lifetime` seconds: what is right, if that was wrong.
    pub fn correct(
        &self,
        used: i64,
        date: u64,
        lifetime: u64,
        is_protected: bool,
    ) -> Option<Correction> {
        let seconds = self.correction();
        // Another request may have been refused for the same reason.
        if seconds != used {
            return Some(Correction { seconds, is_new: false });
        }
        let seconds = date.cast_signed().saturating_sub(os::now().cast_signed());
        let explains = seconds.abs_diff(used) >= SMALLEST.min(lifetime).max(2);
        let is_allowed = is_protected || seconds.unsigned_abs() <= FURTHEST_UNPROTECTED;
        (explains && is_allowed).then(|| {
            self.correction.store(seconds, Ordering::Relaxed);
            Correction { seconds, is_new: true }
        })
    }

    /// Takes a correction back that did not help.
    pub fn restore(&self, used: i64, tried: i64) {
        let (order, correction) = (Ordering::Relaxed, &self.correction);
        let _ = correction.compare_exchange(tried, used, order, order);
    }
}

/// By how much `date` is ahead of this machine's clock, if by more than answers take to arrive.
pub fn wrong_by(date: u64) -> Option<i64> {
    let found = date.cast_signed().saturating_sub(os::now().cast_signed());
    (found.unsigned_abs() >= SMALLEST).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_explains_a_refusal_corrects_the_clock() {
        let now = os::now();
        let clock = Clock::default();
        for (date, lifetime) in [(now, 300), (now + 20, 300), (now - 20, 300), (now + 1, 1)] {
            assert!(clock.correct(0, date, lifetime, true).is_none(), "{date}");
        }
        assert!(clock.correct(0, now + 3 * FURTHEST_UNPROTECTED, 300, false).is_none());
        assert!(clock.correct(0, 0, 300, false).is_none());
        assert_eq!(clock.correction(), 0);
        assert!(clock.correct(0, now + 420, 300, false).is_some());
        assert!((418..=420).contains(&clock.correction()), "{}", clock.correction());
        // A second refusal of the first time needs no second correction; one of the new time is
        // for another reason.
        assert!(clock.correct(0, now, 300, false).is_some());
        assert!(clock.correct(clock.correction(), now + 421, 300, false).is_none());
        assert!(
            clock.correct(clock.correction(), now + 10 * FURTHEST_UNPROTECTED, 300, true).is_some()
        );
        assert!(clock.correct(clock.correction(), now - 60, 5, true).is_some());
        assert!((-63..=-60).contains(&clock.correction()));
    }
}
