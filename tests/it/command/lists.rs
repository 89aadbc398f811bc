//! What shows what is there: ls, tree, du, find, stat, exists, cat, head.

use super::*;

for_each_api! {
    sizes_are_shown_for_people_and_sorted,
    trees_and_sums_show_whole_folders,
    files_are_found_by_what_is_known_of_them,
    patterns_stand_for_what_is_there,
    folders_that_nobody_made_are_there_for_what_is_in_them,
    contents_are_printed_whole_or_from_the_start,
    thousands_are_found_with_few_requests,
}

/// Files of 1, 2000 and 3 bytes in folders that nobody made.
fn furnish(bed: &Bed) {
    fs::create_dir_all(bed.path("here/sub/深")).unwrap();
    fs::write(bed.path("here/b.txt"), "1").unwrap();
    fs::write(bed.path("here/a.log"), "x".repeat(2000)).unwrap();
    fs::write(bed.path("here/sub/深/c [1].log"), "abc").unwrap();
    done(bed, &["sync", "-q", "here", "cos://private-bucket/there/"]);
}

fn sizes_are_shown_for_people_and_sorted(api: Api) {
    let bed = Bed::new(api);
    furnish(&bed);
    let there = "cos://private-bucket/there/";
    let long = done(&bed, &["ls", "-lh", there]);
    assert!(long.contains("       1 byte  20"), "{long}");
    assert!(long.contains("2.0 KiB  20"), "{long}");
    assert_eq!(done(&bed, &["ls", "--sort", "size", there]), "a.log\nb.txt\nsub/\n");
    assert_eq!(done(&bed, &["ls", "--sort", "size", "--reverse", there]), "sub/\nb.txt\na.log\n");
    assert_eq!(done(&bed, &["ls", "--reverse", there]), "sub/\nb.txt\na.log\n");
    run(&bed, &["ls", "--sort", "colour", there]).with_code(2).complaining("name, size or time");
    // -h is help for a command that shows no sizes.
    assert!(done(&bed, &["cp", "-h"]).starts_with("usage: cos cp"));
    // In columns, whatever the names are.
    let long = done(&bed, &["ls", "-l", there]);
    let names: Vec<_> = ["sub/", "a.log", "b.txt"].map(|name| long.find(name).unwrap()).into();
    let in_line = |at: &usize| at - long[..*at].rfind('\n').map_or(0, |end| end + 1);
    assert_eq!(names.iter().map(in_line).collect::<Vec<_>>(), [33; 3], "{long}");
}

/// The JSON API lists what was never finished.
#[test]
fn an_upload_that_was_broken_off_is_not_there() {
    let bed = Bed::new(Api::V4);
    let bytes = fs::read(bed.file("result", 3 * MIB)).unwrap();
    crate::trees::leave_unfinished(&bed, "/done", &bytes, Op::Slice);
    let path = "cos://private-bucket/done";
    bed.emulator.clear_requests();
    assert_eq!(run(&bed, &["exists", path]).with_code(3).err, "");
    assert_eq!(bed.emulator.requests().len(), 1);
    assert!(done(&bed, &["stat", path]).contains(", unfinished upload\n"));
    for arguments in [&["cat", path][..], &["cp", path, "down"]] {
        let said = run(&bed, arguments).with_code(1);
        said.complaining("hint: if its upload was broken off, ");
    }
    shell(&bed, &format!("cos exists {path} || cos cp -q result {path}"));
    done(&bed, &["exists", path]);
}

