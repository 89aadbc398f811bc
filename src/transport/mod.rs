//! HTTP over kept-alive connections.
//!
//! ureq speaks the protocol. Below it are our own sockets (`socket`), because only they can
//! notice a cancelled call within moments, survive the host's signals, tell how far a request has
//! come, hear an answer while they still send and count what travelled. Above it is our own pool (`pool`), because a connection and
//! the call that is using it have to know each other.

mod buffers;
mod connect;
mod date;
mod exchange;
mod head;
mod host;
mod network;
mod pool;
mod progress;
mod resolve;
mod socket;
mod tls;

pub use date::{parse_http_date, parse_iso_date};
pub use exchange::{Body, Incoming, Limits, Outgoing, Traffic};
pub use host::{Host, Proxy};
pub use network::{Network, USER_AGENT, read_certificates};
pub use pool::Transport;
