//! What the C functions do, whatever the protocol.

pub mod download;
pub mod file;
pub mod folder;
pub mod list;
pub mod request;
pub mod sign;
pub mod tree;
pub mod upload;

use std::ops::{Deref, RangeInclusive};
use std::sync::Arc;

use crate::call::Call;
use crate::client::Client;
use crate::options::Options;
use crate::path::{Bucket, CosPath, Rules};
use crate::protocol::contract::{Limits, Place, Protocol};
use crate::reply::{Failure, Result};
use crate::transfer::Transfer;

/// The limits that a service accepts for the traffic of one request, in bits a second.
const TRAFFIC_LIMITS: RangeInclusive<u64> = 819_200..=838_860_800;

/// Refuses an option that asks for what the JSON API does not have.
fn check_has_attribute(limits: &Limits, key: &str, is_given: bool) -> Result<()> {
    if is_given && !limits.has_attributes {
        let problem = "is for the XML API: the JSON API has no such thing";
        return Err(Failure::argument(key, problem));
    }
    Ok(())
}

/// An operation on a path of the kind `P`: valid arguments, a call, and the options that nobody has
/// taken yet.
struct Operation<P> {
    service: Arc<dyn Protocol>,
    call: Call,
    bucket: Bucket,
    path: P,
    options: Options,
}

/// What all operations begin with. `check` makes a path of `cos_path`; `transfer` can cancel it.
fn begin<P>(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    check: fn(&str, &str, &Rules) -> Result<P>,
    options: Option<&str>,
    transfer: Option<&Transfer>,
) -> Result<Operation<P>> {
    let stop = client.stop(transfer.map(Transfer::cancel_flag));
    let client = client.snapshot();
    let bucket = Bucket::new(bucket)?;
    let path = check("cos_path", cos_path, &client.service.limits().paths)?;
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, stop)?;
    Ok(Operation { service: Arc::clone(&client.service), call, bucket, path, options })
}

impl<P: Deref<Target = CosPath>> Operation<P> {
    fn at(&self) -> Place<'_> {
        Place { bucket: &self.bucket, path: &self.path }
    }
}

impl<P> Operation<P> {
    /// Refuses the options that were not taken.
    fn no_more_options(&mut self) -> Result<()> {
        std::mem::take(&mut self.options).finish()
    }

    fn rules(&self) -> &'static Rules {
        &self.service.limits().paths
    }
}
