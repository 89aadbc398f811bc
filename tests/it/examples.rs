//! The small programs of `examples-c/`, compiled and run as their first comments say.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use cos_emulator::{Action, End, Fault};

use support::transfers::*;
use support::{
    APPID, BUCKET, Bed, Link, SECRET_ID, SECRET_KEY, build, content, installed, memcheck, root,
    succeed,
};

const NAMES: [&str; 6] = ["upload", "download", "list", "progress", "sign", "errors"];

fn source(name: &str) -> String {
    fs::read_to_string(root().join("examples-c").join(format!("{name}.c"))).unwrap()
}

/// The lines of a program's first comment that tell how to compile it and how to run it.
fn instructions(name: &str) -> [String; 2] {
    let source = source(name);
    let mut lines = source.lines().filter_map(|line| line.strip_prefix(" *     "));
    [(); 2].map(|()| lines.next().unwrap().to_owned())
}

/// A directory with all programs in it.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = PROGRAMS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        for name in NAMES {
            fs::write(dir.path().join(format!("{name}.c")), source(name)).unwrap();
            let [compile, _] = instructions(name);
            let mut sh = Command::new("sh");
            sh.args(["-euc", &compile]).current_dir(dir.path());
            succeed(sh.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig")));
        }
        dir
    });
    dir.path()
}

/// All but first_upload.c, which needs libcurl as well.
#[test]
fn they_compile_for_windows() {
    for name in NAMES.into_iter().chain(["round"]) {
        let mut cc = Command::new("x86_64-w64-mingw32-gcc");
        cc.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]);
        cc.arg("-Iinclude").arg(format!("examples-c/{name}.c")).current_dir(root());
        succeed(&mut cc);
    }
}

/// A program in valgrind.
fn program(name: &str) -> Command {
    // Whoever started the tests in the background had them ignore Ctrl-C.
    let mut command = Command::new("env");
    command.args(["--default-signal=INT", "valgrind"]);
    // What a thread keeps for itself is possibly lost on the main one.
    command.args(memcheck("definite,indirect")).arg("--show-leak-kinds=definite,indirect");
    command.arg(programs().join(name)).env("LD_LIBRARY_PATH", installed().join("lib"));
    command
}

/// A program in a test's directory, with the account and the place of the emulator.
fn command(bed: &Bed, name: &str, bucket: &str, arguments: &[&str]) -> Command {
    let mut command = program(name);
    command.args([&bed.emulator.host(), bucket, APPID, SECRET_ID, SECRET_KEY]).args(arguments);
    command.current_dir(bed.dir.path());
    command
}

/// What a program printed, and whether it succeeded.
#[derive(Debug)]
struct Printed {
    success: bool,
    out: String,
    err: String,
}

impl From<Output> for Printed {
    fn from(output: Output) -> Printed {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code();
        let printed = Printed {
            success: code == Some(0),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {printed:?}");
        printed
    }
}

fn run(bed: &Bed, name: &str, bucket: &str, arguments: &[&str]) -> Printed {
    command(bed, name, bucket, arguments).output().unwrap().into()
}

#[track_caller]
fn done(bed: &Bed, name: &str, bucket: &str, arguments: &[&str]) -> String {
    let printed = run(bed, name, bucket, arguments);
    assert!(printed.success && printed.err.is_empty(), "{printed:?}");
    printed.out
}

#[track_caller]
fn refused(bed: &Bed, name: &str, arguments: &[&str], why: &str) {
    let printed = run(bed, name, BUCKET, arguments);
    assert!(!printed.success && printed.err.starts_with(why), "{printed:?}");
}

#[test]
fn they_are_c_and_cpp_without_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    for name in NAMES {
        for language in [["-xc", "-std=c99"], ["-xc++", "-std=c++11"]] {
            let mut compiler = Command::new(if language[0] == "-xc" { "cc" } else { "c++" });
            compiler.args(language).args(["-O2", "-Wshadow", "-Wconversion"]);
            compiler.arg(format!("examples-c/{name}.c"));
            build(compiler, Link::Shared, &dir.path().join(name));
        }
    }
}

#[test]
fn they_say_how_they_are_used() {
    for name in NAMES {
        let [_, run] = instructions(name);
        let mut alone = Command::new(format!("./{name}"));
        alone.current_dir(programs()).env("LD_LIBRARY_PATH", installed().join("lib"));
        let printed = Printed::from(alone.output().unwrap());
        assert!(!printed.success && printed.err == format!("usage: {run}\n"), "{printed:?}");
    }
}

