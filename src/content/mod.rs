//! What is uploaded: where its bytes come from, the part of them that a request carries, and their
//! digests.

pub mod hash;
pub mod running;
pub mod source;
pub mod stretch;
pub mod window;
