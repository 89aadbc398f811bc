//! Tencent Cloud Object Storage (COS), JSON API v4 and XML API v5, for every language that can call
//! C.
//!
//! The product is `include/cos.h` and the library behind it; this crate is how it is made. A program in
//! Rust can use it, too. The functions in [`ops`] are those of `cos.h`, which describes them, their options
//! and their replies; what else is public may change in any version.
//!
//! ```no_run
//! use cos::client::Client;
//! use cos::ops::{list, upload};
//! use cos::reply::Code;
//! use cos::threads::Watch;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let client = Client::new("1250000000", "SECRET_ID", "SECRET_KEY", Some("sh"), None)?;
//!     let options = Some(r#"{"insert_only": false}"#);
//!     upload::file(&client, "mybucket", "/hello.txt", "hello.txt", options, Watch::default())?;
//!     match list::list(&client, "mybucket", "/photos/", Some(r#"{"all": true}"#)) {
//!         Ok(reply) => println!("{}", reply.json),
//!         Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => println!("there is no such folder"),
//!         Err(failure) => return Err(failure.into()),
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Inside, data flows one way:
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
