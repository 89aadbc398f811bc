//! What the C functions do, whatever the protocol.

pub mod download;
pub mod file;
pub mod folder;
pub mod sign;
pub mod tree;
pub mod upload;
