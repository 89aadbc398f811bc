//! Operations on folders. Their paths end with `/`; `/` is the bucket.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::client::{Call, Client};
use crate::error::{Failure, Result};
use crate::file::{delete_operation, stat_operation};
use crate::options::Options;
use crate::path::{Bucket, CosPath, FolderPath};
use crate::reply::{Reply, lenient_flag};
use crate::request::{Operation, Parameters, Repeat, Signature};
use crate::tree;

/// The page size where none is given: the largest that every server accepts.
const DEFAULT_NUM: u64 = 199;

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
        return tree::delete(&call, &bucket, &path, concurrency);
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
    let num = options.integer("num", 1..=1000)?.unwrap_or(DEFAULT_NUM);
    let path = folder.with_prefix(&options.text("prefix")?.unwrap_or_default())?;
    let context = options.text("context")?.unwrap_or_default();
    let delimiter = options.text("delimiter")?;
    let all = options.flag("all")?.unwrap_or(false);
    options.finish()?;
    let page = |context: &str| list_page(&call, &bucket, &path, num, context, delimiter.as_deref());
    match all {
        true => list_all(context, page),
        false => page(&context),
    }
}

fn list_page(
    call: &Call,
    bucket: &Bucket,
    path: &CosPath,
    num: u64,
    context: &str,
    delimiter: Option<&str>,
) -> Result<Reply> {
    let mut query =
        vec![("op", "list".to_owned()), ("num", num.to_string()), ("context", context.to_owned())];
    // An empty delimiter was mis-handled by servers; the reference SDK stopped sending it.
    if let Some(delimiter) = delimiter.filter(|delimiter| !delimiter.is_empty()) {
        query.push(("delimiter", delimiter.to_owned()));
    }
    call.run(&Operation {
        bucket,
        path,
        signature: Signature::Multi,
        parameters: Parameters::Query(query),
        repeat: Repeat::Always,
    })
}

/// `data` of a page. `listover` is true when nothing follows, whatever the official page says.
#[derive(Deserialize, Serialize)]
struct Page<T> {
    #[serde(default)]
    context: Option<String>,
    #[serde(deserialize_with = "lenient_flag")]
    listover: bool,
    #[serde(default = "Option::default")]
    infos: Option<Vec<T>>,
}

/// All entries of a folder, each of the shape `T`.
pub fn entries<T: DeserializeOwned>(
    call: &Call,
    bucket: &Bucket,
    path: &FolderPath,
) -> Result<Vec<T>> {
    let page = |context: &str| list_page(call, bucket, path, DEFAULT_NUM, context, None);
    let reply = list_all(String::new(), page)?;
    Ok(reply.data::<Page<T>>()?.infos.unwrap_or_default())
}

/// Follows `context` from page to page and puts all entries into one reply.
fn list_all(mut context: String, page: impl Fn(&str) -> Result<Reply>) -> Result<Reply> {
    let mut infos = Vec::new();
    let mut seen = HashSet::new();
    loop {
        let reply = page(&context)?;
        let data: Page<Box<RawValue>> = reply.data()?;
        infos.extend(data.infos.unwrap_or_default());
        if data.listover {
            let all = Page { context: Some(String::new()), listover: true, infos: Some(infos) };
            let all = serde_json::to_string(&all).map_err(|e| reply.unexpected(&e.to_string()))?;
            return Ok(reply.with_data(&all));
        }
        context = data.context.unwrap_or_default();
        if !seen.insert(context.clone()) {
            return Err(reply.unexpected("the list does not end: its context repeats"));
        }
    }
}
