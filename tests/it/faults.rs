//! Every operation against everything that can go wrong: what is returned, how often it was tried,
//! and what is left behind.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use cos::client::Client;
use cos::ops::{file, folder};
use cos_emulator::{Action, End, Fault, Part};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use support::for_each_api;
use support::platform::within;
use support::transfers::*;
use support::{Api, Bed, Op, content, platform};

/// A row is a fault, a column the request that it strikes, every time. A cell says, for a client
/// with two retries, the code, how often the request was tried, and what is left behind: of an
/// upload or for a delete on the server (`whole`: the object, `open`: an unfinished upload), of a
/// download beside its untouched destination (`part`: what can be continued). `.` is a pair that
/// does not exist. What follows for other numbers of retries: see [`Pass`].
const V4: &str = "
fault                | stat   | list   | upload       | init         | slice       | finish      | download     | delete
connection refused   | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | .           | .           | -3 x3 none   | -3 x3 whole
unknown host         | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | .           | .           | -3 x3 none   | -3 x3 whole
reset unread         | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | -3 x3 open  | -3 x3 open  | -3 x3 part   | -3 x1 whole
reset in the request | .      | .      | -3 x3 none   | -3 x3 none   | -3 x3 open  | -3 x3 open  | .            | -3 x1 whole
unread and silent    | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | -3 x3 open  | -3 x3 open  | -3 x3 part   | -3 x1 whole
done, then reset     | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x1 none
done, then silent    | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x1 none
reset in the head    | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x1 none
reset in the reply   | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x1 none
reply cut off        | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x1 none
reply in drops       | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | 0 x1 none    | -3 x1 none
length too long      | -3 x3  | -3 x3  | 0 x1 whole   | 0 x3 whole   | -3 x3 open  | 0 x1 whole  | 3 x1 none    | -3 x1 none
length too short     | -2 x1  | -2 x1  | 0 x1 whole   | 0 x1 whole   | -2 x1 open  | 0 x1 whole  | 3 x1 none    | -2 x1 none
a byte corrupted     | -2 x1  | -2 x1  | 0 x1 whole   | 0 x1 whole   | -2 x1 open  | 0 x1 whole  | 3 x1 none    | -2 x1 none
not HTTP             | -2 x1  | -2 x1  | 0 x1 whole   | 0 x1 whole   | -2 x1 open  | 0 x1 whole  | -2 x1 part   | -2 x1 none
HTML 500             | -2 x3  | -2 x3  | -2 x3 none   | -2 x3 none   | -2 x3 open  | -2 x3 open  | -2 x3 part   | -2 x1 whole
HTML 502             | -2 x3  | -2 x3  | -2 x3 none   | -2 x3 none   | -2 x3 open  | -2 x3 open  | -2 x3 part   | -2 x1 whole
HTML 503             | -2 x3  | -2 x3  | -2 x3 none   | -2 x3 none   | -2 x3 open  | -2 x3 open  | -2 x3 part   | -2 x1 whole
done, then HTML 502  | -2 x3  | -2 x3  | 0 x1 whole   | 0 x3 whole   | -2 x3 open  | 0 x1 whole  | -2 x3 part   | -2 x1 none
refused for now      | -71 x3 | -71 x3 | -71 x3 none  | -71 x3 none  | -71 x3 open | -71 x3 open | -71 x3 part  | -71 x1 whole
HTML 403             | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
no such format       | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
half a reply         | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
code is no number    | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
100 MiB of anything  | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
deeply nested        | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
redirect elsewhere   | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
closed while idle    | 0 x1   | 0 x1   | 0 x1 whole   | 0 x1 whole   | 0 x1 whole  | 0 x1 whole  | 0 x1 none    | 0 x1 none
disk full            | .      | .      | .            | .            | .           | .           | 2 x0 none    | .
no directory         | .      | .      | .            | .            | .           | .           | -1 x0 none   | .
not writable         | .      | .      | .            | .            | .           | .           | -1 x0 none   | .
file shrinks         | .      | .      | 2 x1 none    | .            | 2 x1 none   | .           | .            | .
";

