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

pub use delete::delete;
pub use download::download;
pub use upload::upload;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::client::Call;
use crate::reply::Result;
use crate::threads;

/// Does `work` for each of `items`, up to `workers` at a time. An item that fails is reported by
/// `work` itself; a failure that it returns ends everything.
fn for_each<T: Sync>(
    call: &Call,
    workers: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    threads::parallel(workers.min(items.len()), &call.stop, || {
        while !call.stop.is_set() {
            let i = next.fetch_add(1, Ordering::Relaxed);
            match items.get(i) {
                Some(item) => work(item)?,
                None => break,
            }
        }
        Ok(())
    })?;
    call.check_not_cancelled()
}
