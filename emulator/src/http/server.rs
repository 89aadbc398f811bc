//! The way of a request: log, faults, operation, reply.

use std::{
    io,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Limited};
use hyper::{
    Method, Request,
    body::Incoming,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, HeaderName, RANGE, USER_AGENT},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    config::Config,
    http::{
        admin,
        disturb::{Disturbed, disturb, limit_body, substitute},
        faults::{Action, Facts, Faults},
        log::{Log, Record},
        reply::{Body, Reply},
        wire::Script,
    },
    settings::Settings,
    store::Store,
    v4::{
        auth::Signature,
        codes::Failure,
        control::{self, Control},
        download::{self, Answer, Download},
        params::{Gauge, Params, read_body, sign_in_query},
        path::Resource,
    },
};

/// The largest request to `/_emulator/`.
const LARGEST_ADMIN_BODY: usize = 16 << 20;

/// Everything the connections share.
pub(crate) struct App {
    pub config: Config,
    pub store: Store,
    pub faults: Faults,
    pub log: Log,
    settings: RwLock<Settings>,
    connections: AtomicU64,
    replies: AtomicU64,
}

/// UNIX seconds by the emulator's clock.
fn now(app: &App) -> u64 {
    since_1970().as_secs().saturating_add_signed(app.settings().clock_ahead)
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) fn now_ms() -> u64 {
    since_1970().as_millis() as u64
}

impl App {
    pub fn new(config: Config) -> io::Result<App> {
        Ok(App {
            store: Store::open(&config.data_dir, since_1970().as_secs())?,
            settings: RwLock::new(config.settings.clone()),
            config,
            faults: Faults::default(),
            log: Log::default(),
            connections: AtomicU64::new(0),
            replies: AtomicU64::new(0),
        })
    }

