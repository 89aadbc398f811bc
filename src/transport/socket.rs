//! A connection as ureq uses it: ureq makes the connection and composes the heads of requests.
//!
//! What it sees of every answer is [`ANSWERED`], as soon as the head of the request is there. Request
//! and answer then go past it (`link`, `body`): it would copy both once more, and could not hear an
//! answer while it sends.

use std::{fmt, io, mem};

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::HeadBuffers;
use super::link::{Link, Slot};

/// Stands for an answer.
const ANSWERED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A connection for ureq.
pub struct Socket {
    link: Slot,
    buffers: HeadBuffers,
    is_tls: bool,
    /// `http://host[:port]`, for a proxy that has to be told where a request goes.
    target: Option<String>,
    /// Whether a request was composed and ureq has not asked yet whether it can compose another.
    is_busy: bool,
}

impl Socket {
    /// The connection in `link`; an error where there is no memory for its buffers.
    pub fn new(link: Slot, is_tls: bool, target: Option<String>) -> io::Result<Socket> {
        Ok(Socket { link, buffers: HeadBuffers::new()?, is_tls, target, is_busy: false })
    }
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.buffers.keep(amount);
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let head = self.buffers.take_head(ANSWERED);
        self.link.with(|link| link.begin(head, self.target.as_deref()))?;
        self.is_busy = true;
        Ok(true)
    }

    /// After an answer, this is for its reader to say.
    fn is_open(&mut self) -> bool {
        mem::take(&mut self.is_busy) || self.link.with(Link::is_open).unwrap_or(false)
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Socket")
    }
}