fn trees_and_sums_show_whole_folders(api: Api) {
    let bed = Bed::new(api);
    furnish(&bed);
    let tree = done(&bed, &["tree", "cos://private-bucket/there"]);
    let expected = "cos://private-bucket/there/\n├── a.log\n├── b.txt\n└── sub/\n    └── 深/\n        \
                    └── c [1].log\nfiles: 3, folders: 2, size: 2.0 KiB\n";
    assert_eq!(tree, expected);
    let tree = done(&bed, &["tree", "-d", "1", "cos://private-bucket/there/"]);
    assert!(tree.contains("└── sub/\nfiles: 2, folders: 1"), "{tree}");
    for arguments in [&["tree", "-j"][..], &["tree", "-j", "-d", "1"]] {
        let replies = run(&bed, &[arguments, &["cos://private-bucket/there/"]].concat()).replies();
        assert!(replies[0]["data"]["infos"][0]["name"].is_string(), "{replies:?}");
    }
    let all = done(&bed, &["du", "cos://private-bucket/there"]);
    assert_eq!(all, "         2004          3  cos://private-bucket/there/\n");
    let each = done(&bed, &["du", "-h", "-d", "2", "cos://private-bucket/there/"]);
    let lines: Vec<_> = each.lines().map(|line| line.split("  ").last().unwrap()).collect();
    let folders = ["", "sub/", "sub/深/"].map(|name| format!("cos://private-bucket/there/{name}"));
    assert_eq!(lines, folders);
    assert!(
        each.ends_with("      3 bytes          1  cos://private-bucket/there/sub/深/\n"),
        "{each}"
    );
    let json = run(&bed, &["du", "-j", "cos://private-bucket/there/"]).with_code(0).replies();
    assert_eq!((&json[0]["bytes"], &json[0]["files"]), (&2004.into(), &3.into()));
    done(&bed, &["mkdir", "cos://private-bucket/empty"]);
    let none = done(&bed, &["du", "cos://private-bucket/empty"]);
    assert_eq!(none, "            0          0  cos://private-bucket/empty/\n");
    run(&bed, &["du", "cos://private-bucket/missing/"]).with_code(3);
    run(&bed, &["tree", "cos://private-bucket/missing/"]).with_code(3);
}

fn files_are_found_by_what_is_known_of_them(api: Api) {
    let bed = Bed::new(api);
    furnish(&bed);
    let (root, there) = ("cos://private-bucket/there/", "cos://private-bucket/there");
    let find = |options: &[&str]| {
        let said = done(&bed, &[&["find"], options, &[there]].concat());
        let mut found: Vec<_> =
            said.lines().map(|line| line.strip_prefix(root).unwrap().to_owned()).collect();
        found.sort();
        found
    };
    assert_eq!(find(&[]), ["a.log", "b.txt", "sub/深/c \\[1].log"]);
    assert_eq!(find(&["--name", "*.log"]), ["a.log", "sub/深/c \\[1].log"]);
    assert_eq!(find(&["--name", "[!ab]*"]), ["sub/深/c \\[1].log"]);
    assert_eq!(find(&["--name", "c \\[1\\]?log"]), ["sub/深/c \\[1].log"]);
    assert_eq!(find(&["--larger", "1k"]), ["a.log"]);
    assert_eq!(find(&["--smaller", "1.9k", "--larger", "1B"]), ["sub/深/c \\[1].log"]);
    assert_eq!(find(&["--newer", "1h"]).len(), 3);
    assert!(
        find(&["--older", "1h"]).is_empty() && find(&["--newer", "2099-12-31 23:59"]).is_empty()
    );
    assert_eq!(find(&["--older", "2099-12-31", "--name", "b*"]), ["b.txt"]);
    assert_eq!(find(&["--newer", "2024-02-29T23:59", "--name", "b*"]), ["b.txt"]);
    assert_eq!(find(&["--type", "d"]), ["sub/", "sub/深/"]);
    let long = done(&bed, &["find", "-lh", "--sort", "size", "--type", "f", there]);
    assert!(long.trim_start().starts_with("2.0 KiB  20"), "{long}");
    assert!(long.ends_with("files: 3, folders: 0, size: 2.0 KiB\n"), "{long}");
    let json = run(&bed, &["find", "-j", "--name", "c*", there]).with_code(0).replies();
    assert_eq!((json.len(), json[0]["filesize"].as_u64()), (1, Some(3)));
    assert_eq!(json[0]["path"], format!("{root}sub/深/c [1].log"));
    let json = run(&bed, &["find", "-j", "--type", "d", there]).with_code(0).replies();
    assert_eq!(json[1]["path"], format!("{root}sub/深/"));
    for wrong in [
        ["--larger", "much"],
        ["--smaller", "-1"],
        ["--larger", ""],
        ["--newer", "tomorrow"],
        ["--older", "2024-13-99x"],
        ["--older", "2026-13-01"],
        ["--newer", "2023-02-29"],
        ["--newer", "2024-00-10"],
        ["--newer", "2024-12-31 24:00"],
        ["--older", "20240101"],
        ["--type", "x"],
    ] {
        run(&bed, &["find", wrong[0], wrong[1], there]).with_code(2);
    }
}