/// The table of the XML API. Most of its replies have no body that could be damaged, and the one to
/// `stat` has none that says why. When the reply to `init` is lost, the library looks for the upload at
/// once. It repeats deletions.
const V5: &str = "
fault                | stat   | list   | upload       | init         | slice       | finish      | download     | delete
connection refused   | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | .           | .           | -3 x3 none   | -3 x3 whole
unknown host         | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | .           | .           | -3 x3 none   | -3 x3 whole
reset unread         | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | -3 x3 open  | -3 x3 open  | -3 x3 part   | -3 x3 whole
reset in the request | .      | .      | -3 x3 none   | -3 x3 none   | -3 x3 open  | -3 x3 open  | .            | .
unread and silent    | -3 x3  | -3 x3  | -3 x3 none   | -3 x3 none   | -3 x3 open  | -3 x3 open  | -3 x3 part   | -3 x3 whole
done, then reset     | -3 x3  | -3 x3  | 0 x1 whole   | 0 x1 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x3 none
done, then silent    | -3 x3  | -3 x3  | 0 x1 whole   | 0 x1 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x3 none
reset in the head    | -3 x3  | -3 x3  | 0 x1 whole   | 0 x1 whole   | -3 x3 open  | 0 x1 whole  | -3 x3 part   | -3 x3 none
reset in the reply   | .      | -3 x3  | .            | 0 x1 whole   | .           | 0 x1 whole  | -3 x3 part   | .
reply cut off        | .      | -3 x3  | .            | 0 x1 whole   | .           | 0 x1 whole  | -3 x3 part   | .
reply in drops       | -3 x3  | -3 x3  | 0 x1 whole   | 0 x1 whole   | -3 x3 open  | 0 x1 whole  | 0 x1 none    | -3 x3 none
length too long      | .      | -3 x3  | 0 x1 whole   | 0 x1 whole   | -3 x3 open  | 0 x1 whole  | 3 x1 none    | .
length too short     | .      | -2 x1  | .            | 0 x1 whole   | .           | 0 x1 whole  | 3 x1 none    | .
a byte corrupted     | .      | -2 x1  | .            | 0 x1 whole   | .           | 0 x1 whole  | 3 x1 none    | .
not HTTP             | -2 x1  | -2 x1  | 0 x1 whole   | 0 x1 whole   | -2 x1 open  | 0 x1 whole  | -2 x1 part   | -2 x1 none
HTML 500             | -2 x3  | -2 x3  | -2 x3 none   | -2 x3 none   | -2 x3 open  | -2 x3 open  | -2 x3 part   | -2 x3 whole
HTML 502             | -2 x3  | -2 x3  | -2 x3 none   | -2 x3 none   | -2 x3 open  | -2 x3 open  | -2 x3 part   | -2 x3 whole
HTML 503             | -2 x3  | -2 x3  | -2 x3 none   | -2 x3 none   | -2 x3 open  | -2 x3 open  | -2 x3 part   | -2 x3 whole
done, then HTML 502  | -2 x3  | -2 x3  | 0 x1 whole   | 0 x1 whole   | -2 x3 open  | 0 x1 whole  | -2 x3 part   | -2 x3 none
refused for now      | -196 x3 | -71 x3 | -71 x3 none  | -71 x3 none  | -71 x3 open | -71 x3 open | -71 x3 part  | -71 x3 whole
error with a 200     | .      | -195 x3 | .            | -195 x3 none | .           | -195 x3 open | .           | .
done, then that      | .      | -195 x3 | .            | 0 x1 whole   | .           | 0 x1 whole  | .            | .
HTML 403             | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
no such format       | .      | -2 x1  | .            | -2 x1 none   | .           | -2 x1 open  | -2 x1 part   | .
half a reply         | .      | -2 x1  | .            | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | .
nobody's reply       | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
100 MiB of anything  | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
deeply nested        | .      | -2 x1  | .            | -2 x1 none   | .           | -2 x1 open  | -2 x1 part   | .
redirect elsewhere   | -2 x1  | -2 x1  | -2 x1 none   | -2 x1 none   | -2 x1 open  | -2 x1 open  | -2 x1 part   | -2 x1 whole
another region       | 4 x1   | 4 x1   | 4 x1 none    | 4 x1 none    | 4 x1 open   | 4 x1 open   | 4 x1 part    | 4 x1 whole
closed while idle    | 0 x1   | 0 x1   | 0 x1 whole   | 0 x1 whole   | 0 x1 whole  | 0 x1 whole  | 0 x1 none    | 0 x1 none
disk full            | .      | .      | .            | .            | .           | .           | 2 x0 none    | .
no directory         | .      | .      | .            | .            | .           | .           | -1 x0 none   | .
not writable         | .      | .      | .            | .            | .           | .           | -1 x0 none   | .
file shrinks         | .      | .      | 2 x1 none    | .            | 2 x1 none   | .           | .            | .
";

