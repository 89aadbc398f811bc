//! The command on Windows: compiled here, and run by Wine against an emulator on this machine.
//!
//! COS_TEST_PROGRAMS is the directory with `cos.dll`, and with what Wine lacks of Windows.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use cos_emulator::{Action, End};

use support::transfers::{MIB, assert_absent, assert_same, assert_stored, wait_until};
use support::{APPID, Api, Bed, Op, SECRET_ID, SECRET_KEY};
use support::{content, for_each_api, limited, root, succeed, target_dir};

const WINE: &str = "/usr/lib/wine/wine64";

/// What Windows gives a program that Ctrl-C has ended.
const ENDED_BY_CTRL_C: u32 = 0xc000_013a;

for_each_api! {
    files_travel_both_ways_under_any_name,
    folders_travel_and_only_what_differs,
    what_comes_through_a_pipe_is_not_changed,
    ctrl_c_on_a_console_ends_a_transfer_that_goes_on_later,
    what_is_chosen_travels_with_its_time_and_its_folders,
    names_that_files_cannot_have_here_are_refused,
}

/// The directory with the command and the library.
fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let programs = env::var_os("COS_TEST_PROGRAMS").expect("COS_TEST_PROGRAMS is set");
        let programs = PathBuf::from(programs);
        let sources = fs::read_dir(root().join("cli")).unwrap().map(|entry| entry.unwrap().path());
        let is_source = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "c");
        let mut cc = Command::new("x86_64-w64-mingw32-gcc");
        cc.args(["-std=c99", "-O1", "-I"]).arg(root().join("include"));
        cc.args(sources.filter(is_source).filter(|file| !file.ends_with("unix.c")));
        succeed(cc.arg(programs.join("cos.dll")).arg("-o").arg(programs.join("cos.exe")));
        // Wine makes its directory once.
        succeed(wine().arg(programs.join("cos.exe")).arg("--version"));
        programs
    })
}

fn wine() -> Command {
    let mut command = limited();
    wine_in(&mut command);
    command.arg(WINE);
    command
}

/// What Wine is told by the environment.
fn wine_in(command: &mut Command) {
    command.env("WINEPREFIX", target_dir().join("tmp/wine"));
    command.env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", "mscoree,mshtml=");
}

/// The command in the bed's directory, with the account of the emulator.
fn cos(bed: &Bed, arguments: &[&str]) -> Command {
    let program = programs().join("cos.exe");
    let mut command = wine();
    command.arg(program).args(arguments).current_dir(bed.dir.path()).stdin(Stdio::null());
    settle(&mut command, bed);
    command
}

fn settle(command: &mut Command, bed: &Bed) {
    command.env("COS_APPID", APPID).env("COS_SECRET_ID", SECRET_ID);
    command.env("COS_SECRET_KEY", SECRET_KEY);
    for (name, value) in bed.options().as_object().unwrap() {
        command.env(format!("COS_{}", name.to_uppercase()), value.as_str().unwrap());
    }
}

