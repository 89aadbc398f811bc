//! Content on its way to the service: in one request, or in slices: init, data, finish.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::V4;
use super::request::{Fields, Operation, Parameters, Signature};
use super::states;
use crate::call::Call;
use crate::content::hash::States;
use crate::content::stretch::Stretch;
use crate::protocol::contract::{
    Abort, Ask, Objects, Opened, PartDone, PartTag, Place, Resumed, Retry, Session, Upload, Uploads,
};
use crate::reply::lenient::{flag, number, required_number};
use crate::reply::object::ObjectInfo;
use crate::reply::write::Object;
use crate::reply::{Code, Failure, Reply, Result};
use crate::transfer::Mark;

/// So many times the slice size that was asked for is accepted for a stream.
const MOST_LARGER: u64 = 4;

/// `data` of the replies to init, data and list.
#[derive(Deserialize)]
pub(super) struct SessionData {
    #[serde(default)]
    pub(super) session: Option<String>,
    #[serde(default, deserialize_with = "number")]
    slice_size: Option<u64>,
    #[serde(default, deserialize_with = "flag")]
    serial_upload: bool,
    #[serde(default)]
    access_url: Option<String>,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub(super) filesize: Option<u64>,
    #[serde(default, deserialize_with = "number")]
    datalen: Option<u64>,
    #[serde(default)]
    listparts: Option<Vec<ListedPart>>,
}

#[derive(Deserialize)]
struct ListedPart {
    #[serde(deserialize_with = "required_number")]
    offset: u64,
    #[serde(deserialize_with = "required_number")]
    datalen: u64,
}

impl SessionData {
    /// The SHA-1 that the upload was begun with.
    pub(super) fn sha(&self) -> Option<&str> {
        self.sha.as_deref().map(bare_sha)
    }
}

/// What can be at the path of an unfinished upload.
enum Shown {
    /// Nothing that `stat` shows.
    Nothing,
    /// The unfinished upload, or the same content as a file.
    Unfinished {
        biz_attr: Option<String>,
        /// Whether it is not the same content as a file.
        is_certain: bool,
    },
    /// A file with other content.
    File,
}

impl Uploads for V4 {
    fn put(&self, call: &Call, upload: &Upload, progress: &Mark) -> Result<Reply> {
        let content = || {
            let all = Stretch::new(upload.source, 0, upload.source.size(), progress);
            if upload.settings.verify { all.with_sha1() } else { all }
        };
        let texts = vec![
            ("op", "upload".to_owned()),
            ("biz_attr", upload.settings.biz_attr.clone()),
            ("insertOnly", insert_only(upload)),
        ];
        self.form(call, upload.at(), Fields { texts, states: None, content: Some(&content) })
    }

    fn open(&self, call: &Call, upload: &Upload, _: bool) -> Result<Opened> {
        let states = self.states(call, upload)?;
        let fields = init_fields(upload, states);
        // Whether an attempt may have opened the session, its reply being lost.
        let mut may_be_ours = false;
        let opened = call.attempts(
            |_| true,
            |call| {
                let result = self.form(call, upload.at(), fields());
                result.inspect_err(|failure| may_be_ours |= failure.may_have_taken_effect())
            },
        );
        let failure = match opened {
            Ok(reply) => return self.opened(call, upload, reply),
            Err(failure) => failure,
        };
        let is_unfinished = failure.is(Code::COS_ERR_UPLOAD_UNFINISHED);
        let exists = failure.is(Code::COS_ERR_FILE_EXISTS);
        if is_unfinished && (upload.settings.resume || may_be_ours) {
            return self.resume(call, upload, states);
        }
        if may_be_ours && (exists || failure.may_have_taken_effect()) && !call.stop.is_set() {
            match self.find_stored(call, upload) {
                Ok(Some(reply)) => return Ok(Opened::Complete { reply, instant: false }),
                // Without a look it is not known whose file is in the way.
                Err(unknown) if exists => return Err(unknown),
                _ => {}
            }
            if !exists && let Ok(opened) = self.resume(call, upload, states) {
                return Ok(opened);
            }
        }
        Err(failure)
    }

