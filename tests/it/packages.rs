//! The packages of the library: each is made by its one command, and used from there alone.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use support::{
    APPID, BUCKET, Bed, SECRET_ID, SECRET_KEY, header, installed, make, root, succeed, target_dir,
    typed,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What `examples-c/round.c` prints last.
const WELL: &str = "the whole round went well\n";

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// An empty directory below cargo's.
fn place(name: &str) -> PathBuf {
    let place = target_dir().join("tmp/packages").join(name);
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).unwrap();
    place
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Makes packages into a directory for them.
fn packed(target: &str, arguments: &[&str]) -> PathBuf {
    // What is built is complete before another test looks at it.
    installed();
    let place = place(target);
    succeed(make(target).arg(format!("DIST={}", place.display())).args(arguments));
    place
}

/// Each crate that is linked in has a paragraph, and each licence that is named there has its text.
fn assert_copyright(text: &str) {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let version = |of: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{of}\"\nversion = \"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    for name in ["ring", "rustls", "serde_json", "tokio", "ureq", "webpki-roots"] {
        assert!(text.contains(&format!("\nFiles: {name}-{}/*\n", version(name))), "{name}");
    }
    assert!(text.contains("\nFiles: rust-std-"));
    let mut named = BTreeSet::new();
    let mut explained = BTreeSet::new();
    for paragraph in text.split("\n\n") {
        let field = paragraph.lines().find_map(|line| line.strip_prefix("License: "));
        match (paragraph.starts_with("Files: "), field) {
            (true, field) => {
                let field = field.unwrap().replace(',', "");
                named.extend(field.split(' ').map(str::to_owned));
            }
            (false, Some(licence)) => {
                assert!(paragraph.lines().count() > 1, "{paragraph}");
                explained.insert(licence.to_owned());
            }
            (false, None) => {}
        }
    }
    named.retain(|word| word != "or" && word != "and");
    assert_eq!(named, explained);
    assert!(named.contains("CDLA-Permissive-2.0") && named.contains("ISC"));
}

/// A text in a package leads to no file that the package lacks.
fn assert_links(name: &str, text: &str, is_there: impl Fn(&str) -> bool) {
    for target in text.split("](").skip(1) {
        let target = target.split([')', '#']).next().unwrap();
        let is_elsewhere = target.is_empty() || target.starts_with("https://");
        assert!(is_elsewhere || is_there(target), "{name} leads to {target}");
    }
}

/// The same for all texts in a directory of a package. Some may be compressed.
fn assert_links_in(directory: &Path) {
    let mut tried = 0;
    for file in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        if !name.trim_end_matches(".gz").ends_with(".md") {
            continue;
        }
        let text = succeed(Command::new("zcat").arg("--force").arg(&file)).stdout;
        assert_links(name, &String::from_utf8(text).unwrap(), |target| {
            [target, &format!("{target}.gz")].iter().any(|file| directory.join(file).exists())
        });
        tried += 1;
    }
    assert!(tried > 0, "{}", directory.display());
}

#[test]
fn what_a_package_says_leads_to_what_it_has() {
    for (text, has) in [
        ("bindings/go/README.md", &["cos.h", "CHANGELOG.md", "examples"][..]),
        ("bindings/lua/README.md", &["src", "examples", "library", "CHANGELOG.md"]),
        ("bindings/node/README.md", &["lib", "examples", "index.d.ts", "CHANGELOG.md"]),
        ("bindings/python/README.md", &[]),
        ("emulator/README.md", &["src"]),
        ("emulator/node/README.md", &["index.js", "index.d.ts"]),
        ("emulator/python/README.md", &[]),
    ] {
        let path = root().join(text);
        assert_links(text, &fs::read_to_string(&path).unwrap(), |target| {
            let is_packed = has.contains(&target.split('/').next().unwrap());
            is_packed && (target == "cos.h" || path.with_file_name(target).exists())
        });
    }
}

/// What has the library or the emulator in it has the licences of all that is linked in beside it.
pub fn assert_licences(directory: &Path) {
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    assert_copyright(&read("LICENSES.txt"));
    assert!(read("COPYRIGHT-library.html").contains("Rust"));
}

