//! Download into memory.

use std::sync::{Mutex, PoisonError};

use sha1::{Digest, Sha1};

use super::{Download, Object, PIECE};
use crate::client::Client;
use crate::content::hash::hex;
use crate::options::Options;
use crate::os;
use crate::reply::answer::Answer;
use crate::reply::{Failure, Result};
use crate::threads::{self, Watch};
use crate::transfer::Transfer;

/// Downloads an object, or a part of it, into memory. The bytes are there when the code is 0.
pub fn buffer(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
    watch: Watch,
) -> Result<(Answer, Vec<u8>)> {
    let own_transfer = Transfer::default();
    let transfer = watch.transfer.unwrap_or(&own_transfer);
    let mut options = Options::parse(options)?;
    let download = Download::new(client, bucket, cos_path, &mut options, transfer)?;
    options.finish()?;
    let _busy = transfer.begin()?;
    let result = threads::watched(&download.call, transfer, watch.on_progress, || {
        download.of_one_version(download.stat()?, |object| {
            transfer.set_total(object.len);
            download.fetch_into_memory(object)
        })
    });
    let (result, data) = match result {
        Ok(data) => (Ok(()), data),
        Err(failure) => (Err(failure), Vec::new()),
    };
    Ok((download.answer(result), data))
}

impl Download<'_> {
    fn fetch_into_memory(&self, object: &Object) -> Result<Vec<u8>> {
        let len = object.len;
        let Some(mut data) = usize::try_from(len).ok().and_then(os::zeros) else {
            let message = format!("there is no memory for {len} bytes; download to a file instead");
            return Err(Failure::local_io(message));
        };
        if len == 0 {
            self.fetch(object, object.start, 0, &mut |_, _| Ok(()))?;
        }
        let pieces = Mutex::new(data.chunks_mut(PIECE as usize).enumerate());
        let workers = self.concurrency.min(usize::try_from(object.pieces()).unwrap_or(usize::MAX));
        let fetched = threads::parallel(workers, &self.call.stop, || {
            while !self.call.stop.is_set() {
                let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((i, piece)) = next else {
                    return Ok(());
                };
                let (start, len) = object.piece(i as u64);
                let from = object.start + start;
                self.fetch(object, from, len, &mut |at, bytes| {
                    let place = (at - from) as usize;
                    piece[place..place + bytes.len()].copy_from_slice(bytes);
                    Ok(())
                })?;
            }
            Ok(())
        });
        match fetched {
            Err(_) if self.ranges_are_ignored() => self.fetch_whole(object, &mut |at, bytes| {
                let place = (at - object.start) as usize;
                data[place..place + bytes.len()].copy_from_slice(bytes);
                Ok(())
            })?,
            result => result?,
        }
        self.call.check_not_cancelled()?;
        if object.sha.is_some() {
            object.check_sha(&hex(&Sha1::digest(&data)))?;
        }
        Ok(data)
    }
}
