//! The command-line tool of `cli/`, run as a person or a script runs it.

mod attributes;
mod copies;
mod lists;
mod removal;
mod settings;
mod words;

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use cos_emulator::{Action, Bucket, End, Fault};
use serde_json::Value;

use support::for_each_api;
use support::transfers::*;
use support::{
    APPID, Api, BUCKET, Bed, Link, Op, SECRET_ID, SECRET_KEY, build, content, memcheck, root,
    succeed,
};

for_each_api! {
    files_travel_both_ways_under_any_name,
    what_exists_is_kept_if_that_is_wanted,
    no_source_takes_the_place_of_another,
    streams_and_devices_are_read_and_written_as_they_go,
    what_is_to_blame_is_named,
    files_and_folders_are_shown_made_and_deleted,
    a_bucket_has_its_name_with_and_without_the_appid,
    folders_travel_and_only_what_differs,
    exit_codes_tell_what_to_do,
    json_is_the_replies_and_nothing_else,
    the_environment_wins_over_the_file,
    a_bar_is_drawn_on_a_terminal_alone,
    an_interrupted_upload_is_continued_by_the_same_command,
    an_interrupted_download_is_continued_by_the_same_command,
    large_folders_are_listed_whole_and_readers_may_leave,
    nothing_leaks_and_nothing_is_read_that_is_not_there,
}

/// A name that has to be encoded in a URL, escaped in JSON and quoted in a shell.
const NAME: &str = "你好 a+b%#'&{}.txt";

/// A name that no path may have.
const REFUSED: &str = "what\t";

/// What is known of the content "twelve bytes".
const SHA1_OF_TWELVE_BYTES: &str = "sha1       b7e96747b2c1a8d418e7bf3167b33d379d1af9fa";
const CRC64_OF_TWELVE_BYTES: &str = "crc64      3913256766542834471";

const TOKEN: &str = "EXAMPLE_TOKEN";

/// The sources of the command, for the system that this file knows.
fn sources(system: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("cli")).unwrap().map(|entry| entry.unwrap().path());
    let of_c = files.filter(|file| file.extension() == Some(OsStr::new("c")));
    let others = OF_ONE_SYSTEM.into_iter().filter(|name| *name != system);
    let others: Vec<_> = others.collect();
    of_c.filter(|file| !others.iter().any(|other| file.ends_with(other))).collect()
}

const STRICT: [&str; 6] =
    ["-std=c99", "-O1", "-g", "-Wshadow", "-Wconversion", "-Wmissing-prototypes"];

fn compiled_by(compiler: &str, program: &Path) {
    let mut cc = Command::new(compiler);
    cc.args(STRICT).args(sources("unix.c"));
    build(cc, Link::Static, program);
}

fn tool() -> &'static Path {
    static TOOL: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, tool) = TOOL.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("cos");
        compiled_by("gcc", &tool);
        (dir, tool)
    });
    tool
}

/// A command in an environment of its own, with the account of the emulator.
fn command(bed: &Bed, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    fs::create_dir_all(bed.path("home")).unwrap();
    let path = format!("{}:{}", tool().parent().unwrap().display(), std::env::var("PATH").unwrap());
    command.env_clear().current_dir(bed.dir.path()).env("PATH", path);
    command.env("HOME", bed.path("home")).env("TERM", "xterm");
    command.env("COS_APPID", APPID).env("COS_SECRET_ID", SECRET_ID);
    command.env("COS_SECRET_KEY", SECRET_KEY);
    for (name, value) in place(bed) {
        command.env(variable(&name), value);
    }
    command.stdin(Stdio::null());
    command
}

/// The settings that lead to the emulator.
fn place(bed: &Bed) -> Vec<(String, String)> {
    let options = bed.options();
    let settings = options.as_object().unwrap().iter();
    settings.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// The variable of the environment for a setting.
fn variable(setting: &str) -> String {
    format!("COS_{}", setting.to_uppercase())
}

fn cos(bed: &Bed, arguments: &[&str]) -> Command {
    let mut command = command(bed, tool());
    command.args(arguments);
    command
}

/// What a command said, and the exit code as a shell sees it.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Said {
        let status = output.status;
        let said = Said {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap()),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for text in [&said.out, &said.err] {
            assert!(!text.contains(SECRET_KEY), "a secret is told: {said:?}");
        }
        said
    }

    #[track_caller]
    fn with_code(self, code: i32) -> Said {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// It says this as a complaint.
    #[track_caller]
    fn complaining(self, about: &str) -> Said {
        assert!(self.err.starts_with("cos: ") && self.err.contains(about), "{about}: {self:?}");
        self
    }

    /// The replies, one a line.
    fn replies(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn run(bed: &Bed, arguments: &[&str]) -> Said {
    Said::of(cos(bed, arguments).output().unwrap())
}

/// Runs what has to succeed, without a word on stderr, and returns stdout.
#[track_caller]
fn done(bed: &Bed, arguments: &[&str]) -> String {
    let said = run(bed, arguments).with_code(0);
    assert_eq!(said.err, "", "{arguments:?}");
    said.out
}

/// Runs a line of shell that has to succeed.
fn shell(bed: &Bed, line: &str) -> String {
    let output = succeed(command(bed, "bash").args(["-o", "pipefail", "-c", line]));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    String::from_utf8(output.stdout).unwrap()
}

fn sent(bed: &Bed) -> usize {
    bed.logged(Op::Upload).len() + bed.logged(Op::Slice).len()
}

/// What a browser does with a URL: it fails if the service refuses.
fn curl(bed: &Bed) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--noproxy", "*", "--resolve"]);
    curl.arg(format!("{BUCKET}-{APPID}.localhost:{}:127.0.0.1", bed.emulator.port()));
    curl
}

#[test]
fn all_compilers_accept_it_without_a_warning() {
    let bed = Bed::new(Api::V4);
    tool();
    compiled_by("clang", &bed.path("by-clang"));
    let mut for_windows = Command::new("x86_64-w64-mingw32-gcc");
    for_windows.current_dir(bed.dir.path()).args(STRICT).arg("-c").args(sources("win32.c"));
    for_windows.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    succeed(for_windows.arg(root().join("include")));
}

/// Another system needs another of these, and nothing else.
const OF_ONE_SYSTEM: [&str; 2] = ["unix.c", "win32.c"];

#[test]
fn one_file_knows_the_operating_system() {
    const ALLOWED: &str = "cos.h ctype.h errno.h getopt.h stdarg.h stddef.h stdint.h stdio.h \
                           stdlib.h string.h time.h";
    for file in fs::read_dir(root().join("cli")).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&file).unwrap();
        let included = text.lines().filter_map(|line| line.strip_prefix("#include <"));
        for header in included.map(|rest| rest.trim_end_matches('>')) {
            let is_known = ALLOWED.split(' ').any(|known| known == header);
            let of_one_system = OF_ONE_SYSTEM.iter().any(|name| file.ends_with(name));
            assert!(is_known || of_one_system, "{}: <{header}>", file.display());
        }
    }
}

