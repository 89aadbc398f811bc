//! The way of a request: log, API, faults, reply.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use http_body_util::{BodyExt, Limited};
use hyper::{Method, Request, body::Incoming, header::DATE};
use serde_json::json;
use tokio::time::sleep;

use super::{
    admin,
    app::{App, now_ms},
    disturb::{Disturbed, disturb},
    faults::{Action, Struck},
    head::Head,
    log::Record,
    reply::{Body, Reply},
    wire::Script,
};
use crate::{v4, v5};

/// The largest request to `/_emulator/`.
const LARGEST_ADMIN_BODY: usize = 16 << 20;

/// How a request ends.
pub(crate) enum Outcome {
    Reply(Reply),
    Script(Script),
}

/// Where a request goes.
enum Route {
    Admin,
    V4(v4::Route),
    V5(v5::Route),
}

impl Route {
    fn of(app: &App, head: &Head) -> Route {
        if let Some(route) = v5::route(app, head) {
            return Route::V5(route);
        }
        let is_download = v4::is_download(app, head);
        if !is_download && head.parts.uri.path().starts_with(admin::PREFIX) && app.config.admin {
            return Route::Admin;
        }
        Route::V4(v4::route(app, head))
    }
}

/// What an API made of a request.
pub(crate) struct Served {
    pub reply: Reply,
    /// What a fault does to the reply.
    pub struck: Option<Struck>,
}

pub(crate) async fn answer(app: &Arc<App>, connection: u64, request: Request<Incoming>) -> Outcome {
    let (parts, body) = request.into_parts();
    let head = Head::new(parts);
    let is_head = head.parts.method == Method::HEAD;
    let mut record = head.record(connection);
    let served = match Route::of(app, &head) {
        Route::Admin => return Outcome::Reply(answer_admin(app, head, body).await),
        Route::V4(route) => {
            route.describe(&head, &mut record);
            app.log.begin(&mut record);
            v4::serve(app, head, route, body, &mut record).await
        }
        Route::V5(route) => {
            app.log.begin(&mut record);
            v5::serve(app, head, route, body, &mut record).await
        }
    };
    let outcome = finish(app, served, is_head, &mut record).await;
    record.finished_ms = Some(now_ms());
    app.log.update(&record);
    outcome
}

async fn answer_admin(app: &App, head: Head, body: Incoming) -> Reply {
    let object = head.parts.uri.path().strip_prefix(admin::OBJECTS);
    if object.is_some_and(|object| object.starts_with('/')) {
        return v5::administer(app, admin::OBJECTS, head, body).await;
    }
    match Limited::new(body, LARGEST_ADMIN_BODY).collect().await {
        Ok(body) => admin::answer(app, head.method(), head.parts.uri.path(), &body.to_bytes()),
        Err(error) => Reply::json(400, &json!({"error": error.to_string()})),
    }
}

/// What happens to the reply of either API.
async fn finish(app: &App, served: Served, is_head: bool, record: &mut Record) -> Outcome {
    let Served { mut reply, mut struck } = served;
    if let Some(Struck { action: Action::Drop { end, .. }, .. }) = struck {
        return Outcome::Script(Script::silence(end));
    }
    let settings = app.settings();
    if settings.clock_ahead != 0 {
        let date = UNIX_EPOCH + Duration::from_secs(app.now());
        reply.header(DATE, &httpdate::fmt_http_date(date));
    }
    if settings.latency_ms > 0 {
        sleep(Duration::from_millis(settings.latency_ms)).await;
    }
    if is_head {
        reply.body = Body::bytes("");
    }
    record.code = reply.code;
    record.word = reply.word.clone();
    record.detail = reply.detail.clone();
    if let Some(struck) = &mut struck
        && struck.action == Action::Hold
    {
        app.log.update(record);
        struck.until_disarmed().await;
    }
    let outcome = disturb(struck.map(|struck| struck.action), reply).await;
    record.status = outcome.status();
    match outcome {
        Disturbed::Reply(reply) => Outcome::Reply(reply),
        Disturbed::Script(script, _) => Outcome::Script(script),
    }
}
