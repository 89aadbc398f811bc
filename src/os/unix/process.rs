//! What differs from process to process.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::own;

/// Tells a process from those that are forked from it by more than its number: in a namespace of its
/// own, a child may have the number of its parent.
pub struct ForkMark {
    /// A page that a forked process finds empty; `None` where the system has no such thing.
    page: Option<ptr::NonNull<libc::c_void>>,
    /// Where there is no page, its number.
    process: AtomicU32,
}

// SAFETY: the page belongs to this value, and is used as an atomic number alone.
unsafe impl Send for ForkMark {}

// SAFETY: as above.
unsafe impl Sync for ForkMark {}

const PAGE: usize = size_of::<AtomicU32>();

pub fn mark_process() -> ForkMark {
    let mark = ForkMark { page: own::page_wiped_on_fork(PAGE), process: AtomicU32::new(0) };
    is_elsewhere(&mark);
    mark
}

pub fn is_elsewhere(mark: &ForkMark) -> bool {
    match mark.page {
        Some(page) => {
            // SAFETY: the page is mapped for as long as the mark lives, and aligned.
            let number = unsafe { page.cast::<AtomicU32>().as_ref() };
            number.swap(1, Ordering::AcqRel) == 0
        }
        None => {
            let process = std::process::id();
            mark.process.swap(process, Ordering::AcqRel) != process
        }
    }
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

    /// What the answer is in a process forked from this one, which takes the parent's number for
    /// its own, as it may be in a namespace.
    fn is_elsewhere_in_a_child(mark: &ForkMark) -> bool {
        let mut status = 0;
        // SAFETY: the child does nothing that needs another thread, and ends.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                mark.process.store(std::process::id(), Ordering::Release);
                libc::_exit(is_elsewhere(mark).into());
            }
            assert_eq!(libc::waitpid(child, &mut status, 0), child);
        }
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 1
    }

    #[test]
    fn a_forked_process_is_known_without_its_number() {
        let mark = mark_process();
        assert!(!is_elsewhere(&mark));
        assert!(mark.page.is_none() || is_elsewhere_in_a_child(&mark));
        assert!(!is_elsewhere(&mark));
    }
}
