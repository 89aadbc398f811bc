//! Opening connections: all addresses of a host are tried, within a time.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use ureq::unversioned::transport::{ConnectionDetails, Connector};

use super::channel::{Channel, Plain, Stream};
use super::head::{Found, NotHttp, Search};
use super::host::{Host, Proxy};
use super::link::{Link, Slot};
use super::progress::Progress;
use super::resolve::LookUps;
use super::socket::Socket;
use super::tls;
use crate::os::{self, Ready};

/// How long an address has for itself before the next one is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// Makes a connection: to the host of an origin, or to the proxy on the way there.
pub struct Dial {
    /// `scheme://host[:port]`.
    pub origin: String,
    /// The host in it.
    pub host: Host,
    /// The connection's progress.
    pub progress: Progress,
    /// For everything until the connection is ready for a request.
    pub timeout: Duration,
    /// On the way, if there is one.
    pub proxy: Option<Proxy>,
    /// `None` where the origin is plain HTTP.
    pub tls: Option<Arc<ClientConfig>>,
    /// The client's look-ups.
    pub look_ups: LookUps,
    /// Where the connection goes.
    pub link: Slot,
}

/// A proxy's refusal to make a connection.
#[derive(Debug)]
pub struct Refused(pub u16);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.0)
    }
}

impl std::error::Error for Refused {}

impl Connector for Dial {
    type Out = Socket;

    fn connect(
        &self,
        _: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let progress = &self.progress;
        progress.enter_resolve(Instant::now() + self.timeout);
        let next = self.proxy.as_ref().map_or(&self.host, |proxy| &proxy.host);
        let addresses = self.look_ups.addresses(next, progress)?;
        progress.enter_connect();
        let tcp = connect_any(&addresses, self.timeout, progress)?;
        let mut channel = Channel::new(tcp, progress.clone())?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(Plain::new(channel)?),
            Some(config) => {
                if let Some(proxy) = &self.proxy {
                    ask_for_a_tunnel(&mut channel, proxy, &self.host)?;
                }
                progress.enter_tls();
                Box::new(tls::handshake(config, &self.host, channel)?)
            }
        };
        progress.enter_send();
        self.link.put(Box::new(Link::new(stream, progress.clone())?));
        let is_told = self.proxy.is_some() && self.tls.is_none();
        let target = is_told.then(|| self.origin.clone());
        let is_tls = self.tls.is_some();
        Ok(Some(Socket::new(self.link.clone(), is_tls, target)?))
    }
}

