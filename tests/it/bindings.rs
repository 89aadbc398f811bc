//! Six languages use the installed library, Lua, Node and Python through their packages: C, C++, Go, Lua, Node
//! and Python, each with both APIs. The archive for Go has a module of its own, go.

mod alike;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use cos::ops::download;
use cos::threads::Watch;
use cos_emulator::{Action, Config, Credential, Emulator, Fault};
use serde_json::Value;

use crate::lua;
use crate::packages::assert_licences;
use support::ledger;
use support::ledger::Ledger;
use support::{APPID, Api, BUCKET, Bed, Op, SECRET_ID, SECRET_KEY};
use support::{content, for_each_api, header, installed, limited, limited_to, make};
use support::{remove_settings, root, succeed, target_dir};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Language {
    C,
    Cpp,
    Go,
    Lua,
    Node,
    Python,
}

use Language::*;

impl Language {
    fn directory(self) -> PathBuf {
        root().join(match self {
            C | Cpp => "examples-c",
            Go => "bindings/go",
            Lua => "bindings/lua",
            Node => "bindings/node/examples",
            Python => "bindings/python",
        })
    }

    fn source(self, program: &str) -> PathBuf {
        let program = match (self, program) {
            (Go, "first_upload") => "examples/first_upload/main",
            (Lua | Python, "first_upload") => "examples/first_upload",
            (Lua, "everything") => "test/everything",
            (Python, "everything") => "tests/everything",
            _ => program,
        };
        let ending = match self {
            C => ".c",
            Cpp => ".cpp",
            Go => ".go",
            Lua => ".lua",
            Node => ".mjs",
            Python => ".py",
        };
        self.directory().join(format!("{program}{ending}"))
    }
}

/// A command that finds the installed library with pkg-config.
fn development(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig"));
    command
}

/// Go, which reaches for nothing else but what is installed.
pub fn go_command(path: &Path) -> Command {
    let mut go = development("go");
    go.current_dir(Go.directory()).env("GOPROXY", "off");
    // Its caches are often in the home directory.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("go");
    go.env("GOCACHE", cache).env("GOPATH", path).env("GOENV", "off").env("GOFLAGS", "-mod=mod");
    go
}

/// The one directory with what was built that is in a package for Node.
pub fn prebuilt(package: &Path) -> PathBuf {
    fs::read_dir(package.join("prebuilt")).unwrap().next().unwrap().unwrap().path()
}

/// The directory with the licences of a package that a Python has.
pub fn licences_of(python: &Path, package: &str) -> PathBuf {
    let told = format!(
        "import importlib.metadata as m; print(m.distribution('{package}')._path / 'licenses', end='')"
    );
    let told = succeed(Command::new(python).args(["-c", &told])).stdout;
    PathBuf::from(String::from_utf8(told).unwrap())
}

/// A directory into which the package for Node was installed as its users do it, with nothing but
/// the package at hand; the examples and the tests are beside it.
pub fn with_npm_package() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        installed();
        let directory = target_dir().join("tmp/npm");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        succeed(make("npm").arg(format!("DIST={}", directory.display())));
        let install = "npm install --offline --no-audit --no-fund ./libcos-*.tgz";
        let mut sh = Command::new("sh");
        sh.args(["-euc", install]).current_dir(&directory);
        succeed(sh.env("npm_config_cache", target_dir().join("npm")));
        assert_licences(&prebuilt(&directory.join("node_modules/libcos")));
        for source in ["examples", "test"] {
            for file in fs::read_dir(root().join("bindings/node").join(source)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), directory.join(file.file_name())).unwrap();
            }
        }
        directory
    })
}

