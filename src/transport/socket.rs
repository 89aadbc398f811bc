//! Connections as ureq uses them: a TCP socket, or TLS over one, behind the same buffers.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::TcpStream;

use socket2::SockRef;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::HoldingBuffers;
use super::progress::Progress;

/// A connected TCP socket whose reads and writes block only for moments at a time: between them it
/// looks whether the call was stopped or has run out of time. Interrupting signals don't matter.
pub struct Channel {
    tcp: TcpStream,
    progress: Progress,
}

impl Channel {
    /// Wraps a connected socket.
    pub fn new(tcp: TcpStream, progress: Progress) -> io::Result<Channel> {
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(false)?;
        tcp.set_read_timeout(Some(crate::stop::TICK))?;
        tcp.set_write_timeout(Some(crate::stop::TICK))?;
        Ok(Channel { tcp, progress })
    }

    fn patiently<T>(&self, mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let wait = self.progress.wait();
        loop {
            // Asked first: a peer that always has another byte must not outlive the time.
            wait.go_on()?;
            match operation() {
                Err(error) if is_momentary(&error) => {}
                result => return result,
            }
        }
    }
}

fn is_momentary(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
        // A host that the network reports as timed out is gone for good.
        && error.raw_os_error() != Some(libc::ETIMEDOUT)
}

impl Read for Channel {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.patiently(|| (&self.tcp).read(buf))?;
        self.progress.add_received(n);
        Ok(n)
    }
}

impl Write for Channel {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.patiently(|| (&self.tcp).write(buf))?;
        self.progress.add_sent(n);
        Ok(n)
    }

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        // The standard library's own would raise SIGPIPE on a connection that has ended.
        let socket = SockRef::from(&self.tcp);
        let n = self.patiently(|| socket.send_vectored_with_flags(bufs, libc::MSG_NOSIGNAL))?;
        self.progress.add_sent(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A byte stream that knows whether its peer is still there.
pub trait Stream: Read + Write + Send + Sync + 'static {
    /// Whether the connection can take another request.
    fn is_open(&mut self) -> bool;
}

impl Stream for Channel {
    /// A healthy idle connection has nothing to read. One byte or an end means that the server
    /// has closed it or is out of step.
    fn is_open(&mut self) -> bool {
        let look = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        let found = SockRef::from(&self.tcp).recv_with_flags(&mut [MaybeUninit::uninit()], look);
        matches!(found, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

/// A connection for ureq.
pub struct Socket<S> {
    stream: S,
    buffers: HoldingBuffers,
    progress: Progress,
    is_tls: bool,
    /// Why sending failed. A server that refuses a request early may answer and close before it
    /// has read everything; its answer is worth more than our broken pipe.
    send_error: Option<io::Error>,
}

impl<S: Stream> Socket<S> {
    /// A connection over `stream`.
    pub fn new(stream: S, progress: Progress, is_tls: bool) -> Socket<S> {
        Socket { stream, buffers: HoldingBuffers::default(), progress, is_tls, send_error: None }
    }

    /// The stream below, for another layer on top of it.
    pub fn into_stream(self) -> S {
        self.stream
    }

    fn flush_held(&mut self) -> io::Result<()> {
        if self.buffers.held().is_empty() {
            return Ok(());
        }
        let sent = match self.send_error {
            Some(_) => Ok(()),
            None => self.stream.write_all(self.buffers.held()),
        };
        self.buffers.release();
        match sent {
            Err(error) if is_closed_by_peer(&error) => self.send_error = Some(error),
            result => result?,
        }
        Ok(())
    }
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

impl<S: Stream> Transport for Socket<S> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.buffers.hold(amount);
        if self.progress.body_left() > 0 && self.buffers.can_hold_more() {
            return Ok(());
        }
        Ok(self.flush_held()?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.flush_held()?;
        self.progress.enter_receive();
        let result = self.stream.read(self.buffers.input_append_buf());
        let n = match (result, self.send_error.take()) {
            (Ok(0) | Err(_), Some(send_error)) => return Err(send_error.into()),
            (result, _) => result?,
        };
        self.buffers.input_appended(n);
        Ok(n > 0)
    }

    fn is_open(&mut self) -> bool {
        self.send_error.is_none() && self.stream.is_open()
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl<S> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Socket")
    }
}