fn files_travel_both_ways_under_any_name(api: Api) {
    let bed = Bed::new(api);
    let bytes = content(100_000);
    let large = bed.file("large", 9 * MIB);
    fs::create_dir_all(bed.path("down")).unwrap();
    for name in [NAME, "-", "plain"] {
        fs::write(bed.path(name), &bytes).unwrap();
        let local = format!("./{name}");
        done(&bed, &["cp", &local, "cos://public-bucket/a b/"]);
        done(&bed, &["cp", "-q", &format!("cos://public-bucket/a b/{name}"), "down"]);
        assert_same(&fs::read(bed.path("down").join(name)).unwrap(), &bytes);
    }
    assert_stored(&bed.emulator, "/a%20b/plain", &bytes);
    assert!(done(&bed, &["ls", "cos://public-bucket/a b/"]).contains(&format!("{NAME}\n")));

    // Under another name, several at once, over what is there; and never in place of a directory.
    fs::write(bed.path("down/other"), "old").unwrap();
    done(&bed, &["cp", "cos://public-bucket/a b/plain", "down/other"]);
    assert_same(&fs::read(bed.path("down/other")).unwrap(), &bytes);
    done(&bed, &["cp", "plain", "large", "cos://public-bucket"]);
    done(&bed, &["cp", "plain", "cos://public-bucket/large"]);
    done(&bed, &["cp", "large", "cos://public-bucket/large"]);
    assert_stored(&bed.emulator, "/large", &fs::read(&large).unwrap());
    fs::create_dir(bed.path("down/large")).unwrap();
    run(&bed, &["cp", "cos://public-bucket/large", "down"]).with_code(2).complaining("directory");

    // Without a file on this side.
    shell(&bed, "cos cp cos://public-bucket/large - | cmp - large");
    shell(&bed, "cat large plain | cos cp -q - cos://public-bucket/piped");
    shell(&bed, "cos cp cos://public-bucket/large cos://public-bucket/plain - >both");
    shell(&bed, "cos cp cos://public-bucket/piped - | cmp - both");

    // Without this side at all.
    done(&bed, &["cp", "cos://public-bucket/large", "cos://public-bucket/copies/"]);
    assert_stored(&bed.emulator, "/copies/large", &fs::read(&large).unwrap());
    done(&bed, &["mv", "cos://public-bucket/copies/large", "cos://public-bucket/copies/l"]);
    assert_absent(&bed.emulator, "/copies/large");
    assert_stored(&bed.emulator, "/copies/l", &fs::read(&large).unwrap());
    let (to_itself, itself) = ("cos://public-bucket/copies/", "cos://public-bucket/copies/l");
    for command in ["cp", "mv"] {
        run(&bed, &[command, itself, to_itself]).with_code(2).complaining("the same file");
    }
    let elsewhere = "cos://private-bucket/";
    match api {
        Api::V4 => {
            run(&bed, &["cp", itself, elsewhere]).with_code(2).complaining("within one bucket")
        }
        Api::V5 => {
            done(&bed, &["cp", itself, elsewhere]);
            assert_eq!(done(&bed, &["ls", "-l", elsewhere]).lines().count(), 2);
            done(&bed, &["cp", "-n", itself, &format!("{elsewhere}l")]);
            let missing = ["cp", itself, "cos://missing/"];
            run(&bed, &missing).with_code(3).complaining(&format!("{itself} or cos://missing/l: "))
        }
    };
}

fn what_exists_is_kept_if_that_is_wanted(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("old"), "old").unwrap();
    fs::write(bed.path("new"), "new").unwrap();
    done(&bed, &["cp", "old", "cos://public-bucket/"]);
    done(&bed, &["cp", "-n", "new", "cos://public-bucket/"]);
    let (there, new) = ("cos://public-bucket/old", "cos://public-bucket/new");
    for arguments in [
        ["cp", "-n", "new", there],
        ["cp", "-n", new, there],
        ["mv", "-n", new, there],
        ["cp", "-n", new, "old"],
    ] {
        assert!(done(&bed, &arguments).ends_with(": exists, skipped\n"), "{arguments:?}");
    }
    assert_stored(&bed.emulator, "/old", b"old");
    assert_stored(&bed.emulator, "/new", b"new");
    assert_eq!(fs::read(bed.path("old")).unwrap(), b"old");
    let json = run(&bed, &["cp", "-nj", "new", there]).with_code(0).replies();
    assert_eq!(json[0]["code"], -177);
    // Among others, and in folders; another failure stays one.
    fs::write(bed.path("third"), "third").unwrap();
    done(&bed, &["cp", "-n", "old", "third", "cos://public-bucket/"]);
    fs::create_dir_all(bed.path("tree")).unwrap();
    fs::write(bed.path("tree/a"), "a").unwrap();
    done(&bed, &["sync", "tree", "cos://public-bucket/tree/"]);
    fs::write(bed.path("tree/a"), "b").unwrap();
    for arguments in [
        ["sync", "-n", "tree", "cos://public-bucket/tree/"],
        ["sync", "-n", "cos://public-bucket/tree/", "tree"],
    ] {
        let said = done(&bed, &arguments);
        assert!(said.contains("tree/a: exists, skipped\n"), "{said}");
        assert!(said.ends_with("unchanged: 0, skipped: 1, failed: 0\n"), "{said}");
    }
    assert_stored(&bed.emulator, "/tree/a", b"a");
    assert_eq!(fs::read(bed.path("tree/a")).unwrap(), b"b");
    fs::write(bed.path("tree").join(REFUSED), "").unwrap();
    let said = run(&bed, &["sync", "-n", "tree", "cos://public-bucket/tree/"]).with_code(2);
    assert!(said.out.contains("a: exists, skipped\n") && said.err.contains(REFUSED), "{said:?}");
    fs::create_dir(bed.path("third.d")).unwrap();
    fs::create_dir(bed.path("third.d/third")).unwrap();
    run(&bed, &["cp", "-n", "cos://public-bucket/third", "third.d"]).with_code(2);
}

fn no_source_takes_the_place_of_another(api: Api) {
    let bed = Bed::new(api);
    for name in ["x/a", "y/a", "down/b"] {
        fs::create_dir_all(bed.path(name).parent().unwrap()).unwrap();
        fs::write(bed.path(name), name).unwrap();
    }
    done(&bed, &["cp", "-r", "x", "y", "cos://public-bucket/"]);
    bed.emulator.clear_requests();
    let (x, y) = ("cos://public-bucket/x/a", "cos://public-bucket/y/a");
    for arguments in [
        &["cp", "x/a", "down/b", "y/a", "cos://public-bucket/to/"][..],
        &["cp", x, y, "down/"],
        &["cp", x, y, "cos://public-bucket/to/"],
        &["cp", "-r", "x/a", "./y/../x/", "y/a/", "cos://public-bucket/to/"],
        &["cp", "-r", "x/.", "y/a", "cos://public-bucket/to/"],
        &["cp", "-r", "cos://public-bucket/", "cos://public-bucket/x/", "down"],
    ] {
        let said = run(&bed, arguments).with_code(2).complaining("can't both be copied to");
        assert_eq!(said.out, "", "{said:?}");
    }
    let said = run(&bed, &["cp", x, "x/../y/a", "down/"]).with_code(2);
    assert!(said.err.contains(&format!("{x} and x/../y/a can't")), "both are named: {said:?}");
    assert!(bed.emulator.requests().is_empty(), "nothing was sent");
    assert_eq!(names_in(&bed.path("down")), ["b"]);
    // One after the other into a stream is another matter.
    assert_eq!(done(&bed, &["cp", x, y, "-"]), "x/ay/a");
}

fn streams_and_devices_are_read_and_written_as_they_go(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("file"), "hello\n").unwrap();
    shell(&bed, "cos cp file cos://public-bucket/file");
    assert!(done(&bed, &["cp", "cos://public-bucket/file", "/dev/null"]).contains("6 bytes in"));
    let json = run(&bed, &["cp", "-j", "cos://public-bucket/file", "/dev/null"]).with_code(0);
    assert_eq!(json.replies()[0]["transfer"]["bytes"], 6);
    run(&bed, &["cp", "cos://public-bucket/file", "/dev/full"])
        .with_code(2)
        .complaining("/dev/full: No space left");
    assert_eq!(shell(&bed, "cos cp -q cos://public-bucket/file >(cat); wait $!"), "hello\n");
    shell(&bed, "cos cp -q <(echo piped) cos://public-bucket/piped");
    assert_stored(&bed.emulator, "/piped", b"piped\n");
    shell(&bed, "mkfifo fifo; echo fifo >fifo & cos cp -q fifo cos://public-bucket/fifo");
    assert_stored(&bed.emulator, "/fifo", b"fifo\n");
    shell(&bed, "cos cp -q /dev/stdin cos://public-bucket/in <file");
    assert_stored(&bed.emulator, "/in", b"hello\n");
    // The file that is the standard output goes on to be it.
    shell(&bed, "{ echo before; cos cp cos://public-bucket/file /dev/stdout; echo after; } >log");
    assert_eq!(fs::read(bed.path("log")).unwrap(), b"before\nhello\nafter\n");
    shell(&bed, "cos cp cos://public-bucket/file /dev/fd/5 5>five && cmp file five");
    let nameless = ["cp", "/dev/stdin", "cos://public-bucket/"];
    run(&bed, &nameless).with_code(2).complaining("needs a name");
    run(&bed, &["cp", "cos://public-bucket/file", "cos://public-bucket/in", "/dev/null"])
        .with_code(2)
        .complaining("or -");
}

