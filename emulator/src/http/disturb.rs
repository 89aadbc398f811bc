//! What faults do to replies.

use std::time::Duration;

use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, LOCATION};
use tokio::time::sleep;

use crate::{
    http::{
        app::App,
        faults::{Action, End, Part},
        reply::{Body, Reply},
        wire::Script,
    },
    v4, v5,
};

/// The reply of the operation, if it was carried out, or what a fault puts in its place.
pub(crate) fn replaced(app: &App, executed: Option<Reply>, action: Option<&Action>) -> Reply {
    match (executed, action) {
        (Some(reply), None) => reply,
        (Some(reply), Some(action)) if !action.replaces_reply() => reply,
        (_, Some(action)) => substitute(app, action),
        (None, None) => Reply::empty(500),
    }
}

fn substitute(app: &App, action: &Action) -> Reply {
    match action {
        Action::Reply { status, content_type, body, size, headers, .. } => {
            let body =
                size.map_or_else(|| Body::bytes(body.clone()), |size| Body::fill(b'x', size));
            let mut reply = Reply::new(*status, content_type, body);
            for (name, value) in headers {
                if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                    reply.header(name, value);
                }
            }
            reply
        }
        Action::Code { code, status, message, .. } => {
            v4::refusal(app, *code, *status, message.as_deref())
        }
        Action::Error { code, status, message, .. } => {
            v5::refusal(app, code, *status, message.as_deref())
        }
        Action::Redirect { location, status } => {
            let mut reply = Reply::html(*status, "It is elsewhere.");
            reply.header(LOCATION, location);
            reply
        }
        _ => Reply::html(500, "This fault has no reply."),
    }
}

pub(crate) enum Disturbed {
    Reply(Reply),
    Script(Script, Option<u16>),
}

impl Disturbed {
    pub fn status(&self) -> Option<u16> {
        match self {
            Disturbed::Reply(reply) => Some(reply.status),
            Disturbed::Script(_, status) => *status,
        }
    }
}

/// Does to a reply what the fault wants.
pub(crate) async fn disturb(action: Option<Action>, mut reply: Reply) -> Disturbed {
    let status = Some(reply.status);
    let is_script = !matches!(
        action,
        None | Some(
            Action::Delay { .. } | Action::Hold | Action::Header { .. } | Action::Corrupt { .. }
        )
    );
    if is_script && !matches!(reply.status, 204 | 304) {
        // This reply is written to the socket as it is, without chunks: it needs a length.
        reply.headers.entry(CONTENT_LENGTH).or_insert_with(|| reply.body.len().into());
    }
    let whole = |head, body, end| Script { head, body, limit: u64::MAX, pace: None, end };
    match action {
        None
        | Some(
            Action::Reply { .. }
            | Action::Code { .. }
            | Action::Error { .. }
            | Action::Redirect { .. }
            | Action::Drop { .. }
            | Action::Hold,
        ) => Disturbed::Reply(reply),
        Some(Action::Delay { ms }) => {
            sleep(Duration::from_millis(ms)).await;
            Disturbed::Reply(reply)
        }
        Some(Action::Header { name, value }) => {
            match value {
                Some(value) => reply.named(&name, &value),
                None => _ = reply.headers.remove(&name),
            }
            Disturbed::Reply(reply)
        }
        Some(Action::Corrupt { at }) => {
            reply.body.flip(at);
            Disturbed::Reply(reply)
        }
        Some(Action::Withhold) => Disturbed::Script(Script::silence(End::Hang), None),
        Some(Action::LoseReply { end }) => Disturbed::Script(Script::silence(end), None),
        Some(Action::Garbage { text }) => Disturbed::Script(garbage(text), None),
        Some(Action::Cut { after, of, end }) => {
            let head = reply.head();
            let limit =
                if of == Part::Body { after.saturating_add(head.len() as u64) } else { after };
            Disturbed::Script(Script { limit, ..whole(head, reply.body, end) }, status)
        }
        Some(Action::Drip { interval_ms, bytes }) => {
            reply.header(CONNECTION, "close");
            let pace = Some((bytes, Duration::from_millis(interval_ms)));
            Disturbed::Script(
                Script { pace, ..whole(reply.head(), reply.body, End::Close) },
                status,
            )
        }
        Some(Action::WrongLength { delta }) => {
            let length = reply.body.len().saturating_add_signed(delta);
            reply.header(CONTENT_LENGTH, &length.to_string());
            Disturbed::Script(whole(reply.head(), reply.body, End::Close), status)
        }
        Some(Action::CloseAfterReply { end }) => {
            reply.header(CONNECTION, "keep-alive");
            Disturbed::Script(whole(reply.head(), reply.body, end), status)
        }
    }
}

fn garbage(text: String) -> Script {
    Script {
        head: text.into_bytes(),
        body: Body::bytes(""),
        limit: u64::MAX,
        pace: None,
        end: End::Close,
    }
}

/// How a connection is refused; faults that need a request reset it.
pub(crate) fn refusal(action: Action) -> Script {
    match action {
        Action::Garbage { text } => garbage(text),
        Action::Withhold => Script::silence(End::Hang),
        Action::Drop { end, .. }
        | Action::LoseReply { end }
        | Action::Cut { end, .. }
        | Action::CloseAfterReply { end } => Script::silence(end),
        _ => Script::silence(End::Reset),
    }
}
