//! The emulator as packages for Python and Node, tried as their users do: installed with nothing but the
//! package at hand, in tests of programs that use the official clients and libcos.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::bindings::{licences_of, prebuilt, with_npm_package};
use crate::packages::assert_licences;
use support::{installed, limited_to, make, remove_settings, root, succeed, target_dir};

/// The single file with this ending in a directory.
fn the_only(directory: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let mut files = files.filter(|file| file.to_string_lossy().ends_with(ending));
    let file = files.next().unwrap();
    assert!(files.next().is_none(), "more than one {ending} in {}", directory.display());
    file
}

/// An empty directory below the one for temporary files of the tests.
fn fresh(name: &str) -> PathBuf {
    let directory = target_dir().join("tmp").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Writes the programs of a README into a directory: blocks of this language that begin with a comment
/// which is the name of a file. Returns how many there are.
fn write_examples(readme: &str, language: &str, comment: &str, directory: &Path) -> usize {
    let text = fs::read_to_string(root().join(readme)).unwrap();
    let fence = format!("\n```{language}\n");
    let mut count = 0;
    for block in text.split(&fence).skip(1) {
        let block = block.split("\n```\n").next().unwrap();
        let name = block.lines().next().unwrap().strip_prefix(comment).unwrap_or_default();
        if name.contains('.') && !name.contains(' ') {
            fs::write(directory.join(name), format!("{block}\n")).unwrap();
            count += 1;
        }
    }
    count
}

fn copy_files(from: &str, to: &Path) {
    for file in fs::read_dir(root().join(from)).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// The Python of a fresh environment that has the package and pytest. The official SDK and libcos, which
/// were installed elsewhere, come after everything else.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let place = fresh("emulator-python");
        succeed(make("emulator-wheel").arg(format!("DIST={}", place.join("dist").display())));
        let environment = place.join("environment");
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        let python = environment.join("bin/python");
        let install = |what: &[&str]| {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet", "--no-index", "--find-links"]);
            succeed(pip.arg(target_dir().join("pytest")).args(what).current_dir(root()));
        };
        install(&["--require-hashes", "--requirement", "emulator/python/requirements.txt"]);
        install(&[the_only(&place.join("dist"), ".whl").to_str().unwrap()]);
        assert_licences(&licences_of(&python, "cos-emulator"));
        let others =
            "import qcloud_cos, os; print(os.path.dirname(os.path.dirname(qcloud_cos.__file__)))";
        let mut sdk = Command::new(target_dir().join("sdks/python/bin/python"));
        let sdk = String::from_utf8(succeed(sdk.args(["-c", others])).stdout).unwrap();
        let own = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
        let own = succeed(Command::new(&python).args(["-c", own])).stdout;
        let libcos = root().join("bindings/python");
        let paths = format!("{sdk}{}\n", libcos.display());
        fs::write(Path::new(&String::from_utf8(own).unwrap()).join("others.pth"), paths).unwrap();
        python
    })
}

/// Runs what pytest finds in a directory, in which it leaves nothing; there must be so many tests.
fn pytest(directory: &Path, count: usize) {
    let mut pytest = limited_to(600);
    pytest.arg(python()).args(["-m", "pytest", "-p", "no:cacheprovider", "-q"]);
    remove_settings(&mut pytest);
    pytest.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONPATH");
    pytest.env("COS_LIBRARY", installed().join("lib/libcos.so"));
    pytest.env("XDG_CONFIG_HOME", directory).env_remove("PYTEST_ADDOPTS");
    let said = String::from_utf8(succeed(pytest.current_dir(directory)).stdout).unwrap();
    let last = said.lines().last().unwrap();
    assert!(last.starts_with(&format!("{count} passed in ")), "{said}");
}

#[test]
fn the_package_for_python_does_what_its_tests_say() {
    let dir = tempfile::tempdir().unwrap();
    copy_files("emulator/python/tests", dir.path());
    pytest(dir.path(), 20);
}