fn what_is_to_blame_is_named(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("file"), "").unwrap();
    done(&bed, &["cp", "file", "cos://public-bucket/"]);
    let there = "cos://public-bucket/file";
    for (arguments, to_blame) in [
        (["cp", "file", "cos://public-bucket/what\t"], "cos://public-bucket/what\t"),
        (["cp", "missing", there], "missing"),
        (["cp", "cos://public-bucket/what\t", "here"], "cos://public-bucket/what\t"),
        (["cp", there, "nowhere/"], "nowhere/file"),
        (["cp", there, "file/below"], "file/below"),
        (["cp", there, "cos://public-bucket/what\t"], "cos://public-bucket/what\t"),
        (["mv", "cos://public-bucket/what\t", there], "cos://public-bucket/what\t"),
        (["mv", there, "cos://public-bucket/what\t"], "cos://public-bucket/what\t"),
        (["mv", "cos://public-bucket/missing", there], "cos://public-bucket/missing"),
        (["sync", "missing", "cos://public-bucket/"], "missing/"),
        (["sync", "file", "cos://public-bucket/"], "file/"),
        (["sync", ".", "cos://public-bucket/what\t/"], "cos://public-bucket/what\t/"),
        (["sync", "cos://public-bucket/", "file"], "file/"),
    ] {
        let said = run(&bed, &arguments);
        let start = format!("cos: {}: {to_blame}: ", arguments[0]);
        assert!(said.code > 1 && said.err.starts_with(&start), "{arguments:?}: {said:?}");
    }
    // A name that is not UTF-8, on this side.
    let odd = OsStr::from_bytes(b"caf\xe9.txt");
    fs::write(bed.dir.path().join(odd), "").unwrap();
    for [from, to] in [[odd, OsStr::new("cos://public-bucket/cafe.txt")], [OsStr::new(there), odd]]
    {
        let output = cos(&bed, &["cp"]).arg(from).arg(to).output().unwrap();
        assert!(output.stderr.starts_with(b"cos: cp: caf\xe9.txt: "), "{output:?}");
    }
    let mut list = cos(&bed, &["ls", "cos://public-bucket/"]);
    let output = list.env("COS_CA_FILE", odd).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "cos: ls: COS_CA_FILE must be valid UTF-8\n");
    assert_eq!(output.status.code(), Some(2));
}

fn files_and_folders_are_shown_made_and_deleted(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path(NAME), "twelve bytes").unwrap();
    assert_eq!(done(&bed, &["mkdir", "-q", "cos://private-bucket/docs"]), "");
    run(&bed, &["mkdir", "cos://private-bucket/docs/"]).with_code(1).complaining("-178");
    done(&bed, &["mkdir", "-p", "cos://private-bucket/docs/"]);
    done(&bed, &["cp", NAME, "cos://private-bucket/docs/"]);
    let path = format!("cos://private-bucket/docs/{NAME}");

    assert_eq!(done(&bed, &["ls", "cos://private-bucket"]), "docs/\n");
    assert_eq!(done(&bed, &["ls", "cos://private-bucket/docs/你"]), format!("{NAME}\n"));
    let long = done(&bed, &["ls", "-l", "-q", "cos://private-bucket/docs/"]);
    let (line, total) = long.split_once('\n').unwrap();
    assert!(line.trim_start().starts_with("12  20") && line.ends_with(NAME), "{long}");
    assert_eq!(total, "files: 1, folders: 0, size: 12 bytes\n");

    let shown = done(&bed, &["stat", &path]);
    let sum = match api {
        Api::V4 => SHA1_OF_TWELVE_BYTES,
        Api::V5 => CRC64_OF_TWELVE_BYTES,
    };
    for part in [&path, "12 (12 bytes)", sum] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(done(&bed, &["stat", "cos://private-bucket/docs/"]).contains("created"));

    let url = done(&bed, &["sign", "--expires", "10m", &path]);
    let port = bed.emulator.port();
    assert!(url.starts_with(&format!("http://{BUCKET}-{APPID}.localhost:{port}/docs/")), "{url}");
    assert_eq!(succeed(curl(&bed).arg(url.trim_end())).stdout, b"twelve bytes");
    for expires in ["0", "-1", "91d", "2x", "h", "2hh", "", "99999999999999999999"] {
        run(&bed, &["sign", "--expires", expires, &path]).with_code(2).complaining("--expires");
    }

    run(&bed, &["rm", "cos://private-bucket/docs/"]).with_code(2).complaining("-r");
    run(&bed, &["rm", "-r", "cos://private-bucket/docs"]).with_code(3).complaining("'/'");
    assert_eq!(done(&bed, &["ls", "cos://private-bucket/docs/"]), format!("{NAME}\n"));
    done(&bed, &["rm", &path]);
    run(&bed, &["rm", &path]).with_code(3).complaining("(COS_ERR_NOT_FOUND, -197)");
    done(&bed, &["cp", NAME, "cos://private-bucket/docs/below/"]);
    done(&bed, &["cp", NAME, "cos://private-bucket/docs/below/a/b/c"]);
    done(&bed, &["mkdir", "cos://private-bucket/docs/empty/"]);
    let all = match api {
        Api::V4 => format!("below/\nempty/\nbelow/a/\nbelow/{NAME}\nbelow/a/b/\nbelow/a/b/c\n"),
        Api::V5 => format!("below/\nbelow/a/\nbelow/a/b/\nbelow/a/b/c\nbelow/{NAME}\nempty/\n"),
    };
    assert_eq!(done(&bed, &["ls", "-r", "cos://private-bucket/docs/"]), all);
    let long = done(&bed, &["ls", "-rl", "cos://private-bucket/docs/b"]);
    assert!(long.contains("  below/a/b/c\n"), "{long}");
    assert!(long.ends_with("\nfiles: 2, folders: 3, size: 24 bytes\n"), "{long}");
    done(&bed, &["rm", "-r", "cos://private-bucket/docs/"]);
    assert_eq!(done(&bed, &["ls", "cos://private-bucket"]), "");
}

fn a_bucket_has_its_name_with_and_without_the_appid(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("a"), "a").unwrap();
    let long = |path: &str| format!("cos://public-bucket-{APPID}{path}");
    done(&bed, &["cp", "a", &long("/")]);
    assert_stored(&bed.emulator, "/a", b"a");
    // It is one bucket, whatever it is called.
    done(&bed, &["cp", &long("/a"), "cos://public-bucket/b"]);
    done(&bed, &["mv", "cos://public-bucket/b", &long("/below/")]);
    assert!(done(&bed, &["ls", &long("")]).contains("below/\n"));
    assert_eq!(done(&bed, &["ls", &long("/below/b")]), "b\n");
    run(&bed, &["cp", "cos://public-bucket/a", &long("/a")]).with_code(2).complaining("the same");
    // The number of another account does not belong to the name.
    run(&bed, &["ls", "cos://public-bucket-77/"]).with_code(3).complaining("-133");
    run(&bed, &["ls", &format!("cos://-{APPID}/")]).with_code(3).complaining("-133");
    // A bucket's own name may end with it.
    run(&bed, &["ls", &format!("{}-{APPID}/", long(""))]).with_code(3).complaining("-133");
}

#[test]
fn buckets_are_listed_where_the_api_can() {
    let bed = Bed::new(Api::V5);
    assert_eq!(done(&bed, &["ls"]), "cos://private-bucket/\ncos://public-bucket/\n");
    let long = done(&bed, &["ls", "-l"]);
    assert!(long.starts_with("ap-shanghai     20"), "{long}");
    assert!(long.ends_with("  cos://public-bucket/\n"), "{long}");
    let json = run(&bed, &["ls", "--json"]).with_code(0).replies();
    assert_eq!(json[0]["data"]["buckets"][0]["name"], BUCKET);
    run(&bed, &["ls", "-r"]).with_code(2).complaining("-r needs");
    let mut with_wrong_key = cos(&bed, &["ls"]);
    with_wrong_key.env("COS_SECRET_KEY", "another");
    Said::of(with_wrong_key.output().unwrap()).with_code(1).complaining("the buckets: ");

    let bed = Bed::new(Api::V4);
    run(&bed, &["ls"]).with_code(2).complaining("--api v5");
    assert_eq!(run(&bed, &["ls", "-j"]).with_code(2).replies()[0]["code"], -1);
    assert!(bed.emulator.requests().is_empty());
}