fn patterns_stand_for_what_is_there(api: Api) {
    let bed = Bed::new(api);
    furnish(&bed);
    let list = |pattern: &str| done(&bed, &["ls", &format!("cos://private-bucket/{pattern}")]);
    assert_eq!(list("there/*.log"), "a.log\n");
    assert_eq!(list("there/?.*"), "a.log\nb.txt\n");
    assert_eq!(list("th*/"), "there/\n");
    assert_eq!(list("**.log"), "there/a.log\nthere/sub/深/c [1].log\n");
    assert_eq!(list("**/*.txt"), "there/b.txt\n");
    assert_eq!(list("there/*/*/c*"), "sub/深/c [1].log\n");
    assert_eq!(list("there/*/?/c [[]*"), "sub/深/c [1].log\n");
    // Brackets alone are a name.
    assert_eq!(list("there/sub/深/c [1].log"), "c [1].log\n");
    let none = ["ls", "cos://private-bucket/there/*.gz"];
    run(&bed, &none).with_code(3).complaining("nothing matches");
    let shown = done(&bed, &["stat", "cos://private-bucket/there/*.*"]);
    assert!(shown.contains("/there/a.log\n") && shown.contains("/there/b.txt\n"), "{shown}");
    if api == Api::V5 {
        // There may be stars in names.
        done(&bed, &["cp", "here/b.txt", "cos://private-bucket/star/a*b"]);
        done(&bed, &["cp", "here/b.txt", "cos://private-bucket/star/axb"]);
        assert_eq!(list("star/a\\*b*"), "a*b\n");
        assert_eq!(done(&bed, &["cat", "cos://private-bucket/star/a\\*b"]), "1");
        done(&bed, &["rm", "cos://private-bucket/star/a\\*b"]);
        assert_eq!(list("star/"), "axb\n");
        assert_eq!(list("th\\ere/b"), "b.txt\n");
    }
    // Stars by the dozen take no longer than others.
    let stars = format!("cos://private-bucket/there/{}z", "*a".repeat(200));
    run(&bed, &["ls", &stars]).with_code(3);
}

fn folders_that_nobody_made_are_there_for_what_is_in_them(api: Api) {
    let bed = Bed::new(api);
    furnish(&bed);
    let folder = "cos://private-bucket/there/sub/";
    assert!(done(&bed, &["stat", folder]).starts_with(&format!("name       {folder}\n")));
    assert_eq!(done(&bed, &["exists", folder, "cos://private-bucket/there/b.txt"]), "");
    assert_eq!(done(&bed, &["exists", "cos://private-bucket/there/*.txt"]), "");
    for missing in ["missing/", "missing", "there/*.gz", "there/sub"] {
        let missing = format!("cos://private-bucket/{missing}");
        let said = run(&bed, &["exists", folder, &missing]).with_code(3);
        assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "{missing}");
    }
    run(&bed, &["stat", "cos://private-bucket/missing/"]).with_code(3).complaining("missing/");
    // That it can't be known is not that it is missing.
    let mut exists = cos(&bed, &["exists", folder]);
    let said = Said::of(exists.env("COS_SECRET_KEY", "another").output().unwrap());
    said.with_code(1).complaining("-97");
}

fn contents_are_printed_whole_or_from_the_start(api: Api) {
    let bed = Bed::new(api);
    furnish(&bed);
    fs::write(bed.path("empty"), "").unwrap();
    done(&bed, &["cp", "empty", "cos://private-bucket/there/"]);
    let file = "cos://private-bucket/there/a.log";
    assert_eq!(done(&bed, &["cat", "cos://private-bucket/there/b.txt", file]).len(), 2001);
    assert_eq!(done(&bed, &["cat", "cos://private-bucket/there/sub/**"]), "abc");
    assert_eq!(done(&bed, &["head", file]).len(), 1024);
    assert_eq!(done(&bed, &["head", "-c", "7", file]), "x".repeat(7));
    assert_eq!(done(&bed, &["head", "--bytes", "1M", file]).len(), 2000);
    assert_eq!(done(&bed, &["head", "-c", "0", file]), "");
    assert_eq!(done(&bed, &["head", "cos://private-bucket/there/empty"]), "");
    bed.emulator.clear_requests();
    fs::write(bed.path("conf"), "").unwrap();
    fs::set_permissions(bed.path("conf"), Permissions::from_mode(0o600)).unwrap();
    // -c is the configuration's file for the others, and --config for this one as well.
    assert_eq!(done(&bed, &["head", "--config", "conf", "-c", "2", file]), "xx");
    assert_eq!(bed.logged(Op::Download).len(), 1);
    run(&bed, &["head", "-c", "few", file]).with_code(2).complaining("--bytes takes a size");
    run(&bed, &["head", "cos://private-bucket/there/"]).with_code(2).complaining("is a folder");
    run(&bed, &["cat", "cos://private-bucket/there/"]).with_code(2).complaining("is a folder");
    run(&bed, &["cat", "cos://private-bucket/missing"]).with_code(3);
    run(&bed, &["head", "cos://private-bucket/missing"]).with_code(3);
}

