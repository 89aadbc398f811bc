//! What became of each file of a tree.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::Remote;
use crate::path::FolderPath;
use crate::protocol::contract::Ask;
use crate::reply::write::Object;
use crate::reply::{Code, Failure, Phase, Reply, Result};
use crate::transfer::Transfer;

/// What became of one file. There may be a million of them.
#[derive(Debug)]
struct Entry {
    path: Box<str>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    /// What was done, and how many bytes the file has.
    Done(&'static str, u64),
    /// Why it is not something to transfer.
    Ignored(&'static str),
    /// Why not.
    Failed(Box<Why>),
}

/// Why a file stayed where it was.
#[derive(Debug)]
struct Why {
    code: i32,
    message: String,
    server_code: Option<String>,
    errno: Option<&'static str>,
}

/// An entry in the reply.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<&'a str>,
}

impl Entry {
    fn line(&self) -> Line<'_> {
        let (path, bytes, code, message) = (&*self.path, None, None, None);
        let (server_code, errno) = (None, None);
        let line = |action| Line { path, action, bytes, code, message, server_code, errno };
        match &self.outcome {
            Outcome::Done(action, bytes) => Line { bytes: Some(*bytes), ..line(action) },
            Outcome::Ignored(why) => Line { message: Some(why), ..line("ignored") },
            Outcome::Failed(why) => Line {
                code: Some(why.code),
                message: Some(&why.message),
                server_code: why.server_code.as_deref(),
                errno: why.errno,
                ..line("failed")
            },
        }
    }

    fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.line().serialize(serializer)
    }
}

/// `data` of the reply to an upload or a download.
#[derive(Serialize)]
struct Transferred {
    uploaded: usize,
    downloaded: usize,
    unchanged: usize,
    ignored: usize,
    failed: usize,
    files: Vec<Entry>,
}

/// `data` of the reply to a deletion.
#[derive(Serialize)]
struct Deleted {
    files: usize,
    folders: usize,
    failed: usize,
    failures: Vec<Entry>,
}

/// So many files in a row that could not even connect are the server's fault, not theirs.
const MOST_UNCONNECTED: usize = 4;
/// After so many in a row whose connection broke, the server is asked whether it is there.
const MOST_BROKEN: usize = 8;

/// Adds the folders that `path` is in, itself if it is one, and the root, which is "".
pub fn add_folders_of(path: &str, folders: &mut HashSet<String>) {
    for (end, _) in path.rmatch_indices('/') {
        // What is around a folder that is known is known, too.
        if !folders.insert(path[..=end].to_owned()) {
            return;
        }
    }
    folders.insert(String::new());
}

/// Collects entries from all threads.
pub struct Report<'a> {
    remote: Remote<'a>,
    collected: Mutex<Collected>,
}

#[derive(Default)]
struct Collected {
    entries: Vec<Entry>,
    first_failure: Option<Box<Failure>>,
    /// Files in a row that could not connect, and whose connection broke.
    unconnected: usize,
    broken: usize,
}