/// A program of one of these directories, ready to run.
struct Program {
    language: Language,
    /// What runs it, if it is a script.
    interpreter: Option<PathBuf>,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Program {
    fn new(language: Language, name: &str) -> Program {
        let dir = tempfile::tempdir().unwrap();
        let (source, built) = (language.source(name), dir.path().join(name));
        let (interpreter, path) = match language {
            C => (None, compile("cc -std=c99", &source, built)),
            Cpp => (None, compile("c++ -std=c++17", &source, built)),
            Go => {
                let place = if name == "first_upload" { "./examples" } else { "./internal" };
                let package = format!("{place}/{name}");
                let mut go = go_command(dir.path());
                go.args(["build", "-buildvcs=false", "-o"]);
                succeed(go.arg(&built).arg(package));
                (None, built)
            }
            Lua => (Some("lua5.4".into()), source),
            Node => (Some("node".into()), with_npm_package().join(name).with_extension("mjs")),
            Python => (Some(python_with_package()), source),
        };
        Program { language, interpreter, path, _dir: dir }
    }

    /// Runs it with a library against an emulator, which is also the proxy for names that do not
    /// resolve. The environment says which API it uses.
    fn run(&self, library: &Path, bed: &Bed, arguments: &[&str], host: &str) -> Output {
        let mut command = limited();
        command.args(&self.interpreter).arg(&self.path);
        command.args(arguments).arg(host).current_dir(bed.dir.path());
        command.env("COS_API", bed.api.word());
        command.env("LD_LIBRARY_PATH", library).env("COS_LEDGER", bed.path("ledger"));
        command.env("http_proxy", format!("http://{host}"));
        command.env_remove("no_proxy").env_remove("NO_PROXY");
        if self.language == Lua {
            command.env("LUA_CPATH", format!("{};;", lua::cpath("5.4")));
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONPATH");
        // The package has a library of its own.
        command.env_remove("COS_LIBRARY");
        if library == ledger::library() {
            command.env("COS_LIBRARY", library.join("libcos.so.1"));
        }
        command.output().unwrap()
    }

    /// What the ledger says of the run before, which may have kept nothing.
    fn balance(&self, bed: &Bed) -> Ledger {
        let ledger = ledger::balance(&bed.path("ledger"));
        fs::remove_file(bed.path("ledger")).unwrap();
        ledger.unwrap_or_else(|problem| panic!("{:?}: {problem}", self.language))
    }
}

/// The Python of a fresh environment with the package that `make wheel` has built, and nothing else.
fn python_with_package() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let place = target_dir().join("tmp/python");
        let _ = fs::remove_dir_all(&place);
        // Its prerequisites are up to date then.
        installed();
        succeed(make("wheel").arg(format!("DIST={}", place.join("dist").display())));
        let wheels: Vec<_> = fs::read_dir(place.join("dist")).unwrap().collect();
        assert_eq!(wheels.len(), 1);
        let environment = place.join("environment");
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        let python = environment.join("bin/python");
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--no-index"]);
        succeed(pip.arg(wheels[0].as_ref().unwrap().path()));
        assert_licences(&licences_of(&python, "libcos"));
        python
    });
    python.clone()
}

fn compile(compiler: &str, source: &Path, built: PathBuf) -> PathBuf {
    let flags = "-Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags --libs cos libcurl)";
    let line = format!("{compiler} '{}' {flags} -o '{}'", source.display(), built.display());
    succeed(development("sh").args(["-euc", &line]));
    built
}

