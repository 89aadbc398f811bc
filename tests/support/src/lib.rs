//! What the integration tests share: an emulator, a client for it, and C programs.

mod api;
pub mod header;
pub mod ledger;
pub mod platform;
pub mod servers;
pub mod transfers;

pub use api::{Api, Op, numbers};

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use cos::client::Client;
use cos::reply::Reply;
use cos_emulator::{Config, Credential, Emulator, TemporaryKey};
use serde_json::{Value, json};

pub const APPID: &str = "1250000000";
pub const SECRET_ID: &str = "EXAMPLE_SECRET_ID";
pub const SECRET_KEY: &str = "EXAMPLE_SECRET_KEY";
pub const BUCKET: &str = "private-bucket";

/// An emulator with a directory of its own, which also serves as a place for a test's files.
pub struct Bed {
    pub emulator: Emulator,
    pub dir: tempfile::TempDir,
    pub api: Api,
}

impl Bed {
    /// The emulator, for clients that speak this protocol. It knows temporary keys as well.
    pub fn new(api: Api) -> Bed {
        Bed::configured(api, |_| ())
    }

    /// The same with an emulator of which something is changed before it starts.
    pub fn configured(api: Api, change: impl FnOnce(&mut Config)) -> Bed {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path().join("emulator"));
        let credential = credential("TEMPORARY_ID", "TEMPORARY_KEY");
        let token = "TEMPORARY_TOKEN".into();
        config.temporary_keys.push(TemporaryKey { credential, token, expires: None });
        change(&mut config);
        Bed::with(api, Emulator::start(config).unwrap(), dir)
    }

    /// The same with an emulator that was started in this directory.
    pub fn with(api: Api, emulator: Emulator, dir: tempfile::TempDir) -> Bed {
        Bed { emulator, dir, api }
    }

    /// Where the emulator is, by a name: so it can be `hostname` and `download_hostname` of either API.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.emulator.port())
    }

    /// The options that lead a client to the emulator.
    pub fn options(&self) -> Value {
        self.api.options(self.emulator.port())
    }

    pub fn client(&self) -> Client {
        self.client_with(json!({}))
    }

    pub fn client_with(&self, more: Value) -> Client {
        self.api.client(self.emulator.port(), more)
    }

    /// A file for a test, with content that differs from place to place.
    pub fn file(&self, name: &str, size: usize) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content(size)).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Stores an object as another client can, also under a key that the library refuses. The key is
    /// as in a URL.
    pub fn put(&self, bucket: &str, key: &str, content: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.emulator.port())).unwrap();
        let len = content.len();
        write!(
            stream,
            "PUT /_emulator/objects/{bucket}-{APPID}/{key} HTTP/1.1\r\nHost: localhost\r\n\
             Connection: close\r\nContent-Length: {len}\r\n\r\n{content}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 "), "{key}: {reply}");
    }
}

/// Keys of the account.
pub fn credential(secret_id: &str, secret_key: &str) -> Credential {
    let (secret_id, secret_key) = (secret_id.into(), secret_key.into());
    Credential { appid: APPID.into(), secret_id, secret_key }
}

/// `size` bytes without a short period.
pub fn content(size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub fn parsed(answer: &Reply) -> Value {
    serde_json::from_str(&answer.json).unwrap()
}

/// A command that runs in the project's directory as if a person had typed it.
pub fn typed(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // What cargo tells its tests would make build scripts believe that something has changed; and
    // what make tells its commands would make another make say where it works.
    let told = env::vars_os().map(|(key, _)| key).filter(|key| {
        let key = key.to_string_lossy();
        ["OUT_DIR", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"].contains(&&*key)
            || key.starts_with("CARGO_PKG_")
            || key.starts_with("CARGO_MANIFEST_")
    });
    for key in told {
        command.env_remove(key);
    }
    command
}

/// A program of the platform that is tried, which is killed when it does not end.
pub fn limited_program(program: &Path) -> Command {
    let command = platform::command(program);
    if cfg!(windows) {
        // There is no such command: the runner ends what does not end.
        return command;
    }
    let mut limited = limited();
    limited.arg(command.get_program()).args(command.get_args());
    limited
}

/// What a command begins with that is to be killed when it does not end. Whoever runs the tests may
/// have chosen an API for the command `cos`; a test chooses its own.
pub fn limited() -> Command {
    limited_to(120)
}

/// The same, for a command that may take so many seconds.
pub fn limited_to(seconds: u128) -> Command {
    let mut command = Command::new("timeout");
    let seconds = platform::within(seconds).to_string();
    command.args(["--signal=KILL", &seconds]).env_remove("COS_API");
    command
}

/// Takes away what whoever runs the tests has set for the command `cos` and for the packages.
pub fn remove_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("COS_") {
            command.env_remove(name);
        }
    }
}

