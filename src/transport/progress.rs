//! How far the request on a connection has come: shared between the connection's socket and the
//! exchange that is using it.

use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::reply::Phase;
use crate::stop::Stop;

/// Polling interval of every wait for the peer: it ends so much later than it is told to stop.
const TICK: Duration = Duration::from_millis(200);

/// The connection's side of a request.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    phase: Phase,
    stop: Arc<Stop>,
    timeout: Duration,
    /// When the phase has to be over; `None` where only silence counts.
    due: Option<Instant>,
    reply_is_bounded: bool,
    /// Bytes of this request that were sent.
    sent_in_all: u64,
    counts: Counts,
}

/// What travelled.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Connections that were made.
    pub connections: u64,
    /// Bytes handed to the operating system.
    pub sent: u64,
    /// Bytes that arrived.
    pub received: u64,
}

impl Progress {
    /// A connection that has not been used yet.
    pub fn new() -> Progress {
        Progress(Arc::new(Mutex::new(State::new(Arc::default(), Duration::MAX, true))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a request. No byte for `timeout` is a failure; if `reply_is_bounded`, the whole reply
    /// has to arrive within that time.
    pub fn start(&self, stop: &Arc<Stop>, timeout: Duration, reply_is_bounded: bool) {
        *self.state() = State::new(Arc::clone(stop), timeout, reply_is_bounded);
    }

    /// Enters the look-up of the host. The connection has to be ready by `due`.
    pub fn enter_resolve(&self, due: Instant) {
        let mut state = self.state();
        state.phase = Phase::Resolve;
        state.due = Some(due);
    }

    /// Enters the phase of connecting.
    pub fn enter_connect(&self) {
        let mut state = self.state();
        state.phase = Phase::Connect;
        state.counts.connections += 1;
    }

    /// Enters the TLS handshake.
    pub fn enter_tls(&self) {
        self.state().phase = Phase::Tls;
    }

    /// Enters the phase of sending: the connection is ready.
    pub fn enter_send(&self) {
        let mut state = self.state();
        state.phase = Phase::Send;
        state.due = None;
    }

    /// Enters the phase of receiving, from which the time of a bounded reply counts.
    pub fn enter_receive(&self) {
        let mut state = self.state();
        if state.phase == Phase::Send {
            state.phase = Phase::Receive;
            if state.reply_is_bounded {
                state.due = Instant::now().checked_add(state.timeout);
            }
        }
    }

    /// How far the request has come.
    pub fn phase(&self) -> Phase {
        self.state().phase
    }

    /// What was counted since this was last asked.
    pub fn take_counts(&self) -> Counts {
        mem::take(&mut self.state().counts)
    }

    /// Notes that `n` bytes were sent.
    pub fn add_sent(&self, n: usize) {
        let mut state = self.state();
        state.counts.sent += n as u64;
        state.sent_in_all += n as u64;
    }

    /// Notes that `n` bytes arrived.
    pub fn add_received(&self, n: usize) {
        self.state().counts.received += n as u64;
    }

    /// Starts a wait for the peer.
    pub fn wait(&self) -> Wait<'_> {
        Wait { progress: self, silent_since: Instant::now(), sent: self.state().sent_in_all }
    }
}

impl State {
    fn new(stop: Arc<Stop>, timeout: Duration, reply_is_bounded: bool) -> State {
        State {
            phase: Phase::Send,
            stop,
            timeout,
            due: None,
            reply_is_bounded,
            sent_in_all: 0,
            counts: Counts::default(),
        }
    }
}

/// One wait, made of many short ones.
pub struct Wait<'a> {
    progress: &'a Progress,
    silent_since: Instant,
    sent: u64,
}

impl Wait<'_> {
    /// How long to wait before this is asked again; an error if it is time to stop.
    pub fn go_on(&mut self) -> io::Result<Duration> {
        let state = self.progress.state();
        if state.stop.is_set() {
            return Err(io::Error::other("stopped"));
        }
        let now = Instant::now();
        if state.sent_in_all != self.sent {
            (self.silent_since, self.sent) = (now, state.sent_in_all);
        }
        let left = match state.due {
            Some(due) => due.saturating_duration_since(now),
            None => state.timeout.saturating_sub(now.duration_since(self.silent_since)),
        };
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left.min(TICK))
    }
}
