//! A network in trouble: it passes bytes on between a client and a server, and harms them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::Dice;

/// What the network does to bytes that pass.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    Calm,
    /// Connections are reset.
    Reset,
    /// Half of what passes, then the end of the connection.
    Truncate,
    /// Everything comes late.
    Delay,
    /// Nothing passes until the next trouble.
    Stall,
    /// Some connections fall silent for ever.
    Mute,
    /// New connections are closed at once.
    Refuse,
}

const TROUBLES: [(Trouble, &str); 7] = [
    (Trouble::Calm, "calm seconds"),
    (Trouble::Reset, "connections reset"),
    (Trouble::Truncate, "connections cut off"),
    (Trouble::Delay, "pieces delayed"),
    (Trouble::Stall, "pieces held back"),
    (Trouble::Mute, "connections fallen silent"),
    (Trouble::Refuse, "connections refused"),
];

pub struct Relay {
    pub port: u16,
    network: Arc<Network>,
}

struct Network {
    trouble: AtomicUsize,
    harm: [AtomicU64; TROUBLES.len()],
}

impl Network {
    fn trouble(&self) -> Trouble {
        TROUBLES[self.trouble.load(Ordering::SeqCst)].0
    }

    fn count(&self, trouble: Trouble) {
        if let Some(i) = TROUBLES.iter().position(|(other, _)| *other == trouble) {
            self.harm[i].fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Relay {
    pub fn start(server: u16, seed: u64) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Arc::new(Network { trouble: AtomicUsize::new(0), harm: Default::default() });
        let shared = Arc::clone(&network);
        thread::spawn(move || {
            for (number, client) in (1..).zip(listener.incoming().flatten()) {
                if shared.trouble() == Trouble::Refuse {
                    shared.count(Trouble::Refuse);
                    reset(&client);
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                for (from, to, way) in [(&client, &server, 0), (&server, &client, 1)] {
                    let mut pipe = Pipe {
                        from: from.try_clone().unwrap(),
                        to: to.try_clone().unwrap(),
                        network: Arc::clone(&shared),
                        dice: Dice::new(seed ^ (number * 2 + way)),
                    };
                    thread::spawn(move || pipe.run());
                }
            }
        });
        Relay { port, network }
    }

    /// Something else breaks from now on; in one second of seven nothing.
    pub fn next_trouble(&self) {
        let trouble = (self.network.trouble.load(Ordering::SeqCst) + 1) % TROUBLES.len();
        self.network.trouble.store(trouble, Ordering::SeqCst);
        if trouble == 0 {
            self.network.count(Trouble::Calm);
        }
    }

    pub fn calm_down(&self) {
        self.network.trouble.store(0, Ordering::SeqCst);
    }

    /// What was done to how many.
    pub fn harm(&self) -> Vec<(&'static str, u64)> {
        let counts = self.network.harm.iter().map(|count| count.load(Ordering::SeqCst));
        TROUBLES.iter().map(|(_, name)| *name).zip(counts).collect()
    }
}

/// One direction of a connection.
struct Pipe {
    from: TcpStream,
    to: TcpStream,
    network: Arc<Network>,
    dice: Dice,
}

impl Pipe {
    fn run(&mut self) {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = self.from.read(&mut piece) {
            if !self.pass(&piece[..n]) {
                break;
            }
        }
        let _ = self.from.shutdown(Shutdown::Both);
        let _ = self.to.shutdown(Shutdown::Both);
    }

    /// Whether the connection goes on.
    fn pass(&mut self, piece: &[u8]) -> bool {
        let trouble = self.network.trouble();
        let unlucky = |dice: &mut Dice| dice.below(10) == 0;
        match trouble {
            Trouble::Reset if unlucky(&mut self.dice) => {
                self.network.count(trouble);
                reset(&self.from);
                reset(&self.to);
                return false;
            }
            Trouble::Truncate if unlucky(&mut self.dice) => {
                self.network.count(trouble);
                let _ = self.to.write_all(&piece[..piece.len() / 2]);
                return false;
            }
            Trouble::Mute if unlucky(&mut self.dice) => {
                self.network.count(trouble);
                self.wait_for_the_end();
                return false;
            }
            Trouble::Delay => {
                self.network.count(trouble);
                thread::sleep(Duration::from_millis(self.dice.below(60)));
            }
            Trouble::Stall => {
                self.network.count(trouble);
                let since = Instant::now();
                while self.network.trouble() == Trouble::Stall
                    && since.elapsed() < Duration::from_secs(1)
                {
                    thread::sleep(Duration::from_millis(10));
                }
            }
            _ => {}
        }
        self.to.write_all(piece).is_ok()
    }

    /// Swallows what still comes. A request that its client has given up never arrives late: that
    /// nobody could tell from one that was sent again.
    fn wait_for_the_end(&mut self) {
        let mut piece = [0; 4096];
        loop {
            match self.from.read(&mut piece) {
                Ok(0) => break,
                Err(error) if error.kind() != ErrorKind::Interrupted => break,
                _ => {}
            }
        }
    }
}

fn reset(tcp: &TcpStream) {
    let _ = SockRef::from(tcp).set_linger(Some(Duration::ZERO));
    let _ = tcp.shutdown(Shutdown::Both);
}