/// No byte for so long is a failure.
const TIMEOUT: Duration = Duration::from_millis(2000);
/// What a cell may take besides its timeouts, on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(10);
/// What one request of a download fetches. The second one of a download is the one struck.
const PIECE: usize = 8 * MIB;
const LARGE: usize = PIECE + 200;
/// Even root can't create files here.
const NOT_WRITABLE: &str = if cfg!(windows) { "a?" } else { "/proc/file" };
/// How many cells are tried at a time: most of them wait.
const WORKERS: usize = 8;

/// The longest pauses between so many tries.
fn pauses(tries: usize) -> Duration {
    Duration::from_millis(if tries > 2 { 1250 } else { 250 })
}

/// The requests that a fault strikes; of slices the second of three.
const OPS: [Op; 8] =
    [Op::Stat, Op::List, Op::Upload, Op::Init, Op::Slice, Op::Finish, Op::Download, Op::Delete];

/// How a cell of the table is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pass {
    /// As the table says.
    TwoRetries,
    /// 0 retries are none: the same ends after one try.
    NoRetries,
    /// What was worth another try succeeds with it, once the fault is over.
    Passing,
}

/// What makes a fault.
enum How {
    /// The emulator does it.
    Fault(Action),
    /// The host is another one.
    Host(String),
    ClosedWhileIdle,
    DiskFull,
    /// The destination, relative to the directory for it.
    Destination(&'static str),
    FileShrinks,
}

#[derive(Clone, Copy)]
struct Cell {
    fault: &'static str,
    op: Op,
    code: i64,
    tries: usize,
    left: &'static str,
}

/// The table's cells, but for the empty ones.
fn cells(api: Api) -> Vec<Cell> {
    let table = if api == Api::V4 { V4 } else { V5 };
    let rows = table.trim().lines().skip(1).map(|row| row.split('|').map(str::trim));
    // Windows has no limit for the files of a process.
    let rows = rows.filter(|row| cfg!(unix) || row.clone().next() != Some("disk full"));
    let mut cells = Vec::new();
    for mut row in rows {
        let fault = row.next().unwrap();
        let texts: Vec<_> = row.collect();
        assert_eq!(texts.len(), OPS.len(), "{fault}");
        for (op, text) in OPS.into_iter().zip(texts).filter(|(_, text)| *text != ".") {
            let mut words = text.split_whitespace();
            let code = words.next().unwrap().parse().unwrap();
            let tries = words.next().unwrap().strip_prefix('x').unwrap().parse().unwrap();
            cells.push(Cell { fault, op, code, tries, left: words.next().unwrap_or("") });
        }
    }
    cells
}

impl Cell {
    /// What is to be found, spelled as in the table.
    fn expected(&self, pass: Pass) -> String {
        let Cell { code, tries, left, .. } = *self;
        match (pass, tries) {
            (Pass::NoRetries, 2..) => self.spelled(code, 1, left),
            (Pass::Passing, 2..) => self.spelled(0, 2, success(self.op)),
            _ => self.spelled(code, tries, left),
        }
    }

