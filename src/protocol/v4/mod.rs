//! The JSON API v4.

pub mod form;
pub mod request;
pub mod sign;
