//! What became of each file of a tree.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::json;

use crate::client::Call;
use crate::ops::file::stat_operation;
use crate::path::{Bucket, FolderPath};
use crate::reply::answer::Answer;
use crate::reply::{Code, Failure, Phase, Reply, Result};
use crate::transfer::Transfer;

const FAILED: &str = "failed";

/// A line of the report.
#[derive(Debug, Clone, Serialize)]
struct Line {
    path: String,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
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

/// Collects lines from all threads.
pub struct Report<'a> {
    call: &'a Call,
    bucket: &'a Bucket,
    collected: Mutex<Collected>,
}

#[derive(Default)]
struct Collected {
    lines: Vec<Line>,
    first_failure: Option<Failure>,
    /// Files in a row that could not connect, and whose connection broke.
    unconnected: usize,
    broken: usize,
}

impl<'a> Report<'a> {
    /// An empty report of a tree in `bucket`.
    pub fn new(call: &'a Call, bucket: &'a Bucket) -> Report<'a> {
        Report { call, bucket, collected: Mutex::default() }
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: Line) {
        self.collected().lines.push(line);
    }

    /// `action` was done for `path`.
    pub fn done(&self, path: &str, action: &'static str, bytes: u64) {
        let bytes = Some(bytes);
        self.push(Line { path: path.to_owned(), action, bytes, code: None, message: None });
    }

    /// `path` is not something to transfer.
    pub fn ignored(&self, path: &str, why: &str) {
        let message = Some(why.to_owned());
        let path = path.to_owned();
        self.push(Line { path, action: "ignored", bytes: None, code: None, message });
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
        match failure.phase {
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
            match failure.phase.may_have_reached_server() {
                false => collected.unconnected += 1,
                true => collected.broken += 1,
            }
            (collected.unconnected, collected.broken)
        };
        let is_gone =
            unconnected >= MOST_UNCONNECTED || (broken >= MOST_BROKEN && !self.server_answers()?);
        if !is_gone {
            return Ok(());
        }
        let message = format!("the server can't be reached any more; {path}: {}", failure.message);
        Err(Box::new(Failure { message, ..failure.clone() }))
    }

    fn server_answers(&self) -> Result<bool> {
        let root = FolderPath::new("cos_path", "/")?;
        let answer = self.call.run(&stat_operation(self.bucket, &root));
        self.call.check_not_cancelled()?;
        let is_there = !answer.is_err_and(|failure| failure.is(Code::COS_ERR_CONNECT));
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
        for line in self.collected().lines.iter().filter(|line| line.action == FAILED) {
            add_folders_of(&line.path, &mut folders);
        }
        folders
    }

    /// `path` could not be transferred.
    pub fn failed(&self, path: &str, failure: &Failure) {
        let path = if path.is_empty() { "./" } else { path };
        let mut collected = self.collected();
        if collected.first_failure.is_none() {
            let message = format!("{path}: {}", failure.message);
            collected.first_failure = Some(Failure { message, ..failure.clone() });
        }
        collected.lines.push(Line {
            path: path.to_owned(),
            action: FAILED,
            bytes: None,
            code: Some(failure.code),
            message: Some(failure.message.clone()),
        });
    }

    /// The answer of an upload or a download: `result`, or the first file's failure, with a line
    /// per file in `data.files`, sorted by path.
    pub fn answer(self, result: Result<()>, transfer: &Transfer, seconds: f64) -> Answer {
        let call = self.call;
        let (failure, lines) = self.into_parts(result);
        let count = |action| lines.iter().filter(|line| line.action == action).count();
        let data = json!({
            "uploaded": count("uploaded"),
            "downloaded": count("downloaded"),
            "unchanged": count("unchanged"),
            "ignored": count("ignored"),
            "failed": count(FAILED),
            "files": lines,
        });
        let transfer = json!({
            "bytes": transfer.progress().1,
            "sent_bytes": call.traffic.sent(),
            "received_bytes": call.traffic.received(),
            "resumed_bytes": transfer.resumed(),
            "seconds": seconds,
        });
        answer(failure, &data).with("transfer", &transfer.to_string())
    }

    /// The answer of a deletion: how many files and folders are gone, and a line for each that is
    /// not.
    pub fn answer_of_deletion(self, result: Result<()>, files: usize, folders: usize) -> Answer {
        let (failure, lines) = self.into_parts(result);
        let data = json!({
            "files": files,
            "folders": folders,
            "failed": lines.len(),
            "failures": lines,
        });
        answer(failure, &data)
    }

    fn into_parts(self, result: Result<()>) -> (Option<Box<Failure>>, Vec<Line>) {
        let collected = self.collected.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut lines = collected.lines;
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        let failure = match (result, collected.first_failure) {
            (Err(failure), _) => Some(failure),
            (Ok(()), first) => first.map(|first| Box::new(Failure { reply: None, ..first })),
        };
        (failure, lines)
    }
}

fn answer(failure: Option<Box<Failure>>, data: &serde_json::Value) -> Answer {
    match failure {
        None => Answer::success(Reply::compose(data)),
        Some(failure) => Answer::from(failure).with("data", &data.to_string()),
    }
}
