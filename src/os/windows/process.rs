//! What differs from process to process.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Nothing is forked here.
pub struct ForkMark;

pub fn mark_process() -> ForkMark {
    ForkMark
}

pub fn is_elsewhere(_: &ForkMark) -> bool {
    false
}

pub fn random() -> u64 {
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    // Its keys come from the system, and are others each time.
    RandomState::new().hash_one((moment, std::process::id()))
}
