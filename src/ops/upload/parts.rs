//! Sliced upload: init, data, finish. Slices travel in parallel; what an earlier attempt has
//! brought to the server is not sent again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::certain::{Shown, bare_sha};
use super::{Stats, Upload};
use crate::content::hash::{Digests, PART_SIZE};
use crate::ops::file::delete_operation;
use crate::path::{Bucket, FilePath};
use crate::protocol::v4::form::{Content, Form};
use crate::protocol::v4::request::{Operation, Parameters, Repeat, Signature};
use crate::reply::{Code, Failure, Phase, Reply, Result, lenient_flag, lenient_u64, required_u64};
use crate::threads;

/// `data` of the replies to init, data and list.
#[derive(Deserialize)]
pub(super) struct SessionData {
    #[serde(default)]
    pub(super) session: Option<String>,
    #[serde(default, deserialize_with = "lenient_u64")]
    slice_size: Option<u64>,
    #[serde(default, deserialize_with = "lenient_flag")]
    serial_upload: bool,
    #[serde(default)]
    access_url: Option<String>,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default, deserialize_with = "lenient_u64")]
    pub(super) filesize: Option<u64>,
    #[serde(default, deserialize_with = "lenient_u64")]
    datalen: Option<u64>,
    #[serde(default)]
    listparts: Option<Vec<ListedPart>>,
}

#[derive(Deserialize)]
struct ListedPart {
    #[serde(deserialize_with = "required_u64")]
    offset: u64,
    #[serde(deserialize_with = "required_u64")]
    datalen: u64,
}

impl SessionData {
    /// The SHA-1 that the upload was begun with.
    pub(super) fn sha(&self) -> Option<&str> {
        self.sha.as_deref().map(bare_sha)
    }
}

/// An open upload on the server.
struct Session {
    id: String,
    slice_size: u64,
    is_serial: bool,
    /// Offsets of the slices the server has already.
    stored: HashSet<u64>,
    /// What is known of it if another call has opened it.
    resumed: Option<Resumed>,
}

/// An upload that was begun by another call, perhaps with other options.
struct Resumed {
    sha: Option<String>,
    has_our_biz_attr: bool,
}

/// What init led to.
enum Opening {
    /// The server has the content already, or our upload turned out to be complete.
    Complete { reply: Reply, instant: bool },
    /// Slices are to be sent.
    Session(Session),
}

/// Why a round of an upload did not bring the file to its place.
pub(super) enum Ended {
    /// The session is not there any more.
    Gone(Box<Failure>),
    /// The slices that are there are not all of our file, or not ours.
    Damaged(Box<Failure>),
    /// A session is there that can't be ours.
    InTheWay(Box<Failure>),
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

pub(super) type Turn<T> = std::result::Result<T, Ended>;

/// How often an upload is begun whose session ends on the way.
const ROUNDS: u32 = 4;

impl Upload<'_> {
    pub(super) fn sliced(&self, stats: &mut Stats) -> Result<Reply> {
        let digests = match self.settings.verify_sha1 {
            true => {
                let part_size = self.settings.slice_size.min(PART_SIZE);
                Some(Digests::of(self.source, part_size, &self.call.stop)?)
            }
            false => None,
        };
        let digests = digests.as_ref();
        match self.in_slices(digests, stats) {
            Ok(reply) => Ok(reply),
            Err(Ended::InTheWay(_)) if self.settings.resume => self.go_around(digests, stats),
            Err(ended) => Err(ended.into_failure()),
        }
    }

    /// Sends the file in slices, and begins anew when another call has ended the session.
    pub(super) fn in_slices(&self, digests: Option<&Digests>, stats: &mut Stats) -> Turn<Reply> {
        let sha = || match digests {
            Some(digests) => Some(digests.sha.clone()),
            // Only when the file has to be looked for.
            None => Digests::of(self.source, u64::MAX, &self.call.stop).ok().map(|found| found.sha),
        };
        let mut trusts_stored = true;
        let mut round = 1;
        loop {
            let attempt = self.to(self.path.clone(), self.settings.clone());
            let ended = match attempt.round(digests, round, trusts_stored, stats) {
                Ok(reply) => return Ok(reply),
                Err(ended) => ended,
            };
            let is_last = round == ROUNDS || self.call.stop.is_set();
            round += 1;
            match ended {
                Ended::Gone(failure) => {
                    // Whoever has ended it may have done so with our content.
                    if let Some(reply) = self.find_ours(sha)? {
                        stats.recovered = true;
                        return Ok(reply);
                    }
                    if is_last {
                        return Err(Ended::Failed(failure));
                    }
                }
                Ended::Damaged(_) if trusts_stored && !is_last => trusts_stored = false,
                Ended::Failed(failure) => {
                    if failure.source_changed {
                        self.give_up(digests);
                    }
                    return Err(Ended::Failed(failure));
                }
                ended => return Err(ended),
            }
        }
    }

