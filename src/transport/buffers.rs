//! The buffers between ureq and a socket.
//!
//! Unlike ureq's own, the output can be held back, so that the head of a request and the start of
//! its body leave in one write.

use std::io;

use ureq::unversioned::transport::Buffers;

use crate::os;

/// What is written at once at the most, in bytes. Large, because every write wakes the peer.
const OUTPUT: usize = 256 * 1024;
/// What is read at once at the most, in bytes. A download to a file writes as much at once, and
/// writes to one file wait for each other.
const INPUT: usize = 256 * 1024;
/// What is kept free in front of the input, in bytes.
const FRONT: usize = 128;

/// Untouched pages of a fresh allocation cost nothing.
#[derive(Debug)]
pub struct HoldingBuffers {
    output: Vec<u8>,
    held: usize,
    input: Vec<u8>,
    start: usize,
    end: usize,
    input_is_news: bool,
}

impl HoldingBuffers {
    /// Empty ones; an error where there is no memory for them.
    pub fn new() -> io::Result<HoldingBuffers> {
        let zeros = |len| os::zeros(len).ok_or(io::Error::from(io::ErrorKind::OutOfMemory));
        Ok(HoldingBuffers {
            output: zeros(OUTPUT)?,
            held: 0,
            input: zeros(FRONT + INPUT)?,
            start: FRONT,
            end: FRONT,
            input_is_news: false,
        })
    }

    /// Holds `amount` more bytes of the output back.
    pub fn hold(&mut self, amount: usize) {
        self.held += amount;
    }

    /// Whether there is room for a useful amount of output behind what is held.
    pub fn can_hold_more(&self) -> bool {
        self.held < OUTPUT / 2
    }

    /// The bytes held back.
    pub fn held(&self) -> &[u8] {
        &self.output[..self.held]
    }

    /// Forgets the bytes held back.
    pub fn release(&mut self) {
        self.held = 0;
    }

    /// Puts a short text behind the first `at` of the `amount` bytes that are about to be held.
    pub fn insert(&mut self, at: usize, text: &str, amount: usize) {
        let (at, end) = (self.held + at, self.held + amount);
        let needed = self.output.len().max(end + text.len());
        self.output.resize(needed, 0);
        self.output.copy_within(at..end, at + text.len());
        self.output[at..at + text.len()].copy_from_slice(text.as_bytes());
    }

    /// Puts a short text in the place of the first `used` bytes of the input.
    pub fn replace_input(&mut self, used: usize, text: &str) {
        let end = self.start + used;
        self.start = end - text.len();
        self.input[self.start..end].copy_from_slice(text.as_bytes());
        self.input_is_news = true;
    }

    /// Drops the first `used` bytes of the input.
    pub fn skip_input(&mut self, used: usize) {
        self.start += used;
    }
}

impl Buffers for HoldingBuffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.held..]
    }

    fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.start > FRONT {
            self.input.copy_within(self.start..self.end, FRONT);
            self.end -= self.start - FRONT;
            self.start = FRONT;
        }
        &mut self.input[self.end..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.end += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.input_is_news = amount > 0;
        self.start += amount;
        if self.start == self.end {
            (self.start, self.end) = (FRONT, FRONT);
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        // Only chunked bodies need scratch space, and requests here state their length.
        (&mut [], &mut self.output[self.held..])
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.input_is_news
    }
}
