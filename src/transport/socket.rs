//! A connection as ureq uses it: ureq writes requests to it. What it sees of every answer is
//! [`ANSWERED`]; the head is kept in the connection's [`Progress`], and the body is read without
//! ureq (`body`), which would copy it once more.

use std::fmt;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::HoldingBuffers;
use super::link::Slot;
use super::progress::Progress;

/// Stands for an answer.
const ANSWERED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A connection for ureq.
pub struct Socket {
    link: Slot,
    buffers: HoldingBuffers,
    progress: Progress,
    is_tls: bool,
    /// `http://host[:port]`, for a proxy that has to be told where a request goes.
    target: Option<String>,
}

impl Socket {
    /// The connection in `link`; an error where there is no memory for its buffers.
    pub fn new(
        link: Slot,
        progress: Progress,
        is_tls: bool,
        target: Option<String>,
    ) -> std::io::Result<Socket> {
        Ok(Socket { link, buffers: HoldingBuffers::new()?, progress, is_tls, target })
    }

    fn send_held(&mut self) -> Result<(), ureq::Error> {
        self.link.with(|link| link.send(self.buffers.held()))?;
        self.buffers.release();
        Ok(())
    }
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, mut amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        if self.progress.begin_sending()
            && let Some(target) = &self.target
        {
            let method = self.buffers.output()[..amount].iter().position(|b| *b == b' ');
            self.buffers.insert(method.map_or(0, |space| space + 1), target, amount);
            amount += target.len();
        }
        self.buffers.hold(amount);
        if self.progress.body_left() > 0 && self.buffers.can_hold_more() {
            return Ok(());
        }
        self.send_held()
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.send_held()?;
        self.progress.enter_receive();
        self.link.with(|link| link.await_answer())?;
        self.buffers.set_input(ANSWERED);
        Ok(true)
    }

    /// Once there is an answer, it is for its reader to say whether the connection can be used again.
    fn is_open(&mut self) -> bool {
        self.progress.is_answered() || self.link.with(|link| Ok(link.is_open())).unwrap_or(false)
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