fn uploads_first(program: &Program, api: Api) {
    let language = program.language;
    let (large, slices_of_large, missing) = match api {
        Api::V4 => (9_500_000, 10, "ERROR_CMD_FILE_NOTEXIST"),
        Api::V5 => (17_000_000, 3, "The specified key does not exist."),
    };
    for (size, slices, library) in
        [(1000, 0, &*installed().join("lib")), (large, slices_of_large, ledger::library())]
    {
        let bed = Bed::new(api);
        bed.file("file.bin", size);
        let output = program.run(library, &bed, &["file.bin"], &bed.host());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{language:?}: {}\n{said}", output.status);
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!(
                "uploaded file.bin to /first/你好.txt\n\
                 listed 你好.txt\n\
                 fetched {size} bytes from the signed URL, the same\n\
                 downloaded {size} bytes to file.bin.copy, the same\n\
                 refused: COS_ERR_NOT_FOUND (-197): {missing}\n"
            ),
            "{language:?}"
        );

        let requests = bed.emulator.requests();
        assert_eq!(bed.logged(Op::Slice).len(), slices, "{language:?}");
        let others = requests.iter().filter(|request| {
            request.user_agent.as_ref().is_none_or(|agent| !agent.starts_with("libcos/"))
        });
        let others: Vec<_> = others.map(|request| (&*request.op, request.status)).collect();
        assert_eq!(others, [(api.name(Op::Download), Some(200))], "{language:?}");
        let path = "/first/你好.txt";
        let stored = download::buffer(&bed.client(), BUCKET, path, None, Watch::default());
        assert!(stored.unwrap().1 == content(size), "{language:?}: other bytes are stored");
        assert!(fs::read(bed.path("file.bin.copy")).unwrap() == content(size), "{language:?}");
        if library == ledger::library() {
            // A client and six replies, at least.
            let handed_out = program.balance(&bed).handed_out;
            assert!(handed_out >= 7, "{language:?}: {handed_out}");
        }
    }
}

/// What stands in the way is named on stderr, nothing is kept, and no success is reported.
fn fails_well(program: &Program, api: Api) {
    let language = program.language;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("localhost:{nobody}");
    let wrong_key = match api {
        Api::V4 => "ERROR_PROXY_AUTH_FAILED",
        Api::V5 => "The Signature you specified is invalid.",
    };
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path().join("emulator"));
    config.credentials = vec![Credential {
        appid: APPID.into(),
        secret_id: SECRET_ID.into(),
        secret_key: "ANOTHER_KEY".into(),
    }];
    let bed = Bed::with(api, Emulator::start(config).unwrap(), dir);
    bed.file("file.bin", 1000);
    for (file, host, message) in [
        ("file.bin", &*bed.host(), wrong_key),
        ("file.bin", &nobody, "Connection refused"),
        ("no-such.bin", &nobody, "no-such.bin can't be read"),
        ("file.bin", "no host:9000", "hostname"),
    ] {
        let output = program.run(ledger::library(), &bed, &[file], host);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{language:?}: {output:?}");
        assert!(said.contains(message), "{language:?}: {message}: {said}");
        assert!(program.balance(&bed).handed_out > 0);
    }
}

fn expect_of(language: Language, api: Api) {
    let program = Program::new(language, "first_upload");
    uploads_first(&program, api);
    fails_well(&program, api);
}

for_each_api! {
    c,
    cpp,
    go,
    lua,
    node,
    python,
    everything_in_go,
    everything_in_lua,
    everything_in_node_while_the_event_loop_goes_on,
    everything_in_python,
    the_package_for_python_does_what_its_tests_say,
    the_programs_in_python_do_what_they_say,
    the_package_for_node_passes_its_own_tests,
}

fn c(api: Api) {
    expect_of(C, api);
}

fn cpp(api: Api) {
    expect_of(Cpp, api);
}

fn go(api: Api) {
    expect_of(Go, api);
}

fn lua(api: Api) {
    expect_of(Lua, api);
}

fn node(api: Api) {
    expect_of(Node, api);
}

fn python(api: Api) {
    expect_of(Python, api);
}

