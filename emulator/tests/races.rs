//! Requests at the same time do what they would do one after the other, in some order.

mod common;

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use common::*;

/// A file that a folder may stand in the way of, and one within a folder.
const FILES: [&str; 2] = ["/a", "/d/b"];
const FOLDERS: [&str; 2] = ["/a/", "/d/"];

#[derive(Clone, Debug)]
enum Step {
    Upload { path: &'static str, content: String, overwrite: bool },
    Begin { path: &'static str, content: String, overwrite: bool },
    Finish { path: &'static str, upload: Upload },
    Delete { path: &'static str },
    Relocate { op: &'static str, from: &'static str, to: &'static str, overwrite: bool },
    Create { folder: &'static str },
    Remove { folder: &'static str },
}

#[derive(Clone, Debug, PartialEq)]
struct Upload {
    session: String,
    content: String,
    overwrite: bool,
}

/// What is stored, by path.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    files: BTreeMap<&'static str, String>,
    uploads: BTreeMap<&'static str, Upload>,
    folders: BTreeMap<&'static str, ()>,
}

/// The code of a step, and the session if it began one.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    code: i64,
    session: Option<String>,
}

impl State {
    fn is_there(&self, path: &str) -> bool {
        self.files.contains_key(path) || self.uploads.contains_key(path)
    }

    fn refuses(&self, path: &str, overwrite: bool) -> Option<i64> {
        match () {
            () if self.folders.contains_key(&*format!("{path}/")) => Some(-178),
            () if self.files.contains_key(path) && !overwrite => Some(-177),
            () => None,
        }
    }

    /// Carries a step out as the service would; returns its code.
    fn take(&mut self, step: &Step, session: Option<&str>) -> i64 {
        match step {
            Step::Upload { path, content, overwrite } => {
                if let Some(code) = self.refuses(path, *overwrite) {
                    return code;
                }
                self.files.insert(path, content.clone());
                self.uploads.remove(path);
            }
            Step::Begin { path, content, overwrite } => {
                if let Some(code) = self.refuses(path, *overwrite) {
                    return code;
                }
                if self.uploads.contains_key(path) {
                    return -4020;
                }
                let (session, content) = (session.unwrap_or_default().into(), content.clone());
                self.uploads.insert(path, Upload { session, content, overwrite: *overwrite });
            }
            Step::Finish { path, upload } => {
                if self.uploads.get(path) != Some(upload) {
                    return -5983;
                }
                if let Some(code) = self.refuses(path, upload.overwrite) {
                    return code;
                }
                self.uploads.remove(path);
                self.files.insert(path, upload.content.clone());
            }
            Step::Delete { path } => {
                if !self.is_there(path) {
                    return -197;
                }
                self.files.remove(path);
                self.uploads.remove(path);
            }
            Step::Relocate { op, from, to, overwrite } => {
                let Some(content) = self.files.get(from).cloned() else { return -197 };
                if let Some(code) = self.refuses(to, *overwrite) {
                    return code;
                }
                if *op == "move" {
                    self.files.remove(from);
                    self.uploads.remove(from);
                }
                self.uploads.remove(to);
                self.files.insert(to, content);
            }
            Step::Create { folder } => {
                if self.folders.contains_key(folder) || self.is_there(folder.trim_end_matches('/'))
                {
                    return -178;
                }
                self.folders.insert(folder, ());
            }
            Step::Remove { folder } => {
                if !self.folders.contains_key(folder) {
                    return -197;
                }
                if FILES.iter().any(|path| path.starts_with(folder) && self.is_there(path)) {
                    return -173;
                }
                self.folders.remove(folder);
            }
        }
        0
    }

    /// What these steps lead to one after the other, if each has the outcome it really had.
    fn after<'s>(&self, steps: impl IntoIterator<Item = &'s (Step, Outcome)>) -> Option<State> {
        let mut state = self.clone();
        for (step, outcome) in steps {
            if state.take(step, outcome.session.as_deref()) != outcome.code {
                return None;
            }
        }
        Some(state)
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    fn step(&mut self, state: &State, number: usize) -> Step {
        let path = FILES[self.below(2)];
        let (content, overwrite) = (format!("{number:08}"), self.below(3) > 0);
        match self.below(12) {
            0..=2 => Step::Upload { path, content, overwrite },
            3..=6 => match state.uploads.get(path) {
                Some(upload) => Step::Finish { path, upload: upload.clone() },
                None => Step::Begin { path, content, overwrite },
            },
            7 => Step::Delete { path },
            what @ 8..=9 => {
                let op = ["move", "copy"][what - 8];
                let to = FILES[usize::from(path == FILES[0])];
                Step::Relocate { op, from: path, to, overwrite }
            }
            10 => Step::Create { folder: FOLDERS[self.below(2)] },
            _ => Step::Remove { folder: FOLDERS[self.below(2)] },
        }
    }
}

fn carry_out(cos: &Cos, step: &Step) -> Outcome {
    let flag = |overwrite: &bool| if *overwrite { "0" } else { "1" };
    let mut session = None;
    let code = match step {
        Step::Upload { path, content, overwrite } => {
            let form = Form::op("upload").field("filecontent", content);
            cos.post_form(path, form.field("insertOnly", flag(overwrite))).code()
        }
        Step::Begin { path, content, overwrite } => {
            let form = Form::op("upload_slice_init").field("filesize", content.len().to_string());
            let form = form.field("slice_size", "524288").field("sha", sha1(content.as_bytes()));
            let begun = cos.post_form(path, form.field("insertOnly", flag(overwrite)));
            if begun.code() == 0 {
                let id = begun.data()["session"].as_str().unwrap().to_owned();
                let form = Form::op("upload_slice_data").field("session", &id).field("offset", "0");
                let form =
                    form.field("sha", sha1(content.as_bytes())).field("filecontent", content);
                let sent = cos.post_form(path, form).code();
                assert!([0, -5983].contains(&sent), "{step:?}: {sent}");
                session = Some(id);
            }
            begun.code()
        }
        Step::Finish { path, upload } => {
            let form = Form::op("upload_slice_finish").field("session", &upload.session);
            let form = form.field("filesize", upload.content.len().to_string());
            cos.post_form(path, form.field("sha", sha1(upload.content.as_bytes()))).code()
        }
        Step::Delete { path } => cos.delete(path).code(),
        Step::Relocate { op, from, to, overwrite } => {
            let overwrite = u8::from(*overwrite);
            let body = format!(
                r#"{{"op": "{op}", "dest_fileid": "{to}", "to_over_write": "{overwrite}"}}"#
            );
            cos.once(from, &body).code()
        }
        Step::Create { folder } => cos.create(folder).code(),
        Step::Remove { folder } => cos.delete(folder).code(),
    };
    Outcome { code, session }
}

/// What a download gives: nothing at all, or a content whole.
fn downloaded(cos: &Cos, path: &str) -> Option<String> {
    let answer = cos.download(path);
    match answer.status {
        200 => {
            assert_eq!(answer.body.len(), 8, "{path}: {answer:?}");
            Some(String::from_utf8(answer.body).unwrap())
        }
        404 => None,
        _ => panic!("{path}: {answer:?}"),
    }
}

/// Looks at everything, while it may be changing.
fn look_around(cos: &Cos) {
    for path in FILES {
        downloaded(cos, path);
        let stat = cos.stat(path);
        assert!([0, -197].contains(&stat.code()), "{path}: {stat:?}");
        let list = cos.post_form(path, Form::op("upload_slice_list"));
        assert!([0, -197].contains(&list.code()), "{path}: {list:?}");
    }
    for folder in ["/", "/d/"] {
        let list = cos.get(folder, "op=list");
        assert!([0, -197].contains(&list.code()), "{folder}: {list:?}");
    }
}

/// What is stored, as the API tells it. What is in an upload can't be seen; `known` knows it.
fn observed(cos: &Cos, known: &[Upload]) -> State {
    let mut state = State::default();
    for path in FILES {
        if let Some(content) = downloaded(cos, path) {
            let stat = cos.stat(path).data();
            assert_eq!(stat["sha"], sha1(content.as_bytes()), "{path}");
            assert_eq!(stat["filelen"], stat["filesize"], "{path}");
            state.files.insert(path, content);
        }
        let list = cos.post_form(path, Form::op("upload_slice_list")).json();
        if let Some(session) = list["data"]["session"].as_str() {
            let upload = known.iter().find(|upload| upload.session == session).unwrap();
            state.uploads.insert(path, upload.clone());
        }
    }
    for folder in FOLDERS {
        if cos.stat(folder).code() == 0 {
            state.folders.insert(folder, ());
        }
    }
    state
}

#[test]
fn what_is_acknowledged_is_what_is_stored() {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut cos = Cos::start();
    let mut random = Random(1);
    let (mut state, mut known) = (State::default(), Vec::new());
    for round in 0..150 {
        let steps = [0, 1, 2].map(|number| random.step(&state, 3 * round + number));
        let start = Barrier::new(steps.len() + 1);
        let is_over = AtomicBool::new(false);
        let outcomes = thread::scope(|scope| {
            let (cos, start, is_over) = (&cos, &start, &is_over);
            let running = steps.each_ref().map(|step| {
                scope.spawn(move || {
                    start.wait();
                    carry_out(cos, step)
                })
            });
            scope.spawn(move || {
                start.wait();
                while !is_over.load(Ordering::Relaxed) {
                    look_around(cos);
                }
            });
            let outcomes = running.map(|step| step.join());
            is_over.store(true, Ordering::Relaxed);
            outcomes.map(Result::unwrap)
        });
        let done: Vec<_> = steps.into_iter().zip(outcomes).collect();
        for (step, outcome) in &done {
            if let (Step::Begin { content, overwrite, .. }, Some(session)) =
                (step, &outcome.session)
            {
                let (session, content) = (session.clone(), content.clone());
                known.push(Upload { session, content, overwrite: *overwrite });
            }
        }
        let found = observed(&cos, &known);
        let explains =
            |order: &[usize; 3]| state.after(order.map(|at| &done[at])).as_ref() == Some(&found);
        assert!(
            ORDERS.iter().any(explains),
            "round {round}: no order of {done:#?} leads from {state:#?} to {found:#?}"
        );
        state = found;
    }
    cos.restart();
    assert_eq!(observed(&cos, &known), state);
    let blobs = fs::read_dir(cos.dir.path().join("blobs")).unwrap().count();
    assert_eq!(blobs, state.files.len() + state.uploads.len());
}
