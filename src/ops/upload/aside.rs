//! Around an unfinished upload of other content, which keeps others from beginning and which nothing
//! ends without touching the file of that name. A small file goes in one request, which replaces
//! both. A larger one is uploaded under another name in the same folder and then moved to its place:
//! the old file is there until the new one is.

use sha1::{Digest, Sha1};

use serde_json::json;

use super::{MAX_SIMPLE, Settings, Stats, Upload};
use crate::content::hash::{Digests, PART_SIZE, hex};
use crate::ops::file::delete_operation;
use crate::path::FilePath;
use crate::protocol::v4::request::{Operation, Parameters, Repeat, Signature};
use crate::reply::{Code, Failure, Reply, Result};

impl Upload<'_> {
    pub(super) fn go_around(&self, digests: Option<&Digests>, stats: &mut Stats) -> Result<Reply> {
        if self.source.size() <= MAX_SIMPLE {
            match self.to(self.path.clone(), self.settings.clone()).simple(stats) {
                Err(failure) if self.is_in_the_way(&failure) => {}
                result => return result,
            }
        }
        match digests {
            Some(digests) => self.aside(digests, stats),
            // Its name and its safety depend on them.
            None => {
                let part_size = self.settings.slice_size.min(PART_SIZE);
                self.aside(&Digests::of(self.source, part_size, &self.call.stop)?, stats)
            }
        }
    }

    /// Whether a server does not let a simple upload replace what is there.
    fn is_in_the_way(&self, failure: &Failure) -> bool {
        failure.is(Code::COS_ERR_UPLOAD_UNFINISHED)
            || failure.is(Code::COS_ERR_UPLOAD_CONFLICT)
            || (failure.is(Code::COS_ERR_FILE_EXISTS) && !self.settings.insert_only)
    }

    fn aside(&self, digests: &Digests, stats: &mut Stats) -> Result<Reply> {
        let settings = Settings { insert_only: false, ..self.settings.clone() };
        let aside = self.to(self.aside_path(&digests.sha)?, settings);
        aside.in_slices(Some(digests), stats).map_err(|ended| ended.into_failure())?;
        let moving = Operation {
            bucket: &self.bucket,
            path: &aside.path,
            signature: Signature::Once,
            parameters: Parameters::Json(json!({
                "op": "move",
                "dest_fileid": self.path.as_str(),
                "to_over_write": u8::from(!self.settings.insert_only),
            })),
            repeat: Repeat::Always,
        };
        let sha = || Some(digests.sha.clone());
        match self.ascertain(&moving, sha) {
            Ok(outcome) if outcome.recovered => {
                stats.recovered = true;
                Ok(outcome.reply)
            }
            // Its URLs are known only now. That it is there is certain.
            Ok(_) => match self.find_ours(sha) {
                Ok(Some(reply)) => Ok(reply),
                _ => Ok(self.reply(None, None)),
            },
            Err(failure) => {
                // Another call with the same content may have moved it.
                if failure.is(Code::COS_ERR_NOT_FOUND)
                    && let Some(reply) = self.find_ours(sha)?
                {
                    stats.recovered = true;
                    return Ok(reply);
                }
                // What is refused for now is moved by the next call.
                if failure.reply.is_some() && !failure.retryable {
                    let delete = delete_operation(&self.bucket, &aside.path, Repeat::IfUnsent);
                    let _ = self.call.run(&delete);
                }
                Err(failure)
            }
        }
    }

    /// `.NAME.DIGEST.cos-upload` beside the file, the same for the same content, so that a later
    /// call continues it; without the name where that is too long.
    fn aside_path(&self, sha: &str) -> Result<FilePath> {
        let name = self.path.name();
        let folder = self.path.as_str().strip_suffix(name).unwrap_or("/");
        let digest = &hex(&Sha1::digest(format!("{name} {sha}")))[..16];
        FilePath::new("cos_path", &format!("{folder}.{name}.{digest}.cos-upload"))
            .or_else(|_| FilePath::new("cos_path", &format!("{folder}.{digest}.cos-upload")))
    }
}
