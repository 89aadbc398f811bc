//! The tests of the library and of all that comes with it: a module a subject, one program.
//!
//! Each of them also runs on the other platforms, but for those that the table in docs/platforms.md
//! names. What only a Unix has is in a `mod unix` at the end of its subject, or a subject of its own.

mod boundary;
mod bounded;
mod downloads;
mod faults;
mod files;
mod hostile;
mod lines;
mod properties;
mod proxy;
mod requests;
mod secrets;
mod streams;
mod tls;
mod transfers;
mod trees;
mod uploads;
mod v4;
mod v5;
mod validation;

#[cfg(unix)]
mod abi;
#[cfg(unix)]
mod artifacts;
#[cfg(unix)]
mod bindings;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod cpp;
#[cfg(unix)]
mod emulator_packages;
#[cfg(unix)]
mod examples;
#[cfg(unix)]
mod go;
#[cfg(unix)]
mod header;
#[cfg(unix)]
mod host;
#[cfg(unix)]
mod install;
#[cfg(unix)]
mod layers;
#[cfg(unix)]
mod local_files;
#[cfg(unix)]
mod lua;
#[cfg(unix)]
mod manual;
#[cfg(unix)]
mod packages;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod readme;
#[cfg(unix)]
mod sdks;
#[cfg(unix)]
mod updater;

#[cfg(windows)]
mod windows;
