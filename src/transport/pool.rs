//! The connections of a client, used by one request at a time and kept alive in between.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use rustls::ClientConfig;

use super::connect::Dial;
use super::host::Host;
use super::link::Slot;
use super::network::Network;
use super::progress::Progress;
use super::resolve::{LateResolver, LookUps};
use super::tls;
use crate::os::{self, ForkMark};

/// Servers close idle connections after some such time; a shorter one here avoids the race.
const MAX_IDLE_AGE: Duration = Duration::from_secs(30);

/// The network of a client. Safe to share between threads.
pub struct Transport {
    network: Network,
    agents: ureq::config::Config,
    tls: OnceCell<Arc<ClientConfig>>,
    look_ups: LookUps,
    /// A forked child must not talk on its parent's connections.
    process: ForkMark,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// One connection, or the means to make one.
pub struct Connection {
    origin: String,
    /// An agent with a single connection, so that the connection's progress is known.
    pub agent: ureq::Agent,
    /// What the agent's connection is doing.
    pub progress: Progress,
    /// Where it is.
    pub link: Slot,
}

impl Transport {
    /// A transport without connections.
    pub fn new(network: Network) -> Transport {
        Transport {
            agents: agent_config(),
            network,
            tls: OnceCell::new(),
            look_ups: LookUps::default(),
            process: os::mark_process(),
            idle: Mutex::default(),
        }
    }

    /// The settings it was made with.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// A connection to `origin` (`scheme://host[:port]`), used before if possible.
    pub(super) fn take(&self, origin: &str) -> Result<Connection, rustls::Error> {
        match self.take_idle(origin) {
            Some(connection) => Ok(connection),
            None => self.new_connection(origin),
        }
    }

    /// Keeps a connection whose last reply was read to its end.
    pub(super) fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((connection, Instant::now()));
        if idle.len() > self.network.max_idle_connections {
            idle.remove(0);
        }
    }

    fn take_idle(&self, origin: &str) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if os::is_elsewhere(&self.process) {
            idle.clear();
        }
        idle.retain(|(_, since)| since.elapsed() < MAX_IDLE_AGE);
        // The one used last is the least likely to have been closed by the server.
        let newest = idle.iter().rposition(|(connection, _)| connection.origin == origin)?;
        Some(idle.remove(newest).0)
    }

    fn new_connection(&self, origin: &str) -> Result<Connection, rustls::Error> {
        let (progress, link) = (Progress::new(), Slot::default());
        let tls = if origin.starts_with("https:") {
            let make = || tls::client_config(&self.network.extra_roots);
            Some(Arc::clone(self.tls.get_or_try_init(make)?))
        } else {
            None
        };
        // Every host was checked when it was configured.
        let host = Host::of_origin(origin)
            .ok_or_else(|| rustls::Error::General("the host can't be read".to_owned()))?;
        let dial = Dial {
            origin: origin.to_owned(),
            host,
            progress: progress.clone(),
            timeout: self.network.connect_timeout,
            proxy: self.network.proxy.clone(),
            tls,
            look_ups: self.look_ups.clone(),
            link: link.clone(),
        };
        Ok(Connection {
            origin: origin.to_owned(),
            agent: ureq::Agent::with_parts(self.agents.clone(), dial, LateResolver),
            progress,
            link,
        })
    }
}

/// How agents work. ureq looks for a proxy in the environment when it makes such a thing, even if
/// it is then told to use none: here that has no effect, and happens in no call that may run beside
/// a `setenv` of the program. The way through a proxy is a part of connecting (`connect`).
fn agent_config() -> ureq::config::Config {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .max_idle_age(MAX_IDLE_AGE)
        .build()
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}
