//! Whole trees: a local directory and a folder of a bucket, and all that is below them.
//!
//! What stands in the way of one file is reported and does not keep the others from travelling.
//! Symbolic links are reported and never followed; no name leads out of the tree.

mod delete;
mod download;
mod existing;
mod local;
mod remote;
mod report;
mod upload;

pub(super) use delete::{delete, delete_files};
pub use download::download;
pub use upload::upload;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::call::Call;
use crate::path::{Bucket, CosPath, FilePath, FolderPath};
use crate::protocol::contract::{Place, Protocol};
use crate::reply::Result;
use crate::threads::{self, Workers};

/// So many things may wait for a worker before more are looked for.
const ENOUGH: usize = 1000;

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

    fn at(&self, path: &'a CosPath) -> Place<'a> {
        Place { bucket: self.bucket, path }
    }
}

/// What a look at a part of a tree has found.
struct Found<P, T> {
    /// Things to work on.
    items: Vec<T>,
    /// Parts of the tree that are to be looked at.
    parts: Vec<P>,
}

/// What the workers of a tree have before them.
struct Waiting<P, T> {
    items: VecDeque<T>,
    parts: Vec<P>,
}

enum Job<P, T> {
    Look(P),
    Work(T),
}

/// Does `work` for each item of a tree while more of it is looked for, beginning with `first`. An
/// item that fails is reported by `work` itself; a failure that it returns ends everything.
fn go_through<P: Send, T: Send>(
    call: &Call,
    workers: &Workers,
    first: P,
    look: impl Fn(P) -> Result<Found<P, T>> + Sync,
    work: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    let waiting = Mutex::new(Waiting { items: VecDeque::new(), parts: vec![first] });
    let next = || {
        let mut waiting = locked(&waiting);
        let part = if waiting.items.len() < ENOUGH { waiting.parts.pop() } else { None };
        part.map(Job::Look).or_else(|| waiting.items.pop_front().map(Job::Work))
    };
    workers.share_all(&call.stop, next, |job| match job {
        Job::Look(part) => {
            let found = look(part)?;
            let mut waiting = locked(&waiting);
            waiting.items.extend(found.items);
            // The last one is taken first.
            waiting.parts.extend(found.parts.into_iter().rev());
            Ok(())
        }
        Job::Work(item) => work(item),
    })?;
    call.check_not_cancelled()
}

/// Does `work` for each of `items`, with failures as above.
fn for_each<T>(
    call: &Call,
    workers: &Workers,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    workers.share_all(&call.stop, threads::in_turn(items), work)?;
    call.check_not_cancelled()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