    /// Goes from init to finish, or as far as it gets.
    fn round(
        &self,
        digests: Option<&Digests>,
        round: u32,
        trusts_stored: bool,
        stats: &mut Stats,
    ) -> Turn<Reply> {
        let mut session = match self.open_session(digests)? {
            Opening::Complete { reply, instant } => {
                stats.instant = instant;
                stats.recovered = !instant;
                return Ok(reply);
            }
            Opening::Session(session) => session,
        };
        if !trusts_stored {
            session.stored.clear();
        }
        if round == 1 {
            for offset in &session.stored {
                self.transfer.add_resumed(session.slice_size.min(self.source.size() - offset));
            }
        }
        let reply = match self.send_slices(&session, digests, stats)? {
            Some(reply) => reply,
            None => {
                self.source.check_unchanged()?;
                self.finish(&session, digests, stats)?
            }
        };
        if session.resumed.is_some_and(|resumed| !resumed.has_our_biz_attr) {
            self.set_biz_attr()?;
        }
        Ok(reply)
    }

    /// The content of an unfinished upload is no more: it can only be in the way. Ends it if there
    /// is certainly no file at its path, because both go together.
    fn give_up(&self, digests: Option<&Digests>) {
        let sha = digests.map(|digests| digests.sha.as_str());
        if let Ok(Shown::Unfinished { is_certain: true, .. }) = self.shown(sha) {
            // What is left is what was there before.
            let _ = self.call.run(&delete_operation(&self.bucket, &self.path, Repeat::IfUnsent));
        }
    }

    fn open_session(&self, digests: Option<&Digests>) -> Result<Opening> {
        let init = self.init(digests);
        // Whether an attempt may have opened the session, its reply being lost.
        let mut may_be_ours = false;
        let attempt = |number| {
            let result = self.call.run_once(&init, number);
            result.inspect_err(|failure| may_be_ours |= failure.fate_is_unknown())
        };
        let failure = match self.call.repeating(attempt, |_| true) {
            Ok(reply) => return self.opened(reply),
            Err(failure) => failure,
        };
        let is_unfinished = failure.is(Code::COS_ERR_UPLOAD_UNFINISHED);
        let exists = failure.is(Code::COS_ERR_FILE_EXISTS);
        if is_unfinished && (self.settings.resume || may_be_ours) {
            return self.resume(digests);
        }
        if may_be_ours && (exists || failure.fate_is_unknown()) && !self.call.stop.is_set() {
            match self.find_ours(|| digests.map(|digests| digests.sha.clone())) {
                Ok(Some(reply)) => return Ok(Opening::Complete { reply, instant: false }),
                // Without a look it is not known whose file is in the way.
                Err(unknown) if exists => return Err(unknown),
                _ => {}
            }
            if !exists && let Ok(opening) = self.resume(digests) {
                return Ok(opening);
            }
        }
        Err(failure)
    }

    fn init<'o>(&'o self, digests: Option<&'o Digests>) -> Operation<'o> {
        let settings = &self.settings;
        let mut fields = vec![
            ("op", "upload_slice_init".to_owned()),
            ("filesize", self.source.size().to_string()),
            ("slice_size", settings.slice_size.to_string()),
            ("biz_attr", settings.biz_attr.clone()),
            ("insertOnly", self.insert_only()),
        ];
        if let Some(digests) = digests {
            fields.push(("sha", digests.sha.clone()));
        }
        self.form(Form { fields, parts: digests.map(|digests| &digests.parts), content: None })
    }