    fn spelled(&self, code: i64, tries: usize, left: &str) -> String {
        format!("{code} x{tries} {left}").trim_end().to_owned()
    }
}

/// What a success leaves.
fn success(op: Op) -> &'static str {
    match op {
        Op::Download | Op::Delete => "none",
        op if is_upload(op) => "whole",
        _ => "",
    }
}

fn is_upload(op: Op) -> bool {
    matches!(op, Op::Upload | Op::Init | Op::Slice | Op::Finish)
}

fn fault(api: Api, op: Op, action: Action) -> Fault {
    match op {
        Op::Slice => api.slice_fault(action, 1),
        Op::Download => api.fault(op, action).skip(1),
        _ => api.fault(op, action),
    }
}

/// What a row's name means for a column.
fn how(fault: &str, op: Op, worker: &Worker) -> How {
    let api = worker.bed.api;
    let reply = |body: &str| How::Fault(api.reply(body));
    let error = |code: &str, status, execute| Action::Error {
        code: code.into(),
        status,
        message: None,
        execute,
    };
    let cut = |after, of, end| How::Fault(Action::Cut { after, of, end });
    How::Fault(match fault {
        "connection refused" => return How::Host(worker.refusing_host()),
        "unknown host" => return How::Host("no-such-host.invalid:80".into()),
        "closed while idle" => return How::ClosedWhileIdle,
        "disk full" => return How::DiskFull,
        "no directory" => return How::Destination("file/below"),
        "not writable" => return How::Destination(NOT_WRITABLE),
        "file shrinks" => return How::FileShrinks,
        "no such format" => return reply("it works"),
        "half a reply" => {
            return reply(match api {
                Api::V4 => r#"{"message":"SUCCESS","data":{}}"#,
                Api::V5 => "<OtherResult/>",
            });
        }
        "code is no number" => return reply(r#"{"code":"ok","message":"SUCCESS","data":{}}"#),
        "nobody's reply" => reply_with(200, api.content_type(), String::new()),
        "deeply nested" => return reply(&nested(api, 100_000)),
        "reset in the head" => return cut(20, Part::Reply, End::Reset),
        "reset in the reply" => return cut(50, Part::Body, End::Reset),
        "reply cut off" => return cut(50, Part::Body, End::Close),
        "reset unread" => dropped(),
        "reset in the request" => {
            let is_content = matches!(op, Op::Upload | Op::Slice);
            Action::Drop { after: if is_content { 300_000 } else { 5 }, end: End::Reset }
        }
        "unread and silent" => Action::Drop { after: 0, end: End::Hang },
        "done, then reset" => lost(),
        "done, then silent" => Action::Withhold,
        "reply in drops" => Action::Drip { interval_ms: 25, bytes: 2 },
        "length too long" => Action::WrongLength { delta: 5 },
        "length too short" => Action::WrongLength { delta: -5 },
        "a byte corrupted" => Action::Corrupt { at: 0 },
        "not HTTP" => Action::Garbage { text: "220 smtp.example ready\r\n\r\n".into() },
        "HTML 500" => html(500),
        "HTML 502" => html(502),
        "HTML 503" => html(503),
        "done, then HTML 502" => match html(502) {
            Action::Reply { status, content_type, body, size, headers, .. } => {
                Action::Reply { status, content_type, body, size, headers, execute: true }
            }
            other => other,
        },
        "refused for now" if api == Api::V4 => {
            Action::Code { code: -71, status: Some(503), message: None, execute: false }
        }
        "refused for now" => error("SlowDown", None, false),
        "error with a 200" => error("InternalError", Some(200), false),
        "done, then that" => error("InternalError", Some(200), true),
        "another region" => error("PermanentRedirect", None, false),
        "HTML 403" => html(403),
        "100 MiB of anything" => match reply_with(200, api.content_type(), String::new()) {
            Action::Reply { status, content_type, body, headers, execute, .. } => {
                let size = Some(100 << 20);
                Action::Reply { status, content_type, body, size, headers, execute }
            }
            other => other,
        },
        "redirect elsewhere" => Action::Redirect {
            location: format!("http://{}/", worker.elsewhere.local_addr().unwrap()),
            status: 307,
        },
        _ => panic!("what is {fault:?}?"),
    })
}

fn nested(api: Api, depth: usize) -> String {
    match api {
        Api::V4 => format!(r#"{{"code":0,"data":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)),
        Api::V5 => format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)),
    }
}

