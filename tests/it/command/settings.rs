//! The configuration: sections, quotes, and cos config.

use super::*;

/// A command whose account comes from the file "conf" alone.
fn configured(bed: &Bed, arguments: &[&str]) -> Command {
    let mut command = cos(bed, arguments);
    for name in ["APPID", "SECRET_ID", "SECRET_KEY", "API", "REGION"] {
        command.env_remove(format!("COS_{name}"));
    }
    command.env("COS_CONFIG", "conf");
    command
}

fn write(bed: &Bed, text: &str) {
    fs::write(bed.path("conf"), text).unwrap();
    fs::set_permissions(bed.path("conf"), Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_profile_is_a_section_of_the_file() {
    let bed = Bed::new(Api::V5);
    write(
        &bed,
        &format!(
            "# all\nappid = '{APPID}'\napi = \"v5\"\nsecret_id = {SECRET_ID}\nsecret_key = wrong\n\
             token = T\n[ work ]\nsecret_id = \"{SECRET_ID}\"\nsecret_key = '{SECRET_KEY}'\n\
             [broken]\nsecret_id=nobody\n"
        ),
    );
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let list = [&["ls", "cos://private-bucket/"], arguments].concat();
        let mut command = configured(&bed, &list);
        Said::of(command.envs(environment.iter().copied()).output().unwrap())
    };
    run(&[], &[]).with_code(1);
    run(&["--profile", "work"], &[]).with_code(0);
    run(&[], &[("COS_PROFILE", "work")]).with_code(0);
    run(&["--profile", "broken"], &[("COS_PROFILE", "work")]).with_code(1);
    // What was asked for on the command line is not overruled by the environment, the rest is.
    let other = [("COS_SECRET_ID", "nobody"), ("COS_SECRET_KEY", "x")];
    run(&["--profile", "work"], &other).with_code(0);
    run(&[], &[&other[..], &[("COS_PROFILE", "work")]].concat()).with_code(1);
    run(&["--profile", "none"], &[]).with_code(2).complaining("has no section [none]");
    for wrong in
        ["secret_key = 'EXAMPLE", "secret_key = \"EXAMPLE\" x", "secret_key = '", "[]", "[x"]
    {
        write(&bed, wrong);
        let said = run(&[], &[]).with_code(2).complaining("conf:1: this is not NAME = VALUE");
        assert!(!said.err.contains("EXAMPLE"), "{said:?}");
    }
}

#[test]
fn a_wrong_setting_is_told_by_the_name_that_it_was_given() {
    let bed = Bed::new(Api::V5);
    let list = ["ls", "cos://private-bucket/"];
    for name in [
        "appid",
        "secret_id",
        "secret_key",
        "region",
        "api",
        "token",
        "scheme",
        "hostname",
        "download_hostname",
        "ca_file",
        "proxy",
    ] {
        let said = Said::of(cos(&bed, &list).env(variable(name), "a b").output().unwrap());
        said.with_code(2).complaining(&format!("ls: {} ", variable(name)));
        let account = [("appid", APPID), ("secret_id", SECRET_ID), ("secret_key", SECRET_KEY)];
        let lines = account.map(|(name, value)| format!("{name}={value}\n")).concat();
        write(&bed, &format!("{lines}api=v5\n{name}=a b\n"));
        let mut command = configured(&bed, &list);
        command.env_remove(variable(name));
        let said = Said::of(command.output().unwrap()).with_code(2);
        said.complaining(&format!("ls: configuration: {name} "));
    }
}

/// Answers the questions of cos config.
fn answer(bed: &Bed, arguments: &[&str], answers: &[&str]) -> Said {
    let mut command = configured(bed, &[&["config"], arguments].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Said::of(child.wait_with_output().unwrap())
}

#[test]
fn questions_lead_to_a_file_that_works() {
    let bed = Bed::new(Api::V5);
    let keys = [APPID, SECRET_ID, SECRET_KEY];
    let said = answer(&bed, &[], &[&keys[..], &["ap-shanghai", "private-bucket"]].concat());
    let said = said.with_code(0);
    assert!(
        said.out.contains("cos://private-bucket/: ") && said.out.contains("XML API (v5)"),
        "{said:?}"
    );
    let mode = fs::metadata(bed.path("conf")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(bed.path("conf")).unwrap();
    assert_eq!(
        text,
        format!(
            "appid = {APPID}\nsecret_id = {SECRET_ID}\nsecret_key = {SECRET_KEY}\nregion = ap-shanghai\n"
        )
    );
    succeed(&mut configured(&bed, &["ls", "cos://private-bucket/"]));
    // Another profile; what stands in the file stays; an empty answer is what is known.
    write(&bed, &format!("# mine\n{text}\n[work]\nproxy = http://localhost:1\nappid = 1\n[z]\n"));
    let said = answer(&bed, &["--profile", "work", "-f"], &["77", "", "KEY", "sh", "cos://b/"]);
    assert!(said.with_code(0).out.contains("written: conf"));
    let after = fs::read_to_string(bed.path("conf")).unwrap();
    let section =
        format!("[work]\nappid = 77\nsecret_id = {SECRET_ID}\nsecret_key = KEY\nregion = sh\n");
    assert_eq!(after, format!("# mine\n{text}\n{section}proxy = http://localhost:1\n[z]\n"));
    // A new section; nothing to try.
    let said = answer(&bed, &["--profile", "more"], &["", "", "", "sh", ""]).with_code(0);
    assert!(said.out.contains("nothing was checked"), "{said:?}");
    assert!(fs::read_to_string(bed.path("conf")).unwrap().contains("[z]\n\n[more]\nappid = "));
}

#[test]
fn what_the_service_refuses_is_not_written_unasked() {
    let bed = Bed::new(Api::V5);
    let wrong = [APPID, SECRET_ID, "another", "ap-shanghai", "private-bucket"];
    let said = answer(&bed, &[], &[&wrong[..], &["n"]].concat()).with_code(1);
    assert!(said.err.contains("-97") && said.err.contains("nothing was written"), "{said:?}");
    assert!(!bed.path("conf").exists());
    answer(&bed, &[], &[&wrong[..], &["y"]].concat()).with_code(0);
    assert!(bed.path("conf").exists());
    fs::remove_file(bed.path("conf")).unwrap();
    let said = answer(&bed, &[], &[APPID, SECRET_ID]).with_code(2);
    assert!(said.err.ends_with("the input ended before all was said; nothing was written\n"));
    assert!(!bed.path("conf").exists());
    answer(&bed, &["--profile", "a]b"], &[]).with_code(2);
    answer(&bed, &["more"], &[]).with_code(2);
    fs::create_dir(bed.path("conf")).unwrap();
    let good = [APPID, SECRET_ID, SECRET_KEY, "ap-shanghai", "private-bucket"];
    assert_ne!(answer(&bed, &[], &good).code, 0);
}

#[test]
fn a_bucket_tells_which_api_it_speaks() {
    let bed = Bed::new(Api::V4);
    let keys = [APPID, SECRET_ID, SECRET_KEY];
    let json = answer(&bed, &[], &[&keys[..], &["sh", "private-bucket"]].concat()).with_code(0);
    assert!(json.out.contains("JSON API (v4)"), "{json:?}");
    // The JSON API does not answer: the bucket is one of the XML API, whatever the region is called.
    fs::remove_file(bed.path("conf")).unwrap();
    bed.emulator.inject(Fault::new(code(-133)).op("list").forever());
    let answers = [&keys[..], &["sh", "private-bucket"]].concat();
    let mut command = configured(&bed, &["config"]);
    command.env("COS_HOSTNAME", bed.host()).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let xml = Said::of(child.wait_with_output().unwrap()).with_code(0);
    assert!(xml.out.contains("XML API (v5)"), "{xml:?}");
    assert!(fs::read_to_string(bed.path("conf")).unwrap().ends_with("region = sh\napi = v5\n"));
}

/// An account may have buckets elsewhere.
#[test]
fn a_bucket_may_be_in_another_region() {
    let bed = Bed::new(Api::V5);
    let listed = |arguments: &[&str]| {
        let mut command = cos(&bed, arguments);
        for variable in ["COS_HOSTNAME", "COS_DOWNLOAD_HOSTNAME", "COS_API"] {
            command.env_remove(variable);
        }
        let proxy = format!("http://127.0.0.1:{}", bed.emulator.port());
        command.env("COS_REGION", "ap-beijing").env("COS_PROXY", proxy);
        Said::of(command.output().unwrap())
    };
    listed(&["ls", "cos://private-bucket/"]).with_code(3).complaining("region");
    listed(&["ls", "--region", "ap-shanghai", "cos://private-bucket/"]).with_code(0);
}
