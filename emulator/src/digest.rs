//! The digests of contents, and the chaining state of SHA-1 between slices.

use std::io::{self, Read};

use crc::{CRC_64_XZ, Crc, Table};
use md5::Md5;
use sha1::{Digest, Sha1, block_api::compress};

/// The five chaining words before the first block.
const INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sha1_hex(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

/// CRC-64/XZ, which the service calls crc64ecma.
static CRC64: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);

/// All digests of a content that grows.
pub(crate) struct Hasher {
    sha: Sha1,
    md5: Md5,
    crc: crc::Digest<'static, u64, Table<16>>,
    size: u64,
}

/// The digests of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    pub sha: String,
    pub md5: [u8; 16],
    pub crc64: u64,
    pub size: u64,
}

impl Hasher {
    pub fn new() -> Hasher {
        Hasher { sha: Sha1::new(), md5: Md5::new(), crc: CRC64.digest(), size: 0 }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.sha.update(bytes);
        self.md5.update(bytes);
        self.crc.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn finish(self) -> Sums {
        Sums {
            sha: hex(&self.sha.finalize()),
            md5: self.md5.finalize().into(),
            crc64: self.crc.finalize(),
            size: self.size,
        }
    }
}

impl Sums {
    pub fn of(bytes: &[u8]) -> Sums {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    pub fn read(mut source: impl Read) -> io::Result<Sums> {
        let mut hasher = Hasher::new();
        let mut buffer = vec![0; 256 << 10];
        loop {
            match source.read(&mut buffer)? {
                0 => return Ok(hasher.finish()),
                count => hasher.update(&buffer[..count]),
            }
        }
    }
}

/// Forty hexadecimal digits in either case, as lower case.
pub(crate) fn normal_sha(text: &str) -> Option<String> {
    (text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| text.to_ascii_lowercase())
}

/// The state of one SHA-1 over a file, between two of its slices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain([u32; 5]);

impl Chain {
    pub fn initial() -> Self {
        Chain(INITIAL)
    }

    /// Reads a `datasha`: five words, each little-endian.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut words = [0u32; 5];
        for (index, word) in words.iter_mut().enumerate() {
            *word = u32::from_str_radix(text.get(index * 8..index * 8 + 8)?, 16).ok()?.swap_bytes();
        }
        (text.len() == 40).then_some(Chain(words))
    }

    pub fn to_hex(&self) -> String {
        self.0.iter().map(|word| format!("{:08x}", word.swap_bytes())).collect()
    }

    /// Continues over whole blocks; `None` when the length is not a multiple of 64.
    pub fn advance(&self, bytes: &[u8]) -> Option<Chain> {
        let (blocks, rest) = bytes.as_chunks::<64>();
        let mut state = self.0;
        compress(&mut state, blocks);
        rest.is_empty().then_some(Chain(state))
    }

    /// Continues over the end of a file of `total` bytes and gives the ordinary digest.
    pub fn finish(&self, bytes: &[u8], total: u64) -> String {
        let mut end = bytes.to_vec();
        end.push(0x80);
        end.resize((end.len() + 8).next_multiple_of(64) - 8, 0);
        end.extend_from_slice(&(total * 8).to_be_bytes());
        let mut state = self.0;
        compress(&mut state, end.as_chunks::<64>().0);
        state.iter().map(|word| format!("{word:08x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_state_has_the_documented_spelling() {
        assert_eq!(Chain::initial().to_hex(), "0123456789abcdeffedcba9876543210f0e1d2c3");
        assert_eq!(
            Chain::from_hex("0123456789abcdeffedcba9876543210f0e1d2c3"),
            Some(Chain::initial())
        );
    }

    #[test]
    fn states_and_digests_match_the_vectors() {
        let content: Vec<u8> = (0..3145733u32).map(|index| (index % 251) as u8).collect();
        let mib = 1 << 20;
        let mut chain = Chain::initial();
        for (index, expected) in [
            "463935c7eea4ca2705d0f481ecedb31f4d0f3a96",
            "657c72d675f1e792607e5c0a7405f66cbdb8c290",
            "c72cf079ae1aabdb935eddd8e951cd85c572042d",
        ]
        .iter()
        .enumerate()
        {
            chain = chain.advance(&content[index * mib..(index + 1) * mib]).unwrap();
            assert_eq!(&chain.to_hex(), expected);
        }
        let sha = "2e9a2143beea54b151b9922328b9b996b921188d";
        assert_eq!(chain.finish(&content[3 * mib..], 3145733), sha);
        assert_eq!(sha1_hex(&content), sha);
        assert_eq!(Sums::read(&content[..]).unwrap().sha, sha);
        assert_eq!(
            Chain::initial().finish(&content[..mib], mib as u64),
            "c2fc4cb20f1301a6b0dd211c19e69a13925dbe40"
        );
        assert_eq!(Chain::initial().finish(b"", 0), sha1_hex(b""));
    }

    #[test]
    fn a_crc_is_that_of_the_documented_vectors() {
        for (content, crc) in [
            (&b"123456789"[..], 11_051_210_869_376_104_954),
            (b"", 0),
            (b"a", 3_675_645_893_302_102_789),
            (b"hello cos v5\n", 1_034_866_199_268_009_142),
            (&[0; 1 << 20], 6_947_770_692_288_575_170),
            (&[b'A'; 1 << 20], 15_598_368_876_276_525_556),
        ] {
            assert_eq!(Sums::of(content).crc64, crc);
        }
        let sums = Sums::of(b"hello cos v5\n");
        assert_eq!(hex(&sums.md5), "33377d73025c6a1b90566a5b78c11f15");
        assert_eq!(sums.sha, "069424478262f09f2276ba75b99b888a6c766ebd");
    }
}
