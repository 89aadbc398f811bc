//! The end of a signature: after now and within 90 days, or refused.
#![no_main]

use cos::ops::sign::{MAX_LIFETIME, expiry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (i64, u64, i64)| {
    let (expired, now, near) = input;
    let around_now = i64::try_from(now).unwrap_or(i64::MAX).saturating_add(near % 10_000_000);
    for expired in [expired, near % 10_000_000, around_now] {
        match expiry(expired, now) {
            Ok(end) => assert!(end > now && end - now <= MAX_LIFETIME as u64),
            Err(failure) => {
                assert_eq!(failure.argument_name(), Some("expired"));
                let is_near = (1..=MAX_LIFETIME).contains(&expired);
                assert!(!is_near || now > (i64::MAX - MAX_LIFETIME) as u64);
            }
        }
    }
});
