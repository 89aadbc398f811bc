//! The sum of a content whose pieces arrive in any order.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::hash::{Hasher, Sum, combined_crc64};
use crate::reply::Result;
use crate::stop::Stop;

/// Computes the sum of a content while it arrives, so that not all of it has to be read again.
pub enum RunningSum {
    /// Each piece has a CRC-64 of its own, and these are combined.
    Combined(Mutex<Combined>),
    /// Pieces are hashed one after the other: what comes next as it arrives, the others, when their
    /// turn comes, from where they have been put.
    InOrder {
        /// What was hashed.
        hashed: Mutex<Hashed>,
        /// Where the pieces start and end that are there and were not hashed yet.
        there: Mutex<BTreeMap<u64, u64>>,
    },
}

/// The CRC-64 of the start of a content.
#[derive(Default)]
pub struct Combined {
    crc: u64,
    len: u64,
    /// Start, CRC-64 and length of pieces behind it.
    later: BTreeMap<u64, (u64, u64)>,
}

/// The hash of the start of a content.
pub struct Hashed {
    hasher: Hasher,
    len: u64,
}

/// A piece that arrives.
pub struct Piece<'a> {
    running: &'a RunningSum,
    start: u64,
    at: u64,
    hasher: Option<Hasher>,
}

/// Reads bytes of the content from where they have been put.
pub type ReadBack<'a> = &'a mut dyn FnMut(&mut [u8], u64) -> Result<()>;

impl RunningSum {
    /// A sum like `stated`.
    pub fn like(stated: &Sum) -> RunningSum {
        match stated {
            Sum::Crc64(_) => RunningSum::Combined(Mutex::default()),
            Sum::Sha1(_) => RunningSum::InOrder {
                hashed: Mutex::new(Hashed { hasher: stated.hasher(), len: 0 }),
                there: Mutex::default(),
            },
        }
    }

    /// A piece that begins at `start`.
    pub fn piece(&self, start: u64) -> Piece<'_> {
        let hasher = match self {
            RunningSum::Combined(_) => Some(Hasher::crc64()),
            RunningSum::InOrder { .. } => None,
        };
        Piece { running: self, start, at: start, hasher }
    }

    /// The sum of all `len` bytes. What is still to be hashed of them is read back.
    pub fn sum(&self, len: u64, stop: &Stop, read: ReadBack) -> Result<Sum> {
        match self {
            RunningSum::Combined(combined) => {
                let combined = lock(combined);
                debug_assert_eq!(combined.len, len);
                Ok(Sum::Crc64(combined.crc))
            }
            RunningSum::InOrder { hashed, .. } => {
                let mut hashed = lock(hashed);
                hashed.go_on(len, stop, read)?;
                Ok(hashed.hasher.sum())
            }
        }
    }
}

