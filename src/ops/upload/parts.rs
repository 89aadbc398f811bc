//! Content in parts, which travel in parallel; what an earlier call has brought to the server is not
//! sent again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::Sending;
use crate::call::Call;
use crate::protocol::contract::{Abort, Ask, Changes, Opened, PartTag, Retry, Session};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Phase, Reply, Result};

/// Why a round of an upload did not bring the content to its place.
pub(super) enum Ended {
    /// The session is not there any more.
    Gone(Box<Failure>),
    /// The parts that are there are not all of our content, or not ours.
    Damaged(Box<Failure>),
    /// A session is there that can't be ours.
    InTheWay(Box<Failure>),
    /// Something else.
    Failed(Box<Failure>),
}

impl From<Box<Failure>> for Ended {
    fn from(failure: Box<Failure>) -> Ended {
        match failure {
            gone if gone.is(Code::COS_ERR_SESSION) || gone.is(Code::COS_ERR_NOT_FOUND) => {
                Ended::Gone(gone)
            }
            conflict if conflict.is(Code::COS_ERR_UPLOAD_CONFLICT) => Ended::InTheWay(conflict),
            failure => Ended::Failed(failure),
        }
    }
}

impl Ended {
    pub(super) fn into_failure(self) -> Box<Failure> {
        match self {
            Ended::Gone(failure)
            | Ended::Damaged(failure)
            | Ended::InTheWay(failure)
            | Ended::Failed(failure) => failure,
        }
    }
}

type Round<T> = std::result::Result<T, Ended>;

/// How often an upload is begun whose session ends on the way.
const ROUNDS: u32 = 4;

/// What has arrived.
struct Arrived {
    /// What the server calls the parts, if it does.
    tags: BTreeMap<u64, PartTag>,
    /// The reply to the upload, where the server completed it with its last part.
    complete: Option<Reply>,
}

/// A part that is to be sent: its number, and where it stands in the content.
struct Part<'a> {
    index: u64,
    start: u64,
    end: u64,
    _turn: Option<MutexGuard<'a, ()>>,
}

