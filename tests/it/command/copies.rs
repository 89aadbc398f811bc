//! What brings files from one place to another: cp, mv, sync, beyond single files.

use std::io::{BufRead, BufReader};
use std::time::{Duration, SystemTime};

use super::*;

for_each_api! {
    many_files_travel_at_a_time,
    no_option_changes_what_is_said_and_done,
    what_is_in_the_way_of_one_file_does_not_keep_the_rest,
    what_can_not_be_read_does_not_keep_the_rest_but_deletions,
    only_what_the_source_has_is_looked_for,
    a_service_that_asks_for_patience_gets_it,
    what_was_never_finished_is_not_unchanged,
    ctrl_c_never_contradicts_what_is_said,
    filters_choose_by_the_rules_of_gitignore,
    what_the_source_lacks_is_deleted_with_care,
    folders_count_as_what_is_deleted,
    a_dry_run_tells_of_what_really_happens,
    a_move_takes_no_more_than_was_copied,
    what_stands_for_a_link_of_the_source_is_not_deleted,
    a_file_that_changes_is_not_lost_by_its_move,
    a_file_that_is_replaced_is_not_lost_by_its_move,
    a_file_that_was_there_already_is_not_lost_by_a_move,
    nothing_is_done_in_a_dry_run,
    times_are_kept_and_compared,
    times_are_stored_with_what_is_there_already,
    only_newer_files_replace_with_update,
    folders_are_copied_and_moved_within_the_service,
    files_move_in_and_out,
    empty_folders_come_along_and_go,
    no_link_leads_out_of_the_destination,
    failures_are_told_and_the_rest_goes_on,
    a_service_that_is_gone_is_not_asked_for_each_file,
    ctrl_c_ends_many_copies_and_they_go_on_later,
}

