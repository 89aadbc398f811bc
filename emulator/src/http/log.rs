//! What was asked and what was answered.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

/// Beyond this many the oldest are forgotten.
const CAPACITY: usize = 100_000;

/// One request, as `GET /_emulator/requests` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Counts requests from 1.
    pub sequence: u64,
    /// Counts connections from 1: equal numbers mean a reused connection.
    pub connection: u64,
    /// The HTTP method.
    pub method: String,
    /// The request target as sent, with its query.
    pub target: String,
    /// The decoded path.
    pub path: String,
    /// The operation: a value of `op=`, `download`, or the name of one of the XML API; empty while
    /// unknown.
    pub op: String,
    /// The `Host` header.
    pub host: String,
    /// The HTTP status answered, if anything was.
    pub status: Option<u16>,
    /// The `code` answered.
    pub code: Option<i32>,
    /// The error word of the XML API that was answered.
    pub word: Option<String>,
    /// Why the request was refused, in words.
    pub detail: Option<String>,
    /// The `offset` of a slice, or the start of a download's range.
    pub offset: Option<u64>,
    /// The number of a part.
    pub part: Option<u64>,
    /// How much of the request body was read.
    pub body_bytes: u64,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// `once` or `multi`, when there was a signature that could be read.
    pub sign: Option<String>,
    /// `header` or `query`, when there was a signature.
    pub sign_place: Option<String>,
    /// The fault that struck, as JSON.
    pub fault: Option<String>,
    /// When the request head had arrived, in milliseconds since 1970.
    pub started_ms: u64,
    /// When the answer was ready.
    pub finished_ms: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    records: Mutex<(u64, VecDeque<Record>)>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Record>)> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a record and gives it its number.
    pub fn begin(&self, record: &mut Record) {
        let mut records = self.lock();
        records.0 += 1;
        record.sequence = records.0;
        if records.1.len() == CAPACITY {
            records.1.pop_front();
        }
        records.1.push_back(record.clone());
    }

    /// Replaces the record of this number by what is known now.
    pub fn update(&self, record: &Record) {
        let mut records = self.lock();
        let found = records.1.binary_search_by_key(&record.sequence, |known| known.sequence);
        if let Ok(index) = found {
            records.1[index] = record.clone();
        }
    }

    pub fn all(&self) -> Vec<Record> {
        self.lock().1.iter().cloned().collect()
    }

    pub fn clear(&self) {
        self.lock().1.clear();
    }
}