/// Runs what has to succeed, without a word on stderr, and returns stdout.
#[track_caller]
fn done(bed: &Bed, arguments: &[&str]) -> String {
    let output = succeed(&mut cos(bed, arguments));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(bed: &Bed, arguments: &[&str], code: i32) -> String {
    let Output { status, stderr, .. } = cos(bed, arguments).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{arguments:?}: {said}");
    said
}

/// A path of this machine as Wine has it.
fn with_drive(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

fn files_travel_both_ways_under_any_name(api: Api) {
    const NAME: &str = "你好 a+b%#'&{}.txt";
    let bed = Bed::new(api);
    let bytes = content(100_000);
    fs::create_dir_all(bed.path("目录/sub")).unwrap();
    for name in [NAME, "b.txt", "目录/sub/深"] {
        fs::write(bed.path(name), &bytes).unwrap();
    }
    let said = done(&bed, &["cp", NAME, "cos://public-bucket/a b/"]);
    assert!(said.starts_with(&format!("{NAME} -> cos://public-bucket/a b/{NAME}: ")), "{said}");
    done(&bed, &["cp", &with_drive(&bed.path("目录/sub/深")), "cos://public-bucket/"]);
    done(&bed, &["cp", r"目录\sub\深", "b.txt", "cos://public-bucket/"]);
    assert!(done(&bed, &["ls", "cos://public-bucket/"]).contains("深\n"));
    assert!(done(&bed, &["ls", "cos://public-bucket/a b/"]).contains(&format!("{NAME}\n")));

    let object = format!("cos://public-bucket/a b/{NAME}");
    let said = done(&bed, &["cp", &object, r"目录\"]);
    assert!(said.contains(&format!(r"-> 目录\{NAME}: ")), "{said}");
    done(&bed, &["cp", &object, &with_drive(&bed.path("目录/other"))]);
    for name in [NAME, "other"] {
        assert_same(&fs::read(bed.path("目录").join(name)).unwrap(), &bytes);
    }
    let said = refused(&bed, &["cp", &object, r"no such\"], 2);
    assert!(said.contains(r"cos: cp: no such\"), "{said}");

    // The shell leaves patterns alone.
    done(&bed, &["cp", "*.txt", "cos://public-bucket/all/"]);
    let listed = done(&bed, &["ls", "cos://public-bucket/all/"]);
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["b.txt", NAME]);
    done(&bed, &["rm", "cos://public-bucket/all/b.txt"]);
    assert_absent(&bed.emulator, "/all/b.txt");
    refused(&bed, &["stat", "cos://public-bucket/all/b.txt"], 3);
}

fn folders_travel_and_only_what_differs(api: Api) {
    let bed = Bed::new(api);
    fs::create_dir_all(bed.path("树/子")).unwrap();
    for name in ["a", "子/b"] {
        fs::write(bed.path("树").join(name), name).unwrap();
    }
    let said = done(&bed, &["sync", "树", "cos://public-bucket/tree/"]);
    assert!(
        said.contains("/b -> cos://public-bucket/tree/子/b: ") && said.contains("done: 2, "),
        "{said}"
    );
    let said = done(&bed, &["sync", r"树\", "cos://public-bucket/tree/"]);
    assert!(said.contains("unchanged: 2, "), "{said}");
    fs::create_dir(bed.path("back")).unwrap();
    done(&bed, &["cp", "-r", "cos://public-bucket/tree/", "back"]);
    assert_eq!(fs::read(bed.path("back/tree/子/b")).unwrap(), "子/b".as_bytes());
    let said = done(&bed, &["rm", "-r", "cos://public-bucket/tree/"]);
    assert!(said.contains("files: 2"), "{said}");
}

/// Not even its line feeds.
fn what_comes_through_a_pipe_is_not_changed(api: Api) {
    let bed = Bed::new(api);
    let bytes = [b"1\n2\r\n3\x1a4\n", &content(3 * MIB)[..]].concat();
    let mut child = cos(&bed, &["cp", "-", "cos://public-bucket/piped"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    assert!(child.wait().unwrap().success());
    assert_stored(&bed.emulator, "/piped", &bytes);
    let output = succeed(&mut cos(&bed, &["cp", "cos://public-bucket/piped", "-"]));
    assert_same(&output.stdout, &bytes);
    done(&bed, &["cp", "cos://public-bucket/piped", "NUL"]);
}

/// Wine makes a console of a terminal.
fn ctrl_c_on_a_console_ends_a_transfer_that_goes_on_later(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    let mib = if api == Api::V4 { 9 } else { 25 };
    let path = bed.file("大", mib * MIB);
    let silence = Action::Drop { after: 0, end: End::Hang };
    bed.emulator.inject(api.fault(Op::Slice, silence).skip(2).forever());
    let upload = ["cp", "--concurrency", "1", "大", "cos://public-bucket/large"];
    let line = format!("{WINE} '{}' {}", programs().join("cos.exe").display(), upload.join(" "));
    let mut terminal = limited();
    wine_in(&mut terminal);
    terminal.args(["script", "-qefc", &line, "/dev/null"]).current_dir(bed.dir.path());
    settle(&mut terminal, &bed);
    let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    wait_until("the silence", || bed.logged(Op::Slice).iter().any(|slice| slice.fault.is_some()));
    keyboard.write_all(b"\x03").unwrap();
    let mut shown = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert_eq!(child.wait().unwrap().code(), Some((ENDED_BY_CTRL_C & 0xff) as i32), "{shown}");
    for part in ["大", "%", "/s", "interrupted; the same command goes on where it stopped"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_absent(&bed.emulator, "/large");

    bed.emulator.clear_faults();
    let rest = done(&bed, &upload);
    assert!(rest.contains(" resumed"), "{rest}");
    assert_stored(&bed.emulator, "/large", &fs::read(&path).unwrap());
}

/// File by file, as options that look at each of them do it.
fn what_is_chosen_travels_with_its_time_and_its_folders(api: Api) {
    const TIME: u64 = 1_600_000_000;
    let bed = Bed::new(api);
    fs::create_dir_all(bed.path("树/子")).unwrap();
    fs::create_dir_all(bed.path("树/空")).unwrap();
    for name in ["a.txt", "子/b.txt", "c.tmp"] {
        fs::write(bed.path("树").join(name), name).unwrap();
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME);
    let file = fs::File::options().write(true).open(bed.path("树/a.txt")).unwrap();
    file.set_modified(time).unwrap();
    let up = ["sync", "-t", "--exclude", "*.tmp", "树", "cos://public-bucket/tree/"];
    assert!(done(&bed, &up).contains("done: 2, "));
    assert!(done(&bed, &up).contains("unchanged: 2, "));
    let said = done(&bed, &["tree", "cos://public-bucket/tree/"]);
    assert!(said.contains("├── a.txt\n") && said.contains("空/\n"), "{said}");
    fs::create_dir(bed.path("back")).unwrap();
    done(&bed, &["cp", "-rt", "cos://public-bucket/tree/", r"back\"]);
    let back = fs::metadata(bed.path("back/tree/a.txt")).unwrap().modified().unwrap();
    assert_eq!(back, time);
    assert!(bed.path("back/tree/空").is_dir());
    done(&bed, &["cp", "cos://public-bucket/tree/**.txt", "back"]);
    assert_eq!(fs::read(bed.path("back/b.txt")).unwrap(), "子/b.txt".as_bytes());
    done(&bed, &["mv", "-r", r"back\tree", "cos://public-bucket/moved"]);
    assert!(!bed.path("back/tree").exists());
    let said = done(&bed, &["find", "--name", "b*", "cos://public-bucket/moved/"]);
    assert_eq!(said, "cos://public-bucket/moved/子/b.txt\n");
    fs::remove_file(bed.path("树/a.txt")).unwrap();
    let said = done(&bed, &["sync", "--delete", "树", "cos://public-bucket/tree/"]);
    assert!(said.contains("deleted cos://public-bucket/tree/a.txt\n"), "{said}");
    let said = done(&bed, &["rm", "cos://public-bucket/tree/**"]);
    assert!(said.ends_with("deleted: 2, failed: 0\n"), "{said}");
}

fn names_that_files_cannot_have_here_are_refused(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("good"), "good").unwrap();
    for name in ["good", "NUL.txt", "con", "end.", "COM1.log"] {
        done(&bed, &["cp", "good", &format!("cos://public-bucket/odd/{name}")]);
    }
    // Nor can two files have names that differ only in capital letters.
    for name in ["Ärger/a", "ärger/b", "GOOD"] {
        done(&bed, &["cp", "good", &format!("cos://public-bucket/odd/{name}")]);
    }
    let said = refused(&bed, &["sync", "cos://public-bucket/odd/", "down"], 2);
    assert_eq!(said.matches("no file can have this name here").count(), 4, "{said}");
    for name in ["good", "ärger/b"] {
        assert!(said.contains(&format!("{name}: another name differs from it only")), "{said}");
    }
    let names: Vec<_> = fs::read_dir(bed.path("down")).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(bed.path("down/Ärger/a").exists());
}

/// It is asked for, tried and written.
#[test]
fn the_account_is_written_to_a_file() {
    let bed = Bed::new(Api::V5);
    let mut child = cos(&bed, &["config", "--config", "新.conf"])
        .env_remove("COS_APPID")
        .env_remove("COS_SECRET_ID")
        .env_remove("COS_SECRET_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let answers =
        format!("{APPID}\r\n{SECRET_ID}\r\n{SECRET_KEY}\r\nap-shanghai\r\nprivate-bucket\r\n");
    child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let written = fs::read_to_string(bed.path("新.conf")).unwrap();
    for line in [format!("appid = {APPID}"), format!("secret_key = {SECRET_KEY}")] {
        assert!(written.lines().any(|written| written == line), "{written}");
    }
}

/// It is looked for where Windows programs keep such things.
#[test]
fn the_account_is_read_from_a_file() {
    let bed = Bed::new(Api::V4);
    let without = |arguments: &[&str]| {
        let mut command = cos(&bed, arguments);
        command.env_remove("COS_APPID");
        command
    };
    let output = without(&["ls", "cos://public-bucket/"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(r"\AppData\Roaming\cos.conf"), "{said}");
    assert!(done(&bed, &["help"]).contains(r"%APPDATA%\cos.conf"));
    fs::write(bed.path("帐号.conf"), format!("appid = {APPID}\r\n")).unwrap();
    succeed(&mut without(&["ls", "--config", "帐号.conf", "cos://public-bucket/"]));
}

/// Whoever reads needs no more of a list, and that is no failure to tell of.
#[test]
fn readers_may_leave() {
    let bed = Bed::new(Api::V4);
    let large = bed.file("large", 5 * MIB);
    done(&bed, &["cp", "large", "cos://public-bucket/"]);
    let mut child = cos(&bed, &["cp", "cos://public-bucket/large", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(2), "{}", large.display());
}