mod debian {
    use super::*;

    const PACKAGES: [&str; 4] = ["cos-emulator", "cos-tools", "libcos-dev", "libcos1"];

    /// The directory with the packages. The emulator in them is the one for tests, which is at hand.
    fn made() -> &'static Path {
        static MADE: OnceLock<PathBuf> = OnceLock::new();
        MADE.get_or_init(|| {
            succeed(typed("cargo").args(["build", "--quiet", "--package", "cos-emulator"]));
            let emulator = target_dir().join("debug/cos-emulator");
            let emulator = emulator.strip_prefix(root()).unwrap_or(&emulator);
            packed("deb", &[&format!("EMULATOR={}", emulator.display())])
        })
    }

    fn files() -> Vec<PathBuf> {
        let architecture = succeed(Command::new("dpkg").arg("--print-architecture")).stdout;
        let architecture = String::from_utf8(architecture).unwrap();
        let name = |package| format!("{package}_{VERSION}_{}.deb", architecture.trim());
        PACKAGES.map(|package| made().join(name(package))).to_vec()
    }

    #[test]
    fn the_packages_serve_in_a_bare_debian_and_leave_nothing() {
        let bare = target_dir().join("roots/debian");
        assert!(bare.join("made").exists(), "{} is missing: make setup", bare.display());
        let work = bare.join("work");
        let _ = fs::remove_dir_all(&work);
        fs::create_dir(&work).unwrap();
        for file in files() {
            fs::copy(&file, work.join(file.file_name().unwrap())).unwrap();
        }
        fs::copy(root().join("tests/dist/debian.sh"), work.join("debian.sh")).unwrap();
        let mut inside = Command::new("unshare");
        if !is_root() {
            inside.arg("--map-root-user");
        }
        inside.arg(format!("--root={}", bare.display())).args(["--wd=/work", "./debian.sh"]);
        inside.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let said = text(&succeed(&mut inside));
        assert_eq!(said.matches(WELL).count(), 2, "{said}");
        assert!(
            said.contains("\tlibcos.so.1 => ") && said.ends_with("nothing is left\n"),
            "{said}"
        );
    }

    #[test]
    fn its_documents_lead_to_what_it_has() {
        let place = place("documents");
        for file in files() {
            succeed(Command::new("dpkg-deb").arg("-x").arg(file).arg(&place));
        }
        assert_links_in(&place.join("usr/share/doc/libcos-dev"));
    }

    #[test]
    fn lintian_has_nothing_to_say() {
        let mut lintian = Command::new("lintian");
        lintian.args(["--no-cfg", "--fail-on", "error,warning,pedantic", "--pedantic"]);
        // It prefers an ordinary user, and serves root as well.
        let said = succeed(lintian.arg("--allow-root").args(files()));
        assert_eq!(String::from_utf8_lossy(&said.stdout), "");
    }

    #[test]
    fn each_package_depends_on_what_it_needs() {
        let field = |package: usize, field: &str| {
            let output =
                succeed(Command::new("dpkg-deb").arg("-f").arg(&files()[package]).arg(field));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let depends = |package| field(package, "Depends");
        assert!(depends(0).starts_with("libc6 (>= "), "{}", depends(0));
        // By the symbols that the command uses; by the same version where the files are linked with.
        assert!(depends(1).ends_with("libcos1 (>= 0.1.0)"), "{}", depends(1));
        assert_eq!(depends(2), format!("libcos1 (= {VERSION})"));
        assert!(depends(3).starts_with("libc6 (>= "), "{}", depends(3));
        let control = |file: &str| {
            let output = Command::new("dpkg-deb").arg("-I").arg(&files()[3]).arg(file).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        assert!(control("triggers").contains("activate-noawait ldconfig"));
        let symbols = control("symbols");
        let abi = header::abi_version();
        assert!(
            symbols.starts_with(&format!("libcos.so.{abi} libcos{abi} #MINVER#\n")),
            "{symbols}"
        );
        let listed = symbols.lines().filter_map(|line| line.trim().split_once("@Base"));
        let listed: BTreeSet<_> = listed.map(|(name, _)| name).collect();
        let exported = fs::read_to_string(root().join("abi/symbols.txt")).unwrap();
        assert_eq!(listed, exported.lines().collect(), "packaging/deb/libcos1.symbols");
    }

    #[test]
    fn the_copyright_is_that_of_all_that_is_inside() {
        let mut tar = Command::new("sh");
        tar.args([
            "-euc",
            "dpkg-deb --fsys-tarfile \"$0\" | tar x -O ./usr/share/doc/libcos1/copyright",
        ]);
        let copyright = succeed(tar.arg(&files()[3])).stdout;
        assert_copyright(&String::from_utf8(copyright).unwrap());
    }
}

mod archive {
    use super::*;

    /// The archive, unpacked in a directory of an ordinary user whose system has nothing but what every
    /// system has.
    struct User {
        bed: Bed,
        /// With a blank in its name, as a downloads directory may have.
        unpacked: PathBuf,
        home: PathBuf,
    }

    impl User {
        fn new() -> User {
            static MADE: OnceLock<PathBuf> = OnceLock::new();
            let made = MADE.get_or_init(|| packed("tarball", &[]));
            let bed = Bed::new(support::Api::V4);
            let name = format!("libcos-{VERSION}-linux-{}", std::env::consts::ARCH);
            let downloads = bed.path("my downloads");
            let (bin, home) = (bed.path("bin"), bed.path("home"));
            for directory in [&downloads, &bin, &home] {
                fs::create_dir(directory).unwrap();
            }
            let mut tar = Command::new("tar");
            tar.arg("-xf").arg(made.join(format!("{name}.tar.gz"))).arg("-C").arg(&downloads);
            succeed(&mut tar);
            for tool in [
                "cat",
                "cp",
                "dirname",
                "find",
                "grep",
                "head",
                "mkdir",
                "mktemp",
                "mv",
                "rm",
                "rmdir",
                "sed",
                "sh",
                "sha256sum",
                "sort",
            ] {
                symlink(Path::new("/usr/bin").join(tool), bin.join(tool)).unwrap();
            }
            let user = User { unpacked: downloads.join(name), bed, home };
            fs::set_permissions(user.bed.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
            if is_root() {
                succeed(Command::new("chown").args(["-R", "65534:65534"]).arg(&user.home));
            }
            user
        }

        /// A command of that user's.
        fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
            let mut command = Command::new("/usr/bin/setpriv");
            if is_root() {
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            }
            command
                .arg("--")
                .arg(program)
                .env_clear()
                .env("HOME", &self.home)
                .current_dir(&self.home);
            command
        }

        fn install(&self, arguments: &[&str]) -> Output {
            let mut install = self.command(self.unpacked.join("install.sh"));
            install.args(arguments).env("PATH", self.bed.path("bin")).output().unwrap()
        }

        fn installed(&self, arguments: &[&str]) -> String {
            let output = self.install(arguments);
            assert!(output.status.success(), "{}", text(&output));
            String::from_utf8(output.stdout).unwrap()
        }

        fn refused(&self, arguments: &[&str], reason: &str) {
            let before = self.files();
            let output = self.install(arguments);
            assert!(!output.status.success(), "{arguments:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains(&format!("install.sh: {reason}")), "{arguments:?}: {said}");
            assert_eq!(self.files(), before, "{arguments:?}");
        }

        /// All that is in the user's directory, by its path from there.
        fn files(&self) -> BTreeSet<String> {
            let listing = succeed(Command::new("find").arg(".").current_dir(&self.home));
            String::from_utf8(listing.stdout).unwrap().lines().map(str::to_owned).collect()
        }
    }

    #[test]
    fn the_archive_is_installed_upgraded_and_removed_by_an_ordinary_user() {
        let user = User::new();
        assert_links_in(&user.unpacked.join("share/doc/libcos"));
        let before = user.files();
        let said = user.installed(&[]);
        assert_licences(&user.home.join(".local/share/doc/libcos"));
        let files = user.files();

        // What it says belongs into the profile is enough to build and run programs.
        let profile: String =
            said.split_inclusive('\n').filter(|line| line.starts_with("    export ")).collect();
        let project = "cmake_minimum_required(VERSION 3.13)\nproject(round C)\nfind_package(cos REQUIRED)\n\
                       add_executable(cmake round.c)\ntarget_link_libraries(cmake PRIVATE cos::cos)\n";
        let build = "cos --version\n\
                     cp .local/share/doc/libcos/examples/round.c .\n\
                     cc round.c $(pkg-config --cflags --libs cos) -o shared\n\
                     cc round.c $(pkg-config --static --cflags --libs cos | sed s/-lcos/-l:libcos.a/) -o static\n\
                     mkdir project && cp round.c project\n\
                     printf %s \"$1\" >project/CMakeLists.txt\n\
                     cmake -S project -B made >cmake.log && cmake --build made >>cmake.log\n\
                     for program in shared static made/cmake; do ./$program $0; done\n\
                     rm -r round.c shared static project made cmake.log\n";
        let mut sh = user.command("sh");
        sh.args([
            "-euc",
            &format!("{profile}{build}").replace("$0", "$2 $3 $4 $5 $6"),
            "sh",
            project,
        ]);
        sh.args([&user.bed.host(), BUCKET, APPID, SECRET_ID, SECRET_KEY])
            .env("PATH", "/usr/bin:/bin");
        let said = text(&succeed(&mut sh));
        assert!(said.starts_with(&format!("cos {VERSION}\n")), "{said}");
        assert_eq!(said.matches(WELL).count(), 3, "{said}");

        // An older version had a file that this one lacks, and the user has a program of another's.
        let local = user.home.join(".local");
        fs::write(local.join("lib/older.so"), "").unwrap();
        fs::write(local.join("bin/other"), "").unwrap();
        fs::write(local.join("lib/libcos.so.1"), "older").unwrap();
        let list = local.join("share/libcos/files");
        let listed = fs::read_to_string(&list).unwrap();
        fs::write(&list, format!("{listed}lib/older.so\n")).unwrap();
        user.installed(&[&format!("--prefix={}/", local.display())]);
        let mut wanted = files;
        wanted.insert("./.local/bin/other".to_owned());
        assert_eq!(user.files(), wanted);
        assert_eq!(fs::read_to_string(&list).unwrap(), listed);
        assert!(fs::metadata(local.join("lib/libcos.so.1")).unwrap().len() > 1 << 20);

        // The archive may be gone by then.
        let mut remove = user.command("sh");
        remove.arg(local.join("share/libcos/install.sh")).arg("--uninstall");
        succeed(remove.env("PATH", user.bed.path("bin")));
        let mut wanted = before.clone();
        wanted.extend(["./.local", "./.local/bin", "./.local/bin/other"].map(str::to_owned));
        assert_eq!(user.files(), wanted);
        user.refused(&["--uninstall"], "nothing that install.sh has installed is below ");

        // Where nothing was, nothing is left.
        fs::remove_dir_all(&local).unwrap();
        user.installed(&[]);
        user.installed(&["--uninstall"]);
        assert_eq!(user.files(), before);
    }

    #[test]
    fn install_sh_refuses_what_can_not_work() {
        let user = User::new();
        let below = |name: &str| format!("--prefix={}/{name}", user.home.display());
        user.refused(&["--prefix=here"], "the prefix must begin with /, and this does not: here");
        user.refused(&["--prefix=/"], "the prefix must be a directory, and not / itself");
        user.refused(&["--prefix="], "the prefix must be a directory, and not / itself");
        for name in ["with blank", "a:b", "$HOME", "a\nb", "a\"b", "数据"] {
            user.refused(
                &[&below(name)],
                "the prefix may have only a-z, A-Z, 0-9 and /._+=@,- in it",
            );
        }
        fs::write(user.home.join("file"), "").unwrap();
        user.refused(&[&below("file")], "the prefix is no directory: ");
        user.refused(
            &["--prefix=/proc/libcos"],
            "the prefix can't be made or written: /proc/libcos",
        );
        user.refused(&["--prefix", "/tmp"], "there is no argument --prefix");
        user.refused(
            &["--uninstall", &below("none")],
            "nothing that install.sh has installed is below ",
        );
        let here = user.bed.path("archive");
        symlink(&user.unpacked, &here).unwrap();
        user.refused(
            &[&format!("--prefix={}", here.display())],
            "the archive is unpacked there already",
        );

        // Another library of that name.
        fs::create_dir_all(user.home.join("mine/lib")).unwrap();
        fs::write(user.home.join("mine/lib/libcos.a"), "mine").unwrap();
        user.refused(
            &[&below("mine")],
            &format!("{}/mine/lib/libcos.a is there already", user.home.display()),
        );
        assert_eq!(fs::read_to_string(user.home.join("mine/lib/libcos.a")).unwrap(), "mine");

        let command = user.unpacked.join("bin/cos");
        let program = fs::read(&command).unwrap();
        fs::write(&command, &program[..program.len() / 2]).unwrap();
        user.refused(&[], "a file of the archive is missing or damaged");
        // As the archive for another processor has it.
        fs::write(&command, "\u{7f}ELF").unwrap();
        let sums = "share/doc/libcos/SHA256SUMS";
        let sum = "sed -i /bin.cos$/d \"$0\" && sha256sum bin/cos >>\"$0\"";
        succeed(Command::new("sh").args(["-euc", sum, sums]).current_dir(&user.unpacked));
        user.refused(&[], "the archive is for another system or processor than this one");
    }
}

/// The program of `packaging/conan/test_package` is built and run by Conan, with either library.
#[test]
fn the_package_for_conan_serves_its_test() {
    installed();
    let home = place("conan");
    let conan = target_dir().join("conan/bin/conan");
    assert!(conan.exists(), "{} is missing: make setup", conan.display());
    let said =
        succeed(make("conan").arg(format!("CONAN={}", conan.display())).env("CONAN_HOME", &home));
    let said = text(&said);
    let signed = "\n0: https://bucket-1250000000.cos.ap-shanghai.myqcloud.com/file.txt?q-sign-algorithm=sha1&";
    assert_eq!(said.matches(signed).count(), 2, "{said}");
    let mut list = Command::new(&conan);
    list.args(["list", "--format=json", &format!("libcos/{VERSION}:*")]).env("CONAN_HOME", &home);
    let list = String::from_utf8(succeed(&mut list).stdout).unwrap();
    for shared in ["True", "False"] {
        assert_eq!(list.matches(&format!("\"shared\": \"{shared}\"")).count(), 1, "{list}");
    }
    let folders = fs::read_dir(home.join("p/b")).unwrap().map(|folder| folder.unwrap().path());
    let folders: Vec<_> =
        folders.map(|folder| folder.join("p/licenses")).filter(|folder| folder.exists()).collect();
    assert_eq!(folders.len(), 2);
    for folder in folders {
        assert_licences(&folder);
    }
    // Neither of them is for one compiler.
    assert!(!list.contains("\"compiler\""), "{list}");
}

/// What `cargo add` gets: a program has both packages and nothing else of this project. Its C code finds `cos.h`
/// and calls the library, its Rust code calls it, too, and the emulator answers.
#[test]
fn the_packages_for_cargo_serve_a_program_in_rust_and_c() {
    let packages = packed("crates", &["CARGO=cargo --offline"]);
    let place = place("program");
    for name in ["libcos", "cos-emulator"] {
        // With the time of now: cargo would not notice a change otherwise.
        let mut tar = Command::new("tar");
        tar.arg("-xmf").arg(packages.join(format!("{name}-{VERSION}.crate"))).arg("-C").arg(&place);
        succeed(&mut tar);
        let unpacked = place.join(format!("{name}-{VERSION}"));
        let found = fs::read_dir(&unpacked).unwrap().map(|entry| entry.unwrap().file_name());
        let found: BTreeSet<_> = found.map(|name| name.into_string().unwrap()).collect();
        let mut wanted = BTreeSet::from(
            [
                "Cargo.lock",
                "Cargo.toml",
                "Cargo.toml.orig",
                "LICENSE",
                "LICENSE-APACHE",
                "LICENSE-MIT",
                "src",
            ]
            .map(str::to_owned),
        );
        let others: &[&str] = match name {
            "libcos" => &["CHANGELOG.md", "build.rs", "include"],
            _ => &["README.md"],
        };
        wanted.extend(others.iter().map(|name| (*name).to_owned()));
        let manifest = fs::read_to_string(unpacked.join("Cargo.toml")).unwrap();
        let readme = manifest.split("readme = \"").nth(1).unwrap().split('"').next().unwrap();
        assert_links_in(unpacked.join(readme).parent().unwrap());
        // A clone that git knows adds one.
        let found: BTreeSet<_> =
            found.into_iter().filter(|name| name != ".cargo_vcs_info.json").collect();
        assert_eq!(found, wanted, "{name}");
        let licence = fs::read_to_string(unpacked.join("LICENSE-MIT")).unwrap();
        assert!(licence.contains("Permission is hereby granted"));
    }

    let program = place.join("program");
    fs::create_dir_all(program.join("src")).unwrap();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    // With the same optimisation as here, so that little has to be compiled anew.
    let profiles =
        manifest.split("\n\n").filter(|section| section.starts_with("[profile.dev.package."));
    let profiles = profiles.collect::<Vec<_>>().join("\n");
    let own =
        "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(program.join("Cargo.toml"), format!("{own}{profiles}\n")).unwrap();
    fs::write(program.join("build.rs"), BUILD_SCRIPT).unwrap();
    fs::write(program.join("src/main.rs"), PROGRAM).unwrap();
    fs::copy(root().join("examples-c/round.c"), program.join("round.c")).unwrap();
    let cargo = |arguments: &[&str]| {
        let mut cargo = typed("cargo");
        cargo.args(arguments).current_dir(&program).env("CARGO_TARGET_DIR", target_dir());
        cargo
    };
    for name in ["libcos", "cos-emulator"] {
        let path = format!("../{name}-{VERSION}");
        succeed(&mut cargo(&["add", "--quiet", "--offline", "--path", &path]));
    }
    fs::copy(root().join("Cargo.lock"), program.join("Cargo.lock")).unwrap();
    let said = succeed(&mut cargo(&["run", "--quiet", "--offline", "--", "data"]));
    assert!(String::from_utf8(said.stdout).unwrap().ends_with(WELL));
}

const BUILD_SCRIPT: &str = r#"
fn main() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let (include, out) = (variable("DEP_COS_INCLUDE"), variable("OUT_DIR"));
    let compile = "cc -Dmain=whole_round -I\"$0\" -c round.c -o \"$1/round.o\" && ar crs \"$1/libround.a\" \"$1/round.o\"";
    let status = std::process::Command::new("sh").args(["-c", compile, &include, &out]).status();
    assert!(status.unwrap().success());
    println!("cargo::rustc-link-search={out}");
    println!("cargo::rustc-link-lib=static=round");
}
"#;

const PROGRAM: &str = r#"
use std::ffi::{CString, c_char, c_int};

unsafe extern "C" {
    fn whole_round(count: c_int, arguments: *const *const c_char) -> c_int;
}

fn main() {
    let data = std::env::args().nth(1).unwrap();
    let emulator = cos_emulator::Emulator::start(cos_emulator::Config::new(data)).unwrap();
    let host = format!("localhost:{}", emulator.port());
    let account = ["1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"];

    let [appid, id, key] = account;
    let client = cos::client::Client::new(appid, id, key, Some("sh"), None).unwrap();
    let signed = cos::ops::sign::download(&client, "private-bucket", "/file", 60).unwrap();
    assert!(signed.json.contains("/file?sign="), "{}", signed.json);

    let arguments = ["round", &host, "private-bucket"].into_iter().chain(account);
    let arguments: Vec<_> = arguments.map(|argument| CString::new(argument).unwrap()).collect();
    let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    std::process::exit(unsafe { whole_round(pointers.len() as c_int, pointers.as_ptr()) });
}
"#;
