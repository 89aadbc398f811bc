//! What is uploaded: where its bytes come from, and their digests.

pub mod hash;
pub mod source;
