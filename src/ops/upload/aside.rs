//! Around an unfinished upload of other content, which keeps others from beginning and which nothing
//! ends without touching the file of that name. A small file goes in one request, which replaces
//! both. A larger one is uploaded under another name in the same folder and then moved to its place:
//! the old file is there until the new one is.

use sha1::{Digest, Sha1};

use super::Sending;
use crate::content::hash::hex;
use crate::path::{FilePath, Rules};
use crate::protocol::contract::{Relocation, Retry, UploadSettings};
use crate::reply::{Code, Failure, Reply, Result};

impl Sending<'_> {
    pub(super) fn go_around(&self) -> Result<Reply> {
        if self.upload.source.size() <= self.service.limits().largest_whole {
            match self.on(&self.call.part()).whole() {
                Err(failure) if self.is_in_the_way(&failure) => {}
                result => return result,
            }
        }
        self.aside()
    }

    /// Whether a server does not let a file replace what is there.
    fn is_in_the_way(&self, failure: &Failure) -> bool {
        failure.is(Code::COS_ERR_UPLOAD_UNFINISHED)
            || failure.is(Code::COS_ERR_UPLOAD_CONFLICT)
            || (failure.is(Code::COS_ERR_FILE_EXISTS) && !self.upload.settings.insert_only)
    }

    fn aside(&self) -> Result<Reply> {
        let (call, upload) = (self.call, self.upload);
        let sha = upload.sha1(&call.stop)?;
        let path = path_aside(upload.path, sha, &self.service.limits().paths)?;
        // Its name is made of the digest, and the digest is compared before it is moved.
        let settings =
            UploadSettings { insert_only: false, verify: true, ..upload.settings.clone() };
        let part = call.part();
        let aside = upload.to(&path, settings);
        let sending = Sending { upload: &aside, ..self.on(&part) };
        sending.rounds().map_err(|ended| ended.into_failure())?;
        let overwrite = !upload.settings.insert_only;
        let relocation =
            Relocation { from: aside.at(), to: upload.at(), overwrite, source_region: None };
        let moved = self.certain(|call| self.service.rename(call, &relocation, Retry::Always));
        match moved {
            Ok(certain) if certain.recovered => {
                self.recovered();
                Ok(certain.reply)
            }
            // Its URLs are known only now. That it is there is certain.
            Ok(_) => match self.service.find_stored(call, upload) {
                Ok(Some(reply)) => Ok(reply),
                _ => Ok(self.service.stored(upload.at(), None)),
            },
            Err(failure) => {
                // Another call with the same content may have moved it.
                if failure.is(Code::COS_ERR_NOT_FOUND)
                    && let Some(reply) = self.service.find_stored(call, upload)?
                {
                    self.recovered();
                    return Ok(reply);
                }
                // What is refused for now is moved by the next call.
                if failure.is_from_server() && !failure.is_retryable() {
                    let _ = self.service.delete(call, aside.at(), Retry::IfUnsent);
                }
                Err(failure)
            }
        }
    }
}

/// `.NAME.DIGEST.cos-upload` beside the file, the same for the same content, so that a later call
/// continues it; without the name where that is too long.
fn path_aside(path: &FilePath, sha: &str, rules: &Rules) -> Result<FilePath> {
    let name = path.name();
    let folder = path.as_str().strip_suffix(name).unwrap_or("/");
    let digest = &hex(&Sha1::digest(format!("{name} {sha}")))[..16];
    FilePath::new("cos_path", &format!("{folder}.{name}.{digest}.cos-upload"), rules)
        .or_else(|_| FilePath::new("cos_path", &format!("{folder}.{digest}.cos-upload"), rules))
}
