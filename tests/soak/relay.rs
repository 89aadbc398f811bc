//! A network with moods: it passes bytes on between a client and a server, and harms them.

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
enum Mood {
    Calm,
    /// Connections are reset.
    Reset,
    /// Half of what passes, then the end of the connection.
    Truncate,
    /// Everything comes late.
    Delay,
    /// Nothing passes until the mood changes.
    Stall,
    /// Some connections fall silent for ever.
    Mute,
    /// New connections are closed at once.
    Refuse,
}

const MOODS: [(Mood, &str); 7] = [
    (Mood::Calm, "calm seconds"),
    (Mood::Reset, "connections reset"),
    (Mood::Truncate, "connections cut off"),
    (Mood::Delay, "pieces delayed"),
    (Mood::Stall, "pieces held back"),
    (Mood::Mute, "connections fallen silent"),
    (Mood::Refuse, "connections refused"),
];

pub struct Relay {
    pub port: u16,
    weather: Arc<Weather>,
}

struct Weather {
    mood: AtomicUsize,
    harm: [AtomicU64; MOODS.len()],
}

impl Weather {
    fn mood(&self) -> Mood {
        MOODS[self.mood.load(Ordering::SeqCst)].0
    }

    fn count(&self, mood: Mood) {
        if let Some(i) = MOODS.iter().position(|(other, _)| *other == mood) {
            self.harm[i].fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Relay {
    pub fn start(server: u16, seed: u64) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let weather = Arc::new(Weather { mood: AtomicUsize::new(0), harm: Default::default() });
        let shared = Arc::clone(&weather);
        thread::spawn(move || {
            for (number, client) in (1..).zip(listener.incoming().flatten()) {
                if shared.mood() == Mood::Refuse {
                    shared.count(Mood::Refuse);
                    reset(&client);
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                for (from, to, way) in [(&client, &server, 0), (&server, &client, 1)] {
                    let mut pipe = Pipe {
                        from: from.try_clone().unwrap(),
                        to: to.try_clone().unwrap(),
                        weather: Arc::clone(&shared),
                        dice: Dice::new(seed ^ (number * 2 + way)),
                    };
                    thread::spawn(move || pipe.run());
                }
            }
        });
        Relay { port, weather }
    }

    /// Something else breaks from now on; in one second of seven nothing.
    pub fn change_mood(&self) {
        let mood = (self.weather.mood.load(Ordering::SeqCst) + 1) % MOODS.len();
        self.weather.mood.store(mood, Ordering::SeqCst);
        if mood == 0 {
            self.weather.count(Mood::Calm);
        }
    }

    pub fn calm_down(&self) {
        self.weather.mood.store(0, Ordering::SeqCst);
    }

    /// What was done to how many.
    pub fn harm(&self) -> Vec<(&'static str, u64)> {
        let counts = self.weather.harm.iter().map(|count| count.load(Ordering::SeqCst));
        MOODS.iter().map(|(_, name)| *name).zip(counts).collect()
    }
}

/// One direction of a connection.
struct Pipe {
    from: TcpStream,
    to: TcpStream,
    weather: Arc<Weather>,
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
        let mood = self.weather.mood();
        let unlucky = |dice: &mut Dice| dice.below(10) == 0;
        match mood {
            Mood::Reset if unlucky(&mut self.dice) => {
                self.weather.count(mood);
                reset(&self.from);
                reset(&self.to);
                return false;
            }
            Mood::Truncate if unlucky(&mut self.dice) => {
                self.weather.count(mood);
                let _ = self.to.write_all(&piece[..piece.len() / 2]);
                return false;
            }
            Mood::Mute if unlucky(&mut self.dice) => {
                self.weather.count(mood);
                self.wait_for_the_end();
                return false;
            }
            Mood::Delay => {
                self.weather.count(mood);
                thread::sleep(Duration::from_millis(self.dice.below(60)));
            }
            Mood::Stall => {
                self.weather.count(mood);
                let since = Instant::now();
                while self.weather.mood() == Mood::Stall && since.elapsed() < Duration::from_secs(1)
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
