//! Opening TCP connections, patiently but not stubbornly.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket as RawSocket, Type};
use ureq::unversioned::transport::{ConnectionDetails, Connector, Either, Transport};

use super::progress::Progress;
use super::resolve;
use super::socket::{Channel, Socket};

/// Connects to the first address that answers, within the connect timeout.
pub struct TcpConnect {
    /// The connection's progress.
    pub progress: Progress,
    /// For all addresses together, and for the TLS handshake behind them.
    pub timeout: Duration,
}

impl<In: Transport> Connector<In> for TcpConnect {
    type Out = Either<In, Socket<Channel>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        tunnel: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(tunnel) = tunnel {
            return Ok(Some(Either::A(tunnel)));
        }
        self.progress.enter_resolve();
        let addresses = resolve::addresses(details.uri)?;
        let due = Instant::now() + self.timeout;
        self.progress.enter_connect(due);
        let tcp = self.connect_any(&addresses, due)?;
        let channel = Channel::new(tcp, self.progress.clone())?;
        let socket = Socket::new(channel, self.progress.clone(), false);
        Ok(Some(Either::B(socket)))
    }
}

impl TcpConnect {
    fn connect_any(&self, addresses: &[SocketAddr], due: Instant) -> io::Result<TcpStream> {
        let mut last_error = io::Error::from(ErrorKind::AddrNotAvailable);
        for (i, address) in addresses.iter().enumerate() {
            let left = due.saturating_duration_since(Instant::now());
            // The last address gets all the time that is left.
            let share = left / (addresses.len() - i) as u32;
            match self.connect_one(address, Instant::now() + share) {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last_error = error,
            }
            self.progress.wait().go_on()?;
        }
        Err(last_error)
    }

    /// A connect that can be given up: the socket connects by itself while we look now and then.
    fn connect_one(&self, address: &SocketAddr, due: Instant) -> io::Result<TcpStream> {
        const LONGEST_PAUSE: Duration = Duration::from_millis(5);
        let socket =
            RawSocket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&SockAddr::from(*address)) {
            Err(error) if !is_in_progress(&error) => return Err(error),
            _ => {}
        }
        let mut pause = Duration::from_micros(100);
        loop {
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            if socket.peer_addr().is_ok() {
                return Ok(socket.into());
            }
            if Instant::now() >= due {
                return Err(ErrorKind::TimedOut.into());
            }
            self.progress.wait().go_on()?;
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
        || matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl fmt::Debug for TcpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpConnect")
    }
}
