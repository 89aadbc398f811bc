//! The whole programs of `examples-c/programs/`: the shipper of logs, killed and without its service. The
//! host of Lua scripts is with Lua.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use cos::ops::{download, list};
use cos::threads::Watch;
use cos_emulator::{Action, End};

use support::transfers::{reply, wait_until};
use support::{APPID, Api, BUCKET, Bed, Link, Op, SECRET_ID, SECRET_KEY};
use support::{for_each_api, limited, remove_settings, succeed};

/// Compiles one of these programs with every warning an error.
fn compile(compiler: &str, name: &str, program: &Path) {
    let mut cc = Command::new(compiler);
    cc.args(["-std=c99", "-O2", "-Wshadow", "-Wconversion"]);
    cc.arg(format!("examples-c/programs/{name}.c"));
    support::build(cc, Link::Shared, program);
}

/// What the programs take from the environment.
pub fn set_account(command: &mut Command, bed: &Bed) {
    remove_settings(command);
    command.env("COS_APPID", APPID).env("COS_SECRET_ID", SECRET_ID);
    command.env("COS_SECRET_KEY", SECRET_KEY).env("COS_API", bed.api.word());
    command.env("COS_SCHEME", "http").env("COS_HOSTNAME", bed.host());
    command.env("COS_DOWNLOAD_HOSTNAME", bed.host()).current_dir(bed.dir.path());
}

fn shipper() -> &'static Path {
    static PROGRAM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, program) = PROGRAM.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("shipper");
        for compiler in ["clang", "gcc"] {
            compile(compiler, "shipper", &program);
        }
        (dir, program)
    });
    program
}

/// A directory with the logs of a program that counts its lines.
struct Logs<'a> {
    bed: &'a Bed,
    lines: usize,
    rotated: usize,
}

