//! Whole trees: a local directory and a folder of a bucket, and all that is below them.
//!
//! What stands in the way of one file is reported and does not keep the others from travelling.
//! Symbolic links are reported and never followed; no name leads out of the tree.

mod delete;
mod download;
mod local;
mod remote;
mod report;
mod upload;

pub(super) use delete::delete;
pub use download::download;
pub use upload::upload;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::Call;
use crate::path::{Bucket, FilePath, FolderPath};
use crate::protocol::contract::{Place, Protocol};
use crate::reply::Result;
use crate::threads::Workers;

/// A folder of a bucket, with all that is below it.
#[derive(Clone, Copy)]
struct Remote<'a> {
    service: &'a dyn Protocol,
    call: &'a Call,
    bucket: &'a Bucket,
    root: &'a FolderPath,
}

impl<'a> Remote<'a> {
    /// The path of the file that is called `name` from the root.
    fn file(&self, name: &str) -> Result<FilePath> {
        let path = format!("{}{name}", self.root.as_str());
        FilePath::new("cos_path", &path, &self.service.limits().paths)
    }

    /// The path of the folder that is called `name`, with a slash at its end, from the root.
    fn folder(&self, name: &str) -> Result<FolderPath> {
        let path = format!("{}{name}", self.root.as_str());
        FolderPath::new("cos_path", &path, &self.service.limits().paths)
    }

    fn at(&self, path: &'a crate::path::CosPath) -> Place<'a> {
        Place { bucket: self.bucket, path }
    }
}

/// Does `work` for each of `items` on `workers`. An item that fails is reported by `work` itself; a
/// failure that it returns ends everything.
fn for_each<T: Sync>(
    call: &Call,
    workers: &Workers,
    items: &[T],
    work: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let next = || items.get(next.fetch_add(1, Ordering::Relaxed));
    workers.share_all(&call.stop, next, work)?;
    call.check_not_cancelled()
}