fn thousands_are_found_with_few_requests(api: Api) {
    let bed = Bed::new(api);
    let count = 2100;
    fs::create_dir(bed.path("many")).unwrap();
    for i in 0..count {
        fs::write(bed.path("many").join(format!("{i:04} 中")), "").unwrap();
    }
    done(&bed, &["sync", "-q", "-C", "16", "many", "cos://private-bucket/many/"]);
    bed.emulator.clear_requests();
    assert_eq!(done(&bed, &["find", "cos://private-bucket/"]).lines().count(), count);
    // The XML API lists all folders at once, a thousand files a page.
    let pages = if api == Api::V5 { 3 } else { 1 + count / 199 + 1 };
    assert_eq!(bed.logged(Op::List).len(), pages);
    assert_eq!(done(&bed, &["ls", "cos://private-bucket/many/*9 中"]).lines().count(), count / 10);
    bed.emulator.clear_requests();
    let one = done(&bed, &["ls", "cos://private-bucket/many/0123*"]);
    assert_eq!((one.as_str(), bed.logged(Op::List).len()), ("0123 中\n", 1));
}

/// A backslash takes the meaning from a character in all commands, whether they take wildcards or not.
#[test]
fn what_is_found_is_an_operand_whatever_its_name() {
    let bed = Bed::new(Api::V5);
    fs::write(bed.path("f"), "1").unwrap();
    for name in ["a\\?", "ab", "ac", "q\\?/in", "qx/in", "back\\\\", "sub/[1\\*"] {
        done(&bed, &["cp", "-q", "f", &format!("cos://private-bucket/x/{name}")]);
    }
    let x = "cos://private-bucket/x/";
    let names = ["a\\?", "ab", "ac", "back\\\\", "q\\?/in", "qx/in", "sub/\\[1\\*"];
    let found = names.map(|name| format!("{x}{name}\n"));
    for options in [&["find", x][..], &["find", "--sort", "name", x]] {
        assert_eq!(done(&bed, options), found.concat());
    }
    assert_eq!(done(&bed, &["ls", x]), "q?/\nqx/\nsub/\na?\nab\nac\nback\\\n");
    shell(&bed, &format!("cos find {x} | xargs -d'\\n' cos exists"));
    shell(&bed, &format!("cos find --name 'a[?]' {x} | xargs -d'\\n' cos rm -q"));
    done(&bed, &["mv", &format!("{x}q\\?/in"), &format!("{x}q\\?/out\\*")]);
    assert_eq!(done(&bed, &["ls", &format!("{x}q\\?/")]), "out*\n");
    assert_eq!(done(&bed, &["ls", &format!("{x}q?/")]), "q?/\nqx/\n");
    done(&bed, &["mkdir", &format!("{x}new\\*")]);
    assert_eq!(
        done(&bed, &["find", "--type", "d", x]),
        ["new\\*/", "q\\?/", "qx/", "sub/"].map(|name| format!("{x}{name}\n")).concat()
    );
    done(&bed, &["sync", &format!("{x}q\\?/"), &format!("{x}other\\?")]);
    assert_eq!(
        done(&bed, &["find", "--name", "out*", x]),
        format!("{x}other\\?/out\\*\n{x}q\\?/out\\*\n")
    );
    // A wildcard that stands for nothing is a character.
    for name in ["s\\*", "s*"] {
        let url = done(&bed, &["sign", &format!("{x}{name}")]);
        assert!(url.contains("/x/s%2A?"), "{url}");
    }
}

