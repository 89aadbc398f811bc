//! A library must never harm the program that it lives in: threads, signals, forks, limits, leaks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cos_emulator::{Action, End, Fault};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use socket2::{Domain, Socket, Type};

use support::servers::Authority;
use support::{APPID, Api, BUCKET, Bed, Link, Op, SECRET_ID, SECRET_KEY};
use support::{
    build, compile, credential, for_each_api, libraries, limited, limited_program, memcheck, root,
};

/// Compiles `tests/c/NAME.c` against the shared library.
fn program(bed: &Bed, name: &str) -> PathBuf {
    let program = bed.path(name);
    compile(&format!("tests/c/{name}.c"), Link::Shared, &program);
    program
}

for_each_api! {
    threads_share_a_client_while_it_changes,
    threads_that_share_a_client_leave_nothing_behind,
    no_call_leaves_anything_behind,
    address_sanitizer_finds_nothing,
    a_connection_that_breaks_raises_no_signal,
    a_forked_process_makes_connections_of_its_own,
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    run_with(Api::V4, program, arguments)
}

fn run_with(api: Api, program: &Path, arguments: &[&str]) -> Output {
    support::succeed(limited_program(program).args(arguments).env("COS_API", api.word()))
}

/// Fails when the program of this source reads or writes what is not its own, or leaves anything
/// behind.
fn run_in_valgrind(bed: &Bed, source: &str, arguments: &[&str]) {
    let program = bed.path("program");
    let mut cc = Command::new("cc");
    cc.args(["-std=c99", "-g", "-I.", "tests/c/host_on_thread.c"]);
    cc.arg(format!("-DPROGRAM=\"{source}\""));
    build(cc, Link::Shared, &program);
    let mut valgrind = limited();
    valgrind.arg("valgrind").args(memcheck("definite,indirect,possible"));
    valgrind.current_dir(bed.dir.path());
    support::succeed(valgrind.arg(program).args(arguments).env("COS_API", bed.api.word()));
}

/// An emulator with two accounts' worth of credentials.
fn bed_of_two(api: Api) -> Bed {
    Bed::configured(api, |config| config.credentials.push(credential("OTHER_ID", "OTHER_KEY")))
}

fn threads_share_a_client_while_it_changes(api: Api) {
    let bed = bed_of_two(api);
    run_with(api, &program(&bed, "host_threads"), &[&bed.host(), "30"]);
    let requests = bed.emulator.requests();
    assert!(requests.len() > 32 * 30 * 6, "{}", requests.len());
    let agents: BTreeSet<_> =
        requests.iter().filter_map(|request| request.user_agent.as_deref()).collect();
    assert!(agents.len() == 2 && agents.contains("other/1"), "nothing changed: {agents:?}");
}

fn threads_that_share_a_client_leave_nothing_behind(api: Api) {
    let bed = bed_of_two(api);
    run_in_valgrind(&bed, "tests/c/host_threads.c", &[&bed.host(), "2"]);
}

#[test]
fn the_example_leaves_nothing_behind() {
    let bed = Bed::new(Api::V4);
    let arguments = [&bed.host(), BUCKET, APPID, SECRET_ID, SECRET_KEY];
    run_in_valgrind(&bed, "examples-c/round.c", &arguments);
}

/// Programs that together call every function, in ways that succeed and in ways that fail.
const EVERY_CALL: [&str; 4] = ["objects", "contents", "signing", "refusals"];

/// A host and a directory, as the programs want them.
fn arguments<'a>(name: &str, host: &'a str, directory: &'a str) -> Vec<&'a str> {
    match name {
        "contents" => vec![host, directory],
        _ => vec![host],
    }
}

fn place_tree(bed: &Bed) {
    fs::create_dir_all(bed.path("tree/sub")).unwrap();
    fs::write(bed.path("tree/a"), "a").unwrap();
    fs::write(bed.path("tree/sub/b"), "b").unwrap();
}

fn no_call_leaves_anything_behind(api: Api) {
    for name in EVERY_CALL {
        let bed = Bed::new(api);
        place_tree(&bed);
        let directory = bed.dir.path().to_str().unwrap();
        let host = bed.host();
        let source = format!("tests/c/{name}.c");
        run_in_valgrind(&bed, &source, &arguments(name, &host, directory));
    }
}