impl Logs<'_> {
    fn new(bed: &Bed) -> Logs<'_> {
        fs::create_dir(bed.path("logs")).unwrap();
        Logs { bed, lines: 0, rotated: 0 }
    }

    fn write(&mut self, count: usize) {
        let path = self.bed.path("logs/app.log");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        for _ in 0..count {
            self.lines += 1;
            writeln!(file, "line {} of the program", self.lines).unwrap();
        }
    }

    /// As logrotate does it: each file gets the next number.
    fn rotate(&mut self) {
        let name = |number: usize| match number {
            0 => self.bed.path("logs/app.log"),
            _ => self.bed.path(&format!("logs/app.log.{number}")),
        };
        for number in (0..=self.rotated).rev() {
            fs::rename(name(number), name(number + 1)).unwrap();
        }
        self.rotated += 1;
    }

    fn start(&self) -> Child {
        let mut command = limited();
        command.arg(shipper());
        command.args(["logs", "app.log", BUCKET, "/logs/", "state", "20"]);
        set_account(&mut command, self.bed);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// How many bytes the state says of each object.
    fn shipped(&self) -> Vec<u64> {
        let Ok(state) = fs::read(self.bed.path("state")) else { return Vec::new() };
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        let files = state["files"].as_array().unwrap().iter();
        let mut files: Vec<_> =
            files.map(|file| (file["number"].as_u64(), file["shipped"].as_u64())).collect();
        files.sort();
        files.into_iter().map(|(_, shipped)| shipped.unwrap()).collect()
    }

    fn wait_for(&self, objects: usize) {
        wait_until("the state has the objects", || {
            let shipped = self.shipped();
            shipped.len() >= objects && shipped.iter().all(|bytes| *bytes > 0)
        });
    }

    /// The paths of the objects that are stored.
    fn objects(&self) -> Vec<String> {
        let client = self.bed.client();
        let listed = reply(list::list(&client, BUCKET, "/logs/", Some(r#"{"all": true}"#)));
        let infos = listed["data"]["infos"].as_array().unwrap().iter();
        infos.map(|info| format!("/logs/{}", info["name"].as_str().unwrap())).collect()
    }

    /// The numbers of the lines that are stored, and how often each is.
    fn stored(&self) -> BTreeMap<usize, usize> {
        let client = self.bed.client();
        let mut stored = BTreeMap::new();
        for path in self.objects() {
            let content =
                download::buffer(&client, BUCKET, &path, None, Watch::default()).unwrap().1;
            for line in String::from_utf8(content).unwrap().lines() {
                let number = line.strip_prefix("line ").and_then(|line| line.split(' ').next());
                *stored.entry(number.unwrap().parse().unwrap()).or_default() += 1;
            }
        }
        stored
    }

    #[track_caller]
    fn assert_each_is_stored_once(&self) {
        let wanted: BTreeMap<_, _> = (1..=self.lines).map(|number| (number, 1)).collect();
        assert_eq!(self.stored(), wanted);
    }
}

/// The shipper itself, of which `timeout` is the parent.
fn send(signal: &str, child: &Child) {
    let mut pkill = Command::new("ps");
    let output = pkill.args(["-o", "pid=", "--ppid", &child.id().to_string()]).output().unwrap();
    let pid = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    succeed(Command::new("kill").args([signal, &pid]));
}

fn kill(mut child: Child) {
    send("-KILL", &child);
    assert!(!child.wait().unwrap().success());
}

/// Ends it as service managers do, and returns what it complained of.
#[track_caller]
fn terminate(child: Child) -> String {
    send("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{}: {complained}", output.status);
    complained
}

for_each_api! {
    kills_neither_lose_nor_double_a_line,
    an_outage_is_waited_for,
    a_refusal_ends_it,
    a_file_with_the_inode_and_the_title_of_a_removed_one_is_another,
}

/// The state would be a log itself, which changes with each upload of it.
#[test]
fn the_state_is_not_among_the_logs() {
    let bed = Bed::new(Api::V4);
    fs::create_dir(bed.path("logs")).unwrap();
    for (logs, state) in [("logs", "logs/state"), (".", "state"), ("./logs/", "logs/../logs/state")]
    {
        let mut command = limited();
        command.arg(shipper()).args([logs, "app.log", BUCKET, "/logs/", state]);
        set_account(&mut command, &bed);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("STATE must not be"), "{logs}");
    }
}

/// Many are in the state of the last time; most are gone.
#[test]
fn there_may_be_any_number_of_files() {
    const MANY: usize = 3000;
    let bed = Bed::new(Api::V4);
    let mut logs = Logs::new(&bed);
    let of_others = (1..=MANY).map(|number| {
        format!(r#"{{"inode":{number},"number":{number},"head":1,"sum":1,"shipped":1}}"#)
    });
    let files = of_others.collect::<Vec<_>>().join(",\n");
    let state = format!(r#"{{"since":1700000000,"next":{MANY},"files":[{files}]}}"#);
    fs::write(bed.path("state"), state).unwrap();
    logs.write(5);
    logs.rotate();
    let child = logs.start();
    wait_until("the new one", || !bed.logged(Op::Upload).is_empty());
    logs.write(5);
    assert_eq!(terminate(child), "");
    assert_eq!(logs.objects(), [1, 2].map(|n| format!("/logs/1700000000-00300{n}.log")));
    logs.assert_each_is_stored_once();
}

/// Whose place a file system may give to the next one.
fn a_file_with_the_inode_and_the_title_of_a_removed_one_is_another(api: Api) {
    let bed = Bed::new(api);
    let mut logs = Logs::new(&bed);
    let title = "#".repeat(1000) + "\n";
    fs::write(bed.path("logs/app.log"), &title).unwrap();
    logs.write(5);
    logs.rotate();
    let child = logs.start();
    logs.wait_for(1);
    kill(child);
    // Written over, it keeps its inode.
    fs::write(bed.path("logs/app.log.1"), title + &"other lines\n".repeat(50)).unwrap();
    let child = logs.start();
    wait_until("another object", || logs.objects().len() == 2);
    assert_eq!(terminate(child), "");
}

fn kills_neither_lose_nor_double_a_line(api: Api) {
    let bed = Bed::new(api);
    let mut logs = Logs::new(&bed);
    // The object is stored, and the shipper does not get to know it.
    logs.write(50);
    logs.rotate();
    bed.emulator.inject(api.fault(Op::Upload, Action::Withhold));
    let child = logs.start();
    wait_until("an upload", || bed.emulator.faults().is_empty());
    kill(child);
    // Nothing is stored, and files have other names meanwhile.
    logs.write(50);
    logs.rotate();
    logs.write(50);
    logs.rotate();
    bed.emulator
        .inject(api.fault(Op::Upload, Action::Drop { after: 10, end: End::Reset }).forever());
    let child = logs.start();
    wait_until("more uploads", || bed.logged(Op::Upload).len() >= 3);
    kill(child);
    bed.emulator.clear_faults();
    // Files are rotated while it runs; the last one is uploaded at the end, and grows afterwards.
    logs.write(20);
    let child = logs.start();
    logs.wait_for(3);
    logs.rotate();
    logs.wait_for(4);
    logs.write(5);
    assert_eq!(terminate(child), "");
    logs.assert_each_is_stored_once();
    logs.write(5);
    let child = logs.start();
    logs.rotate();
    let lengths = || logs.shipped().into_iter().max();
    let before = lengths();
    wait_until("the rest", || logs.shipped().len() == 5 && logs.stored().len() == logs.lines);
    assert_eq!(lengths(), before, "files that were stored stay as they are");
    assert_eq!(terminate(child), "");
    logs.assert_each_is_stored_once();
}

fn an_outage_is_waited_for(api: Api) {
    let bed = Bed::new(api);
    let mut logs = Logs::new(&bed);
    logs.write(100);
    logs.rotate();
    bed.emulator.inject(api.fault(Op::Upload, api.code(-195)).forever());
    let mut child = logs.start();
    // A call tries twice.
    wait_until("calls that fail", || bed.logged(Op::Upload).len() >= 5);
    assert!(child.try_wait().unwrap().is_none(), "it gave up");
    logs.write(100);
    logs.rotate();
    bed.emulator.clear_faults();
    logs.wait_for(2);
    assert!(terminate(child).contains("(COS_ERR_STORAGE)"));
    logs.assert_each_is_stored_once();
}

fn a_refusal_ends_it(api: Api) {
    let bed = Bed::new(api);
    let mut logs = Logs::new(&bed);
    logs.write(1);
    logs.rotate();
    bed.emulator.inject(api.fault(Op::Upload, api.code(-97)).forever());
    let output = logs.start().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("(COS_ERR_SIGN_INVALID)"));
    fs::write(bed.path("state"), "{}").unwrap();
    let output = logs.start().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "state: Invalid argument\n");
}
