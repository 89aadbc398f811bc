//! Download to a file. The file at the destination is the old one or the whole new one.

use super::partial::{Destination, Partial};
use super::{Download, Object, PIECE, Settings, begin_download};
use crate::call::Call;
use crate::client::Client;
use crate::content::running_sum::RunningSum;
use crate::content::source::Source;
use crate::protocol::contract::{Place, Protocol};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Reply, Result};
use crate::threads::{self, Watch};
use crate::transfer::Transfer;

/// After how many bytes of a piece it is noted how far it has come.
const NOTED: u64 = 1024 * 1024;

/// Downloads an object, or a part of it, to the file at `local_path`.
pub fn file(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    local_path: &str,
    options: Option<&str>,
    watch: Watch,
) -> Result<Reply> {
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let (mut this, mut options) = begin_download(client, bucket, cos_path, options, transfer)?;
    let overwrite = options.flag("overwrite")?.unwrap_or(true);
    let resume = options.flag("resume")?.unwrap_or(true);
    let listed = options.entry("listed")?;
    let fetch = options.flag("fetch")?.unwrap_or(true);
    options.finish()?;
    if listed.is_none() && !fetch {
        let problem = "may be false with listed alone: there is nothing to compare with";
        return Err(Failure::argument("fetch", problem));
    }
    let range = &this.settings.range;
    if listed.is_some() && (range.start.is_some() || range.end.is_some()) {
        let problem = "is about all of a file: no range can be given with it";
        return Err(Failure::argument("listed", problem));
    }
    if let Some(shown) = &listed {
        let is_unchanged = has_content(&*this.service, &this.call, this.at(), shown, local_path)?
            && this.service.is_complete(&this.call, this.at(), shown)?;
        this.is_unchanged = Some(is_unchanged);
        if is_unchanged || !fetch {
            return Ok(this.reply(Ok(())));
        }
    }
    let destination = Destination::new(local_path, overwrite, &this.call.stop)?;
    let _busy = transfer.begin()?;
    let result = threads::watched(&this.call.stop, this.call.log(), transfer, on_progress, || {
        let listed = listed.and_then(|shown| this.listed(&shown));
        let object = listed.map_or_else(|| this.open_for(&destination, resume), Ok)?;
        this.of_one_version(object, |object| {
            transfer.set_total(object.len);
            this.fetch_into_file(object, &destination, resume)
        })
    });
    Ok(this.reply(result))
}

/// Whether the local file has the content of what a list has shown.
pub fn has_content(
    service: &dyn Protocol,
    call: &Call,
    at: Place,
    shown: &ObjectInfo,
    local_path: &str,
) -> Result<bool> {
    // What can't be read can't be known to be the same; replacing it will tell.
    let Ok(source) = Source::open(local_path, &call.stop) else {
        return Ok(false);
    };
    let is_same_size = shown.size == Some(source.size()) && !shown.is_unfinished();
    Ok(is_same_size && service.has_content(call, at, shown, &source)?)
}

