//! A connection: it sends requests, and finds the heads of answers while it does.

use std::io::{self, ErrorKind};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::buffers::Queue;
use super::channel::{Stream, is_momentary};
use super::exchange::Body;
use super::head::{Found, Head, NotHttp, Search};
use super::progress::Progress;
use crate::os::{Content, Ready, Stored};

/// How many bytes of interim answers are skipped before one answer.
const MOST_INTERIM: usize = 1 << 20;

/// One connection.
pub struct Link {
    stream: Box<dyn Stream>,
    /// What is to be sent next.
    leaving: Queue,
    /// Whether nothing of the request was sent yet.
    is_new: bool,
    progress: Progress,
    search: Search,
    interim: usize,
    /// The head of the answer, from when it is there until it is handed on.
    head: Option<Head>,
    /// Why sending failed. A server that refuses a request early may answer and close before it
    /// has read everything; its answer is worth more than our broken pipe.
    send_error: Option<io::Error>,
}

/// Where a connection is while ureq sends a request on it. Who reads the answer takes it out.
#[derive(Clone, Default)]
pub struct Slot(Arc<Mutex<Option<Box<Link>>>>);

impl Slot {
    /// Puts a connection into it.
    pub fn put(&self, link: Box<Link>) {
        *self.lock() = Some(link);
    }

    /// Takes the connection out.
    pub fn take(&self) -> io::Result<Box<Link>> {
        self.lock().take().ok_or(ErrorKind::NotConnected.into())
    }

