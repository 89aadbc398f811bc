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
    /// for `lifetime` seconds: whether the time was wrong, and is right by now.
    pub fn correct(&self, used: i64, date: u64, lifetime: u64, is_protected: bool) -> bool {
        // Another request may have been refused for the same reason.
        if self.correction() != used {
            return true;
        }
        let system = os::now();
        let found = date.cast_signed().saturating_sub(system.cast_signed());
        let explains = found.abs_diff(used) >= SMALLEST.min(lifetime).max(2);
        let is_allowed = is_protected || found.unsigned_abs() <= FURTHEST_UNPROTECTED;
        if explains && is_allowed {
            self.correction.store(found, Ordering::Relaxed);
        }
        explains && is_allowed
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

/// A difference to this machine's clock, in words.
pub fn in_words(correction: i64) -> String {
    let seconds = correction.unsigned_abs();
    let direction = if correction < 0 { "ahead of" } else { "behind" };
    format!("this machine's clock is {seconds} s {direction} the server's")
}

/// UNIX seconds of a date in an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn parse_http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let fields: Vec<_> = text.trim().split(' ').collect();
    let [_, day, month, year, time, "GMT"] = fields.as_slice() else {
        return None;
    };
    let number = |text: &str, range: std::ops::RangeInclusive<u64>| {
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && range.contains(number))
    };
    let (day, year) = (number(day, 1..=31)?, number(year, 1970..=9999)?);
    let month = MONTHS.find(month).filter(|at| month.len() == 3 && at % 3 == 0)? as u64 / 3 + 1;
    let time: Vec<_> = time.split(':').collect();
    let [hour, minute, second] = time.as_slice() else {
        return None;
    };
    let (hour, minute) = (number(hour, 0..=23)?, number(minute, 0..=59)?);
    let second = number(second, 0..=60)?;
    // Years that start in March have their odd day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_headers() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Sun, 01 Mar 2026 00:00:00 GMT", 1_772_323_200),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(parse_http_date(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "now",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 anF 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 18446744073709551615 08:49:37 GMT",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_explains_a_refusal_corrects_the_clock() {
        let now = os::now();
        let clock = Clock::default();
        for (date, lifetime) in [(now, 300), (now + 20, 300), (now - 20, 300), (now + 1, 1)] {
            assert!(!clock.correct(0, date, lifetime, true), "{date}");
        }
        assert!(!clock.correct(0, now + 3 * FURTHEST_UNPROTECTED, 300, false));
        assert!(!clock.correct(0, 0, 300, false));
        assert_eq!(clock.correction(), 0);
        assert!(clock.correct(0, now + 420, 300, false));
        assert!((418..=420).contains(&clock.correction()), "{}", clock.correction());
        // A second refusal of the first time needs no second correction; one of the new time is
        // for another reason.
        assert!(clock.correct(0, now, 300, false));
        assert!(!clock.correct(clock.correction(), now + 421, 300, false));
        assert!(clock.correct(clock.correction(), now + 10 * FURTHEST_UNPROTECTED, 300, true));
        assert!(clock.correct(clock.correction(), now - 60, 5, true));
        assert!((-63..=-60).contains(&clock.correction()));
    }
}
