//! Digests of content.

use std::fmt;
use std::ops::Range;

use md5::Md5;
use sha1::digest::common::hazmat::SerializableState;
use sha1::{Digest, Sha1};

use super::source::Source;
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;

/// How much is read at a time: small enough to stay in the cache until it is hashed.
const BUFFER: usize = 64 * 1024;

/// A checksum of content.
#[derive(Debug, Clone)]
pub enum Sum {
    /// SHA-1, 40 hex digits.
    Sha1(String),
    /// CRC-64 with the polynomial of ECMA-182, reflected, as CRC-64/XZ has it.
    Crc64(u64),
}

impl PartialEq for Sum {
    fn eq(&self, other: &Sum) -> bool {
        match (self, other) {
            (Sum::Sha1(a), Sum::Sha1(b)) => a.eq_ignore_ascii_case(b),
            (Sum::Crc64(a), Sum::Crc64(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sum::Sha1(sha) => write!(f, "SHA-1 {sha}"),
            Sum::Crc64(crc) => write!(f, "CRC-64 {crc}"),
        }
    }
}

impl Sum {
    /// What computes a sum of this kind.
    pub fn hasher(&self) -> Hasher {
        match self {
            Sum::Sha1(_) => Hasher::sha1(),
            Sum::Crc64(_) => Hasher::crc64(),
        }
    }

    /// The sum of this kind of the `len` bytes that `read` reads from the place that it is told.
    pub fn same_of(
        &self,
        len: u64,
        stop: &Stop,
        read: impl FnMut(&mut [u8], u64) -> Result<()>,
    ) -> Result<Sum> {
        let mut hasher = self.hasher();
        hasher.read(0..len, stop, read)?;
        Ok(hasher.sum())
    }
}

/// Computes a [`Sum`].
#[derive(Clone)]
pub enum Hasher {
    /// A SHA-1.
    Sha1(Sha1),
    /// A CRC-64.
    Crc64(crc64fast::Digest),
}

impl Hasher {
    /// Computes a SHA-1.
    pub fn sha1() -> Hasher {
        Hasher::Sha1(Sha1::new())
    }

    /// Computes a CRC-64.
    pub fn crc64() -> Hasher {
        Hasher::Crc64(crc64fast::Digest::new())
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Crc64(hasher) => hasher.write(bytes),
        }
    }

    /// Takes the bytes in `range` of what `read` reads from the place that it is told.
    pub fn read(
        &mut self,
        range: Range<u64>,
        stop: &Stop,
        mut read: impl FnMut(&mut [u8], u64) -> Result<()>,
    ) -> Result<()> {
        let read = |buf: &mut [u8], at| read(buf, range.start + at);
        for_each_chunk(range.end - range.start, stop, read, |chunk| self.update(chunk))
    }

    /// The sum of the bytes so far.
    pub fn sum(&self) -> Sum {
        match self {
            Hasher::Sha1(hasher) => Sum::Sha1(hex(&hasher.clone().finalize())),
            Hasher::Crc64(hasher) => Sum::Crc64(hasher.sum64()),
        }
    }
}

/// The CRC-64 of two contents one after the other, from those of each; the second has `len` bytes.
pub fn combined_crc64(first: u64, second: u64, len: u64) -> u64 {
    if first == 0 {
        return second;
    }
    // As polynomials: the bytes that follow multiply the first by x^(8 * len). `square` is x^8, squared
    // once for each bit of `len`; where the bit is set, `shift` takes it.
    let (mut shift, mut square, mut left) = (1 << 63, 1 << 55, len);
    while left > 0 {
        if left & 1 == 1 {
            shift = multiplied(shift, square);
        }
        square = multiplied(square, square);
        left >>= 1;
    }
    multiplied(first, shift) ^ second
}

/// The product of two polynomials modulo that of the CRC; the highest bit is the lowest power.
fn multiplied(a: u64, mut b: u64) -> u64 {
    const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;
    let mut product = 0;
    for power in (0..64).rev() {
        if a >> power & 1 == 1 {
            product ^= b;
        }
        b = (b >> 1) ^ if b & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    product
}

/// The CRC-64 of `source`.
pub fn crc64(source: &Source, stop: &Stop) -> Result<u64> {
    let mut hasher = crc64fast::Digest::new();
    let read = |buf: &mut [u8], at| source.read_exact_at(buf, at);
    for_each_chunk(source.size(), stop, read, |chunk| hasher.write(chunk))?;
    Ok(hasher.sum64())
}

/// The MD5, in hex, and the CRC-64 of `len` bytes of `source` from `offset` on.
pub fn md5_and_crc64(source: &Source, offset: u64, len: u64, stop: &Stop) -> Result<(String, u64)> {
    let (mut md5, mut crc) = (Md5::new(), crc64fast::Digest::new());
    let read = |buf: &mut [u8], at| source.read_exact_at(buf, offset + at);
    for_each_chunk(len, stop, read, |chunk| {
        md5.update(chunk);
        crc.write(chunk);
    })?;
    Ok((hex(&md5.finalize()), crc.sum64()))
}

/// The MD5 of `len` bytes of `source` from `offset` on.
pub fn md5(source: &Source, offset: u64, len: u64, stop: &Stop) -> Result<[u8; 16]> {
    let mut md5 = Md5::new();
    let read = |buf: &mut [u8], at| source.read_exact_at(buf, offset + at);
    for_each_chunk(len, stop, read, |chunk| md5.update(chunk))?;
    Ok(md5.finalize().into())
}

/// The SHA-1 of `source`.
pub fn sha1(source: &Source, stop: &Stop) -> Result<String> {
    let mut hasher = Sha1::new();
    let read = |buf: &mut [u8], at| source.read_exact_at(buf, at);
    for_each_chunk(source.size(), stop, read, |chunk| hasher.update(chunk))?;
    Ok(hex(&hasher.finalize()))
}

fn for_each_chunk(
    len: u64,
    stop: &Stop,
    mut read: impl FnMut(&mut [u8], u64) -> Result<()>,
    mut take: impl FnMut(&[u8]),
) -> Result<()> {
    let mut buffer = vec![0; usize::try_from(len).unwrap_or(BUFFER).min(BUFFER)];
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

    fn crc_of(data: &[u8]) -> u64 {
        crc64(&Source::Buffer(data), &Stop::default()).unwrap()
    }

    #[test]
    fn crc64_vectors() {
        let all: Vec<u8> = (0..=255).collect();
        for (data, crc) in [
            (&b""[..], 0),
            (b"a", 3_675_645_893_302_102_789),
            (b"123456789", 11_051_210_869_376_104_954),
            (b"hello cos v5\n", 1_034_866_199_268_009_142),
            (&vec![0; 1 << 20], 6_947_770_692_288_575_170),
            (&all, 8_232_944_260_754_389_680),
        ] {
            assert_eq!(crc_of(data), crc, "{} bytes", data.len());
        }
    }

    #[test]
    fn crcs_of_parts_are_combined() {
        let (a, b) = (vec![b'A'; 1 << 20], vec![b'B'; 1000]);
        assert_eq!(crc_of(&a), 15_598_368_876_276_525_556);
        assert_eq!(crc_of(&b), 412_999_814_604_684_307);
        let both = combined_crc64(crc_of(&a), crc_of(&b), 1000);
        assert_eq!(both, 17_834_950_671_245_759_733);
        let data = bytes(200_000);
        for at in [0, 1, 7, 64, 99_999, 200_000] {
            let (first, second) = data.split_at(at);
            let combined = combined_crc64(crc_of(first), crc_of(second), second.len() as u64);
            assert_eq!(combined, crc_of(&data), "{at}");
        }
    }

    #[test]
    fn a_part_has_its_own_sums() {
        let source = Source::Buffer(b"xhello cos v5\ny");
        let (md5, crc) = md5_and_crc64(&source, 1, 13, &Stop::default()).unwrap();
        assert_eq!(md5, "33377d73025c6a1b90566a5b78c11f15");
        assert_eq!(crc, 1_034_866_199_268_009_142);
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