#[test]
fn any_request_can_be_signed_where_the_api_can() {
    let bed = Bed::new(Api::V5);
    fs::write(bed.path("a.png"), "picture").unwrap();
    let path = "cos://private-bucket/你 a.png";
    let put = ["sign", "--method", "put", "--header", "Content-Type: image/png", path];
    let url = done(&bed, &put);
    let send = |kind: &str, url: &str| {
        let mut curl = curl(&bed);
        curl.arg("--header").arg(format!("Content-Type: {kind}")).arg("--upload-file");
        curl.arg(bed.path("a.png")).arg(url.trim_end()).output().unwrap().status.success()
    };
    assert!(!send("text/html", &url) && send("image/png", &url));
    assert_eq!(done(&bed, &["cp", path, "-"]), "picture");

    let attachment = "attachment; filename=\"b.png\"";
    let params = [
        "--param",
        &format!("response-content-disposition={attachment}"),
        "-P",
        "x=1",
        "-P",
        "x==",
    ];
    let url = done(&bed, &[&["sign"], &params[..], &[path]].concat());
    assert!(url.contains("&x=1&x=%3D"), "{url}");
    let got = succeed(curl(&bed).arg("--include").arg(url.trim_end()));
    let got = String::from_utf8(got.stdout).unwrap().to_lowercase();
    assert!(got.contains(&format!("content-disposition: {attachment}\r\n")), "{got}");
    assert!(got.ends_with("\r\n\r\npicture"), "{got}");

    let url = done(&bed, &["sign", "-m", "DELETE", "-e", "1m", path]);
    succeed(curl(&bed).args(["--request", "DELETE", url.trim_end()]));
    run(&bed, &["stat", path]).with_code(3);
    run(&bed, &["sign", "--header", "nothing", path]).with_code(2).complaining("NAME:VALUE");
    run(&bed, &["sign", "--header", "a: \n", path]).with_code(2).complaining("line breaks");
    run(&bed, &["sign", "--method", "FETCH", path]).with_code(2).complaining("GET, HEAD, PUT");
    run(&bed, &["sign", "cos://private-bucket/folder/"]).with_code(2).complaining("'/'");

    let bed = Bed::new(Api::V4);
    done(&bed, &["cp", "/dev/null", path]);
    let url = done(&bed, &["sign", "--method", "GET", path]);
    succeed(curl(&bed).arg(url.trim_end()));
    for more in [["-m", "PUT"], ["-H", "a:b"], ["-P", "a=b"]] {
        let arguments = ["sign", more[0], more[1], path];
        run(&bed, &arguments).with_code(2).complaining("the XML API can");
    }
}

#[test]
fn temporary_keys_work_with_their_token() {
    let bed = Bed::configured(Api::V5, |config| config.temporary_keys[0].token = TOKEN.into());
    let id = ("COS_SECRET_ID", "TEMPORARY_ID");
    let key = ("COS_SECRET_KEY", "TEMPORARY_KEY");
    let token = ("COS_TOKEN", TOKEN);
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = cos(&bed, arguments);
        Said::of(command.envs(environment.iter().copied()).output().unwrap())
    };
    fs::write(bed.path("a"), "a").unwrap();
    let keys = [id, key, token];
    run(&["cp", "a", "cos://private-bucket/"], &keys).with_code(0);
    let url = run(&["sign", "cos://private-bucket/a"], &keys).with_code(0).out;
    assert_eq!(succeed(curl(&bed).arg(url.trim_end())).stdout, b"a");

    let list = ["ls", "cos://private-bucket/"];
    run(&list, &[id, key]).with_code(1);
    run(&list, &[id, key, ("COS_TOKEN", "ANOTHER_TOKEN")]).with_code(1);
    let v4 = [("COS_API", "v4"), ("COS_REGION", "sh")];
    for (token, more) in [(TOKEN, &v4[..]), ("EXAMPLE TOKEN", &[])] {
        let said = run(&list, &[&[id, key, ("COS_TOKEN", token)], more].concat());
        let said = said.with_code(2).complaining("COS_TOKEN ");
        assert!(!said.err.contains(token), "{said:?}");
    }

    // The token of the file belongs to the keys of the file.
    let file = bed.path("keys");
    fs::write(&file, format!("secret_id=TEMPORARY_ID\nsecret_key=TEMPORARY_KEY\ntoken={TOKEN}\n"))
        .unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let list = ["ls", "--config", "keys", "cos://private-bucket/"];
    let none = [("COS_SECRET_ID", ""), ("COS_SECRET_KEY", "")];
    assert_eq!(run(&list, &none).with_code(0).out, "a\n");
    let sign = ["sign", "--config", "keys", "cos://private-bucket/a"];
    assert!(run(&sign, &none).with_code(0).out.contains(TOKEN));
    assert!(!run(&sign, &[]).with_code(0).out.contains(TOKEN));
}

/// The API of the requests that a command sent.
fn api_of(bed: &Bed, environment: &[(&str, &str)], arguments: &[&str]) -> Api {
    bed.emulator.clear_requests();
    let port = bed.emulator.port();
    let mut command = cos(bed, arguments);
    command.env_remove("COS_API").env("COS_HOSTNAME", format!("localhost:{port}"));
    command.env("COS_DOWNLOAD_HOSTNAME", format!("localhost:{port}"));
    Said::of(command.envs(environment.iter().copied()).output().unwrap()).with_code(0);
    match operations(&bed.emulator)[..] {
        [ref op] if op == Api::V4.name(Op::List) => Api::V4,
        [ref op] if op == Api::V5.name(Op::List) => Api::V5,
        ref operations => panic!("{operations:?}"),
    }
}

#[test]
fn the_api_is_the_one_that_is_asked_for_or_the_regions() {
    let bed = Bed::new(Api::V4);
    let list = ["ls", "cos://private-bucket/"];
    let with = |option: &'static str| [&["--api", option], &list[..]].concat();
    fs::write(bed.path("conf"), "api = v5\n").unwrap();
    fs::set_permissions(bed.path("conf"), Permissions::from_mode(0o600)).unwrap();
    for (environment, arguments, expected) in [
        (&[][..], list.to_vec(), Api::V4),
        (&[("COS_REGION", "sh")], list.to_vec(), Api::V4),
        (&[("COS_REGION", "ap-shanghai")], list.to_vec(), Api::V5),
        (&[("COS_REGION", "sh"), ("COS_API", "v5")], list.to_vec(), Api::V5),
        (&[("COS_REGION", "sh")], with("v5"), Api::V5),
        (&[("COS_API", "v5")], with("v4"), Api::V4),
        (&[("COS_CONFIG", "conf")], list.to_vec(), Api::V5),
        (&[("COS_CONFIG", "conf"), ("COS_API", "v4")], list.to_vec(), Api::V4),
    ] {
        let found = api_of(&bed, environment, &arguments);
        assert_eq!(found, expected, "{environment:?} {arguments:?}");
    }
    run(&bed, &with("v6")).with_code(2).complaining("ls: --api must be");
    let said = Said::of(cos(&bed, &with("v4")).env("COS_REGION", "ap-shanghai").output().unwrap());
    said.with_code(2).complaining("ls: COS_REGION is one of the XML API");
    // A bucket that is not known may be one of the other API.
    for api in ["v4", "v5"] {
        let host = format!("localhost:{}", bed.emulator.port());
        let mut list = cos(&bed, &["ls", "--api", api, "cos://missing/"]);
        let said = Said::of(list.env("COS_HOSTNAME", host).output().unwrap()).with_code(3);
        for name in ["--region", "ap-shanghai", "sh", "JSON API", "XML API"] {
            assert!(said.err.contains(name), "{name}: {said:?}");
        }
    }
}

/// Every file below a directory, with its content.
fn tree(bed: &Bed, name: &str) -> String {
    shell(bed, &format!("cd {name} && find . -type f -exec sha1sum {{}} + | sort -k 2"))
}

