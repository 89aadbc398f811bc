//! The local side of transfers: which files are read, what becomes of those that are replaced, and
//! what is left beside them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cos::client::Client;
use cos::threads::Watch;
use cos::transfer::Transfer;
use cos_emulator::{Action, End, Fault, Part};
use serde_json::{Value, json};

use support::transfers::{self, *};
use support::{Bed, Link, compile, content, platform, succeed};

/// A user that owns nothing.
const NOBODY: u32 = 65534;

fn bed_with(bytes: &[u8]) -> (Bed, Client, PathBuf) {
    let bed = Bed::new(support::Api::V4);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", bytes, json!({"verify_sha1": false})), 0);
    bed.emulator.clear_requests();
    let down = bed.path("down");
    fs::create_dir(&down).unwrap();
    (bed, client, down)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Breaks the next download after `bytes`.
fn breaking(bed: &Bed, bytes: u64) {
    let cut = Action::Cut { after: bytes, of: Part::Body, end: End::Close };
    bed.emulator.inject(Fault::new(cut).op("download"));
}

/// A program of another user's, whose files and directories are below one of its own.
struct Nobody<'a> {
    bed: &'a Bed,
    home: PathBuf,
}

impl Nobody<'_> {
    fn new(bed: &Bed) -> Nobody<'_> {
        let home = bed.path("home");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(bed.dir.path(), Permissions::from_mode(0o755)).unwrap();
        compile("tests/c/transfers.c", Link::Static, &home.join("transfers"));
        chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
        Nobody { bed, home }
    }

    fn run(&self, what: &str, cos_path: &str, local: &Path) -> Output {
        let mut program = platform::command(&self.home.join("transfers"));
        program.arg(self.bed.options().to_string()).args([what, PUBLIC, cos_path]);
        program.arg(local).arg(r#"{"retries":0}"#).current_dir("/");
        program.uid(NOBODY).gid(NOBODY).output().unwrap()
    }

    fn download(&self, local: &Path) -> Value {
        let output = self.run("download", "/a", local);
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().next().unwrap()).unwrap()
    }

    fn owns(&self, name: &str, content: &str, mode: u32) -> PathBuf {
        let path = self.home.join(name);
        fs::write(&path, content).unwrap();
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

#[test]
fn a_replaced_file_keeps_its_access_but_for_the_bits_that_let_it_run_as_its_owner() {
    let (_bed, client, down) = bed_with(b"new");
    for (before, after) in
        [(0o640, 0o640), (0o604, 0o604), (0o444, 0o444), (0o777, 0o777), (0o6755, 0o755)]
    {
        let file = down.join("file");
        fs::write(&file, "old").unwrap();
        chown(&file, Some(1000), Some(33)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(before)).unwrap();
        expect(&download(&client, "/a", &file, json!({})), 0);
        let found = fs::metadata(&file).unwrap();
        assert_eq!((found.uid(), found.gid(), mode(&file)), (1000, 33, after), "{before:o}");
        assert_eq!(fs::read(&file).unwrap(), b"new");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn bytes_on_their_way_can_be_read_by_nobody_who_could_not_read_the_old_ones() {
    let (bed, client, down) = bed_with(&content(1000));
    let (file, partial) = (down.join("file"), down.join(".file.cos-partial"));
    let broken = |after: u64| {
        breaking(&bed, after);
        expect(&download(&client, "/a", &file, json!({"retries": 0})), -3);
    };
    broken(100);
    let of_new_files = mode(&partial);
    assert_eq!(mode(&bed.file("other", 1)), of_new_files, "as any new file");
    // Now there is something to replace.
    fs::write(&file, "secret").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    broken(100);
    assert_eq!(mode(&partial), 0o600);
    fs::remove_file(&partial).unwrap();
    for before in [0o600, 0o640, 0o6644, 0o400] {
        fs::set_permissions(&file, Permissions::from_mode(before)).unwrap();
        broken(100);
        assert_eq!(mode(&partial) & !(before & 0o777 | 0o600), 0, "{before:o}");
        fs::remove_file(&partial).unwrap();
    }
    // A group of its own makes the file somebody else's.
    chown(&file, None, Some(33)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o660)).unwrap();
    broken(100);
    assert_eq!(mode(&partial), 0o600);
    expect(&download(&client, "/a", &file, json!({})), 0);
    assert_eq!((fs::metadata(&file).unwrap().gid(), mode(&file)), (33, 0o660));
}

#[test]
fn a_file_that_belongs_to_somebody_else_gives_others_no_more_than_before() {
    let (bed, _client, _down) = bed_with(b"new");
    let nobody = Nobody::new(&bed);
    let file = nobody.owns("file", "old", 0o664);
    // In a directory of one's own, the files of others can be replaced, but not given to them.
    chown(&file, Some(1000), Some(33)).unwrap();
    assert_eq!(nobody.download(&file)["code"], 0);
    let found = fs::metadata(&file).unwrap();
    assert_eq!((found.uid(), found.gid(), mode(&file)), (NOBODY, NOBODY, 0o644));
    let file = nobody.owns("other", "old", 0o604);
    chown(&file, Some(1000), Some(33)).unwrap();
    assert_eq!(nobody.download(&file)["code"], 0);
    assert_eq!(mode(&file), 0o600, "members of the old group could not read it");
}

#[test]
fn left_overs_that_can_not_be_used_block_no_name() {
    let bytes = content(1000);
    let (bed, _client, _down) = bed_with(&bytes);
    let nobody = Nobody::new(&bed);
    let broken = |file: &Path| {
        breaking(&bed, 500);
        assert_eq!(nobody.download(file)["code"], -3);
    };
    // As a crash between the change of the mode and the new name leaves it.
    let file = nobody.owns("file", "old", 0o444);
    broken(&file);
    fs::set_permissions(nobody.home.join(".file.cos-partial"), Permissions::from_mode(0o444))
        .unwrap();
    let answer = nobody.download(&file);
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 500);
    assert_eq!((fs::read(&file).unwrap(), mode(&file)), (bytes.clone(), 0o444));
    // Root's, which can't be read.
    let file = nobody.home.join("another");
    broken(&file);
    let partial = nobody.home.join(".another.cos-partial");
    chown(&partial, Some(0), Some(0)).unwrap();
    fs::set_permissions(&partial, Permissions::from_mode(0o600)).unwrap();
    expect(&nobody.download(&file), 0);
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert!(partial.exists(), "it is not ours to remove");
}

#[test]
fn a_file_of_the_users_is_never_taken_for_a_partial_one() {
    let bytes = content(1000);
    let (bed, client, down) = bed_with(&bytes);
    let mine = down.join(".file.cos-partial");
    fs::write(&mine, content(1041)).unwrap();
    breaking(&bed, 500);
    let file = down.join("file");
    expect(&download(&client, "/a", &file, json!({"retries": 0})), -3);
    let answer = download(&client, "/a", &file, json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 500);
    assert_eq!(names_in(&down), [".file.cos-partial", "file"]);
    assert_same(&fs::read(&mine).unwrap(), &content(1041));
    // Nor a partial one that has got a second name.
    breaking(&bed, 500);
    let other = down.join("other");
    expect(&download(&client, "/a", &other, json!({"retries": 0})), -3);
    fs::hard_link(down.join(".other.cos-partial"), down.join("kept")).unwrap();
    let kept = fs::read(down.join("kept")).unwrap();
    expect(&download(&client, "/a", &other, json!({})), 0);
    assert_same(&fs::read(down.join("kept")).unwrap(), &kept);
    // And such a name is none for a file of one's own.
    let answer = download(&client, "/a", &down.join(".x.cos-partial"), json!({}));
    expect(&answer, -1);
    assert_eq!(answer["error"]["argument"], "local_path");
}

#[test]
fn places_where_no_file_can_be_put_are_refused_before_anything_is_sent() {
    let (bed, client, down) = bed_with(b"new");
    let nobody = Nobody::new(&bed);
    let refused = |answer: Value, local: &Path| {
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], "local_path", "{}: {answer}", local.display());
    };
    let (dangling, round) = (down.join("dangling"), down.join("round"));
    symlink(down.join("absent"), &dangling).unwrap();
    symlink(&round, &round).unwrap();
    for local in [down.join("x".repeat(256)), dangling, round, down.join("absent/file")] {
        for overwrite in [true, false] {
            let options = json!({ "overwrite": overwrite });
            refused(download(&client, "/a", &local, options), &local);
        }
    }
    // A directory of somebody else's, and one where everybody may replace only what is his.
    let sticky = bed.path("sticky");
    fs::create_dir(&sticky).unwrap();
    fs::set_permissions(&sticky, Permissions::from_mode(0o1777)).unwrap();
    fs::write(sticky.join("roots"), "old").unwrap();
    for local in [down.join("file"), sticky.join("roots")] {
        refused(nobody.download(&local), &local);
    }
    assert_eq!(operations(&bed.emulator), [""; 0]);
    expect(&nobody.download(&sticky.join("new")), 0);
    assert_eq!(names_in(&sticky), ["new", "roots"]);
}

