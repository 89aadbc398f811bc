//! The emulator as a program.

#![forbid(unsafe_code)]

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
};

use cos_emulator::{Bucket, Config, ConfigFile, Credential, Emulator, asked_to_end};
use lexopt::{Arg, Parser, ValueExt};
use tempfile::TempDir;
use tokio::sync::oneshot;

const HELP: &str = include_str!("help.txt");

/// What the command line asks for.
enum Task {
    Serve(Box<Service>),
    Print(String),
}

/// An emulator, and what belongs to the program alone.
struct Service {
    config: Config,
    /// The data directory, if it goes when the program ends.
    temporary: Option<TempDir>,
    ends_with_stdin: bool,
}

fn main() -> ExitCode {
    let outcome = parse(std::env::args_os().skip(1)).and_then(|task| match task {
        Task::Serve(service) => serve(*service),
        Task::Print(text) => Ok(io::stdout().write_all(text.as_bytes())?),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cos-emulator: {error}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, Box<dyn Error>> {
    let mut parser = Parser::from_args(arguments);
    let (mut port, mut data, mut host, mut admin) = (None, None, None, true);
    let (mut is_temporary, mut ends_with_stdin) = (false, false);
    let mut file = ConfigFile::default();
    let (mut credentials, mut buckets) = (Vec::new(), Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("port") => port = Some(parser.value()?.parse::<u16>()?),
            Arg::Long("data") => data = Some(PathBuf::from(parser.value()?)),
            Arg::Long("temporary") => is_temporary = true,
            Arg::Long("end-with-stdin") => ends_with_stdin = true,
            Arg::Long("host") => host = Some(parser.value()?.string()?),
            Arg::Long("config") => {
                let path = PathBuf::from(parser.value()?);
                let at = |error: &dyn Error| format!("{}: {error}", path.display());
                let text = std::fs::read(&path).map_err(|error| at(&error))?;
                file = serde_json::from_slice(&text).map_err(|error| at(&error))?;
            }
            Arg::Long("credential") => credentials.push(credential(&parser.value()?.string()?)?),
            Arg::Long("bucket") => buckets.push(bucket(&parser.value()?.string()?)?),
            Arg::Long("no-admin") => admin = false,
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Print(HELP.into())),
            Arg::Long("version") | Arg::Short('V') => {
                return Ok(Task::Print(
                    concat!("cos-emulator ", env!("CARGO_PKG_VERSION"), "\n").into(),
                ));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    credentials.append(&mut file.credentials);
    buckets.append(&mut file.buckets);

    let port = port.ok_or("--port is missing; --help explains")?;
    let data = data.filter(|data| !data.as_os_str().is_empty());
    let (data, temporary) = match (data, is_temporary) {
        (Some(data), false) => (data, None),
        (None, true) => {
            let directory = tempfile::Builder::new().prefix("cos-emulator-").tempdir();
            let directory =
                directory.map_err(|error| format!("--temporary: no directory: {error}"))?;
            (directory.path().to_owned(), Some(directory))
        }
        (Some(_), true) => return Err("--data and --temporary exclude each other".into()),
        (None, false) => return Err("--data or --temporary is missing; --help explains".into()),
    };
    let mut config = Config::new(data);
    config.port = port;
    config.host = host.unwrap_or(config.host);
    config.admin = admin;
    config.settings = file.settings;
    config.temporary_keys = file.temporary_keys;
    if !credentials.is_empty() {
        config.credentials = credentials;
    }
    if !buckets.is_empty() {
        config.buckets = buckets;
    }
    Ok(Task::Serve(Box::new(Service { config, temporary, ends_with_stdin })))
}

fn credential(text: &str) -> Result<Credential, String> {
    let mut parts = text.splitn(3, ':').map(String::from);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(appid), Some(secret_id), Some(secret_key)) if appid.parse::<u64>().is_ok() => {
            Ok(Credential { appid, secret_id, secret_key })
        }
        _ => Err(format!("{text:?} is not APPID:ID:KEY")),
    }
}

fn bucket(text: &str) -> Result<Bucket, String> {
    let mut parts = text.split(':').peekable();
    let name = parts.next().unwrap_or_default();
    let mut bucket = match parts.next_if(|part| matches!(*part, "private" | "public")) {
        Some("public") => Bucket::public(name),
        _ => Bucket::private(name),
    };
    if let Some(region) = parts.next() {
        bucket = bucket.region(region);
    }
    match parts.next() {
        None if !name.is_empty() => Ok(bucket),
        _ => Err(format!("{text:?} is not NAME[:private|:public][:REGION]")),
    }
}

/// What is over when standard input has ended. A thread reads it: no system lets a program wait for
/// whatever that may be.
fn stdin_ended() -> oneshot::Receiver<()> {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        // One that can't be read has ended as well.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = tell.send(());
    });
    told
}

fn serve(service: Service) -> Result<(), Box<dyn Error>> {
    let Service { config, temporary, ends_with_stdin } = service;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked_to_end = {
        let _inside = runtime.enter();
        asked_to_end()?
    };
    let emulator = Emulator::start(config).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{error} (cos-emulator --port N, make emulator PORT=N)")
        }
        _ => error.to_string(),
    })?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "cos-emulator listening on http://{}", emulator.host())?;
    stdout.flush()?;
    runtime.block_on(async {
        if !ends_with_stdin {
            return asked_to_end.await;
        }
        tokio::select! {
            () = asked_to_end => {}
            _ = stdin_ended() => {}
        }
    });
    emulator.stop();
    // Nothing of it is open any more.
    temporary.map_or(Ok(()), TempDir::close)?;
    Ok(())
}
