//! When the reply to an upload is lost: what has become of it?

use serde::Deserialize;
use serde_json::json;

use super::Upload;
use super::sliced::SessionData;
use crate::code::Code;
use crate::error::{Failure, Phase, Result};
use crate::reply::{Reply, lenient_u64};
use crate::request::Operation;

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
        let is_ours = found.filesize == size
            && found.filelen.is_none_or(|len| Some(len) == size)
            && found.biz_attr.as_deref().is_none_or(|attr| Some(attr) == biz_attr)
            && found
                .sha
                .is_some_and(|found| sha().is_some_and(|sha| found.eq_ignore_ascii_case(&sha)));
        let is_complete = is_ours && !self.is_unfinished()?;
        Ok(is_complete.then(|| {
            Reply::compose(&json!({
                "access_url": found.access_url,
                "resource_path": format!(
                    "/{}/{}{}",
                    self.call.client.credentials.appid(),
                    self.bucket.as_str(),
                    self.path.as_str(),
                ),
                "source_url": found.source_url,
                "url": self.call.control_url(&self.bucket, &self.path),
            }))
        }))
    }

    /// Whether only the finish of a sliced upload is missing: `stat` shows that like a whole file.
    pub fn is_unfinished(&self) -> Result<bool> {
        match self.call.run(&self.list()) {
            Ok(reply) => Ok(reply.data().is_ok_and(|data: SessionData| data.session.is_some())),
            // There is nothing unfinished where the question is refused.
            Err(failure) if failure.phase == Phase::Server && !failure.retryable => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}
