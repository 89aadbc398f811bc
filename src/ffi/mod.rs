//! The boundary to C: the only `extern "C"`, and, but for `os`, the only `unsafe`.
//!
//! One file per noun. Every body but a constant goes through `guard`, every argument through
//! `input`; what is left of a function is the call into the core. The comments here are what
//! `cos.h` says, so they speak to the C programmer.
#![allow(unsafe_code, clippy::missing_safety_doc)]

mod client;
mod download;
mod file;
mod folder;
mod forward;
mod guard;
mod input;
mod json;
mod log;
mod request;
mod sign;
#[cfg(feature = "test-hooks")]
mod test_hooks;
mod transfer;
mod tree;
mod upload;
mod user;
mod version;
