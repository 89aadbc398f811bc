//! The ways to talk to the service.

pub mod v4;
