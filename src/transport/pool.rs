//! The connections of a client, used by one request at a time and kept alive in between.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use rustls::ClientConfig;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};

use super::connect::TcpConnect;
use super::progress::Progress;
use super::resolve::LateResolver;
use super::tls::{self, TlsConnect};
use crate::config::Network;
use crate::ffi::os::ForkMark;

/// Servers close idle connections after some such time; a shorter one here avoids the race.
const MAX_IDLE_AGE: Duration = Duration::from_secs(30);

/// The network of a client. Safe to share between threads.
pub struct Transport {
    network: Network,
    agents: ureq::config::Config,
    tls: OnceCell<Arc<ClientConfig>>,
    /// A forked child must not talk on its parent's connections.
    process: ForkMark,
    idle: Mutex<Vec<(Line, Instant)>>,
}

/// One connection, or the means to make one.
pub struct Line {
    origin: String,
    /// An agent with a single connection, so that the connection's progress is known.
    pub agent: ureq::Agent,
    /// What the agent's connection is doing.
    pub progress: Progress,
}

impl Transport {
    /// A transport without connections.
    pub fn new(network: Network) -> Transport {
        Transport {
            agents: agent_config(&network),
            network,
            tls: OnceCell::new(),
            process: ForkMark::default(),
            idle: Mutex::default(),
        }
    }

    /// The settings it was made with.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// A line to `origin` (`scheme://host[:port]`), used before if possible.
    pub(super) fn take(&self, origin: &str) -> Result<Line, rustls::Error> {
        match self.take_idle(origin) {
            Some(line) => Ok(line),
            None => self.new_line(origin),
        }
    }

    /// Keeps a line whose last reply was read to its end.
    pub(super) fn give_back(&self, line: Line) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((line, Instant::now()));
        if idle.len() > self.network.max_idle_connections {
            idle.remove(0);
        }
    }

    fn take_idle(&self, origin: &str) -> Option<Line> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if self.process.is_elsewhere() {
            idle.clear();
        }
        idle.retain(|(_, since)| since.elapsed() < MAX_IDLE_AGE);
        // The one used last is the least likely to have been closed.
        let newest = idle.iter().rposition(|(line, _)| line.origin == origin)?;
        Some(idle.remove(newest).0)
    }

    fn new_line(&self, origin: &str) -> Result<Line, rustls::Error> {
        let progress = Progress::new();
        let tls = match origin.starts_with("https:") {
            true => {
                let make = || tls::client_config(&self.network.extra_roots);
                Some(Arc::clone(self.tls.get_or_try_init(make)?))
            }
            false => None,
        };
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnect {
                    progress: progress.clone(),
                    timeout: self.network.connect_timeout,
                })
                .chain(TlsConnect {
                    progress: progress.clone(),
                    config: tls,
                    is_proxied: self.network.proxy.is_some(),
                });
        Ok(Line {
            origin: origin.to_owned(),
            agent: ureq::Agent::with_parts(self.agents.clone(), connector, LateResolver),
            progress,
        })
    }
}

/// How agents work. ureq looks for a proxy in the environment when it makes such a thing, even if
/// it is then told another: here that has no effect, and happens in no call that may run beside
/// a `setenv` of the program.
fn agent_config(network: &Network) -> ureq::config::Config {
    // Checked when it was configured.
    let proxy = network.proxy.as_deref().and_then(|proxy| ureq::Proxy::new(proxy).ok());
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(proxy)
        // What a proxy is told; requests bring the one of their client.
        .user_agent(crate::config::DEFAULT_USER_AGENT)
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
