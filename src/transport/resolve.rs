//! Host names to addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::host::Host;
use super::progress::Progress;
use crate::os;

/// The most addresses that are tried.
const MOST: usize = 16;
/// The most look-ups of a client that may be under way, those that nobody waits for included.
const MOST_LOOK_UPS: usize = 64;

/// ureq has a host looked up before every request. Here the look-up is a part of connecting: a
/// connection that was kept needs none.
#[derive(Debug)]
pub struct LateResolver;

impl Resolver for LateResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut placeholder = self.empty();
        placeholder.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0));
        Ok(placeholder)
    }
}

/// The look-ups of a client.
#[derive(Debug, Clone, Default)]
pub struct LookUps(Arc<AtomicUsize>);

impl LookUps {
    /// The addresses of `host`. `*.localhost` is this machine (RFC 6761).
    pub fn addresses(&self, host: &Host, progress: &Progress) -> Addresses {
        let at = |ip| SocketAddr::new(ip, host.port);
        if is_local(&host.name) {
            return Ok(vec![at(Ipv4Addr::LOCALHOST.into()), at(Ipv6Addr::LOCALHOST.into())]);
        }
        if let Ok(ip) = host.name.parse() {
            return Ok(vec![at(ip)]);
        }
        let found = self.ask_the_system(host, progress)?;
        if found.is_empty() {
            Err(io::Error::new(io::ErrorKind::NotFound, "it has no address"))
        } else {
            Ok(found)
        }
    }

    /// Nothing can end the system's look-up early. It happens on a thread of its own, which a call
    /// that is stopped or out of time leaves behind.
    fn ask_the_system(&self, host: &Host, progress: &Progress) -> Addresses {
        let mut wait = progress.wait();
        while self.0.load(Ordering::Relaxed) >= MOST_LOOK_UPS {
            thread::sleep(wait.go_on()?);
        }
        let answer = Arc::new(Answer::default());
        let (asked, told) = (host.clone(), Arc::clone(&answer));
        let under_way = UnderWay::new(&self.0);
        let work = move || {
            let _under_way = under_way;
            told.give(look_up(&asked));
        };
        if os::start_alone(work).is_err() {
            // Without a thread, a look-up that nothing can end early is better than a failed call.
            return look_up(host);
        }
        loop {
            if let Some(found) = answer.take_within(wait.go_on()?) {
                return found;
            }
        }
    }
}

type Addresses = io::Result<Vec<SocketAddr>>;

/// What a look-up has found, for whoever still waits for it.
#[derive(Default)]
struct Answer {
    found: Mutex<Option<Addresses>>,
    is_there: Condvar,
}

impl Answer {
    fn give(&self, found: Addresses) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        self.is_there.notify_one();
    }

    fn take_within(&self, time: Duration) -> Option<Addresses> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.is_there.wait_timeout_while(found, time, |found| found.is_none());
        found.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

fn look_up(host: &Host) -> Addresses {
    Ok((host.name.as_str(), host.port).to_socket_addrs()?.take(MOST).collect())
}

/// Counts a look-up for as long as it lasts.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(count: &Arc<AtomicUsize>) -> UnderWay {
        count.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn localhost_and_below_are_local() {
        for host in ["localhost", "b-1.localhost", "A.LOCALHOST", "x.localhost."] {
            assert!(is_local(host), "{host}");
        }
        for host in ["localhost.example", "notlocalhost", "local", ""] {
            assert!(!is_local(host), "{host}");
        }
    }
}
