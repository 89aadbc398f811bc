//! What is stored with files: set, and the same options of uploads; restore.

use super::*;

for_each_api! {
    headers_change_one_by_one,
    uploads_bring_their_attributes,
}

fn stat(bed: &Bed, path: &str) -> String {
    done(bed, &["stat", "--access", path])
}

fn headers_change_one_by_one(api: Api) {
    let bed = Bed::new(api);
    fs::write(bed.path("a"), "a").unwrap();
    done(&bed, &["cp", "a", "cos://private-bucket/x/"]);
    let path = "cos://private-bucket/x/a";
    let set = |options: &[&str]| done(&bed, &[&["set"], options, &[path]].concat());
    let said = set(&["-H", "Cache-Control: no-cache", "-H", "x-cos-meta-Color:blue: 蓝"]);
    assert_eq!(said, format!("changed {path}\n"));
    set(&["-H", "content-type:text/html"]);
    let shown = stat(&bed, path);
    for header in ["Cache-Control: no-cache", "Content-Type: text/html", "color: blue: 蓝"] {
        assert!(shown.contains(header), "{header}: {shown}");
    }
    set(&["-H", "Cache-Control:"]);
    assert!(!stat(&bed, path).contains("Cache-Control"));
    set(&["--acl", "public-read", "--biz-attr", "a \"text\""]);
    let shown = stat(&bed, path);
    assert!(shown.contains("authority  eWPrivateRPublic\n"), "{shown}");
    assert!(shown.contains("biz_attr   a \"text\"\n") && shown.contains("text/html"), "{shown}");
    set(&["--acl", "default"]);
    assert!(!stat(&bed, path).contains("eWPrivateRPublic"));
    set(&["--clear-headers"]);
    assert!(!stat(&bed, path).contains("text/html"));
    match api {
        Api::V4 => {
            set(&["--forbid", "2"]);
            assert!(stat(&bed, path).contains("forbid     2\n"));
            let class = ["set", "--class", "STANDARD_IA", path];
            run(&bed, &class).with_code(2).complaining("no storage classes");
        }
        Api::V5 => {
            run(&bed, &["set", "--forbid", "2", path]).with_code(2).complaining("JSON API");
            set(&["-H", "x-cos-meta-a:b", "--acl", "private", "--biz-attr", "t"]);
            set(&["--class", "STANDARD_IA"]);
            let shown = stat(&bed, path);
            for kept in
                ["class      STANDARD_IA", "x-cos-meta-a: b", "eWRPrivate", "biz_attr   t\n"]
            {
                assert!(shown.contains(kept), "{kept}: {shown}");
            }
            assert_eq!(done(&bed, &["cat", path]), "a");
        }
    }
    done(&bed, &["set", "-H", "Cache-Control:no-store", "cos://private-bucket/x/*"]);
    assert!(stat(&bed, path).contains("Cache-Control: no-store"));
    done(&bed, &["mkdir", "cos://private-bucket/f/"]);
    done(&bed, &["set", "--biz-attr", "text", "cos://private-bucket/f/"]);
    assert!(stat(&bed, "cos://private-bucket/f/").contains("biz_attr   text\n"));
    for (arguments, about) in [
        (&["set", path][..], "is missing"),
        (&["set", "-H", "nothing", path], "NAME:VALUE"),
        (&["set", "-H", "X-Other:a", path], "-..., not "),
        (&["set", "-H", "x-cos-meta-:a", path], "-..., not "),
        (&["set", "--acl", "everybody", path], "public-read"),
        (&["set", "--forbid", "3", path], "from 0 to 2"),
        (&["set", "--clear-headers", "-H", "Cache-Control:a", path], "go together"),
        (&["set", "--acl", "private", "cos://private-bucket/f/"], "--biz-attr"),
    ] {
        run(&bed, arguments).with_code(2).complaining(about);
    }
    run(&bed, &["set", "-H", "Cache-Control:a", "cos://private-bucket/none"]).with_code(3);
    run(&bed, &["set", "--acl", "private", "cos://private-bucket/none"]).with_code(3);
}

