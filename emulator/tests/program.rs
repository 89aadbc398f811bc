//! The program: started, killed, started again.

mod common;

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use common::*;
use cos_emulator::Settings;

const README: &str = include_str!("../README.md");

struct Program {
    child: Child,
    port: u16,
}

/// The program. On a simulated processor COS_TEST_RUN is what runs it.
fn emulator() -> Command {
    let runner = env::var("COS_TEST_RUN").unwrap_or_default();
    let mut words = runner.split_whitespace().chain([env!("CARGO_BIN_EXE_cos-emulator")]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command
}

impl Program {
    fn start(data: &Path, more: &[&str]) -> Program {
        let mut command = emulator();
        Program::of(command.args(["--port", "0", "--data"]).arg(data).args(more))
    }

    fn of(command: &mut Command) -> Program {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line
            .trim()
            .strip_prefix("cos-emulator listening on http://127.0.0.1:")
            .unwrap()
            .parse()
            .unwrap();
        Program { child, port }
    }

    fn send(&self, ask: Ask) -> Answer {
        ask.on(&mut Wire::open(self.port)).unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn upload_ask(path: &str, content: &[u8]) -> Ask {
    let form = Form::op("upload").field("filecontent", content).field("insertOnly", "0");
    Ask::control("POST", path).sign(&Sign::multi(path).text()).form(&form)
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let mut program = Program::start(dir.path(), &[]);
        let acknowledged = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let port = program.port;
            let (acknowledged, stop) = (&acknowledged, &stop);
            let writer = scope.spawn(move || {
                let mut wire = Wire::open(port);
                for number in 0.. {
                    let path = format!("/{round}/{number}");
                    match upload_ask(&path, path.repeat(3000).as_bytes()).on(&mut wire) {
                        Ok(answer) => assert_eq!(answer.code(), 0),
                        Err(_) => break,
                    }
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                assert!(stop.load(Ordering::SeqCst));
            });
            while acknowledged.load(Ordering::SeqCst) == 0 && !writer.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_millis(130 * round));
            stop.store(true, Ordering::SeqCst);
            program.child.kill().unwrap();
            program.child.wait().unwrap();
        });
        let count = acknowledged.load(Ordering::SeqCst);
        let program = Program::start(dir.path(), &[]);
        let sign = Sign { file_id: String::new(), ..Sign::multi("") }.text();
        let mut wire = Wire::open(program.port);
        for number in 0..count {
            let path = format!("/{round}/{number}");
            let answer = Ask::download(BUCKET, &path).sign(&sign).on(&mut wire).unwrap();
            assert_eq!(answer.body, path.repeat(3000).as_bytes(), "{path}");
        }
    }
    let objects = fs::read_dir(dir.path().join("blobs")).unwrap().count();
    let program = Program::start(dir.path(), &[]);
    assert!(fs::read_dir(dir.path().join("blobs")).unwrap().count() <= objects);
    drop(program);
}

#[test]
fn a_slice_upload_goes_on_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = Program::start(dir.path(), &[]);
    let post = |program: &Program, form: Form| {
        program.send(Ask::control("POST", "/s").sign(&Sign::multi("/s").text()).form(&form)).data()
    };
    let init = Form::op("upload_slice_init")
        .field("filesize", (2 << 20).to_string())
        .field("slice_size", "1048576");
    let session = post(&program, init)["session"].as_str().unwrap().to_string();
    let slice = |index: usize| {
        let form = Form::op("upload_slice_data").field("session", &session);
        form.field("offset", (index << 20).to_string())
            .field("filecontent", vec![index as u8 + 1; 1 << 20])
    };
    post(&program, slice(1));
    program.child.kill().unwrap();
    program.child.wait().unwrap();

    let program = Program::start(dir.path(), &[]);
    let parts = post(&program, Form::op("upload_slice_list"))["listparts"].clone();
    assert_eq!(parts, serde_json::json!([{"offset": 1 << 20, "datalen": 1 << 20}]));
    post(&program, slice(0));
    let finish = Form::op("upload_slice_finish")
        .field("session", &session)
        .field("filesize", (2 << 20).to_string());
    post(&program, finish);
    let sign = Sign { file_id: String::new(), ..Sign::multi("") }.text();
    let body = program.send(Ask::download(BUCKET, "/s").sign(&sign)).body;
    assert_eq!(body, [vec![1; 1 << 20], vec![2; 1 << 20]].concat());
}

