//! The artifacts of `make dist`, where they are meant to run: each is unpacked in a bare system, a C program
//! is built with its files alone, and serves there against an emulator.
//!
//! Needs root, and what `packaging/install-tools.sh` and `tests/dist/install-tools.sh` install.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use cos_emulator::{Action, End};
use serde_json::{Value, json};

use support::servers::{Authority, tinyproxy, tls_in_front, tunnels};
use support::transfers::{MIB, assert_same, assert_stored, wait_until};
use support::{Api, Bed, Op, content, root, succeed, target_dir};

/// A platform with its artifact unpacked, and programs built from that.
struct Place {
    name: &'static str,
    root: PathBuf,
    /// Where the programs are, and what they leave behind.
    work: PathBuf,
}

impl Place {
    fn new(name: &'static str) -> Place {
        let root = target_dir().join("platforms/roots").join(name);
        succeed(script("root.sh").arg(name).arg(&root));
        let place = Place { name, work: root.join("work"), root };
        place.unpack();
        place.build();
        place
    }

    fn is_windows(&self) -> bool {
        self.name.starts_with("windows")
    }

    /// What `packaging/targets.sh` says of the platform.
    fn told(&self, variable: &str) -> String {
        let shell = format!(
            ". packaging/targets.sh && toolchain && platform {} && echo ${variable}",
            self.name
        );
        let mut command = Command::new("sh");
        command.args(["-euc", &shell]).current_dir(root()).env("TARGET", target_dir());
        String::from_utf8(succeed(&mut command).stdout).unwrap().trim().to_owned()
    }