    /// Uses the connection where it is.
    pub fn with<T>(&self, work: impl FnOnce(&mut Link) -> T) -> io::Result<T> {
        self.lock().as_deref_mut().map(work).ok_or(ErrorKind::NotConnected.into())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Link>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// A connection over `stream`; an error where there is no memory for its buffer.
    pub fn new(stream: Box<dyn Stream>, progress: Progress) -> io::Result<Link> {
        let leaving = Queue::new()?;
        let search = Search::default();
        let (is_new, interim, head, send_error) = (false, 0, None, None);
        Ok(Link { stream, leaving, is_new, progress, search, interim, head, send_error })
    }

    /// Begins a request with this head. Its target is given in full where a proxy has to be told.
    pub fn begin(&mut self, head: &[u8], target: Option<&str>) {
        let method = head.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
        self.is_new = true;
        self.leaving.add(&head[..method]);
        self.leaving.add(target.unwrap_or_default().as_bytes());
        self.leaving.add(&head[method..]);
    }

    /// Sends the request that was begun, and waits for the head of the answer. An answer that arrives
    /// early ends sending.
    pub fn exchange(&mut self, body: Option<Body>) -> Result<Head, ureq::Error> {
        if let Some(Body { len, content }) = body {
            self.send_content(len, content)?;
        }
        self.send()?;
        self.progress.enter_receive();
        self.await_answer()
    }

    /// Sends what is to be sent, and `len` bytes of `content`; the last of them may be left.
    fn send_content(&mut self, len: u64, content: &mut dyn Content) -> Result<(), ureq::Error> {
        let mut left = len;
        let mut can_send_stored = true;
        while left > 0 && !self.is_pointless() {
            if can_send_stored && let Some(stored) = content.stored() {
                self.send()?;
                match self.send_stored(stored)? {
                    0 => can_send_stored = false,
                    n => {
                        content.sent(n)?;
                        left -= n as u64;
                    }
                }
                continue;
            }
            // Whole buffers, so that it leaves in large writes.
            let room = self.leaving.room();
            if room.is_empty() {
                self.send()?;
                continue;
            }
            let most = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match content.read(&mut room[..most]) {
                Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(n) => {
                    self.leaving.added(n);
                    left -= n as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether nothing more needs to be sent.
    fn is_pointless(&self) -> bool {
        self.send_error.is_some() || self.head.is_some()
    }

    /// Sends what is to be sent.
    fn send(&mut self) -> Result<(), ureq::Error> {
        let progress = self.progress.clone();
        let mut wait = progress.wait();
        while !self.leaving.is_empty() || !self.stream.has_left() {
            let time = wait.go_on()?;
            // Without a request there is no answer.
            let may_have_answer = !mem::take(&mut self.is_new);
            if self.send_error.is_some() || (may_have_answer && self.has_answer()?) {
                break;
            }
            let result = self.stream.send(self.leaving.bytes());
            let n = self.sent(result, time)?;
            self.leaving.used(n);
        }
        self.leaving.clear();
        Ok(())
    }

    /// Sends some bytes of a file; none if that can't be done like this.
    fn send_stored(&mut self, stored: Stored) -> Result<usize, ureq::Error> {
        let progress = self.progress.clone();
        let mut wait = progress.wait();
        loop {
            let time = wait.go_on()?;
            if self.send_error.is_some() || self.has_answer()? {
                return Ok(0);
            }
            match self.stream.send_stored(stored) {
                Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(0),
                Ok(0) => return Ok(0),
                result => match self.sent(result, time)? {
                    0 => {}
                    n => return Ok(n),
                },
            }
        }
    }

    /// What became of sending some bytes, and how many have left. Where that has to wait, waits.
    fn sent(&mut self, result: io::Result<usize>, time: Duration) -> Result<usize, ureq::Error> {
        match result {
            Ok(n) => return Ok(n),
            Err(error) if is_momentary(&error) => self.stream.wait(Ready::Either, time)?,
            Err(error) if is_closed_by_peer(&error) => self.send_error = Some(error),
            Err(error) => return Err(error.into()),
        }
        Ok(0)
    }

    /// Waits for the head of the answer.
    fn await_answer(&mut self) -> Result<Head, ureq::Error> {
        // If sending failed, a part of the request was not sent, whenever the answer comes.
        let is_early = self.send_error.is_some();
        if self.head.is_none() {
            // Almost always it is not there yet, so nothing is read before.
            let time = self.progress.wait().go_on()?;
            self.stream.wait(Ready::Input, time)?;
        }
        loop {
            if let Some(head) = self.head.take() {
                return Ok(head);
            }
            match (self.receive(), self.send_error.take()) {
                (Ok(false) | Err(_), Some(send_error)) => return Err(send_error.into()),
                (Ok(false), None) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                (Ok(true), _) => self.find_head(is_early)?,
                (Err(error), None) => return Err(error.into()),
            };
        }
    }

    /// Whether another request can be sent.
    pub fn is_open(&mut self) -> bool {
        self.send_error.is_none() && self.stream.is_open()
    }

    /// What has arrived behind the head of the answer.
    pub fn arrived(&mut self) -> &[u8] {
        self.stream.arrived().bytes()
    }

    /// Drops the first `n` bytes of what has arrived.
    pub fn used(&mut self, n: usize) {
        self.stream.arrived().used(n);
    }

    /// Waits until more has arrived; false at the end of the stream.
    pub fn receive(&mut self) -> io::Result<bool> {
        let progress = self.progress.clone();
        let before = self.arrived().len();
        let mut wait = progress.wait();
        loop {
            // The time is checked first: a peer that sends byte after byte must not pass it.
            let time = wait.go_on()?;
            match self.stream.receive() {
                // A part of a TLS record is progress, too.
                Ok(true) if self.arrived().len() == before => wait = progress.wait(),
                Err(error) if is_momentary(&error) => self.stream.wait(Ready::Input, time)?,
                result => return result,
            }
        }
    }

    /// Whether the answer to the request that is being sent has arrived.
    fn has_answer(&mut self) -> Result<bool, ureq::Error> {
        if self.head.is_some() {
            return Ok(true);
        }
        match self.stream.receive() {
            // No answer can come any more.
            Ok(false) => Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(true) => self.find_head(true),
            Err(error) if is_momentary(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks for the head of the answer in what has arrived, and keeps it.
    fn find_head(&mut self, is_early: bool) -> Result<bool, ureq::Error> {
        loop {
            match self.search.find(self.stream.arrived().bytes()) {
                Ok(Found::Part) => return Ok(false),
                Ok(Found::Interim(used)) if self.interim + used <= MOST_INTERIM => {
                    self.interim += used;
                    self.used(used);
                }
                Ok(Found::Interim(_)) => {
                    return Err(NotHttp::new("there are too many interim answers").into());
                }
                Ok(Found::Final(used, mut head)) => {
                    head.is_early = is_early;
                    self.used(used);
                    self.interim = 0;
                    self.progress.enter_receive();
                    self.head = Some(head);
                    return Ok(true);
                }
                Err(problem) => return Err(problem.into()),
            }
        }
    }
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};

    matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that has answered and closed when the first byte is sent to it.
    struct Gone {
        answer: &'static [u8],
        arrived: Queue,
    }

    impl Stream for Gone {
        fn send(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn has_left(&self) -> bool {
            true
        }

        fn receive(&mut self) -> io::Result<bool> {
            let (next, rest) = self.answer.split_at(self.answer.len().min(10));
            self.arrived.add(next);
            self.answer = rest;
            Ok(!next.is_empty())
        }

        fn arrived(&mut self) -> &mut Queue {
            &mut self.arrived
        }

        fn is_open(&mut self) -> bool {
            false
        }

        fn wait(&self, _: Ready, _: Duration) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_answer_to_what_could_not_be_sent_is_early() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let stream = Gone { answer, arrived: Queue::new().unwrap() };
        let mut link = Link::new(Box::new(stream), Progress::new()).unwrap();
        link.begin(b"PUT /a HTTP/1.1\r\ncontent-length: 5\r\n\r\n", None);
        let head = link.exchange(Some(Body { len: 5, content: &mut &b"hello"[..] })).unwrap();
        assert_eq!((head.status, head.is_early), (200, true));
    }
}
