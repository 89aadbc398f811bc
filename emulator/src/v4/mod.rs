//! The JSON API v4.

mod auth;
mod codes;
mod control;
mod download;
mod ops;
mod params;
pub(crate) mod path;

use std::sync::Arc;

use hyper::{
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::json;
use tokio::task::spawn_blocking;

pub use self::codes::Code;
use self::{
    auth::Signature,
    codes::Failure,
    control::{Control, envelope},
    download::{Answer, Download},
    params::{Params, read_body, sign_in_query},
    path::Resource,
};
use crate::http::{
    app::App,
    body::Gauge,
    disturb::replaced,
    faults::{Action, Facts, Struck},
    head::Head,
    log::Record,
    range::range_start,
    reply::{Body, Reply},
    server::Served,
};

/// Where a request goes, and how it is signed.
pub(crate) struct Route {
    place: Place,
    sign: Option<String>,
}

enum Place {
    Control(Resource),
    Download {
        bucket: String,
        appid: String,
    },
    /// Answered already.
    Refused(Box<Reply>),
}

/// Whether the host is one of downloads.
pub(crate) fn is_download(app: &App, head: &Head) -> bool {
    download::bucket_of(&head.host).is_some_and(|(_, appid)| app.config.knows_appid(appid))
}

pub(crate) fn route(app: &App, head: &Head) -> Route {
    let sign = match head.parts.headers.get(AUTHORIZATION) {
        Some(value) => Some(String::from_utf8_lossy(value.as_bytes()).into_owned()),
        None => sign_in_query(head.query()),
    };
    Route { place: place(app, head), sign }
}

fn place(app: &App, head: &Head) -> Place {
    match download::bucket_of(&head.host) {
        Some((bucket, appid)) if app.config.knows_appid(appid) => {
            return Place::Download { bucket: bucket.into(), appid: appid.into() };
        }
        _ => {}
    }
    match Resource::from_url(head.parts.uri.path()) {
        Some(Ok(resource)) => Place::Control(resource),
        Some(Err(failure)) => {
            let request_id = app.settings().request_id.then(|| app.request_id());
            Place::Refused(envelope(Err(failure), request_id).into())
        }
        None => Place::Refused(Reply::html(404, "Control requests begin with /files/v2/.").into()),
    }
}

impl Route {
    fn is_download(&self) -> bool {
        matches!(self.place, Place::Download { .. })
    }

    /// What the request log says about the request.
    pub fn describe(&self, head: &Head, record: &mut Record) {
        if self.is_download() {
            record.op = "download".into();
        }
        let sign = self.sign.as_deref().and_then(|sign| Signature::parse(sign).ok());
        record.sign = sign.map(|sign| if sign.is_once() { "once".into() } else { "multi".into() });
        let place = if head.is_signed() { "header" } else { "query" };
        record.sign_place = self.sign.is_some().then(|| place.into());
    }
}

pub(crate) async fn serve(
    app: &Arc<App>,
    head: Head,
    route: Route,
    body: Incoming,
    record: &mut Record,
) -> Served {
    let Understood { params, op, struck } =
        understand(app, &head, route.is_download(), body, record).await;
    let action = struck.as_ref().map(|struck| &struck.action);
    let executed = match action.is_none_or(Action::executes) {
        true => Some(execute_request(app, head, route, params, op).await),
        false => None,
    };
    Served { reply: replaced(app, executed, action), struck }
}

/// The reply to a request that fails with this code.
pub(crate) fn refusal(app: &App, code: i32, status: Option<u16>, message: Option<&str>) -> Reply {
    let known = Code::by_number(code);
    let status = status.or(known.map(|known| known.status)).unwrap_or(400);
    let message = message.or(known.map(|known| known.name)).unwrap_or("ERROR_INJECTED");
    let mut body = json!({"code": code, "message": message});
    if app.settings().request_id {
        body["request_id"] = app.request_id().into();
    }
    Reply { code: Some(code), ..Reply::json(status, &body) }
}

/// A request that was read as far as it will be.
struct Understood {
    params: Result<Params, Failure>,
    op: Option<String>,
    struck: Option<Struck>,
}

/// Reads the body, and asks for faults whenever more is known about the request.
async fn understand(
    app: &App,
    head: &Head,
    is_download: bool,
    body: Incoming,
    record: &mut Record,
) -> Understood {
    let (mut params, malformed) = match Params::from_query(head.query()) {
        Ok(params) => (params, None),
        Err(failure) => (Params::default(), Some(failure)),
    };
    let mut facts =
        Facts { path: record.path.clone(), method: record.method.clone(), ..Facts::default() };
    if is_download {
        facts.op = Some("download".into());
        facts.offset = range_start(&head.parts.headers);
    } else {
        learn(&mut facts, &params)
    }

    let gauge = Gauge::default();
    let mut struck = app.faults.strike(&mut facts);
    gauge.obey(&struck);
    let content_type = head.header(CONTENT_TYPE);
    let read = read_body(&mut params, content_type.as_deref(), body, &gauge, |params| {
        if struck.is_none() && !is_download {
            learn(&mut facts, params);
            struck = app.faults.strike(&mut facts);
            gauge.obey(&struck);
        }
    })
    .await;
    if !is_download {
        learn(&mut facts, &params);
    }
    facts.complete = true;
    let struck = struck.or_else(|| app.faults.strike(&mut facts));

    record.body_bytes = gauge.read();
    record.op = facts.op.clone().unwrap_or_default();
    record.offset = facts.offset;
    record.fault = struck.as_ref().and_then(Struck::json);
    let params = match malformed {
        Some(failure) => Err(failure),
        None => read.map(|()| params),
    };
    Understood { params, op: facts.op, struck }
}

/// What the parameters tell about the request.
fn learn(facts: &mut Facts, params: &Params) {
    facts.op = params.text("op").ok().flatten();
    facts.offset = params.number("offset").ok().flatten();
}

/// Carries the request out, where blocking is allowed.
async fn execute_request(
    app: &Arc<App>,
    head: Head,
    route: Route,
    params: Result<Params, Failure>,
    op: Option<String>,
) -> Reply {
    let shared = Arc::clone(app);
    let now = app.now();
    let sign = route.sign;
    let work = move || match route.place {
        Place::Refused(reply) => Answer::from(*reply),
        Place::Control(resource) => Answer::from(
            Control {
                method: head.parts.method.to_string(),
                host: head.host,
                target: head.target,
                resource,
                sign,
                params,
                op,
                now,
            }
            .run(&shared),
        ),
        Place::Download { bucket, appid } => Download {
            method: head.parts.method,
            bucket,
            appid,
            path: head.parts.uri.path().into(),
            headers: head.parts.headers,
            sign,
            now,
        }
        .run(&shared),
    };
    let Ok(Answer { mut reply, file }) = spawn_blocking(work).await else {
        return Reply::html(500, "The emulator failed; this is a bug.");
    };
    if let Some(slice) = file {
        match Body::file(slice.file, slice.start, slice.length).await {
            Ok(body) => reply.body = body,
            Err(error) => return Reply::html(500, &error.to_string()),
        }
    }
    reply
}