    fn opened(&self, reply: Reply) -> Result<Opening> {
        let data: SessionData = reply.data()?;
        if data.access_url.is_some() {
            let instant = true;
            return Ok(Opening::Complete { reply, instant });
        }
        Ok(Opening::Session(self.session(&reply, data)?))
    }

    fn session(&self, reply: &Reply, data: SessionData) -> Result<Session> {
        let Some(id) = data.session else {
            return Err(reply.unexpected("it has neither session nor access_url"));
        };
        let slice_size = data.slice_size.unwrap_or(self.settings.slice_size);
        // Slices of a few bytes would be a way to keep a client busy for ever.
        if !(4096..=1 << 30).contains(&slice_size) && slice_size < self.source.size() {
            return Err(reply.unexpected(&format!("its slice_size is {slice_size}")));
        }
        let len = self.source.size();
        let is_whole = |part: &ListedPart| {
            part.offset.is_multiple_of(slice_size)
                && part.offset < len
                && part.datalen == slice_size.min(len - part.offset)
        };
        let listed = data.listparts.unwrap_or_default();
        Ok(Session {
            id,
            slice_size,
            is_serial: data.serial_upload,
            stored: listed.iter().filter(|part| is_whole(part)).map(|part| part.offset).collect(),
            resumed: None,
        })
    }

    /// Continues the unfinished upload of this path.
    fn resume(&self, digests: Option<&Digests>) -> Result<Opening> {
        let reply = self.call.run(&list_operation(&self.bucket, &self.path))?;
        let data: SessionData = reply.data()?;
        if data.session.is_none() && data.access_url.is_some() {
            let message = "the unfinished upload was finished by another call";
            return Err(Failure::new(Code::COS_ERR_SESSION, Phase::Server, message));
        }
        let sha = digests.map(|digests| digests.sha.as_str());
        let is_other =
            data.sha().is_some_and(|found| sha.is_none_or(|sha| !sha.eq_ignore_ascii_case(found)));
        if is_other || data.filesize.is_some_and(|size| size != self.source.size()) {
            return Err(conflict());
        }
        let session_sha = data.sha().map(str::to_owned);
        let biz_attr = match self.shown(session_sha.as_deref())? {
            Shown::File if self.settings.insert_only => return Err(file_exists()),
            Shown::Unfinished { biz_attr, .. } => biz_attr,
            _ => None,
        };
        let mut session = self.session(&reply, data)?;
        // Without a digest nothing shows that the stored slices are of this file.
        if session_sha.is_none() {
            session.stored.clear();
        }
        session.resumed = Some(Resumed {
            sha: session_sha,
            has_our_biz_attr: biz_attr.as_ref() == Some(&self.settings.biz_attr),
        });
        Ok(Opening::Session(session))
    }

