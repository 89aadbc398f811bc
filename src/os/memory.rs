//! Memory, the same on every system.

use std::alloc::Layout;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_take_memory_when_they_are_written_to() {
        assert_eq!(zeros(0), Some(Vec::new()));
        assert_eq!(zeros(3), Some(vec![0; 3]));
        assert_eq!(zeros(usize::MAX), None);
        assert_eq!(zeros(isize::MAX as usize), None);
    }
}
