//! Whether to try again what has failed, and when.

use std::time::Instant;

use super::{Call, clock, pace};
use crate::reply::{Failure, Phase, Result, clock_in_words};

impl Call {
    /// Makes attempts until one succeeds, fails for good, or the call's `retries` are used up by
    /// attempts that came to nothing. An attempt gets a call that does not repeat anything by
    /// itself, so that attempts never multiply.
    pub fn attempts<T>(
        &self,
        may_repeat: impl Fn(&Failure) -> bool,
        mut attempt: impl FnMut(&Call) -> Result<T>,
    ) -> Result<T> {
        if self.attempt.is_some() {
            return attempt(self);
        }
        let (pace, retries) = (&self.shared.pace, self.shared.requests.retries);
        let (mut attempts, mut in_vain) = (0, 0);
        let mut was_refused = false;
        // When patience has ended, what is left fails without delay.
        if !self.is_patient || pace.is_patient() {
            pace.wait(&self.stop);
        }
        loop {
            attempts += 1;
            let sent = Instant::now();
            let failure = match attempt(&Call { attempt: Some(attempts), ..self.clone() }) {
                Ok(done) => {
                    pace.speed_up(was_refused);
                    return Ok(done);
                }
                Err(failure) if failure.phase() == Phase::Argument => return Err(failure),
                Err(failure) => failure.after(attempts),
            };
            let is_refused = failure.is_retryable() && failure.asks_for_patience();
            let asked = failure.told().retry_after;
            if is_refused {
                was_refused = true;
                pace.slow_down(sent, asked);
            }
            let has_retries = if self.is_patient && is_refused {
                pace.is_patient()
            } else {
                in_vain = if failure.has_progressed() { 0 } else { in_vain + 1 };
                retries > 0 && in_vain <= retries
            };
            if !has_retries || !failure.is_retryable() || !may_repeat(&failure) {
                return Err(failure);
            }
            if is_refused {
                pace.wait(&self.stop);
            } else if !(failure.was_kept() && in_vain == 1) {
                self.stop.sleep(pace::pause(in_vain, asked));
            }
            if self.stop.is_cancelled() {
                return Err(Failure::cancelled(failure.phase()).after(attempts));
            }
            if self.stop.is_set() {
                return Err(failure);
            }
        }
    }

    /// Makes an attempt that signs a request, and once more if it `may_be_late`: refused because
    /// this machine's clock is wrong.
    pub fn on_time<T>(
        &self,
        may_be_late: impl Fn(&Failure) -> bool,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let (clock, requests) = (&self.shared.clock, &self.shared.requests);
        let used = clock.correction();
        let date = |result: &Result<T>| {
            let failure = result.as_ref().err().filter(|failure| may_be_late(failure))?;
            failure.told().date
        };
        let mut result = attempt();
        let correct =
            |date| clock.correct(used, date, requests.sign_expired, requests.is_protected);
        if let Some(correction) = date(&result).and_then(correct) {
            let found = clock_in_words(correction.seconds);
            self.log().note(|| format!("{found}: signing with the server's time"));
            result = attempt();
            // Then it was refused for something else.
            if correction.is_new && result.as_ref().is_err_and(|failure| may_be_late(failure)) {
                clock.restore(used, correction.seconds);
            }
        }
        let is_behind = date(&result).and_then(clock::wrong_by);
        result.map_err(|failure| failure.with_clock(is_behind))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    use crate::protocol::scripted::{call, lost};
    use crate::reply::{Code, Failure, Phase, Reply, Result};

    /// How many attempts are made, and the failure that is left.
    fn attempts(options: &str, fail: impl Fn(u32) -> Option<Box<Failure>>) -> (u32, Option<i32>) {
        let made = Cell::new(0);
        let result = call(options).attempts(
            |_| true,
            |_| {
                made.set(made.get() + 1);
                fail(made.get()).map_or(Ok(()), Err)
            },
        );
        let failure = result.err();
        if let Some(failure) = failure.as_ref().filter(|failure| failure.phase() != Phase::Argument)
        {
            assert_eq!(failure.attempts(), made.get());
        }
        (made.get(), failure.map(|failure| failure.code()))
    }

    #[test]
    fn what_may_pass_is_tried_as_often_as_the_options_say() {
        assert_eq!(attempts(r#"{"retries":0}"#, |_| Some(lost())), (1, Some(-3)));
        assert_eq!(attempts(r#"{"retries":1}"#, |_| Some(lost())), (2, Some(-3)));
        assert_eq!(attempts(r#"{"retries":1}"#, |n| (n < 2).then(lost)), (2, None));
    }

    #[test]
    fn what_stays_wrong_is_tried_once() {
        let refused = || {
            let reply = Reply::new(Code::COS_ERR_NOT_FOUND.number(), 404, "{}".to_owned());
            Failure::refused(reply, "", false)
        };
        assert_eq!(attempts("{}", |_| Some(refused())), (1, Some(-197)));
        assert_eq!(attempts("{}", |_| Some(Failure::argument("a", "is wrong"))), (1, Some(-1)));
        assert_eq!(attempts("{}", |_| Some(Failure::integrity("wrong"))), (1, Some(3)));
    }

    #[test]
    fn progress_gives_all_attempts_back() {
        let brings_some = |n| (n < 5).then(|| lost().with_progress(n < 4));
        assert_eq!(attempts(r#"{"retries":1}"#, brings_some), (5, None));
    }

    #[test]
    fn what_met_a_kept_connection_is_repeated_at_once() {
        let started = Instant::now();
        for _ in 0..200 {
            let fail = |n| (n < 2).then(|| lost().on_kept(true));
            assert_eq!(attempts("{}", fail), (2, None));
        }
        // Each with a pause would take half a minute.
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        let fail = |n| (n < 3).then(|| lost().on_kept(true));
        let started = Instant::now();
        assert_eq!(attempts("{}", fail), (3, None));
        assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    }

    #[test]
    fn attempts_never_multiply() {
        let made = Cell::new(0);
        let inner = |call: &super::Call| -> Result<()> {
            call.attempts(
                |_| true,
                |_| {
                    made.set(made.get() + 1);
                    Err(lost())
                },
            )
        };
        assert!(call(r#"{"retries":1}"#).attempts(|_| true, inner).is_err());
        assert_eq!(made.get(), 2);
    }

    #[test]
    fn a_call_that_was_stopped_tries_nothing_more() {
        let call = call("{}");
        let result = call.attempts(
            |_| true,
            |call| -> Result<()> {
                call.stop.cancel();
                Err(lost())
            },
        );
        assert!(result.unwrap_err().is(Code::COS_ERR_CANCELLED));
    }
}
