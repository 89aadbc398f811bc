//! Memory, the same on every system.

use std::alloc::Layout;
use std::hint::black_box;

/// `len` zeros, of which the system only keeps those that were written to; `None` where there is
/// no memory for them.
pub fn zeros(len: usize) -> Option<Vec<u8>> {
    let layout = Layout::array::<u8>(len).ok().filter(|layout| layout.size() > 0);
    let Some(layout) = layout else {
        return (len == 0).then(Vec::new);
    };
    // SAFETY: the layout is not empty.
    let place = unsafe { std::alloc::alloc_zeroed(layout) };
    if place.is_null() {
        return None;
    }
    // SAFETY: it was allocated with the layout of `len` bytes, all of which are zeros.
    Some(unsafe { Vec::from_raw_parts(place, len, len) })
}

/// Runs what handles a key, and wipes what that leaves behind: on the stack, and in the registers
/// through which memory is copied. A program whose functions are bound when they are first called
/// writes these to its stack.
pub fn forgetting<T>(work: impl FnOnce() -> T) -> T {
    let result = apart(work);
    for len in [16, 32, 64, 128, 256, MOST] {
        copy_nothing(black_box(len));
    }
    wipe_stack();
    result
}

/// More than the registers hold.
const MOST: usize = 1024;

/// Begins where the others do on the stack.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Copies as the key was copied: which registers that takes depends on the length.
#[inline(never)]
fn copy_nothing(len: usize) {
    let from = black_box([0u8; MOST]);
    let mut to = [0u8; MOST];
    to[..len].copy_from_slice(&from[..len]);
    black_box(&to);
}

#[inline(never)]
fn wipe_stack() {
    let mut used = [0u8; 8 * 1024];
    black_box(&mut used);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_take_memory_when_they_are_written_to() {
        assert_eq!(zeros(0), Some(Vec::new()));
        assert_eq!(zeros(3), Some(vec![0; 3]));
        assert_eq!(zeros(usize::MAX), None);
        // With 32 bits a system may have as much as that.
        #[cfg(target_pointer_width = "64")]
        assert_eq!(zeros(isize::MAX as usize), None);
    }
}
