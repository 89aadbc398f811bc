//! Lists: a page, or all pages one after the other.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::begin;
use crate::call::Call;
use crate::client::Client;
use crate::path::FolderPath;
use crate::protocol::contract::{PageQuery, Place, Protocol};
use crate::reply::lenient::flag;
use crate::reply::{Failure, Reply, Result, json};

/// A list that has more pages, or so many empty ones in a row, does not end.
const MOST_PAGES: usize = 100_000;
const MOST_EMPTY_PAGES: usize = 100;
/// The bytes of all entries in one reply, at the most.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The entries of a folder, a page or all of them.
pub fn list(client: &Client, bucket: &str, cos_path: &str, options: Option<&str>) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FolderPath::new, options, None)?;
    let limits = this.service.limits();
    let num = this.options.integer("num", 1..=limits.largest_page)?;
    let prefix = this.options.text("prefix")?.unwrap_or_default();
    let path = this.path.with_prefix(&prefix, &limits.paths)?;
    let context = this.options.text("context")?.unwrap_or_default();
    let delimiter = this.options.text("delimiter")?;
    let all = this.options.flag("all")?.unwrap_or(false);
    let is_flat = this.options.flag("recursive")?.unwrap_or(false);
    if is_flat && delimiter.is_some() {
        let problem = "must not be given with recursive, which has nothing to do with folders";
        return Err(Failure::argument("delimiter", problem));
    }
    this.no_more_options()?;
    let at = Place { bucket: &this.bucket, path: &path };
    let lister = Lister { service: &*this.service, call: &this.call, delimiter, is_flat, num };
    if all {
        return lister.all(at, context);
    }
    lister.page(at, Some(num.unwrap_or(limits.page)), &context)
}

/// Reads lists.
pub struct Lister<'a> {
    service: &'a dyn Protocol,
    call: &'a Call,
    delimiter: Option<String>,
    is_flat: bool,
    /// Entries a page; `None` for as many as the server gives.
    num: Option<u64>,
}

/// `data` of a page. `listover` is true when nothing follows, whatever the official page says.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    context: Option<String>,
    #[serde(deserialize_with = "flag")]
    listover: bool,
    #[serde(default = "Option::default")]
    infos: Option<Vec<T>>,
}

impl<'a> Lister<'a> {
    /// Lists as few pages as the server allows.
    pub fn new(service: &'a dyn Protocol, call: &'a Call) -> Lister<'a> {
        Lister { service, call, delimiter: None, is_flat: false, num: None }
    }

    fn page(&self, at: Place, num: Option<u64>, context: &str) -> Result<Reply> {
        let delimiter = self.delimiter.as_deref();
        self.service.list(
            self.call,
            at,
            &PageQuery { num, context, delimiter, is_flat: self.is_flat },
        )
    }

    /// Follows `context` from page to page. `take` gets the entries of each, each a `T`,
    /// and may end it. The last page is returned.
    pub fn follow<T: DeserializeOwned>(
        &self,
        at: Place,
        mut context: String,
        take: &mut dyn FnMut(Vec<T>) -> ControlFlow<()>,
    ) -> Result<Reply> {
        let (mut seen, mut empty) = (HashSet::new(), 0);
        let mut reply = self.page(at, self.num, &context)?;
        loop {
            let data: Page<T> = reply.data()?;
            let infos = data.infos.unwrap_or_default();
            empty = if infos.is_empty() { empty + 1 } else { 0 };
            if take(infos).is_break() || data.listover {
                return Ok(reply);
            }
            context = data.context.unwrap_or_default();
            if !seen.insert(hash(&context)) {
                return Err(reply.unexpected("the list does not end: its context repeats"));
            }
            if seen.len() >= MOST_PAGES || empty >= MOST_EMPTY_PAGES {
                let pages = seen.len();
                return Err(reply.unexpected(&format!("the list does not end: {pages} pages")));
            }
            reply = self.page(at, self.num, &context).map_err(|failure| {
                // The caller has not given it, so it is not the caller's fault.
                match failure.argument_name() {
                    Some("context") => reply.unexpected(
                        "its context makes the URL of the next page longer than 1024 bytes; \
                         folders with shorter names, or fewer entries in one, can be listed",
                    ),
                    _ => failure,
                }
            })?;
        }
    }

    /// All entries in one reply.
    fn all(&self, at: Place, context: String) -> Result<Reply> {
        let mut data = String::from(r#"{"context":"","listover":true,"infos":["#);
        let start = data.len();
        let mut result = Ok(());
        let last = self.follow(at, context, &mut |entries: Vec<Box<RawValue>>| {
            result = entries.iter().try_for_each(|entry| {
                let separator = if data.len() == start { "" } else { "," };
                json::append(&mut data, separator)?;
                json::append(&mut data, entry.get())
            });
            if result.is_err() || data.len() > MOST_BYTES {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        result?;
        if data.len() > MOST_BYTES {
            return Err(last.unexpected(&format!(
                "the list has more than {MOST_BYTES} bytes: read it page by page, with context"
            )));
        }
        json::append(&mut data, "]}")?;
        last.with_data(&data)
    }
}

/// Stands for a context, which may be long.
fn hash(context: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    context.hash(&mut hasher);
    hasher.finish()
}