fn address_sanitizer_finds_nothing(api: Api) {
    for name in EVERY_CALL {
        let bed = Bed::new(api);
        place_tree(&bed);
        let program = bed.path(name);
        let mut cc = Command::new("gcc");
        cc.args(["-std=c99", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
        cc.arg(format!("tests/c/{name}.c"));
        build(cc, Link::Shared, &program);
        let symbols = support::succeed(Command::new("nm").arg("-D").arg(&program)).stdout;
        assert!(String::from_utf8(symbols).unwrap().contains("__asan_init"), "it is not in {name}");
        let directory = bed.dir.path().to_str().unwrap();
        run_with(api, &program, &arguments(name, &bed.host(), directory));
    }
}

/// A server that reads a little of every request and hangs up, with the rest unread: first it says
/// that it will say no more, then it resets. Whoever writes after that gets a SIGPIPE by default.
fn hanging_up(tls: Option<Arc<ServerConfig>>) -> String {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // Little room, so that the client is still writing.
    listener.set_recv_buffer_size(4096).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(16).unwrap();
    let listener = std::net::TcpListener::from(listener);
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let tls = tls.clone();
            thread::spawn(move || hang_up(tcp.unwrap(), tls));
        }
    });
    format!("localhost:{port}")
}

fn hang_up(mut tcp: TcpStream, tls: Option<Arc<ServerConfig>>) {
    let mut some = [0; 10_000];
    let tcp = match tls {
        None => {
            let _ = tcp.read(&mut some);
            tcp
        }
        Some(tls) => {
            let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), tcp);
            let _ = stream.read(&mut some);
            stream.sock
        }
    };
    let _ = tcp.shutdown(Shutdown::Write);
    thread::sleep(Duration::from_millis(200));
}

fn expect_alive(output: Output) {
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "alive\n");
}

fn a_connection_that_breaks_raises_no_signal(api: Api) {
    let bed = Bed::new(api);
    let program = program(&bed, "host_sigpipe");
    expect_alive(run_with(api, &program, &[&hanging_up(None)]));
    for end in [End::Close, End::Reset] {
        let midway = Action::Drop { after: 300_000, end };
        bed.emulator.inject(api.fault(Op::Upload, midway).forever());
        expect_alive(run_with(api, &program, &[&bed.host()]));
        bed.emulator.clear_faults();
    }
}

#[test]
fn a_tls_connection_that_breaks_raises_no_signal() {
    let bed = Bed::new(Api::V4);
    let authority = Authority::new(&bed.path("authority"));
    let certificate = authority.certify("server", "DNS:localhost");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&certificate.pem).unwrap()],
            PrivateKeyDer::from_pem_file(&certificate.key).unwrap(),
        );
    let host = hanging_up(Some(Arc::new(config.unwrap())));
    let ca_file = authority.ca_file();
    let arguments = [&host, ca_file.to_str().unwrap()];
    expect_alive(run(&program(&bed, "host_sigpipe"), &arguments));
}

#[test]
fn interrupting_signals_disturb_nothing() {
    for restart in ["0", "1"] {
        let bed = Bed::new(Api::V4);
        bed.emulator.inject(Fault::new(Action::Withhold).op("stat").path("/silent").forever());
        bed.emulator.inject(Fault::new(Action::Withhold).op("download").path("/held").forever());
        let directory = bed.dir.path().to_str().unwrap();
        run(&program(&bed, "host_alarms"), &[&bed.emulator.host(), directory, restart]);
    }
}

#[test]
fn a_resolver_that_does_not_answer_holds_no_call() {
    let bed = Bed::new(Api::V4);
    run(&program(&bed, "host_look_up"), &[&bed.emulator.host()]);
}

