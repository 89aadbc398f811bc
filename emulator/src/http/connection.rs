//! Connections: accepted, served over HTTP, and taken over by faults.

use std::{
    convert::Infallible,
    fmt, io,
    net::TcpListener,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http_body_util::StreamBody;
use hyper::{
    Response, StatusCode, body::Frame, ext::ReasonPhrase, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::sleep};

use crate::http::{
    app::{App, now_ms},
    disturb::refusal,
    faults::{ACCEPT, Action, End, Facts, Struck},
    log::Record,
    reply::{Reply, reason},
    server::{Outcome, answer},
    spelling::{Mark, Spelled},
    wire::Script,
};

/// Accepts connections for as long as the runtime lives.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener) -> io::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let app = Arc::clone(&app);
                let number = app.next_connection();
                let struck = strike_connection(&app, number);
                tokio::spawn(async move {
                    // A connection that breaks is the client's business.
                    let _ = connection(app, stream, number, struck).await;
                });
            }
            // Out of descriptors, most likely: others may come free.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(
    app: Arc<App>,
    stream: TcpStream,
    number: u64,
    struck: Option<Struck>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(mut struck) = struck {
        match struck.action {
            Action::Delay { ms } => sleep(Duration::from_millis(ms)).await,
            Action::Hold => struck.until_disarmed().await,
            action => return refusal(action).play(stream).await,
        }
    }

    let mark = Mark::new()?;
    let stream = Spelled::new(stream, mark.clone());
    let script = Arc::new(Mutex::new(None));
    let service = service_fn(|request| {
        let (app, script, mark) = (Arc::clone(&app), Arc::clone(&script), mark.clone());
        let answer = async move {
            match answer(&app, number, request).await {
                Outcome::Reply(reply) => Ok(response(reply, &mark)),
                Outcome::Script(taken) => {
                    *script.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
                    Err(TakenOver)
                }
            }
        };
        Box::pin(answer)
    });
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|context| http.poll_without_shutdown(context)).await;
    let stream = http.into_parts().io.into_inner().into_inner().await?;
    let taken = script.lock().unwrap_or_else(PoisonError::into_inner).take();
    match taken {
        Some(script) => script.play(stream).await,
        None if ended.is_ok() => Script::silence(End::Close).play(stream).await,
        None => Ok(()),
    }
}

/// A fault of the connection itself, before anything is read from it.
fn strike_connection(app: &App, connection: u64) -> Option<Struck> {
    let mut facts = Facts { op: Some(ACCEPT.into()), complete: true, ..Facts::default() };
    let struck = app.faults.strike(&mut facts)?;
    let now = now_ms();
    let mut record = Record {
        connection,
        op: ACCEPT.into(),
        fault: struck.json(),
        started_ms: now,
        finished_ms: Some(now),
        ..Record::default()
    };
    app.log.begin(&mut record);
    Some(struck)
}

/// Tells the HTTP machinery to let go of the connection.
#[derive(Debug)]
struct TakenOver;

impl fmt::Display for TakenOver {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("the connection is taken over by a fault")
    }
}

impl std::error::Error for TakenOver {}

type ReplyBody = StreamBody<Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>>;

fn response(reply: Reply, mark: &Mark) -> Response<ReplyBody> {
    let frames = stream::unfold(reply.body, async |mut body| {
        let frame = body.next().await.transpose()?;
        Some((frame.map(Frame::data), body))
    });
    let frames: Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(frames);
    let mut response = Response::new(StreamBody::new(frames));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = reply.headers;
    let reason = format!("{}{}", reason(reply.status), mark.next());
    if let Ok(reason) = ReasonPhrase::try_from(reason) {
        response.extensions_mut().insert(reason);
    }
    response
}