#[test]
fn what_appears_at_the_destination_meanwhile_lends_no_access_unless_it_is_a_file() {
    // The second piece comes late.
    let new = content(8 * MIB + 1);
    let (bed, client, down) = bed_with(&new);
    let (file, partial) = (down.join("file"), down.join(".file.cos-partial"));
    let late = Fault::new(Action::Hold).op("download").offset(8 << 20);
    bed.emulator.inject(late);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the partial file", || partial.exists());
            symlink(down.join("absent"), &file).unwrap();
            bed.emulator.clear_faults();
        });
        expect(&download(&client, "/a", &file, json!({})), 0);
    });
    assert_eq!(mode(&file), mode(&bed.file("other", 1)), "a link has all bits");
    assert_same(&fs::read(&file).unwrap(), &new);
}

/// A disk that fails is no reason to give up what has been sent.
#[test]
fn an_upload_that_could_not_be_read_is_continued() {
    let bed = Bed::new(support::Api::V4);
    let file = bed.file("large", 16 * MIB);
    let read = "ssize_t pread64(int file, void *to, size_t len, off64_t at) { static int count; \
                if (at > (12 << 20) && ++count > 70) { errno = EIO; return -1; } \
                return syscall(SYS_pread64, file, to, len, at); }\n\
                ssize_t pread(int, void *, size_t, off64_t) __attribute__((alias(\"pread64\")));";
    let source = format!(
        "#define _GNU_SOURCE\n#include <errno.h>\n#include <unistd.h>\n\
         #include <sys/syscall.h>\n{read}\n"
    );
    let answer = preloaded(&bed, &source, "upload", &file);
    expect(&answer, 2);
    assert!(answer["message"].as_str().unwrap().contains("reading"), "{answer}");
    let answer = preloaded(&bed, "int unused;\n", "upload", &file);
    expect(&answer, 0);
    assert!(answer["transfer"]["resumed_bytes"].as_u64() > Some(0), "{answer}");
    assert_same(&stored(&bed.emulator, "/a").unwrap(), &content(16 * MIB));
}

