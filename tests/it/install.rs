//! `make install`: what it installs is all that a program needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{
    APPID, BUCKET, Bed, SECRET_ID, SECRET_KEY, behind_static, header, installed, libraries, make,
    root, succeed, typed,
};

/// Every file below a directory, by its path from there.
fn files(dir: &Path) -> BTreeSet<String> {
    let listing = succeed(Command::new("find").args([".", "-not", "-type", "d"]).current_dir(dir));
    let listing = String::from_utf8(listing.stdout).unwrap();
    listing.lines().map(|line| line.trim_start_matches("./").to_owned()).collect()
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

/// A tree that was installed from a build that is gone, a directory with nothing but a C program
/// in it, and an emulator to run that program against.
struct Elsewhere {
    bed: Bed,
    prefix: PathBuf,
    source: PathBuf,
}

impl Elsewhere {
    fn new() -> Elsewhere {
        installed();
        let bed = Bed::new(support::Api::V4);
        let (build, prefix) = (bed.path("build"), bed.path("usr"));
        let made = libraries().parent().unwrap();
        succeed(Command::new("cp").arg("-R").arg(made).arg(&build));
        let mut install = typed("make");
        install.arg("install").arg(format!("BUILD={}", build.display()));
        succeed(install.arg(format!("PREFIX={}", prefix.display())));
        fs::remove_dir_all(&build).unwrap();
        let source = bed.path("source");
        fs::create_dir(&source).unwrap();
        fs::copy(root().join("examples-c/round.c"), source.join("round.c")).unwrap();
        Elsewhere { bed, prefix, source }
    }

    /// A command that knows of the tree what its user would tell it.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.source);
        command.env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"));
        command.env("CMAKE_PREFIX_PATH", &self.prefix);
        command
    }

    fn shell(&self, script: &str) {
        succeed(self.command("sh").args(["-euc", script]));
    }

    /// Runs a program that was built, with the shared library where the loader finds it or not.
    fn run(&self, program: &str, shared: bool) {
        let mut run = self.command(self.source.join(program));
        if shared {
            run.env("LD_LIBRARY_PATH", self.prefix.join("lib"));
        }
        let host = self.bed.host();
        let output = succeed(run.args([&host, BUCKET, APPID, SECRET_ID, SECRET_KEY]));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.ends_with("the whole round went well\n"), "{printed}");
    }
}

#[test]
fn pkg_config_links_the_shared_library() {
    let elsewhere = Elsewhere::new();
    elsewhere.shell("cc round.c $(pkg-config --cflags --libs cos) -o shared");
    elsewhere.run("shared", true);
    let needed = succeed(Command::new("readelf").arg("-d").arg(elsewhere.source.join("shared")));
    assert!(String::from_utf8(needed.stdout).unwrap().contains("[libcos.so."));
}

#[test]
fn pkg_config_links_the_static_library() {
    let elsewhere = Elsewhere::new();
    elsewhere.shell(
        "cc round.c $(pkg-config --static --cflags --libs cos | sed s/-lcos/-l:libcos.a/) -o alone
         cc -static round.c $(pkg-config --static --cflags --libs cos) -o wholly",
    );
    elsewhere.run("alone", false);
    elsewhere.run("wholly", false);
}

#[test]
fn cmake_finds_both() {
    let elsewhere = Elsewhere::new();
    let project = "cmake_minimum_required(VERSION 3.13)
project(round C)
find_package(cos 0.1 REQUIRED)
foreach(kind cos static)
  add_executable(round-${kind} round.c)
  target_link_libraries(round-${kind} PRIVATE cos::${kind})
endforeach()
";
    fs::write(elsewhere.source.join("CMakeLists.txt"), project).unwrap();
    elsewhere.shell("cmake -B made . && cmake --build made");
    elsewhere.run("made/round-cos", false);
    elsewhere.run("made/round-static", false);
    fs::write(elsewhere.source.join("CMakeLists.txt"), project.replace("0.1", "0.99")).unwrap();
    let refused = elsewhere.command("cmake").args(["-B", "too-new", "."]).output().unwrap();
    assert!(!refused.status.success(), "0.99 is not installed");
}

/// Nothing that was installed leads back to where it was built.
#[test]
fn the_tree_stands_alone() {
    let elsewhere = Elsewhere::new();
    for file in files(&elsewhere.prefix) {
        let content = fs::read(elsewhere.prefix.join(&file)).unwrap();
        let home = root().to_str().unwrap().as_bytes();
        assert!(!content.windows(home.len()).any(|part| part == home), "{file}");
    }
}