#[test]
fn the_tests_in_the_readme_for_python_pass() {
    let dir = tempfile::tempdir().unwrap();
    let written = write_examples("emulator/python/README.md", "python", "# ", dir.path());
    assert_eq!(written, 4);
    pytest(dir.path(), 5);
}

/// Of the module as it is installed, and of a program that uses it, for the oldest Python.
#[test]
fn the_types_for_python_are_right() {
    let dir = tempfile::tempdir().unwrap();
    let mypy = |what: &[&str]| {
        let mut mypy = Command::new(target_dir().join("mypy/bin/mypy"));
        mypy.args(["--strict", "--python-version", "3.8", "--cache-dir"]).arg(dir.path());
        mypy.arg("--python-executable").arg(python()).args(what);
        mypy.current_dir(root().join("emulator/python/tests"));
        mypy
    };
    succeed(&mut mypy(&["--package", "cos_emulator"]));
    succeed(&mut mypy(&["--warn-unused-ignores", "typed.py"]));
}

/// A directory into which both packages for Node were installed, with the official SDK, the tests
/// of the package and those of its README beside them.
fn with_npm_packages() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = fresh("emulator-node");
        succeed(make("emulator-npm").arg(format!("DIST={}", directory.display())));
        let mut npm = Command::new("npm");
        npm.args(["install", "--offline", "--no-audit", "--no-fund"]).current_dir(&directory);
        npm.args([&directory, with_npm_package()].map(|place| the_only(place, ".tgz")));
        succeed(npm.env("npm_config_cache", target_dir().join("npm")));
        assert_licences(&prebuilt(&directory.join("node_modules/cos-emulator")));
        let sdk = "node_modules/cos-nodejs-sdk-v5";
        symlink(target_dir().join("sdks/node").join(sdk), directory.join(sdk)).unwrap();
        copy_files("emulator/node/test", &directory);
        assert_eq!(write_examples("emulator/node/README.md", "js", "// ", &directory), 2);
        directory
    })
}

/// Its own tests, and those of its README.
#[test]
fn the_package_for_node_does_what_its_tests_say() {
    let directory = with_npm_packages();
    let home = tempfile::tempdir().unwrap();
    let mut node = limited_to(600);
    node.args(["node", "--test"]).current_dir(directory);
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name());
    let tests: Vec<_> =
        files.filter(|name| name.to_string_lossy().ends_with(".test.mjs")).collect();
    assert_eq!(tests.len(), 5);
    remove_settings(&mut node);
    // The SDK keeps notes of its uploads there.
    node.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
    let said = String::from_utf8(succeed(node.args(tests)).stdout).unwrap();
    assert!(said.contains("\n# pass 20\n"), "{said}");
}

#[test]
fn the_types_for_node_are_strict() {
    let modules = root().join("bindings/node/node_modules");
    let directory = with_npm_packages();
    fs::copy(directory.join("types.ts"), directory.join("types.mts")).unwrap();
    let mut tsc = Command::new(modules.join(".bin/tsc"));
    tsc.args([
        "--noEmit",
        "--strict",
        "--exactOptionalPropertyTypes",
        "--noUncheckedIndexedAccess",
    ]);
    tsc.args(["--target", "es2022", "--module", "nodenext", "--types", "node", "--typeRoots"]);
    tsc.arg(modules.join("@types")).args(["types.ts", "types.mts"]);
    succeed(tsc.current_dir(directory));
}

/// What the tests of the package use is what it was written for, wherever it comes from.
#[test]
fn pytest_is_pinned_by_its_checksums() {
    let text = fs::read_to_string(root().join("emulator/python/requirements.txt")).unwrap();
    let named = text.lines().filter(|line| line.contains("==")).count();
    assert_eq!((named, text.matches("--hash=sha256:").count()), (7, 7));
}