/// What a name may not do to a terminal; and what others may see of it.
#[test]
fn names_are_printed_so_that_they_are_only_names() {
    let bed = Bed::new(Api::V4);
    let names = ["\\u001b[31mred", "two\\nlines", "plain/"];
    bed.emulator.inject(Fault::new(page(&names, "")).op("list").forever());
    let on_terminal = |line: &str, color: &str| {
        let mut script = command(&bed, "script");
        script.env("NO_COLOR", color).args(["-qec", line, "/dev/null"]);
        String::from_utf8(script.output().unwrap().stdout).unwrap()
    };
    let shown = on_terminal("cos ls cos://private-bucket/", "");
    let painted = |name: &str| format!("\x1b[1;34m{name}\x1b[0m\r\n");
    let expected = ["?[31mred", "two?lines", "plain/"].map(painted).concat();
    assert_eq!(shown, expected);
    let plain = on_terminal("cos tree -d 1 cos://private-bucket/", "1");
    assert!(plain.contains("── plain/") && !plain.contains('\x1b'), "{plain:?}");
    // A script gets what there is.
    assert!(!done(&bed, &["ls", "cos://private-bucket/"]).contains("\x1b[1;34m"));
    // A name leads nowhere but into the directory.
    bed.emulator.clear_faults();
    let names = ["..\\u002f..\\u002fescaped", "fine"];
    bed.emulator.inject(Fault::new(page_of_files(&names)).op("list"));
    fs::create_dir(bed.path("down")).unwrap();
    run(&bed, &["sync", "--include", "*", "cos://private-bucket/x/", "down"]).with_code(2);
    assert!(!bed.path("escaped").exists() && !bed.dir.path().join("../escaped").exists());
}

/// A page with empty files.
fn page_of_files(names: &[&str]) -> Action {
    let infos: Vec<_> = names
        .iter()
        .map(|name| format!(r#"{{"name":"{name}","filesize":0,"filelen":0}}"#))
        .collect();
    let body = format!(
        r#"{{"code":0,"message":"SUCCESS","data":{{"context":"","listover":true,"infos":[{}]}}}}"#,
        infos.join(",")
    );
    reply_with(200, "application/json", body)
}

/// All that is below a folder is in one list, with the folders that nobody made and those with nothing in
/// them.
#[test]
fn what_is_below_is_told_by_one_request() {
    let bed = Bed::new(Api::V5);
    furnish(&bed);
    let there = "cos://private-bucket/there/";
    done(&bed, &["mkdir", "cos://private-bucket/there/made/"]);
    let asked = |arguments: &[&str]| {
        bed.emulator.clear_requests();
        let said = done(&bed, arguments);
        assert_eq!(bed.emulator.requests().len(), 1, "{arguments:?}: {said}");
        said
    };
    assert_eq!(
        asked(&["ls", "-r", there]),
        "a.log\nb.txt\nmade/\nsub/\nsub/深/\nsub/深/c [1].log\n"
    );
    let tree = asked(&["tree", there]);
    assert_eq!(tree, done(&bed, &["tree", "-d", "9", there]));
    assert!(tree.ends_with("files: 3, folders: 3, size: 2.0 KiB\n"), "{tree}");
    let folders = asked(&["find", "--type", "d", "cos://private-bucket/"]);
    let names = ["", "made/", "sub/", "sub/深/"];
    assert_eq!(folders, names.map(|name| format!("{there}{name}\n")).concat());
    let begun = asked(&["ls", "-r", "cos://private-bucket/there/s"]);
    assert_eq!(begun, "sub/\nsub/深/\nsub/深/c [1].log\n");
}

/// A long list shows that it goes on.
#[test]
fn what_is_found_is_counted_on_a_terminal() {
    let bed = Bed::new(Api::V5);
    furnish(&bed);
    let sums = || shown(&bed, "cos du cos://private-bucket/there/");
    // On a busy machine it may take more than a moment.
    assert!((0..10).any(|_| !sums().contains('\x1b')), "not for a moment: {:?}", sums());
    bed.emulator.settings(|settings| (settings.latency_ms, settings.largest_page) = (700, 1));
    let counted = sums();
    assert!(counted.contains(" 2\x1b[K") || counted.contains(" 3\x1b[K"), "{counted:?}");
    assert!(counted.ends_with("\x1b[K         2004          3  cos://private-bucket/there/\r\n"));
}
