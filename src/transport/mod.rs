//! HTTP over kept-alive connections.
//!
//! ureq composes requests and sends them. Below it are our own connections (`socket`, `link`,
//! `channel`), because only they can notice a cancelled call within moments, survive the host's
//! signals, tell how far a request has come, hear an answer while they still send and count what
//! travelled. Above it is our own pool (`pool`), because a connection and the call that is using it
//! have to know each other. The body of an answer is read without ureq (`body`), from where it has
//! arrived.

mod body;
mod buffers;
mod channel;
mod connect;
mod date;
mod exchange;
mod head;
mod host;
mod link;
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
