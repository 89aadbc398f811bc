//! A service whose answers a test writes down beforehand, so that `ops` can be tested without
//! sockets.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::contract::{
    Abort, Ask, Attributes, Changes, Composed, Described, Grant, Limits, Objects, Opened,
    PageQuery, PartDone, PartSizes, PartTag, Place, Protocol, Relocation, Resumed, Retry, Session,
    Upload, UploadSettings, Uploads,
};
use crate::call::{Call, Unread};
use crate::client::Client;
use crate::content::hash::Hasher;
use crate::content::source::Source;
use crate::options::Options;
use crate::path::Rules;
use crate::reply::object::ObjectInfo;
use crate::reply::write::Write;
use crate::reply::{Failure, Phase, Reply, Result};
use crate::transfer::Mark;

/// Paths as most services take them.
pub static LIMITS: Limits = Limits {
    paths: Rules {
        forbidden: &[],
        longest: 1024,
        longest_plain: usize::MAX,
        empty_segments: false,
    },
    part_sizes: PartSizes::Of(&[4]),
    part_size: 4,
    threshold: 8,
    largest_whole: 10,
    largest_page: 1000,
    page: 199,
    deleted_at_once: 1,
    lists_go_deep: false,
    lists_have_sums: true,
    parts_are_announced: false,
    has_attributes: true,
    hasher: Hasher::sha1,
};

/// The service. What a method is asked is noted; it answers with the next answer that stands in the
/// script for it, and with a plain success behind the last.
#[derive(Debug, Default)]
pub struct Scripted {
    script: Mutex<HashMap<&'static str, VecDeque<Result<Value>>>>,
    asked: Mutex<Vec<String>>,
}

impl Write for Value {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Scripted {
    /// The same, with these answers of a method.
    pub fn on(
        self,
        method: &'static str,
        answers: impl IntoIterator<Item = Result<Value>>,
    ) -> Scripted {
        self.script.lock().unwrap().entry(method).or_default().extend(answers);
        self
    }

    /// What was asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, method: &'static str, what: impl ToString) -> Result<Value> {
        let asked = format!("{method} {}", what.to_string());
        self.asked.lock().unwrap().push(asked.trim_end().to_owned());
        let next = self.script.lock().unwrap().get_mut(method).and_then(VecDeque::pop_front);
        next.unwrap_or(Ok(json!(null)))
    }

    fn reply(&self, method: &'static str, what: impl ToString) -> Result<Reply> {
        self.answer(method, what).map(|data| Reply::compose(&data))
    }
}

/// A call of a client, with these options.
pub fn call(options: &str) -> Call {
    let client = Client::new("1", "id", "key", Some("sh"), None).unwrap();
    let mut options = Options::parse(Some(options)).unwrap();
    client.snapshot().call(&mut options, client.stop(None)).unwrap()
}

/// What a lost reply looks like.
pub fn lost() -> Box<Failure> {
    Failure::connection(Phase::Receive, "the connection was lost")
}

/// The settings of an upload unless a test wants others.
pub fn settings() -> UploadSettings {
    UploadSettings {
        insert_only: true,
        biz_attr: String::new(),
        part_size: 4,
        threshold: 0,
        concurrency: 1,
        verify: true,
        resume: true,
        md5: false,
        traffic_limit: None,
        attributes: Attributes::default(),
    }
}

impl Protocol for Scripted {
    fn limits(&self) -> &'static Limits {
        &LIMITS
    }

    fn grant(&self, at: Place, grant: Grant, _: u64) -> Result<Reply> {
        self.reply("grant", format!("{} {grant:?}", at.path.as_str()))
    }

    fn list_buckets(&self, _: &Call) -> Result<Reply> {
        self.reply("list_buckets", "")
    }

    fn request(&self, _: &Call, request: &Composed) -> Result<Reply> {
        self.reply("request", request.path.as_str())
    }
}

impl Objects for Scripted {
    fn stat(&self, _: &Call, at: Place, _: Ask) -> Result<Reply> {
        self.reply("stat", at.path.as_str())
    }

    fn update(&self, _: &Call, at: Place, changes: &Changes, _: Retry) -> Result<Reply> {
        let biz_attr = changes.biz_attr.as_deref().unwrap_or_default();
        self.reply("update", format!("{} {biz_attr}", at.path.as_str()))
    }

    fn delete(&self, _: &Call, at: Place, _: Retry) -> Result<Reply> {
        self.reply("delete", at.path.as_str())
    }

