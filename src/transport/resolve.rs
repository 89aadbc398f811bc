//! Host names to addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::progress::Progress;

/// The system's resolver, on the calling thread, with `*.localhost` kept at home (RFC 6761).
pub struct SystemResolver(pub Progress);

impl Resolver for SystemResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.enter_resolve();
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let default_port = match uri.scheme_str() {
            Some("https") => 443,
            _ => 80,
        };
        let port = uri.port_u16().unwrap_or(default_port);
        let mut addresses = self.empty();
        if is_local(host) {
            for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
                addresses.push(SocketAddr::new(ip, port));
            }
            return Ok(addresses);
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        // The array holds 16.
        for address in (bare, port).to_socket_addrs()?.take(16) {
            addresses.push(address);
        }
        match addresses.is_empty() {
            true => Err(ureq::Error::HostNotFound),
            false => Ok(addresses),
        }
    }
}

fn is_local(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
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
