//! Operations on folders. Their paths end with `/`; `/` is the bucket.

use super::{begin, tree};
use crate::client::Client;
use crate::path::FolderPath;
use crate::protocol::contract::{Ask, Changes, Retry};
use crate::reply::{Failure, Reply, Result};

pub use super::list::list;

/// Creates a folder.
pub fn create(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FolderPath::below_root, options, None)?;
    let biz_attr = this.options.text("biz_attr")?.unwrap_or_default();
    this.no_more_options()?;
    this.service.create_folder(&this.call, this.at(), &biz_attr)
}

/// What the service knows of a folder.
pub fn stat(client: &Client, bucket: &str, cos_path: &str, options: Option<&str>) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FolderPath::new, options, None)?;
    this.no_more_options()?;
    this.service.stat(&this.call, this.at(), Ask::All)
}

/// Changes the folder's `biz_attr`, the only attribute it has.
pub fn update(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FolderPath::below_root, options, None)?;
    let biz_attr = this.options.text("biz_attr")?;
    this.no_more_options()?;
    if biz_attr.is_none() {
        return Err(Failure::argument(
            "options",
            "must give biz_attr: there is nothing else to update",
        ));
    }
    let changes = Changes { biz_attr, ..Changes::default() };
    this.service.update(&this.call, this.at(), &changes, Retry::IfUnsent)
}

/// Deletes a folder; with `recursive`, everything below it as well.
pub fn delete(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
) -> Result<Reply> {
    let mut this = begin(client, bucket, cos_path, FolderPath::below_root, options, None)?;
    let recursive = this.options.flag("recursive")?.unwrap_or(false);
    let concurrency = this.options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize;
    this.no_more_options()?;
    if recursive {
        return tree::delete(this, concurrency, client.counts.as_deref());
    }
    this.service.delete(&this.call, this.at(), Retry::IfUnsent)
}