impl<'a> Report<'a> {
    /// An empty report of a transfer from, or to, a folder.
    pub fn new(remote: Remote<'a>) -> Report<'a> {
        Report { remote, collected: Mutex::default() }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, path: &str, outcome: Outcome) {
        self.collected().entries.push(Entry { path: path.into(), outcome });
    }

    /// `action` was done for `path`.
    pub fn done(&self, path: &str, action: &'static str, bytes: u64) {
        self.push(path, Outcome::Done(action, bytes));
    }

    /// `path` is not something to transfer.
    pub fn ignored(&self, path: &str, why: &'static str) {
        self.push(path, Outcome::Ignored(why));
    }

    /// Notes the failure of one file, and returns it only if it will be every file's.
    pub fn note(&self, path: &str, result: Result<()>) -> Result<()> {
        let Err(failure) = result else {
            self.heard_of_server();
            return Ok(());
        };
        if failure.is(Code::COS_ERR_CANCELLED) {
            return Err(failure);
        }
        self.failed(path, &failure);
        match failure.phase() {
            Phase::Argument | Phase::LocalFile => Ok(()),
            _ if !failure.is(Code::COS_ERR_CONNECT) => {
                self.heard_of_server();
                Ok(())
            }
            _ => self.check_server(path, &failure),
        }
    }

    fn heard_of_server(&self) {
        let mut collected = self.collected();
        (collected.unconnected, collected.broken) = (0, 0);
    }

    /// Fails if it is not only this file that finds no server.
    fn check_server(&self, path: &str, failure: &Failure) -> Result<()> {
        let (unconnected, broken) = {
            let mut collected = self.collected();
            if failure.phase().may_have_reached_server() {
                collected.broken += 1;
            } else {
                collected.unconnected += 1;
            }
            (collected.unconnected, collected.broken)
        };
        let is_gone =
            unconnected >= MOST_UNCONNECTED || (broken >= MOST_BROKEN && !self.server_answers()?);
        if !is_gone {
            return Ok(());
        }
        let problem = format!("the server can't be reached any more; {path}");
        Err(Box::new(failure.clone()).prefixed(problem))
    }

    fn server_answers(&self) -> Result<bool> {
        let Remote { service, call, .. } = self.remote;
        let root = FolderPath::new("cos_path", "/", &service.limits().paths)?;
        let reply = service.stat(call, self.remote.at(&root), Ask::OfContent);
        call.check_not_cancelled()?;
        let is_there = !reply.is_err_and(|failure| failure.is(Code::COS_ERR_CONNECT));
        if is_there {
            self.heard_of_server();
        }
        Ok(is_there)
    }

    /// Counts the transfer as complete, if it is.
    pub fn complete(&self, transfer: &Transfer) {
        if self.collected().first_failure.is_none() {
            transfer.complete();
        }
    }

    /// The folders in which something has failed, however deep, or which have failed themselves.
    pub fn folders_with_failures(&self) -> HashSet<String> {
        let mut folders = HashSet::new();
        for entry in self.collected().entries.iter().filter(|entry| entry.is_failure()) {
            add_folders_of(&entry.path, &mut folders);
        }
        folders
    }

    /// `path` could not be transferred.
    pub fn failed(&self, path: &str, failure: &Failure) {
        let path = if path.is_empty() { "./" } else { path };
        let mut collected = self.collected();
        if collected.first_failure.is_none() {
            collected.first_failure = Some(Box::new(failure.clone()).prefixed(path));
        }
        let why = Why {
            code: failure.code(),
            message: failure.message().to_owned(),
            server_code: failure.server_code().map(str::to_owned),
            errno: failure.errno(),
        };
        collected.entries.push(Entry { path: path.into(), outcome: Outcome::Failed(why.into()) });
    }

    /// The reply to an upload or a download: `result`, or the first file's failure, with an entry
    /// for each file in `data.files`, sorted by path.
    pub fn reply(self, result: Result<()>, transfer: &Transfer, time: Duration) -> Reply {
        let call = self.remote.call;
        let (failure, files) = self.into_parts(result);
        let count = |action| files.iter().filter(|entry| entry.line().action == action).count();
        let data = Transferred {
            uploaded: count("uploaded"),
            downloaded: count("downloaded"),
            unchanged: count("unchanged"),
            ignored: count("ignored"),
            failed: count("failed"),
            files,
        };
        let transfer = Object::new()
            .with("bytes", transfer.progress().1)
            .with("sent_bytes", call.traffic().sent())
            .with("received_bytes", call.traffic().received())
            .with("resumed_bytes", transfer.resumed())
            .with("seconds", time);
        with_data(head(failure).with("transfer", &transfer.into_text()), data)
    }

    /// The reply to a deletion: how many files and folders are gone, and an entry for each that is
    /// not.
    pub fn reply_to_deletion(self, result: Result<()>, files: usize, folders: usize) -> Reply {
        let (failure, failures) = self.into_parts(result);
        let failed = failures.len();
        with_data(head(failure), Deleted { files, folders, failed, failures })
    }

    fn into_parts(self, result: Result<()>) -> (Option<Box<Failure>>, Vec<Entry>) {
        let collected = self.collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut entries = collected.entries;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let failure = match (result, collected.first_failure) {
            (Err(failure), _) => Some(failure),
            (Ok(()), first) => first.map(Failure::without_reply),
        };
        (failure, entries)
    }
}

fn head(failure: Option<Box<Failure>>) -> Reply {
    failure.map_or_else(Reply::done, Reply::from)
}

/// The reply with what may be the most of it, which is let go of before there are two copies of its
/// text.
fn with_data(reply: Reply, data: impl Serialize) -> Reply {
    let text = serde_json::to_string(&data);
    drop(data);
    match text {
        Ok(text) => reply.with("data", &text),
        Err(error) => Failure::internal(error.to_string()).into(),
    }
}