impl Download<'_> {
    /// Asks what is to be fetched; if nothing of it is there to be continued, with the request for the
    /// first piece.
    pub fn open_for(&self, destination: &Destination, resume: bool) -> Result<Object> {
        if resume && destination.has_partial() { self.stat() } else { self.open() }
    }

    /// The object that a list has shown, if that tells enough to fetch all of it and to verify that.
    fn listed(&self, shown: &ObjectInfo) -> Option<Object> {
        let Settings { verify, range, .. } = self.settings;
        let object = Object::whole(shown.size?, shown, verify);
        let is_whole = range.start.is_none() && range.end.is_none();
        (is_whole && (object.sum.is_some() || !verify)).then_some(object)
    }

    /// Fetches `object` and puts it in its place.
    pub fn fetch_into_file(
        &self,
        object: &Object,
        destination: &Destination,
        resume: bool,
    ) -> Result<()> {
        let stop = &self.call.stop;
        let partial = Partial::open(destination, object, &self.identity(object), resume, stop)?;
        let had = partial.had.iter().copied().map(u64::from).sum();
        self.transfer.note_resumed(had);
        self.count(had);
        let result = self.fetch_and_check(object, &partial).and_then(|()| partial.finish(stop));
        if let Err(failure) = &result {
            // A partial file that can't be continued is of no use.
            let is_wrong = failure.is(Code::COS_ERR_INTEGRITY);
            if is_wrong || !resume || !partial.can_be_continued() {
                partial.discard();
            }
        }
        result
    }

    /// What must be the same for a download to be continued.
    fn identity(&self, object: &Object) -> String {
        let url = self.service.object_url(self.at());
        format!(
            "{url} {} {} {:?} {} {} {PIECE}",
            object.size, object.mtime, object.stated, object.start, object.len
        )
    }

    fn fetch_and_check(&self, object: &Object, partial: &Partial) -> Result<()> {
        let stop = &self.call.stop;
        let running = object.sum.as_ref().map(RunningSum::like);
        let fetched = self.workers.share(
            object.pieces() as usize,
            stop,
            threads::in_turn(0..object.pieces()),
            |i| self.fetch_piece(object, partial, running.as_ref(), i),
        );
        let came_in_pieces = fetched.is_ok();
        self.or_whole(fetched, object, &mut |at, bytes| {
            partial.forget();
            partial.write(bytes, at - object.start)
        })?;
        // If all workers stopped between two pieces, none of them failed; the sum of what came so far
        // would then look like damage.
        self.call.check_not_cancelled()?;
        if let (Some(stated), Some(running)) = (&object.sum, running) {
            let found = if came_in_pieces {
                running.sum(object.len, stop, &mut |buf, at| partial.read(buf, at))?
            } else {
                stated.same_of(object.len, stop, |buf, at| partial.read(buf, at))?
            };
            self.check(object, &found)?;
        }
        Ok(())
    }

    /// Fetches what is missing of a piece, and notes how far it came.
    fn fetch_piece(
        &self,
        object: &Object,
        partial: &Partial,
        running: Option<&RunningSum>,
        i: u64,
    ) -> Result<()> {
        let stop = &self.call.stop;
        let (start, len) = object.piece(i);
        let had = u64::from(partial.had[i as usize]);
        let mut summed = running.map(|running| running.piece(start));
        if let Some(summed) = &mut summed {
            summed.take_stored(had, stop, &mut |buf, at| partial.read(buf, at))?;
        }
        let (mut has, mut noted) = (had, had);
        if had < len || object.len == 0 {
            let from = object.start + start + had;
            let fetched = self.fetch(object, from, len - had, &mut |at, bytes| {
                partial.write(bytes, at - object.start)?;
                has = at + bytes.len() as u64 - object.start - start;
                // Without a digest the bytes must be on the disk before a note: too slow for each of them.
                if let Some(summed) = &mut summed {
                    summed.take(bytes);
                    if has - noted >= NOTED {
                        noted = has;
                        partial.has(i, has as u32, false)?;
                    }
                }
                Ok(())
            });
            if has > noted || fetched.is_ok() {
                partial.has(i, has as u32, running.is_none())?;
            }
            fetched?;
        }
        match summed {
            Some(summed) => summed.end(stop, &mut |buf, at| partial.read(buf, at)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ops::download::settings;
    use crate::options::Options;
    use crate::path::{Bucket, FilePath};
    use crate::protocol::scripted::{LIMITS, Scripted, call};
    use crate::stop::Stop;
    use crate::threads::Workers;

    #[test]
    fn a_stop_before_the_first_piece_is_no_damage_and_takes_nothing_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let destination = Destination::new(path.to_str().unwrap(), true, &Stop::default()).unwrap();
        let transfer = Transfer::default();
        let download = Download::new(
            Arc::new(Scripted::default()),
            call("{}"),
            Bucket::new("b").unwrap(),
            FilePath::new("cos_path", "/f", &LIMITS.paths).unwrap(),
            &transfer,
            settings(&mut Options::parse(None).unwrap(), &LIMITS).unwrap(),
            Arc::new(Workers::new(1)),
        );
        let shown = ObjectInfo { crc64: Some(1), ..ObjectInfo::default() };
        let object = Object::whole(PIECE + 10, &shown, true);
        let stop = &download.call.stop;
        let identity = download.identity(&object);
        let open = || Partial::open(&destination, &object, &identity, true, stop).unwrap();
        open().has(0, 7, false).unwrap();
        stop.cancel();
        let failure = download.fetch_into_file(&object, &destination, true).unwrap_err();
        assert!(failure.is(Code::COS_ERR_CANCELLED), "{failure:?}");
        assert_eq!(open().had, [7, 0]);
    }
}
