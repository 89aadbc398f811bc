//! A byte stream to the peer: a TCP socket, or TLS over one (`tls`).

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::slice;
use std::time::Duration;

use super::buffers::Queue;
use super::progress::Progress;
use crate::os::{self, Ready, Stored};

/// A connected TCP socket that does not block. Its reads and writes wait for moments at a time:
/// between them they look whether the call was stopped or has run out of time. Interrupting signals
/// don't matter.
pub struct Channel {
    tcp: TcpStream,
    progress: Progress,
}

impl Channel {
    /// Wraps a connected socket that does not block.
    pub fn new(tcp: TcpStream, progress: Progress) -> io::Result<Channel> {
        tcp.set_nodelay(true)?;
        Ok(Channel { tcp, progress })
    }

    /// Waits until the socket is ready, at most for `time`.
    pub fn wait(&self, ready: Ready, time: Duration) -> io::Result<()> {
        os::wait(slice::from_ref(&self.tcp), ready, time)
    }

    /// The same channel for whoever does not want to wait.
    pub fn at_once(&self) -> AtOnce<'_> {
        AtOnce(self)
    }

    fn when_ready<T>(
        &self,
        ready: Ready,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut wait = self.progress.wait();
        loop {
            // The time is checked first: a peer that sends byte after byte must not pass it.
            let time = wait.go_on()?;
            match operation() {
                Err(error) if is_momentary(&error) => self.wait(ready, time)?,
                result => return result,
            }
        }
    }
}

/// Whether the same may succeed in a moment.
pub fn is_momentary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Read for Channel {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.when_ready(Ready::Input, || self.at_once().read(buf))
    }
}

impl Write for Channel {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.when_ready(Ready::Output, || self.at_once().write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A channel whose reads and writes fail with `WouldBlock` where they would have to wait.
pub struct AtOnce<'a>(&'a Channel);

impl Read for AtOnce<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = (&self.0.tcp).read(buf)?;
        self.0.progress.add_received(n);
        Ok(n)
    }
}

impl Write for AtOnce<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = (&self.0.tcp).write(buf)?;
        self.0.progress.add_sent(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A byte stream that can be looked at while it is written to.
pub trait Stream: Send + Sync {
    /// Sends some bytes, or fails if none can leave at once. With none, sends what is left of earlier
    /// ones.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Sends some bytes of a file, none where it ends before; fails with `Unsupported` where they have
    /// to be seen first.
    fn send_stored(&mut self, _: Stored) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Whether all that was sent has left.
    fn has_left(&self) -> bool;

    /// Takes in what has arrived, which may be no content yet; fails at once if nothing has. False at
    /// the end of the stream.
    fn receive(&mut self) -> io::Result<bool>;

    /// Content that has arrived.
    fn arrived(&mut self) -> &mut Queue;

    /// Whether the connection can take another request.
    fn is_open(&mut self) -> bool;

    /// Waits until the connection is ready, at most for `time`.
    fn wait(&self, ready: Ready, time: Duration) -> io::Result<()>;
}

/// A channel without TLS.
pub struct Plain {
    channel: Channel,
    arrived: Queue,
}

impl Plain {
    /// A stream over `channel`; an error where there is no memory for its buffer.
    pub fn new(channel: Channel) -> io::Result<Plain> {
        Ok(Plain { channel, arrived: Queue::new()? })
    }
}

impl Stream for Plain {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.channel.at_once().write(bytes)
    }

    fn send_stored(&mut self, stored: Stored) -> io::Result<usize> {
        let n = os::send_stored(&self.channel.tcp, stored)?;
        self.channel.progress.add_sent(n);
        Ok(n)
    }

    fn has_left(&self) -> bool {
        true
    }

    fn receive(&mut self) -> io::Result<bool> {
        let n = self.channel.at_once().read(self.arrived.room())?;
        self.arrived.added(n);
        Ok(n > 0)
    }

    fn arrived(&mut self) -> &mut Queue {
        &mut self.arrived
    }

    /// A healthy idle connection has nothing to read. One byte or an end means that the server
    /// has closed it or is out of step.
    fn is_open(&mut self) -> bool {
        let peeked = self.channel.tcp.peek(&mut [0]);
        self.arrived.is_empty() && matches!(peeked, Err(error) if is_momentary(&error))
    }

    fn wait(&self, ready: Ready, time: Duration) -> io::Result<()> {
        self.channel.wait(ready, time)
    }
}
