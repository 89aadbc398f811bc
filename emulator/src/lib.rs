//! A stand-in for Tencent Cloud COS, for tests of programs that use it: the JSON API v4 and the XML API v5, on the
//! same buckets.
//!
//! It verifies every signature and digest, keeps its objects on disk, answers with the service's codes and words, and
//! fails on demand in the ways networks and servers fail. As a library it runs inside a test:
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! use cos_emulator::{Action, Config, Emulator, Fault};
//!
//! let data = std::env::temp_dir().join(format!("cos-emulator-doc-{}", std::process::id()));
//! let emulator = Emulator::start(Config::new(&data))?;
//! emulator.settings(|settings| settings.request_id = false);
//! emulator.inject(Fault::new(Action::Code { code: -71, status: None, message: None, execute: false }).op("stat"));
//! // … point the program at `emulator.host()` and look at `emulator.requests()` …
//! emulator.stop();
//! # std::fs::remove_dir_all(data)
//! # }
//! ```
//!
//! The program `cos-emulator` is the same for tests in other languages; its README explains both.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod config;
mod digest;
mod emulator;
mod http;
mod settings;
mod store;
mod system;
mod v4;
mod v5;

pub use config::{Bucket, Config, ConfigFile, Credential, TemporaryKey};
pub use emulator::Emulator;
pub use http::faults::{Action, End, Fault, Part};
pub use http::log::Record;
pub use settings::Settings;
pub use system::asked_to_end;
pub use v4::Code;
