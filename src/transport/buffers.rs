//! The buffers of a connection.

use std::io::{self, ErrorKind};
use std::mem;

use ureq::unversioned::transport::Buffers;

use crate::os;

/// What is sent or received at once at the most, in bytes. Large, because every write wakes the peer,
/// and because a download to a file writes as much at once, and writes to one file wait for each other.
const SIZE: usize = 256 * 1024;

/// Untouched pages of a fresh allocation cost nothing.
fn zeros(len: usize) -> io::Result<Vec<u8>> {
    os::zeros(len).ok_or(io::Error::from(ErrorKind::OutOfMemory))
}

/// What ureq writes of a request, of which the head is kept, and the little that it reads.
#[derive(Debug)]
pub struct HeadBuffers {
    output: Vec<u8>,
    /// How many bytes of the head are there.
    kept: usize,
    input: &'static [u8],
}

/// The end of every head.
const EMPTY_LINE: &[u8] = b"\r\n\r\n";

impl HeadBuffers {
    /// Empty ones; an error where there is no memory for them.
    pub fn new() -> io::Result<HeadBuffers> {
        Ok(HeadBuffers { output: zeros(SIZE)?, kept: 0, input: &[] })
    }

    /// Keeps `amount` more bytes of the output, unless the head is whole: then they are the body that
    /// is not there.
    pub fn keep(&mut self, amount: usize) {
        if !self.output[..self.kept].ends_with(EMPTY_LINE) {
            self.kept += amount;
        }
    }

    /// The head of a request; ureq is answered with `input`.
    pub fn take_head(&mut self, input: &'static str) -> &[u8] {
        self.input = input.as_bytes();
        let head = mem::take(&mut self.kept);
        &self.output[..head]
    }
}

impl Buffers for HeadBuffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output[self.kept..]
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
        (&mut [], &mut self.output[self.kept..])
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
        Ok(Queue { buffer: zeros(SIZE)?, start: 0, end: 0 })
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

    /// Drops all bytes.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
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