impl Piece<'_> {
    /// Takes the next bytes of the piece, which arrive.
    pub fn take(&mut self, bytes: &[u8]) {
        match (self.running, &mut self.hasher) {
            (_, Some(hasher)) => hasher.update(bytes),
            (RunningSum::InOrder { hashed, .. }, None) => {
                // Whoever holds it hashes other pieces; these bytes are read back later.
                if let Some(mut hashed) = try_lock(hashed).filter(|hashed| hashed.len == self.at) {
                    hashed.hasher.update(bytes);
                    hashed.len += bytes.len() as u64;
                }
            }
            (RunningSum::Combined(_), None) => {}
        }
        self.at += bytes.len() as u64;
    }

    /// Takes `len` bytes that were there before.
    pub fn take_stored(&mut self, len: u64, stop: &Stop, read: ReadBack) -> Result<()> {
        if let Some(hasher) = &mut self.hasher {
            hasher.read(self.at..self.at + len, stop, read)?;
        }
        self.at += len;
        Ok(())
    }

    /// The piece is there, whole.
    pub fn end(self, stop: &Stop, read: ReadBack) -> Result<()> {
        match (self.running, self.hasher.map(|hasher| hasher.sum())) {
            (RunningSum::Combined(combined), Some(Sum::Crc64(crc))) => {
                lock(combined).add(self.start, crc, self.at - self.start);
                Ok(())
            }
            (RunningSum::InOrder { hashed, there }, _) => {
                lock(there).insert(self.start, self.at);
                let Some(mut hashed) = try_lock(hashed) else {
                    return Ok(());
                };
                while let Some(end) = next_end(&mut lock(there), hashed.len) {
                    hashed.go_on(end, stop, read)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Combined {
    fn add(&mut self, start: u64, crc: u64, len: u64) {
        self.later.insert(start, (crc, len));
        while let Some((crc, len)) = self.later.remove(&self.len) {
            self.crc = combined_crc64(self.crc, crc, len);
            self.len += len;
        }
    }
}

impl Hashed {
    fn go_on(&mut self, end: u64, stop: &Stop, read: ReadBack) -> Result<()> {
        if end > self.len {
            self.hasher.read(self.len..end, stop, read)?;
            self.len = end;
        }
        Ok(())
    }
}

/// Where the piece ends that `at` is in, if it is there.
fn next_end(there: &mut BTreeMap<u64, u64>, at: u64) -> Option<u64> {
    while let Some(first) = there.first_entry() {
        match (*first.key(), *first.get()) {
            (_, end) if end <= at => first.remove(),
            (start, end) => return (start <= at).then_some(end),
        };
    }
    None
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the order in which pieces arrive, and whatever was there of them.
    #[test]
    fn the_sum_of_pieces_is_that_of_the_whole() {
        const PIECE: usize = 100_000;
        let content: Vec<u8> = (0..5 * PIECE as u64 + 1234).map(|i| (i * i / 7) as u8).collect();
        let stop = Stop::default();
        let mut read = |buf: &mut [u8], at: u64| {
            buf.copy_from_slice(&content[at as usize..at as usize + buf.len()]);
            Ok(())
        };
        for mut hasher in [Hasher::sha1(), Hasher::crc64()] {
            hasher.update(&content);
            let stated = hasher.sum();
            for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [1, 0, 2, 5, 3, 4]] {
                for stored in [0, 1, 70_000, PIECE] {
                    let running = RunningSum::like(&stated);
                    for i in order {
                        let start = i * PIECE;
                        let end = content.len().min(start + PIECE);
                        let had = if i == 2 { stored } else { 0 };
                        let mut piece = running.piece(start as u64);
                        piece.take_stored(had as u64, &stop, &mut read).unwrap();
                        for bytes in content[start + had..end].chunks(9999) {
                            piece.take(bytes);
                        }
                        piece.end(&stop, &mut read).unwrap();
                    }
                    let len = content.len() as u64;
                    assert_eq!(running.sum(len, &stop, &mut read).unwrap(), stated, "{order:?}");
                }
            }
        }
    }

    /// Two pieces that arrive side by side, in turns.
    #[test]
    fn what_does_not_come_next_is_read_back() {
        let content: Vec<u8> = (0..3000_u32).map(|i| (i % 251) as u8).collect();
        let mut hasher = Hasher::sha1();
        hasher.update(&content);
        let (stated, stop) = (hasher.sum(), Stop::default());
        let mut read_back = 0;
        let mut read = |buf: &mut [u8], at: u64| {
            buf.copy_from_slice(&content[at as usize..at as usize + buf.len()]);
            read_back += buf.len();
            Ok(())
        };
        let running = RunningSum::like(&stated);
        let (mut first, mut second) = (running.piece(0), running.piece(1000));
        for i in 0..10 {
            second.take(&content[1000 + i * 200..][..200]);
            first.take(&content[i * 100..][..100]);
        }
        second.end(&stop, &mut read).unwrap();
        first.end(&stop, &mut read).unwrap();
        assert_eq!(running.sum(3000, &stop, &mut read).unwrap(), stated);
        assert_eq!(read_back, 2000);
    }
}
