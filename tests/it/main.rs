//! The tests of the library and of all that comes with it: a module a subject, one program.

mod abi;
mod artifacts;
mod bindings;
mod boundary;
mod bounded;
mod command;
mod cpp;
mod downloads;
mod examples;
mod faults;
mod header;
mod host;
mod hostile;
mod install;
mod layers;
mod lines;
mod local_files;
mod properties;
mod proxy;
mod readme;
mod secrets;
mod tls;
mod transfers;
mod trees;
mod uploads;
mod validation;