/// Runs the program of transfers with functions of the C library replaced.
fn preloaded(bed: &Bed, source: &str, what: &str, local: &Path) -> Value {
    let (code, object) = (bed.path("preload.c"), bed.path("preload.so"));
    fs::write(&code, source).unwrap();
    succeed(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&object).arg(&code));
    let mut program = support::limited();
    program.arg(transfers::program()).arg(bed.options().to_string());
    program.args([what, PUBLIC, "/a"]).arg(local);
    let output = program.env("LD_PRELOAD", &object).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().next().unwrap_or("null")).unwrap()
}

#[test]
fn file_systems_that_lack_something_are_good_enough() {
    let (bed, _client, down) = bed_with(b"new");
    let file = down.join("file");
    for missing in [
        "int flock(int file, int how) { (void)file; (void)how; errno = ENOSYS; return -1; }",
        "int fchmod(int file, mode_t mode) { (void)file; (void)mode; errno = EPERM; return -1; }",
        "int fchown(int file, uid_t user, gid_t group) { (void)file; (void)user; (void)group; \
         errno = EPERM; return -1; }",
        "int fallocate64(int file, int how, off_t from, off_t len) { (void)file; (void)how; \
         (void)from; (void)len; errno = EOPNOTSUPP; return -1; }",
    ] {
        let source = format!("#include <errno.h>\n#include <sys/types.h>\n{missing}\n");
        for _ in 0..2 {
            expect(&preloaded(&bed, &source, "download", &file), 0);
            assert_eq!(names_in(&down), ["file"]);
        }
    }
    assert_eq!(mode(&file), mode(&bed.file("other", 1)));
}