fn folders_travel_and_only_what_differs(api: Api) {
    let bed = Bed::new(api);
    for name in ["a", "sub/b", &format!("深/{NAME}")] {
        let path = bed.path("tree").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    fs::rename(bed.file("large", 9 * MIB), bed.path("tree/large")).unwrap();

    let first = done(&bed, &["sync", "tree", "cos://public-bucket/tree"]);
    assert!(first.contains("tree/sub/b -> cos://public-bucket/tree/sub/b: 5 bytes in "), "{first}");
    assert!(first.contains("\ndone: 4, 9.0 MiB in "), "{first}");
    bed.emulator.clear_requests();
    let second = done(&bed, &["sync", "tree", "cos://public-bucket/tree"]);
    assert!(second.ends_with("; unchanged: 4, skipped: 0, failed: 0\n"), "{second}");
    assert_eq!((second.lines().count(), sent(&bed)), (1, 0), "{second}");
    fs::write(bed.path("tree/a"), "b").unwrap();
    let third = done(&bed, &["sync", "tree/", "cos://public-bucket/tree/"]);
    assert!(third.starts_with("tree/a -> ") && sent(&bed) == 1, "{third}");

    done(&bed, &["sync", "cos://public-bucket/tree", "back"]);
    assert_eq!(tree(&bed, "tree"), tree(&bed, "back"));
    fs::write(bed.path("back/sub/b"), "SUB/B").unwrap();
    let again = done(&bed, &["sync", "cos://public-bucket/tree", "back"]);
    assert!(again.starts_with("cos://public-bucket/tree/sub/b -> back/sub/b: "), "{again}");
    assert!(again.ends_with("unchanged: 3, skipped: 0, failed: 0\n"), "{again}");

    // cp keeps the folder's name, or gives it another one.
    run(&bed, &["cp", "tree", "cos://public-bucket/"]).with_code(2).complaining("-r");
    done(&bed, &["cp", "-r", "tree", "cos://public-bucket/into/"]);
    done(&bed, &["cp", "-r", "tree/", "cos://public-bucket/renamed"]);
    fs::create_dir_all(bed.path("into")).unwrap();
    for _ in ["at first", "and again"] {
        done(&bed, &["cp", "-r", "cos://public-bucket/into/tree/", "into"]);
        done(&bed, &["cp", "-r", "cos://public-bucket/renamed/", "into"]);
    }
    assert_eq!(names_in(&bed.path("into")), ["renamed", "tree"]);
    assert_eq!(tree(&bed, "tree"), tree(&bed, "into/renamed"));
    assert_eq!(tree(&bed, "tree"), tree(&bed, "into/tree"));
    run(&bed, &["cp", "-r", "cos://public-bucket/into/", "nowhere"])
        .with_code(2)
        .complaining("not a directory");

    // What fails does not keep the rest, and is told with its code.
    symlink("a", bed.path("tree/link")).unwrap();
    fs::write(bed.path("tree").join(REFUSED), "").unwrap();
    fs::write(bed.path("tree/z"), "").unwrap();
    let said = run(&bed, &["sync", "tree", "cos://public-bucket/tree"]).with_code(2);
    assert!(said.out.contains("ignored    link: a symbolic link"), "{said:?}");
    assert!(said.out.contains("tree/z -> cos://public-bucket/tree/z: "), "{said:?}");
    let refused = "cos: sync: cos://public-bucket/tree/what\t: must not contain control";
    assert!(said.err.starts_with(refused), "{said:?}");
    assert!(said.err.ends_with("\ncos: sync: 1 of 6 failed\n"), "{said:?}");
}

fn exit_codes_tell_what_to_do(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("file"), "").unwrap();
    for (code, arguments) in [
        (2, &[][..]),
        (2, &["copy", "file", "cos://private-bucket/"]),
        (2, &["cp", "file"]),
        (2, &["cp", "--frobnicate", "file", "cos://private-bucket/"]),
        (2, &["ls", "-n", "cos://private-bucket/"]),
        (2, &["ls", "--config"]),
        (2, &["ls", "--retries", "many", "cos://private-bucket/"]),
        (2, &["ls", "--retries", "11", "cos://private-bucket/"]),
        (2, &["cp", "--concurrency=65", "file", "cos://private-bucket/"]),
        (2, &["cp", "--slice-size=0", "file", "cos://private-bucket/"]),
        (2, &["cp", "--slice-size=4", "cos://private-bucket/file", "other"]),
        (2, &["ls", "/tmp"]),
        (2, &["cp", "file", "other"]),
        (2, &["cp", "file", "cos://"]),
        (2, &["cp", "", "cos://private-bucket/"]),
        (2, &["cp", "no file", "cos://private-bucket/"]),
        (2, &["cp", "file", "cos://private-bucket/a\tb"]),
        (2, &["cp", "file", "cos://Private_Bucket/"]),
        (2, &["cp", "file", "file", "cos://private-bucket/file"]),
        (2, &["sync", "file", "other"]),
        (2, &["mv", "file", "other"]),
        (2, &["cp", "--json", "cos://private-bucket/file", "-"]),
        (2, &["rm", "-r", "cos://private-bucket/"]),
        (3, &["cp", "cos://private-bucket/missing", "."]),
        (3, &["cp", "cos://private-bucket/missing", "-"]),
        (3, &["cp", "-r", "cos://private-bucket/missing/", "."]),
        (3, &["sync", "cos://private-bucket/a/", "cos://private-bucket/b/"]),
        (3, &["cp", "file", "cos://missing/"]),
        (3, &["ls", "cos://private-bucket/missing/"]),
        (3, &["ls", "cos://private-bucket/missing"]),
        (3, &["stat", "cos://private-bucket", "cos://private-bucket/missing"]),
    ] {
        let said = run(&bed, arguments).with_code(code);
        assert!(said.err.starts_with("cos: ") && said.err.ends_with('\n'), "{said:?}");
    }
    assert!(!bed.path("missing").is_file(), "nothing is left of what failed");

    let list = ["ls", "--retries=0", "cos://private-bucket/"];
    for (fault, expected) in [(api.code(-71), 4), (dropped(), 4), (html(502), 4), (html(403), 1)] {
        bed.emulator.inject(api.fault(Op::List, fault));
        run(&bed, &list).with_code(expected).complaining("cos: ls: cos://private-bucket/: ");
    }
    // What the library calls worth another try is so for the command.
    let numbers = match api {
        Api::V4 => &[-71, -97, -180, -195, -4016, -4018, -5983, -5999][..],
        Api::V5 => &[-71, -97, -195, -4016, -5983],
    };
    for number in numbers {
        bed.emulator.inject(api.fault(Op::Upload, api.code(*number)));
        let said = run(&bed, &["cp", "-j", "--retries=0", "file", "cos://private-bucket/again"]);
        let retryable = said.replies()[0]["error"]["retryable"].as_bool().unwrap();
        assert_eq!(said.code, if retryable { 4 } else { 1 }, "{said:?}");
        bed.emulator.clear_faults();
    }
    let said = Said::of(cos(&bed, &list).env("COS_SECRET_KEY", "another").output().unwrap());
    said.with_code(1).complaining("hint: check secret_key");
    let said = Said::of(cos(&bed, &list).env("COS_HOSTNAME", "localhost:1").output().unwrap());
    said.with_code(4).complaining("Connection refused");
    let full = File::options().write(true).open("/dev/full").unwrap();
    done(&bed, &["cp", "file", "cos://private-bucket/"]);
    Said::of(cos(&bed, &list).stdout(full).output().unwrap())
        .with_code(2)
        .complaining("standard output");
}

/// In the order of help.
const COMMANDS: [&str; 20] = [
    "cp",
    "mv",
    "sync",
    "rm",
    "ls",
    "tree",
    "du",
    "find",
    "buckets",
    "cat",
    "head",
    "stat",
    "exists",
    "set",
    "mkdir",
    "sign",
    "restore",
    "abort",
    "config",
    "completion",
];