/// Runs a program that uses all of a wrapper and ends calls in all the ways there are. It
/// calls every function of `cos.h` but these, which do for other languages what this one has itself.
fn wraps_everything_but(language: Language, api: Api, left_out: &[&str]) {
    let bed = Bed::new(api);
    bed.file("large", 9_500_000);
    fs::create_dir_all(bed.path("tree/sub")).unwrap();
    fs::write(bed.path("tree/a"), "a").unwrap();
    fs::write(bed.path("tree/sub/b"), "b").unwrap();
    for op in [Op::Upload, Op::Init] {
        bed.emulator.inject(api.fault(op, Action::Withhold).path("/silent").forever());
    }
    bed.emulator.inject(Fault::new(Action::Delay { ms: 1000 }).path("/slow").forever());

    let program = Program::new(language, "everything");
    let output = program.run(ledger::library(), &bed, &[], &bed.host());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{language:?}: {}\n{said}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "everything went well\n");
    let not_called = ledger::not_called(&bed.path("ledger"));
    let left_out: BTreeSet<_> = left_out.iter().map(|name| format!("cos_{name}")).collect();
    assert_eq!(not_called, left_out, "{language:?}");
}

/// What is of no use where a program has no handle, and is told of progress by a function.
const CALLBACKS_ALONE: [&str; 2] = ["transfer_on_progress", "transfer_travelled"];

fn everything_in_go(api: Api) {
    let json = ["json_each", "json_int", "json_length", "json_quote", "json_string"];
    wraps_everything_but(Go, api, &[&CALLBACKS_ALONE, &json[..]].concat());
}

fn everything_in_lua(api: Api) {
    let json = ["json_each", "json_int", "json_length", "json_quote", "json_string"];
    wraps_everything_but(Lua, api, &json);
}

fn everything_in_node_while_the_event_loop_goes_on(api: Api) {
    let json = ["json_each", "json_int", "json_length", "json_quote", "json_string"];
    wraps_everything_but(Node, api, &[&CALLBACKS_ALONE, &json[..]].concat());
}

fn everything_in_python(api: Api) {
    let json = ["json_each", "json_int", "json_length", "json_quote", "json_string"];
    wraps_everything_but(Python, api, &[&["transfer_on_progress"], &json[..]].concat());
}

/// A command that runs a program with the package, and finds nothing of its surroundings.
fn with_package(bed: &Bed) -> Command {
    let mut python = limited_to(600);
    python.arg(python_with_package()).current_dir(bed.dir.path());
    remove_settings(&mut python);
    python.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONPATH");
    python.env("COS_API", bed.api.word()).env("XDG_CONFIG_HOME", bed.dir.path());
    python
}

fn the_package_for_python_does_what_its_tests_say(api: Api) {
    let bed = Bed::new(api);
    let mut python = with_package(&bed);
    python.env("COS_HOST", bed.host()).args(["-m", "unittest", "discover", "-s"]);
    succeed(python.arg(Python.directory().join("tests")));
}

fn the_programs_in_python_do_what_they_say(api: Api) {
    let bed = Bed::new(api);
    fs::create_dir_all(bed.path("photos/sub")).unwrap();
    for name in ["a", "sub/b", "gone"] {
        fs::write(bed.path("photos").join(name), name).unwrap();
    }
    let run = |program: &str, arguments: &[&str]| {
        let mut python = with_package(&bed);
        python.arg(Python.directory().join("examples").join(program)).args(arguments);
        python.env("COS_APPID", APPID).env("COS_SECRET_ID", SECRET_ID);
        python.env("COS_SECRET_KEY", SECRET_KEY).env("COS_SCHEME", "http");
        python.env("COS_HOSTNAME", bed.host()).env("COS_DOWNLOAD_HOSTNAME", bed.host());
        let output = python.output().unwrap();
        let [printed, complained] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), printed, complained)
    };
    let says = |program: &str, arguments: &[&str], text: &str| {
        assert_eq!(run(program, arguments), (Some(0), text.to_owned(), String::new()));
    };
    let save = ["save", "photos", BUCKET, "/photos/", "--delete"];
    says("backup.py", &save, "3 uploaded, 0 unchanged\n0 deleted\n");
    fs::remove_file(bed.path("photos/gone")).unwrap();
    says("backup.py", &save, "0 uploaded, 2 unchanged\n1 deleted\n");
    let (_, listed, _) = run("backup.py", &["list", BUCKET, "/photos/"]);
    assert!(listed.ends_with("2 files, 6 bytes\n"), "{listed}");
    let restore = ["restore", BUCKET, "/photos/", "again"];
    says("backup.py", &restore, "2 downloaded, 0 unchanged\n");
    assert_eq!(fs::read(bed.path("again/sub/b")).unwrap(), b"sub/b");
    says("many.py", &[BUCKET, "/photos/"], "2 files, 6 bytes\n");
    let (code, _, complained) = run("backup.py", &["list", "no-such-bucket", "/"]);
    assert_eq!(code, Some(1));
    assert_eq!(complained, "there is no bucket no-such-bucket in this region\n");
}