    /// Sends what the server does not have. Some servers complete the upload with a slice; then
    /// that slice's reply is the result.
    fn send_slices(
        &self,
        session: &Session,
        digests: Option<&Digests>,
        stats: &mut Stats,
    ) -> Result<Option<Reply>> {
        let len = self.source.size();
        let next = AtomicU64::new(0);
        let sent = AtomicU64::new(0);
        let is_serial = AtomicBool::new(session.is_serial);
        let serial = Mutex::new(());
        let complete = Mutex::new(None);
        let work = || {
            while !self.call.stop.is_set() {
                // One slice at a time, from whichever thread, once the server has asked for it.
                let _turn = is_serial
                    .load(Ordering::Acquire)
                    .then(|| serial.lock().unwrap_or_else(PoisonError::into_inner));
                let offset = next.fetch_add(session.slice_size, Ordering::Relaxed);
                if offset >= len {
                    return Ok(());
                }
                if session.stored.contains(&offset) {
                    continue;
                }
                let reply = self.send_slice(session, digests, offset)?;
                sent.fetch_add(1, Ordering::Relaxed);
                // A reply to a slice need not have any data.
                let Ok(data) = reply.data::<SessionData>() else {
                    continue;
                };
                if data.serial_upload {
                    is_serial.store(true, Ordering::Release);
                }
                if data.access_url.is_some() {
                    *complete.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
                }
            }
            match self.call.stop.is_cancelled() {
                true => Err(Failure::cancelled(Phase::Send)),
                false => Ok(()),
            }
        };
        let workers = match session.is_serial {
            true => 1,
            false => {
                let slices = len.div_ceil(session.slice_size) - session.stored.len() as u64;
                self.settings.concurrency.min(usize::try_from(slices).unwrap_or(usize::MAX)).max(1)
            }
        };
        let result = threads::parallel(workers, &self.call.stop, work);
        stats.slices += sent.into_inner();
        result?;
        Ok(complete.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn send_slice(
        &self,
        session: &Session,
        digests: Option<&Digests>,
        offset: u64,
    ) -> Result<Reply> {
        let len = session.slice_size.min(self.source.size() - offset);
        let mark = self.transfer.mark();
        let mut fields = vec![
            ("op", "upload_slice_data".to_owned()),
            ("session", session.id.clone()),
            ("offset", offset.to_string()),
        ];
        if let Some(digests) = digests {
            fields.push(("sha", digests.sha.clone()));
        }
        let content = Content { source: self.source, offset, len, with_sha: false, mark: &mark };
        let form = Form { fields, parts: None, content: Some(content) };
        let reply = self.call.run(&self.form(form))?;
        let stored = reply.data::<SessionData>().ok().and_then(|data| data.datalen);
        if stored.is_some_and(|stored| stored != len) {
            return Err(reply.unexpected("it has stored another number of bytes than were sent"));
        }
        mark.reached(len);
        Ok(reply)
    }

    fn finish(
        &self,
        session: &Session,
        digests: Option<&Digests>,
        stats: &mut Stats,
    ) -> Turn<Reply> {
        let mut fields = vec![
            ("op", "upload_slice_finish".to_owned()),
            ("session", session.id.clone()),
            ("filesize", self.source.size().to_string()),
        ];
        if let Some(digests) = digests {
            fields.push(("sha", digests.sha.clone()));
        }
        let insert_only = self.settings.insert_only;
        // Whether the session itself would replace a file, only its first call knows.
        if let Some(resumed) = &session.resumed
            && insert_only
            && let Shown::File = self.shown(resumed.sha.as_deref())?
        {
            return Err(file_exists().into());
        }
        let sha = || match digests {
            Some(digests) => Some(digests.sha.clone()),
            // Only when the reply to finish was lost.
            None => Digests::of(self.source, u64::MAX, &self.call.stop).ok().map(|found| found.sha),
        };
        let form = self.form(Form { fields, parts: None, content: None });
        match self.ascertain(&form, sha) {
            Ok(outcome) => {
                stats.recovered = outcome.recovered;
                Ok(outcome.reply)
            }
            Err(failure) => Err(match failure {
                // Whatever was said when it was sent, a slice is missing.
                missing if missing.is(Code::COS_ERR_SIZE_MISMATCH) => Ended::Damaged(missing),
                failure if session.resumed.is_none() => failure.into(),
                exists if exists.is(Code::COS_ERR_FILE_EXISTS) && !insert_only => {
                    Ended::InTheWay(conflict())
                }
                damaged if damaged.is(Code::COS_ERR_SHA_MISMATCH) => Ended::Damaged(damaged),
                failure => failure.into(),
            }),
        }
    }

    fn form<'o>(&'o self, form: Form<'o>) -> Operation<'o> {
        Operation {
            bucket: &self.bucket,
            path: &self.path,
            signature: Signature::Multi,
            parameters: Parameters::Form(form),
            repeat: Repeat::Always,
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

/// Asks for what is there of an unfinished upload of a path.
pub(super) fn list_operation<'a>(bucket: &'a Bucket, path: &'a FilePath) -> Operation<'a> {
    let fields = vec![("op", "upload_slice_list".to_owned())];
    Operation {
        bucket,
        path,
        signature: Signature::Multi,
        parameters: Parameters::Form(Form { fields, parts: None, content: None }),
        repeat: Repeat::Always,
    }
}

fn conflict() -> Box<Failure> {
    let message = "an unfinished upload of other content exists under this name";
    Failure::new(Code::COS_ERR_UPLOAD_CONFLICT, Phase::Server, message)
}

fn file_exists() -> Box<Failure> {
    let message = "a file exists under this name, and insert_only is true";
    Failure::new(Code::COS_ERR_FILE_EXISTS, Phase::Server, message)
}
