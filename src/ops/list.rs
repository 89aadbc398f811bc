//! Lists: a page, or all pages one after the other.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::begin;
use crate::call::Call;
use crate::client::Client;
use crate::path::FolderPath;
use crate::protocol::contract::{Below, PageQuery, Place, Protocol};
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
    let has_folders = this.options.flag("folders")?.unwrap_or(false);
    if has_folders && !is_flat {
        let problem = "must be given together with recursive; other lists have folders anyway";
        return Err(Failure::argument("folders", problem));
    }
    if is_flat && delimiter.is_some() {
        let problem = "must not be given with recursive, which has nothing to do with folders";
        return Err(Failure::argument("delimiter", problem));
    }
    this.no_more_options()?;
    let at = Place { bucket: &this.bucket, path: &path };
    let below = match (is_flat, has_folders) {
        (false, _) => Below::Folder,
        (true, false) => Below::Files,
        (true, true) => Below::Everything,
    };
    let (service, call, delimiter) = (&*this.service, &this.call, delimiter.as_deref());
    let num = if all { num } else { Some(num.unwrap_or(limits.page)) };
    let query = PageQuery { num, delimiter, ..PageQuery::new(below) };
    let lister = Lister { service, call, query };
    if all {
        return lister.all(at, context);
    }
    lister.page(at, &context)
}

/// Reads lists.
pub struct Lister<'a> {
    service: &'a dyn Protocol,
    call: &'a Call,
    /// What is the same for all pages.
    query: PageQuery<'a>,
}

/// How far a list was read.
#[derive(Default)]
pub struct Cursor {
    context: String,
    /// The contexts that there were, as numbers.
    seen: HashSet<u64>,
    /// Pages without entries in a row.
    empty: usize,
    /// The page that was read last.
    last: Option<Reply>,
}

impl Cursor {
    /// The failure for a list that can't be used, whatever its last page says.
    pub fn unexpected(&self, problem: &str) -> Box<Failure> {
        match &self.last {
            Some(page) => page.unexpected(problem),
            None => Reply::done().unexpected(problem),
        }
    }
}

/// A page of a list.
pub struct Page<T> {
    /// What is in it.
    pub entries: Vec<T>,
    /// Whether nothing follows.
    pub is_last: bool,
    /// The size of the content that the folder itself has, if it has some.
    pub own_size: Option<u64>,
}

/// `data` of a page. `listover` is true when nothing follows, whatever the official page says.
#[derive(Deserialize)]
struct Data<T> {
    #[serde(default)]
    context: Option<String>,
    #[serde(deserialize_with = "flag")]
    listover: bool,
    #[serde(default = "Option::default")]
    infos: Option<Vec<T>>,
    #[serde(default, rename = "filesize")]
    own_size: Option<u64>,
}

impl<T> Data<T> {
    fn page(self) -> Page<T> {
        let Data { listover, infos, own_size, .. } = self;
        Page { entries: infos.unwrap_or_default(), is_last: listover, own_size }
    }
}

impl<'a> Lister<'a> {
    /// Lists as few pages as the server allows.
    pub fn new(service: &'a dyn Protocol, call: &'a Call, below: Below) -> Lister<'a> {
        Lister { service, call, query: PageQuery::new(below) }
    }

    fn page(&self, at: Place, context: &str) -> Result<Reply> {
        self.service.list(self.call, at, &PageQuery { context, ..self.query })
    }

    /// The page behind `cursor`, which moves there.
    pub fn next<T: DeserializeOwned>(&self, at: Place, cursor: &mut Cursor) -> Result<Page<T>> {
        let is_first = cursor.last.is_none();
        if !is_first && !cursor.seen.insert(hash(&cursor.context)) {
            return Err(cursor.unexpected("the list does not end: its context repeats"));
        }
        let pages = cursor.seen.len();
        if pages >= MOST_PAGES || cursor.empty >= MOST_EMPTY_PAGES {
            return Err(cursor.unexpected(&format!("the list does not end: {pages} pages")));
        }
        let reply = self.page(at, &cursor.context).map_err(|failure| {
            match failure.argument_name() {
                // The caller has not given it, so it is not the caller's fault.
                Some("context") if !is_first => cursor.unexpected(
                    "its context makes the URL of the next page longer than 1024 bytes; \
                     folders with shorter names, or fewer entries in one, can be listed",
                ),
                _ => failure,
            }
        })?;
        let mut data: Data<T> = reply.data()?;
        cursor.context = data.context.take().unwrap_or_default();
        let page = data.page();
        cursor.empty = if page.entries.is_empty() { cursor.empty + 1 } else { 0 };
        cursor.last = Some(reply);
        Ok(page)
    }

    /// The page of what stands behind `name` in a list of all that is below a folder.
    pub fn behind<T: DeserializeOwned>(&self, at: Place, name: &str) -> Result<Page<T>> {
        let query = PageQuery { behind: Some(name), ..self.query };
        let reply = self.service.list(self.call, at, &query)?;
        let data: Data<T> = reply.data()?;
        Ok(data.page())
    }

    /// All entries in one reply.
    fn all(&self, at: Place, context: String) -> Result<Reply> {
        let mut data = String::from(r#"{"context":"","listover":true,"infos":["#);
        let start = data.len();
        let mut cursor = Cursor { context, ..Cursor::default() };
        let mut own_size = None;
        loop {
            let page: Page<Box<RawValue>> = self.next(at, &mut cursor)?;
            own_size = own_size.or(page.own_size);
            for entry in page.entries {
                let separator = if data.len() == start { "" } else { "," };
                json::append(&mut data, separator)?;
                json::append(&mut data, entry.get())?;
            }
            if data.len() > MOST_BYTES {
                return Err(cursor.unexpected(&format!(
                    "the list has more than {MOST_BYTES} bytes: read it page by page, with context"
                )));
            }
            if page.is_last {
                let own_size =
                    own_size.map_or(String::new(), |size| format!(",\"filesize\":{size}"));
                json::append(&mut data, &format!("]{own_size}}}"))?;
                return cursor.last.unwrap_or_else(Reply::done).with_data(&data);
            }
        }
    }
}

/// Stands for a context, which may be long.
fn hash(context: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    context.hash(&mut hasher);
    hasher.finish()
}
