//! Unix, a concern a file. What only some of these systems have is marked with their names.

mod access;
mod files;
mod process;
mod sockets;
mod threads;

pub use access::{Access, access_of, check_replaceable, give_access, narrow_partial};
#[cfg(test)]
pub use files::symlink;
pub use files::{
    Directory, Stamp, check_names_a_file, folded, has_no_holes, is_in_use, is_own, is_same_file,
    open_below, open_directory, open_partial, open_source, preallocate, read_at, rename_new,
    replace, settled, stamp_of, sync_directory, try_lock, unlock, why_no_name, write_at,
};
pub use process::{ForkMark, is_elsewhere, mark_process, random};
pub use sockets::{connect, send_stored, wait};
pub use threads::{HeldCancellation, hold_cancellation, hold_signals, stay_loaded};
