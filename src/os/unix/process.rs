//! What differs from process to process.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::own;

/// Tells a process from those that are forked from it by its number, and by more: in a namespace of its
/// own, a child may have the number of its parent.
pub struct ForkMark {
    /// A page that a forked process finds empty; `None` where the system has no such thing. Some
    /// simulators of Linux say that they have it, and have not.
    page: Option<ptr::NonNull<libc::c_void>>,
    /// What stands for the page where there is none.
    own: AtomicU32,
}

// SAFETY: the page belongs to this value, and is used as an atomic number alone.
unsafe impl Send for ForkMark {}

// SAFETY: as above.
unsafe impl Sync for ForkMark {}

const PAGE: usize = size_of::<AtomicU32>();

pub fn mark_process() -> ForkMark {
    let mark = ForkMark { page: own::page_wiped_on_fork(PAGE), own: AtomicU32::new(0) };
    is_elsewhere(&mark);
    mark
}

pub fn is_elsewhere(mark: &ForkMark) -> bool {
    is_elsewhere_as(mark, std::process::id())
}

/// The same, for a process with that number.
fn is_elsewhere_as(mark: &ForkMark, process: u32) -> bool {
    let marked = match &mark.page {
        // SAFETY: the page is mapped for as long as the mark lives, and aligned.
        Some(page) => unsafe { page.cast::<AtomicU32>().as_ref() },
        None => &mark.own,
    };
    marked.swap(process, Ordering::AcqRel) != process
}

impl Drop for ForkMark {
    fn drop(&mut self) {
        if let Some(page) = self.page {
            // SAFETY: it was mapped with this length, and nobody has it any more.
            unsafe { libc::munmap(page.as_ptr(), PAGE) };
        }
    }
}

pub fn random() -> u64 {
    if let Some(number) = own::random() {
        return number;
    }
    // Where the system gives none: what differs between processes and moments.
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(moment);
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a process forked from this one knows it, though it has the number of its parent, as it may
    /// have in a namespace.
    fn is_elsewhere_in_a_child(mark: &ForkMark, process: u32) -> bool {
        let mut status = 0;
        // SAFETY: the child does nothing that needs another thread, and ends.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(is_elsewhere_as(mark, process).into());
            }
            assert_eq!(libc::waitpid(child, &mut status, 0), child);
        }
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 1
    }

    #[test]
    fn a_forked_process_is_known_without_its_number() {
        const NUMBER: u32 = 7;
        let mark = mark_process();
        assert!(!is_elsewhere(&mark));
        assert!(is_elsewhere_as(&mark, NUMBER));
        assert!(!is_elsewhere_as(&mark, NUMBER));
        assert!(mark.page.is_none() || is_elsewhere_in_a_child(&mark, NUMBER));
        assert!(!is_elsewhere_as(&mark, NUMBER));
    }
}