    pub fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn change_settings<T>(&self, change: impl FnOnce(&mut Settings) -> T) -> T {
        change(&mut self.settings.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn request_id(&self) -> String {
        control::request_id(
            since_1970().as_secs(),
            std::process::id(),
            self.replies.fetch_add(1, Ordering::Relaxed),
        )
    }
}

/// How a request ends.
pub(crate) enum Outcome {
    Reply(Reply),
    Script(Script),
}

/// Where a request goes.
enum Route {
    Admin,
    Control(Resource),
    Download {
        bucket: String,
        appid: String,
    },
    /// Answered already.
    Refused(Box<Reply>),
}

/// A request head, taken apart.
struct Head {
    parts: Parts,
    host: String,
    target: String,
    sign: Option<String>,
}

impl Head {
    fn new(parts: Parts) -> Head {
        let header =
            |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(String::from);
        // A client that takes the emulator for its proxy names the host in the target.
        let host =
            parts.uri.authority().map(|authority| authority.to_string()).or_else(|| header(HOST));
        let target = parts.uri.path_and_query().map(|target| target.to_string());
        let sign = match parts.headers.get(AUTHORIZATION) {
            Some(value) => Some(String::from_utf8_lossy(value.as_bytes()).into_owned()),
            None => sign_in_query(parts.uri.query().unwrap_or_default()),
        };
        Head { host: host.unwrap_or_default(), target: target.unwrap_or_default(), sign, parts }
    }

    fn header(&self, name: HeaderName) -> Option<String> {
        self.parts
            .headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    fn path(&self) -> String {
        percent_decode_str(self.parts.uri.path()).decode_utf8_lossy().into_owned()
    }

    fn route(&self, app: &App) -> Route {
        match download::bucket_of(&self.host) {
            Some((bucket, appid)) if app.config.knows_appid(appid) => {
                return Route::Download { bucket: bucket.into(), appid: appid.into() };
            }
            _ => {}
        }
        let path = self.parts.uri.path();
        if path.starts_with(admin::PREFIX) && app.config.admin {
            return Route::Admin;
        }
        match Resource::from_url(path) {
            Some(Ok(resource)) => Route::Control(resource),
            Some(Err(failure)) => {
                let request_id = app.settings().request_id.then(|| app.request_id());
                Route::Refused(Reply::envelope(Err(failure), request_id).into())
            }
            None => {
                Route::Refused(Reply::html(404, "Control requests begin with /files/v2/.").into())
            }
        }
    }

    fn record(&self, connection: u64, op: &str) -> Record {
        let sign = self.sign.as_deref().and_then(|sign| Signature::parse(sign).ok());
        let place = if self.parts.headers.contains_key(AUTHORIZATION) { "header" } else { "query" };
        Record {
            connection,
            method: self.parts.method.to_string(),
            target: self.target.clone(),
            path: self.path(),
            op: op.into(),
            host: self.host.clone(),
            range: self.header(RANGE),
            user_agent: self.header(USER_AGENT),
            sign: sign.map(|sign| if sign.is_once() { "once".into() } else { "multi".into() }),
            sign_place: self.sign.is_some().then(|| place.into()),
            started_ms: now_ms(),
            ..Record::default()
        }
    }
}

pub(crate) async fn answer(app: &Arc<App>, connection: u64, request: Request<Incoming>) -> Outcome {
    let (parts, body) = request.into_parts();
    let head = Head::new(parts);
    let route = head.route(app);
    if let Route::Admin = route {
        return Outcome::Reply(answer_admin(app, &head, body).await);
    }
    let is_download = matches!(route, Route::Download { .. });
    let mut record = head.record(connection, if is_download { "download" } else { "" });
    app.log.begin(&mut record);
    let outcome = answer_logged(app, head, route, body, &mut record).await;
    record.finished_ms = Some(now_ms());
    app.log.update(&record);
    outcome
}

async fn answer_admin(app: &App, head: &Head, body: Incoming) -> Reply {
    match Limited::new(body, LARGEST_ADMIN_BODY).collect().await {
        Ok(body) => {
            admin::answer(app, head.parts.method.as_str(), head.parts.uri.path(), &body.to_bytes())
        }
        Err(error) => Reply::json(400, &json!({"error": error.to_string()})),
    }
}

async fn answer_logged(
    app: &Arc<App>,
    head: Head,
    route: Route,
    body: Incoming,
    record: &mut Record,
) -> Outcome {
    let is_head = head.parts.method == Method::HEAD;
    let is_download = matches!(route, Route::Download { .. });
    let Understood { params, op, action } = understand(app, &head, is_download, body, record).await;
    if let Some(Action::Drop { end, .. }) = action {
        return Outcome::Script(Script::silence(end));
    }
    let mut reply = match &action {
        Some(action @ Action::Redirect { .. }) => substitute(app, action),
        Some(action @ (Action::Reply { execute, .. } | Action::Code { execute, .. })) => {
            if *execute {
                execute_request(app, head, route, params, op).await;
            }
            substitute(app, action)
        }
        _ => execute_request(app, head, route, params, op).await,
    };
    if app.settings().clock_ahead != 0 {
        let date = UNIX_EPOCH + Duration::from_secs(now(app));
        reply.header(DATE, &httpdate::fmt_http_date(date));
    }
    let latency = app.settings().latency_ms;
    if latency > 0 {
        sleep(Duration::from_millis(latency)).await;
    }
    if is_head {
        reply.body = Body::bytes("");
    }
    record.code = reply.code;
    record.detail = reply.detail.clone();
    let outcome = disturb(action, reply).await;
    record.status = outcome.status();
    match outcome {
        Disturbed::Reply(reply) => Outcome::Reply(reply),
        Disturbed::Script(script, _) => Outcome::Script(script),
    }
}

/// A request that was read as far as it will be.
struct Understood {
    params: Result<Params, Failure>,
    op: Option<String>,
    action: Option<Action>,
}

/// Reads the body, and asks for faults whenever more is known about the request.
async fn understand(
    app: &App,
    head: &Head,
    is_download: bool,
    body: Incoming,
    record: &mut Record,
) -> Understood {
    let (mut params, malformed) =
        match Params::from_query(head.parts.uri.query().unwrap_or_default()) {
            Ok(params) => (params, None),
            Err(failure) => (Params::default(), Some(failure)),
        };
    let mut facts =
        Facts { path: record.path.clone(), method: record.method.clone(), ..Facts::default() };
    if is_download {
        facts.op = Some("download".into());
        facts.offset = download::range_start(&head.parts.headers);
    } else {
        learn(&mut facts, &params)
    }

    let gauge = Gauge::default();
    let mut action = app.faults.strike(&mut facts);
    limit_body(&action, &gauge);
    let content_type = head.header(CONTENT_TYPE);
    let read = read_body(&mut params, content_type.as_deref(), body, &gauge, |params| {
        if action.is_none() && !is_download {
            learn(&mut facts, params);
            action = app.faults.strike(&mut facts);
            limit_body(&action, &gauge);
        }
    })
    .await;
    if !is_download {
        learn(&mut facts, &params);
    }
    facts.complete = true;
    let action = action.or_else(|| app.faults.strike(&mut facts));

    record.body_bytes = gauge.read();
    record.op = facts.op.clone().unwrap_or_default();
    record.offset = facts.offset;
    record.fault = action.as_ref().and_then(|action| serde_json::to_string(action).ok());
    let params = match malformed {
        Some(failure) => Err(failure),
        None => read.map(|()| params),
    };
    Understood { params, op: facts.op, action }
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
    let now = now(app);
    let work = move || match route {
        Route::Refused(reply) => Answer::from(*reply),
        Route::Admin => Answer::from(Reply::html(404, "Not here.")),
        Route::Control(resource) => Answer::from(
            Control {
                method: head.parts.method.to_string(),
                host: head.host,
                target: head.target,
                resource,
                sign: head.sign,
                params,
                op,
                now,
            }
            .run(&shared),
        ),
        Route::Download { bucket, appid } => Download {
            method: head.parts.method,
            bucket,
            appid,
            path: head.parts.uri.path().into(),
            headers: head.parts.headers,
            sign: head.sign,
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