/// What valgrind is told, so that it fails when a program reads or writes what is not its own, or
/// loses memory in one of these ways.
pub fn memcheck(losses: &str) -> [String; 4] {
    let losses = format!("--errors-for-leak-kinds={losses}");
    ["-q".into(), "--leak-check=full".into(), losses, "--error-exitcode=99".into()]
}

/// `make` as a person would type it, but for the place of what it makes: tests leave the project's
/// directory as it is.
pub fn make(target: &str) -> Command {
    let mut make = typed("make");
    let build = build_dir();
    // The Makefile takes a blank in a path for the end of it; one above the project does no harm.
    let build = build.strip_prefix(root()).unwrap_or(&build);
    make.arg(target).arg(format!("BUILD={}", build.display()));
    make
}

/// Where `make` puts what it makes.
fn build_dir() -> PathBuf {
    target_dir().join("tmp/build")
}

/// Where cargo puts what it makes: the program that is running is in `PROFILE/deps/` there.
pub fn target_dir() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}

/// The directory with `libcos.so` and `libcos.a` in the release profile, up to date. On another
/// platform than this machine's, those of its runner.
pub fn libraries() -> &'static Path {
    static LIBRARIES: OnceLock<PathBuf> = OnceLock::new();
    LIBRARIES.get_or_init(|| {
        if let Some(built) = platform::built() {
            return built;
        }
        succeed(&mut make("lib"));
        build_dir().join("lib")
    })
}

/// The directory that `make install` was told to install into.
pub fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let prefix = build_dir().join("installed");
        let _ = fs::remove_dir_all(&prefix);
        // Two of make can't build there at a time.
        libraries();
        succeed(&mut make("all"));
        succeed(make("install").arg(format!("PREFIX={}", prefix.display())));
        prefix
    })
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// What a program with `libcos.a` in it is linked with besides.
pub fn behind_static() -> Vec<String> {
    let pc = fs::read_to_string(root().join("packaging/cos.pc.in")).unwrap();
    let list = pc.lines().find_map(|line| line.strip_prefix("Libs.private: ")).unwrap();
    list.split(' ').map(str::to_owned).collect()
}

/// How a C program is linked.
#[derive(Clone, Copy, PartialEq)]
pub enum Link {
    Shared,
    Static,
    /// Not at all: it loads the library itself.
    Loaded,
}

/// Compiles a C program of the project, given by its path from the root, to `program`.
pub fn compile(source: &str, link: Link, program: &Path) {
    compile_with(&[], source, link, program);
}

/// The same with more arguments for the compiler.
pub fn compile_with(more: &[&str], source: &str, link: Link, program: &Path) {
    if platform::take_built(source, link, program) {
        return;
    }
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-g"]).arg(source).args(more);
    build(cc, link, program);
}

/// Runs a compiler that was given sources and a language, with every warning an error.
pub fn build(mut cc: Command, link: Link, program: &Path) {
    let lib = libraries();
    cc.current_dir(root()).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    cc.arg("-Iinclude").arg("-o").arg(program);
    match link {
        Link::Shared => {
            cc.arg("-L").arg(lib).arg("-lcos").arg(format!("-Wl,-rpath,{}", lib.display()))
        }
        Link::Loaded => cc.arg("-ldl"),
        Link::Static => cc.arg(lib.join("libcos.a")).args(behind_static()),
    };
    succeed(&mut cc);
}

/// Runs a command that has to succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
