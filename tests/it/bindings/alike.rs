//! What the packages for Python, Node, Lua and Go do in the same way, by programs of a few lines.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use support::transfers::code;

use super::*;
use crate::programs::set_account;

/// The words that run a program of each language with its package.
fn programs(
    dir: &Path,
    name: &str,
    python: &str,
    node: &str,
    lua: &str,
    go: &str,
) -> Vec<Vec<PathBuf>> {
    let write = |path: PathBuf, source: &str| {
        fs::write(&path, source).unwrap();
        path
    };
    let path = |ending: &str| dir.join(format!("{name}.{ending}"));
    // A module is looked for beside the file that wants it.
    let module = with_npm_package().join(format!("{name}.mjs"));
    let source = write(path("go"), go);
    let program = dir.join(name);
    let mut build = go_command(dir);
    succeed(build.args(["build", "-buildvcs=false", "-o"]).arg(&program).arg(source));
    vec![
        vec![python_with_package(), write(path("py"), python)],
        vec!["node".into(), write(module, node)],
        vec!["lua5.4".into(), write(path("lua"), lua)],
        vec![program],
    ]
}

/// A command with nothing of its surroundings.
fn run(words: &[PathBuf], bed: &Bed) -> Command {
    let mut run = limited();
    run.args(words).current_dir(bed.dir.path());
    remove_settings(&mut run);
    run.env("LC_ALL", "C").env("LD_LIBRARY_PATH", installed().join("lib"));
    run.env("LUA_CPATH", lua::cpath("5.4")).env("PYTHONDONTWRITEBYTECODE", "1");
    run
}