    fn unpack(&self) {
        let artifact = format!("libcos-{}-{}", env!("CARGO_PKG_VERSION"), self.name);
        let archive =
            root().join("build/dist").join(format!("{artifact}.{}", self.told("archive")));
        assert!(
            archive.exists(),
            "{} is missing: make dist PLATFORMS={}",
            archive.display(),
            self.name
        );
        for entry in fs::read_dir(&self.work).unwrap() {
            let path = entry.unwrap().path();
            // What stands in for a part of the system stays.
            if path.extension().is_none_or(|extension| extension != "dll") {
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
        let mut unpack = match self.is_windows() {
            true => Command::new("unzip"),
            false => Command::new("tar"),
        };
        unpack.args(if self.is_windows() { ["-q", "-o"] } else { ["-x", "-f"] });
        succeed(unpack.arg(&archive).current_dir(&self.work));
        fs::rename(self.work.join(artifact), self.work.join("artifact")).unwrap();
        succeed(
            self.here("sha256sum", &["--check", "--quiet", "share/doc/libcos/SHA256SUMS"])
                .current_dir(self.work.join("artifact")),
        );
    }

    /// Builds the program in each way; inside the system where that has a compiler.
    fn build(&self) {
        for file in ["serve.c", "serve.py", "serve.mjs", "build.sh"] {
            fs::copy(root().join("tests/dist").join(file), self.work.join(file)).unwrap();
        }
        let mut build = match self.name {
            "linux-x86_64" => self.inside("/bin/sh", &["build.sh"]),
            _ => self.here("sh", &["build.sh"]),
        };
        // What unwinds comes with gcc by itself, and with zig if it is told to.
        match self.name {
            "linux-x86_64" => build.env("CC", "cc").env("PATH", "/usr/bin:/bin"),
            "windows-x86_64" => build.env("CC", self.told("cc")).env("SYSTEM", "Windows"),
            _ => build.env("CC", self.told("cc")).env("SYSTEM", "Linux").env("LDFLAGS", "-lunwind"),
        };
        succeed(&mut build);
        if self.is_windows() {
            fs::copy(self.work.join("artifact/bin/cos.dll"), self.work.join("cos.dll")).unwrap();
        }
    }

    /// A command on this machine.
    fn here(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.work);
        command
    }

    /// A command for which the bare system is all that there is.
    fn inside(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.arg(format!("--root={}", self.root.display())).arg("--wd=/work");
        command.arg(program).args(arguments).env("LD_LIBRARY_PATH", "/work/artifact/lib");
        command
    }

    /// A program of that system.
    fn program(&self, program: &str, arguments: &[&str]) -> Command {
        match self.name {
            "windows-x86_64" => {
                let program = format!("{program}.exe");
                let mut command = self.here(&self.told("run"), &[&program]);
                command
                    .args(arguments)
                    .env("WINEPREFIX", self.root.join("prefix"))
                    .env("WINEDEBUG", "-all");
                command
            }
            "linux-aarch64" => {
                let program = format!("./{program}");
                let mut command = self.inside("/qemu", &[&program]);
                command.args(arguments);
                command
            }
            _ => self.inside(&format!("./{program}"), arguments),
        }
    }

    /// That of the system itself, if it has one.
    fn interpreter(&self, name: &str) -> Option<Command> {
        match (self.name, name) {
            ("linux-x86_64", "python3") => Some(self.inside("/usr/bin/python3", &[])),
            ("linux-x86_64", _) => Some(self.inside("/node/node", &[])),
            ("linux-aarch64", "python3") => Some(self.inside("/qemu", &["/usr/bin/python3"])),
            ("linux-aarch64", _) => Some(self.inside("/qemu", &["/node/node"])),
            ("windows-x86_64", "node") => Some(self.program("../node/node", &[])),
            _ => None,
        }
    }

    fn serve(&self, program: &str, options: &Value, arguments: &[&str]) -> Output {
        let options = options.to_string();
        let mut command = self.program(program, &[options.as_str()]);
        succeed(command.args(arguments))
    }

    /// All kinds of calls, anew.
    fn serve_all(&self, program: &str, options: &Value) {
        for left in ["下载.bin", "树"] {
            let path = self.work.join(left);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
        let said = self.serve(program, options, &["all"]).stdout;
        assert!(String::from_utf8_lossy(&said).trim_end().ends_with("all went well"));
        assert_eq!(fs::read(self.work.join("树/子目录/文件 二.txt")).unwrap().len(), 100);
    }

    /// Starts a transfer and kills it once `is_time`.
    fn kill(&self, options: &Value, arguments: &[&str], mut is_time: impl FnMut() -> bool) {
        let options = options.to_string();
        let mut command = self.program("shared", &[options.as_str()]);
        let mut child = command.args(arguments).stdout(Stdio::null()).spawn().unwrap();
        wait_until("the moment to kill", || is_time() || child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it ended before it was killed");
    }
}

fn script(name: &str) -> Command {
    let mut script = Command::new(root().join("tests/dist").join(name));
    script.current_dir(root());
    script
}

/// The options of a client that reaches the emulator by this host, which may be a proxy's.
fn options(api: Api, scheme: &str, port: u16) -> Value {
    let name = format!("localhost:{port}");
    json!({"api": api.word(), "scheme": scheme, "hostname": name, "download_hostname": name})
}

fn with(mut options: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

fn everything(place: &Place) {
    for api in [Api::V4, Api::V5] {
        let bed = Bed::new(api);
        let port = bed.emulator.port();
        let plain = options(api, "http", port);
        for program in ["shared", "static", "cmake-cos", "cmake-static"] {
            place.serve_all(program, &plain);
        }
        if place.is_windows() {
            place.serve_all("lib", &plain);
        }

        let authority = Authority::new(&bed.path("authority"));
        let hosts = "DNS:localhost,DNS:public-bucket-1250000000.localhost";
        let certificate = authority.certify("server", hosts);
        let server = tls_in_front(bed.dir.path(), &certificate, "", &bed.emulator.host());
        fs::copy(authority.ca_file(), place.work.join("ca.pem")).unwrap();
        let tls = with(options(api, "https", server.port), json!({"ca_file": "ca.pem"}));
        place.serve_all("shared", &tls);
        let refused = with(options(api, "https", server.port), json!({}));
        let refused = place.program("shared", &[&refused.to_string(), "all"]).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stdout).into_owned();
        assert!(!refused.status.success() && said.contains("UnknownIssuer"), "{said}");

        // No name of a host leads anywhere but to the proxy, which is the emulator.
        let (control, content) = match api {
            Api::V4 => ("sh.file.myqcloud.com", "cossh.myqcloud.com"),
            Api::V5 => ("cos.ap-shanghai.myqcloud.com", "cos.ap-shanghai.myqcloud.com"),
        };
        let proxy = format!("http://127.0.0.1:{port}");
        let through = json!({"hostname": control, "download_hostname": content, "proxy": proxy});
        place.serve_all("shared", &with(plain, through));

        // And TLS through a tunnel. tinyproxy resolves `localhost`, and nothing below it.
        if api == Api::V4 {
            let proxy = tinyproxy(bed.dir.path(), "");
            let through = json!({"proxy": format!("http://127.0.0.1:{}", proxy.port)});
            place.serve("shared", &with(tls, through), &["upload", "/tunnel", "ca.pem"]);
            assert!(!tunnels(bed.dir.path(), &proxy).is_empty());
        }
    }
}

/// Neither what the service has nor what is on disk travels again after a kill.
fn resumed(place: &Place) {
    const COUNT: usize = 24;
    let bytes = content(COUNT * MIB + 1);
    fs::write(place.work.join("large.bin"), &bytes).unwrap();
    for api in [Api::V4, Api::V5] {
        let bed = Bed::new(api);
        let plain = options(api, "http", bed.emulator.port());
        let resumed = |arguments: &[&str]| -> usize {
            let said = place.serve("shared", &plain, arguments).stdout;
            let said = String::from_utf8(said).unwrap();
            let reply: Value =
                serde_json::from_str(said.trim_end().lines().last().unwrap()).unwrap();
            reply["transfer"]["resumed_bytes"].as_u64().unwrap() as usize
        };
        let stored =
            || bed.logged(Op::Slice).iter().filter(|slice| slice.status == Some(200)).count();
        let up = ["upload", "/large.bin", "large.bin"];
        bed.emulator.inject(api.slice_fault(Action::Drop { after: 0, end: End::Hang }, 12));
        place.kill(&plain, &up, || stored() >= COUNT / 2);
        bed.emulator.clear_faults();
        assert!(resumed(&up) >= COUNT / 3 * MIB);
        assert_stored(&bed.emulator, "/large.bin", &bytes);

        let down = ["download", "/large.bin", "back.bin"];
        let _ = fs::remove_file(place.work.join("back.bin"));
        bed.emulator.clear_requests();
        // It arrives in pieces of 8 MiB; the third one is not answered.
        bed.emulator.inject(api.fault(Op::Download, Action::Withhold).offset(16 * MIB as u64));
        place.kill(&plain, &down, || bed.logged(Op::Download).len() == 3);
        bed.emulator.clear_faults();
        assert!(resumed(&down) >= 8 * MIB);
        assert_same(&fs::read(place.work.join("back.bin")).unwrap(), &bytes);
    }
}

/// The packages for Python and Node, each with the interpreter of that system.
fn packages(place: &Place) {
    let made = root().join("build/dist");
    let wheels = fs::read_dir(&made).unwrap().map(|entry| entry.unwrap().path());
    let tag = place.told("wheel");
    let wheel = wheels
        .filter(|file| file.to_string_lossy().ends_with(&format!("{tag}.whl")))
        .max()
        .unwrap_or_else(|| panic!("no wheel ends in {tag}.whl: make dist"));
    let unzip = ["-m", "zipfile", "-e", wheel.to_str().unwrap(), "wheel"];
    succeed(&mut place.here("python3", &unzip));
    let npm = made.join(format!("libcos-{}.tgz", env!("CARGO_PKG_VERSION")));
    fs::create_dir(place.work.join("node_modules")).unwrap();
    succeed(&mut place.here("tar", &["-x", "-f", npm.to_str().unwrap(), "-C", "node_modules"]));
    let modules = place.work.join("node_modules");
    fs::rename(modules.join("package"), modules.join("libcos")).unwrap();
    let system = modules.join("libcos/prebuilt").join(place.told("node"));
    assert!(system.join("cos.node").exists(), "{} has no addon", system.display());

    for api in [Api::V4, Api::V5] {
        let bed = Bed::new(api);
        let options = options(api, "http", bed.emulator.port()).to_string();
        if let Some(mut python) = place.interpreter("python3") {
            python.args(["serve.py", &options]).env("PYTHONPATH", "/work/wheel");
            let said = succeed(&mut python).stdout;
            assert_eq!(String::from_utf8_lossy(&said), "all went well\n");
        }
        if let Some(mut node) = place.interpreter("node") {
            node.args(["serve.mjs", &options]).env("NODE_SKIP_PLATFORM_CHECK", "1");
            // A file of this machine, which Node would miss there.
            node.env_remove("NODE_EXTRA_CA_CERTS");
            // Under Wine, Node can write to files and not to pipes.
            let said = place.work.join("node.said");
            let file = fs::File::create(&said).unwrap();
            node.stdout(file.try_clone().unwrap()).stderr(file);
            let status = node.status().unwrap();
            let said = fs::read_to_string(said).unwrap();
            assert!(status.success(), "{said}");
            assert_eq!(said, "all went well\n");
        }
    }
}

fn serves(name: &'static str) {
    let place = Place::new(name);
    everything(&place);
    resumed(&place);
    packages(&place);
}

#[test]
fn linux_x86_64() {
    serves("linux-x86_64");
}

#[test]
fn linux_aarch64() {
    serves("linux-aarch64");
}

#[test]
fn linux_x86_64_musl() {
    serves("linux-x86_64-musl");
}

#[test]
fn windows_x86_64() {
    serves("windows-x86_64");
}