#[test]
fn options() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.json");
    let text = r#"{"credentials": [{"appid": "1250000000", "secret_id": "EXAMPLE_SECRET_ID", "secret_key": "EXAMPLE_SECRET_KEY"}],
        "temporary_keys": [{"appid": "1250000000", "secret_id": "TEMP", "secret_key": "KEY", "token": "t+/=", "expires": 4000000000}],
        "buckets": [{"name": "from-file", "region": "gz"}], "settings": {"request_id": false}}"#;
    fs::write(&file, text).unwrap();
    let options = [
        "--config",
        file.to_str().unwrap(),
        "--bucket",
        "open:public:ap-beijing-1",
        "--credential",
        "77:ID:KEY",
        "--no-admin",
    ];
    let program = Program::start(&dir.path().join("data"), &options);
    let sign = Sign {
        appid: "77".into(),
        secret_id: "ID".into(),
        key: "KEY".into(),
        bucket: "open".into(),
        file_id: String::new(),
        ..Sign::multi("")
    };
    let form = Form::op("upload").field("filecontent", "x");
    let upload = Ask::new("POST", "/files/v2/77/open/f".into())
        .host("tj.file.myqcloud.com")
        .sign(&sign.text())
        .form(&form);
    let reply = program.send(upload);
    assert_eq!(reply.data()["source_url"], "http://open-77.costj.myqcloud.com/f");
    assert!(reply.json().get("request_id").is_none());
    assert_eq!(program.send(Ask::new("GET", "/f".into()).host("open-77.x")).body, b"x");
    let sign = Sign { bucket: "from-file".into(), file_id: String::new(), ..Sign::multi("") };
    let list = Ask::new("GET", format!("/files/v2/{APPID}/from-file/?op=list"))
        .host("h")
        .sign(&sign.text());
    program.send(list).data();
    let mut object = v5::Request::new("PUT", "f").body("x").host(&v5::host("from-file"));
    object.host = object.host.replace("shanghai", "guangzhou");
    (object.secret_id, object.secret_key) = ("TEMP".into(), "KEY".into());
    let object = object.header("x-cos-security-token", "t+/=");
    object.on(&mut Wire::open(program.port)).unwrap().ok();
    assert_eq!(program.send(Ask::new("GET", "/_emulator/health".into())).status, 404);
    drop(program);

    let run = |arguments: &[&str]| emulator().args(arguments).output().unwrap();
    let help = run(&["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success() && text.contains("--data DIR"));
    for line in text.lines() {
        assert!(line.chars().count() <= 74, "too wide for its manual page: {line}");
    }
    let settings = serde_json::to_value(Settings::default()).unwrap();
    for (name, value) in settings.as_object().unwrap() {
        assert!(text.contains(&format!(" {name} {value}")), "--help lacks {name} {value}");
        let row = README.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("the README lacks {name}"));
        assert!(row.contains(&value.to_string()), "{row}");
    }
    let refuses = |arguments: &[&str], words: &[&str]| {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word}: {said}");
        }
    };
    refuses(&["--port", "0"], &["--data"]);
    refuses(&["--port", "0", "--data", ""], &["--data"]);
    refuses(&["--port", "0", "--data", "x", "--temporary"], &["--data and --temporary"]);
    refuses(&["--data", "x"], &["--port"]);
    refuses(&["--port", "x", "--data", "y"], &["x"]);
    refuses(&["--what"], &["--what"]);

    let wrong = dir.path().join("wrong.json");
    let config = ["--port", "0", "--data", "y", "--config", wrong.to_str().unwrap()];
    for (setting, least) in [("largest_page", "at least 1"), ("size_factor", "from 1 to")] {
        fs::write(&wrong, format!(r#"{{"settings": {{"{setting}": 0}}}}"#)).unwrap();
        refuses(&config, &[&format!("{setting} must be {least}")]);
    }

    for name in ["Bad Name!", "bad_name", "Bad", "-a", "a-", "名", &"a".repeat(65)] {
        refuses(&["--port", "0", "--data", "y", "--bucket", name], &[name, "a-z, 0-9 and '-'"]);
    }
    fs::write(&wrong, r#"{"buckets": [{"name": "Bad Name!"}]}"#).unwrap();
    refuses(&config, &["Bad Name!", "a-z, 0-9 and '-'"]);

    // Whoever starts it is told what to do.
    let running = Program::start(&dir.path().join("data"), &[]);
    let (data, port) = (dir.path().join("data"), running.port.to_string());
    let data = data.to_str().unwrap();
    refuses(&["--port", &port, "--data", "y"], &[&port, "is taken", "another port"]);
    refuses(&["--port", "0", "--data", data], &[data, "another emulator is using it"]);
    let file = file.to_str().unwrap();
    refuses(&["--port", "0", "--data", file], &[file, "not a directory"]);
    let below = format!("{file}/below");
    refuses(&["--port", "0", "--data", &below], &[&below, "choose another"]);
    fs::create_dir(dir.path().join("odd")).unwrap();
    fs::write(dir.path().join("odd/index.redb"), "odd").unwrap();
    let odd = dir.path().join("odd");
    refuses(&["--port", "0", "--data", odd.to_str().unwrap()], &["index.redb", "damaged"]);
}

#[test]
fn it_ends_with_its_standard_input_and_takes_its_directory_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = emulator();
    command.args(["--port", "0", "--temporary", "--end-with-stdin"]).stdin(Stdio::piped());
    // Where temporary files are, on Unix and on Windows.
    let mut program = Program::of(
        ["TMPDIR", "TMP", "TEMP"]
            .iter()
            .fold(&mut command, |command, name| command.env(name, dir.path())),
    );
    program.child.stdin.as_mut().unwrap().write_all(b"what it reads is nothing to it\n").unwrap();
    assert_eq!(program.send(upload_ask("/f", b"x")).code(), 0);
    let made: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|made| made.unwrap().path()).collect();
    assert!(made.len() == 1 && made[0].join("index.redb").is_file(), "{made:?}");

    drop(program.child.stdin.take());
    assert!(program.child.wait().unwrap().success());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

    // Without the option, the end of its input is nothing to it either.
    let mut command = emulator();
    command.args(["--port", "0", "--data"]).arg(dir.path()).stdin(Stdio::null());
    assert_eq!(Program::of(&mut command).send(upload_ask("/f", b"x")).code(), 0);
}

#[cfg(unix)]
mod unix {
    use super::*;

    #[test]
    fn a_signal_ends_it() {
        for signal in ["-TERM", "-INT"] {
            let dir = tempfile::tempdir().unwrap();
            let mut program = Program::start(dir.path(), &[]);
            let mut kill = Command::new("kill");
            let kill = kill.args([signal, &program.child.id().to_string()]);
            assert!(kill.status().unwrap().success());
            assert!(program.child.wait().unwrap().success());
        }
    }
}