#[test]
fn files_are_uploaded_and_downloaded() {
    let bed = Bed::new(support::Api::V4);
    for size in [100_000, 0] {
        bed.file("file", size);
        let said = done(&bed, "upload", PUBLIC, &["file", "/docs/你好.txt"]);
        assert_eq!(said, "uploaded file to /docs/你好.txt\n");
        assert_stored(&bed.emulator, "/docs/%E4%BD%A0%E5%A5%BD.txt", &content(size));
        let said = done(&bed, "download", PUBLIC, &["/docs/你好.txt", "copy"]);
        assert_eq!(said, "downloaded /docs/你好.txt to copy\n");
        assert_same(&fs::read(bed.path("copy")).unwrap(), &content(size));
    }
    refused(&bed, "upload", &["missing", "/x"], "COS_ERR_PARAM: {\"code\":-1,");
    refused(&bed, "download", &["/missing", "x"], "COS_ERR_NOT_FOUND: {\"code\":-197,");
    assert!(!bed.path("x").exists());
}

#[test]
fn a_folder_is_listed_with_every_name() {
    let bed = Bed::new(support::Api::V4);
    bed.file("file", 5);
    for name in ["b", "a", "你好", "sub/c"] {
        done(&bed, "upload", BUCKET, &["file", &format!("/docs/{name}")]);
    }
    let said = done(&bed, "list", BUCKET, &["/docs/"]);
    let mut entries: Vec<Vec<_>> =
        said.lines().map(|line| line.split_whitespace().collect()).collect();
    entries.sort();
    assert_eq!(entries, [["0", "sub/"], ["5", "a"], ["5", "b"], ["5", "你好"]]);
    refused(&bed, "list", &["/docs"], "COS_ERR_PARAM: ");
}

#[test]
fn progress_is_told_and_an_interrupt_cancels() {
    let bed = Bed::new(support::Api::V4);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    bed.file("large", 9 * MIB);
    let silence = Action::Drop { after: 0, end: End::Hang };
    bed.emulator.inject(Fault::new(silence).op("upload_slice_data").skip(2).forever());
    let mut command = command(&bed, "progress", PUBLIC, &["large", "/large"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("two slices, and then silence", || {
        let slices = slices(&bed.emulator);
        slices.iter().filter(|slice| slice.code == Some(0)).count() == 2
            && slices.iter().any(|slice| slice.fault.is_some())
    });
    succeed(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    let printed = Printed::from(child.wait_with_output().unwrap());
    assert!(!printed.success, "{printed:?}");
    assert_eq!(printed.err, "stopped (COS_ERR_CANCELLED)\n");
    assert!(printed.out.starts_with("\r  0%") && !printed.out.contains("100%"), "{printed:?}");
    assert_absent(&bed.emulator, "/large");

    bed.emulator.clear_faults();
    bed.emulator.clear_requests();
    let said = done(&bed, "progress", PUBLIC, &["large", "/large"]);
    let steps = said.trim_end().split('\r').skip(1).map(|step| step.trim_end_matches('%').trim());
    let steps: Vec<u32> = steps.map(|step| step.parse().unwrap()).collect();
    assert!(steps.is_sorted() && steps.len() > 2 && steps.last() == Some(&100), "{said:?}");
    assert!(slices(&bed.emulator).len() < 9, "it goes on where it stopped");
    assert_stored(&bed.emulator, "/large", &content(9 * MIB));
}

#[test]
fn a_presigned_url_works() {
    let bed = Bed::new(support::Api::V4);
    bed.file("file", 100_000);
    done(&bed, "upload", BUCKET, &["file", "/docs/file"]);
    let url = done(&bed, "sign", BUCKET, &["/docs/file"]);
    let port = bed.emulator.port();
    let fetch = |url: &str| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--noproxy", "*", "--resolve"]);
        curl.arg(format!("{BUCKET}-{APPID}.localhost:{port}:127.0.0.1")).arg(url);
        curl.output().unwrap()
    };
    assert_same(&fetch(url.trim_end()).stdout, &content(100_000));
    let (unsigned, _) = url.split_once('?').unwrap();
    assert!(!fetch(unsigned).status.success(), "the bucket is private");
    refused(&bed, "sign", &["docs"], "COS_ERR_PARAM: ");
}

#[test]
fn failures_are_told_apart() {
    let bed = Bed::new(support::Api::V4);
    bed.file("file", 5);
    done(&bed, "upload", BUCKET, &["file", "/file"]);
    assert_eq!(done(&bed, "errors", BUCKET, &["/file"]), "the file is there\n");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let host = bed.emulator.host();
    for (host, bucket, key, path, said, retryable) in [
        (&host, BUCKET, SECRET_KEY, "/missing", "there is no such file\n", false),
        (&host, BUCKET, "wrong", "/file", "the secret id or the secret key is wrong\n", false),
        (&nobody, BUCKET, SECRET_KEY, "/file", "the service cannot be reached\n", true),
        (&host, "nobucket", SECRET_KEY, "/file", "COS_ERR_NO_BUCKET, -133\n", false),
    ] {
        let mut errors = program("errors");
        errors.args([host, bucket, APPID, SECRET_ID, key, path]);
        let printed = Printed::from(errors.output().unwrap());
        assert!(!printed.success && printed.out.starts_with(said), "{printed:?}");
        let last = format!("\ntrying again may help: {retryable}\n");
        assert!(printed.out.contains("\nmessage: ") && printed.out.ends_with(&last), "{printed:?}");
    }
}
