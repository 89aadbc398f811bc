#![doc = include_str!("README.md")]
//! ## Inside
//!
//! Data flows one way:
//!
//! ```text
//! C string        ffi          the boundary: C types, panics, ownership
//! valid values    path, options, config
//! operation       ops
//! request         protocol, content
//! bytes           transport
//! system          os           the only files, sockets and threads that differ between systems
//! reply           reply
//! ```
//!
//! [`client`] is what all of it works for; [`call`], [`transfer`], [`stop`] and [`threads`] are how a
//! call is slowed down, followed, ended early, and spread over threads. `docs/wire-v4.md` and
//! `docs/wire-v5.md` describe the wire.
#![deny(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod account;
pub mod call;
pub mod client;
pub mod config;
pub mod content;
pub mod ffi;
pub mod log;
pub mod ops;
pub mod options;
pub mod os;
pub mod path;
pub mod protocol;
pub mod reply;
pub mod stop;
pub mod threads;
pub mod transfer;
pub mod transport;
