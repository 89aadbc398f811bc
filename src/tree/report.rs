//! What became of each file of a tree.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::json;

use crate::answer::Answer;
use crate::client::Call;
use crate::code::Code;
use crate::error::{Failure, Result};
use crate::reply::Reply;
use crate::transfer::Transfer;

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

/// Collects lines from all threads.
#[derive(Debug, Default)]
pub struct Report(Mutex<Collected>);

#[derive(Debug, Default)]
struct Collected {
    lines: Vec<Line>,
    first_failure: Option<Failure>,
}

impl Report {
    fn push(&self, line: Line) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.push(line);
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
        match result {
            Err(failure)
                if failure.is(Code::COS_ERR_CANCELLED) || failure.is(Code::COS_ERR_CONNECT) =>
            {
                Err(failure)
            }
            Err(failure) => {
                self.failed(path, &failure);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Counts the transfer as complete, if it is.
    pub fn complete(&self, transfer: &Transfer) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).first_failure.is_none() {
            transfer.complete();
        }
    }

    /// `path` could not be transferred.
    pub fn failed(&self, path: &str, failure: &Failure) {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if collected.first_failure.is_none() {
            let message = format!("{path}: {}", failure.message);
            collected.first_failure = Some(Failure { message, ..failure.clone() });
        }
        collected.lines.push(Line {
            path: path.to_owned(),
            action: "failed",
            bytes: None,
            code: Some(failure.code),
            message: Some(failure.message.clone()),
        });
    }

    /// The first failure of a file, which names the file.
    pub fn into_first_failure(self) -> Option<Box<Failure>> {
        let collected = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        collected.first_failure.map(Box::new)
    }

    /// The answer: `result`, or the first file's failure, with a line per file in `data.files`,
    /// sorted by path.
    pub fn answer(
        self,
        result: Result<()>,
        call: &Call,
        transfer: &Transfer,
        seconds: f64,
    ) -> Answer {
        let collected = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut lines = collected.lines;
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        let count = |action| lines.iter().filter(|line| line.action == action).count();
        let data = json!({
            "uploaded": count("uploaded"),
            "downloaded": count("downloaded"),
            "unchanged": count("unchanged"),
            "ignored": count("ignored"),
            "failed": count("failed"),
            "files": lines,
        });
        let transfer = json!({
            "bytes": transfer.progress().1,
            "sent_bytes": call.traffic.sent(),
            "received_bytes": call.traffic.received(),
            "resumed_bytes": transfer.resumed(),
            "seconds": seconds,
        });
        let failure = match (result, collected.first_failure) {
            (Err(failure), _) => Some(failure),
            (Ok(()), first) => first.map(|first| Box::new(Failure { reply: None, ..first })),
        };
        let answer = match failure {
            None => Answer::success(Reply::compose(&data)),
            Some(failure) => Answer::from(failure).with("data", &data.to_string()),
        };
        answer.with("transfer", &transfer.to_string())
    }
}