#[test]
fn help_is_complete() {
    let bed = Bed::new(Api::V4);
    let help = done(&bed, &["help"]);
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        let own = done(&bed, &["help", command]);
        assert!(own.starts_with(&format!("usage: cos {command} ")), "{own}");
        assert_eq!(done(&bed, &[command, "--help"]), own);
    }
    for setting in ["appid,", "token ", "api ", "region ", "proxy "] {
        assert!(help.contains(&format!("\n  {setting}")), "{setting}: {help}");
    }
    for code in ["0  success", "1  ", "2  ", "3  ", "4  ", "130  ", "143"] {
        assert!(help.contains(code), "{code}: {help}");
    }
    assert!(help.lines().all(|line| line.len() <= 100), "{help}");
    let version = concat!("cos ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(done(&bed, &["--version"]), version);
    for (arguments, correct) in
        [(vec!["frobnicate"], "frobnicate"), (vec!["cp", "x"], "SOURCE... DESTINATION")]
    {
        run(&bed, &arguments).with_code(2).complaining(correct).complaining("cos: see: cos help");
    }
}

fn json_is_the_replies_and_nothing_else(api: Api) {
    let bed = Bed::new(api);
    bed.file("a", 10);
    bed.file("b", 20);
    let both = run(&bed, &["--json", "cp", "a", "b", "cos://private-bucket/docs/"]).with_code(0);
    let replies = both.replies();
    assert_eq!(replies.len(), 2, "{both:?}");
    for (reply, bytes) in replies.iter().zip([10, 20]) {
        assert_eq!((&reply["code"], &reply["transfer"]["bytes"]), (&0.into(), &bytes.into()));
    }
    let list = run(&bed, &["ls", "-jl", "cos://private-bucket/docs/"]).with_code(0).replies();
    assert_eq!(list[0]["data"]["infos"][1]["name"], "b");
    let sign = run(&bed, &["sign", "-j", "cos://private-bucket/docs/a"]).with_code(0).replies();
    assert!(sign[0]["data"]["url"].is_string(), "{sign:?}");
    let missing = run(&bed, &["stat", "--json", "cos://private-bucket/c"]).with_code(3);
    assert_eq!(missing.replies()[0]["error"]["http_status"], 404, "{missing:?}");
    // One for each file that travels, and none for the others.
    let sync = ["sync", "--json", "cos://private-bucket/docs/", "docs"];
    let files = run(&bed, &sync).with_code(0).replies();
    let bytes: Vec<_> = files.iter().map(|reply| &reply["transfer"]["bytes"]).collect();
    assert_eq!(bytes, [10, 20], "{files:?}");
    assert_eq!(run(&bed, &sync).with_code(0).out, "");
    let none = ["cp", "-jr", "cos://private-bucket/none/", "."];
    assert_eq!(run(&bed, &none).with_code(3).replies()[0]["code"], -197);
    let exists = run(&bed, &["mkdir", "-pj", "cos://private-bucket/d", "cos://private-bucket/d/"]);
    let codes: Vec<_> =
        exists.with_code(0).replies().iter().map(|reply| reply["code"].clone()).collect();
    assert_eq!(codes, [0, -178]);
    let none = run(&bed, &["rm", "-r", "--json", "a"]).with_code(2);
    assert_eq!(none.out, "");

    // A server may spread its reply over several lines.
    let spread = "{\r\n\"code\": 0,\n\"message\": \"SUCCESS\",\n\"data\": {\"x\": \"a\\nb\"}}\n";
    let spread = reply_with(200, "application/json", spread.into());
    if api == Api::V4 {
        bed.emulator.inject(Fault::new(spread).op("stat"));
        let said = run(&bed, &["stat", "--json", "cos://private-bucket/docs/a"]).with_code(0);
        assert_eq!(said.replies()[0]["data"]["x"], "a\nb", "{said:?}");
    }
}

fn the_environment_wins_over_the_file(api: Api) {
    let bed = Bed::new(api);
    let settings = |secret_key: &str| {
        format!(
            "# an account\n\n appid={APPID}\r\nsecret_id = {SECRET_ID}  \nsecret_key\t= {secret_key}\n\
             {}",
            place(&bed)
                .iter()
                .map(|(name, value)| format!("{name} = {value}\n"))
                .collect::<String>()
        )
    };
    let write = |name: &str, text: &str| {
        let path = bed.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    };
    // Nothing of the account comes from the environment, but for what is given.
    let list = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = cos(&bed, &["ls", "cos://private-bucket/"]);
        for name in ["COS_APPID", "COS_SECRET_ID", "COS_SECRET_KEY"] {
            command.env_remove(name);
        }
        for (name, _) in place(&bed) {
            command.env_remove(variable(&name));
        }
        Said::of(command.args(arguments).envs(environment.iter().copied()).output().unwrap())
    };
    let good = settings(SECRET_KEY);
    let bad = settings("another");

    list(&[], &[]).with_code(2).complaining("COS_APPID").complaining("home/.config/cos.conf");
    write("home/.config/cos.conf", &good);
    assert_eq!(list(&[], &[]).with_code(0).err, "");
    list(&[], &[("COS_SECRET_KEY", "another")]).with_code(1).complaining("-97");
    list(&[], &[("COS_SECRET_KEY", "")]).with_code(0);
    list(&[], &[("COS_SECRET_ID", "nobody")]).with_code(1).complaining("secret_id");

    // The more explicit place is the one.
    write("home/.config/cos.conf", &bad);
    write("xdg/cos.conf", &good);
    let xdg = bed.path("xdg").into_os_string().into_string().unwrap();
    let xdg = ("XDG_CONFIG_HOME", xdg.as_str());
    list(&[], &[]).with_code(1);
    list(&[], &[xdg]).with_code(0);
    write("bad", &bad);
    list(&[], &[xdg, ("COS_CONFIG", "bad")]).with_code(1);
    write("good", &good);
    list(&["--config", "good"], &[("COS_CONFIG", "bad")]).with_code(0);
    list(&["--config", "bad"], &[("COS_SECRET_KEY", SECRET_KEY)]).with_code(0);

    // What is wrong with a file is told by its place, without its content.
    for broken in ["secret_key EXAMPLE", "secretkey = EXAMPLE", "= EXAMPLE", "EXAMPLE=="] {
        write("broken", &format!("# first\n{broken}\n"));
        let said = list(&["--config=broken"], &[]).with_code(2).complaining("broken:2: ");
        assert!(!said.err.contains("EXAMPLE"), "{said:?}");
    }
    list(&["--config", "missing"], &[]).with_code(2).complaining("missing: No such file");
    list(&[], &[("COS_CONFIG", "missing")]).with_code(2).complaining("missing: No such file");
    list(&["--config", "xdg"], &[]).with_code(2).complaining("xdg: Is a directory");
    let proxy = ("COS_PROXY", "http://user:EXAMPLE_SECRET_KEY@");
    list(&["--config", "good"], &[proxy]).with_code(2).complaining("COS_PROXY");
    fs::set_permissions(bed.path("good"), Permissions::from_mode(0o644)).unwrap();
    list(&["--config", "good"], &[]).with_code(0).complaining("warning: others can read good");

    // As editors save it; a pipe will do as well.
    let windows = format!("\u{feff}{}", good.replace('\n', "\r\n"));
    write("windows", &windows);
    list(&["--config", "windows"], &[]).with_code(0);
    write("mark", "\u{feff}");
    list(&["--config", "mark"], &[]).with_code(2).complaining("COS_APPID");
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let wide: Vec<_> = windows.encode_utf16().flat_map(to_bytes).collect();
        fs::write(bed.path("wide"), wide).unwrap();
        list(&["--config", "wide"], &[]).with_code(2).complaining("save it as UTF-8");
    }
    list(&["--config", "/dev/zero"], &[]).with_code(2).complaining("/dev/zero");
    let account = "COS_APPID= COS_SECRET_ID= COS_SECRET_KEY= COS_HOSTNAME= COS_SCHEME= COS_API=";
    let piped = format!("{account} cos ls -c <(cat windows) cos://private-bucket/");
    assert!(shell(&bed, &piped).is_empty());

    // Only a file that was named has to be readable.
    let account =
        [("COS_APPID", APPID), ("COS_SECRET_ID", SECRET_ID), ("COS_SECRET_KEY", SECRET_KEY)];
    let settings: Vec<_> =
        place(&bed).into_iter().map(|(name, value)| (variable(&name), value)).collect();
    let hosts: Vec<_> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    fs::create_dir_all(bed.path("folder/cos.conf")).unwrap();
    fs::create_dir_all(bed.path("loop")).unwrap();
    symlink("cos.conf", bed.path("loop/cos.conf")).unwrap();
    fs::create_dir_all(bed.path("pipe")).unwrap();
    succeed(Command::new("mkfifo").arg(bed.path("pipe/cos.conf")));
    for place in ["/dev/null", "folder", "loop", "pipe", "missing", &"long".repeat(100)] {
        let at = [("XDG_CONFIG_HOME", place)];
        let all = [&account[..], &hosts, &at].concat();
        assert_eq!(list(&[], &all).with_code(0).err, "", "{place}");
        list(&[], &at).with_code(2).complaining("COS_APPID").complaining(place);
    }
    let named = [&account[..], &hosts, &[("COS_CONFIG", "/dev/null/cos.conf")]].concat();
    list(&[], &named).with_code(2).complaining("/dev/null/cos.conf: Not a directory");
}

