//! One call of the program: how patient it is, what ends it, what travelled for it.
//!
//! Everything that is sent goes through [`Call::send`], once, or as often as [`Call::attempts`]
//! allows.

mod attempts;
mod clock;
mod pace;
mod send;

pub use clock::Clock;
pub use send::{Request, Unread, Wait};

pub use crate::transport::{Body, Incoming, parse_http_date, parse_iso_date};

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::log::{CallLog, Log};
use crate::os;
use crate::reply::secrets::Secrets;
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;
use crate::transport::{Traffic, Transport};
use pace::Pace;

/// How long a last request may take. It is short because whoever has stopped the call waits for it.
const LAST: Duration = Duration::from_millis(700);

/// What the options of a client, and of a call, say of its requests.
#[derive(Debug, Clone)]
pub struct RequestSettings {
    /// No progress for so long ends a request.
    pub timeout: Duration,
    /// How often a request is repeated.
    pub retries: u32,
    /// The `User-Agent` of every request.
    pub user_agent: Arc<str>,
    /// How long a signature made for a request is valid, in seconds.
    pub sign_expired: u64,
    /// Whether nobody on the way can change what the server says.
    pub is_protected: bool,
}

/// One call, or a part of it.
#[derive(Debug, Clone)]
pub struct Call {
    shared: Arc<Shared>,
    /// What ends it early.
    pub stop: Arc<Stop>,
    /// Whether requests that the service has no time for are tried for as long as `pace` says.
    is_patient: bool,
    /// Which attempt of something it is; `None` for what is repeated by itself.
    attempt: Option<u32>,
    /// How many bits a second each content that is fetched may bring; `None`: as many as come.
    traffic_limit: Option<u64>,
}

/// What is the same for all parts of a call.
#[derive(Debug)]
struct Shared {
    transport: Arc<Transport>,
    clock: Arc<Clock>,
    requests: RequestSettings,
    pace: Pace,
    traffic: Traffic,
    log: CallLog,
    secrets: Arc<Secrets>,
    started: Instant,
}

impl Call {
    /// A call on the calling thread.
    pub fn new(
        transport: Arc<Transport>,
        clock: Arc<Clock>,
        secrets: Arc<Secrets>,
        requests: RequestSettings,
        log: Log,
        stop: Arc<Stop>,
    ) -> Call {
        let pace = Pace::new(requests.retries);
        let (traffic, log) = (Traffic::default(), CallLog::new(log));
        let started = Instant::now();
        let shared = Shared { transport, clock, requests, pace, traffic, log, secrets, started };
        let shared = Arc::new(shared);
        Call { shared, stop, is_patient: false, attempt: None, traffic_limit: None }
    }

    /// A part of this call that can fail by itself.
    pub fn part(&self) -> Call {
        Call { stop: Stop::part_of(&self.stop), ..self.clone() }
    }

    /// The same call, whose many requests slow down together rather than fail one by one when the
    /// service asks for patience.
    pub fn patient(self) -> Call {
        Call { is_patient: true, ..self }
    }

    /// The same call, with a limit for each content that it fetches, in bits a second.
    pub fn limited_to(self, traffic_limit: Option<u64>) -> Call {
        Call { traffic_limit, ..self }
    }

    /// The limit for each content that is fetched, in bits a second.
    pub fn traffic_limit(&self) -> Option<u64> {
        self.traffic_limit
    }

    /// The same call, but what is done with it is tried once.
    pub fn once(&self) -> Call {
        Call { attempt: Some(1), ..self.clone() }
    }

    /// The same call for a last request, which is made although the caller may have stopped it: tried
    /// once, and not waited for long.
    pub fn last(&self) -> Call {
        Call { stop: Stop::after(LAST), ..self.once() }
    }

    /// Does both at the same time, where the system gives a thread for that. The failure of `first`
    /// counts, and stops `second`, which gets a part of the call.
    pub fn both<A: Send, B>(
        &self,
        first: impl Fn() -> Result<A> + Sync,
        second: impl FnOnce(&Call) -> Result<B>,
    ) -> Result<(A, B)> {
        let part = self.part();
        let first = || first().inspect_err(|_| part.stop.cancel());
        let (first, second) = thread::scope(|scope| match os::start(scope, first) {
            Ok(beside) => {
                let second = second(&part);
                (beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), second)
            }
            Err(_) => (first(), second(&part)),
        });
        Ok((first?, second?))
    }

    /// Fails if the caller has stopped the call.
    pub fn check_not_cancelled(&self) -> Result<()> {
        if self.stop.is_cancelled() { Err(Failure::cancelled(Phase::Receive)) } else { Ok(()) }
    }

    /// What travelled for it so far.
    pub fn traffic(&self) -> &Traffic {
        &self.shared.traffic
    }

    /// What is told of it.
    pub fn log(&self) -> &CallLog {
        &self.shared.log
    }

    /// The time that signatures are made for, in UNIX seconds.
    pub fn now(&self) -> u64 {
        self.shared.clock.now()
    }

    /// How long ago it began.
    pub fn elapsed(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// Until when a signature that is made at `now` is valid, in UNIX seconds.
    pub fn expiry(&self, now: u64) -> u64 {
        now + self.shared.requests.sign_expired
    }

    /// What a reply must not repeat, whatever the request.
    pub fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }
}
