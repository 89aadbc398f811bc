//! HTTP as both APIs speak it: connections, faults, the request log, the switches.

pub(crate) mod admin;
pub(crate) mod app;
pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod disturb;
pub(crate) mod faults;
pub(crate) mod head;
pub(crate) mod log;
pub(crate) mod range;
pub(crate) mod reply;
pub(crate) mod server;
mod spelling;
pub(crate) mod wire;
