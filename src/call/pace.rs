//! How fast the requests of a call follow one another: a pause after a failure, and a longer one
//! for all parts of the call when the service asks for patience.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::os::random_below;
use crate::stop::Stop;

/// The longest pause that a server can ask for.
const LONGEST: Duration = Duration::from_secs(30);
/// How long a patient call goes on while it is refused, for each retry.
const PATIENCE: Duration = Duration::from_secs(15);

/// Shared by all parts of a call.
#[derive(Debug)]
pub struct Pace {
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many pauses have followed one another.
    pauses: u32,
    /// When the last one began, and when it ends.
    pause: Option<(Instant, Instant)>,
    /// Since when nothing that was refused has succeeded.
    refused_since: Option<Instant>,
}

impl Pace {
    /// The pace of a call that repeats requests so often.
    pub fn new(retries: u32) -> Pace {
        Pace { patience: PATIENCE * retries, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent.
    pub fn wait(&self, stop: &Stop) {
        while let Some(left) = self.pause_left(Instant::now()) {
            stop.sleep(left);
            if stop.is_set() {
                return;
            }
        }
    }

    fn pause_left(&self, now: Instant) -> Option<Duration> {
        let left = self.state().pause?.1.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// The service has asked for patience, and perhaps said for how long, in answer to a request
    /// that was sent at `sent`.
    pub fn slow_down(&self, sent: Instant, asked: Option<Duration>) {
        let mut state = self.state();
        let now = Instant::now();
        state.refused_since.get_or_insert(now);
        // What was sent before the pause began is answered by it.
        let is_new = state.pause.is_none_or(|(began, _)| sent >= began);
        if is_new {
            state.pauses += 1;
        }
        let ends = now + if is_new { pause(state.pauses, asked) } else { bounded(asked) };
        state.pause = match state.pause.filter(|_| !is_new) {
            Some((began, end)) => Some((began, ends.max(end))),
            None => Some((now, ends)),
        };
    }

    /// A request has succeeded, perhaps one that was refused before.
    pub fn speed_up(&self, was_refused: bool) {
        let mut state = self.state();
        state.pauses = state.pauses.saturating_sub(1);
        if was_refused {
            state.refused_since = None;
        }
    }

    /// Whether it is too early to take refusals for an answer.
    pub fn is_patient(&self) -> bool {
        let since = self.state().refused_since;
        since.is_none_or(|since| since.elapsed() < self.patience)
    }
}

/// How long to wait before another attempt, after so many in a row that came to nothing: soon at
/// first, then long enough that a server can restart or a network be changed. Never the same for
/// two clients.
fn back_off(failures: u32) -> Duration {
    let longest = match failures {
        ..=1 => 250,
        2 => 1000,
        3 => 4000,
        _ => 8000,
    };
    Duration::from_millis(longest - random_below(longest / 3))
}

/// How long to wait before another attempt, if the server may have said for how long.
pub fn pause(failures: u32, asked: Option<Duration>) -> Duration {
    back_off(failures).max(bounded(asked))
}

fn bounded(asked: Option<Duration>) -> Duration {
    asked.unwrap_or_default().min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_of_some_seconds_is_survived_by_default() {
        let shortest = |failures| (0..50).map(|_| back_off(failures)).min().unwrap();
        assert!(shortest(1) >= Duration::from_millis(150));
        assert!((0..50).all(|_| back_off(1) <= Duration::from_millis(250)));
        assert!(shortest(1) + shortest(2) + shortest(3) >= Duration::from_millis(3500));
        assert!((1..99).all(|failures| back_off(failures) <= Duration::from_secs(8)));
    }

    #[test]
    fn refusals_of_one_moment_are_one_refusal() {
        let pace = Pace::new(3);
        let sent = Instant::now();
        let left = |pace: &Pace| pace.pause_left(Instant::now()).unwrap_or_default();
        for _ in 0..64 {
            pace.slow_down(sent, None);
        }
        assert_eq!(pace.state().pauses, 1);
        assert!(left(&pace) <= Duration::from_millis(250));
        // Longer and longer.
        for _ in 0..3 {
            pace.slow_down(Instant::now(), None);
        }
        assert!(left(&pace) > Duration::from_secs(4));
        pace.speed_up(false);
        assert_eq!(pace.state().pauses, 3);
        // What the server asks for counts, within bounds.
        pace.slow_down(sent, Some(Duration::from_secs(15)));
        assert!(left(&pace) > Duration::from_secs(14));
        pace.slow_down(sent, Some(Duration::from_secs(1_000_000)));
        assert!(left(&pace) <= LONGEST);
    }

    #[test]
    fn patience_ends() {
        let (pace, hasty) = (Pace::new(3), Pace::new(0));
        assert!(pace.is_patient() && hasty.is_patient());
        for pace in [&pace, &hasty] {
            pace.slow_down(Instant::now(), None);
        }
        assert!(pace.is_patient() && !hasty.is_patient());
        hasty.speed_up(false);
        assert!(!hasty.is_patient());
        hasty.speed_up(true);
        assert!(hasty.is_patient());
    }

    #[test]
    fn a_stopped_call_does_not_wait() {
        let (pace, stop) = (Pace::new(3), Stop::default());
        pace.slow_down(Instant::now(), Some(LONGEST));
        stop.cancel();
        let started = Instant::now();
        pace.wait(&stop);
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
