//! `op=upload`: the whole file in one request.

use std::cell::RefCell;

use super::{Stats, Upload};
use crate::content::hash::Digests;
use crate::protocol::v4::form::{Content, Form};
use crate::protocol::v4::request::{Operation, Parameters, Repeat, Signature};
use crate::reply::{Reply, Result};

impl Upload<'_> {
    pub(super) fn simple(&self, stats: &mut Stats) -> Result<Reply> {
        let mark = self.transfer.mark();
        let operation = Operation {
            bucket: &self.bucket,
            path: &self.path,
            signature: Signature::Multi,
            parameters: Parameters::Form(Form {
                fields: vec![
                    ("op", "upload".to_owned()),
                    ("biz_attr", self.settings.biz_attr.clone()),
                    ("insertOnly", self.insert_only()),
                ],
                parts: None,
                content: Some(Content {
                    source: self.source,
                    offset: 0,
                    len: self.source.size(),
                    with_sha: self.settings.verify_sha1,
                    mark: &mark,
                }),
            }),
            repeat: Repeat::Always,
        };
        // Only needed when a reply was lost: the file is not read twice otherwise.
        let known = RefCell::new(None);
        let sha = || {
            let digest = || Digests::of(self.source, u64::MAX, &self.call.stop).ok();
            known
                .borrow_mut()
                .get_or_insert_with(digest)
                .as_ref()
                .map(|digests| digests.sha.clone())
        };
        let outcome = self.ascertain(&operation, sha)?;
        stats.recovered = outcome.recovered;
        Ok(outcome.reply)
    }
}
