//! Uploads of what a callback gives. The calling thread reads; other threads send what was read. Only
//! what is being sent, and the next part, is kept in memory.

use std::thread;
use std::time::Instant;

use super::{IfExists, Sending, Stats, begin, settings};
use crate::client::Client;
use crate::content::hash::Hasher;
use crate::content::source::Source;
use crate::content::window::Window;
use crate::os;
use crate::path::FilePath;
use crate::protocol::contract::{Upload, UploadSettings};
use crate::reply::{Code, Failure, Phase, Reply, Result};
use crate::stop::{Stop, TICK};
use crate::threads::{self, Reporter, Watch, Workers};
use crate::transfer::Transfer;

/// Fills the start of a buffer; returns how many bytes it has, 0 at the end, less to stop.
pub type OnRead<'a> = &'a mut dyn FnMut(&mut [u8]) -> i64;

/// Uploads what `on_read` gives, which runs on the calling thread.
pub fn stream(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    size: i64,
    options: Option<&str>,
    watch: Watch,
    on_read: OnRead,
) -> Result<Reply> {
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let mut this = begin(client, bucket, cos_path, FilePath::new, options, Some(transfer))?;
    let limits = this.service.limits();
    let asked = settings(&mut this.options, limits, IfExists::Refuse)?;
    this.no_more_options()?;
    let size = announced(size, limits.parts_are_announced)?;
    let _busy = transfer.begin()?;
    let (started, stats) = (Instant::now(), Stats::default());
    let window = Window::new(size);
    let source = Source::Stream(&window);
    let at_once = asked.part_size.saturating_mul(asked.concurrency as u64);
    // Whether an unfinished upload is of this stream can't be known without reading it first.
    let settings = UploadSettings { resume: false, ..asked };
    let upload = Upload::new(&this.bucket, &this.path, &source, transfer, settings);
    let (service, call) = (&*this.service, &this.call);
    let workers = Workers::new(upload.settings.concurrency);
    let sending = Sending { service, call, upload: &upload, stats: &stats, workers: &workers };
    let mut reader = Reader {
        window: &window,
        upload: &upload,
        stop: &call.stop,
        on_read,
        reporter: Reporter::new(&call.stop, call.log(), transfer, on_progress),
        hasher: (limits.hasher)(),
    };
    let result = reader.send(sending, at_once, limits.parts_are_announced);
    Ok(sending.told(result, started))
}

/// The size that the program gives, `None` for -1.
fn announced(size: i64, must_be_known: bool) -> Result<Option<u64>> {
    match u64::try_from(size) {
        Ok(size) => Ok(Some(size)),
        Err(_) if size != -1 => Err(Failure::argument("size", "must be a number of bytes, or -1")),
        Err(_) if must_be_known => {
            let problem = "must be known: only the XML API takes content of which it is not";
            Err(Failure::argument("size", problem))
        }
        Err(_) => Ok(None),
    }
}

/// What the calling thread does: it reads, and reports progress.
struct Reader<'a> {
    window: &'a Window,
    upload: &'a Upload<'a>,
    stop: &'a Stop,
    on_read: OnRead<'a>,
    reporter: Reporter<'a>,
    /// Computes the sum of what was read.
    hasher: Hasher,
}

impl Reader<'_> {
    /// Sends all of it: in one request, if it has no more than `at_once` bytes.
    fn send(&mut self, sending: Sending, at_once: u64, parts_are_announced: bool) -> Result<Reply> {
        let settings = &self.upload.settings;
        self.upload.transfer.set_total(self.window.size());
        self.reporter.report_start();
        let at_once = at_once.min(settings.threshold);
        // What is known to be larger is sent in parts: the first need not wait for the others. Whether
        // there is anything has to be known.
        let to_read = if self.window.left() > Some(at_once) { 0 } else { at_once.max(1) };
        while !self.window.is_over() && self.window.read() < to_read {
            self.read_chunk()?;
        }
        let reply = if self.window.is_over() && self.window.read() <= at_once {
            self.read_beside(|| sending.whole())?
        } else {
            // A sum that is announced before the parts can't be computed of a stream.
            let verify = settings.verify && !parts_are_announced;
            let settings = UploadSettings { verify, ..settings.clone() };
            let upload = self.upload.to(self.upload.path, settings);
            self.read_beside(|| Sending { upload: &upload, ..sending }.in_parts())?
        };
        let reply = sending.with_attributes(reply)?;
        self.upload.transfer.complete();
        self.reporter.report_end();
        Ok(reply)
    }

    /// Reads while `work` sends.
    fn read_beside(&mut self, work: impl FnOnce() -> Result<Reply> + Send) -> Result<Reply> {
        let window = self.window;
        thread::scope(|scope| {
            let network = os::start(scope, || {
                // Dropped even after a panic, which must end the reading, too.
                let _close = Close(window);
                work()
            });
            let network = network.map_err(|error| threads::no_thread(&error))?;
            let read = self.read_on();
            if read.is_err() {
                self.stop.cancel();
            }
            let sent = network.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            match (read, sent) {
                (Err(why), Err(sent)) if sent.is(Code::COS_ERR_CANCELLED) => Err(why),
                (_, sent) => sent,
            }
        })
    }

    /// Reads to the end, or until nobody sends any more.
    fn read_on(&mut self) -> Result<()> {
        while !self.window.is_closed() {
            if self.window.wait_for_room(TICK) && !self.stop.is_set() {
                self.read_chunk()?;
            }
            self.reporter.report_if_due();
        }
        Ok(())
    }

    /// Reads as many bytes as a part has, or what is left.
    fn read_chunk(&mut self) -> Result<()> {
        let (window, of_part) = (self.window, self.upload.settings.part_size);
        let left = window.left();
        let len = usize::try_from(left.unwrap_or(u64::MAX).min(of_part)).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|_| Failure::no_memory(len))?;
        bytes.resize(len, 0);
        let (mut filled, mut is_over) = (0, false);
        while filled < len && !is_over {
            if self.stop.is_set() {
                return Err(Failure::cancelled(Phase::LocalFile));
            }
            match usize::try_from((self.on_read)(&mut bytes[filled..])) {
                Ok(0) => is_over = true,
                Ok(n) if n <= len - filled => filled += n,
                Ok(n) => {
                    let problem = format!("returned {n} where it was asked for {}", len - filled);
                    return Err(Failure::argument("read", problem));
                }
                Err(_) => return Err(Failure::cancelled(Phase::LocalFile)),
            }
            self.reporter.report_if_due();
        }
        bytes.truncate(filled);
        if is_over && left.is_some_and(|left| left > filled as u64) {
            return Err(Failure::source_changed("the stream ended before its size was reached"));
        }
        self.hasher.update(&bytes);
        if is_over || left == Some(filled as u64) {
            self.upload.note(self.hasher.sum());
        }
        window.push(bytes, is_over);
        self.upload.transfer.set_total(window.size());
        Ok(())
    }
}

/// Ends the reading when it is dropped.
struct Close<'a>(&'a Window);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