/// Tries one cell at a time.
struct Worker {
    bed: Bed,
    /// At `/large`.
    large: Vec<u8>,
    /// A port that is taken, but that nobody listens on.
    refusing: Socket,
    /// Where no request may ever come.
    elsewhere: TcpListener,
}

/// Where a cell takes place.
struct Place {
    cos_path: String,
    dir: PathBuf,
    /// What is uploaded.
    file: PathBuf,
    bytes: Vec<u8>,
    /// Where a download goes.
    destination: PathBuf,
}

impl Worker {
    fn new(api: Api) -> Worker {
        let bed = Bed::new(api);
        bed.emulator.settings(|settings| settings.instant_upload = false);
        let large = content(LARGE);
        let options = json!({"slice_threshold": 20 * MIB, "verify_sha1": false});
        expect(&upload_bytes(&bed.client(), "/large", &large, options), 0);
        let refusing = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        refusing.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        Worker { bed, large, refusing, elsewhere }
    }

    fn refusing_host(&self) -> String {
        let address = self.refusing.local_addr().unwrap().as_socket().unwrap();
        format!("localhost:{}", address.port())
    }

    /// A place with what the operation needs: a file to upload, one to replace, an object.
    fn place(&self, number: usize, cell: &Cell) -> Place {
        let dir = self.bed.path(&number.to_string());
        fs::create_dir(&dir).unwrap();
        let size = match (cell.fault, cell.op) {
            // More than the buffers of a connection hold.
            ("file shrinks", Op::Upload) => 19 * MIB,
            (_, op) if is_upload(op) => 3 * SLICE,
            _ => 10,
        };
        let place = Place {
            cos_path: format!("/{number}/object"),
            file: self.bed.path(&format!("{number}/source")),
            bytes: content(size),
            destination: dir.join("file"),
            dir,
        };
        match cell.op {
            Op::Download => fs::write(&place.destination, "old").unwrap(),
            op if is_upload(op) => fs::write(&place.file, &place.bytes).unwrap(),
            _ => {
                let put =
                    upload_bytes(&self.bed.client(), &place.cos_path, &place.bytes, json!({}));
                expect(&put, 0);
            }
        }
        place
    }

