//! Operations on folders. Their paths end with `/`; `/` is the bucket.

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;

use crate::client::{Call, Client};
use crate::ops::file::{delete_operation, stat_operation};
use crate::ops::tree;
use crate::options::Options;
use crate::path::{Bucket, CosPath, FolderPath};
use crate::protocol::v4::request::{Operation, Parameters, Repeat, Signature};
use crate::reply::answer::Answer;
use crate::reply::{Code, Failure, Reply, Result, json, lenient_flag};

/// The page size where none is given: the largest that every server accepts.
const DEFAULT_NUM: u64 = 199;
/// The page size for a whole list: the largest that any server accepts.
const LARGEST_NUM: u64 = 1000;
/// How servers refuse a page size.
const NUM_REFUSED: [i32; 4] = [-165, -170, -4002, Code::COS_ERR_REQUEST_PARAM.number()];

/// A list that has more pages, or so many empty ones in a row, does not end.
const MOST_PAGES: usize = 100_000;
const MOST_EMPTY_PAGES: usize = 100;
/// The bytes of all entries in one reply, at the most.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// `op=create`.
pub fn create(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let bucket = Bucket::new(bucket)?;
    let path = FolderPath::below_root("cos_path", cos_path)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, None)?;
    let biz_attr = options.text("biz_attr")?.unwrap_or_default();
    options.finish()?;
    call.run(&create_operation(&bucket, &path, &biz_attr))
}

/// The operation behind [`create`].
pub fn create_operation<'a>(
    bucket: &'a Bucket,
    path: &'a FolderPath,
    biz_attr: &str,
) -> Operation<'a> {
    Operation {
        bucket,
        path,
        signature: Signature::Multi,
        parameters: Parameters::Json(json!({"op": "create", "biz_attr": biz_attr})),
        repeat: Repeat::IfUnsent,
    }
}

/// `op=stat`: what the service knows of a folder.
pub fn stat(client: &Client, bucket: &str, cos_path: &str, options: Option<&str>) -> Result<Reply> {
    let bucket = Bucket::new(bucket)?;
    let path = FolderPath::new("cos_path", cos_path)?;
    let call = client.plain_call(options)?;
    call.run(&stat_operation(&bucket, &path))
}

/// `op=update`: changes the folder's `biz_attr`, the only attribute it has.
pub fn update(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let bucket = Bucket::new(bucket)?;
    let path = FolderPath::below_root("cos_path", cos_path)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, None)?;
    let biz_attr = options.text("biz_attr")?;
    options.finish()?;
    let Some(biz_attr) = biz_attr else {
        return Err(Failure::argument(
            "options",
            "must give biz_attr: there is nothing else to update",
        ));
    };
    call.run(&Operation {
        bucket: &bucket,
        path: &path,
        signature: Signature::Once,
        parameters: Parameters::Json(json!({"op": "update", "biz_attr": biz_attr})),
        repeat: Repeat::IfUnsent,
    })
}

/// `op=delete`; with `recursive`, of everything below the folder as well.
pub fn delete(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Answer> {
    let bucket = Bucket::new(bucket)?;
    let path = FolderPath::below_root("cos_path", cos_path)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, None)?;
    let recursive = options.flag("recursive")?.unwrap_or(false);
    let concurrency = options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize;
    options.finish()?;
    if recursive {
        return tree::delete(&call.patient(), &bucket, &path, concurrency);
    }
    let reply = call.run(&delete_operation(&bucket, &path, Repeat::IfUnsent))?;
    Ok(Answer::success(reply))
}

/// `op=list`: the entries of a folder, a page or all of them.
pub fn list(client: &Client, bucket: &str, cos_path: &str, options: Option<&str>) -> Result<Reply> {
    let bucket = Bucket::new(bucket)?;
    let folder = FolderPath::new("cos_path", cos_path)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, None)?;
    let num = options.integer("num", 1..=LARGEST_NUM)?;
    let path = folder.with_prefix(&options.text("prefix")?.unwrap_or_default())?;
    let context = options.text("context")?.unwrap_or_default();
    let delimiter = options.text("delimiter")?;
    let all = options.flag("all")?.unwrap_or(false);
    options.finish()?;
    let lister = Lister { delimiter, ..Lister::new(&call, &bucket) };
    if let Some(num) = num {
        lister.num.set(num);
    }
    match all {
        true => lister.all(&path, context),
        false => lister.page(&path, num.unwrap_or(DEFAULT_NUM), &context),
    }
}

/// Reads lists.
pub struct Lister<'a> {
    call: &'a Call,
    bucket: &'a Bucket,
    delimiter: Option<String>,
    /// Entries a page: what the server has not refused so far.
    num: Cell<u64>,
}

/// `data` of a page. `listover` is true when nothing follows, whatever the official page says.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    context: Option<String>,
    #[serde(deserialize_with = "lenient_flag")]
    listover: bool,
    #[serde(default = "Option::default")]
    infos: Option<Vec<T>>,
}

impl<'a> Lister<'a> {
    /// Lists as few pages as the server allows.
    pub fn new(call: &'a Call, bucket: &'a Bucket) -> Lister<'a> {
        Lister { call, bucket, delimiter: None, num: Cell::new(LARGEST_NUM) }
    }

    fn page(&self, path: &CosPath, num: u64, context: &str) -> Result<Reply> {
        let mut query = vec![
            ("op", "list".to_owned()),
            ("num", num.to_string()),
            ("context", context.to_owned()),
        ];
        // An empty delimiter was mis-handled by servers; the reference SDK stopped sending it.
        if let Some(delimiter) = self.delimiter.as_ref().filter(|delimiter| !delimiter.is_empty()) {
            query.push(("delimiter", delimiter.to_owned()));
        }
        self.call.run(&Operation {
            bucket: self.bucket,
            path,
            signature: Signature::Multi,
            parameters: Parameters::Query(query),
            repeat: Repeat::Always,
        })
    }

    /// A page of a list that is read to its end: shorter ones where the server asks for them.
    fn next_page(&self, path: &CosPath, context: &str) -> Result<Reply> {
        let num = self.num.get();
        match self.page(path, num, context) {
            Err(failure) if num == LARGEST_NUM && NUM_REFUSED.contains(&failure.code) => {
                let reply = self.page(path, DEFAULT_NUM, context)?;
                self.num.set(DEFAULT_NUM);
                Ok(reply)
            }
            result => result,
        }
    }

    /// Follows `context` from page to page. `take` gets the entries of each, each of the shape `T`,
    /// and may end it. The last page is returned.
    pub fn follow<T: DeserializeOwned>(
        &self,
        path: &CosPath,
        mut context: String,
        take: &mut dyn FnMut(Vec<T>) -> ControlFlow<()>,
    ) -> Result<Reply> {
        let (mut seen, mut empty) = (HashSet::new(), 0);
        let mut reply = self.next_page(path, &context)?;
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
            reply = self.next_page(path, &context).map_err(|failure| {
                // The caller has not given it, so it is not the caller's fault.
                match failure.argument.as_deref() {
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
    fn all(&self, path: &CosPath, context: String) -> Result<Reply> {
        let mut data = String::from(r#"{"context":"","listover":true,"infos":["#);
        let start = data.len();
        let mut result = Ok(());
        let last = self.follow(path, context, &mut |entries: Vec<Box<RawValue>>| {
            result = entries.iter().try_for_each(|entry| {
                let separator = if data.len() == start { "" } else { "," };
                json::append(&mut data, separator)?;
                json::append(&mut data, entry.get())
            });
            match result.is_err() || data.len() > MOST_BYTES {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
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
