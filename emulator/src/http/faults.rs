//! Trouble on demand: which requests, and what happens to them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Not at all: silence, until the client gives up.
    Hang,
}

/// What a byte count is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The first byte of the status line.
    Reply,
    /// The first byte of the body.
    Body,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Answers with this instead.
    Reply {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        #[serde(default = "html")]
        content_type: String,
        /// The body.
        #[serde(default)]
        body: String,
        /// Makes the body this many bytes of `x` instead.
        #[serde(default)]
        size: Option<u64>,
        /// Further headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Whether the operation is carried out nevertheless.
        #[serde(default)]
        execute: bool,
    },
    /// Answers with a result code.
    Code {
        /// The `code`.
        code: i32,
        /// The HTTP status, if it is not the code's own.
        #[serde(default)]
        status: Option<u16>,
        /// The `message`, if it is not the code's name.
        #[serde(default)]
        message: Option<String>,
        /// Whether the operation is carried out nevertheless.
        #[serde(default)]
        execute: bool,
    },
    /// Answers with an error word of the XML API.
    Error {
        /// The `Code`.
        code: String,
        /// The HTTP status, if it is not the word's own; 200 is possible.
        #[serde(default)]
        status: Option<u16>,
        /// The `Message`, if it is not the word's own.
        #[serde(default)]
        message: Option<String>,
        /// Whether the operation is carried out nevertheless.
        #[serde(default)]
        execute: bool,
    },
    /// Carries the operation out and gives a header of the reply another value, or takes it away.
    Header {
        /// Its name.
        name: String,
        /// Its value; `null` takes it away.
        #[serde(default)]
        value: Option<String>,
    },
    /// Carries the operation out and waits before answering.
    Delay {
        /// For how long.
        ms: u64,
    },
    /// Carries the operation out and answers when all faults are disarmed. Until then the record
    /// of the request has the fault and no `finished_ms`.
    Hold,
    /// Carries the operation out and then says nothing, with the connection open.
    Withhold,
    /// Carries the operation out and ends the connection instead of answering.
    LoseReply {
        /// How.
        #[serde(default = "reset")]
        end: End,
    },
    /// Ends the connection without carrying the operation out.
    Drop {
        /// Reads at least this much of the request body first.
        #[serde(default)]
        after: u64,
        /// How.
        #[serde(default = "reset")]
        end: End,
    },
    /// Carries the operation out and ends the connection in the middle of the reply.
    Cut {
        /// After this many bytes.
        after: u64,
        /// Counted from where.
        #[serde(default = "body")]
        of: Part,
        /// How.
        #[serde(default = "close")]
        end: End,
    },
    /// Carries the operation out and sends the reply in small pieces.
    Drip {
        /// The pause after each piece.
        interval_ms: u64,
        /// The size of a piece.
        #[serde(default = "one")]
        bytes: usize,
    },
    /// Carries the operation out and announces a wrong `Content-Length`; the connection is closed afterwards.
    WrongLength {
        /// What is added to the true length.
        delta: i64,
    },
    /// Carries the operation out and answers with something that is not HTTP.
    Garbage {
        /// What to send.
        #[serde(default = "garbage")]
        text: String,
    },
    /// Sends the client elsewhere.
    Redirect {
        /// Where to.
        location: String,
        /// The HTTP status.
        #[serde(default = "found")]
        status: u16,
    },
    /// Inverts one byte of the reply's body.
    Corrupt {
        /// Which one.
        #[serde(default)]
        at: u64,
    },
    /// Answers in full and then closes the connection without having said so.
    CloseAfterReply {
        /// How.
        #[serde(default = "close")]
        end: End,
    },
}

impl Action {
    /// Whether its reply takes the place of the operation's.
    pub(crate) fn replaces_reply(&self) -> bool {
        matches!(
            self,
            Action::Reply { .. }
                | Action::Code { .. }
                | Action::Error { .. }
                | Action::Drop { .. }
                | Action::Redirect { .. }
        )
    }

