//! Sliced upload: init, data, finish. Slices travel in parallel; what an earlier attempt has
//! brought to the server is not sent again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::{Stats, Upload};
use crate::code::Code;
use crate::crew;
use crate::digest::{Digests, PART_SIZE};
use crate::error::{Failure, Result};
use crate::multipart::{Content, Form};
use crate::reply::{Reply, lenient_flag, lenient_u64, required_u64};
use crate::request::{Operation, Parameters, Repeat, Signature};

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
    filesize: Option<u64>,
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

/// An open upload on the server.
struct Session {
    id: String,
    slice_size: u64,
    is_serial: bool,
    /// Offsets of the slices the server has already.
    stored: HashSet<u64>,
}

/// What init led to.
enum Opening {
    /// The server has the content already, or our upload turned out to be complete.
    Complete { reply: Reply, instant: bool },
    /// Slices are to be sent.
    Session(Session),
}

impl Upload<'_> {
    pub(super) fn sliced(&self, stats: &mut Stats) -> Result<Reply> {
        let digests = match self.settings.verify_sha1 {
            true => {
                let part_size = self.settings.slice_size.min(PART_SIZE);
                Some(Digests::of(&self.source, part_size, &self.call.stop)?)
            }
            false => None,
        };
        let digests = digests.as_ref();
        let session = match self.open_session(digests)? {
            Opening::Complete { reply, instant } => {
                stats.instant = instant;
                stats.recovered = !instant;
                return Ok(reply);
            }
            Opening::Session(session) => session,
        };
        if let Some(reply) = self.send_slices(&session, digests, stats)? {
            return Ok(reply);
        }
        self.source.check_unchanged()?;
        self.finish(&session, digests, stats)
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

    fn init(&self, digests: Option<&Digests>) -> Operation<'_> {
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
            fields.push(("uploadparts", digests.uploadparts.clone()));
        }
        self.form(fields, None)
    }

    /// Asks for what is there of an unfinished upload of this path.
    pub(super) fn list(&self) -> Operation<'_> {
        self.form(vec![("op", "upload_slice_list".to_owned())], None)
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
        })
    }

    /// Continues the unfinished upload of this path.
    fn resume(&self, digests: Option<&Digests>) -> Result<Opening> {
        let reply = self.call.run(&self.list())?;
        let data: SessionData = reply.data()?;
        let conflict = || {
            let message = "an unfinished upload of other content exists under this name: \
                           delete the file, then upload again";
            let mut failure = Failure::from_server(reply.clone());
            failure.code = Code::COS_ERR_UPLOAD_CONFLICT.number();
            failure.message = message.to_owned();
            failure.reply = None;
            failure
        };
        let sha = digests.map(|digests| digests.sha.as_str());
        if data.session.is_none() && data.access_url.is_some() {
            let instant = false;
            return match self.find_ours(|| sha.map(str::to_owned))? {
                Some(reply) => Ok(Opening::Complete { reply, instant }),
                None => Err(conflict()),
            };
        }
        // Some servers list the digest as `<sha>_<something>`.
        let listed_sha = data.sha.as_deref().and_then(|sha| sha.split('_').next());
        let is_other = listed_sha
            .is_some_and(|listed| sha.is_none_or(|sha| !sha.eq_ignore_ascii_case(listed)));
        if is_other || data.filesize.is_some_and(|size| size != self.source.size()) {
            return Err(conflict());
        }
        let is_verified = listed_sha.is_some();
        let mut session = self.session(&reply, data)?;
        // Without a digest nothing shows that the stored slices are of this file.
        if !is_verified {
            session.stored.clear();
        }
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
        for offset in &session.stored {
            self.transfer.add_resumed(session.slice_size.min(len - offset));
        }
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
                true => Err(Failure::cancelled(crate::error::Phase::Send)),
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
        let result = crew::parallel(workers, &self.call.stop, work);
        stats.slices = sent.into_inner();
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
        let content = Content { source: &self.source, offset, len, with_sha: false, mark: &mark };
        let reply = self.call.run(&self.form(fields, Some(content)))?;
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
    ) -> Result<Reply> {
        let mut fields = vec![
            ("op", "upload_slice_finish".to_owned()),
            ("session", session.id.clone()),
            ("filesize", self.source.size().to_string()),
        ];
        if let Some(digests) = digests {
            fields.push(("sha", digests.sha.clone()));
        }
        let sha = || match digests {
            Some(digests) => Some(digests.sha.clone()),
            // Only when the reply to finish was lost.
            None => {
                Digests::of(&self.source, u64::MAX, &self.call.stop).ok().map(|found| found.sha)
            }
        };
        let outcome = self.ascertain(&self.form(fields, None), sha)?;
        stats.recovered = outcome.recovered;
        Ok(outcome.reply)
    }

    fn form<'a>(
        &'a self,
        fields: Vec<(&'static str, String)>,
        content: Option<Content<'a>>,
    ) -> Operation<'a> {
        Operation {
            bucket: &self.bucket,
            path: &self.path,
            signature: Signature::Multi,
            parameters: Parameters::Form(Form { fields, content }),
            repeat: Repeat::Always,
        }
    }
}
