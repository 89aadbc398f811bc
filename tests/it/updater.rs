//! `examples-c/programs/asset_updater.cpp`, a whole program in C++: a directory of files is kept up to date.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use cos::ops::{file, folder};
use cos_emulator::{Action, End};
use serde_json::json;

use support::transfers::*;
use support::{APPID, Api, Bed, Link, Op, SECRET_ID, SECRET_KEY};
use support::{build, content, for_each_api, limited, remove_settings, succeed};

for_each_api! {
    a_release_arrives_whole_and_later_only_what_has_changed,
    an_interrupted_update_leaves_the_old_release_and_continues,
    a_release_that_is_published_anew_is_not_mixed_with_what_was_fetched_of_it,
    a_file_makes_room_for_a_directory_of_its_name_and_the_other_way_round,
    a_bad_release_changes_nothing,
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = support::target_dir().join("tmp/asset_updater");
        let mut compiler = Command::new("c++");
        compiler.args(["-std=c++17", "-O1", "-Wshadow", "-Wconversion", "-Wpedantic"]);
        compiler.args(["examples-c/programs/asset_updater.cpp", "-pthread"]);
        build(compiler, Link::Static, &program);
        program
    })
}

fn updater(bed: &Bed, arguments: &[&str]) -> Command {
    // Whoever started the tests in the background had them ignore Ctrl-C.
    let mut command = limited();
    command.args(["env", "--default-signal=INT"]).arg(program()).args(arguments);
    remove_settings(&mut command);
    command.envs([("COS_APPID", APPID), ("COS_SECRET_ID", SECRET_ID), ("COS_SCHEME", "http")]);
    command.envs([("COS_SECRET_KEY", SECRET_KEY), ("COS_BUCKET", PUBLIC)]);
    command.env("COS_API", bed.api.word());
    command.env("COS_HOSTNAME", bed.host()).env("COS_DOWNLOAD_HOSTNAME", bed.host());
    command.current_dir(bed.dir.path());
    command
}

fn run(bed: &Bed, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = updater(bed, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn done(bed: &Bed, arguments: &[&str]) -> String {
    let output = succeed(&mut updater(bed, arguments));
    String::from_utf8(output.stdout).unwrap()
}

/// The files of a directory, without the updater's own.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![directory.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.ends_with(".assets") {
                continue;
            }
            if entry.is_dir() {
                todo.push(entry);
                continue;
            }
            let name = entry.strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
            found.insert(name, fs::read(entry).unwrap());
        }
    }
    found
}