/// The file, the environment, and a profile that is named: each package does what the command does.
#[test]
fn a_program_gets_the_account_that_it_asks_for() {
    let bed = Bed::new(Api::V5);
    let file = "appid = 1\nsecret_id = ABOVE\nsecret_key = K\nregion = ap-above\ntoken = T_ABOVE\n\
                [work]\ntoken = T_WORK\nsecret_id = WORK\nsecret_key = W\nappid = 2\n\
                [keys]\nsecret_id = KEYS\nsecret_key = K2\n\
                [place]\nregion = ap-place\n";
    fs::write(bed.path("cos.conf"), file).unwrap();
    fs::set_permissions(bed.path("cos.conf"), Permissions::from_mode(0o600)).unwrap();
    let keys = ["SECRET_ID=ENV", "SECRET_KEY=E", "TOKEN=T_ENV", "REGION=ap-env", "APPID=3"];
    let with_keys = |more| [&keys[..], &[more]].concat();
    let cases = [
        (None, vec![], "1 ap-above ABOVE T_ABOVE"),
        (None, keys.to_vec(), "3 ap-env ENV T_ENV"),
        (None, vec!["SECRET_ID=ENV"], "1 ap-above ENV"),
        (None, vec!["PROFILE=work"], "2 ap-above WORK T_WORK"),
        (None, with_keys("PROFILE=work"), "3 ap-env ENV T_ENV"),
        (None, vec!["PROFILE=none"], "has no section [none]"),
        (Some("work"), vec!["PROFILE=none"], "2 ap-above WORK T_WORK"),
        (Some("work"), with_keys("PROFILE=place"), "2 ap-env WORK T_WORK"),
        // Nobody's token goes with other keys than those that it came with.
        (Some("keys"), vec![], "1 ap-above KEYS"),
        (Some("keys"), keys.to_vec(), "3 ap-env KEYS"),
        (Some("place"), keys.to_vec(), "3 ap-place ENV T_ENV"),
        (Some("place"), vec!["SECRET_ID=ENV"], "1 ap-place ENV"),
        (Some("none"), keys.to_vec(), "has no section [none]"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let mut programs = programs(
        dir.path(),
        "account",
        "import cos, sys
try:
    client = cos.Client.from_env(profile=sys.argv[1] if sys.argv[1:] else None)
    print(client.presign_get('b', '/a'))
except cos.ConfigError as error: print(error)",
        "import { Client } from 'libcos';
try {
  console.log(Client.fromEnv({ profile: process.argv[2] }).presignGet('b', '/a'));
} catch (error) { console.log(error.message); }",
        "local client, problem = require 'cos'.from_env { profile = arg[1] }
print(client and client:presign_get('b', '/a') or tostring(problem))",
        r#"package main
import ("fmt"; "os"; "time"; "libcos.invalid/cos")
func main() {
	client, err := cos.FromEnv("", &cos.ClientOptions{Profile: append(os.Args, "")[1]})
	if err != nil { fmt.Println(err); return }
	url, _ := client.PresignGet("b", "/a", time.Hour, nil)
	fmt.Println(url)
}"#,
    );
    programs.push(vec![installed().join("bin/cos"), "sign".into(), "cos://b/a".into()]);
    for (named, environment, wanted) in cases {
        for words in &programs {
            let mut run = run(words, &bed);
            run.env("COS_CONFIG", "cos.conf").envs(environment.iter().map(|set| {
                let (name, value) = set.split_once('=').unwrap();
                (format!("COS_{name}"), value)
            }));
            if words[0].ends_with("bin/cos") && named.is_some() {
                run.arg("--profile");
            }
            let output = run.args(named).output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let case = format!("{words:?} {named:?} {environment:?}: {said}");
            match account_in(said.trim()) {
                Some(account) => assert_eq!(account, wanted, "{case}"),
                None => assert!(said.contains(wanted), "{case}"),
            }
        }
    }
}

/// Whose a URL of the XML API is: appid, region, secret id, and a token.
fn account_in(url: &str) -> Option<String> {
    let (host, signed) = url.strip_prefix("https://b-")?.split_once("/a?")?;
    let (appid, region) = host.strip_suffix(".myqcloud.com")?.split_once(".cos.")?;
    let parameters = || signed.split('&').filter_map(|pair| pair.split_once('='));
    let value = |key| parameters().find(|(name, _)| *name == key).map(|(_, value)| value);
    let account = [Some(appid), Some(region), value("q-ak"), value("x-cos-security-token")];
    Some(account.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

const SPELLINGS: usize = 6;

/// A character as XML may have it: as it is, or by its number or name.
fn in_xml(c: char, spelling: usize) -> String {
    let number = c as u32;
    match (spelling % SPELLINGS, c) {
        (0, _) => format!("&#{number};"),
        (1, _) => format!("&#x{number:X};"),
        (2, _) => format!("&#x{number:06x};"),
        (_, '&') => "&amp;".into(),
        (_, '<') => "&lt;".into(),
        (3, '>') => "&gt;".into(),
        (3, '"') => "&quot;".into(),
        (3, '\'') => "&apos;".into(),
        _ => c.into(),
    }
}

/// The names of what could not be deleted, whatever is in them and however the service spells it.
#[test]
fn what_could_not_be_deleted_is_told_by_its_name() {
    let bed = Bed::new(Api::V5);
    let dir = tempfile::tempdir().unwrap();
    let programs = programs(
        dir.path(),
        "left",
        "import cos, sys
with cos.Client.from_env(retries=0) as client:
    try:
        for failure in client.delete_files('private-bucket', sys.argv[1:]):
            sys.stdout.buffer.write(failure.path.encode() + b'\\n')
    except cos.CosError as error: print(error.code)",
        "import { Client } from 'libcos';
try {
  for (const { path } of await Client.fromEnv({ retries: 0 }).deleteFiles('private-bucket', process.argv.slice(2))) {
    console.log(path);
  }
} catch (error) { console.log(error.code); }",
        "local left, err = require 'cos'.from_env { retries = 0 }:delete_files('private-bucket', arg)
if not left then print(err.code) end
for _, failure in ipairs(left or {}) do print(failure.path) end",
        r#"package main
import ("context"; "errors"; "fmt"; "os"; "libcos.invalid/cos")
func main() {
	client, _ := cos.FromEnv("", &cos.ClientOptions{Retries: cos.Ptr(0)})
	left, err := client.DeleteFiles(context.Background(), "private-bucket", os.Args[1:], nil)
	var failure *cos.Error
	if errors.As(err, &failure) { fmt.Println(int(failure.Code)); return }
	for _, one := range left { fmt.Println(one.Path) }
}"#,
    );
    let odd = "/&<>\"'#;x &amp; 中😀\u{e9}%41+";
    let printed = |xml: &str, words: &[PathBuf]| {
        let answer = bed.api.reply(xml);
        bed.emulator.inject(Fault::new(answer).op("delete_objects"));
        let mut run = run(words, &bed);
        set_account(&mut run, &bed);
        String::from_utf8(succeed(run.args([odd, "/b"])).stdout).unwrap()
    };
    for words in &programs {
        for shift in 0..SPELLINGS {
            let spelled: String =
                odd[1..].chars().enumerate().map(|(i, c)| in_xml(c, i + shift)).collect();
            let xml = format!(
                "<DeleteResult><Error><Key>{spelled}</Key><Code>AccessDenied</Code>\
                 <Message>No.</Message></Error></DeleteResult>"
            );
            assert_eq!(printed(&xml, words), format!("{odd}\n"), "{words:?}");
        }
        assert_eq!(printed("not XML", words), "-2\n", "{words:?}");
    }
}

/// A program that decides by a reason need not know each code that is a kind of it.
#[test]
fn codes_are_kinds_of_the_same_reasons() {
    let bed = Bed::new(Api::V4);
    let families: [(&str, &[i32]); 5] = [
        ("FileExists", &[-177, -4018]),
        ("Integrity", &[-175, -4016, -29094]),
        ("AccessDenied", &[-47, -59, -61, -62, -63, -70, -73, -74, -77, -79, -81, -96, -97]),
        ("Unavailable", &[-152, -195, -196, -300, -5997]),
        ("UploadUnfinished", &[-4019, -4020]),
    ];
    let others = [-71, -133, -173, -178, -180, -197, -199, -284, -5964, -5983, -5999];
    let mut expected: Vec<_> = others.iter().map(|code| (*code, "another")).collect();
    for (family, codes) in families {
        expected.extend(codes.iter().map(|code| (*code, family)));
    }
    let paths: Vec<_> = expected.iter().map(|(code, _)| format!("/{code}.")).collect();
    for (number, path) in expected.iter().zip(&paths) {
        bed.emulator.inject(Fault::new(code(number.0)).path(path).forever());
    }
    let dir = tempfile::tempdir().unwrap();
    let programs = programs(
        dir.path(),
        "kinds",
        "import cos, sys
kinds = {cos.FileExists: 'FileExists', cos.IntegrityError: 'Integrity', cos.AccessDenied: 'AccessDenied',
         cos.Unavailable: 'Unavailable', cos.UploadUnfinished: 'UploadUnfinished'}
with cos.Client.from_env(retries=0) as client:
    for path in sys.argv[1:]:
        try:
            client.stat_file('private-bucket', path)
        except cos.CosError as error:
            names = [name for kind, name in kinds.items() if isinstance(error, kind)]
            print(error.code, *names or ['another'])",
        "import { Client } from 'libcos';
const kinds = ['FileExists', 'Integrity', 'AccessDenied', 'Unavailable', 'UploadUnfinished'];
const client = Client.fromEnv({ retries: 0 });
for (const path of process.argv.slice(2)) {
  await client.statFile('private-bucket', path).catch((error) => {
    const { code, kind, name } = error;
    console.log(code, kinds.includes(kind) ? kind : kind === name ? 'another' : `${kind} of ${name}`);
  });
}",
        "local kinds = {
  COS_ERR_FILE_EXISTS = 'FileExists', COS_ERR_INTEGRITY = 'Integrity', COS_ERR_UNAVAILABLE = 'Unavailable',
  COS_ERR_ACCESS_DENIED = 'AccessDenied', COS_ERR_UPLOAD_UNFINISHED = 'UploadUnfinished',
}
local client = require 'cos'.from_env { retries = 0 }
for _, path in ipairs(arg) do
  local _, err = client:stat_file('private-bucket', path)
  print(err.code .. ' ' .. (kinds[err.kind] or err.kind == err.name and 'another' or err.kind))
end",
        r#"package main
import ("context"; "errors"; "fmt"; "os"; "libcos.invalid/cos")
func main() {
	client, _ := cos.FromEnv("", &cos.ClientOptions{Retries: cos.Ptr(0)})
	for _, path := range os.Args[1:] {
		_, err := client.StatFile(context.Background(), "private-bucket", path, nil)
		var failure *cos.Error
		name := "another"
		for code, kind := range map[cos.Code]string{
			cos.ErrFileExists: "FileExists", cos.ErrIntegrity: "Integrity", cos.ErrAccessDenied: "AccessDenied",
			cos.ErrUnavailable: "Unavailable", cos.ErrUploadUnfinished: "UploadUnfinished",
		} {
			if errors.Is(err, code) { name = kind }
		}
		errors.As(err, &failure)
		fmt.Println(int(failure.Code), name)
	}
}"#,
    );
    let lines = expected.iter().map(|(code, family)| format!("{code} {family}\n"));
    let wanted: String = lines.collect();
    for words in &programs {
        let mut run = run(words, &bed);
        set_account(&mut run, &bed);
        let output = succeed(run.args(&paths));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted, "{words:?}");
    }
}