/// Asks a proxy to lead what follows to `host`.
fn ask_for_a_tunnel(channel: &mut Channel, proxy: &Proxy, host: &Host) -> Result<(), ureq::Error> {
    let agent = super::network::USER_AGENT;
    let mut request = format!(
        "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n\
         Proxy-Connection: Keep-Alive\r\n"
    );
    if let Some(authorization) = &proxy.authorization {
        request.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    request.push_str("\r\n");
    channel.write_all(request.as_bytes())?;
    let (mut answer, mut search) = (Vec::new(), Search::default());
    let mut piece = [0; 4096];
    loop {
        match channel.read(&mut piece)? {
            0 => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            n => answer.extend_from_slice(&piece[..n]),
        }
        loop {
            match search.find(&answer)? {
                Found::Part => break,
                Found::Interim(used) => drop(answer.drain(..used)),
                Found::Final(used, head) => {
                    return match head.status {
                        200..=299 if used == answer.len() => Ok(()),
                        // The server at the other end waits for us.
                        200..=299 => Err(NotHttp::new("more follows it").into()),
                        status => Err(ureq::Error::Other(Box::new(Refused(status)))),
                    };
                }
            }
        }
    }
}

/// Connects to the address that answers first. They are tried one after another, each beside those
/// that have not answered in a moment.
fn connect_any(
    addresses: &[SocketAddr],
    timeout: Duration,
    progress: &Progress,
) -> io::Result<TcpStream> {
    // Even a short timeout has room for all of them.
    let head_start = HEAD_START.min(timeout / (addresses.len() as u32 + 1));
    let mut waiting = interleaved(addresses).into_iter();
    let mut under_way = Vec::new();
    let mut last_error = io::Error::from(ErrorKind::AddrNotAvailable);
    let mut next_at = Instant::now();
    let mut wait = progress.wait();
    loop {
        if under_way.is_empty() || Instant::now() >= next_at {
            match waiting.next() {
                Some(address) => {
                    next_at = Instant::now() + head_start;
                    match os::connect(address) {
                        Ok(socket) => under_way.push(socket),
                        Err(error) => last_error = error,
                    }
                }
                None if under_way.is_empty() => return Err(last_error),
                None => {}
            }
        }
        let mut i = 0;
        while i < under_way.len() {
            match is_connected(&under_way[i]) {
                Ok(true) => return Ok(under_way.swap_remove(i)),
                Ok(false) => i += 1,
                Err(error) => {
                    under_way.swap_remove(i);
                    last_error = error;
                    next_at = Instant::now();
                }
            }
        }
        let mut time = wait.go_on()?;
        if waiting.len() > 0 {
            time = time.min(next_at.saturating_duration_since(Instant::now()));
        }
        if !under_way.is_empty() {
            os::wait(&under_way, Ready::Output, time)?;
        }
    }
}

/// The addresses in the resolver's order, but the families by turns: one of them may lead nowhere.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut all = Vec::with_capacity(addresses.len());
    while all.len() < addresses.len() {
        all.extend(first.next());
        all.extend(second.next());
    }
    all
}

fn is_connected(socket: &TcpStream) -> io::Result<bool> {
    match socket.take_error()? {
        Some(error) => Err(error),
        None => Ok(socket.peer_addr().is_ok()),
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use socket2::{Domain, Socket as RawSocket, Type};

    use super::*;
    use crate::stop::Stop;

    #[test]
    fn families_take_turns() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let [a, b, c] = ["[::1]:1", "[::2]:1", "[::3]:1"].map(address);
        let [x, y] = ["1.1.1.1:1", "2.2.2.2:1"].map(address);
        assert_eq!(interleaved(&[a, b, c, x, y]), [a, x, b, y, c]);
        assert_eq!(interleaved(&[x, a]), [x, a]);
        assert_eq!(interleaved(&[]), []);
    }

    /// Listens, but lets nobody in: what waits to be accepted fills its queue.
    fn silent() -> (RawSocket, Vec<TcpStream>, SocketAddr) {
        let listener = RawSocket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let waiting = (0..4).map(|_| os::connect(address).unwrap()).collect();
        (listener, waiting, address)
    }

    #[test]
    fn silent_and_dead_addresses_cost_a_moment() {
        let progress = Progress::new();
        progress.start(&Arc::default(), Duration::from_secs(60), true);
        progress.enter_resolve(Instant::now() + Duration::from_secs(60));
        let good = TcpListener::bind("127.0.0.1:0").unwrap();
        let good_address = good.local_addr().unwrap();
        let (_listener, _waiting, silent) = silent();
        let dead = {
            let closed = TcpListener::bind("127.0.0.1:0").unwrap();
            closed.local_addr().unwrap()
        };
        for addresses in [vec![silent, dead, good_address], vec![dead, silent, good_address]] {
            let started = Instant::now();
            let tcp = connect_any(&addresses, Duration::from_secs(60), &progress).unwrap();
            assert_eq!(tcp.peer_addr().unwrap(), good_address);
            assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        }
        // All fail: at once, or when the time is over.
        assert!(connect_any(&[dead, dead], Duration::from_secs(60), &progress).is_err());
        progress.enter_resolve(Instant::now() + Duration::from_millis(300));
        let error = connect_any(&[silent], Duration::from_millis(300), &progress).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let stop = Stop::new(None, None);
        progress.start(&stop, Duration::from_secs(60), true);
        stop.cancel();
        assert!(connect_any(&[silent], Duration::from_secs(60), &progress).is_err());
    }
}
