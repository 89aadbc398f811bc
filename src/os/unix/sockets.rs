//! Sockets that do not block, and waiting for them.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::os::Ready;

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::from(address)) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
        || matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

pub fn wait(sockets: &[TcpStream], ready: Ready, time: Duration) -> io::Result<()> {
    let events = match ready {
        Ready::Input => libc::POLLIN,
        Ready::Output => libc::POLLOUT,
        Ready::Either => libc::POLLIN | libc::POLLOUT,
    };
    let asked = |socket: &TcpStream| libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
    let mut list: Vec<_> = sockets.iter().map(asked).collect();
    // Rounded up: a wait of less than a millisecond must not become none.
    let time = time.saturating_add(Duration::from_nanos(999_999)).as_millis();
    let time = time.try_into().unwrap_or(libc::c_int::MAX);
    // SAFETY: the list has the length that is given, and its sockets are open for as long as they
    // are borrowed.
    if unsafe { libc::poll(list.as_mut_ptr(), list.len() as libc::nfds_t, time) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}
