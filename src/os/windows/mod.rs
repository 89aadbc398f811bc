//! Windows, a concern a file.

mod access;
mod files;
mod names;
mod process;
mod sockets;
mod threads;

pub use access::{Access, access_of, check_replaceable, give_access, is_own, narrow_partial};
#[cfg(test)]
pub use files::symlink;
pub use files::{
    Directory, Stamp, is_same_file, open_below, open_directory, open_partial, open_source,
    preallocate, read_at, rename_new, settled, stamp_of, sync_directory, write_at,
};
pub use names::is_safe_name;
pub use process::{ForkMark, is_elsewhere, mark_process, random};
pub use sockets::{connect, send_stored, wait};
pub use threads::{HeldCancellation, hold_cancellation, hold_signals};