/// Of the package as it is installed, and of programs that use it, for the oldest Python.
#[test]
fn the_types_of_the_package_for_python_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let check = |what: &[&str]| {
        let mut mypy = Command::new(target_dir().join("mypy/bin/mypy"));
        mypy.args(["--strict", "--python-version", "3.8", "--cache-dir"]).arg(dir.path());
        mypy.arg("--python-executable").arg(python_with_package());
        succeed(mypy.args(what).current_dir(Python.directory().join("tests")));
    };
    check(&["typed.py", "../examples/many.py"]);
    check(&["--package", "cos"]);
}

/// In the directory where it is installed, with what `node --test` has.
fn the_package_for_node_passes_its_own_tests(api: Api) {
    let bed = Bed::new(api);
    let directory = with_npm_package();
    let mut node = limited_to(600);
    node.args(["node", "--test"]).current_dir(directory);
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name());
    node.args(files.filter(|name| name.to_string_lossy().ends_with(".test.mjs")));
    node.env_remove("COS_LIBRARY").env("COS_TEST_HOST", bed.host()).env("COS_API", api.word());
    succeed(node.env("COS_HEADER", installed().join("include/cos.h")));
}

/// It is made for one system, and for others later.
#[test]
fn the_addon_for_node_compiles_for_windows_and_with_clang() {
    let directory = root().join("bindings/node");
    for (compiler, system) in
        [("x86_64-w64-mingw32-gcc", "system_windows.c"), ("clang", "system_unix.c")]
    {
        let mut cc = Command::new(compiler);
        cc.args("-std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only".split(' '));
        cc.args("-DNAPI_VERSION=8 -I../../include -isystem".split(' '));
        cc.arg("node_modules/node-api-headers/include").current_dir(&directory);
        let files = ["addon.c", "calls.c", "library.c", system];
        succeed(cc.args(files.map(|file| format!("src/{file}"))));
    }
}

/// As a module of both kinds.
#[test]
fn the_types_for_node_are_strict() {
    let modules = root().join("bindings/node/node_modules");
    let directory = with_npm_package();
    fs::copy(directory.join("types.ts"), directory.join("types.mts")).unwrap();
    let mut tsc = Command::new(modules.join(".bin/tsc"));
    tsc.args(["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noImplicitOverride"]);
    tsc.args(["--target", "es2022", "--module", "nodenext", "--types", "node", "--typeRoots"]);
    tsc.arg(modules.join("@types")).args(["types.ts", "types.mts"]);
    succeed(tsc.current_dir(directory));
}