    /// Whether the operation is carried out.
    pub(crate) fn executes(&self) -> bool {
        match self {
            Action::Reply { execute, .. }
            | Action::Code { execute, .. }
            | Action::Error { execute, .. } => *execute,
            action => !action.replaces_reply(),
        }
    }
}

fn html() -> String {
    "text/html".into()
}

fn garbage() -> String {
    "\u{1}\u{2}\u{3} this is not HTTP \u{7f}\r\n\r\n".into()
}

fn found() -> u16 {
    302
}

fn one() -> usize {
    1
}

fn reset() -> End {
    End::Reset
}

fn close() -> End {
    End::Close
}

fn body() -> Part {
    Part::Body
}

/// Which requests something happens to, how often, and what.
///
/// ```
/// use cos_emulator::{Action, Fault};
/// let fault = Fault::new(Action::Withhold).op("upload_slice_data").offset(1048576).skip(1).times(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation: a value of `op=`, `download`, the name of one of the XML API, such as
    /// `upload_part`, or `accept` for a connection that was just made.
    #[serde(default)]
    pub op: Option<String>,
    /// A part of the decoded URL path.
    #[serde(default)]
    pub path: Option<String>,
    /// The HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// The `offset` of a slice, or the start of a download's range.
    #[serde(default)]
    pub offset: Option<u64>,
    /// The number of a part.
    #[serde(default)]
    pub part: Option<u64>,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u64,
    /// How many requests it happens to; `null` for all.
    #[serde(default = "once")]
    pub times: Option<u64>,
    /// What happens.
    pub action: Action,
}

fn once() -> Option<u64> {
    Some(1)
}

impl Fault {
    /// Happens to the next request, whatever it is.
    pub fn new(action: Action) -> Fault {
        Fault {
            op: None,
            path: None,
            method: None,
            offset: None,
            part: None,
            skip: 0,
            times: once(),
            action,
        }
    }

    /// Only this operation.
    pub fn op(mut self, op: impl Into<String>) -> Fault {
        self.op = Some(op.into());
        self
    }

    /// Only URLs whose decoded path contains this.
    pub fn path(mut self, part: impl Into<String>) -> Fault {
        self.path = Some(part.into());
        self
    }

    /// Only this HTTP method.
    pub fn method(mut self, method: impl Into<String>) -> Fault {
        self.method = Some(method.into());
        self
    }

    /// Only the slice at this offset, or the download that starts there.
    pub fn offset(mut self, offset: u64) -> Fault {
        self.offset = Some(offset);
        self
    }

    /// Only the part with this number.
    pub fn part(mut self, number: u64) -> Fault {
        self.part = Some(number);
        self
    }

    /// Lets this many matching requests pass first.
    pub fn skip(mut self, count: u64) -> Fault {
        self.skip = count;
        self
    }

    /// Happens this many times.
    pub fn times(mut self, count: u64) -> Fault {
        self.times = Some(count);
        self
    }

    /// Happens to every matching request.
    pub fn forever(mut self) -> Fault {
        self.times = None;
        self
    }

    /// `None` while it can't be told yet.
    fn matches(&self, facts: &Facts) -> Option<bool> {
        if self.path.as_ref().is_some_and(|path| !facts.path.contains(path.as_str()))
            || self.part.is_some_and(|part| facts.part != Some(part))
            || self.method.as_ref().is_some_and(|method| !facts.method.eq_ignore_ascii_case(method))
        {
            return Some(false);
        }
        match (&self.op, &facts.op) {
            (None, Some(op)) if op == ACCEPT => return Some(false),
            (Some(wanted), Some(op)) if wanted != op => return Some(false),
            (Some(_), None) if facts.complete => return Some(false),
            (Some(_), None) => return None,
            _ => {}
        }
        match (self.offset, facts.offset) {
            (Some(wanted), Some(offset)) => Some(wanted == offset),
            (Some(_), None) if facts.complete => Some(false),
            (Some(_), None) => None,
            (None, _) => Some(true),
        }
    }
}