#[test]
fn pkg_config_names_what_rustc_would_link() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty.rs");
    fs::write(&empty, "").unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "native-static-libs", "--crate-type", "staticlib"]).arg(&empty);
    let printed = succeed(rustc.current_dir(dir.path()));
    let printed = String::from_utf8(printed.stderr).unwrap();
    let (_, list) = printed.split_once("native-static-libs: ").unwrap();
    let list = list.lines().next().unwrap();
    // The C compiler adds these itself, each in the form that fits the way of linking.
    let wanted: Vec<_> = list.split(' ').filter(|lib| !["-lgcc_s", "-lc"].contains(lib)).collect();
    assert_eq!(behind_static(), wanted);
}

/// What can't read the number in Cargo.toml.
#[test]
fn bindings_and_texts_name_the_library_by_its_abi_version() {
    let abi = header::abi_version();
    let (named, named_on_macos) = (format!("so.{abi}"), format!("{abi}.dylib"));
    let bindings = ["python/cos/_library.py", "node/lib/addon.js"];
    let bindings = bindings.map(|file| format!("bindings/{file}"));
    let pages = ["docs/manual/en/programs.md", "docs/manual/zh/programs.md"];
    for file in bindings.iter().map(String::as_str).chain(pages) {
        let text = text(root().join(file));
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let ends = text.split("libcos.").skip(1);
        let ends = ends.map(|rest| rest.split(|c| !is_of_name(c)).next().unwrap());
        let numbered: BTreeSet<_> = ends.filter(|end| end.contains(char::is_numeric)).collect();
        assert_eq!(numbered, BTreeSet::from([&*named, &*named_on_macos]), "{file}");
    }
}

/// What the build script says for systems that the tests don't run on.
#[test]
fn each_system_names_the_library_in_its_own_way() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("build");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "build.rs", "-o"]).arg(&script).current_dir(root());
    succeed(&mut rustc);
    let arguments = |os: &str, vendor: &str| {
        let mut run = Command::new(&script);
        run.env("CARGO_CFG_TARGET_OS", os).env("CARGO_CFG_TARGET_VENDOR", vendor);
        let said = String::from_utf8(succeed(run.current_dir(root())).stdout).unwrap();
        let lines = said.lines().filter_map(|line| line.split_once("link-arg="));
        lines.map(|(_, argument)| argument.to_owned()).collect::<Vec<_>>()
    };
    let abi = header::abi_version();
    let soname = format!("-Wl,-soname,libcos.so.{abi}");
    assert_eq!(arguments("linux", "unknown"), [&soname, "-Wl,-z,relro,-z,now", "-Wl,-z,nodelete"]);
    let install_name = format!("-Wl,-install_name,@rpath/libcos.{abi}.dylib");
    let versions = ["compatibility", "current"];
    let [compatibility, current] = versions.map(|of| format!("-Wl,-{of}_version,{abi}.0.0"));
    assert_eq!(arguments("macos", "apple"), [install_name, compatibility, current]);
    assert_eq!(arguments("windows", "pc"), [""; 0]);
}

#[test]
fn nothing_is_made_anew_that_has_not_changed() {
    installed();
    let made = libraries().parent().unwrap();
    let files = ["lib/libcos.so", "lib/libcos.a", "bin/cos"];
    let times = || files.map(|file| fs::metadata(made.join(file)).unwrap().modified().unwrap());
    let before = times();
    succeed(&mut make("all"));
    assert_eq!(times(), before);
}

#[test]
fn the_libraries_are_installed_without_the_command() {
    installed();
    let made = libraries();
    let dir = tempfile::tempdir().unwrap();
    let (build, prefix) = (dir.path().join("build"), dir.path().join("usr"));
    fs::create_dir(&build).unwrap();
    succeed(Command::new("cp").arg("-R").arg(made).arg(&build));
    let mut install = typed("make");
    install.arg("install").arg(format!("BUILD={}", build.display()));
    let said = succeed(install.arg(format!("PREFIX={}", prefix.display()))).stdout;
    assert!(String::from_utf8(said).unwrap().ends_with("without the command cos.\n"));
    assert!(prefix.join("lib/libcos.a").exists() && !prefix.join("bin").exists());
}