    /// Tries a cell; on failure says what was found instead.
    fn try_cell(&self, number: usize, cell: &Cell, pass: Pass) -> Result<(), String> {
        let how = how(cell.fault, cell.op, self);
        let mut place = self.place(number, cell);
        let client = self.client(cell.op, &how, pass);
        self.bed.emulator.clear_requests();
        match &how {
            How::Fault(action) => {
                let fault = fault(self.bed.api, cell.op, action.clone());
                let fault = if pass == Pass::Passing { fault } else { fault.forever() };
                self.bed.emulator.inject(fault);
            }
            How::ClosedWhileIdle => self.leave_a_dead_connection(&client),
            How::Destination(path) => place.destination = place.dir.join(path),
            _ => {}
        }
        let started = Instant::now();
        let answer = match &how {
            How::DiskFull => self.download_to_a_full_disk(&place, pass),
            How::FileShrinks => self.upload_while_it_shrinks(cell.op, &client, &place),
            _ => self.operate(cell.op, &client, &place),
        };
        let took = started.elapsed();
        self.bed.emulator.clear_faults();
        place.destination = place.dir.join("file");

        let tries = self.tries(cell.op, &how, &answer);
        let code = answer["code"].as_i64().unwrap();
        let left = self.left(cell.op, code, &place);
        let found = cell.spelled(code, tries, left);
        let expected = cell.expected(pass);
        if found != expected {
            return Err(format!("expected {expected}, found {found}: {answer:#}"));
        }
        let patience = TIMEOUT * tries as u32 + pauses(tries) + SLACK;
        if took.as_millis() > within(patience.as_millis()) {
            return Err(format!("it took {took:?}, more than {patience:?}"));
        }
        if code != 0 {
            let origin = if (-4..4).contains(&code) { "library" } else { "server" };
            assert_eq!(answer["error"]["origin"], origin, "{answer:#}");
        }
        if !matches!(how, How::FileShrinks) && code != 0 {
            self.operate_again(cell.op, left, &place);
        }
        assert_eq!(self.elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        Ok(())
    }

    fn client(&self, op: Op, how: &How, pass: Pass) -> Client {
        let retries = if pass == Pass::NoRetries { 0 } else { 2 };
        let mut options = json!({
            "timeout_ms": TIMEOUT.as_millis() as u64,
            "connect_timeout_ms": TIMEOUT.as_millis() as u64,
            "retries": retries,
        });
        match how {
            How::Host(host) if op == Op::Download => options["download_hostname"] = json!(host),
            How::Host(host) => options["hostname"] = json!(host),
            // The server is slow here, not silent.
            How::FileShrinks => options["timeout_ms"] = json!(within(10_000) as u64),
            _ => {}
        }
        self.bed.client_with(options)
    }

    fn operate(&self, op: Op, client: &Client, place: &Place) -> Value {
        let path = place.cos_path.as_str();
        match op {
            Op::Stat => reply(file::stat(client, PUBLIC, path, None)),
            Op::List => {
                let folder = path.strip_suffix("object").unwrap();
                reply(folder::list(client, PUBLIC, folder, None))
            }
            Op::Delete => reply(file::delete(client, PUBLIC, path, None)),
            Op::Upload => upload(client, path, &place.file, json!({"slice_threshold": 20 * MIB})),
            Op::Init | Op::Slice | Op::Finish => {
                let options = json!({"slice_threshold": 0, "slice_size": SLICE, "concurrency": 1});
                upload(client, path, &place.file, options)
            }
            Op::Download => {
                download(client, "/large", &place.destination, json!({"concurrency": 1}))
            }
            op => panic!("{op:?} has no column"),
        }
    }

    /// How often the request was tried: what the log of the server and the answer agree on.
    fn tries(&self, op: Op, how: &How, answer: &Value) -> usize {
        let mut requests = self.bed.logged(op);
        match op {
            Op::Slice => {
                requests.retain(|slice| slice.part == Some(2) || slice.offset == Some(SLICE as u64))
            }
            Op::Download => drop(requests.drain(..requests.len().min(1))),
            _ => {}
        }
        match answer["error"]["attempts"].as_u64().map(|attempts| attempts as usize) {
            // It was no request that failed.
            None | Some(0) => requests.len(),
            Some(attempts) => {
                let is_logged = !matches!(how, How::Host(_) | How::FileShrinks);
                assert!(!is_logged || requests.len() == attempts, "{answer:#}\n{requests:#?}");
                attempts
            }
        }
    }

    /// What is there after an operation; whatever is there must be right.
    fn left(&self, op: Op, code: i64, place: &Place) -> &'static str {
        match op {
            Op::Stat | Op::List => "",
            Op::Download => {
                let is_done = code == 0;
                let expected = if is_done { self.large.as_slice() } else { b"old" };
                assert_same(&fs::read(&place.destination).unwrap(), expected);
                match names_in(&place.dir).as_slice() {
                    [file] if file == "file" => "none",
                    [partial, file] if partial == ".file.cos-partial" && file == "file" => "part",
                    names => panic!("{names:?}"),
                }
            }
            _ => match stored(&self.bed.emulator, &place.cos_path) {
                Some(found) => {
                    assert_same(&found, &place.bytes);
                    "whole"
                }
                None => self.unfinished(&place.cos_path),
            },
        }
    }

