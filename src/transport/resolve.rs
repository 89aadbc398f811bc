//! Host names to addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The most addresses that are tried.
const MOST: usize = 16;

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

/// Asks the system's resolver, on the calling thread, but keeps `*.localhost` at home (RFC 6761).
pub fn addresses(uri: &Uri) -> Result<Vec<SocketAddr>, ureq::Error> {
    let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
    let default_port = match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    let port = uri.port_u16().unwrap_or(default_port);
    if is_local(host) {
        let ips = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        return Ok(ips.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<_> = (bare, port).to_socket_addrs()?.take(MOST).collect();
    match addresses.is_empty() {
        true => Err(ureq::Error::HostNotFound),
        false => Ok(addresses),
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
