//! Download into memory.

use std::io::ErrorKind;

use super::{Download, Object, PIECE, begin_download};
use crate::client::Client;
use crate::os;
use crate::reply::{Failure, Reply, Result};
use crate::threads::{self, Watch};
use crate::transfer::Transfer;

/// Downloads an object, or a part of it, into memory. The bytes are there when the code is 0.
pub fn buffer(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
    watch: Watch,
) -> Result<(Reply, Vec<u8>)> {
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let (this, options) = begin_download(client, bucket, cos_path, options, transfer)?;
    options.finish()?;
    let _busy = transfer.begin()?;
    let result = threads::watched(&this.call.stop, this.call.log(), transfer, on_progress, || {
        this.of_one_version(this.open()?, |object| {
            transfer.set_total(object.len);
            this.fetch_into_memory(object)
        })
    });
    let (result, data) = match result {
        Ok(data) => (Ok(()), data),
        Err(failure) => (Err(failure), Vec::new()),
    };
    Ok((this.reply(result), data))
}

impl Download<'_> {
    fn fetch_into_memory(&self, object: &Object) -> Result<Vec<u8>> {
        let len = object.len;
        let Some(mut data) = usize::try_from(len).ok().and_then(os::zeros) else {
            let message = format!("there is no memory for {len} bytes; download to a file instead");
            return Err(Failure::local_io(message).because(ErrorKind::OutOfMemory));
        };
        if len == 0 {
            self.fetch(object, object.start, 0, &mut |_, _| Ok(()))?;
        }
        let fetched = self.workers.share(
            usize::try_from(object.pieces()).unwrap_or(usize::MAX),
            &self.call.stop,
            threads::in_turn(data.chunks_mut(PIECE as usize).enumerate()),
            |(i, piece)| {
                let (start, len) = object.piece(i as u64);
                let from = object.start + start;
                self.fetch(object, from, len, &mut |at, bytes| {
                    let place = (at - from) as usize;
                    piece[place..place + bytes.len()].copy_from_slice(bytes);
                    Ok(())
                })
            },
        );
        self.or_whole(fetched, object, &mut |at, bytes| {
            let place = (at - object.start) as usize;
            data[place..place + bytes.len()].copy_from_slice(bytes);
            Ok(())
        })?;
        self.call.check_not_cancelled()?;
        if let Some(stated) = &object.sum {
            let mut hasher = stated.hasher();
            hasher.update(&data);
            self.check(object, &hasher.sum())?;
        }
        Ok(data)
    }
}