    fn unfinished(&self, cos_path: &str) -> &'static str {
        if self.bed.api == Api::V5 {
            let keys = unfinished(&self.bed.emulator);
            return if keys.iter().any(|key| *key == cos_path[1..]) { "open" } else { "none" };
        }
        match file::stat(&self.bed.client(), PUBLIC, cos_path, None) {
            Ok(_) => "open",
            Err(failure) if failure.code() == -197 => "none",
            Err(failure) => panic!("{failure:?}"),
        }
    }

    /// After a failure the same call succeeds, and nothing that was acknowledged travels again.
    fn operate_again(&self, op: Op, left: &str, place: &Place) {
        let mut slices = self.bed.logged(Op::Slice);
        slices.retain(|slice| slice.status == Some(200) && slice.fault.is_none());
        let answer = self.operate(op, &self.bed.client(), place);
        expect(&answer, if (op, left) == (Op::Delete, "none") { -197 } else { 0 });
        let resumed = answer["transfer"]["resumed_bytes"].as_u64().unwrap_or(0) as usize;
        match op {
            // Whole pieces, and what has come of the one that was struck.
            Op::Download if left == "part" => assert!((PIECE..LARGE).contains(&resumed)),
            Op::Download => assert_eq!(resumed, 0),
            _ => assert!(resumed >= slices.len() * SLICE, "{answer:#}"),
        }
        assert_eq!(self.left(op, 0, place), success(op));
    }

    /// Leaves the client with a connection that the server has closed meanwhile.
    fn leave_a_dead_connection(&self, client: &Client) {
        let emulator = &self.bed.emulator;
        let fault = Action::CloseAfterReply { end: End::Close };
        emulator.inject(self.bed.api.fault(Op::List, fault));
        folder::list(client, PUBLIC, "/", None).unwrap();
        let is_answered = || emulator.requests().iter().any(|list| list.finished_ms.is_some());
        wait_until("the list", is_answered);
        // The end of the connection follows, and nobody is told when it has arrived.
        thread::sleep(Duration::from_millis(within(500) as u64));
        emulator.clear_requests();
    }

    /// A disk can't be filled up without the right to mount one. A process whose files must not
    /// grow beyond 1 MiB fails in the same calls, with EFBIG in the place of ENOSPC. The limit is
    /// a process's own, and SIGXFSZ kills it unless ignored: hence a program, and a shell before
    /// it.
    fn download_to_a_full_disk(&self, place: &Place, pass: Pass) -> Value {
        let retries = if pass == Pass::NoRetries { 0 } else { 2 };
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ && ulimit -f 2048 && exec \"$@\"", "sh"]);
        let program = platform::command(program());
        shell.arg(program.get_program()).args(program.get_args());
        shell.arg(self.bed.options().to_string());
        shell.args(["download", PUBLIC, "/large"]).arg(&place.destination);
        shell.arg(json!({"concurrency": 1, "retries": retries}).to_string());
        let output = shell.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let answer: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(answer["error"]["errno"], "EFBIG", "{answer}");
        answer
    }

    /// Most of the file is still to be read when it shrinks.
    fn upload_while_it_shrinks(&self, op: Op, client: &Client, place: &Place) -> Value {
        let emulator = &self.bed.emulator;
        emulator.inject(match op {
            Op::Upload => Fault::new(Action::Hold).op("accept"),
            _ => self.bed.api.slice_fault(Action::Hold, 0),
        });
        thread::scope(|scope| {
            scope.spawn(|| {
                wait_until_held(emulator, 1);
                let file = OpenOptions::new().write(true).open(&place.file).unwrap();
                file.set_len(1000).unwrap();
                emulator.clear_faults();
            });
            self.operate(op, client, place)
        })
    }
}

