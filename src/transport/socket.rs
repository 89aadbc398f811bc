//! Connections as ureq uses them: a TCP socket, or TLS over one, behind the same buffers.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::slice;
use std::time::Duration;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::HoldingBuffers;
use super::head::{Found, NotHttp, Search};
use super::progress::Progress;
use crate::os::{self, Ready};

/// How many bytes of interim answers are skipped before one answer.
const MOST_INTERIM: usize = 1 << 20;

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
            // Asked first: a peer that always has another byte must not outlive the time.
            let time = wait.go_on()?;
            match operation() {
                Err(error) if is_momentary(&error) => self.wait(ready, time)?,
                result => return result,
            }
        }
    }
}

fn is_momentary(error: &io::Error) -> bool {
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

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.when_ready(Ready::Output, || self.at_once().write_vectored(bufs))
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

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let n = os::send_vectored(&self.0.tcp, bufs)?;
        self.0.progress.add_sent(n);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A byte stream that can be looked at while it is written to.
pub trait Stream: Read + Send + Sync + 'static {
    /// Sends some bytes, or fails if none can leave at once. With none, sends what is left of earlier
    /// ones.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether all that was sent has left.
    fn has_left(&self) -> bool;

    /// Reads what has arrived; fails at once if nothing has.
    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Whether the connection can take another request.
    fn is_open(&mut self) -> bool;

    /// Waits until the connection is ready, at most for `time`.
    fn wait(&self, ready: Ready, time: Duration) -> io::Result<()>;
}

impl Stream for Channel {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.at_once().write(bytes)
    }

    fn has_left(&self) -> bool {
        true
    }

    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.at_once().read(buf)
    }

    /// A healthy idle connection has nothing to read. One byte or an end means that the server
    /// has closed it or is out of step.
    fn is_open(&mut self) -> bool {
        matches!(self.tcp.peek(&mut [0]), Err(error) if is_momentary(&error))
    }

    fn wait(&self, ready: Ready, time: Duration) -> io::Result<()> {
        os::wait(slice::from_ref(&self.tcp), ready, time)
    }
}

/// A connection for ureq. What ureq sees of an answer is its body: the head is kept in the
/// connection's [`Progress`].
pub struct Socket<S> {
    stream: S,
    buffers: HoldingBuffers,
    progress: Progress,
    is_tls: bool,
    /// `http://host[:port]`, for a proxy that has to be told where a request goes.
    target: Option<String>,
    search: Search,
    interim: usize,
    /// Why sending failed. A server that refuses a request early may answer and close before it
    /// has read everything; its answer is worth more than our broken pipe.
    send_error: Option<io::Error>,
}

impl<S: Stream> Socket<S> {
    /// A connection over `stream`.
    pub fn new(
        stream: S,
        progress: Progress,
        is_tls: bool,
        target: Option<String>,
    ) -> io::Result<Socket<S>> {
        let buffers = HoldingBuffers::new()?;
        Ok(Socket {
            stream,
            buffers,
            progress,
            is_tls,
            target,
            search: Search::default(),
            interim: 0,
            send_error: None,
        })
    }

    /// Sends what is held, until an answer makes it pointless.
    fn flush_held(&mut self) -> Result<(), ureq::Error> {
        let mut sent = 0;
        let progress = self.progress.clone();
        let mut wait = progress.wait();
        while sent < self.buffers.held().len() || !self.stream.has_left() {
            let time = wait.go_on()?;
            if self.send_error.is_some() || self.has_answer()? {
                break;
            }
            match self.stream.send(&self.buffers.held()[sent..]) {
                Ok(n) => sent += n,
                Err(error) if is_momentary(&error) => self.stream.wait(Ready::Either, time)?,
                Err(error) if is_closed_by_peer(&error) => self.send_error = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        self.buffers.release();
        Ok(())
    }

    /// Whether the answer to the request that is being sent has arrived.
    fn has_answer(&mut self) -> Result<bool, ureq::Error> {
        if self.progress.is_answered() {
            return Ok(true);
        }
        match self.stream.read_arrived(self.buffers.input_append_buf()) {
            // No answer can come any more.
            Ok(0) => Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(n) => {
                self.buffers.input_appended(n);
                self.find_head(true)
            }
            Err(error) if is_momentary(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks for the head of the answer in what has arrived, and keeps it.
    fn find_head(&mut self, is_early: bool) -> Result<bool, ureq::Error> {
        loop {
            match self.search.find(self.buffers.input()) {
                Ok(Found::Part) => return Ok(false),
                Ok(Found::Interim(used)) if self.interim + used <= MOST_INTERIM => {
                    self.interim += used;
                    self.buffers.skip_input(used);
                }
                Ok(Found::Interim(_)) => {
                    return Err(not_http(NotHttp::new("there are too many interim answers")));
                }
                Ok(Found::Final(used, mut head)) => {
                    head.is_early = is_early;
                    self.buffers.replace_input(used, &head.for_body());
                    self.progress.answered(head);
                    return Ok(true);
                }
                Err(problem) => return Err(not_http(problem)),
            }
        }
    }
}

fn not_http(problem: NotHttp) -> ureq::Error {
    ureq::Error::Other(Box::new(problem))
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

impl<S: Stream> Transport for Socket<S> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, mut amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        if self.progress.begin_sending() {
            self.interim = 0;
            if let Some(target) = &self.target {
                let method = self.buffers.output()[..amount].iter().position(|b| *b == b' ');
                self.buffers.insert(method.map_or(0, |space| space + 1), target, amount);
                amount += target.len();
            }
        }
        self.buffers.hold(amount);
        if self.progress.body_left() > 0 && self.buffers.can_hold_more() {
            return Ok(());
        }
        self.flush_held()
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.flush_held()?;
        self.progress.enter_receive();
        loop {
            if self.progress.is_answered() && self.buffers.can_use_input() {
                return Ok(true);
            }
            let result = self.stream.read(self.buffers.input_append_buf());
            let n = match (result, self.send_error.take()) {
                (Ok(0) | Err(_), Some(send_error)) => return Err(send_error.into()),
                (result, _) => result?,
            };
            self.buffers.input_appended(n);
            match n {
                n if self.progress.is_answered() => return Ok(n > 0),
                0 => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                _ => self.find_head(false)?,
            };
        }
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
