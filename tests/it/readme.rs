//! What the READMEs say is so: every command runs, every beginning of a program is that of the
//! program, every table is whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::{header, remove_settings, root, succeed, typed};

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// A fenced block of code.
#[derive(Debug, PartialEq)]
struct Block {
    language: String,
    code: String,
}

fn blocks(file: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let text = text(file);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code = lines.by_ref().take_while(|line| *line != "```");
            let code = code.map(|line| format!("{line}\n")).collect();
            blocks.push(Block { language: language.to_owned(), code });
        }
    }
    blocks
}

/// What stands between backticks outside of blocks, sorted: a translation keeps all of it.
fn code_spans(file: &str) -> Vec<String> {
    let text = text(file);
    let mut fenced = false;
    let prose = text.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && !line.starts_with("```")
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let mut spans: Vec<_> = prose.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    spans.sort();
    spans
}

#[test]
fn both_languages_say_the_same() {
    assert_eq!(blocks(ENGLISH), blocks(CHINESE));
    assert_eq!(code_spans(ENGLISH), code_spans(CHINESE));
    let count = |file, start| text(file).lines().filter(|line| line.starts_with(start)).count();
    for start in ["#", "|", "* "] {
        assert_eq!(count(ENGLISH, start), count(CHINESE, start), "lines that begin with {start}");
    }
}

#[test]
fn the_oldest_rust_is_that_of_the_manifest() {
    let wanted = concat!("\n* Rust ", env!("CARGO_PKG_RUST_VERSION"), " ");
    assert!(["README.md", "README.zh-CN.md"].iter().all(|file| text(file).contains(wanted)));
}

#[test]
fn the_programs_begin_as_shown() {
    let blocks = blocks(ENGLISH);
    for (language, file) in [
        ("c", "examples-c/first_upload.c"),
        ("cpp", "examples-c/first_upload.cpp"),
        ("go", "bindings/go/examples/first_upload/main.go"),
        ("js", "bindings/node/examples/first_upload.mjs"),
        ("python", "bindings/python/examples/first_upload.py"),
        ("lua", "bindings/lua/examples/first_upload.lua"),
    ] {
        let program = text(file);
        let beginning: String = program.split_inclusive('\n').take(10).collect();
        let block = blocks.iter().find(|block| block.language == language).unwrap();
        assert_eq!(block.code, beginning, "{file}");
    }
}

#[test]
fn every_code_is_explained() {
    let header = header::text();
    let spans = code_spans(ENGLISH);
    let text = text(ENGLISH);
    for name in header::codes() {
        let line =
            header.lines().find(|line| line.trim().starts_with(&format!("{name} ="))).unwrap();
        let number = line.trim().trim_end_matches(',').rsplit(' ').next().unwrap();
        let short = [name.trim_start_matches("COS_ERR_"), name.trim_start_matches("COS_")];
        let is_in_a_row = text.lines().filter(|line| line.starts_with("| ")).any(|line| {
            let mut cells = line.split('|').skip(1).map(str::trim);
            let numbers = cells.next().unwrap().split(", ").position(|cell| cell == number);
            let names: Vec<_> = cells.next().unwrap().split(", ").collect();
            numbers.is_some_and(|at| {
                short.iter().any(|name| names.get(at) == Some(&&*format!("`{name}`")))
            })
        });
        assert!(is_in_a_row, "{name} ({number}) is in no table");
        assert!(short.iter().any(|short| spans.iter().any(|span| span == short)));
    }
}

#[test]
fn every_option_is_listed() {
    let spans: BTreeSet<_> = code_spans(ENGLISH).into_iter().collect();
    for function in header::functions() {
        let options = function.comment.lines().filter(|line| line.starts_with("- `"));
        for line in options {
            let keys = line.split(": ").next().unwrap();
            for key in keys.split('`').skip(1).step_by(2) {
                assert!(spans.contains(key), "{} takes {key}", function.name);
            }
        }
    }
}

/// What `packaging/` says of each platform, and how large the archives were when they were built last.
#[test]
fn the_artifacts_are_listed() {
    let script = ". packaging/targets.sh\n\
                  for name in $PLATFORMS; do platform $name; echo $name.$archive $glibc; done";
    let told = succeed(Command::new("sh").args(["-ec", script]).current_dir(root())).stdout;
    let told = String::from_utf8(told).unwrap();
    let sizes = text("packaging/sizes.txt");
    for file in [ENGLISH, CHINESE] {
        let table = text(file);
        let rows = table.lines().skip_while(|line| !line.starts_with("| `libcos-VERSION-")).skip(2);
        let rows: Vec<Vec<&str>> = rows
            .take_while(|row| row.starts_with('|'))
            .map(|row| row.split('|').skip(1).map(str::trim).collect())
            .collect();
        assert_eq!(rows.len(), told.lines().count());
        for (row, platform) in rows.iter().zip(told.lines()) {
            let (name, glibc) = platform.split_once(' ').unwrap_or((platform, ""));
            assert_eq!(row[0], format!("`{name}`"));
            assert!(glibc.is_empty() || row[1].starts_with(&format!("glibc {glibc} ")), "{row:?}");
            let name = name.split('.').next().unwrap();
            let line = sizes.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
            let made = line.split(' ').skip(1).map(|size| size.parse().unwrap());
            let written: Vec<f64> = row[2..4]
                .iter()
                .map(|size| size.trim_end_matches(" MiB"))
                .map(|size| size.parse().unwrap())
                .collect();
            for (made, written) in made.zip(written) {
                let made: f64 = made;
                assert!(
                    (made - written).abs() <= 0.1,
                    "{name} has {made} MiB, {file} says {written}"
                );
            }
        }
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

/// The other terminal of whoever reads the README, and the port that is free for it here.
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
    let (others, commands): (Vec<_>, Vec<_>) = blocks(ENGLISH)
        .into_iter()
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

    let cmake = blocks(ENGLISH).into_iter().find(|block| block.language == "cmake").unwrap();
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