#[test]
fn a_thread_may_end_or_be_cancelled_and_keeps_its_signals() {
    let bed = Bed::new(Api::V4);
    place_tree(&bed);
    bed.emulator.inject(Fault::new(Action::Withhold).op("stat").path("/silent").forever());
    let directory = bed.dir.path().to_str().unwrap();
    let program = program(&bed, "host_thread_life");
    let output = run(&program, &[&bed.emulator.host(), directory]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

fn a_forked_process_makes_connections_of_its_own(api: Api) {
    let bed = Bed::new(api);
    run_with(api, &program(&bed, "host_fork"), &[&bed.host()]);
    let requests = bed.emulator.requests();
    let mut processes: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for request in &requests {
        let name = request.path.rsplit('/').next().unwrap();
        // All of them ask the bucket what is unfinished.
        if name != "shared" && !name.is_empty() {
            processes.entry(request.connection).or_default().insert(name);
        }
    }
    let everybody: BTreeSet<_> = processes.values().flatten().collect();
    assert_eq!(everybody.len(), 6, "{everybody:?}");
    assert!(processes.values().all(|names| names.len() == 1), "{processes:?}");
    assert!(processes.len() * 10 < requests.len(), "connections are kept: {processes:?}");
}

#[test]
fn it_can_be_loaded_and_unloaded() {
    let bed = Bed::new(Api::V4);
    let program = bed.path("host_dlopen");
    compile("tests/c/host_dlopen.c", Link::Loaded, &program);
    let library = libraries().join("libcos.so");
    run(&program, &[library.to_str().unwrap(), &bed.emulator.host()]);
}

/// A library of the release profile with a function that panics. What is tested is how panics
/// unwind, so it is built without the optimisations that take minutes.
fn library_that_panics(directory: &Path) -> PathBuf {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let target = root().join(target).join("test-hooks");
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.current_dir(root()).args(["rustc", "--release", "--lib", "--crate-type", "cdylib"]);
    cargo.args(["--features", "test-hooks", "--target-dir"]).arg(&target);
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off");
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    support::succeed(&mut cargo);
    let library = directory.join("libcos.so.1");
    fs::copy(target.join("release/libcos.so"), &library).unwrap();
    library
}

#[test]
fn a_panic_is_a_code_and_the_client_lives_on() {
    let bed = Bed::new(Api::V4);
    let library = library_that_panics(bed.dir.path());
    let program = bed.path("host_panic");
    let mut cc = Command::new("cc");
    cc.current_dir(root()).args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    cc.args(["-Iinclude", "tests/c/host_panic.c", "-o"]).arg(&program).arg(&library);
    support::succeed(cc.arg(format!("-Wl,-rpath,{}", bed.dir.path().display())));
    expect_alive(run(&program, &[&bed.emulator.host()]));
}

#[test]
fn running_out_of_descriptors_or_threads_is_survived() {
    let bed = Bed::new(Api::V4);
    let directory = bed.dir.path().to_str().unwrap();
    run(&program(&bed, "host_limits"), &[&bed.emulator.host(), directory]);
}

#[test]
fn a_reply_that_there_is_no_memory_for_is_a_failure() {
    let bed = Bed::new(Api::V4);
    let small = json!({"code": 0, "message": "SUCCESS", "data": {"x": ""}}).to_string();
    let large = small.replace(r#""""#, &format!(r#""{}""#, "x".repeat(15 << 20)));
    let answers = [small.clone(), large, small];
    for body in answers {
        let headers = Default::default();
        let content_type = "application/json".into();
        let reply =
            Action::Reply { status: 200, content_type, body, size: None, headers, execute: false };
        bed.emulator.inject(Fault::new(reply).op("stat"));
    }
    run(&program(&bed, "host_memory"), &[&bed.emulator.host()]);
}

#[test]
fn ten_thousand_calls_leave_nothing_behind() {
    let bed = Bed::new(Api::V4);
    run(&program(&bed, "host_many"), &[&bed.emulator.host()]);
}

#[test]
fn nothing_is_printed_asked_or_changed() {
    let bed = Bed::new(Api::V4);
    let mut command = limited_program(&program(&bed, "host_quiet"));
    command.arg(bed.emulator.host()).arg(bed.dir.path());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    {
        command.env(name, "http://127.0.0.1:1");
    }
    for name in ["no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_MIN_STACK"] {
        command.env(name, "\u{1} garbage \u{ff}");
    }
    let output = support::succeed(command.env("RUST_LOG", "trace"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_log_speaks_on_the_calling_thread() {
    let bed = Bed::new(Api::V4);
    run(&program(&bed, "host_log"), &[&bed.emulator.host()]);
}
