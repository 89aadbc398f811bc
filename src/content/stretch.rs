//! A part of a content as the body of a request: counted and hashed while it is read.

use std::io::{self, Read};

use super::hash::{Hasher, Sum};
use super::source::Source;
use crate::os::{Content, Stored};
use crate::reply::{Failure, Result};
use crate::transfer::Mark;

/// Some bytes of a source, in order, once.
pub struct Stretch<'a> {
    source: &'a Source<'a>,
    offset: u64,
    len: u64,
    /// How many bytes were read.
    position: u64,
    hasher: Option<Hasher>,
    /// Whether the system has sent some of it from the file: what is on its way then changes when the
    /// file does.
    is_shared: bool,
    progress: &'a Mark<'a>,
    failure: Option<Box<Failure>>,
}

impl<'a> Stretch<'a> {
    /// `len` bytes from `offset` on. Those that have left are counted by `progress`.
    pub fn new(
        source: &'a Source<'a>,
        offset: u64,
        len: u64,
        progress: &'a Mark<'a>,
    ) -> Stretch<'a> {
        let (position, hasher, is_shared, failure) = (0, None, false, None);
        Stretch { source, offset, len, position, hasher, is_shared, progress, failure }
    }

    /// The same, with the SHA-1 of what is read.
    pub fn with_sha1(self) -> Stretch<'a> {
        Stretch { hasher: Some(Hasher::sha1()), ..self }
    }

    /// The same, with the CRC-64 of what is read.
    pub fn with_crc64(self) -> Stretch<'a> {
        Stretch { hasher: Some(Hasher::crc64()), ..self }
    }

    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// Whether it will have a sum.
    pub fn is_hashed(&self) -> bool {
        self.hasher.is_some()
    }

    /// The sum of what was read, if it was wanted.
    pub fn sum(&self) -> Option<Sum> {
        self.hasher.as_ref().map(Hasher::sum)
    }

    /// The SHA-1 of what was read, if it was wanted.
    pub fn sha1(&self) -> Option<String> {
        match self.sum() {
            Some(Sum::Sha1(sha)) => Some(sha),
            _ => None,
        }
    }

    /// The CRC-64 of what was read, if it was wanted.
    pub fn crc64(&self) -> Option<u64> {
        match self.sum() {
            Some(Sum::Crc64(crc)) => Some(crc),
            _ => None,
        }
    }

    /// Why what was sent is not the content. Asked when there is an answer: until then the file can change.
    pub fn failure(&mut self) -> Option<Box<Failure>> {
        match self.failure.take() {
            None if self.is_shared => self.source.check_unchanged().err(),
            failure => failure,
        }
    }

    fn read_some(&mut self, buf: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.len - self.position).unwrap_or(usize::MAX);
        let n = left.min(buf.len());
        let chunk = &mut buf[..n];
        self.source.read_exact_at(chunk, self.offset + self.position)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(chunk);
        }
        // When more is asked for, what was given before has been sent.
        self.progress.reached(self.position);
        self.go_on(n)?;
        Ok(n)
    }

    fn go_on(&mut self, n: usize) -> Result<()> {
        self.position += n as u64;
        if self.position == self.len { self.source.check_unchanged() } else { Ok(()) }
    }

    fn kept(&mut self, failure: Box<Failure>) -> io::Error {
        self.failure = Some(failure);
        io::Error::other("the local file can't be read")
    }
}

impl Read for Stretch<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.position == self.len {
            return Ok(0);
        }
        self.read_some(buf).map_err(|failure| self.kept(failure))
    }
}

impl Content for Stretch<'_> {
    fn stored(&self) -> Option<Stored<'_>> {
        let len = self.len - self.position;
        match self.source {
            Source::File(file, _) if self.hasher.is_none() && len > 0 => {
                Some(Stored { file, offset: self.offset + self.position, len })
            }
            _ => None,
        }
    }

    fn sent(&mut self, n: usize) -> io::Result<()> {
        self.is_shared = true;
        self.progress.reached(self.position + n as u64);
        self.go_on(n).map_err(|failure| self.kept(failure))
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;
    use crate::content::hash::hex;
    use crate::transfer::Transfer;

    #[test]
    fn what_is_read_is_hashed_and_counted() {
        let data: Vec<u8> = (0..200).collect();
        let (source, transfer) = (Source::Buffer(&data), Transfer::default());
        transfer.set_total(200);
        let mark = transfer.mark();
        let mut stretch = Stretch::new(&source, 10, 150, &mark).with_sha1();
        let mut read = [0; 100];
        assert_eq!(stretch.read(&mut read).unwrap(), 100);
        assert_eq!((&read[..], transfer.progress().0), (&data[10..110], 0));
        assert_eq!(stretch.read(&mut read).unwrap(), 50);
        // Only what the next read shows to have left.
        assert_eq!((&read[..50], transfer.progress().0), (&data[110..160], 100));
        assert_eq!(stretch.read(&mut read).unwrap(), 0);
        assert_eq!(stretch.sha1(), Some(hex(&Sha1::digest(&data[10..160]))));
    }

    #[test]
    fn a_content_that_ends_early_is_a_failure() {
        let data = [1; 10];
        let (source, transfer) = (Source::Buffer(&data), Transfer::default());
        let mark = transfer.mark();
        let mut stretch = Stretch::new(&source, 5, 6, &mark);
        assert!(stretch.read(&mut [0; 10]).is_err());
        assert!(stretch.failure().is_some_and(|failure| failure.has_changed_source()));
    }
}
