//! What takes something away: rm and abort.

use super::*;

for_each_api! {
    patterns_and_filters_choose_what_goes,
    filters_hold_for_what_is_in_no_folder,
    what_is_not_there_is_no_matter_with_force,
    ctrl_c_stops_a_deletion,
    a_bar_counts_what_does_not_travel,
    a_dry_run_tells_what_would_be_deleted,
}

fn files(bed: &Bed, names: &[&str]) {
    for name in names {
        fs::create_dir_all(bed.path("here").join(name).parent().unwrap()).unwrap();
        fs::write(bed.path("here").join(name), "").unwrap();
    }
    done(bed, &["sync", "-q", "here", "cos://private-bucket/x/"]);
}

fn found(bed: &Bed) -> String {
    let mut lines: Vec<_> = run(bed, &["find", "cos://private-bucket/x/"])
        .out
        .lines()
        .map(|line| line.trim_start_matches("cos://private-bucket/x/").to_owned())
        .collect();
    lines.sort();
    lines.join(" ")
}

fn patterns_and_filters_choose_what_goes(api: Api) {
    let bed = Bed::new(api);
    let odd = if api == Api::V4 { "c &.gz" } else { "c & <d>.gz" };
    files(&bed, &["a.gz", "b.gz", odd, "e", "sub/f.tmp", "sub/g", "深/h.tmp"]);
    let all = found(&bed);
    let dry = done(&bed, &["rm", "--dry-run", "cos://private-bucket/x/*.gz"]);
    assert!(dry.starts_with("would delete cos://private-bucket/x/a.gz\n"), "{dry}");
    assert!(dry.contains("\nwould be deleted: "), "{dry}");
    assert_eq!(found(&bed), all);
    run(&bed, &["rm", "cos://private-bucket/x/*"]).with_code(2).complaining("sub/ is a folder; -r");
    assert_eq!(found(&bed), "sub/f.tmp sub/g 深/h.tmp");
    done(&bed, &["rm", "-r", "--include", "*.tmp", "cos://private-bucket/x/"]);
    assert_eq!(found(&bed), "sub/g");
    files(&bed, &["sub/keep", "z"]);
    done(
        &bed,
        &[
            "rm",
            "-r",
            "--exclude",
            "/sub/k*",
            "--exclude",
            "*.tmp",
            "--exclude",
            "*.gz",
            "--exclude",
            "e",
            "cos://private-bucket/x/",
        ],
    );
    let left = found(&bed);
    assert!(left.split(' ').all(|name| name != "z") && left.contains("sub/keep"), "{left}");
    done(&bed, &["rm", "-r", "cos://private-bucket/x*/"]);
    assert_eq!(found(&bed), "");
    run(&bed, &["rm", "cos://private-bucket/x/*"]).with_code(3);
    for options in [&["-r"][..], &["-r", "--dry-run"]] {
        let all = run(&bed, &[&["rm"], options, &["cos://private-bucket/"]].concat());
        all.with_code(2).complaining("'cos://private-bucket/**'");
    }
    run(&bed, &["rm", "here"]).with_code(2).complaining("does not begin with cos://");
}

/// For what matches a pattern, and for a file that is named.
fn filters_hold_for_what_is_in_no_folder(api: Api) {
    let bed = Bed::new(api);
    files(&bed, &["f1", "f2", "sub/deep/f1", "sub/g1", "sub/g2"]);
    let all = found(&bed);
    for (filters, pattern, left) in [
        (&["--exclude", "f1"][..], "f*", "f1 sub/deep/f1 sub/g1 sub/g2"),
        (&["--include", "f1"], "f*", "f2 sub/deep/f1 sub/g1 sub/g2"),
        (&["--exclude", "g1", "--exclude", "/f1"], "**", "f1 sub/g1"),
        (&["--exclude", "/sub/deep/"], "**", "sub/deep/f1"),
        (&["-r", "--exclude", "sub"], "*", "sub/deep/f1 sub/g1 sub/g2"),
        (&["-r", "--exclude", "sub", "--include", "g1"], "*", "sub/deep/f1 sub/g1 sub/g2"),
        (&["-r", "--include", "g1"], "*", "f1 f2 sub/deep/f1 sub/g2"),
        (&["--exclude", "f?"], "f1", &all),
        (&["-f", "--exclude", "f?"], "f1", &all),
        (&["--exclude", "f?"], "f*", &all),
        (&["--exclude", "x/"], "f1", "f2 sub/deep/f1 sub/g1 sub/g2"),
    ] {
        let pattern = format!("cos://private-bucket/x/{pattern}");
        done(&bed, &[&["rm", "-q"], filters, &[&pattern]].concat());
        assert_eq!(found(&bed), left, "{filters:?} {pattern}");
        files(&bed, &[]);
    }
    let to = "cos://private-bucket/y/";
    let (f1, f2) = ("cos://private-bucket/x/f1", "cos://private-bucket/x/f2");
    assert_eq!(done(&bed, &["mv", "--exclude", "f1", "here/f1", to]), "");
    assert_eq!(done(&bed, &["cp", "--exclude", "f1", f1, "-"]), "");
    done(&bed, &["mv", "--exclude", "f1", f1, f2, to]);
    done(&bed, &["cp", "-r", "--exclude", "deep", "cos://private-bucket/x/*/*", to]);
    assert_eq!(found(&bed), "f1 sub/deep/f1 sub/g1 sub/g2");
    assert_eq!(done(&bed, &["ls", "-r", to]), "f2\ng1\ng2\n");
    assert!(bed.path("here/f1").exists());
}