    fn put_part(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        index: u64,
        progress: &Mark,
    ) -> Result<PartDone> {
        let offset = index * session.part_size;
        let len = session.part_size.min(upload.source.size() - offset);
        let mut texts = vec![
            ("op", "upload_slice_data".to_owned()),
            ("session", session.id.clone()),
            ("offset", offset.to_string()),
        ];
        texts.extend(self.sha_field(call, upload)?);
        let content = || Stretch::new(upload.source, offset, len, progress);
        let fields = Fields { texts, states: None, content: Some(&content) };
        let reply = self.form(call, upload.at(), fields)?;
        // A reply to a slice need not have any data.
        let data = reply.data::<SessionData>().ok();
        let stored = data.as_ref().and_then(|data| data.datalen);
        if stored.is_some_and(|stored| stored != len) {
            return Err(reply.unexpected("it has stored another number of bytes than were sent"));
        }
        let is_complete = data.as_ref().is_some_and(|data| data.access_url.is_some());
        Ok(PartDone {
            tag: None,
            is_serial: data.is_some_and(|data| data.serial_upload),
            complete: is_complete.then_some(reply),
        })
    }

    fn finish(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        _: &BTreeMap<u64, PartTag>,
    ) -> Result<Reply> {
        // Only the call that opened the session knows whether the server would let it replace a file.
        if let Some(resumed) = &session.resumed
            && upload.settings.insert_only
            && let Shown::File = self.shown(call, upload, resumed.digest.as_deref())?
        {
            return Err(Failure::file_exists());
        }
        let mut texts = vec![
            ("op", "upload_slice_finish".to_owned()),
            ("session", session.id.clone()),
            ("filesize", upload.source.size().to_string()),
        ];
        texts.extend(self.sha_field(call, upload)?);
        self.form(call, upload.at(), Fields { texts, states: None, content: None })
    }

    /// An unfinished upload and the file of its name go together: both are deleted, if there is
    /// certainly no such file.
    fn abort(&self, call: &Call, upload: &Upload, _: &Session, why: Abort) {
        if why == Abort::Abandoned {
            return;
        }
        let sha = upload.settings.verify.then(|| upload.sha1(&call.stop).ok()).flatten();
        if let Ok(Shown::Unfinished { is_certain: true, .. }) = self.shown(call, upload, sha) {
            // What the deletion leaves is the file that was there before.
            let _ = self.delete(call, upload.at(), Retry::IfUnsent);
        }
    }

    fn find_stored(&self, call: &Call, upload: &Upload) -> Result<Option<Reply>> {
        let Some(shown) = self.object(call, upload.at())? else {
            return Ok(None);
        };
        let Some(theirs) = shown.sha.as_ref().filter(|_| upload.may_be(&shown)) else {
            return Ok(None);
        };
        let is_ours = upload.sha1(&call.stop).is_ok_and(|ours| ours.eq_ignore_ascii_case(theirs));
        let is_complete = is_ours && self.is_complete(call, upload.at(), &shown)?;
        Ok(is_complete.then(|| self.stored(upload.at(), Some(&shown))))
    }

    fn stored(&self, at: Place, shown: Option<&ObjectInfo>) -> Reply {
        let (appid, bucket, path) = (self.account.appid(), at.bucket.as_str(), at.path.as_str());
        let data = Object::new()
            .with("access_url", shown.and_then(|shown| shown.access_url.as_deref()))
            .with("resource_path", format!("/{appid}/{bucket}{path}"))
            .with("source_url", shown.and_then(|shown| shown.source_url.as_deref()))
            .with("url", self.control_url(at));
        Reply::compose(data)
    }
}