fn write(bed: &Bed, name: &str, text: &str) {
    let path = bed.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What is at the service, as paths.
fn remote(bed: &Bed, folder: &str) -> Vec<String> {
    let folder = format!("cos://{folder}");
    let mut found: Vec<_> = run(bed, &["find", &folder])
        .out
        .lines()
        .map(|line| line[folder.len()..].replace("\\[", "["))
        .collect();
    found.sort();
    found
}

fn set_time(bed: &Bed, name: &str, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().write(true).open(bed.path(name)).unwrap().set_modified(time).unwrap();
}

fn time_of(bed: &Bed, name: &str) -> u64 {
    let time = fs::metadata(bed.path(name)).unwrap().modified().unwrap();
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn many_files_travel_at_a_time(api: Api) {
    let bed = Bed::new(api);
    let names: Vec<_> = (0..100).map(|i| format!("many/{i:02}")).collect();
    names.iter().for_each(|name| write(&bed, name, name));
    // No reply comes before four requests are under way.
    let together = |op, arguments: &[&str]| {
        bed.emulator.clear_requests();
        bed.emulator.inject(api.fault(op, Action::Hold).forever());
        let mut command = cos(&bed, arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until_held(&bed.emulator, 4);
        bed.emulator.clear_faults();
        wait(child).with_code(0).out
    };
    together(Op::Upload, &["sync", "-q", "many", "cos://private-bucket/sync/"]);
    let mut copy: Vec<_> = names.iter().map(String::as_str).collect();
    copy.insert(0, "cp");
    copy.push("cos://private-bucket/copy/");
    let said = together(Op::Upload, &copy);
    assert_eq!(bed.emulator.requests().len(), 100);
    // In their order, and with a sum.
    assert!(said.starts_with("many/00 -> cos://private-bucket/copy/00: 7 bytes in "), "{said}");
    assert!(said.contains("\ndone: 100, 700 bytes in "), "{said}");
    assert!(said.ends_with("; unchanged: 0, skipped: 0, failed: 0\n"), "{said}");
    fs::create_dir(bed.path("down")).unwrap();
    together(Op::Download, &["cp", "cos://private-bucket/copy/*", "down"]);
    assert_eq!(tree(&bed, "many"), tree(&bed, "down"));
    let json = run(&bed, &["cp", "-j", "many/07", "many/01", "cos://private-bucket/"]).replies();
    assert_eq!(json.len(), 2);
}

/// The lines, without what is different each time.
fn lines(said: &Said) -> Vec<String> {
    let without_time = |line: &str| line.split(" in ").next().unwrap().to_owned();
    said.out.lines().chain(said.err.lines()).map(without_time).collect()
}

/// Whether files are chosen or not.
fn no_option_changes_what_is_said_and_done(api: Api) {
    let bed = Bed::new(api);
    for name in ["here/a", "here/sub/b", "here/.x.cos-partial", "here/.x.cos"] {
        write(&bed, name, name);
    }
    write(&bed, &format!("here/{REFUSED}"), "");
    fs::create_dir(bed.path("here/empty")).unwrap();
    symlink("a", bed.path("here/link")).unwrap();
    let there = "cos://private-bucket/x/";
    let both = |arguments: &[&str], clean: &dyn Fn()| {
        let plain = run(&bed, &[&["sync"], arguments].concat());
        clean();
        let chosen = run(&bed, &[&["sync", "--exclude", "none"], arguments].concat());
        assert_eq!((plain.code, lines(&plain)), (chosen.code, lines(&chosen)));
        plain
    };
    let up = both(&["here", there], &|| {
        done(&bed, &["rm", "-rq", there]);
    });
    let up = up.with_code(2);
    for line in [
        "ignored    .x.cos-partial: an unfinished download",
        "ignored    link: a symbolic link",
        "created cos://private-bucket/x/empty/",
        "cos: sync: 1 of 5 failed",
    ] {
        assert!(lines(&up).iter().any(|found| found == line), "{line}: {up:?}");
    }
    assert_eq!(remote(&bed, "private-bucket/x/"), [".x.cos", "a", "sub/b"]);
    // A name that is the library's is no file's.
    done(&bed, &["cp", "here/a", "cos://private-bucket/x/sub/.x.cos-partial"]);
    let down = both(&[there, "back"], &|| fs::remove_dir_all(bed.path("back")).unwrap());
    let line = "ignored    sub/.x.cos-partial: it has the name of an unfinished download";
    assert!(lines(&down.with_code(0)).iter().any(|found| found == line));
    assert_eq!(names_in(&bed.path("back")), [".x.cos", "a", "empty", "sub"]);
    assert_eq!(names_in(&bed.path("back/sub")), ["b"]);
    // What else is here is nothing to tell of.
    symlink("a", bed.path("back/link")).unwrap();
    let again = both(&[there, "back"], &|| ());
    assert_eq!(again.out.lines().count(), 2, "{again:?}");
    assert!(again.out.contains("unchanged: 3, "), "{again:?}");
}

fn what_is_in_the_way_of_one_file_does_not_keep_the_rest(api: Api) {
    let bed = Bed::new(api);
    for name in ["directory/file", "file", "z"] {
        write(&bed, &format!("here/{name}"), name);
    }
    done(&bed, &["sync", "-q", "here", "cos://private-bucket/x/"]);
    write(&bed, "down/directory", "a file");
    write(&bed, "down/file/below", "a directory");
    let get = ["sync", "cos://private-bucket/x/", "down"];
    let said = run(&bed, &get).with_code(2).complaining("down/directory: Not a directory\n");
    assert!(said.err.contains("cos: sync: down/file: is a directory"), "{said:?}");
    assert!(said.err.ends_with("cos: sync: 2 of 3 failed\n"), "{said:?}");
    assert_eq!(fs::read(bed.path("down/z")).unwrap(), b"z");
    assert_eq!(fs::read(bed.path("down/directory")).unwrap(), b"a file");
    run(&bed, &["sync", "cos://private-bucket/x/", "down/z"]).with_code(2).complaining("down/z/: ");
}

fn what_can_not_be_read_does_not_keep_the_rest_but_deletions(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    write(&bed, "here/z", "z");
    let there = "cos://private-bucket/x/";
    for name in ["deep/old", "old"] {
        done(&bed, &["cp", "here/a", &format!("{there}{name}")]);
    }
    // A path that is too long for the system, which not even root can open.
    let name = "n".repeat(250);
    shell(
        &bed,
        &format!(
            "cd here; mkdir deep; cd deep; for i in {{1..18}}; do mkdir {name}; cd {name}; done"
        ),
    );
    let said = run(&bed, &["sync", "--delete", "here", there]).with_code(2);
    assert!(said.err.contains("File name too long\n"), "{said:?}");
    let end = "cos: sync: 1 of 3 failed\ncos: sync: nothing was deleted\n";
    assert!(said.err.ends_with(end) && said.out.ends_with("failed: 1\n"), "{said:?}");
    assert!(!said.out.contains("created"), "nobody knows that it is empty: {said:?}");
    assert_eq!(remote(&bed, "private-bucket/x/"), ["a", "deep/old", "old", "z"]);
    // On this side as well, where it is in the way of nothing.
    write(&bed, "here/more", "more");
    fs::remove_file(bed.path("here/a")).unwrap();
    for options in ["--delete", "--delete -u", "-u"] {
        let options = options.split(' ');
        let down = ["sync"].into_iter().chain(options).chain([there, "here"]).collect::<Vec<_>>();
        let said = run(&bed, &down);
        assert_eq!(said.code, if down.contains(&"--delete") { 2 } else { 0 }, "{said:?}");
        assert!(bed.path("here/more").exists() && bed.path("here/a").exists(), "{said:?}");
    }
}

/// A destination may have much more.
fn only_what_the_source_has_is_looked_for(api: Api) {
    let bed = Bed::new(api);
    for name in ["a", "b/x", "c/d/y", "e/f/z"] {
        write(&bed, &format!("all/{name}"), name);
    }
    let there = "cos://private-bucket/";
    done(&bed, &["sync", "-q", "all", there]);
    write(&bed, "here/a", "a");
    write(&bed, "here/c/d/y", "c/d/y");
    bed.emulator.clear_requests();
    let again = done(&bed, &["sync", "here", there]);
    assert!(again.contains("unchanged: 2, "), "{again}");
    // The root and two folders, or all in one page.
    assert_eq!(bed.logged(Op::List).len(), if api == Api::V4 { 3 } else { 1 });
    // Nor is anything else here looked at.
    fs::create_dir(bed.path("here/unknown")).unwrap();
    symlink("a", bed.path("here/unknown/link")).unwrap();
    write(&bed, "here/e", "in the way of a folder");
    let said = run(&bed, &["sync", there, "here"]).with_code(2);
    assert!(!said.out.contains("link") && said.out.contains("unchanged: 2, "), "{said:?}");
    assert_eq!(fs::read(bed.path("here/b/x")).unwrap(), b"b/x");
}

/// Where there is so much that it is less to ask for each file of the source.
#[test]
fn a_list_without_end_is_not_read_to_its_end() {
    let bed = Bed::new(Api::V4);
    write(&bed, "here/a", "a");
    write(&bed, "here/b", "b");
    done(&bed, &["cp", "here/a", "here/b", "cos://private-bucket/"]);
    write(&bed, "here/b", "B");
    let names: Vec<_> = (0..1000).map(|i| format!("{i:04}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    for number in 0..100 {
        bed.emulator.inject(Fault::new(page(&names, &format!("c{number}"))).op("list"));
    }
    bed.emulator.clear_requests();
    let said = done(&bed, &["sync", "here", "cos://private-bucket/"]);
    assert!(said.contains("here/b -> ") && said.contains("unchanged: 1, "), "{said}");
    assert!(bed.logged(Op::List).len() < 10 && bed.logged(Op::Stat).len() == 2);
    let kept = done(&bed, &["sync", "-n", "here", "cos://private-bucket/"]);
    assert!(kept.contains("unchanged: 2, skipped: 0, "), "{kept}");
    let older = done(&bed, &["sync", "-u", "here", "cos://private-bucket/"]);
    assert!(older.contains("unchanged: 0, skipped: 2, "), "{older}");
}

fn a_service_that_asks_for_patience_gets_it(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    bed.emulator.inject(api.fault(Op::Upload, html(503)).times(3));
    let up = ["sync", "--retries", "1", "here", "cos://private-bucket/x/"];
    assert!(done(&bed, &up).contains("done: 1, "));
    assert_eq!(bed.logged(Op::Upload).len(), 4);
    bed.emulator.inject(api.fault(Op::Upload, html(503)).times(3));
    write(&bed, "here/a", "b");
    run(&bed, &["sync", "--retries", "0", "here", "cos://private-bucket/x/"]).with_code(4);
}

/// All of it may be there already, but for the end.
fn what_was_never_finished_is_not_unchanged(api: Api) {
    let bed = Bed::new(api);
    for name in ["small", "large"] {
        let bytes = content(if name == "small" { 5 } else { 3 * MIB });
        fs::create_dir_all(bed.path("here")).unwrap();
        fs::write(bed.path("here").join(name), &bytes).unwrap();
        for folder in ["up", "within"] {
            let path = format!("/{folder}/{name}");
            crate::trees::leave_unfinished(&bed, &path, &bytes, Op::Finish);
        }
    }
    done(&bed, &["sync", "-q", "here", "cos://private-bucket/whole/"]);
    let up = ["sync", "here", "cos://private-bucket/up/"];
    let within = ["sync", "cos://private-bucket/whole/", "cos://private-bucket/within/"];
    for arguments in [up, within] {
        let said = done(&bed, &arguments);
        assert!(said.contains("\ndone: 2, "), "{said}");
        let said = done(&bed, &arguments);
        assert!(said.ends_with("; unchanged: 2, skipped: 0, failed: 0\n"), "{said}");
        let back = arguments[2].replace("cos://private-bucket/", "").replace('/', "");
        done(&bed, &["sync", "-q", arguments[2], &back]);
        assert_eq!(tree(&bed, "here"), tree(&bed, &back));
    }
}

/// Without a sum in the list, nothing is known of the content.
#[test]
fn what_has_no_sum_is_not_unchanged() {
    let bed = Bed::new(Api::V4);
    write(&bed, "here/a", "a");
    let infos = r#"[{"name":"a","filesize":1,"filelen":1,"sha":""}]"#;
    let body = format!(
        r#"{{"code":0,"message":"","data":{{"context":"","listover":true,"infos":{infos}}}}}"#
    );
    bed.emulator.inject(Fault::new(reply_with(200, "application/json", body)).op("list"));
    let said = done(&bed, &["sync", "here", "cos://private-bucket/"]);
    assert!(said.starts_with("here/a -> "), "{said}");
}

/// Whenever it comes: what is told is there, and the exit code says whether something is missing.
fn ctrl_c_never_contradicts_what_is_said(api: Api) {
    let bed = Bed::new(api);
    let bytes = fs::read(bed.file("large", 3 * MIB)).unwrap();
    done(&bed, &["cp", "large", "cos://private-bucket/"]);
    for number in 0..30 {
        let down = format!("down{number}");
        // Whoever started the tests in the background had them ignore Ctrl-C.
        let mut command = command(&bed, "env");
        command.args(["--default-signal=INT", "cos", "cp", "cos://private-bucket/large", &down]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(number * 2));
        succeed(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
        let said = wait(child);
        let is_there = bed.path(&down).exists();
        assert_eq!(said.out.contains(&format!("-> {down}: ")), is_there, "{said:?}");
        assert_eq!(said.code, if is_there { 0 } else { 130 }, "{said:?}");
        if is_there {
            assert_eq!(said.err, "");
            assert_same(&fs::read(bed.path(&down)).unwrap(), &bytes);
        }
    }
}

fn filters_choose_by_the_rules_of_gitignore(api: Api) {
    let bed = Bed::new(api);
    for name in
        ["a.txt", "a.tmp", "build/x", "sub/build/y.txt", "sub/b.txt", "深/你.tmp", "深/c [1]"]
    {
        write(&bed, &format!("here/{name}"), name);
    }
    for (number, (filters, expected)) in [
        (&["--exclude", "*.tmp"][..], "a.txt build/x sub/b.txt sub/build/y.txt 深/c [1]"),
        (&["--exclude", "build/"], "a.tmp a.txt sub/b.txt 深/c [1] 深/你.tmp"),
        (&["--exclude", "/build"], "a.tmp a.txt sub/b.txt sub/build/y.txt 深/c [1] 深/你.tmp"),
        (&["--exclude", "sub/*"], "a.tmp a.txt build/x 深/c [1] 深/你.tmp"),
        (&["--exclude", "**/*.txt"], "a.tmp build/x 深/c [1] 深/你.tmp"),
        (&["--exclude", "*", "--include", "*.txt"], "a.txt sub/b.txt sub/build/y.txt"),
        (&["--include", "*.txt", "--exclude", "build"], "a.txt sub/b.txt"),
        (&["--include", "深/"], "深/c [1] 深/你.tmp"),
        (&["--include", "?.tmp"], "a.tmp 深/你.tmp"),
        (&["--include", "[a-b].t[!x]*"], "a.tmp"),
        (&["--include", "c \\[1]"], "深/c [1]"),
        (&["--include", "none"], ""),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = format!("private-bucket/{number}/");
        let there = format!("cos://{folder}");
        done(&bed, &[&["sync", "-q"], filters, &["here", &there]].concat());
        assert_eq!(remote(&bed, &folder).join(" "), expected, "{filters:?}");
    }
    // The same on the way back, and for a copy with its name.
    done(&bed, &["cp", "-qr", "here", "cos://private-bucket/all/"]);
    fs::create_dir(bed.path("back")).unwrap();
    done(&bed, &["cp", "-r", "--exclude", "build/", "cos://private-bucket/all/here/", "back"]);
    assert_eq!(names_in(&bed.path("back/here")), ["a.tmp", "a.txt", "sub", "深"]);
    assert_eq!(names_in(&bed.path("back/here/sub")), ["b.txt"]);
}

fn what_the_source_lacks_is_deleted_with_care(api: Api) {
    let bed = Bed::new(api);
    for name in ["a", "b", "sub/c", "keep.me"] {
        write(&bed, &format!("here/{name}"), name);
    }
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-q", "here", there]);
    fs::remove_file(bed.path("here/a")).unwrap();
    fs::remove_file(bed.path("here/sub/c")).unwrap();
    fs::remove_file(bed.path("here/keep.me")).unwrap();
    let delete = ["sync", "--delete", "--exclude", "keep*", "here", there];
    let few = ["sync", "--delete", "--max-delete", "1", "--exclude", "keep*", "here", there];
    run(&bed, &few).with_code(2).complaining("2 files of cos://private-bucket/x/ would be deleted");
    assert_eq!(remote(&bed, "private-bucket/x/").len(), 4);
    // Not if something failed.
    write(&bed, &format!("here/{REFUSED}"), "");
    run(&bed, &delete).with_code(2).complaining("nothing was deleted");
    assert_eq!(remote(&bed, "private-bucket/x/").len(), 4);
    fs::remove_file(bed.path("here").join(REFUSED)).unwrap();
    let said = done(&bed, &delete);
    assert!(said.contains("deleted cos://private-bucket/x/sub/c\n"), "{said}");
    assert!(said.ends_with("deleted: 2, failed: 0\n"), "{said}");
    assert_eq!(remote(&bed, "private-bucket/x/"), ["b", "keep.me"]);
    // An empty source is more often a mistake than a wish.
    fs::create_dir(bed.path("empty")).unwrap();
    run(&bed, &["sync", "--delete", "empty", there]).with_code(2).complaining("has no files");
    run(&bed, &["sync", "--delete", "missing", there])
        .with_code(2)
        .complaining("missing/: No such");
    run(&bed, &["sync", "--delete", "cos://private-bucket/none/", "here"]).with_code(3);
    assert_eq!(names_in(&bed.path("here")), ["b", "sub"]);
    done(&bed, &["sync", "--delete", "-f", "empty", there]);
    assert!(remote(&bed, "private-bucket/x/").is_empty());
    // On this side as well.
    done(&bed, &["sync", "-q", "here", there]);
    write(&bed, "here/深/more", "");
    done(&bed, &["sync", "--delete", there, "here"]);
    assert!(!bed.path("here/深/more").exists() && bed.path("here/b").exists());
    for alone in
        [&["sync", "--max-delete", "1", "here", there], &["sync", "-f", "-q", "here", there]]
    {
        run(&bed, alone).with_code(2).complaining("with --delete");
    }
}

fn folders_count_as_what_is_deleted(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    fs::create_dir(bed.path("empty")).unwrap();
    let there = "cos://private-bucket/x/";
    done(&bed, &["mkdir", "cos://private-bucket/x/e1/", "cos://private-bucket/x/e2/"]);
    let delete = ["sync", "--delete", "--max-delete", "1", "here", there];
    run(&bed, &delete).with_code(2).complaining("2 folders of cos://private-bucket/x/ would");
    run(&bed, &["sync", "--delete", "empty", there]).with_code(2).complaining("has no files");
    done(&bed, &["cp", "-q", "here/a", "cos://private-bucket/x/b"]);
    run(&bed, &delete).with_code(2).complaining("1 files and 2 folders of cos://private-bucket/x/");
    done(&bed, &["sync", "--delete", "--max-delete", "3", "here", there]);
    assert_eq!(done(&bed, &["find", there]), "cos://private-bucket/x/a\n");
}

fn a_dry_run_tells_of_what_really_happens(api: Api) {
    let bed = Bed::new(api);
    for name in ["here/out/g1", "here/out/f1", "here/out/in/f2", "down/a/k"] {
        write(&bed, name, name);
    }
    fs::create_dir(bed.path("empty")).unwrap();
    for folder in ["out", "out/in"] {
        done(&bed, &["mkdir", "-q", &format!("cos://private-bucket/x/{folder}/")]);
    }
    done(&bed, &["sync", "-q", "here", "cos://private-bucket/x/"]);
    // What is left out keeps the folder that it is in.
    let delete = ["sync", "-f", "--delete", "--exclude", "g*", "empty", "cos://private-bucket/x/"];
    let dry = done(&bed, &[&delete[..], &["--dry-run"]].concat());
    let real = done(&bed, &delete);
    let deleted = |said: &str, begin: &str| -> Vec<String> {
        said.lines().filter_map(|line| line.strip_prefix(begin)).map(str::to_owned).collect()
    };
    assert_eq!(deleted(&dry, "would delete cos://"), deleted(&real, "deleted cos://"));
    assert_eq!(remote(&bed, "private-bucket/x/"), ["out/g1"]);
    // A directory is in the way.
    done(&bed, &["cp", "-q", "here/out/f1", "cos://private-bucket/y/a"]);
    let sync = ["sync", "--delete", "cos://private-bucket/y/", "down"];
    for dry in [&["--dry-run"][..], &[]] {
        let said = run(&bed, &[&sync, dry].concat()).with_code(2);
        let said = said.complaining("down/a: is a directory, not a file");
        assert!(
            said.err.contains("nothing was deleted") && !said.out.contains("delete"),
            "{said:?}"
        );
    }
}

fn a_move_takes_no_more_than_was_copied(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/sub/a", "a");
    symlink("here", bed.path("link")).unwrap();
    done(&bed, &["mv", "-r", "link", "cos://private-bucket/x/"]);
    assert_eq!(remote(&bed, "private-bucket/x/"), ["link/sub/a"]);
    assert!(bed.path("link").is_symlink());
    assert_eq!(fs::read_dir(bed.path("here")).unwrap().count(), 0);
}

/// Other clients can store it under the key of a folder.
#[test]
fn the_content_of_a_folder_itself_is_not_lost() {
    let bed = Bed::new(Api::V5);
    bed.put(BUCKET, "x/dir/", "precious");
    fs::create_dir(bed.path("here")).unwrap();
    let (there, dir) = ("cos://private-bucket/x/", "cos://private-bucket/x/dir/");
    let complaint = format!("{dir}: a folder with content of its own, which can't be copied");
    for from in [there, dir] {
        for arguments in [
            &["cp", "-r", from, "."][..],
            &["mv", "-r", from, "cos://private-bucket/y/"],
            &["mv", "-r", from, "."],
            &["sync", from, "down"],
            &["sync", "--delete", from, "cos://private-bucket/y/"],
        ] {
            run(&bed, arguments).with_code(2).complaining(&complaint);
            run(&bed, &[arguments, &["--dry-run"]].concat()).with_code(2).complaining(&complaint);
        }
    }
    done(&bed, &["mv", "-r", "--exclude", "dir/", there, "."]);
    let deleted = done(&bed, &["sync", "--delete", "-f", "here", there]);
    assert!(!deleted.contains("deleted"), "{deleted}");
    let dry = done(&bed, &["rm", "-r", "--dry-run", there]);
    assert!(dry.contains(&format!("would delete {dir}\n")), "{dry}");
    assert!(done(&bed, &["find", "--type", "d", there]).contains(dir));
    done(&bed, &["rm", "-r", there]);
    run(&bed, &["exists", dir]).with_code(3);
}

fn what_stands_for_a_link_of_the_source_is_not_deleted(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "site/a", "a");
    write(&bed, "elsewhere/x", "x");
    for name in ["link/x", "link2", "old"] {
        done(&bed, &["cp", "site/a", &format!("cos://private-bucket/site/{name}")]);
    }
    std::os::unix::fs::symlink("../elsewhere", bed.path("site/link")).unwrap();
    std::os::unix::fs::symlink("../elsewhere/x", bed.path("site/link2")).unwrap();
    done(&bed, &["sync", "--delete", "site", "cos://private-bucket/site/"]);
    assert_eq!(remote(&bed, "private-bucket/site/"), ["a", "link/x", "link2"]);
}

fn a_file_that_changes_is_not_lost_by_its_move(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "log", "first");
    bed.emulator.inject(api.fault(Op::Upload, Action::Hold));
    let mut command = cos(&bed, &["mv", "log", "cos://private-bucket/log"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_held(&bed.emulator, 1);
    fs::write(bed.path("log"), "first and second").unwrap();
    bed.emulator.clear_faults();
    let said = wait(child);
    assert_ne!(said.code, 0, "{said:?}");
    assert_eq!(fs::read_to_string(bed.path("log")).unwrap(), "first and second");
}

fn a_file_that_is_replaced_is_not_lost_by_its_move(api: Api) {
    let bed = Bed::new(api);
    let first = "first".repeat(500);
    write(&bed, "first", &first);
    write(&bed, "other", "other");
    let there = "cos://private-bucket/a";
    done(&bed, &["cp", "-q", "first", there]);
    bed.emulator.inject(api.fault(Op::Download, Action::Hold));
    fs::create_dir(bed.path("down")).unwrap();
    let mut command = cos(&bed, &["mv", there, "down/"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_held(&bed.emulator, 1);
    done(&bed, &["cp", "-q", "other", there]);
    bed.emulator.clear_faults();
    wait(child).with_code(2).complaining("has changed since it was copied");
    assert_eq!(fs::read_to_string(bed.path("down/a")).unwrap(), first);
    assert_eq!(done(&bed, &["cat", there]), "other");
}

/// The content that was compared is that of the list.
fn a_file_that_was_there_already_is_not_lost_by_a_move(api: Api) {
    let bed = Bed::new(api);
    for name in ["m/a", "m/b", "here/b"] {
        write(&bed, name, "same");
    }
    write(&bed, "other", "other");
    done(&bed, &["cp", "-q", "-r", "m", "cos://private-bucket/"]);
    fs::create_dir(bed.path("down")).unwrap();
    fs::rename(bed.path("here"), bed.path("down/m")).unwrap();
    // The first file holds up the second.
    bed.emulator.inject(api.fault(Op::Download, Action::Hold).path("m/a"));
    let mut command = cos(&bed, &["mv", "-r", "-C", "1", "cos://private-bucket/m/", "down/"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_held(&bed.emulator, 1);
    let replace = ["cp", "-q", "other", "cos://private-bucket/m/b"];
    done(&bed, &replace);
    bed.emulator.clear_faults();
    let said = wait(child);
    let is_kept = remote(&bed, "private-bucket/m/") == ["b"]
        && done(&bed, &["cat", "cos://private-bucket/m/b"]) == "other";
    let is_moved = fs::read_to_string(bed.path("down/m/b")).unwrap() == "other";
    assert!(is_kept || is_moved, "{said:?}");
    // With -n what is there stays, on both sides.
    done(&bed, &replace);
    write(&bed, "down/m/b", "other");
    let said = done(&bed, &["mv", "-rn", "cos://private-bucket/m/", "down/"]);
    assert!(said.contains("cos://private-bucket/m/b -> down/m/b: exists, skipped\n"), "{said}");
    assert_eq!(remote(&bed, "private-bucket/m/"), ["b"]);
}

fn nothing_is_done_in_a_dry_run(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    write(&bed, "here/sub/b", "b");
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-q", "here", there]);
    write(&bed, "here/a", "A");
    write(&bed, "here/c", "c");
    fs::remove_file(bed.path("here/sub/b")).unwrap();
    bed.emulator.clear_requests();
    let said = done(&bed, &["sync", "--dry-run", "--delete", "here", there]);
    // Without the file in it, the folder is none to the XML API.
    let folder = if api == Api::V5 { "would create cos://private-bucket/x/sub/\n" } else { "" };
    assert_eq!(
        said.replacen(folder, "", 1),
        "would copy here/a -> cos://private-bucket/x/a\nwould copy here/c -> cos://private-bucket/x/c\n\
         would be done: 2, 2 bytes; unchanged: 0, skipped: 0, failed: 0\n\
         would delete cos://private-bucket/x/sub/b\n"
    );
    for arguments in [
        &["cp", "--dry-run", "here/a", there][..],
        &["cp", "--dry-run", "-r", "here", there],
        &["cp", "--dry-run", "-", "cos://private-bucket/x/piped"],
        &["cp", "--dry-run", "cos://private-bucket/x/a", "-"],
        &["mv", "--dry-run", "-r", there, "cos://private-bucket/y/"],
        &["mv", "--dry-run", "here/a", there],
        &["rm", "--dry-run", "-r", there],
    ] {
        let said = done(&bed, arguments);
        assert!(said.starts_with("would "), "{arguments:?}: {said}");
    }
    // What is there would be kept, as it is without --dry-run.
    write(&bed, "x/a", "own");
    for arguments in [
        &["mv", "-n", "here/a", "cos://private-bucket/x/a"][..],
        &["mv", "-n", "cos://private-bucket/x/a", "x/a"],
        &["cp", "-n", "cos://private-bucket/x/a", "cos://private-bucket/x/sub/b"],
        &["mv", "-rn", there, "."],
    ] {
        let dry = done(&bed, &[arguments, &["--dry-run"]].concat());
        assert!(dry.contains(": exists, skipped\n"), "{arguments:?}: {dry}");
    }
    // What can be known is told, as it is without --dry-run.
    let a = "cos://private-bucket/x/a";
    for (arguments, about) in [
        (["cp", "missing", there], "missing: "),
        (["mv", "here/a", "cos://private-bucket/y/../z"], "y/../z: must not contain"),
        (["cp", "here/a", "cos://private-bucket/a\nb"], "control characters"),
        (["cp", a, "cos://private-bucket/y/../z"], "y/../z: must not contain"),
        (["cp", a, "nowhere/x"], "nowhere/x: can't be created"),
        (["cp", "-", there], "needs a name"),
    ] {
        for options in [&["--dry-run"][..], &[]] {
            run(&bed, &[&arguments, options].concat()).with_code(2).complaining(about);
        }
    }
    done(&bed, &["sync", "--dry-run", there, "nowhere"]);
    assert!(!bed.path("nowhere").exists());
    assert_eq!(sent(&bed) + bed.logged(Op::Delete).len(), 0);
    assert_eq!(remote(&bed, "private-bucket/x/"), ["a", "sub/b"]);
    assert!(bed.path("here/a").exists());
}

fn times_are_kept_and_compared(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    write(&bed, "here/b", "b");
    set_time(&bed, "here/a", 1_600_000_000);
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-qt", "here", there]);
    let shown = done(&bed, &["stat", "cos://private-bucket/x/a"]);
    assert!(shown.contains("header     x-cos-meta-mtime: 1600000000\n"), "{shown}");
    // Time and size are enough, unless contents are to be looked at.
    write(&bed, "here/a", "A");
    set_time(&bed, "here/a", 1_600_000_000);
    assert!(done(&bed, &["sync", "-t", "here", there]).contains("unchanged: 2"));
    assert!(done(&bed, &["sync", "-t", "--checksum", "here", there]).contains("unchanged: 1"));
    assert_eq!(done(&bed, &["cat", "cos://private-bucket/x/a"]), "A");
    done(&bed, &["sync", "-qt", there, "back"]);
    assert_eq!(time_of(&bed, "back/a"), 1_600_000_000);
    set_time(&bed, "back/a", 1_700_000_000);
    assert!(done(&bed, &["sync", "-t", there, "back"]).contains("unchanged: 2"));
    assert_eq!(time_of(&bed, "back/a"), 1_600_000_000);
    done(&bed, &["cp", "-t", "cos://private-bucket/x/a", "single"]);
    assert_eq!(time_of(&bed, "single"), 1_600_000_000);
    run(&bed, &["sync", "--checksum", "here", there]).with_code(2).complaining("--times");
}

fn times_are_stored_with_what_is_there_already(api: Api) {
    let bed = Bed::new(api);
    for (name, text) in [("a", "a"), ("large", &"large".repeat(300_000))] {
        write(&bed, &format!("here/{name}"), text);
        set_time(&bed, &format!("here/{name}"), 1_600_000_000);
    }
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-q", "-H", "Cache-Control:no-cache", "here", there]);
    let up = ["sync", "-t", "here", there];
    let counted = |arguments: &[&str], ops: [usize; 5]| {
        bed.emulator.clear_requests();
        let said = done(&bed, arguments);
        assert!(said.ends_with("unchanged: 2, skipped: 0, failed: 0\n"), "{said}");
        let all = [Op::List, Op::Stat, Op::ListSlices, Op::Update, Op::Upload];
        assert_eq!(all.map(|op| bed.logged(op).len()), ops, "{arguments:?}");
    };
    // The JSON API is asked whether the file was ever finished; with the XML API, a change is a copy, for which
    // the library looks at the file itself.
    let contents = if api == Api::V4 { 2 } else { 0 };
    let stats = if api == Api::V4 { 2 } else { 4 };
    counted(&["sync", "-t", "--dry-run", "here", there], [1, 2, contents, 0, 0]);
    counted(&up, [1, stats, contents, 2, 0]);
    counted(&up, [1, 2, 0, 0, 0]);
    set_time(&bed, "here/a", 1_500_000_000);
    let stats = if api == Api::V4 { 2 } else { 3 };
    counted(&["sync", "-t", "--checksum", "here", there], [1, stats, contents, 1, 0]);
    let shown = done(&bed, &["stat", "cos://private-bucket/x/a"]);
    assert!(shown.contains("x-cos-meta-mtime: 1500000000\n"), "{shown}");
    assert!(shown.contains("Cache-Control: no-cache\n"), "{shown}");
    // What is in the way is told as of any file.
    set_time(&bed, "here/a", 1_400_000_000);
    bed.emulator.inject(api.fault(Op::Update, html(403)));
    let said = run(&bed, &up).with_code(1).complaining("private-bucket/x/a: ");
    assert!(said.out.ends_with("unchanged: 1, skipped: 0, failed: 1\n"), "{said:?}");
    // Within the service, nothing but contents is compared.
    let copy = "cos://private-bucket/copy/";
    done(&bed, &["sync", "-qt", there, copy]);
    set_time(&bed, "here/large", 1_400_000_000);
    done(&bed, &["sync", "-qt", "here", there]);
    assert!(done(&bed, &["sync", "-t", there, copy]).contains("unchanged: 2, "));
    let shown = done(&bed, &["stat", "cos://private-bucket/copy/large"]);
    assert!(shown.contains("x-cos-meta-mtime: 1600000000\n"), "{shown}");
}

/// A change of headers is a copy, which has to be told who may read it.
#[test]
fn access_that_is_lost_with_a_change_of_headers_is_told() {
    let bed = Bed::new(Api::V5);
    write(&bed, "here/a", "a");
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-q", "--acl", "public-read", "here", there]);
    for arguments in [
        &["sync", "-t", "here", there][..],
        &["set", "-H", "Cache-Control:a", &format!("{there}a")],
    ] {
        let message = Some("No.".into());
        let denied =
            Action::Error { code: "AccessDenied".into(), status: None, message, execute: false };
        bed.emulator.inject(Fault::new(denied).op("get_object_acl").forever());
        let said = run(&bed, arguments).with_code(0);
        said.complaining("warning: cos://private-bucket/x/a: who may read it");
        bed.emulator.clear_faults();
    }
}

fn only_newer_files_replace_with_update(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-q", "here", there]);
    write(&bed, "here/a", "older");
    set_time(&bed, "here/a", 1_600_000_000);
    let passed_over = "unchanged: 0, skipped: 1, failed: 0\n";
    let said = done(&bed, &["sync", "-u", "here", there]);
    assert!(said.starts_with("done: ") && said.ends_with(passed_over), "{said}");
    for options in [&["-u"][..], &["-u", "--dry-run"]] {
        let line = "here/a -> cos://private-bucket/x/a: not newer, skipped\n";
        for command in ["cp", "mv"] {
            let said = done(&bed, &[&[command], options, &["here/a", there]].concat());
            assert_eq!(said, line);
        }
        let to = "cos://private-bucket/x";
        let said = done(&bed, &[&["mv", "-r"], options, &["here", to]].concat());
        assert!(said.starts_with(line) && said.ends_with(passed_over), "{said}");
    }
    assert!(bed.path("here/a").exists());
    assert_eq!(done(&bed, &["cat", "cos://private-bucket/x/a"]), "a");
    set_time(&bed, "here/a", 4_000_000_000);
    done(&bed, &["cp", "-u", "cos://private-bucket/x/a", "here/a"]);
    assert_eq!(fs::read(bed.path("here/a")).unwrap(), b"older");
    done(&bed, &["sync", "-u", "here", there]);
    assert_eq!(done(&bed, &["cat", "cos://private-bucket/x/a"]), "older");
}

fn folders_are_copied_and_moved_within_the_service(api: Api) {
    let bed = Bed::new(api);
    for name in ["a", "sub/b", "深/c"] {
        write(&bed, &format!("here/{name}"), name);
    }
    done(&bed, &["sync", "-q", "here", "cos://private-bucket/x/"]);
    bed.emulator.clear_requests();
    done(&bed, &["cp", "-r", "cos://private-bucket/x/", "cos://private-bucket/copies/"]);
    done(&bed, &["cp", "-r", "cos://private-bucket/x/", "cos://private-bucket/named"]);
    assert_eq!(remote(&bed, "private-bucket/copies/"), ["x/a", "x/sub/b", "x/深/c"]);
    assert_eq!(remote(&bed, "private-bucket/named/"), ["a", "sub/b", "深/c"]);
    let again = done(&bed, &["sync", "cos://private-bucket/x/", "cos://private-bucket/named/"]);
    assert!(again.ends_with("unchanged: 3, skipped: 0, failed: 0\n"), "{again}");
    done(&bed, &["mv", "-r", "cos://private-bucket/named/", "cos://private-bucket/moved"]);
    assert_eq!(remote(&bed, "private-bucket/moved/"), ["a", "sub/b", "深/c"]);
    run(&bed, &["exists", "cos://private-bucket/named/"]).with_code(3);
    done(&bed, &["mv", "cos://private-bucket/moved/*", "-r", "cos://private-bucket/up/"]);
    assert_eq!(remote(&bed, "private-bucket/up/"), ["a", "sub/b", "深/c"]);
    assert_eq!((sent(&bed), bed.logged(Op::Download).len()), (0, 0), "nothing came here");
    for inside in [
        ["cp", "-r", "cos://private-bucket/x/", "cos://private-bucket/x/sub/"],
        ["mv", "-r", "cos://private-bucket/x/", "cos://private-bucket/x/"],
        ["sync", "-q", "cos://private-bucket/x/", "cos://private-bucket/x/sub/"],
    ] {
        run(&bed, &inside).with_code(2).complaining("in");
    }
    assert_eq!(remote(&bed, "private-bucket/x/"), ["a", "sub/b", "深/c"]);
    let elsewhere = ["mv", "-r", "cos://private-bucket/x/", "cos://public-bucket/"];
    if api == Api::V5 {
        done(&bed, &elsewhere);
        assert_eq!(remote(&bed, "public-bucket/"), ["x/a", "x/sub/b", "x/深/c"]);
        assert!(remote(&bed, "private-bucket/x/").is_empty());
    } else {
        let (from, to) = (elsewhere[2], elsewhere[3]);
        let nothing = "cos://public-bucket/none";
        bed.emulator.clear_requests();
        for arguments in [
            &elsewhere[..],
            &["cp", "-r", "--dry-run", from, to],
            &["sync", from, to],
            &["mv", nothing, "cos://private-bucket/x"],
            &["cp", "here/a", nothing, "cos://private-bucket/"],
        ] {
            let said = run(&bed, arguments).with_code(2).complaining("within one bucket");
            assert_eq!(said.err.lines().count(), 2, "{said:?}");
        }
        assert!(bed.emulator.requests().is_empty(), "nothing was asked");
    }
}

/// The emulator is the proxy, and so every host.
#[test]
fn files_come_from_another_region() {
    let bed = Bed::configured(Api::V5, |config| {
        let far = Bucket::private("far-bucket").region("ap-guangzhou");
        config.buckets.push(far);
    });
    let regional = |arguments: &[&str]| {
        let mut command = cos(&bed, arguments);
        for variable in ["COS_HOSTNAME", "COS_DOWNLOAD_HOSTNAME", "COS_API"] {
            command.env_remove(variable);
        }
        let proxy = format!("http://127.0.0.1:{}", bed.emulator.port());
        command.env("COS_REGION", "ap-shanghai").env("COS_PROXY", proxy);
        Said::of(command.output().unwrap())
    };
    let there = |arguments: &[&str]| {
        regional(&[arguments, &["--region", "ap-guangzhou"]].concat()).with_code(0).out
    };
    let from_there = |arguments: &[&str]| {
        let said = regional(&[arguments, &["--source-region", "gz"]].concat()).with_code(0);
        assert_eq!(said.err, "", "{arguments:?}");
        said.out
    };
    let here = |folder: &str| regional(&["find", folder]).with_code(0).out.lines().count();
    for name in ["d/a", "d/b", "d/e/c"] {
        write(&bed, name, name);
    }
    there(&["cp", "-r", "d", "cos://far-bucket/"]);
    let (file, to) = ("cos://far-bucket/d/a", "cos://private-bucket/");
    let said = regional(&["cp", file, to]).with_code(3);
    said.complaining("--region is where the copy goes, --source-region where the source is");
    let said = regional(&["sync", "cos://far-bucket/d/", "cos://private-bucket/d/"]).with_code(3);
    said.complaining("--source-region");
    let said = regional(&["cp", file, "."]).with_code(3).complaining("--region gives another one");
    assert!(!said.err.contains("--source-region"), "{said:?}");
    from_there(&["cp", file, to]);
    assert_eq!(regional(&["cat", "cos://private-bucket/a"]).out, "d/a");
    assert!(from_there(&["cp", "--dry-run", file, to]).starts_with("would copy "));
    from_there(&["cp", "-u", file, to]);
    from_there(&["cp", "cos://far-bucket/d/[ab]*", "cos://private-bucket/glob/"]);
    assert_eq!(here("cos://private-bucket/glob/"), 2);
    from_there(&["cp", "-r", "cos://far-bucket/d/", "cos://private-bucket/all/"]);
    assert_eq!(here("cos://private-bucket/all/d/"), 3);
    let sync = ["sync", "--delete", "cos://far-bucket/d/", "cos://private-bucket/all/d/"];
    let said = from_there(&sync);
    assert!(said.contains("unchanged: 3"), "{said}");
    there(&["rm", "cos://far-bucket/d/b"]);
    from_there(&sync);
    assert_eq!(here("cos://private-bucket/all/d/"), 2);
    // What is moved goes there, and stays here.
    from_there(&["mv", file, "cos://private-bucket/moved"]);
    from_there(&["mv", "-r", "cos://far-bucket/d/", "cos://private-bucket/moved-too/"]);
    assert_eq!(there(&["find", "cos://far-bucket/"]), "");
    assert_eq!(regional(&["cat", "cos://private-bucket/moved-too/d/e/c"]).out, "d/e/c");
    assert_eq!(regional(&["cat", "cos://private-bucket/moved"]).out, "d/a");
    let option = ["--source-region", "ap-guangzhou"];
    for places in [["d/a", to], [file, "x"], [file, "-"]] {
        let said = regional(&[&["cp"], &option[..], &places].concat()).with_code(2);
        said.complaining("from cos:// to cos://");
    }
    let wrong = ["cp", "--source-region", "Guangzhou", file, to];
    regional(&wrong).with_code(2).complaining(": --source-region must be");
    let v4 = Bed::new(Api::V4);
    let said = run(&v4, &[&["cp"], &option[..], &[file, to]].concat()).with_code(2);
    said.complaining("XML API");
}

fn files_move_in_and_out(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "a", "a");
    write(&bed, "tree/sub/b", "b");
    done(&bed, &["mv", "a", "cos://private-bucket/in/"]);
    assert!(!bed.path("a").exists());
    done(&bed, &["mv", "cos://private-bucket/in/a", "out"]);
    assert_eq!(fs::read(bed.path("out")).unwrap(), b"a");
    run(&bed, &["exists", "cos://private-bucket/in/a"]).with_code(3);
    done(&bed, &["mv", "-r", "tree", "cos://private-bucket/"]);
    assert!(!bed.path("tree/sub/b").exists());
    done(&bed, &["mv", "-r", "cos://private-bucket/tree/", "."]);
    assert_eq!(fs::read(bed.path("tree/sub/b")).unwrap(), b"b");
    // What does not arrive stays.
    bed.emulator.inject(api.fault(Op::Upload, html(403)).forever());
    run(&bed, &["mv", "out", "cos://private-bucket/"]).with_code(1);
    assert!(bed.path("out").exists());
    // So does what can't be deleted: that is told, also if the copy was there already.
    bed.emulator.clear_faults();
    done(&bed, &["cp", "-r", "tree", "cos://private-bucket/"]);
    fs::remove_dir_all(bed.path("tree")).unwrap();
    bed.emulator.inject(api.fault(Op::Delete, html(403)).times(2));
    for _ in 0..2 {
        let said = run(&bed, &["mv", "-r", "cos://private-bucket/tree/", "."]).with_code(1);
        said.complaining("tree/sub/b was copied to ./tree/sub/b, and is still there\n");
    }
    run(&bed, &["mv", "-", "cos://private-bucket/x"]).with_code(2).complaining("files and folders");
    run(&bed, &["mv", "tree", "cos://private-bucket/x"]).with_code(2).complaining("-r moves");
}

/// Also where each file is looked at, and whatever is left out.
fn empty_folders_come_along_and_go(api: Api) {
    let bed = Bed::new(api);
    write(&bed, "here/a", "a");
    write(&bed, "here/emptied/x.tmp", "x");
    write(&bed, "here/left/y", "y");
    for name in ["here/none", "here/in/深"] {
        fs::create_dir_all(bed.path(name)).unwrap();
    }
    let folders = |there: &str| {
        let found = done(&bed, &["find", "--type", "d", there]);
        let mut names: Vec<_> = found.lines().map(|line| &line[there.len()..]).collect();
        names.sort_unstable();
        names.join(" ")
    };
    let there = "cos://private-bucket/x/";
    let up = ["sync", "--exclude", "*.tmp", "--exclude", "left/", "here", there];
    let said = done(&bed, &up);
    assert!(said.contains("created cos://private-bucket/x/none/\n"), "{said}");
    assert!(said.contains("done: 1, 1 byte in "), "{said}");
    assert_eq!(folders(there), "in/ in/深/ none/");
    assert!(!done(&bed, &up).contains("created"), "they are there");
    assert_eq!(folders(there), "in/ in/深/ none/");
    done(&bed, &["sync", there, "cos://private-bucket/copy/"]);
    assert_eq!(folders("cos://private-bucket/copy/"), "in/ in/深/ none/");
    done(&bed, &["cp", "-rt", there, "."]);
    assert!(bed.path("x/in/深").is_dir() && bed.path("x/none").is_dir());

    // What the source lacks goes, and what is left out stays.
    fs::remove_dir_all(bed.path("here/in")).unwrap();
    fs::create_dir(bed.path("x/left")).unwrap();
    done(&bed, &["mkdir", "cos://private-bucket/x/left/"]);
    let delete = ["sync", "--delete", "--exclude", "*.tmp", "--exclude", "left/", "here", there];
    let dry = done(&bed, &[&delete[..], &["--dry-run"]].concat());
    assert!(dry.contains("would delete cos://private-bucket/x/in/深/\n"), "{dry}");
    assert_eq!(folders(there), "in/ in/深/ left/ none/");
    done(&bed, &delete);
    assert_eq!(folders(there), "left/ none/");
    done(&bed, &["sync", "--delete", "--exclude", "left/", there, "x"]);
    assert_eq!(names_in(&bed.path("x")), ["a", "left", "none"]);

    // A move leaves no empty directories, but what it leaves out.
    done(&bed, &["mv", "-r", "--exclude", "left/", "here", "cos://private-bucket/moved"]);
    assert_eq!(names_in(&bed.path("here")), ["left"]);
    assert_eq!(folders("cos://private-bucket/moved/"), "emptied/ none/");
    fs::create_dir_all(bed.path("again/none")).unwrap();
    let said = done(&bed, &["mv", "-r", "again", "cos://private-bucket/moved"]);
    assert!(!said.contains("created"), "it is there: {said}");
    done(&bed, &["mv", "-r", "here", "cos://private-bucket/"]);
    assert!(!bed.path("here").exists());
    done(&bed, &["mv", "-r", "cos://private-bucket/moved/", "."]);
    assert!(bed.path("moved/none").is_dir());
    run(&bed, &["exists", "cos://private-bucket/moved/"]).with_code(3);
}

fn no_link_leads_out_of_the_destination(api: Api) {
    let bed = Bed::new(api);
    for name in ["here/out/file", "here/link", "here/fine"] {
        write(&bed, name, "new");
    }
    done(&bed, &["sync", "-q", "here", "cos://private-bucket/x/"]);
    write(&bed, "elsewhere/old", "old");
    fs::create_dir(bed.path("down")).unwrap();
    symlink("../elsewhere", bed.path("down/out")).unwrap();
    symlink("../elsewhere/old", bed.path("down/link")).unwrap();
    let get = ["sync", "--exclude", "none", "cos://private-bucket/x/", "down"];
    let said = run(&bed, &get).with_code(2).complaining("symbolic link");
    assert!(said.err.contains("2 of 3 failed") || said.err.contains("down/out"), "{said:?}");
    assert_eq!(names_in(&bed.path("elsewhere")), ["old"]);
    assert_eq!(fs::read(bed.path("elsewhere/old")).unwrap(), b"old");
    assert_eq!(fs::read(bed.path("down/fine")).unwrap(), b"new");
    // Nor is one followed on the way up.
    let said = done(&bed, &["sync", "--exclude", "none", "down", "cos://private-bucket/y/"]);
    assert!(said.contains("ignored    link: a symbolic link\n"), "{said}");
    assert_eq!(remote(&bed, "private-bucket/y/"), ["fine"]);
}

fn failures_are_told_and_the_rest_goes_on(api: Api) {
    let bed = Bed::new(api);
    for name in ["a", "b", "c"] {
        write(&bed, name, name);
    }
    let said = run(&bed, &["cp", "a", "missing", "b", "c", "cos://private-bucket/"]).with_code(2);
    assert!(said.err.starts_with("cos: cp: missing: "), "{said:?}");
    assert!(said.err.ends_with("cos: cp: 1 of 4 failed\n"), "{said:?}");
    assert!(said.out.contains("; unchanged: 0, skipped: 0, failed: 1\n"), "{said:?}");
    assert_eq!(remote(&bed, "private-bucket/"), ["a", "b", "c"]);
    let kept = done(&bed, &["cp", "-n", "a", "b", "cos://private-bucket/"]);
    assert!(kept.contains("done: 0, 0 bytes in ") && kept.contains("skipped: 2"), "{kept}");
    // The service limits what travels with the XML API alone.
    let a = "cos://private-bucket/a";
    for (from, to) in [("a", "cos://private-bucket/slow"), (a, "down"), (a, "-")] {
        let slow = ["cp", "--limit-rate", "2M", from, to];
        match api {
            Api::V5 => done(&bed, &slow),
            Api::V4 => run(&bed, &slow).with_code(2).complaining("for the XML API").out,
        };
    }
    let within = ["cp", "--limit-rate", "2M", a, "cos://private-bucket/copy"];
    run(&bed, &within).with_code(2).complaining("does not limit copies");
    for rate in ["1k", "fast"] {
        run(&bed, &["cp", "--limit-rate", rate, "a", "cos://private-bucket/"]).with_code(2);
    }
}

fn a_service_that_is_gone_is_not_asked_for_each_file(api: Api) {
    let bed = Bed::new(api);
    let names: Vec<_> = (0..40).map(|i| format!("f{i:02}")).collect();
    names.iter().for_each(|name| write(&bed, name, name));
    let mut copy = cos(&bed, &["cp", "--retries", "0"]);
    copy.args(&names).arg("cos://private-bucket/").env("COS_HOSTNAME", "localhost:1");
    let said = Said::of(copy.output().unwrap()).with_code(4).complaining("can't be reached");
    assert!(said.err.lines().count() < 20, "{said:?}");
}

fn ctrl_c_ends_many_copies_and_they_go_on_later(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    let mib = if api == Api::V4 { 9 } else { 25 };
    let bytes = fs::read(bed.file("large", mib * MIB)).unwrap();
    write(&bed, "small", "small");
    let arguments = ["cp", "large", "small", "cos://public-bucket/to/"];
    let said = interrupted(&bed, &arguments, Op::Slice, "INT").with_code(130);
    assert_eq!(said.err.matches("interrupted").count(), 1, "{said:?}");
    let rest = done(&bed, &arguments);
    assert!(rest.contains(" resumed\n"), "{rest}");
    assert_stored(&bed.emulator, "/to/large", &bytes);
    assert_stored(&bed.emulator, "/to/small", b"small");
}

/// What was there before is no speed.
#[test]
fn the_rate_is_of_what_travels_now() {
    let bed = Bed::new(Api::V5);
    bed.file("large", 25 * MIB);
    done(&bed, &["cp", "large", "cos://private-bucket/"]);
    let arguments = ["cp", "cos://private-bucket/large", "down"];
    interrupted(&bed, &arguments, Op::Download, "INT").with_code(130);
    // Nothing comes while the frames are read.
    bed.emulator.inject(Api::V5.fault(Op::Download, Action::Hold).forever());
    let mut script = command(&bed, "script");
    script.args(["-qec", &format!("cos {}", arguments.join(" ")), "/dev/null"]);
    let mut child = script.stdout(Stdio::piped()).spawn().unwrap();
    let mut frames = BufReader::new(child.stdout.take().unwrap()).split(b'\r');
    for _ in 0..5 {
        let frame = frames
            .by_ref()
            .map(|frame| String::from_utf8(frame.unwrap()).unwrap())
            .find(|frame| frame.contains(" 16.0 MiB "));
        let frame = frame.expect("a frame of what was there before");
        assert!(frame.contains(" 0 bytes/s"), "{frame:?}");
    }
    bed.emulator.clear_faults();
    frames.for_each(drop);
    assert!(child.wait().unwrap().success());
}

/// Not two, as all that is known of it would take.
#[test]
fn a_look_at_a_file_is_one_request() {
    let bed = Bed::new(Api::V5);
    for name in ["a", "b", "c"] {
        write(&bed, &format!("here/{name}"), name);
        set_time(&bed, &format!("here/{name}"), 4_000_000_000);
    }
    let there = "cos://private-bucket/x/";
    done(&bed, &["sync", "-qt", "here", there]);
    let a = "cos://private-bucket/x/a";
    let back = ["sync", "-qt", there, "back"];
    let gets = ["list_objects", "get_object", "get_object", "get_object"];
    for (arguments, heads, others) in [
        // The list has the sums of small files, but no stored times.
        (&["sync", "-q", "here", there][..], 0, ["list_objects"].as_slice()),
        (&["sync", "-qt", "here", there], 3, &gets[..1]),
        (&back, 3, &gets),
        (&back, 3, &gets[..1]),
        (&["cp", "-qu", a, "here/"], 1, &[]),
        (&["exists", a], 1, &[]),
        (&["stat", a], 1, &[]),
        // A file is looked at again before it is deleted: it may have been replaced.
        (&["mv", "-q", a, "cos://public-bucket/a"], 2, &["copy_object", "delete_object"]),
        (&["mv", "-q", "cos://public-bucket/a", "got"], 1, &["get_object", "delete_object"]),
        (&["cp", "-q", "got", a], 0, &["put_object"]),
        (&["head", a], 1, &["get_object"]),
    ] {
        bed.emulator.clear_requests();
        done(&bed, arguments);
        let mut asked: Vec<_> =
            bed.emulator.requests().into_iter().map(|record| record.op).collect();
        asked.retain(|op| op != "head_object");
        assert_eq!(asked, others, "{arguments:?}");
        assert_eq!(bed.emulator.requests().len(), others.len() + heads, "{arguments:?}");
    }
    run(&bed, &["exists", "cos://missing/a"]).with_code(3).complaining("COS_ERR_NO_BUCKET");
    run(&bed, &["head", "cos://private-bucket/none"]).with_code(3).complaining("does not exist");
}
