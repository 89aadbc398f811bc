//! Windows, a concern a file.

mod access;
mod files;
mod known;
mod names;
mod process;
mod sockets;
mod threads;

pub use access::{Access, access_of, check_replaceable, give_access, is_own, narrow_partial};
#[cfg(test)]
pub use files::symlink;
pub use files::{
    Directory, has_no_holes, is_in_use, open_below, open_directory, open_partial, open_source,
    preallocate, read_at, rename_new, replace, settled, sync_all, sync_data, sync_directory,
    try_lock, unlock, write_at,
};
pub use known::{Stamp, is_same_file, stamp_of};
pub use names::{check_names_a_file, folding, why_no_name};
pub use process::{ForkMark, is_elsewhere, mark_process, random};
pub use sockets::{connect, send_stored, wait};
pub use threads::{HeldCancellation, hold_cancellation, hold_signals, stay_loaded};