fn uploads_bring_their_attributes(api: Api) {
    let bed = Bed::new(api);
    fs::create_dir(bed.path("here")).unwrap();
    fs::write(bed.path("here/a"), "a").unwrap();
    let options = ["-H", "Cache-Control:no-cache", "--acl", "public-read", "--biz-attr", "text"];
    for way in [&["cp", "-r"][..], &["sync"], &["sync", "-t"]] {
        let to = format!("cos://private-bucket/{}/here", way.join(""));
        done(&bed, &[way, &options, &["here", &to]].concat());
        let shown = stat(&bed, &format!("{to}/a"));
        for stored in ["Cache-Control: no-cache", "eWPrivateRPublic", "biz_attr   text"] {
            assert!(shown.contains(stored), "{way:?}: {stored}: {shown}");
        }
    }
    let cold = ["cp", "--class", "STANDARD_IA", "here/a", "cos://private-bucket/cold"];
    match api {
        Api::V5 => {
            done(&bed, &cold);
            assert!(stat(&bed, "cos://private-bucket/cold").contains("class      STANDARD_IA\n"));
        }
        Api::V4 => drop(run(&bed, &cold).with_code(2).complaining("--class")),
    }
    let down = ["cp", "--acl", "private", "cos://private-bucket/sync/here/a", "."];
    run(&bed, &down).with_code(2).complaining("for uploads");
}

#[test]
fn archived_files_are_read_after_they_were_restored() {
    let bed = Bed::new(Api::V5);
    for name in ["a", "sub/b"] {
        fs::create_dir_all(bed.path("here/sub")).unwrap();
        fs::write(bed.path("here").join(name), name).unwrap();
    }
    done(&bed, &["sync", "-q", "--class", "ARCHIVE", "here", "cos://private-bucket/x/"]);
    let a = "cos://private-bucket/x/a";
    run(&bed, &["cat", a]).with_code(1).complaining("restore");
    run(&bed, &["cp", a, "cos://private-bucket/copy"]).with_code(1).complaining("restore");
    assert!(stat(&bed, a).contains("restored   no; see cos help restore\n"));
    bed.emulator.settings(|settings| settings.restore_s = 3600);
    let all = ["restore", "--days", "3", "--tier", "Expedited", "cos://private-bucket/x/**"];
    let said = done(&bed, &all);
    assert!(said.contains("asked for cos://private-bucket/x/sub/b: "), "{said}");
    assert!(stat(&bed, a).contains("restored   not yet\n"));
    let again = done(&bed, &all);
    assert_eq!(again.matches("it is being restored already\n").count(), 2, "{again}");
    bed.emulator.settings(|settings| settings.restore_s = 0);
    assert!(stat(&bed, a).contains("restored   until 20"));
    let readable = done(&bed, &all);
    assert_eq!(readable.matches(": it is restored already; ").count(), 2, "{readable}");
    assert_eq!(done(&bed, &["cat", "cos://private-bucket/x/**"]), "asub/b");
    done(&bed, &["set", "--class", "STANDARD", a]);
    assert!(!stat(&bed, a).contains("restored"));
}

#[test]
fn archived_files_are_asked_for() {
    let bed = Bed::new(Api::V5);
    done(&bed, &["cp", "/dev/null", "cos://private-bucket/a"]);
    let restore = ["restore", "--days", "3", "--tier", "Bulk", "cos://private-bucket/a"];
    bed.emulator.inject(Fault::new(xml(202, "")).path("a"));
    assert!(done(&bed, &restore).starts_with("asked for cos://private-bucket/a: "));
    let request = bed.emulator.requests().pop().unwrap();
    assert_eq!(request.method, "POST");
    assert!(request.target.contains("restore") && request.body_bytes > 100, "{request:?}");
    let refusal =
        |code: &str| format!("<Error><Code>{code}</Code><Message>It is so.</Message></Error>");
    let running = xml(409, &refusal("RestoreAlreadyInProgress"));
    bed.emulator.inject(Fault::new(running).path("a"));
    assert!(done(&bed, &restore).contains("already"));
    let other = xml(403, &refusal("AccessDenied"));
    bed.emulator.inject(Fault::new(other).path("a"));
    run(&bed, &restore).with_code(1).complaining("It is so.");
    run(&bed, &["restore", "--tier", "Fast", "cos://private-bucket/a"]).with_code(2);
    run(&bed, &["restore", "cos://private-bucket/f/"]).with_code(2).complaining("is a folder");
    run(&bed, &restore).with_code(1).complaining("not archived");
    let bed = Bed::new(Api::V4);
    run(&bed, &["restore", "cos://private-bucket/a"]).with_code(2).complaining("--api v5");
}
