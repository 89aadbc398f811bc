//! Content that a program hands over in order. What was read of it is kept until it has been sent.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::stop::{Stop, TICK};

/// What was read of a content, as far as it is still needed.
#[derive(Debug)]
pub struct Window {
    /// The size that the program has given.
    announced: Option<u64>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How much was read.
    read: u64,
    /// The length of a chunk.
    chunk: u64,
    /// Whether all of it was read.
    is_over: bool,
    /// Whether nobody needs any more of it.
    is_closed: bool,
    /// How many bytes may be kept before more is read.
    room: u64,
    /// What was read, in order. All have the length of the first, but the last one.
    chunks: Vec<Chunk>,
    /// The bytes of all chunks.
    kept: u64,
}

#[derive(Debug)]
struct Chunk {
    /// Empty as soon as none of them is needed.
    bytes: Arc<Vec<u8>>,
    /// How many of its bytes are still needed.
    needed: u64,
}

impl Window {
    /// A content of which nothing was read yet; its size, if that is known.
    pub fn new(announced: Option<u64>) -> Window {
        let state = State { is_over: announced == Some(0), ..State::default() };
        Window { announced, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The size in bytes; as far as it was read, where it is not known.
    pub fn size(&self) -> u64 {
        self.announced.unwrap_or_else(|| self.state().read)
    }

    /// How many bytes were read.
    pub fn read(&self) -> u64 {
        self.state().read
    }

    /// How many bytes are still to be read, if that is known.
    pub fn left(&self) -> Option<u64> {
        Some(self.announced?.saturating_sub(self.read()))
    }

    /// Whether all of it was read.
    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// Adds what was read next. `is_last` if nothing comes after it.
    pub fn push(&self, bytes: Vec<u8>, is_last: bool) {
        let mut state = self.state();
        let len = bytes.len() as u64;
        if state.read == 0 {
            state.chunk = len;
        }
        if len > 0 {
            state.chunks.push(Chunk { bytes: Arc::new(bytes), needed: len });
        }
        state.read += len;
        state.kept += len;
        state.is_over |= is_last || Some(state.read) == self.announced;
        self.changed.notify_all();
    }

    /// Waits until everything before `end` was read, or all there is, or `stop` is set; how far it was
    /// read by then, `end` at the most.
    pub fn wait_for(&self, end: u64, stop: &Stop) -> u64 {
        let mut state = self.state();
        while state.read < end && !state.is_over && !stop.is_set() {
            let waited = self.changed.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.read.min(end)
    }

    /// Lets so many bytes be kept.
    pub fn set_room(&self, room: u64) {
        self.state().room = room;
        self.changed.notify_all();
    }

    /// Waits until more is to be read, or nobody needs it, at the most for `time`; whether more is.
    pub fn wait_for_room(&self, time: Duration) -> bool {
        let has_room = |state: &State| state.kept < state.room && !state.is_over;
        let waited = self
            .changed
            .wait_timeout_while(self.state(), time, |state| !has_room(state) && !state.is_closed);
        let state = waited.unwrap_or_else(PoisonError::into_inner).0;
        has_room(&state) && !state.is_closed
    }

    /// Ends the reading: nobody needs any more.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// Whether nobody needs any more of it.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Lets go of bytes that nobody needs any more.
    pub fn release(&self, range: Range<u64>) {
        let mut state = self.state();
        let (chunk, mut at) = (state.chunk, range.start);
        while at < range.end.min(state.read) {
            let end = range.end.min((at / chunk + 1) * chunk);
            let mut gone = 0;
            if let Some(chunk) = state.chunks.get_mut((at / chunk) as usize) {
                chunk.needed = chunk.needed.saturating_sub(end - at);
                if chunk.needed == 0 {
                    gone = std::mem::take(&mut chunk.bytes).len() as u64;
                }
            }
            state.kept -= gone;
            at = end;
        }
        self.changed.notify_all();
    }

    /// Fills as much of `buf` as is kept in one piece from `offset` on.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state();
        if offset >= state.read {
            return Ok(0);
        }
        let chunk = state.chunks.get((offset / state.chunk) as usize);
        let bytes = chunk.map(|chunk| Arc::clone(&chunk.bytes)).unwrap_or_default();
        let start = (offset % state.chunk) as usize;
        drop(state);
        let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) else {
            return Err(io::Error::other("what was sent of a stream can't be read again"));
        };
        let n = buf.len().min(rest.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(window: &Window) -> u64 {
        window.state().kept
    }

    #[test]
    fn what_is_needed_is_kept_and_no_more() {
        let window = Window::new(None);
        window.push(vec![1; 10], false);
        window.push(vec![2; 10], false);
        window.push(vec![3; 5], true);
        assert_eq!((window.size(), kept(&window), window.is_over()), (25, 25, true));
        let mut buf = [0; 8];
        assert_eq!(window.read_at(&mut buf, 8).unwrap(), 2);
        assert_eq!(window.read_at(&mut buf, 10).unwrap(), 8);
        assert_eq!(buf, [2; 8]);
        assert_eq!(window.read_at(&mut buf, 25).unwrap(), 0);
        // A part that ends within a chunk lets the chunk be.
        window.release(0..15);
        assert_eq!(kept(&window), 15);
        assert!(window.read_at(&mut buf, 3).is_err());
        assert_eq!(window.read_at(&mut buf, 16).unwrap(), 4);
        window.release(15..25);
        assert_eq!((kept(&window), window.size()), (0, 25));
        assert!(window.read_at(&mut buf, 20).is_err());
    }

    #[test]
    fn an_announced_size_ends_it() {
        let window = Window::new(Some(4));
        let stop = Stop::default();
        assert_eq!((window.size(), window.is_over()), (4, false));
        window.push(vec![0; 4], false);
        assert!(window.is_over());
        assert_eq!(window.wait_for(100, &stop), 4);
        assert!(Window::new(Some(0)).is_over());
    }

    #[test]
    fn more_is_read_when_there_is_room() {
        let window = Window::new(None);
        let has_room = || window.wait_for_room(Duration::ZERO);
        assert!(!has_room());
        window.set_room(8);
        assert!(has_room());
        window.push(vec![0; 8], false);
        assert!(!has_room());
        window.release(0..8);
        assert!(has_room());
        window.close();
        assert!(!has_room() && window.is_closed());
    }
}
