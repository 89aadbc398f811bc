//! Sockets that do not block, and waiting for them.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::windows::io::AsRawSocket;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use windows_sys::Win32::Networking::WinSock;

use super::threads::stay_loaded;
use crate::os::{Ready, Stored};

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    // The system's library for sockets would be unloaded as well, and lose what was begun with it.
    stay_loaded();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::from(address)) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(socket.into()),
    }
}

/// Before Windows 10 of 2020, this does not notice a connection that can't be made: who waits for one
/// has to look at it from time to time.
pub fn wait(sockets: &[TcpStream], ready: Ready, time: Duration) -> io::Result<()> {
    let events = match ready {
        Ready::Input => WinSock::POLLRDNORM,
        Ready::Output => WinSock::POLLWRNORM,
        Ready::Either => WinSock::POLLRDNORM | WinSock::POLLWRNORM,
    };
    let asked = |socket: &TcpStream| WinSock::WSAPOLLFD {
        fd: socket.as_raw_socket() as WinSock::SOCKET,
        events,
        revents: 0,
    };
    let mut list: Vec<_> = sockets.iter().map(asked).collect();
    // Rounded up: a wait of less than a millisecond must not become none.
    let time = time.saturating_add(Duration::from_nanos(999_999)).as_millis();
    let time = time.try_into().unwrap_or(i32::MAX);
    // SAFETY: the list has the length that is given, and its sockets are open for as long as they
    // are borrowed.
    if unsafe { WinSock::WSAPoll(list.as_mut_ptr(), list.len() as u32, time) } < 0 {
        // SAFETY: the call touches no memory.
        return Err(io::Error::from_raw_os_error(unsafe { WinSock::WSAGetLastError() }));
    }
    Ok(())
}

/// What could, waits until all is sent.
pub fn send_stored(_: &TcpStream, _: Stored) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
