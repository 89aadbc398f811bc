//! Download through a callback, in order.

use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;

use super::{Download, Object, begin_download};
use crate::client::Client;
use crate::content::hash::{Hasher, Sum};
use crate::os;
use crate::reply::{Failure, Phase, Reply, Result};
use crate::stop::TICK;
use crate::threads::{self, OnProgress, Watch};
use crate::transfer::Transfer;

/// How many chunks may wait for the callback.
const QUEUE: usize = 4;

/// Takes the bytes in order; returns whether to go on.
pub type OnData<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// Downloads an object, or a part of it, through `on_data`, which runs on the calling thread.
pub fn stream(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
    watch: Watch,
    on_data: OnData,
) -> Result<Reply> {
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let (this, options) = begin_download(client, bucket, cos_path, options, transfer)?;
    options.finish()?;
    let _busy = transfer.begin()?;
    let result = this.fetch_through(on_progress, on_data);
    Ok(this.reply(result))
}

impl Download<'_> {
    /// The network side runs on a thread of its own, so that the calling thread can report
    /// progress however long the server is silent.
    fn fetch_through(&self, on_progress: Option<OnProgress>, on_data: OnData) -> Result<()> {
        let stop = &self.call.stop;
        let (sender, receiver) = mpsc::sync_channel::<Vec<u8>>(QUEUE);
        let mut reporter =
            threads::Reporter::new(stop, self.call.log(), self.transfer, on_progress);
        thread::scope(|scope| {
            let network = move || {
                self.of_one_version(self.open()?, |object| {
                    self.transfer.set_total(object.len);
                    let hasher = object.sum.as_ref().map(Sum::hasher);
                    let mut hand_over = HandOver { sender: &sender, next: object.start, hasher };
                    match self.fetch_in_order(object, &mut hand_over) {
                        // What was handed over can't be taken back for another version.
                        result if hand_over.next > object.start => Ok(result),
                        result => result.map(Ok),
                    }
                })?
            };
            let network = match os::start(scope, network) {
                Ok(network) => network,
                Err(error) => return Err(threads::no_thread(&error)),
            };
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(chunk) => {
                        if stop.is_set() || !on_data(&chunk) {
                            stop.cancel();
                            break;
                        }
                        reporter.report_if_due();
                    }
                    Err(RecvTimeoutError::Timeout) => reporter.report(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            drop(receiver);
            network.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        self.call.check_not_cancelled()?;
        reporter.report_end();
        Ok(())
    }

    /// Fetches `object` from its first byte to its last.
    fn fetch_in_order(&self, object: &Object, hand_over: &mut HandOver) -> Result<()> {
        let mut sink = |at: u64, bytes: &[u8]| hand_over.take(at, bytes);
        let mut fetch = || -> Result<()> {
            for i in 0..object.pieces() {
                let (start, len) = object.piece(i);
                self.fetch(object, object.start + start, len, &mut sink)?;
            }
            Ok(())
        };
        let fetched = fetch();
        self.or_whole(fetched, object, &mut sink)?;
        match hand_over.hasher.take() {
            Some(hasher) => self.check(object, &hasher.sum()),
            None => Ok(()),
        }
    }
}

/// Hands the bytes of an object to the calling thread, in order, each once.
struct HandOver<'a> {
    sender: &'a SyncSender<Vec<u8>>,
    /// The place of the next byte.
    next: u64,
    hasher: Option<Hasher>,
}

impl HandOver<'_> {
    fn take(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        // Where it has to begin anew, the first bytes come a second time.
        let known = usize::try_from(self.next - at).unwrap_or(usize::MAX).min(bytes.len());
        let bytes = &bytes[known..];
        if bytes.is_empty() {
            return Ok(());
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.next += bytes.len() as u64;
        let mut chunk = Vec::new();
        let no_memory = |_| Failure::no_memory(bytes.len());
        chunk.try_reserve_exact(bytes.len()).map_err(no_memory)?;
        chunk.extend_from_slice(bytes);
        // The callback has ended the call when nobody receives any more.
        self.sender.send(chunk).map_err(|_| Failure::cancelled(Phase::Receive))
    }
}
