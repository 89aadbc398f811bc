//! The whole content in one request.

use super::Sending;
use crate::reply::{Reply, Result};

impl Sending<'_> {
    pub(super) fn whole(&self) -> Result<Reply> {
        // Bytes that have to be sent again are not counted again.
        let progress = self.upload.transfer.mark();
        let certain = self.certain(|call| self.service.put(call, self.upload, &progress))?;
        progress.reached(self.upload.source.size());
        if certain.recovered {
            self.recovered();
        }
        Ok(certain.reply)
    }
}
