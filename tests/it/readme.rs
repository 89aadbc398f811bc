//! What the READMEs say is so, and every command that they and the manual's guides show runs.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::{remove_settings, root, succeed, typed};

use crate::manual::{Block, assert_translated, blocks, page};

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

#[test]
fn both_languages_say_the_same() {
    assert_translated(&text(ENGLISH), &text(CHINESE), ENGLISH);
}

#[test]
fn it_shows_the_beginning_of_a_program() {
    let program = text("examples-c/first_upload.c");
    let beginning: String = program.split_inclusive('\n').take(10).collect();
    let blocks = blocks(&text(ENGLISH));
    let block = blocks.iter().find(|block| block.language == "c").unwrap();
    assert_eq!(block.code, beginning);
}

#[test]
fn its_links_lead_somewhere() {
    for file in [ENGLISH, CHINESE] {
        let text = text(file);
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let missing: Vec<_> = links.filter(|link| !root().join(link).exists()).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
}

/// It is to be seen at a glance.
#[test]
fn it_fits_a_screen() {
    for file in [ENGLISH, CHINESE] {
        assert!(text(file).lines().count() <= 70, "{file}");
    }
}

/// Where cargo keeps what it makes.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// The project as somebody else has it, with the results of earlier builds at hand.
fn clone() -> PathBuf {
    let clone = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clone");
    let _ = fs::remove_dir_all(&clone);
    fs::create_dir_all(&clone).unwrap();
    let mut copy = Command::new("sh");
    copy.args(["-euc", "tar c \"$@\" . | tar x -C \"$0\""]).arg(&clone);
    let made = target().strip_prefix(root()).unwrap_or(Path::new("target"));
    let left_out = [".git", "build", "dist", "bindings/node/node_modules"].map(Path::new);
    for left_out in left_out.into_iter().chain([made]) {
        copy.arg(format!("--exclude=./{}", left_out.display()));
    }
    succeed(copy.current_dir(root()));
    symlink(target(), clone.join("target")).unwrap();
    clone
}

/// A command and all that it has started, ended with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["--", &group]).status();
        let _ = self.0.wait();
    }
}

/// A command in the clone that keeps its files there, whatever the user of the machine has.
fn in_clone(program: &str, clone: &Path) -> Command {
    let mut command = typed(program);
    command.current_dir(clone).process_group(0);
    remove_settings(&mut command);
    for name in [
        "BUILD",
        "CARGO_TARGET_DIR",
        "MAKEFLAGS",
        "MAKELEVEL",
        "http_proxy",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        command.env_remove(name);
    }
    let own = clone.join("build/own");
    fs::create_dir_all(&own).unwrap();
    command.env("TMPDIR", &own).env("XDG_CONFIG_HOME", &own);
    command.env("GOCACHE", target().join("go")).env("GOPATH", own.join("go"));
    command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    // What it will install was installed before the tests.
    command.env("npm_config_cache", target().join("npm"));
    command
}

/// The other terminal of whoever reads the manual, and the port that is free for it here.
fn emulator(clone: &Path) -> (Background, String) {
    let mut make = in_clone("make", clone);
    make.args(["emulator", "PORT=0"]).stdout(Stdio::piped());
    let mut child = make.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let emulator = Background(child);
    let mut lines = output.lines().map(Result::unwrap);
    let port = lines.find_map(|line| {
        line.split("listening on http://127.0.0.1:").nth(1).map(|port| port.trim().to_owned())
    });
    // It may go on to print.
    std::thread::spawn(move || lines.for_each(drop));
    (emulator, port.expect("it ended"))
}

/// Makes the programs of the clone look for the emulator at this port.
fn expect_at(port: &str, clone: &Path) {
    let mut edit = Command::new("sh");
    let line = format!(
        "grep -rl localhost:9000 bindings examples-c | xargs sed -i s/localhost:9000/localhost:{port}/"
    );
    succeed(edit.args(["-euc", &line]).current_dir(clone));
}

/// Runs lines of shell and returns what they printed. What they have started ends with them.
fn run(script: &str, clone: &Path) -> String {
    let printed = clone.join("build/printed");
    let output = File::create(&printed).unwrap();
    let mut sh = in_clone("sh", clone);
    sh.args(["-euxc", script]).stdout(output.try_clone().unwrap()).stderr(output);
    let mut running = Background(sh.spawn().unwrap());
    let status = running.0.wait().unwrap();
    let printed = fs::read_to_string(&printed).unwrap();
    assert!(status.success(), "{status}: {printed}");
    printed
}

#[test]
fn every_command_runs() {
    let clone = clone();
    fs::copy(root().join("examples-c/round.c"), clone.join("program.c")).unwrap();
    let guides = ["start", "command", "programs", "testing"].map(|name| page("en", name));
    let shown: Vec<Block> =
        [text(ENGLISH)].iter().chain(&guides).flat_map(|text| blocks(text)).collect();
    let (others, commands): (Vec<&Block>, Vec<_>) = shown
        .iter()
        .filter(|block| block.language == "sh")
        .partition(|block| block.code == "make emulator\n");
    assert_eq!(others.len(), 1);
    let (_emulator, port) = emulator(&clone);
    expect_at(&port, &clone);

    // This here is a part of make test.
    let (tests, others): (Vec<_>, Vec<_>) = commands
        .iter()
        .flat_map(|block| block.code.split_inclusive('\n'))
        .partition(|line| line.starts_with("make test"));
    assert_eq!(tests.len(), 1);
    let script = others.concat().replace(":9000", &format!(":{port}"));
    let printed = run(&script, &clone);
    let six = printed.matches("\nuploaded hello.txt to /first/你好.txt\n").count();
    assert_eq!(six, 6, "{printed}");
    assert!(printed.contains("\nthe whole round went well\n"), "the demonstration ran: {printed}");
    assert_eq!(fs::read_to_string(clone.join("hello-again.txt")).unwrap(), "hello\n");
    assert!(printed.contains("-71"), "the fault struck: {printed}");
    assert!(clone.join("a.out").is_file());

    let cmake = shown.iter().find(|block| block.language == "cmake").unwrap();
    let project = clone.join("build/project");
    fs::create_dir(&project).unwrap();
    fs::copy(clone.join("program.c"), project.join("program.c")).unwrap();
    let (find, link) = cmake.code.split_once('\n').unwrap();
    let lists = format!(
        "cmake_minimum_required(VERSION 3.13)\nproject(program C)\n{find}\n\
         add_executable(program program.c)\n{link}"
    );
    fs::write(project.join("CMakeLists.txt"), lists).unwrap();
    let mut cmake = Command::new("sh");
    cmake.args(["-euc", "cmake -B made . && cmake --build made"]).current_dir(&project);
    succeed(cmake.env("CMAKE_PREFIX_PATH", clone.join("build/usr")));
}
