//! Tencent Cloud Object Storage (COS), JSON API v4, for every language that can call C.
//!
//! The product is `include/cos.h` and the library behind it; this crate is how it is made. Data
//! flows one way:
//!
//! ```text
//! C string        ffi          the boundary: C types, panics, ownership
//! valid values    path, options, config, sign
//! operation       file, folder, upload, download, signing
//! request         request, multipart, digest, source
//! bytes           transport
//! reply           reply, secrets, error, answer
//! JSON            json
//! ```
//!
//! [`client`] is what all of it works for, [`transfer`], [`stop`], [`pace`] and [`crew`] are how a
//! call is followed, ended early, slowed down, and spread over threads. `docs/protocol.md` describes the wire.
#![deny(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod answer;
pub mod client;
pub mod clock;
pub mod code;
pub mod config;
pub mod crew;
pub mod digest;
pub mod download;
pub mod error;
pub mod ffi;
pub mod file;
pub mod folder;
pub mod json;
pub mod log;
pub mod multipart;
pub mod options;
pub mod pace;
pub mod path;
pub mod reply;
pub mod request;
pub mod secrets;
pub mod sign;
pub mod signing;
pub mod source;
pub mod stop;
pub mod transfer;
pub mod transport;
pub mod tree;
pub mod upload;