/// The tests run on one system. Here the library has a name that none of them looks for.
#[test]
fn each_script_knows_the_library_by_its_name_on_each_system_or_by_another() {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("another name.so");
    fs::copy(installed().join("lib/libcos.so"), &library).unwrap();
    let of_python = "from cos import _library
_library.load(_library.path())
print(*map(_library.library_name, ['linux', 'freebsd14', 'darwin', 'win32']))";
    let of_node = "const { libraryName } = require('./node_modules/libcos/lib/addon');
require('libcos').version();
console.log(['linux', 'freebsd', 'darwin', 'win32'].map(libraryName).join(' '));";
    for (language, command) in [
        (Python, ["python3", "-B", "-c", of_python]),
        (Node, ["node", "--unhandled-rejections=strict", "-e", of_node]),
    ] {
        let mut run = Command::new(command[0]);
        let installed_for_node = (language == Node).then(|| with_npm_package().to_owned());
        let directory = installed_for_node.unwrap_or_else(|| language.directory());
        run.args(&command[1..]).current_dir(directory);
        run.env_remove("LD_LIBRARY_PATH").env("COS_LIBRARY", &library);
        let names = String::from_utf8(succeed(&mut run).stdout).unwrap();
        let abi = header::abi_version();
        let wanted = format!("libcos.so.{abi} libcos.so.{abi} libcos.{abi}.dylib cos.dll\n");
        assert_eq!(names, wanted, "{language:?}");
    }
}

/// The import library of Windows is made of the names in it.
#[test]
fn go_links_with_the_dll() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let symbols = fs::read_to_string(root().join("abi/symbols.txt")).unwrap();
    fs::write(path("cos.def"), format!("LIBRARY cos.dll\nEXPORTS\n{symbols}")).unwrap();
    let mut dlltool = Command::new("x86_64-w64-mingw32-dlltool");
    succeed(dlltool.arg("-d").arg(path("cos.def")).arg("-l").arg(path("libcos.dll.a")));
    let mut go = go_command(dir.path());
    go.env("GOOS", "windows").env("GOARCH", "amd64").env("CGO_ENABLED", "1");
    go.env("CC", "x86_64-w64-mingw32-gcc");
    go.env("CGO_CFLAGS", format!("-I{}", root().join("include").display()));
    go.env("CGO_LDFLAGS", format!("-L{}", dir.path().display()));
    succeed(
        go.args(["build", "-buildvcs=false", "-o"])
            .arg(path("first.exe"))
            .arg("./examples/first_upload"),
    );
    let mut objdump = Command::new("x86_64-w64-mingw32-objdump");
    let needed = succeed(objdump.arg("-p").arg(path("first.exe"))).stdout;
    assert!(String::from_utf8_lossy(&needed).contains("DLL Name: cos.dll"));
}

/// They are what a reader sees of a language.
#[test]
fn the_first_ten_lines_show_an_upload() {
    for language in [C, Cpp, Go, Lua, Node, Python] {
        let source = fs::read_to_string(language.source("first_upload")).unwrap();
        let lines: Vec<_> = source.lines().take(10).collect();
        for line in &lines {
            let wide = line.chars().filter(|c| !c.is_ascii()).count();
            let columns = line.replace('\t', "        ").chars().count() + wide;
            assert!(columns <= 80, "{language:?}: {columns}: {line}");
        }
        let shown = lines.join("\n");
        for part in ["cos", "\"EXAMPLE_SECRET_ID\"", "\"private-bucket\"", "/first/你好.txt"] {
            assert!(shown.contains(part), "{language:?}: no {part}");
        }
        let upload = ["upload_file(", "UploadFile(", "uploadFile("];
        assert!(upload.iter().any(|name| shown.contains(name)), "{language:?}: no upload");
    }
}

/// What the package for Node is made with is what was tested, wherever it comes from.
#[test]
fn the_modules_for_node_are_pinned_by_their_checksums() {
    let read = |file| -> Value {
        let text = fs::read_to_string(root().join("bindings/node").join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (lock, package) = (read("package-lock.json"), read("package.json"));
    let packages = lock["packages"].as_object().unwrap();
    for (path, package) in packages.iter().filter(|(path, _)| !path.is_empty()) {
        assert!(package["integrity"].as_str().unwrap().starts_with("sha512-"), "{path}");
        assert!(package.get("resolved").is_none(), "{path}");
    }
    assert!(package.get("dependencies").is_none(), "users need nothing else");
    for (name, version) in package["devDependencies"].as_object().unwrap() {
        assert_eq!(*version, packages[&format!("node_modules/{name}")]["version"], "{name}");
    }
}
