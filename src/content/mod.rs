//! The bytes that travel: where those of an upload come from, the part of them that a request carries,
//! what is kept of a stream, and sums of both directions.

pub mod hash;
pub mod running_sum;
pub mod source;
pub mod stretch;
pub mod window;