/// How wide a terminal shows this: Chinese characters take two columns.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// What a terminal is sent when a shell runs this line.
fn shown(bed: &Bed, line: &str) -> String {
    let mut script = command(bed, "script");
    let output = succeed(script.args(["-qec", line, "/dev/null"]));
    String::from_utf8(output.stdout).unwrap()
}

fn a_bar_is_drawn_on_a_terminal_alone(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    let name = format!("{}.bin", "文件".repeat(30));
    bed.file(&name, 9 * MIB);
    let upload = format!("cos cp {name} cos://private-bucket/");
    let on_terminal = |line: &str| shown(&bed, line);
    for width in [100, 60, 20, 10] {
        let shown = on_terminal(&format!("stty cols {width}; {upload}"));
        let frames: Vec<_> = shown.split('\r').filter(|frame| frame.contains('%')).collect();
        assert!(!frames.is_empty(), "{shown:?}");
        for frame in &frames {
            let line = frame.strip_suffix("\x1b[K").unwrap();
            assert!(columns(line) < width, "{width}: {line:?}");
            assert_eq!(line.contains('['), width == 100, "{line:?}");
            assert_eq!(line.contains("/s "), width >= 60, "{line:?}");
        }
        let (_, end) = shown.rsplit_once("\r\x1b[K").unwrap();
        assert!(end.starts_with(&name) && end.contains("9.0 MiB in "), "{end:?}");
        assert!(!end.contains('%'), "the bar is wiped away: {shown:?}");
    }
    for quiet in ["-q", "-n 2>/dev/null", "2>&1 | cat"] {
        let shown = on_terminal(&format!("{upload}{} {quiet}", quiet.len()));
        assert!(!shown.contains('\x1b') && !shown.contains('%'), "{quiet}: {shown:?}");
    }
    // The end of a stream is known when it is there; the JSON API has to know it before.
    let shown = on_terminal(&format!("cat {name} | cos cp - cos://private-bucket/stream"));
    assert!(shown.contains("/s"), "{shown:?}");
    assert_eq!(shown.contains('%'), api == Api::V4, "{shown:?}");
    let dumb = on_terminal(&format!("TERM=dumb {upload}"));
    assert!(!dumb.contains('\x1b'), "{dumb:?}");

    // A name must not command the terminal.
    fs::write(bed.path("\x1b[31mred\u{9b}"), "").unwrap();
    let shown = on_terminal("cos cp *red* cos://private-bucket/ || true");
    assert!(shown.contains("?[31mred?: must not contain control characters"), "{shown:?}");
}

/// Ends within the time of a slow machine, or the test fails.
fn wait(mut child: Child) -> Said {
    let mut ended = None;
    wait_until("the end of the tool", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    Said::of(child.wait_with_output().unwrap())
}

#[test]
fn a_stream_is_sent_while_it_is_read_and_not_without_its_end() {
    let bed = Bed::new(Api::V5);
    let bytes = content(20 * MIB);
    // Whoever started the tests in the background had them ignore Ctrl-C.
    let begin = |to: &[&str]| {
        let mut command = command(&bed, "env");
        command.args(["--default-signal=INT,TERM", "cos", "cp", "-"]).args(to);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        bed.emulator.clear_requests();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&bytes).unwrap();
        wait_until("the first part", || !bed.logged(Op::Slice).is_empty());
        (child, input)
    };
    let (child, input) = begin(&["cos://public-bucket/whole"]);
    drop(input);
    let said = wait(child).with_code(0);
    assert!(said.out.contains("-> cos://public-bucket/whole: 20.0 MiB in "), "{said:?}");
    assert_stored(&bed.emulator, "/whole", &bytes);
    assert_eq!(bed.logged(Op::Slice).len(), 3);
    let (child, input) = begin(&["cos://public-bucket/whole", "-C1", "--slice-size", "2"]);
    drop(input);
    wait(child).with_code(0);
    assert_eq!(bed.logged(Op::Slice).len(), 10);

    // Ctrl-C ends the program in front of the pipe, too: its end does not make this a whole file.
    let (child, input) = begin(&["cos://public-bucket/part"]);
    succeed(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    drop(input);
    let said = wait(child).with_code(130).complaining("interrupted");
    assert!(!said.err.contains("goes on"), "it can't: {said:?}");
    assert_absent(&bed.emulator, "/part");

    fs::create_dir(bed.path("directory")).unwrap();
    shell(&bed, "! cos cp - cos://public-bucket/part <directory 2>said");
    let said = fs::read_to_string(bed.path("said")).unwrap();
    assert_eq!(said, "cos: cp: standard input: Is a directory\n");
    assert_absent(&bed.emulator, "/part");
}

/// Runs a command with one request at a time. The request of this kind behind the first two is
/// never answered; then comes the signal.
fn interrupted(bed: &Bed, arguments: &[&str], op: Op, signal: &str) -> Said {
    bed.emulator.clear_requests();
    let silence = Action::Drop { after: 0, end: End::Hang };
    bed.emulator.inject(bed.api.fault(op, silence).skip(2).forever());
    // Whoever started the tests in the background had them ignore Ctrl-C.
    let mut command = command(bed, "env");
    command.args(["--default-signal=INT,TERM", "cos", "--concurrency", "1"]);
    let child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap();
    wait_until("the silence", || bed.logged(op).iter().any(|record| record.fault.is_some()));
    succeed(Command::new("kill").args(["-s", signal, &child.id().to_string()]));
    let said = wait(child);
    bed.emulator.clear_faults();
    said
}

fn an_interrupted_upload_is_continued_by_the_same_command(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    // Nine slices and more, or three and more.
    let (mib, resumed) = match api {
        Api::V4 => (9, ", 2.0 MiB resumed"),
        Api::V5 => (25, ", 16.0 MiB resumed"),
    };
    let path = bed.file("large", mib * MIB);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let to = format!("cos://public-bucket/{signal}");
        let arguments = ["cp", "large", &to];
        interrupted(&bed, &arguments, Op::Slice, signal)
            .with_code(code)
            .complaining("interrupted; the same command goes on where it stopped");
        assert_absent(&bed.emulator, &format!("/{signal}"));
        let rest = done(&bed, &arguments);
        assert!(rest.contains(&format!("{mib}.0 MiB in ")) && rest.contains(resumed), "{rest}");
        assert_stored(&bed.emulator, &format!("/{signal}"), &fs::read(&path).unwrap());
    }
    fs::create_dir(bed.path("tree")).unwrap();
    fs::rename(&path, bed.path("tree/large")).unwrap();
    let arguments = ["sync", "tree", "cos://public-bucket/tree/"];
    interrupted(&bed, &arguments, Op::Slice, "INT").with_code(130);
    let rest = done(&bed, &arguments);
    assert!(rest.contains("\ndone: 1, ") && rest.contains(resumed), "{rest}");
}

fn an_interrupted_download_is_continued_by_the_same_command(api: Api) {
    let bed = Bed::new(api);
    let bytes = fs::read(bed.file("large", 25 * MIB)).unwrap();
    done(&bed, &["cp", "large", "cos://private-bucket/"]);
    fs::create_dir(bed.path("down")).unwrap();
    fs::write(bed.path("down/large"), "old").unwrap();
    let arguments = ["cp", "--json", "cos://private-bucket/large", "down"];
    let said = interrupted(&bed, &arguments, Op::Download, "INT").with_code(130);
    assert_eq!(said.replies()[0]["code"], 1, "{said:?}");
    assert_eq!(fs::read(bed.path("down/large")).unwrap(), b"old");
    let rest = run(&bed, &arguments).with_code(0).replies();
    assert_eq!(rest[0]["transfer"]["resumed_bytes"], 16 * MIB);
    assert_same(&fs::read(bed.path("down/large")).unwrap(), &bytes);
    assert_eq!(names_in(&bed.path("down")), ["large"]);
}

