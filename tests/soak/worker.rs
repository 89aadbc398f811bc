//! One of the threads: it works on names of its own and remembers what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use cos::client::Client;
use cos::ops::{file, folder};
use cos_emulator::Emulator;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::Dice;
use support::transfers::*;
use support::{Api, Bed};

/// Content by the numbers that it is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Content {
    seed: u64,
    size: usize,
}

impl Content {
    fn bytes(self) -> Vec<u8> {
        let mut dice = Dice::new(self.seed);
        (0..self.size.div_ceil(4))
            .flat_map(|_| (dice.below(1 << 32) as u32).to_le_bytes())
            .take(self.size)
            .collect()
    }
}

/// What may be on the server under a name: one thing, unless a call ended without an answer.
#[derive(Clone, Default)]
struct Belief {
    possible: BTreeSet<Option<Content>>,
    /// A sliced upload broke off, and what it left is listed like a file: in the JSON API.
    is_unfinished: bool,
}

impl Belief {
    fn certain(content: Option<Content>) -> Belief {
        Belief { possible: [content].into(), is_unfinished: false }
    }

    fn may_be(&self, is: impl Fn(&Option<Content>) -> bool) -> bool {
        self.possible.iter().any(is)
    }
}

#[derive(Default)]
pub struct Tally {
    pub calls: BTreeMap<(&'static str, i64, Api), u64>,
    pub compared: u64,
    pub uncertain: u64,
    pub violations: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        for (call, n) in &other.calls {
            *self.calls.entry(*call).or_default() += n;
        }
        self.compared += other.compared;
        self.uncertain += other.uncertain;
        self.violations.extend(other.violations.iter().cloned());
    }
}

pub struct Worker<'a> {
    folder: String,
    api: Api,
    client: &'a Client,
    dice: Dice,
    dir: PathBuf,
    beliefs: BTreeMap<String, Belief>,
    pub tally: Tally,
}

