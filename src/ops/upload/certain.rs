//! When the reply to an upload is lost: what has become of it?

use serde::Deserialize;
use serde_json::json;

use super::Upload;
use super::parts::{SessionData, list_operation};
use crate::client::Call;
use crate::path::{Bucket, FilePath};
use crate::protocol::v4::request::{Operation, Parameters, Repeat, Signature};
use crate::reply::{Code, Failure, Phase, Reply, Result, lenient_u64};

/// How a request that must not be misjudged ended.
pub struct Outcome {
    /// The server's reply, or one composed from what the server shows to be true.
    pub reply: Reply,
    /// Whether it is the latter.
    pub recovered: bool,
}

#[derive(Deserialize)]
struct FileData {
    #[serde(default, deserialize_with = "lenient_u64")]
    filesize: Option<u64>,
    #[serde(default, deserialize_with = "lenient_u64")]
    filelen: Option<u64>,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    biz_attr: Option<String>,
    #[serde(default)]
    access_url: Option<String>,
    #[serde(default)]
    source_url: Option<String>,
}

impl Upload<'_> {
    /// Sends `operation` until its outcome is certain: whenever the server may have carried it out
    /// without our hearing of it, looks whether our file is there before judging or repeating.
    pub fn ascertain(
        &self,
        operation: &Operation,
        sha: impl Fn() -> Option<String>,
    ) -> Result<Outcome> {
        let mut may_have_happened = false;
        let attempt = |number| {
            let failure = match self.call.run_once(operation, number) {
                Ok(reply) => {
                    return Ok(Outcome { reply, recovered: false });
                }
                Err(failure) => failure,
            };
            may_have_happened |= failure.fate_is_unknown();
            if !may_have_happened || self.call.stop.is_set() {
                return Err(failure);
            }
            // What will not be repeated is a verdict, and must not depend on a single look.
            let stat = match failure.retryable {
                true => self.stat_once(),
                false => self.stat(),
            };
            match self.ours_in(stat, &sha) {
                Ok(Some(reply)) => Ok(Outcome { reply, recovered: true }),
                Ok(None) => Err(failure),
                Err(_) if failure.retryable => Err(failure),
                Err(unknown) => Err(unknown),
            }
        };
        self.call.repeating(attempt, |_: &Failure| true)
    }

    /// Looks for our complete file at its path.
    pub fn find_ours(&self, sha: impl Fn() -> Option<String>) -> Result<Option<Reply>> {
        self.ours_in(self.stat(), sha)
    }

    /// The reply for our complete file, if that is what the server shows at its path.
    fn ours_in(
        &self,
        stat: Result<Reply>,
        sha: impl Fn() -> Option<String>,
    ) -> Result<Option<Reply>> {
        let found: FileData = match stat {
            Ok(reply) => reply.data()?,
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let size = Some(self.source.size());
        let biz_attr = Some(self.settings.biz_attr.as_str());
        let may_be_ours = found.filesize == size
            && found.filelen.is_none_or(|len| Some(len) == size)
            && found.biz_attr.as_deref().is_none_or(|attr| Some(attr) == biz_attr);
        let Some(theirs) = found.sha.as_ref().filter(|_| may_be_ours) else {
            return Ok(None);
        };
        let is_ours = sha().is_some_and(|sha| theirs.eq_ignore_ascii_case(&sha));
        let is_complete = is_ours
            && !is_unfinished(&self.call, &self.bucket, &self.path, self.source.size(), theirs)?;
        Ok(is_complete.then(|| self.reply(found.access_url, found.source_url)))
    }

    /// The reply to an upload, composed from what is known.
    pub fn reply(&self, access_url: Option<String>, source_url: Option<String>) -> Reply {
        Reply::compose(&json!({
            "access_url": access_url,
            "resource_path": format!(
                "/{}/{}{}",
                self.call.client.credentials.appid(),
                self.bucket.as_str(),
                self.path.as_str(),
            ),
            "source_url": source_url,
            "url": self.call.control_url(&self.bucket, &self.path),
        }))
    }

    /// Gives our file the attribute that this call was given, if it has another.
    pub fn set_biz_attr(&self) -> Result<()> {
        let biz_attr = &self.settings.biz_attr;
        let found: FileData = self.stat()?.data()?;
        // Another file has taken its place already, or there is nothing to do.
        if found.filesize != Some(self.source.size()) || found.biz_attr.as_ref() == Some(biz_attr) {
            return Ok(());
        }
        let update = Operation {
            bucket: &self.bucket,
            path: &self.path,
            signature: Signature::Once,
            parameters: Parameters::Json(json!({"op": "update", "biz_attr": biz_attr})),
            repeat: Repeat::Always,
        };
        self.call.run(&update).map(|_| ()).map_err(|failure| {
            let problem = "the file is stored, but its biz_attr can't be set";
            Box::new(Failure { message: format!("{problem}: {}", failure.message), ..*failure })
        })
    }

    /// What the server shows at our path, where an upload with the SHA-1 `session_sha` and our size
    /// is unfinished.
    pub fn shown(&self, session_sha: Option<&str>) -> Result<Shown> {
        let found: FileData = match self.stat() {
            Ok(reply) => reply.data()?,
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => return Ok(Shown::Nothing),
            Err(failure) => return Err(failure),
        };
        let size = Some(self.source.size());
        let sha = found.sha.as_deref().map(bare_sha).filter(|sha| !sha.is_empty());
        let is_same_sha = match (sha, session_sha) {
            (None, _) => true,
            (Some(sha), Some(session_sha)) => sha.eq_ignore_ascii_case(session_sha),
            (Some(_), None) => false,
        };
        if found.filesize != size || !is_same_sha {
            return Ok(Shown::File);
        }
        Ok(Shown::Unfinished {
            biz_attr: found.biz_attr,
            // With all slices stored it can't be told from the whole file.
            is_certain: found.filelen.is_some() && found.filelen < size,
        })
    }
}

/// What can be at the path of an unfinished upload.
pub enum Shown {
    /// Nothing that `stat` shows.
    Nothing,
    /// The unfinished upload, or the same content as a file.
    Unfinished {
        /// Its attribute.
        biz_attr: Option<String>,
        /// Whether it is not the same content as a file.
        is_certain: bool,
    },
    /// A file with other content.
    File,
}

/// Some servers write the digest of an unfinished upload as `<sha>_<something>`.
pub fn bare_sha(sha: &str) -> &str {
    sha.split('_').next().unwrap_or_default()
}

/// Whether what is shown at `path` with this size and SHA-1 is an upload that only lacks its
/// finish: `stat` and lists show that like a whole file.
pub fn is_unfinished(
    call: &Call,
    bucket: &Bucket,
    path: &FilePath,
    size: u64,
    sha: &str,
) -> Result<bool> {
    match call.run(&list_operation(bucket, path)) {
        Ok(reply) => Ok(reply.data().is_ok_and(|data: SessionData| {
            let is_other = data.sha().is_some_and(|found| !found.eq_ignore_ascii_case(sha))
                || data.filesize.is_some_and(|found| found != size);
            data.session.is_some() && !is_other
        })),
        // There is nothing unfinished where the question is refused.
        Err(failure) if failure.phase == Phase::Server && !failure.retryable => Ok(false),
        Err(failure) => Err(failure),
    }
}