    fn copy(&self, _: &Call, Relocation { from, to, .. }: &Relocation) -> Result<Reply> {
        self.reply("copy", format!("{} {}", from.path.as_str(), to.path.as_str()))
    }

    fn rename(
        &self,
        _: &Call,
        Relocation { from, to, .. }: &Relocation,
        _: Retry,
    ) -> Result<Reply> {
        self.reply("rename", format!("{} {}", from.path.as_str(), to.path.as_str()))
    }

    fn create_folder(&self, _: &Call, at: Place, _: &str) -> Result<Reply> {
        self.reply("create_folder", at.path.as_str())
    }

    fn list(&self, _: &Call, at: Place, page: &PageQuery) -> Result<Reply> {
        self.reply("list", format!("{} {}", at.path.as_str(), page.context))
    }

    fn is_complete(&self, _: &Call, at: Place, _: &ObjectInfo) -> Result<bool> {
        self.answer("is_complete", at.path.as_str()).map(|answer| answer != json!(false))
    }

    fn has_content(&self, _: &Call, at: Place, _: &ObjectInfo, _: &Source) -> Result<bool> {
        self.answer("has_content", at.path.as_str()).map(|answer| answer == json!(true))
    }

    fn get(
        &self,
        _: &Call,
        at: Place,
        range: Option<Range<u64>>,
        _: Option<&str>,
    ) -> Result<Unread> {
        self.answer("get", format!("{} {range:?}", at.path.as_str()))?;
        // Content comes over connections only.
        Err(lost())
    }

    fn get_first(&self, call: &Call, at: Place, range: Range<u64>) -> Result<(Described, Unread)> {
        let described = self.describe(call, at)?;
        self.get(call, at, Some(range), None).map(|answer| (described, answer))
    }

    fn object_url(&self, at: Place) -> String {
        format!("scripted:{}", at.path.as_str())
    }
}

impl Uploads for Scripted {
    fn put(&self, _: &Call, upload: &Upload, _: &Mark) -> Result<Reply> {
        self.reply("put", upload.path.as_str())
    }

    /// `{"stored": [0], "serial": true, "resumed": {"biz_attr": true}}` or `{"instant": true}`.
    fn open(&self, _: &Call, upload: &Upload, _: bool) -> Result<Opened> {
        let answer = self.answer("open", upload.path.as_str())?;
        if let Some(instant) = answer["instant"].as_bool() {
            return Ok(Opened::Complete { reply: Reply::compose(&answer), instant });
        }
        let stored = answer["stored"].as_array().into_iter().flatten();
        Ok(Opened::Session(Session {
            id: "session".to_owned(),
            part_size: upload.settings.part_size,
            is_serial: answer["serial"] == json!(true),
            stored: stored.filter_map(Value::as_u64).collect(),
            tags: BTreeMap::new(),
            resumed: answer.get("resumed").map(|resumed| Resumed {
                digest: None,
                has_our_biz_attr: resumed["biz_attr"] == json!(true),
            }),
        }))
    }

    /// `{"tag": "...", "serial": true, "complete": true}`.
    fn put_part(
        &self,
        _: &Call,
        _: &Upload,
        _: &Session,
        index: u64,
        _: &Mark,
    ) -> Result<PartDone> {
        let answer = self.answer("put_part", index)?;
        Ok(PartDone {
            tag: answer["tag"].as_str().map(|name| PartTag { name: name.to_owned(), crc64: None }),
            is_serial: answer["serial"] == json!(true),
            complete: answer.get("complete").map(Reply::compose),
        })
    }

    fn finish(
        &self,
        _: &Call,
        _: &Upload,
        _: &Session,
        tags: &BTreeMap<u64, PartTag>,
    ) -> Result<Reply> {
        let tags: Vec<_> =
            tags.iter().map(|(index, tag)| format!("{index}={}", tag.name)).collect();
        self.reply("finish", tags.join(" "))
    }

    fn abort(&self, _: &Call, _: &Upload, session: &Session, why: Abort) {
        let _ = self.answer("abort", format!("{} {why:?}", session.id));
    }

    /// `null` where our content is not there.
    fn find_stored(&self, _: &Call, upload: &Upload) -> Result<Option<Reply>> {
        let answer = self.answer("find_stored", upload.path.as_str())?;
        Ok((!answer.is_null()).then(|| Reply::compose(&answer)))
    }

    fn stored(&self, _: Place, _: Option<&ObjectInfo>) -> Reply {
        Reply::done()
    }
}
