//! The buffers between ureq and a socket.
//!
//! Unlike ureq's own, the output can be held back, so that the head of a request and the start of
//! its body leave in one write.

use ureq::unversioned::transport::Buffers;

/// What is written at once at the most, in bytes. Large, because every write wakes the peer.
const OUTPUT: usize = 256 * 1024;
/// What is read at once at the most, in bytes. A download to a file writes as much at once, and
/// writes to one file wait for each other.
const INPUT: usize = 256 * 1024;

/// Allocated when first used; untouched pages of a fresh allocation cost nothing.
#[derive(Debug, Default)]
pub struct HoldingBuffers {
    output: Vec<u8>,
    held: usize,
    input: Vec<u8>,
    start: usize,
    end: usize,
    input_is_news: bool,
}

impl HoldingBuffers {
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
}

impl Buffers for HoldingBuffers {
    fn output(&mut self) -> &mut [u8] {
        if self.output.is_empty() {
            self.output = vec![0; OUTPUT];
        }
        &mut self.output[self.held..]
    }

    fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.input.is_empty() {
            self.input = vec![0; INPUT];
        }
        if self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
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
            self.start = 0;
            self.end = 0;
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        // Only chunked bodies need scratch space, and requests here state their length.
        self.output();
        (&mut [], &mut self.output[self.held..])
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.input_is_news
    }
}
