//! SHA-1 as the service wants it: of the whole file, and of its state after every slice.
//!
//! `uploadparts` announces, per slice, `datasha`: the five 32-bit chaining words of the running
//! SHA-1 after that slice, as they stand (nothing padded or finalised), each written little-endian;
//! for the last slice, the ordinary digest of the file. From one state and the next slice's bytes
//! the server must arrive at the next state, so it can check slices in any order.

use std::fmt::Write;

use serde::Serialize;
use sha1::digest::common::hazmat::SerializableState;
use sha1::{Digest, Sha1};

use crate::error::{Failure, Result};
use crate::source::Source;
use crate::stop::Stop;

/// The granularity of `uploadparts`, in bytes, unless slices are smaller.
pub const PART_SIZE: u64 = 1024 * 1024;

/// One entry of `uploadparts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    offset: u64,
    datalen: u64,
    datasha: String,
}

/// The digests of a file.
#[derive(Debug, Clone)]
pub struct Digests {
    /// SHA-1 of the whole, 40 lower-case hex digits.
    pub sha: String,
    /// One entry a part, in order.
    pub parts: Vec<Part>,
}

impl Digests {
    /// Reads `source` once, in parts of `part_size` bytes (a multiple of 64).
    pub fn of(source: &Source, part_size: u64, stop: &Stop) -> Result<Digests> {
        // Small enough to stay in the cache between being read and being hashed.
        const BUFFER: usize = 64 * 1024;
        let mut buffer = vec![0; BUFFER];
        let mut hasher = Sha1::new();
        let mut parts = Vec::new();
        let (mut offset, len) = (0, source.size());
        while offset < len {
            let part_start = offset;
            let part_end = len.min(offset + part_size);
            while offset < part_end {
                if stop.is_set() {
                    return Err(Failure::cancelled(crate::error::Phase::LocalFile));
                }
                let chunk = &mut buffer[..BUFFER.min((part_end - offset) as usize)];
                source.read_exact_at(chunk, offset)?;
                hasher.update(&*chunk);
                offset += chunk.len() as u64;
            }
            parts.push(Part {
                offset: part_start,
                datalen: part_end - part_start,
                datasha: state(&hasher),
            });
        }
        let sha = hex(&hasher.finalize());
        if let Some(last) = parts.last_mut() {
            last.datasha.clone_from(&sha);
        }
        Ok(Digests { sha, parts })
    }

    /// The text of the field `uploadparts`.
    pub fn uploadparts(&self) -> String {
        serde_json::json!(self.parts).to_string()
    }
}

/// The chaining words of a hasher that has seen whole blocks only, little-endian: they are what
/// its serialised state begins with.
fn state(hasher: &Sha1) -> String {
    hex(&hasher.serialize()[..20])
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(data: &[u8], part_size: u64) -> Digests {
        Digests::of(&Source::Buffer(data), part_size, &Stop::default()).unwrap()
    }

    fn content_a() -> Vec<u8> {
        (0..3_145_733u32).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn the_initial_state_shows_the_byte_order() {
        assert_eq!(state(&Sha1::new()), "0123456789abcdeffedcba9876543210f0e1d2c3");
    }

    #[test]
    fn uploadparts_vectors() {
        let digests = digests(&content_a(), PART_SIZE);
        assert_eq!(digests.sha, "2e9a2143beea54b151b9922328b9b996b921188d");
        let shas: Vec<_> = digests.parts.iter().map(|part| part.datasha.as_str()).collect();
        assert_eq!(
            shas,
            [
                "463935c7eea4ca2705d0f481ecedb31f4d0f3a96",
                "657c72d675f1e792607e5c0a7405f66cbdb8c290",
                "c72cf079ae1aabdb935eddd8e951cd85c572042d",
                "2e9a2143beea54b151b9922328b9b996b921188d",
            ]
        );
        assert_eq!((digests.parts[3].offset, digests.parts[3].datalen), (3_145_728, 5));
        assert!(digests.uploadparts().starts_with(
            r#"[{"offset":0,"datalen":1048576,"datasha":"463935c7eea4ca2705d0f481ecedb31f4d0f3a96"},"#
        ));
    }

    #[test]
    fn a_single_part_is_the_ordinary_digest() {
        let digests = digests(&content_a()[..1_048_576], PART_SIZE);
        assert_eq!(digests.parts.len(), 1);
        assert_eq!(digests.parts[0].datasha, "c2fc4cb20f1301a6b0dd211c19e69a13925dbe40");
        assert_eq!(digests.sha, digests.parts[0].datasha);
    }
}