/// The operation of a connection nothing was read from yet.
pub(crate) const ACCEPT: &str = "accept";

/// What is known about a request so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub op: Option<String>,
    pub path: String,
    pub method: String,
    pub offset: Option<u64>,
    pub part: Option<u64>,
    /// Nothing more will become known.
    pub complete: bool,
    /// Faults this request was already counted for.
    pub seen: Vec<u64>,
}

/// What happens to one request.
pub(crate) struct Struck {
    pub action: Action,
    disarmed: watch::Receiver<()>,
}

impl Struck {
    /// The action, as records show it.
    pub fn json(&self) -> Option<String> {
        serde_json::to_string(&self.action).ok()
    }

    /// Waits until all faults are disarmed.
    pub async fn until_disarmed(&mut self) {
        // The sender is gone when the emulator stops.
        let _ = self.disarmed.changed().await;
    }
}

#[derive(Debug)]
struct Armed {
    id: u64,
    fault: Fault,
}

/// The faults still to happen, in the order they were given.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Mutex<(u64, Vec<Armed>)>,
    disarmed: watch::Sender<()>,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, (u64, Vec<Armed>)> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, fault: Fault) -> u64 {
        let mut armed = self.lock();
        armed.0 += 1;
        let id = armed.0;
        armed.1.push(Armed { id, fault });
        id
    }

    pub fn clear(&self) {
        let mut armed = self.lock();
        armed.1.clear();
        self.disarmed.send_replace(());
    }

    pub fn list(&self) -> Vec<(u64, Fault)> {
        self.lock().1.iter().map(|armed| (armed.id, armed.fault.clone())).collect()
    }

    /// The first fault that strikes this request. Asked again as more becomes known; counts each request once.
    pub fn strike(&self, facts: &mut Facts) -> Option<Struck> {
        let mut armed = self.lock();
        for index in 0..armed.1.len() {
            let Armed { id, fault } = &mut armed.1[index];
            if facts.seen.contains(id)
                || fault.times == Some(0)
                || fault.matches(facts) != Some(true)
            {
                continue;
            }
            facts.seen.push(*id);
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            let action = fault.action.clone();
            if let Some(times) = &mut fault.times {
                *times -= 1;
                if *times == 0 {
                    armed.1.remove(index);
                }
            }
            return Some(Struck { action, disarmed: self.disarmed.subscribe() });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(op: Option<&str>, offset: Option<u64>, complete: bool) -> Facts {
        Facts {
            op: op.map(String::from),
            offset,
            complete,
            path: "/a/b".into(),
            ..Facts::default()
        }
    }

    #[test]
    fn a_fault_skips_strikes_and_ends() {
        let faults = Faults::default();
        faults.add(Fault::new(Action::Withhold).op("stat").skip(1).times(2));
        let struck: Vec<bool> =
            (0..5).map(|_| faults.strike(&mut facts(Some("stat"), None, true)).is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_request_is_counted_once_however_often_it_is_asked_about() {
        let faults = Faults::default();
        faults.add(Fault::new(Action::Withhold).path("/a").skip(1));
        let mut first = facts(None, None, false);
        assert!(faults.strike(&mut first).is_none());
        first.complete = true;
        assert!(faults.strike(&mut first).is_none());
        assert!(faults.strike(&mut facts(None, None, false)).is_some());
    }

    #[test]
    fn a_fault_waits_until_it_can_tell() {
        let faults = Faults::default();
        faults.add(Fault::new(Action::Withhold).op("upload_slice_data").offset(5));
        let mut request = facts(Some("upload_slice_data"), None, false);
        assert!(faults.strike(&mut request).is_none());
        request.offset = Some(4);
        assert!(faults.strike(&mut request).is_none());
        request.offset = Some(5);
        assert!(faults.strike(&mut request).is_some());
    }
}
