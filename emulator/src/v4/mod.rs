//! The JSON API v4.

pub(crate) mod auth;
pub(crate) mod codes;
pub(crate) mod control;
pub(crate) mod download;
mod ops;
pub(crate) mod params;
pub(crate) mod path;