/// The turn to send, unless another thread has it.
fn turn(serial: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    match serial.try_lock() {
        Ok(turn) => Some(turn),
        Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Sending<'_> {
    pub(super) fn in_parts(&self) -> Result<Reply> {
        match self.rounds() {
            Ok(reply) => Ok(reply),
            Err(Ended::InTheWay(_)) if self.upload.settings.resume => self.go_around(),
            Err(ended) => Err(ended.into_failure()),
        }
    }

    /// The same upload as another part of the call.
    pub(super) fn on<'b>(&'b self, call: &'b Call) -> Sending<'b> {
        Sending { call, ..*self }
    }

    /// Sends the content in parts, and begins anew when another call has ended the session.
    pub(super) fn rounds(&self) -> Round<Reply> {
        let mut trusts_stored = true;
        let mut round = 1;
        loop {
            // What has failed in one round does not stop the next one.
            let call = self.call.part();
            let ended = match self.on(&call).round(self.call, round, trusts_stored) {
                Ok(reply) => return Ok(reply),
                Err(ended) => ended,
            };
            let is_last = round == ROUNDS
                || self.call.stop.is_set()
                || !self.upload.source.can_be_read_again();
            round += 1;
            match ended {
                Ended::Gone(failure) if !self.upload.source.can_be_read_again() => {
                    return Err(Ended::Failed(failure));
                }
                Ended::Gone(failure) => {
                    // Another call may have completed it with the same content.
                    if let Some(reply) = self.service.find_stored(self.call, self.upload)? {
                        self.recovered();
                        return Ok(reply);
                    }
                    if is_last {
                        return Err(Ended::Failed(failure));
                    }
                }
                Ended::Damaged(_) if trusts_stored && !is_last => trusts_stored = false,
                ended => return Err(ended),
            }
        }
    }

    /// Goes from beginning to end, or as far as it gets. `whole` is the call that the round is a
    /// part of.
    fn round(&self, whole: &Call, round: u32, trusts_stored: bool) -> Round<Reply> {
        let mut session = match self.service.open(self.call, self.upload, !trusts_stored)? {
            Opened::Complete { reply, instant } => {
                let told = if instant { &self.stats.is_instant } else { &self.stats.is_recovered };
                told.store(true, Ordering::Relaxed);
                return Ok(reply);
            }
            Opened::Session(session) => session,
        };
        if !trusts_stored {
            session.stored.clear();
            session.tags.clear();
        }
        if round == 1 {
            for index in &session.stored {
                self.upload.transfer.add_resumed(self.part_len(&session, *index));
            }
        }
        let has_arrived = AtomicBool::new(false);
        // The attributes with which another call opened the session are not known.
        let is_of_another =
            session.resumed.as_ref().is_some_and(|resumed| !resumed.has_our_biz_attr);
        let of_another = is_of_another.then(|| self.upload.begun_by_another());
        let upload = of_another.as_ref().unwrap_or(self.upload);
        let mut result = Sending { upload, ..*self }.send_and_finish(&session, &has_arrived);
        if let Err(Ended::Gone(_)) = &result
            && is_of_another
            && self.upload.source.can_be_read_again()
            && let Some(reply) = self.service.find_stored(whole, upload)?
        {
            self.recovered();
            result = Ok(reply);
        }
        if let Err(Ended::Damaged(_)) = &result {
            self.service.abort(whole, self.upload, &session, Abort::Abandoned);
        }
        if let Err(Ended::Failed(failure)) = &result {
            let nothing_arrived = session.stored.is_empty() && !has_arrived.load(Ordering::Relaxed);
            if failure.has_changed_source()
                || failure.is(Code::COS_ERR_INTEGRITY)
                || !self.upload.source.can_be_read_again()
            {
                // Nobody can continue it.
                self.service.abort(whole, self.upload, &session, Abort::Useless);
            } else if nothing_arrived
                || !self.upload.settings.resume
                || failure.is(Code::COS_ERR_FILE_EXISTS)
            {
                self.service.abort(whole, self.upload, &session, Abort::Abandoned);
            }
        }
        let reply = result?;
        if is_of_another {
            self.on(whole).set_attributes()?;
        }
        Ok(reply)
    }

    fn part_len(&self, session: &Session, index: u64) -> u64 {
        session.part_size.min(self.upload.source.size() - index * session.part_size)
    }

    /// Sends the parts and finishes; sets `has_arrived` when a part has arrived.
    fn send_and_finish(&self, session: &Session, has_arrived: &AtomicBool) -> Round<Reply> {
        let arrived = self.send_parts(session, has_arrived)?;
        match arrived.complete {
            Some(reply) => Ok(reply),
            None => {
                self.upload.source.check_unchanged()?;
                self.finish(session, &arrived.tags)
            }
        }
    }

    /// Sends what the server does not have.
    fn send_parts(&self, session: &Session, has_arrived: &AtomicBool) -> Result<Arrived> {
        let (source, part_size) = (self.upload.source, session.part_size);
        let concurrency = self.upload.settings.concurrency;
        // What is read at a time is as large as was asked for, whatever the server chose. A part can
        // only be sent when all of it is there.
        let piece = part_size.max(self.upload.settings.part_size);
        source.set_room(piece.saturating_mul(concurrency as u64 + 1));
        let (next, sent) = (AtomicU64::new(0), &self.stats.parts);
        let is_serial = AtomicBool::new(session.is_serial);
        let serial = Mutex::new(());
        let arrived = Mutex::new(Arrived { tags: session.tags.clone(), complete: None });
        let stop = &self.call.stop;
        let next_part = || loop {
            // One part at a time, from whichever thread, once the server has asked for it.
            let turn = match is_serial.load(Ordering::Acquire) {
                true => Some(turn(&serial)?),
                false => None,
            };
            let index = next.fetch_add(1, Ordering::Relaxed);
            if session.stored.contains(&index) {
                continue;
            }
            let start = index * part_size;
            let end = source.wait_for(start + part_size, stop);
            let is_there = end > start && !stop.is_set();
            return is_there.then_some(Part { index, start, end, _turn: turn });
        };
        let send = |part: Part| {
            let progress = self.upload.transfer.mark();
            let (call, upload) = (self.call, self.upload);
            let done = self.service.put_part(call, upload, session, part.index, &progress)?;
            progress.reached(part.end - part.start);
            source.release(part.start..part.end);
            sent.fetch_add(1, Ordering::Relaxed);
            has_arrived.store(true, Ordering::Relaxed);
            if done.is_serial {
                is_serial.store(true, Ordering::Release);
            }
            let mut arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
            arrived.tags.extend(done.tag.map(|tag| (part.index, tag)));
            if done.complete.is_some() {
                arrived.complete = done.complete;
            }
            Ok(())
        };
        let missing = source.size().div_ceil(part_size) - session.stored.len() as u64;
        let of_use = match usize::try_from(missing) {
            _ if session.is_serial => 1,
            Ok(missing) if source.can_be_read_again() => missing,
            _ => usize::MAX,
        };
        self.workers.share(of_use, stop, next_part, send)?;
        if stop.is_cancelled() {
            return Err(Failure::cancelled(Phase::Send));
        }
        Ok(arrived.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn finish(&self, session: &Session, tags: &BTreeMap<u64, PartTag>) -> Round<Reply> {
        let finished = self.certain(|call| self.service.finish(call, self.upload, session, tags));
        match finished {
            Ok(certain) => {
                if certain.recovered {
                    self.recovered();
                }
                Ok(certain.reply)
            }
            Err(failure) => Err(match failure {
                // A part is missing, although the server said that it was stored.
                missing
                    if missing.is(Code::COS_ERR_SIZE_MISMATCH)
                        || missing.is(Code::COS_ERR_UPLOADPARTS) =>
                {
                    Ended::Damaged(missing)
                }
                failure if session.resumed.is_none() => failure.into(),
                exists
                    if exists.is(Code::COS_ERR_FILE_EXISTS)
                        && !self.upload.settings.insert_only =>
                {
                    Ended::InTheWay(Failure::upload_conflict())
                }
                damaged if damaged.is(Code::COS_ERR_SHA_MISMATCH) => Ended::Damaged(damaged),
                failure => failure.into(),
            }),
        }
    }

    /// Gives our file the attributes that this call was given, where it may have others.
    fn set_attributes(&self) -> Result<()> {
        let (upload, biz_attr) = (self.upload, &self.upload.settings.biz_attr);
        let shown: ObjectInfo =
            self.service.stat(self.call, upload.at(), Ask::OfContent)?.data()?;
        let has_ours = shown.biz_attr.as_ref() == Some(biz_attr);
        let biz_attr = (!has_ours).then(|| biz_attr.clone());
        let changes = Changes { biz_attr, ..self.attributes_of_session() };
        // Another file may have replaced it already.
        if shown.size != Some(upload.source.size()) || changes == Changes::default() {
            return Ok(());
        }
        let updated = self.service.update(self.call, upload.at(), &changes, Retry::Always);
        updated.map(|_| ()).map_err(|failure| {
            failure.prefixed("the file is stored, but its attributes can't be set")
        })
    }

    /// The attributes that a session is begun with, in services where it has any.
    fn attributes_of_session(&self) -> Changes {
        if self.service.limits().has_attributes {
            self.upload.settings.attributes.changes()
        } else {
            Changes::default()
        }
    }
}