fn what_is_not_there_is_no_matter_with_force(api: Api) {
    let bed = Bed::new(api);
    files(&bed, &["a", "b"]);
    let a = "cos://private-bucket/x/a";
    let said = run(&bed, &["rm", a, "cos://private-bucket/x/none", "cos://private-bucket/x/b"]);
    assert!(said.with_code(3).out.contains("deleted cos://private-bucket/x/b\n"));
    let none = ["rm", "-rf", a, "cos://private-bucket/none/", "cos://private-bucket/none*"];
    assert!(!done(&bed, &none).contains("deleted cos"));

    files(&bed, &["a", "b"]);
    bed.emulator.clear_requests();
    let said =
        done(&bed, &["rm", "-f", a, "cos://private-bucket/x/none", "cos://private-bucket/x/b"]);
    assert!(said.ends_with("deleted cos://private-bucket/x/b\ndeleted: 3, failed: 0\n"), "{said}");
    assert_eq!(bed.emulator.requests().len(), if api == Api::V4 { 3 } else { 1 });
    assert_eq!(found(&bed), "");
    files(&bed, &["a"]);
    let said = run(&bed, &["rm", "-f", "cos://private-bucket/x/../b", a]);
    assert!(said.with_code(2).out.starts_with("deleted cos://private-bucket/x/a\n"));
}