fn large_folders_are_listed_whole_and_readers_may_leave(api: Api) {
    let bed = Bed::new(api);
    let count = 1050;
    fs::create_dir(bed.path("many")).unwrap();
    for i in 0..count {
        fs::write(bed.path("many").join(format!("{i:04} {{[中")), format!("{i}")).unwrap();
    }
    done(&bed, &["sync", "-q", "-C", "16", "many", "cos://private-bucket/many/"]);
    bed.emulator.clear_requests();
    let names = done(&bed, &["ls", "cos://private-bucket/many/"]);
    let expected: String = (0..count).map(|i| format!("{i:04} {{[中\n")).collect();
    assert_eq!(names, expected);
    let page = if api == Api::V4 { 199 } else { 1000 };
    assert_eq!(bed.logged(Op::List).len(), count / page + 1);
    let long = done(&bed, &["ls", "-l", "cos://private-bucket/many/"]);
    assert!(long.contains("files: 1050, folders: 0, "), "{long}");

    let one = shell(&bed, "set +o pipefail; cos ls cos://private-bucket/many/ | head -n 1");
    assert_eq!(one, "0000 {[中\n");
    bed.file("large", 9 * MIB);
    done(&bed, &["cp", "large", "cos://private-bucket/"]);
    let some = "set +o pipefail; cos cp cos://private-bucket/large - | head -c 5 | wc -c";
    assert_eq!(shell(&bed, some).trim(), "5");
}

/// An answer of the XML API to what is not carried out.
fn xml(status: u16, body: &str) -> Action {
    Action::Reply {
        status,
        content_type: "application/xml".into(),
        body: body.into(),
        size: None,
        headers: [("x-cos-request-id".into(), "1".into())].into(),
        execute: false,
    }
}

/// A reply to `ls`, with these names and where the list goes on.
fn page(names: &[&str], context: &str) -> Action {
    let infos: Vec<_> = names.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
    let body = format!(
        r#"{{"code":0,"message":"SUCCESS","data":{{"context":"{context}","listover":{},"infos":[{}]}}}}"#,
        context.is_empty(),
        infos.join(",")
    );
    reply_with(200, "application/json", body)
}

#[test]
fn a_list_ends_and_goes_on_behind_what_fails() {
    let bed = Bed::new(Api::V4);
    for period in [1, 2, 7] {
        bed.emulator.clear_requests();
        for number in 0..100 {
            let context = format!("c{}", number % period);
            bed.emulator.inject(Fault::new(page(&["a"], &context)).op("list"));
        }
        run(&bed, &["ls", "cos://private-bucket/"])
            .with_code(1)
            .complaining("how the list goes on");
        assert!(bed.logged(Op::List).len() < 40, "{period}");
        bed.emulator.clear_faults();
    }

    // Contexts that are always new, and nothing else.
    for number in 0..200 {
        bed.emulator.inject(Fault::new(page(&[], &format!("c{number}"))).op("list"));
    }
    run(&bed, &["ls", "cos://private-bucket/"]).with_code(1).complaining("how the list goes on");
    bed.emulator.clear_faults();

    // A folder that is listed twice is gone through once.
    let once = || page(&["d/", "d/"], "");
    bed.emulator.clear_requests();
    for _ in 0..4 {
        bed.emulator.inject(Fault::new(once()).op("list"));
    }
    run(&bed, &["ls", "-r", "cos://private-bucket/"]);
    assert_eq!(bed.logged(Op::List).len(), 5);

    // A folder whose name libcos refuses, one that is gone, one that breaks.
    fs::write(bed.path("file"), "").unwrap();
    done(&bed, &["cp", "file", "cos://private-bucket/later/"]);
    bed.emulator.inject(Fault::new(page(&["a:b/", "gone/", "lost/", "later/"], "")).op("list"));
    bed.emulator.inject(Fault::new(dropped()).path("lost/").forever());
    let list = ["ls", "-rl", "--retries=0", "cos://private-bucket/"];
    let said = run(&bed, &list).with_code(2);
    assert!(said.out.contains("later/file\nfiles: 1, folders: 4"), "{said:?}");
    for name in ["a:b/", "gone/", "lost/"] {
        let line = format!("cos: ls: cos://private-bucket/{name}: ");
        assert!(said.err.contains(&line), "{name}: {said:?}");
    }
}

fn nothing_leaks_and_nothing_is_read_that_is_not_there(api: Api) {
    let bed = Bed::new(api);
    bed.file("large", 9 * MIB);
    fs::create_dir_all(bed.path("tree/sub")).unwrap();
    fs::write(bed.path("tree/sub").join(NAME), "text").unwrap();
    fs::write(bed.path("conf"), "region = sh\n# nothing else\n").unwrap();
    let in_xml = if api == Api::V5 { 0 } else { 2 };
    for (code, arguments) in [
        (0, &["cp", "large", "conf", "cos://private-bucket/docs/"][..]),
        (0, &["cp", "cos://private-bucket/docs/large", "tree"]),
        (0, &["cp", "cos://private-bucket/docs/conf", "-"]),
        (0, &["cp", "-", "cos://private-bucket/docs/empty"]),
        (0, &["cp", "cos://private-bucket/docs/conf", "/dev/null"]),
        (0, &["cp", "/dev/null", "cos://private-bucket/docs/null"]),
        (0, &["sync", "-n", "tree", "cos://private-bucket/docs/"]),
        (2, &["cp", "conf", "tree/../conf", "cos://private-bucket/docs/"]),
        (0, &["sync", "--config", "conf", "tree", "cos://private-bucket/tree/"]),
        (0, &["sync", "-t", "--delete", "--exclude", "*.x", "tree", "cos://private-bucket/tree/"]),
        (0, &["sync", "--include", "*", "cos://private-bucket/tree/", "cos://private-bucket/t2/"]),
        (0, &["cp", "cos://private-bucket/tree/**", "tree"]),
        (0, &["mv", "-r", "cos://private-bucket/t2/", "cos://private-bucket/t3/"]),
        (0, &["find", "-lh", "--name", "*", "--sort", "time", "cos://private-bucket/"]),
        (0, &["tree", "cos://private-bucket/"]),
        (0, &["du", "-d", "2", "cos://private-bucket/"]),
        (
            0,
            &["set", "-H", "Cache-Control:a", "--acl", "private", "cos://private-bucket/docs/conf"],
        ),
        (in_xml, &["abort", "--dry-run", "cos://private-bucket/"]),
        (0, &["rm", "cos://private-bucket/t3/**"]),
        (0, &["help", "man"]),
        (0, &["completion", "zsh"]),
        (0, &["ls", "-rl", "cos://private-bucket/", "cos://private-bucket/docs/l"]),
        (0, &["stat", "--json", "cos://private-bucket/docs/large"]),
        (0, &["mv", "cos://private-bucket/docs/large", "cos://private-bucket/large"]),
        (0, &["mkdir", "-p", "cos://private-bucket/docs"]),
        (0, &["sign", "cos://private-bucket/large"]),
        (in_xml, &["sign", "-m", "PUT", "-H", "a:b", "-P", "c=d", "cos://private-bucket/large"]),
        (in_xml, &["ls"]),
        (0, &["ls", "-l", &format!("cos://private-bucket-{APPID}/")]),
        (0, &["rm", "-r", "cos://private-bucket/tree/", "cos://private-bucket/docs/"]),
        (0, &["help", "cp"]),
        (2, &["cp", "-r", "tree", "cos://private-bucket/what\t"]),
        (3, &["cp", "cos://private-bucket/missing", "down"]),
    ] {
        let mut valgrind = command(&bed, "valgrind");
        // What a thread keeps for itself is possibly lost on the main one.
        valgrind.args(memcheck("definite,indirect"));
        let said = Said::of(valgrind.arg(tool()).args(arguments).output().unwrap());
        said.with_code(code);
    }
}
