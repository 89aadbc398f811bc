//! SHA-1 as the service wants it: of the whole file, and of its state after every slice.
//!
//! `uploadparts` announces, per slice, `datasha`: the five 32-bit chaining words of the running
//! SHA-1 after that slice, as they stand (nothing padded or finalised), each written little-endian;
//! for the last slice, the ordinary digest of the file. From one state and the next slice's bytes
//! the server must arrive at the next state, so it can check slices in any order.

use sha1::digest::common::hazmat::SerializableState;
use sha1::{Digest, Sha1};

use crate::content::source::Source;
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;

/// The granularity of `uploadparts`, in bytes, unless slices are smaller.
pub const PART_SIZE: u64 = 1024 * 1024;

/// The digests of a file.
#[derive(Debug, Clone)]
pub struct Digests {
    /// SHA-1 of the whole, 40 lower-case hex digits.
    pub sha: String,
    /// What `uploadparts` announces.
    pub parts: Parts,
}

/// The field `uploadparts`, as few bytes: a file of a TiB has a million parts. Its text is made
/// while it is sent.
#[derive(Debug, Clone)]
pub struct Parts {
    part_size: u64,
    size: u64,
    /// In order, one a part, in chunks of [`CHUNK`]: one piece that grows would be copied.
    states: Vec<Vec<[u8; 20]>>,
}

const CHUNK: usize = 1024;

impl Digests {
    /// Reads `source` once, in parts of `part_size` bytes (a multiple of 64).
    pub fn of(source: &Source, part_size: u64, stop: &Stop) -> Result<Digests> {
        // Small enough to stay in the cache between being read and being hashed.
        const BUFFER: usize = 64 * 1024;
        let mut buffer = vec![0; BUFFER];
        let mut hasher = Sha1::new();
        let (mut offset, size) = (0, source.size());
        let mut states: Vec<Vec<_>> = Vec::new();
        while offset < size {
            let part_end = size.min(offset.saturating_add(part_size));
            while offset < part_end {
                if stop.is_set() {
                    return Err(Failure::cancelled(Phase::LocalFile));
                }
                let left = usize::try_from(part_end - offset).unwrap_or(usize::MAX);
                let chunk = &mut buffer[..BUFFER.min(left)];
                source.read_exact_at(chunk, offset)?;
                hasher.update(&*chunk);
                offset += chunk.len() as u64;
            }
            let state = match offset == size {
                true => hasher.clone().finalize().into(),
                false => state(&hasher),
            };
            match states.last_mut() {
                Some(chunk) if chunk.len() < CHUNK => chunk.push(state),
                _ => states.push(vec![state]),
            }
        }
        let sha = hex(&hasher.finalize());
        Ok(Digests { sha, parts: Parts { part_size, size, states } })
    }
}

impl Parts {
    /// The text of entry `i`; `None` behind the last.
    pub fn entry(&self, i: usize) -> Option<String> {
        let state = self.states.get(i / CHUNK)?.get(i % CHUNK)?;
        let offset = i as u64 * self.part_size;
        let datalen = self.part_size.min(self.size - offset);
        let separator = if i == 0 { "" } else { "," };
        Some(format!(
            r#"{separator}{{"offset":{offset},"datalen":{datalen},"datasha":"{}"}}"#,
            hex(state)
        ))
    }

    /// The length of all entries together.
    pub fn text_len(&self) -> u64 {
        (0..).map_while(|i| self.entry(i)).map(|entry| entry.len() as u64).sum()
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

    fn digests(data: &[u8], part_size: u64) -> Digests {
        Digests::of(&Source::Buffer(data), part_size, &Stop::default()).unwrap()
    }

    fn text(digests: &Digests) -> String {
        let entries: String = (0..).map_while(|i| digests.parts.entry(i)).collect();
        assert_eq!(digests.parts.text_len(), entries.len() as u64);
        format!("[{entries}]")
    }

    fn content_a() -> Vec<u8> {
        (0..3_145_733u32).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn the_initial_state_shows_the_byte_order() {
        assert_eq!(hex(&state(&Sha1::new())), "0123456789abcdeffedcba9876543210f0e1d2c3");
    }

    #[test]
    fn uploadparts_vectors() {
        let digests = digests(&content_a(), PART_SIZE);
        assert_eq!(digests.sha, "2e9a2143beea54b151b9922328b9b996b921188d");
        let part = |offset, datalen, datasha| serde_json::json!({"offset": offset, "datalen": datalen, "datasha": datasha});
        let parts: serde_json::Value = serde_json::from_str(&text(&digests)).unwrap();
        assert_eq!(
            parts,
            serde_json::json!([
                part(0, 1_048_576, "463935c7eea4ca2705d0f481ecedb31f4d0f3a96"),
                part(1_048_576, 1_048_576, "657c72d675f1e792607e5c0a7405f66cbdb8c290"),
                part(2_097_152, 1_048_576, "c72cf079ae1aabdb935eddd8e951cd85c572042d"),
                part(3_145_728, 5, "2e9a2143beea54b151b9922328b9b996b921188d"),
            ])
        );
    }

    #[test]
    fn a_single_part_is_the_ordinary_digest() {
        let digests = digests(&content_a()[..1_048_576], PART_SIZE);
        assert_eq!(digests.sha, "c2fc4cb20f1301a6b0dd211c19e69a13925dbe40");
        assert_eq!(
            text(&digests),
            format!(r#"[{{"offset":0,"datalen":1048576,"datasha":"{}"}}]"#, digests.sha)
        );
    }
}
