//! Digests of content.

use sha1::digest::common::hazmat::SerializableState;
use sha1::{Digest, Sha1};

use super::source::Source;
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;

/// How much is read at a time: small enough to stay in the cache until it is hashed.
const BUFFER: usize = 64 * 1024;

/// The SHA-1 of `source`.
pub fn sha1(source: &Source, stop: &Stop) -> Result<String> {
    sha1_of(source.size(), stop, |buf, at| source.read_exact_at(buf, at))
}

/// The SHA-1 of the `len` bytes that `read` reads from the place that it is told.
pub fn sha1_of(
    len: u64,
    stop: &Stop,
    read: impl FnMut(&mut [u8], u64) -> Result<()>,
) -> Result<String> {
    let mut hasher = Sha1::new();
    for_each_chunk(len, stop, read, |chunk| hasher.update(chunk))?;
    Ok(hex(&hasher.finalize()))
}

fn for_each_chunk(
    len: u64,
    stop: &Stop,
    mut read: impl FnMut(&mut [u8], u64) -> Result<()>,
    mut take: impl FnMut(&[u8]),
) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut at = 0;
    while at < len {
        if stop.is_set() {
            return Err(Failure::cancelled(Phase::LocalFile));
        }
        let left = usize::try_from(len - at).unwrap_or(usize::MAX);
        let chunk = &mut buffer[..BUFFER.min(left)];
        read(chunk, at)?;
        take(chunk);
        at += chunk.len() as u64;
    }
    Ok(())
}

/// The SHA-1 of a content, and its state after every `step` bytes, as few bytes: a file of a TiB
/// has a million states.
#[derive(Debug, Clone)]
pub struct States {
    sha1: String,
    step: u64,
    size: u64,
    /// In chunks of [`CHUNK`]: one piece that grows would be copied.
    states: Vec<Vec<[u8; 20]>>,
}

const CHUNK: usize = 1024;

impl States {
    /// Reads `source` once. `step` is a multiple of 64.
    pub fn of(source: &Source, step: u64, stop: &Stop) -> Result<States> {
        let size = source.size();
        let mut found = States { sha1: String::new(), step, size, states: Vec::new() };
        let mut hasher = Sha1::new();
        let mut done = 0;
        let read = |buf: &mut [u8], at| source.read_exact_at(buf, at);
        for_each_chunk(size, stop, read, |mut chunk| {
            while !chunk.is_empty() {
                let left = step - done % step;
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                hasher.update(&chunk[..n]);
                done += n as u64;
                chunk = &chunk[n..];
                if done == size {
                    found.push(hasher.clone().finalize().into());
                } else if done.is_multiple_of(step) {
                    found.push(state(&hasher));
                }
            }
        })?;
        found.sha1 = hex(&hasher.finalize());
        Ok(found)
    }

    fn push(&mut self, state: [u8; 20]) {
        match self.states.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(state),
            _ => self.states.push(vec![state]),
        }
    }

    /// SHA-1 of the whole, 40 lower-case hex digits.
    pub fn sha1(&self) -> &str {
        &self.sha1
    }

    /// Stretch `i` of `step` bytes, fewer for the last: where it starts, its length, and what stands
    /// after it: the chaining words as they are, each little-endian, and for the last stretch the
    /// ordinary digest of the whole. `None` behind the last.
    pub fn after(&self, i: usize) -> Option<(u64, u64, [u8; 20])> {
        let state = self.states.get(i / CHUNK)?.get(i % CHUNK)?;
        let offset = i as u64 * self.step;
        Some((offset, self.step.min(self.size - offset), *state))
    }
}

/// The chaining words of a hasher that has seen whole blocks only, little-endian: they are what
/// its serialised state begins with.
fn state(hasher: &Sha1) -> [u8; 20] {
    let mut words = [0; 20];
    words.copy_from_slice(&hasher.serialize()[..20]);
    words
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn the_initial_state_shows_the_byte_order() {
        assert_eq!(hex(&state(&Sha1::new())), "0123456789abcdeffedcba9876543210f0e1d2c3");
    }

    #[test]
    fn states_do_not_depend_on_what_is_read_at_a_time() {
        let data = bytes(3 * BUFFER + 5);
        for step in [64, 4096, BUFFER as u64, 5 * 64 * 1024 / 2, 1 << 20] {
            let states = States::of(&Source::Buffer(&data), step, &Stop::default()).unwrap();
            let (mut end, mut count) = (0, 0);
            while let Some((offset, len, after)) = states.after(count) {
                assert_eq!(offset, end);
                end += len;
                let mut hasher = Sha1::new();
                hasher.update(&data[..end as usize]);
                let is_last = end == data.len() as u64;
                let expected = if is_last { hasher.finalize().into() } else { state(&hasher) };
                assert_eq!(after, expected, "{step}, {count}");
                count += 1;
            }
            assert_eq!((end, count as u64), (data.len() as u64, end.div_ceil(step)));
            assert_eq!(states.sha1(), hex(&Sha1::digest(&data)));
            let plain = sha1(&Source::Buffer(&data), &Stop::default()).unwrap();
            assert_eq!(states.sha1(), plain);
        }
    }
}