impl V4 {
    fn form<'a>(&self, call: &Call, at: Place<'a>, fields: Fields<'a>) -> Result<Reply> {
        let parameters = Parameters::Form(fields);
        let signature = Signature::Multi;
        self.run(call, &Operation { at, signature, parameters, retry: Retry::Always })
    }

    /// Asks for what is there of an unfinished upload.
    pub(super) fn list_slices(&self, call: &Call, at: Place) -> Result<Reply> {
        let texts = vec![("op", "upload_slice_list".to_owned())];
        self.form(call, at, Fields { texts, states: None, content: None })
    }

    /// What is announced of the content, if it is to be verified.
    fn states<'u>(&self, call: &Call, upload: &'u Upload) -> Result<Option<&'u States>> {
        if !upload.settings.verify {
            return Ok(None);
        }
        upload.states(upload.settings.part_size.min(states::STEP), &call.stop).map(Some)
    }

    fn sha_field(&self, call: &Call, upload: &Upload) -> Result<Option<(&'static str, String)>> {
        let states = self.states(call, upload)?;
        Ok(states.map(|states| ("sha", states.sha1().to_owned())))
    }

    fn opened(&self, call: &Call, upload: &Upload, reply: Reply) -> Result<Opened> {
        let data: SessionData = reply.data()?;
        if data.access_url.is_some() {
            return Ok(Opened::Complete { reply, instant: true });
        }
        let session = session(upload, &reply, data)?;
        self.check_memory(call, upload, &session, &reply)?;
        Ok(Opened::Session(session))
    }

    /// The slices of a stream are kept in memory: how much that is, the server can't choose freely.
    fn check_memory(
        &self,
        call: &Call,
        upload: &Upload,
        session: &Session,
        reply: &Reply,
    ) -> Result<()> {
        let (source, part_size) = (upload.source, session.part_size);
        let most = MOST_LARGER * upload.settings.part_size;
        if source.can_be_read_again() || part_size.min(source.size()) <= most {
            return Ok(());
        }
        self.abort(call, upload, session, Abort::Useless);
        Err(reply.unexpected(&format!("its slice_size is {part_size}")))
    }

    /// Continues the unfinished upload of this path.
    fn resume(&self, call: &Call, upload: &Upload, states: Option<&States>) -> Result<Opened> {
        let reply = self.list_slices(call, upload.at())?;
        let data: SessionData = reply.data()?;
        if data.session.is_none() && data.access_url.is_some() {
            let message = "the unfinished upload was finished by another call";
            return Err(Failure::found(Code::COS_ERR_SESSION, message));
        }
        let sha = states.map(States::sha1);
        let is_other =
            data.sha().is_some_and(|begun| sha.is_none_or(|sha| !sha.eq_ignore_ascii_case(begun)));
        if is_other || data.filesize.is_some_and(|size| size != upload.source.size()) {
            return Err(Failure::upload_conflict());
        }
        let digest = data.sha().map(str::to_owned);
        let biz_attr = match self.shown(call, upload, digest.as_deref())? {
            Shown::File if upload.settings.insert_only => return Err(Failure::file_exists()),
            Shown::Unfinished { biz_attr, .. } => biz_attr,
            Shown::File | Shown::Nothing => None,
        };
        let mut session = session(upload, &reply, data)?;
        self.check_memory(call, upload, &session, &reply)?;
        // Without a digest nothing shows that the stored slices are of this file.
        if digest.is_none() {
            session.stored.clear();
        }
        let has_our_biz_attr = biz_attr.as_ref() == Some(&upload.settings.biz_attr);
        session.resumed = Some(Resumed { digest, has_our_biz_attr });
        Ok(Opened::Session(session))
    }

    /// What the server shows at our path, where an upload with the SHA-1 `begun` and our size is
    /// unfinished.
    fn shown(&self, call: &Call, upload: &Upload, begun: Option<&str>) -> Result<Shown> {
        let Some(shown) = self.object(call, upload.at())? else {
            return Ok(Shown::Nothing);
        };
        let size = Some(upload.source.size());
        let sha = shown.sha.as_deref().map(bare_sha).filter(|sha| !sha.is_empty());
        let is_same_sha = match (sha, begun) {
            (None, _) => true,
            (Some(sha), Some(begun)) => sha.eq_ignore_ascii_case(begun),
            (Some(_), None) => false,
        };
        if shown.size != size || !is_same_sha {
            return Ok(Shown::File);
        }
        Ok(Shown::Unfinished {
            // An upload with all slices stored looks like a whole file.
            is_certain: shown.stored.is_some() && shown.stored < size,
            biz_attr: shown.biz_attr,
        })
    }

    fn object(&self, call: &Call, at: Place) -> Result<Option<ObjectInfo>> {
        match self.stat(call, at, Ask::OfContent) {
            Ok(reply) => reply.data().map(Some),
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn insert_only(upload: &Upload) -> String {
    u8::from(upload.settings.insert_only).to_string()
}

/// What init announces, made anew for each attempt.
fn init_fields<'u>(upload: &'u Upload, states: Option<&'u States>) -> impl Fn() -> Fields<'u> {
    move || {
        let mut texts = vec![
            ("op", "upload_slice_init".to_owned()),
            ("filesize", upload.source.size().to_string()),
            ("slice_size", upload.settings.part_size.to_string()),
            ("biz_attr", upload.settings.biz_attr.clone()),
            ("insertOnly", insert_only(upload)),
        ];
        if let Some(states) = states {
            texts.push(("sha", states.sha1().to_owned()));
        }
        Fields { texts, states, content: None }
    }
}

fn session(upload: &Upload, reply: &Reply, data: SessionData) -> Result<Session> {
    let Some(id) = data.session else {
        return Err(reply.unexpected("it has neither session nor access_url"));
    };
    let part_size = data.slice_size.unwrap_or(upload.settings.part_size);
    let len = upload.source.size();
    // A server could keep a client busy for ever with slices of a few bytes.
    if !(4096..=1 << 30).contains(&part_size) && part_size < len {
        return Err(reply.unexpected(&format!("its slice_size is {part_size}")));
    }
    // A larger one means one slice; without the limit, offsets could pass 64 bits.
    let part_size = part_size.min(len).max(1);
    let is_whole = |part: &&ListedPart| {
        part.offset.is_multiple_of(part_size)
            && part.offset < len
            && part.datalen == part_size.min(len - part.offset)
    };
    let listed = data.listparts.unwrap_or_default();
    let stored: HashSet<_> =
        listed.iter().filter(is_whole).map(|part| part.offset / part_size).collect();
    Ok(Session {
        id,
        part_size,
        is_serial: data.serial_upload,
        stored,
        tags: BTreeMap::new(),
        resumed: None,
    })
}

/// Some servers write the digest of an unfinished upload as `<sha>_<something>`.
fn bare_sha(sha: &str) -> &str {
    sha.split('_').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::source::Source;
    use crate::path::{Bucket, FilePath};
    use crate::protocol::scripted::settings;
    use crate::protocol::v4::RULES;
    use crate::transfer::Transfer;

    #[test]
    fn a_slice_is_no_larger_than_the_whole() {
        let (source, transfer) = (Source::Buffer(b"0123456789"), Transfer::default());
        let bucket = Bucket::new("b").unwrap();
        let path = FilePath::new("cos_path", "/f", &RULES).unwrap();
        let upload = Upload::new(&bucket, &path, &source, &transfer, settings());
        for (slice_size, found) in [(9, None), (10, Some(10)), (1u64 << 63, Some(10))] {
            let data = format!(r#"{{"session":"s","slice_size":"{slice_size}"}}"#);
            let data = serde_json::from_str(&data).unwrap();
            let session = session(&upload, &Reply::done(), data);
            assert_eq!(session.ok().map(|session| session.part_size), found, "{slice_size}");
        }
    }
}
