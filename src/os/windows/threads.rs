//! What the program does to threads, and must not do to those of a call.

/// There are no signals here.
pub fn hold_signals() -> HeldSignals {
    HeldSignals
}

/// Nothing.
pub struct HeldSignals;

/// What ends a thread from outside here can't be put off.
pub fn hold_cancellation() -> HeldCancellation {
    HeldCancellation
}

/// Nothing.
pub struct HeldCancellation;