fn every_operation_against_every_fault(api: Api) {
    // Not while the clock runs.
    program();
    let mut left = Vec::new();
    for cell in cells(api) {
        left.extend([(cell, Pass::TwoRetries), (cell, Pass::NoRetries)]);
        let worker_decides = ["connection refused", "unknown host", "closed while idle"];
        if !worker_decides.contains(&cell.fault) && cell.tries > 0 && cell.fault != "file shrinks" {
            left.push((cell, Pass::Passing));
        }
    }
    let count = left.len();
    let left = Mutex::new(left);
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let worker = Worker::new(api);
                for number in 0.. {
                    let Some((cell, pass)) = left.lock().unwrap().pop() else {
                        return;
                    };
                    if let Err(problem) = worker.try_cell(number, &cell, pass) {
                        let place = format!("{} x {:?}, {pass:?}", cell.fault, cell.op);
                        problems.lock().unwrap().push(format!("{place}: {problem}"));
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{} of {count}:\n{}", problems.len(), problems.join("\n"));
}

/// A server of our own, which does what HTTP does not allow; `serve` gets every connection.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || listener.incoming().for_each(|tcp| serve(tcp.unwrap())));
    host
}

/// Reads the head of a request without a body; whether there was one.
fn read_head(tcp: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(tcp.read(&mut byte), Ok(1)) {
            return false;
        }
        head.push(byte[0]);
    }
    true
}

fn bytes_behind_a_reply_never_answer_the_next_request(api: Api) {
    let reply_of = |who: &str| api.http(&api.list("/", &[(who, 1)], ""));
    let (honest, forged) = (reply_of("honest"), reply_of("forged"));
    let bed = Bed::new(api);
    // All in one packet; after the reply was read; without an end.
    for pause in [None, Some(Duration::from_millis(50))] {
        let (honest, forged) = (honest.clone(), forged.clone());
        let host = server(move |mut tcp| {
            let forged = forged.clone();
            let honest = honest.clone();
            thread::spawn(move || {
                while read_head(&mut tcp) {
                    let both = format!("{honest}{forged}");
                    let (first, second) = both.split_at(pause.map_or(both.len(), |_| honest.len()));
                    let _ = tcp.write_all(first.as_bytes());
                    thread::sleep(pause.unwrap_or_default());
                    let _ = tcp.write_all(second.as_bytes());
                }
            });
        });
        let client = bed.client_with(json!({"hostname": host}));
        for _ in 0..3 {
            let found = folder::list(&client, PUBLIC, "/", None).unwrap();
            assert!(found.json.contains("honest"), "{}", found.json);
            thread::sleep(pause.unwrap_or_default() * 2);
        }
    }
}

fn a_hundred_megabytes_of_a_reply_are_not_read_to_their_end(api: Api) {
    const ENOUGH: u64 = 20 << 20;
    let (reached, written) = std::sync::mpsc::channel();
    let host = server(move |mut tcp| {
        assert!(read_head(&mut tcp));
        // It is a success, but only its end shows that; it has no length that could be refused.
        let long = api.list("/", &[("x".repeat(100 * MIB).as_str(), 1)], "");
        let head = "HTTP/1.1 200 OK\r\nx-cos-request-id: 1\r\nConnection: close\r\n\r\n";
        let whole = format!("{head}{long}");
        let sent = whole.as_bytes().chunks(1 << 16).take_while(|part| tcp.write_all(part).is_ok());
        reached.send((sent.count() << 16) as u64).unwrap();
    });
    let bed = Bed::new(api);
    let client = bed.client_with(json!({"hostname": host}));
    let answer = reply(folder::list(&client, PUBLIC, "/", None));
    expect(&answer, -2);
    assert_eq!(answer["error"]["retryable"], false);
    // Some of it is in the buffers of the connection.
    let written = written.recv().unwrap();
    assert!(written < ENOUGH + (16 << 20), "{written}");
}

fn a_server_that_keeps_no_connection_is_only_slower(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.inject(Fault::new(Action::CloseAfterReply { end: End::Close }).forever());
    let client = bed.client();
    let local = bed.file("file", 20 * SLICE);
    let options = json!({"slice_threshold": 0, "slice_size": SLICE});
    expect(&upload(&client, "/a", &local, options), 0);
    let (answer, bytes) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert_same(&bytes, &content(20 * SLICE));
}

for_each_api! {
    every_operation_against_every_fault,
    bytes_behind_a_reply_never_answer_the_next_request,
    a_hundred_megabytes_of_a_reply_are_not_read_to_their_end,
    a_server_that_keeps_no_connection_is_only_slower
}