fn ctrl_c_stops_a_deletion(api: Api) {
    let bed = Bed::new(api);
    files(&bed, &["a", "b", "c", "d"]);
    let op = if api == Api::V4 { "delete" } else { "delete_objects" };
    let silence = Action::Drop { after: 0, end: End::Hang };
    bed.emulator.inject(Fault::new(silence).op(op).forever());
    for arguments in
        [["rm", "-r", "cos://private-bucket/x/"], ["rm", "-f", "cos://private-bucket/x/*"]]
    {
        bed.emulator.clear_requests();
        let mut command = command(&bed, "env");
        command.args(["--default-signal=INT,TERM", "cos"]).args(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("the silence", || {
            bed.emulator.requests().iter().any(|record| record.fault.is_some())
        });
        succeed(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
        let said = wait(child).with_code(130).complaining("interrupted");
        assert!(!said.out.contains("failed: 4"), "nobody knows what is gone: {said:?}");
    }
    bed.emulator.clear_faults();
    assert_eq!(found(&bed), "a b c d");
}

fn a_bar_counts_what_does_not_travel(api: Api) {
    let bed = Bed::new(api);
    files(&bed, &["a", "b", "c", "sub/d"]);
    bed.emulator.settings(|settings| settings.latency_ms = 300);
    for (line, part) in [
        ("cos cp -r cos://private-bucket/x/ cos://private-bucket/y", "1/4 "),
        ("cos mv -r cos://private-bucket/y/ cos://private-bucket/z", "1/4 "),
        ("cos rm 'cos://private-bucket/x/?'", "/3 "),
        ("cos rm -r cos://private-bucket/x/", "/3 "),
    ] {
        let shown = shown(&bed, line);
        assert!(shown.contains('%') && shown.contains(part), "{line}: {shown:?}");
        assert!(!shown.contains("0 bytes/s"), "{line}: {shown:?}");
    }
}

fn a_dry_run_tells_what_would_be_deleted(api: Api) {
    let bed = Bed::new(api);
    files(&bed, &["a", "sub/b"]);
    done(&bed, &["mkdir", "cos://private-bucket/x/none/", "cos://private-bucket/y/in/"]);
    bed.emulator.clear_requests();
    let dry = done(&bed, &["rm", "-r", "--dry-run", "cos://private-bucket/x/"]);
    let lists = bed.emulator.requests().len();
    assert_eq!(lists, if api == Api::V4 { 3 } else { 1 }, "one of each folder, or of all");
    for name in ["a", "sub/b", "none/", ""] {
        let line = format!("would delete cos://private-bucket/x/{name}\n");
        assert!(dry.contains(&line), "{name}: {dry}");
    }
    let dry = done(&bed, &["rm", "-r", "--dry-run", "cos://private-bucket/y/"]);
    assert_eq!(
        dry,
        "would delete cos://private-bucket/y/in/\nwould delete cos://private-bucket/y/\n\
         would be deleted: 2, failed: 0\n"
    );
    if api == Api::V4 {
        // An upload that was broken off goes as well.
        crate::trees::leave_unfinished(&bed, "/y/in/begun", b"begun", Op::Finish);
        let dry = done(&bed, &["rm", "-r", "--dry-run", "cos://private-bucket/y/"]);
        assert!(dry.starts_with("would delete cos://private-bucket/y/in/begun\n"), "{dry}");
    }
    // What is refused is refused.
    for dry in [&["--dry-run"][..], &[]] {
        let all = [&["rm", "-r"], dry, &["cos://private-bucket/"]].concat();
        run(&bed, &all).with_code(2).complaining("is a whole bucket, and stays");
    }
    assert_eq!(found(&bed), "a sub/b");
}

/// By its own line; the call's reply tells of the first one again.
#[test]
fn each_failure_is_told_once() {
    let bed = Bed::new(Api::V4);
    files(&bed, &["a", "sub/g1", "sub/g2"]);
    bed.emulator.inject(Fault::new(html(403)).op("delete").path("sub/g").forever());
    let said = run(&bed, &["rm", "-r", "cos://private-bucket/x/"]).with_code(1);
    for name in ["sub/g1", "sub/g2"] {
        assert_eq!(said.err.matches(name).count(), 1, "{said:?}");
    }
    assert_eq!(said.out, "deleted: 1, failed: 2\n");

    // What no path can lead to.
    let bed = Bed::new(Api::V5);
    for key in ["x/a", "x/%2e%2e/b", "x/c%01"] {
        bed.put(BUCKET, key, "");
    }
    let said = run(&bed, &["rm", "-r", "cos://private-bucket/x/"]).with_code(2);
    assert_eq!(said.err.lines().count(), 2, "{said:?}");
    assert_eq!(said.out, "deleted: 1, failed: 2\n");
}

#[test]
fn a_refused_deletion_among_others_is_told() {
    let bed = Bed::new(Api::V5);
    files(&bed, &["a", "b&c"]);
    let refusal = "<DeleteResult><Error><Key>x/b&amp;c</Key><Code>AccessDenied</Code>\
                   <Message>Access &lt;Denied&gt;.</Message></Error></DeleteResult>";
    let refused = |arguments: &[&str]| {
        bed.emulator.inject(Fault::new(xml(200, refusal)).op("delete_objects"));
        run(&bed, arguments).with_code(1)
    };
    let said = refused(&["rm", "cos://private-bucket/x/*"]);
    let complaint = "cos://private-bucket/x/b&c: Access <Denied>. (COS_ERR_ACCESS_DENIED, 5)\n";
    let said = said.complaining(complaint);
    assert!(
        said.out.ends_with("deleted cos://private-bucket/x/a\ndeleted: 1, failed: 1\n"),
        "{said:?}"
    );
    let said = refused(&["rm", "-r", "cos://private-bucket/x/"]);
    let said = said.complaining("cos://private-bucket/x/b&c: Access <Denied>.");
    assert_eq!(said.out, "deleted: 1, failed: 1\n");
}

#[test]
fn uploads_that_were_broken_off_are_listed_and_dropped() {
    let bed = Bed::new(Api::V5);
    bed.file("large", 25 * MIB);
    for name in ["你 & a", "b"] {
        let to = format!("cos://public-bucket/in/{name}");
        interrupted(&bed, &["cp", "large", &to], Op::Slice, "INT").with_code(130);
    }
    let listed = done(&bed, &["abort", "--dry-run", "cos://public-bucket/in/"]);
    assert!(listed.contains("  cos://public-bucket/in/你 & a\n"), "{listed}");
    assert!(listed.ends_with("unfinished uploads: 2\n"), "{listed}");
    let old = done(&bed, &["abort", "--older", "1h", "cos://public-bucket/"]);
    assert_eq!(old, "uploads dropped: 0\n");
    let dropped = done(&bed, &["abort", "cos://public-bucket/in/b"]);
    assert_eq!(dropped, "dropped cos://public-bucket/in/b\nuploads dropped: 1\n");
    done(&bed, &["abort", "cos://public-bucket"]);
    assert!(done(&bed, &["abort", "--dry-run", "cos://public-bucket"]).ends_with(": 0\n"));
    run(&bed, &["abort", "cos://missing/"]).with_code(3);
    for wrong in ["x", "2026-13-01", "20240101"] {
        let said = run(&bed, &["abort", "--older", wrong, "cos://public-bucket/"]).with_code(2);
        said.complaining("a day of the calendar such as 2024-12-31");
    }
    let bed = Bed::new(Api::V4);
    run(&bed, &["abort", "cos://public-bucket/"]).with_code(2).complaining("cos rm drops them");
    assert!(bed.emulator.requests().is_empty());
}