impl<'a> Worker<'a> {
    pub fn new(number: u64, seed: u64, client: &'a (Api, Client), bed: &Bed) -> Worker<'a> {
        let (api, client) = (client.0, &client.1);
        let dir = bed.path(&format!("worker-{number}"));
        fs::create_dir(&dir).unwrap();
        let folder = format!("/worker-{number}/");
        let dice = Dice::new(seed ^ ((number + 1) << 32));
        Worker { folder, api, client, dice, dir, beliefs: BTreeMap::new(), tally: Tally::default() }
    }

    /// One call.
    pub fn step(&mut self) {
        let path = format!("{}{}", self.folder, self.dice.below(8));
        let before = self.beliefs.get(&path).cloned().unwrap_or_else(|| Belief::certain(None));
        let after = match self.dice.below(10) {
            0..3 => self.upload(&path, before, false),
            3..5 => self.upload(&path, before, true),
            5..8 => self.download(&path, before),
            8 => self.delete(&path, before),
            _ => {
                self.list();
                return;
            }
        };
        self.beliefs.insert(path, after);
    }

    fn note(&mut self, call: &'static str, answer: &Value) -> i64 {
        let code = answer["code"].as_i64().unwrap_or(i64::MIN);
        *self.tally.calls.entry((call, code, self.api)).or_default() += 1;
        code
    }

    fn violation(&mut self, text: String) {
        eprintln!("VIOLATION {text}");
        self.tally.violations.push(text);
    }

    fn upload(&mut self, path: &str, before: Belief, sliced: bool) -> Belief {
        let size = if sliced {
            self.dice.below(6 << 20) as usize + 1
        } else {
            self.dice.below(100_000) as usize
        };
        let content = Content { seed: self.dice.below(1 << 40), size };
        let insert_only = self.dice.below(3) == 0;
        let (call, threshold) = if sliced { ("upload sliced", 0) } else { ("upload", 20 << 20) };
        let options = json!({
            "insert_only": insert_only,
            "slice_threshold": threshold,
            "slice_size": SLICE,
            "concurrency": 3,
        });
        let answer = upload_bytes(self.client, path, &content.bytes(), options);
        let mut after = before.clone();
        match self.note(call, &answer) {
            0 => {
                if insert_only && !before.may_be(Option::is_none) {
                    self.violation(format!("{path} was overwritten unasked: {answer}"));
                }
                return Belief::certain(Some(content));
            }
            -177 => {
                if !insert_only || !before.may_be(Option::is_some) {
                    self.violation(format!("{path} has a false conflict: {answer}"));
                }
                after.possible.remove(&None);
            }
            -4020 => {
                if !before.is_unfinished {
                    self.violation(format!("{path} has a false unfinished upload: {answer}"));
                }
                return self.delete(path, before);
            }
            -3 | -2 => {
                let replaceable = !insert_only || before.may_be(Option::is_none);
                if replaceable {
                    after.possible.insert(Some(content));
                }
                after.is_unfinished |= sliced && self.api == Api::V4;
            }
            _ => self.violation(format!("{path}, {call}: {answer}")),
        }
        after
    }

    fn download(&mut self, path: &str, before: Belief) -> Belief {
        let local = self.dir.join("local");
        let answer = download(self.client, path, &local, json!({"concurrency": 3}));
        match self.note("download", &answer) {
            0 => {
                let bytes = fs::read(&local).unwrap();
                let found = before
                    .possible
                    .iter()
                    .flatten()
                    .find(|content| content.size == bytes.len() && content.bytes() == bytes);
                match found {
                    Some(content) => Belief { possible: [Some(*content)].into(), ..before.clone() },
                    None => {
                        self.violation(format!("{path}, {} bytes, was never stored", bytes.len()));
                        before
                    }
                }
            }
            -3 => before,
            // An unfinished file has a stat, but is not there to be downloaded.
            -2 if before.is_unfinished => before,
            -197 if before.may_be(Option::is_none) || before.is_unfinished => before,
            _ => {
                self.violation(format!("{path}, download: {answer}"));
                before
            }
        }
    }

    fn delete(&mut self, path: &str, before: Belief) -> Belief {
        let answer = reply(file::delete(self.client, PUBLIC, path, None));
        match self.note("delete", &answer) {
            0 => Belief::certain(None),
            -197 => {
                if !before.may_be(Option::is_none) {
                    self.violation(format!("{path} is gone: {answer}"));
                }
                Belief::certain(None)
            }
            -2 | -3 => {
                let mut after = before;
                after.possible.insert(None);
                after
            }
            _ => {
                self.violation(format!("{path}, delete: {answer}"));
                before
            }
        }
    }

    fn list(&mut self) {
        let options = json!({"all": true, "num": 3}).to_string();
        let listed = folder::list(self.client, PUBLIC, &self.folder, Some(&options));
        let answer = reply(listed);
        match self.note("list", &answer) {
            0 => {}
            // Nothing lies below it.
            -197 if self.beliefs.values().all(|belief| belief.may_be(Option::is_none)) => return,
            -2 | -3 => return,
            _ => return self.violation(format!("{}, list: {answer}", self.folder)),
        }
        let infos = answer["data"]["infos"].as_array().cloned().unwrap_or_default();
        let size = |name: &str| {
            let info = infos.iter().find(|info| info["name"] == name)?;
            (info["filelen"] == info["filesize"]).then(|| info["filesize"].as_u64())?
        };
        let mut wrong = Vec::new();
        for (path, belief) in &self.beliefs {
            let found = size(&path[self.folder.len()..]);
            let fits = |content: &Option<Content>| found == content.map(|c| c.size as u64);
            if !belief.may_be(fits) && !belief.is_unfinished {
                wrong.push(format!("{path} is listed with {found:?} bytes: {answer}"));
            }
        }
        wrong.into_iter().for_each(|text| self.violation(text));
    }

    /// Compares what is on the server with what was acknowledged, without the library, and what
    /// the server says of it with its content.
    pub fn compare(&mut self, emulator: &Emulator) {
        for (path, belief) in std::mem::take(&mut self.beliefs) {
            self.tally.compared += 1;
            self.tally.uncertain += u64::from(belief.possible.len() > 1);
            let found = stored(emulator, &path);
            let fits = |content: &Option<Content>| found == content.map(Content::bytes);
            if !belief.may_be(fits) {
                let len = found.as_ref().map(Vec::len);
                self.violation(format!("{path}: {len:?} bytes, not {:?}", belief.possible));
            }
            let Some(bytes) = found else {
                continue;
            };
            let stat = reply(file::stat(self.client, PUBLIC, &path, None));
            let (sum, says) = match self.api {
                Api::V4 => (sha1(&bytes), &stat["data"]["sha"]),
                Api::V5 => (crc64(&bytes), &stat["data"]["crc64"]),
            };
            let says = says.as_str().unwrap_or_default().to_lowercase();
            if stat["data"]["filesize"] != bytes.len() || says != sum {
                // While another upload to the name is unfinished, that is what stat tells of.
                if !belief.is_unfinished {
                    self.violation(format!("{path} has the sum {sum}: {stat}"));
                }
            }
        }
    }
}

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn crc64(bytes: &[u8]) -> String {
    let mut digest = crc64fast::Digest::new();
    digest.write(bytes);
    digest.sum64().to_string()
}
