//! A connection: it sends requests, and finds the heads of answers while it does.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};

use super::channel::{Stream, is_momentary};
use super::head::{Found, NotHttp, Search};
use super::progress::Progress;
use crate::os::Ready;

/// How many bytes of interim answers are skipped before one answer.
const MOST_INTERIM: usize = 1 << 20;

/// One connection.
pub struct Link {
    stream: Box<dyn Stream>,
    progress: Progress,
    search: Search,
    interim: usize,
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
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    /// Takes the connection out.
    pub fn take(&self) -> Option<Box<Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Uses the connection where it is.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&mut Link) -> Result<T, ureq::Error>,
    ) -> Result<T, ureq::Error> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(link) => work(link),
            None => Err(io::Error::from(ErrorKind::NotConnected).into()),
        }
    }
}

impl Link {
    /// A connection over `stream`.
    pub fn new(stream: Box<dyn Stream>, progress: Progress) -> Link {
        Link { stream, progress, search: Search::default(), interim: 0, send_error: None }
    }

    /// Sends `bytes`, until an answer makes it pointless.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), ureq::Error> {
        let mut sent = 0;
        let progress = self.progress.clone();
        let mut wait = progress.wait();
        while sent < bytes.len() || !self.stream.has_left() {
            let time = wait.go_on()?;
            if self.send_error.is_some() || self.has_answer()? {
                break;
            }
            match self.stream.send(&bytes[sent..]) {
                Ok(n) => sent += n,
                Err(error) if is_momentary(&error) => self.stream.wait(Ready::Either, time)?,
                Err(error) if is_closed_by_peer(&error) => self.send_error = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for the head of the answer.
    pub fn await_answer(&mut self) -> Result<(), ureq::Error> {
        while !self.progress.is_answered() {
            match (self.receive(), self.send_error.take()) {
                (Ok(false) | Err(_), Some(send_error)) => return Err(send_error.into()),
                (Ok(false), None) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
                (Ok(true), _) => self.find_head(false)?,
                (Err(error), None) => return Err(error.into()),
            };
        }
        Ok(())
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
            // Asked first: a peer that always has another byte must not outlive the time.
            let time = wait.go_on()?;
            match self.stream.receive() {
                // A part of a record is a sign of life.
                Ok(true) if self.arrived().len() == before => wait = progress.wait(),
                Err(error) if is_momentary(&error) => self.stream.wait(Ready::Input, time)?,
                result => return result,
            }
        }
    }

    /// Whether the answer to the request that is being sent has arrived.
    fn has_answer(&mut self) -> Result<bool, ureq::Error> {
        if self.progress.is_answered() {
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
                    self.progress.answered(head);
                    return Ok(true);
                }
                Err(problem) => return Err(problem.into()),
            }
        }
    }
}

fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