#[test]
fn a_limit_of_file_size_is_a_failure_and_no_signal() {
    let (bed, _client, down) = bed_with(&content(3 * MIB));
    let mut shell = support::limited();
    let program = platform::command(transfers::program());
    shell.args(["sh", "-c", "ulimit -f 2048; exec \"$@\"", "sh"]);
    shell.arg(program.get_program()).args(program.get_args());
    shell.arg(bed.options().to_string());
    let output = shell.args(["download", PUBLIC, "/a"]).arg(down.join("file")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answer: Value = serde_json::from_str(text.lines().next().expect("it was killed")).unwrap();
    expect(&answer, 2);
    assert!(answer["message"].as_str().unwrap().contains("1048576"), "{answer}");
    assert_eq!(names_in(&down), [""; 0]);
}

/// A file that another program holds a lease on is read once that program has let go. Nobody who
/// cancels has to wait for that.
#[test]
fn leased_files_are_read() {
    let bed = Bed::new(support::Api::V4);
    let (client, path) = (bed.client(), bed.file("leased", 1000));
    let holder = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    // SAFETY: the descriptor is open, and the calls touch no memory. SIGIO, which the system sends
    // to the holder, is ignored.
    let control = |command, kind: i32| unsafe {
        libc::signal(libc::SIGIO, libc::SIG_IGN);
        libc::fcntl(holder.as_raw_fd(), command, kind)
    };
    let lease = |kind| assert_eq!(control(libc::F_SETLEASE, kind), 0);
    // While the system asks the holder to let go, it tells what the lease is to become.
    let is_wanted = || control(libc::F_GETLEASE, 0) != libc::F_WRLCK;
    let upload = |what: &(dyn Fn() + Sync), handle: &Transfer| {
        lease(libc::F_WRLCK);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                wait_until("somebody who wants the file", is_wanted);
                what();
            });
            let watch = Watch { transfer: Some(handle), on_progress: None };
            upload_watched(&client, "/leased", &path, json!({}), watch)
        })
    };
    let cancelled = Transfer::default();
    expect(&upload(&|| cancelled.cancel(), &cancelled), 1);
    lease(libc::F_UNLCK);
    expect(&upload(&|| lease(libc::F_UNLCK), &Transfer::default()), 0);
    assert_same(&stored(&bed.emulator, "/leased").unwrap(), &content(1000));
}

#[test]
fn a_file_whose_size_is_not_that_of_its_content_is_no_success() {
    let bed = Bed::new(support::Api::V4);
    let client = bed.client();
    for options in [json!({}), json!({"verify_sha1": false}), json!({"slice_threshold": 0})] {
        let answer = upload(&client, "/a", Path::new("/proc/version"), options);
        expect(&answer, -1);
        assert!(answer["message"].as_str().unwrap().contains("cos_upload_buffer"), "{answer}");
    }
    assert_eq!(stored(&bed.emulator, "/a"), None);
}

/// The time of the last modification can be put back; the system keeps another one.
#[test]
fn a_file_that_was_written_to_and_looks_as_before_is_no_success() {
    for options in [json!({}), json!({"slice_threshold": 0, "concurrency": 1})] {
        let bed = Bed::new(support::Api::V4);
        let (client, path) = (bed.client(), bed.file("file", 6 * MIB));
        bed.emulator.inject(Fault::new(Action::Hold).op("upload_slice_data").forever());
        let is_changed = std::cell::Cell::new(false);
        let watch = cos::threads::Watch {
            transfer: None,
            on_progress: Some(Box::new(|_, _| {
                if !is_changed.replace(true) {
                    let before = fs::metadata(&path).unwrap().modified().unwrap();
                    let mut file = File::options().write(true).open(&path).unwrap();
                    file.write_all(b"changed").unwrap();
                    file.set_modified(before).unwrap();
                    bed.emulator.clear_faults();
                }
                true
            })),
        };
        let answer = upload_watched(&client, "/a", &path, options, watch);
        expect(&answer, 2);
        assert_eq!(stored(&bed.emulator, "/a"), None);
    }
}
