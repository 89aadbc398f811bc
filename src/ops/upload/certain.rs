//! When the reply to an upload is lost: what has become of it?

use super::Sending;
use crate::call::Call;
use crate::reply::{Reply, Result};

/// How a request that must not be misjudged ended.
pub(super) struct CertainReply {
    /// The server's reply, or one composed from what the server shows to be true.
    pub reply: Reply,
    /// Whether it is the latter.
    pub recovered: bool,
}

impl Sending<'_> {
    /// Makes attempts until it is certain what became of them: whenever the server may have done what
    /// was asked without our hearing of it, looks whether our content is there before judging or
    /// repeating.
    pub(super) fn certain(
        &self,
        mut attempt: impl FnMut(&Call) -> Result<Reply>,
    ) -> Result<CertainReply> {
        let mut may_have_happened = false;
        self.call.attempts(
            |_| true,
            |call| {
                let failure = match attempt(call) {
                    Ok(reply) => return Ok(CertainReply { reply, recovered: false }),
                    Err(failure) => failure,
                };
                may_have_happened |= failure.may_have_taken_effect();
                if !may_have_happened || call.stop.is_set() {
                    return Err(failure);
                }
                // What will not be repeated is a verdict, and must not depend on a single look.
                let look = if failure.is_retryable() { &call.once() } else { self.call };
                match self.service.find_stored(look, self.upload) {
                    Ok(Some(reply)) => Ok(CertainReply { reply, recovered: true }),
                    Ok(None) => Err(failure),
                    Err(_) if failure.is_retryable() => Err(failure),
                    Err(unknown) => Err(unknown),
                }
            },
        )
    }
}
