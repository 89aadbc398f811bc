//! One call of the program: how patient it is.

pub mod clock;
pub mod pace;
