//! What a client wants to be true of an object.

use super::{
    headers::etag,
    request::Request,
    time::parse_http_date,
    words::{Failure, Word},
};
use crate::store::File;

/// What the conditions of a request say about an object.
struct Verdict {
    /// `If-Match` or `If-Unmodified-Since` does not hold.
    differs: bool,
    /// `If-None-Match` or `If-Modified-Since` does not hold.
    is_same: bool,
}

/// Looks at the four conditions whose names begin so.
fn verdict(request: &Request, prefix: &str, file: &File) -> Verdict {
    let header = |name: &str| request.header(&format!("{prefix}{name}"));
    let matches = |list: &str| {
        list.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_matches('"') == etag(file))
    };
    let changed_since = |date: &str| parse_http_date(date).map(|since| file.mtime > since);
    let differs = match header("if-match") {
        Some(list) => !matches(&list),
        None => header("if-unmodified-since").and_then(|date| changed_since(&date)) == Some(true),
    };
    let is_same = match header("if-none-match") {
        Some(list) => matches(&list),
        None => header("if-modified-since").and_then(|date| changed_since(&date)) == Some(false),
    };
    Verdict { differs, is_same }
}

/// Whether a reader has the object already; a failure if it has to be another one.
pub(crate) fn is_known(request: &Request, file: &File) -> Result<bool, Failure> {
    let verdict = verdict(request, "", file);
    if verdict.differs { Err(Word::PRECONDITION_FAILED.into()) } else { Ok(verdict.is_same) }
}

/// The conditions of a copy, which all fail alike.
pub(crate) fn check_source(request: &Request, file: &File) -> Result<(), Failure> {
    let verdict = verdict(request, "x-cos-copy-source-", file);
    if verdict.differs || verdict.is_same { Err(Word::PRECONDITION_FAILED.into()) } else { Ok(()) }
}