/// Publishes a release with these files.
fn publish(bed: &Bed, version: &str, files: &[(&str, Vec<u8>)]) {
    let directory = bed.path(version);
    for (name, bytes) in files {
        let file = directory.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let said = done(bed, &["publish", version, version]);
    assert_eq!(said, format!("published {version}: {} files were sent\n", files.len()));
}

fn a_release_arrives_whole_and_later_only_what_has_changed(api: Api) {
    let bed = Bed::new(api);
    let large = content(3 * MIB);
    let first = [
        ("index", b"one".to_vec()),
        ("levels/第一关/map x", large.clone()),
        ("levels/old", b"old".to_vec()),
        ("sounds/empty", Vec::new()),
    ];
    publish(&bed, "1.0", &first);
    assert_eq!(done(&bed, &["update", "game"]), "1.0: 4 files new, 0 removed, 0 as they were\n");
    assert_eq!(files(&bed.path("game")), files(&bed.path("1.0")));

    bed.emulator.clear_requests();
    assert_eq!(done(&bed, &["update", "game"]), "1.0: 0 files new, 0 removed, 4 as they were\n");
    let downloads = bed.logged(Op::Download);
    assert!(downloads.iter().all(|r| r.path.ends_with("/current")), "{downloads:?}");

    fs::write(bed.path("game/own settings"), "mine").unwrap();
    fs::remove_file(bed.path("game/sounds/empty")).unwrap();
    let second = [
        ("index", b"two".to_vec()),
        ("levels/第一关/map x", large),
        ("levels/new", b"new".to_vec()),
        ("sounds/empty", Vec::new()),
    ];
    publish(&bed, "1.1", &second);
    assert_eq!(done(&bed, &["update", "game"]), "1.1: 3 files new, 1 removed, 1 as they were\n");
    let mut expected = files(&bed.path("1.1"));
    expected.insert("own settings".into(), b"mine".to_vec());
    assert_eq!(files(&bed.path("game")), expected);
    assert_eq!(names_in(&bed.path("game/.assets")), ["installed"]);
}

fn an_interrupted_update_leaves_the_old_release_and_continues(api: Api) {
    let bed = Bed::new(api);
    publish(&bed, "1", &[("a", b"old".to_vec()), ("gone", b"old".to_vec())]);
    done(&bed, &["update", "game"]);
    publish(&bed, "2", &[("a", b"new".to_vec()), ("b", content(2 * MIB))]);

    interrupt_update(&bed, "/2/b");
    assert_eq!(files(&bed.path("game")), files(&bed.path("1")));

    bed.emulator.clear_requests();
    assert_eq!(done(&bed, &["update", "game"]), "2: 2 files new, 1 removed, 0 as they were\n");
    assert_eq!(files(&bed.path("game")), files(&bed.path("2")));
    let again = bed.logged(Op::Download);
    assert!(again.iter().all(|r| !r.path.ends_with("/2/a")), "{again:?}");
}

/// Ends an update when the server is silent in the midst of this file, and the file `a` is there.
fn interrupt_update(bed: &Bed, silent: &str) {
    let silence = bed.api.fault(Op::Download, Action::Drop { after: 600_000, end: End::Hang });
    bed.emulator.inject(silence.path(silent).forever());
    let mut command = updater(bed, &["update", "game"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let fetched = bed.path("game/.assets/fetched");
    wait_until("one file whole and one that has begun", || {
        let has_begun = bed.logged(Op::Download).iter().any(|record| record.fault.is_some());
        fetched.join("a").exists() && has_begun
    });
    succeed(Command::new("kill").args(["-s", "INT", &child_of(child.id())]));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("asset_updater: COS_ERR_CANCELLED"), "{said}");
    bed.emulator.clear_faults();
}

/// It has lost a file, and another one has other content of the same length.
fn a_release_that_is_published_anew_is_not_mixed_with_what_was_fetched_of_it(api: Api) {
    let bed = Bed::new(api);
    publish(&bed, "1", &[("a", b"old".to_vec()), ("b", b"b".to_vec()), ("c", content(2 * MIB))]);
    interrupt_update(&bed, "/1/c");
    expect(&reply(file::delete(&bed.client(), PUBLIC, "/releases/1/b", None)), 0);
    fs::remove_file(bed.path("1/b")).unwrap();
    fs::write(bed.path("1/a"), "new").unwrap();
    done(&bed, &["publish", "1", "1"]);
    assert_eq!(done(&bed, &["update", "game"]), "1: 2 files new, 0 removed, 0 as they were\n");
    assert_eq!(files(&bed.path("game")), files(&bed.path("1")));
}

fn a_file_makes_room_for_a_directory_of_its_name_and_the_other_way_round(api: Api) {
    let bed = Bed::new(api);
    let one = || b"1".to_vec();
    publish(&bed, "1", &[("file", one()), ("directory/deep/file", one()), ("gone/file", one())]);
    done(&bed, &["update", "game"]);
    publish(&bed, "2", &[("file/inside", one()), ("directory", one())]);
    assert_eq!(done(&bed, &["update", "game"]), "2: 2 files new, 3 removed, 0 as they were\n");
    assert_eq!(files(&bed.path("game")), files(&bed.path("2")));
    assert_eq!(names_in(&bed.path("game")), [".assets", "directory", "file"]);
}

/// The program that the limit of time has started.
fn child_of(limit: u32) -> String {
    let children = fs::read_to_string(format!("/proc/{limit}/task/{limit}/children")).unwrap();
    children.trim().to_owned()
}

fn a_bad_release_changes_nothing(api: Api) {
    let bed = Bed::new(api);
    publish(&bed, "1", &[("a", b"one".to_vec())]);
    done(&bed, &["update", "game"]);
    let installed = files(&bed.path("game"));
    let client = bed.client();
    expect(&reply(folder::create(&client, PUBLIC, "/releases/empty/", None)), 0);
    for (current, says) in [
        ("", "has no name of a release"),
        ("../secrets", "has no name of a release"),
        ("missing", "COS_ERR_NOT_FOUND"),
        ("empty", "the release empty has no files"),
        ("leaky", "can't be installed: .assets/installed"),
    ] {
        for (path, bytes) in [("leaky/.assets/installed", "[]"), ("current", current)] {
            let path = format!("/releases/{path}");
            let replace = json!({"insert_only": false});
            expect(&upload_bytes(&client, &path, bytes.as_bytes(), replace), 0);
        }
        let (code, out, err) = run(&bed, &["update", "game"]);
        assert!(
            code == Some(1) && out.is_empty() && err.contains(says),
            "{current}: {code:?} {out} {err}"
        );
        assert_eq!(files(&bed.path("game")), installed);
    }
    for name in ["", "..", "a/b"] {
        let (code, _, err) = run(&bed, &["publish", name, "1"]);
        assert!(code == Some(1) && err.contains("no name of a release: "), "{name}: {err}");
    }
    let (code, _, err) = run(&bed, &["update"]);
    assert!(code == Some(2) && err.starts_with("usage: asset_updater "), "{err}");
    let mut nobody = updater(&bed, &["update", "game"]);
    let output = nobody.env("COS_HOSTNAME", "localhost:1").output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
}
