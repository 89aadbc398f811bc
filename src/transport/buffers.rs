//! The buffers of a connection.

use std::io::{self, ErrorKind};

use ureq::unversioned::transport::Buffers;

use crate::os;

/// What is written at once at the most, in bytes. Large, because every write wakes the peer.
const OUTPUT: usize = 256 * 1024;
/// What is read at once at the most, in bytes. A download to a file writes as much at once, and
/// writes to one file wait for each other.
const INPUT: usize = 256 * 1024;

/// Untouched pages of a fresh allocation cost nothing.
fn zeros(len: usize) -> io::Result<Vec<u8>> {
    os::zeros(len).ok_or(io::Error::from(ErrorKind::OutOfMemory))
}

/// What ureq writes, and the little that it reads.
///
/// Unlike in ureq's own, the output can be held back, so that the head of a request and the start of
/// its body leave in one write.
#[derive(Debug)]
pub struct HoldingBuffers {
    output: Vec<u8>,
    held: usize,
    input: &'static [u8],
}

impl HoldingBuffers {
    /// Empty ones; an error where there is no memory for them.
    pub fn new() -> io::Result<HoldingBuffers> {
        Ok(HoldingBuffers { output: zeros(OUTPUT)?, held: 0, input: &[] })
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

    /// What there is to read next.
    pub fn set_input(&mut self, input: &'static str) {
        self.input = input.as_bytes();
    }
}

impl Buffers for HoldingBuffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.held..]
    }

    fn input(&self) -> &[u8] {
        self.input
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, amount: usize) {
        self.input = &self.input[amount..];
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        // Only chunked bodies need scratch space, and requests here state their length.
        (&mut [], &mut self.output[self.held..])
    }

    fn can_use_input(&self) -> bool {
        !self.input.is_empty()
    }
}

/// Bytes on their way through a connection.
#[derive(Debug)]
pub struct Queue {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Queue {
    /// No bytes, and room for more; an error where there is no memory for it.
    pub fn new() -> io::Result<Queue> {
        Ok(Queue { buffer: zeros(INPUT)?, start: 0, end: 0 })
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..self.end]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Drops the first `n` bytes.
    pub fn used(&mut self, n: usize) {
        self.start += n;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Where more can be put.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.buffer[self.end..]
    }

    /// Notes that `n` bytes were put where there was room.
    pub fn added(&mut self, n: usize) {
        self.end += n;
    }

    /// Adds these bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        if self.room().len() < bytes.len() {
            self.buffer.resize(self.end + bytes.len(), 0);
        }
        self.room()[..bytes.len()].copy_from_slice(bytes);
        self.added(bytes.len());
    }
}