#[test]
fn what_is_installed_is_uninstalled() {
    installed();
    let (dir, made) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let build = made.path().join("build");
    succeed(Command::new("cp").arg("-R").arg(libraries().parent().unwrap()).arg(&build));
    let build = format!("BUILD={}", build.display());
    succeed(typed("make").args(["man", &build]));
    let destination = format!("DESTDIR={}", dir.path().display());
    let arguments = [&build, &destination, "PREFIX=/usr", "LIBDIR=/usr/lib/x86_64-linux-gnu"];
    succeed(typed("make").arg("install").args(arguments));
    let lib = "usr/lib/x86_64-linux-gnu";
    let functions = header::functions().into_iter().map(|function| function.name);
    let pages: Vec<_> = functions
        .chain(["libcos".into()])
        .map(|name| format!("usr/share/man/man3/{name}.3"))
        .collect();
    let wanted = [
        "usr/bin/cos",
        "usr/include/cos.h",
        "usr/include/cos.hpp",
        &format!("{lib}/cmake/cos/cos-config-version.cmake"),
        &format!("{lib}/cmake/cos/cos-config.cmake"),
        &format!("{lib}/libcos.a"),
        &format!("{lib}/libcos.so"),
        &format!("{lib}/libcos.so.1"),
        &format!("{lib}/pkgconfig/cos.pc"),
        "usr/share/bash-completion/completions/cos",
        "usr/share/fish/vendor_completions.d/cos.fish",
        "usr/share/man/man1/cos-emulator.1",
        "usr/share/man/man1/cos-tool.1",
        "usr/share/zsh/site-functions/_cos",
    ];
    let wanted = wanted.into_iter().chain(pages.iter().map(String::as_str));
    assert_eq!(files(dir.path()), wanted.map(str::to_owned).collect());
    let link = fs::read_link(dir.path().join(lib).join("libcos.so")).unwrap();
    assert_eq!(link, Path::new("libcos.so.1"));
    let pc = text(dir.path().join(lib).join("pkgconfig/cos.pc"));
    assert!(pc.starts_with("prefix=/usr\nlibdir=${prefix}/lib/x86_64-linux-gnu\n"), "{pc}");
    assert!(!pc.contains('@'), "{pc}");
    assert!(pc.contains(concat!("\nVersion: ", env!("CARGO_PKG_VERSION"), "\n")), "{pc}");
    let cmake = text(dir.path().join(lib).join("cmake/cos/cos-config.cmake"));
    assert!(cmake.contains("${_cos_here}/../../../../include\""), "{cmake}");

    succeed(typed("make").arg("uninstall").args(arguments));
    assert_eq!(files(dir.path()), BTreeSet::new());
}

/// On a system where nothing is installed, each script names all that it wants before it ends.
#[test]
fn scripts_that_install_name_all_that_is_missing() {
    let bed = Bed::new(support::Api::V4);
    let bare = bed.path("bare");
    fs::create_dir(&bare).unwrap();
    for program in ["sh", "dirname", "realpath", "sed", "sort", "head", "cut"] {
        let found = succeed(Command::new("which").arg(program)).stdout;
        let found = String::from_utf8(found).unwrap();
        std::os::unix::fs::symlink(found.trim(), bare.join(program)).unwrap();
    }
    // A user who may not install; no package is there.
    for (name, script) in [("id", "echo 1000"), ("dpkg-query", "exit 1")] {
        let file = bare.join(name);
        fs::write(&file, format!("#!{}/sh\n{script}\n", bare.display())).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&file, executable).unwrap();
    }
    for (script, wanted) in [
        ("tests", ["gcc", "liblua5.1-0-dev", "liblua5.4-dev", "lintian"]),
        ("packaging", ["rustc-web", "rust-web-src", "gcc-mingw-w64-x86-64-win32", "zip"]),
        ("tests/dist", ["debootstrap", "wine64", "qemu-user-static", "musl"]),
    ] {
        let script = root().join(script).join("install-tools.sh");
        let mut run = Command::new(bare.join("sh"));
        let output = run.arg(&script).env_clear().env("PATH", &bare).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{}: {said}", script.display());
        let packages = said.split("Their Debian packages: ").nth(1).unwrap_or("");
        let packages: Vec<_> = packages.lines().next().unwrap_or("").split(' ').collect();
        for package in wanted {
            assert!(packages.contains(&package), "{}: {package}: {said}", script.display());
        }
    }
}
