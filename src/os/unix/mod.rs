//! Unix, a concern a file. What only some of these systems have is in a file of their name, as `own`.

mod access;
mod files;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(target_os = "linux"))]
mod portable;
mod process;
mod sockets;
mod threads;

#[cfg(target_os = "linux")]
use linux as own;
#[cfg(target_os = "macos")]
use macos as own;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
use portable as own;

pub use access::{Access, access_of, check_replaceable, give_access, narrow_partial};
#[cfg(test)]
pub use files::symlink;
pub use files::{
    Directory, Stamp, check_names_a_file, has_no_holes, is_in_use, is_own, is_same_file,
    open_below, open_directory, open_partial, open_source, preallocate, read_at, rename_new,
    replace, settled, stamp_of, sync_all, sync_data, sync_directory, try_lock, unlock, why_no_name,
    write_at,
};
pub use own::{folding, send_stored};
pub use process::{ForkMark, is_elsewhere, mark_process, random};
pub use sockets::{connect, wait};
pub use threads::{HeldCancellation, hold_cancellation, hold_signals, stay_loaded};
