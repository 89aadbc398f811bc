//! One request and its answer.

use std::error::Error;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ureq::SendBody;
use ureq::http;

use super::body::Rest;
use super::connect::Refused;
use super::date::parse_http_date;
use super::head::{Framing, Head, NotHttp};
use super::host::Proxy;
use super::link::Link;
use super::pool::{Connection, Transport};
use super::progress::{Counts, Progress};
use crate::os::Content;
use crate::reply::{Failure, Phase, Result, Told, comes_later};
use crate::stop::Stop;

/// The bytes behind the head of a request.
pub struct Body<'a> {
    /// How many there are.
    pub len: u64,
    /// Where they come from.
    pub content: &'a mut dyn Content,
}

/// A request ready to be sent.
pub struct Outgoing<'a, 'b> {
    /// `GET`, `POST` and so on.
    pub method: &'static str,
    /// The whole URL.
    pub url: &'a str,
    /// Header names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// `None` for a request without content.
    pub body: Option<Body<'b>>,
}

/// How long an exchange may take.
pub struct Limits<'a> {
    /// No byte for so long ends it.
    pub timeout: Duration,
    /// Whether the reply is small, so that all of it has to arrive within `timeout`.
    pub reply_is_bounded: bool,
    /// What else ends it.
    pub stop: &'a Arc<Stop>,
    /// Where its bytes are counted.
    pub traffic: &'a Arc<Traffic>,
}

/// An answer whose head has arrived.
pub struct Incoming {
    /// The HTTP status.
    pub status: u16,
    head: Head,
    body: Rest,
    /// `None` where the body has ended.
    connection: Option<(Connection, Box<Link>)>,
    is_kept: bool,
    stop: Arc<Stop>,
    timeout: Duration,
    transport: Arc<Transport>,
    traffic: Arc<Traffic>,
}

/// What travelled, over all exchanges of a call, in bytes.
#[derive(Debug, Default)]
pub struct Traffic {
    connections: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    /// Connections that were made.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Bytes handed to the operating system.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Bytes that arrived.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Adds what travelled elsewhere.
    pub fn add(&self, other: &Traffic) {
        self.count(Counts {
            connections: other.connections(),
            sent: other.sent(),
            received: other.received(),
        });
    }

    fn count(&self, counts: Counts) {
        self.connections.fetch_add(counts.connections, Ordering::Relaxed);
        self.sent.fetch_add(counts.sent, Ordering::Relaxed);
        self.received.fetch_add(counts.received, Ordering::Relaxed);
    }
}

impl Transport {
    /// Sends a request and waits for the head of the answer. Redirects are not followed. An answer
    /// that arrives early ends sending.
    pub fn exchange(self: &Arc<Self>, outgoing: Outgoing, limits: &Limits) -> Result<Incoming> {
        let origin = origin(outgoing.url);
        let connection = self.take(origin).map_err(|error| {
            Failure::no_way(Phase::Tls, format!("TLS can't be set up: {error}"))
        })?;
        connection.progress.start(limits.stop, limits.timeout, limits.reply_is_bounded);
        let proxy = self.network().proxy.as_ref();
        let proxy_host = proxy.map(|proxy| proxy.host.to_string());
        let peer = Peer { host: host(outgoing.url), proxy: proxy_host.as_deref() };
        let explain =
            |error| explain(error, &connection.progress, limits.stop, limits.timeout, &peer);

        let mut request = http::Request::builder().method(outgoing.method).uri(outgoing.url);
        for (name, value) in outgoing.headers {
            request = request.header(*name, value.as_bytes());
        }
        // A tunnel was opened with this header already.
        let is_seen_by_proxy = proxy.is_some() && outgoing.url.starts_with("http:");
        if let Some(Proxy { authorization: Some(text), .. }) = proxy.filter(|_| is_seen_by_proxy) {
            request = request.header("proxy-authorization", text);
        }
        let composed = match &outgoing.body {
            None => request
                .body(())
                .map_err(ureq::Error::from)
                .and_then(|request| connection.agent.run(request)),
            Some(body) => request
                .header("content-length", body.len)
                .body(SendBody::from_reader(&mut Unseen { left: body.len }))
                .map_err(ureq::Error::from)
                .and_then(|request| connection.agent.run(request)),
        };
        let answered = composed.and_then(|_| {
            let mut link = connection.link.take()?;
            let head = link.exchange(outgoing.body)?;
            Ok((link, head))
        });
        limits.traffic.count(connection.progress.take_counts());
        let (link, head) = answered.map_err(explain)?;
        // Some proxies say 401 when it should be 407; the service's own would be JSON.
        let is_json = head.header("content-type").is_some_and(|kind| kind.contains("json"));
        let is_refused = head.status == 407 || (head.status == 401 && !is_json);
        if is_seen_by_proxy && is_refused {
            let refused = peer.refused(head.status);
            return Err(Failure::no_way(Phase::Connect, refused));
        }
        // A part where the whole was asked for: the connection is not trusted any further.
        let is_odd =
            head.status == 206 && outgoing.headers.iter().all(|(name, _)| *name != "range");
        let framing = if outgoing.method == "HEAD" { Framing::Length(0) } else { head.framing };
        Ok(Incoming {
            status: head.status,
            is_kept: !(is_odd || head.is_last || head.is_early),
            head,
            body: Rest::new(framing),
            connection: Some((connection, link)),
            stop: Arc::clone(limits.stop),
            timeout: limits.timeout,
            transport: Arc::clone(self),
            traffic: Arc::clone(limits.traffic),
        })
    }
}

impl Incoming {
    /// A header of the answer, by its name in lower case; the first one if there are more.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// All headers of the answer, names in lower case.
    pub fn headers(&self) -> &[(String, String)] {
        self.head.headers()
    }

    /// Whether the answer has headers of this name that say different things.
    pub fn contradicts_itself(&self, name: &str) -> bool {
        let mut values = self.head.values(name);
        let first = values.next();
        values.any(|value| Some(value) != first)
    }

    /// What it tells besides.
    pub fn told(&self) -> Told {
        let date = self.header("date").and_then(parse_http_date);
        let seconds = |text: &str| match text.trim().parse() {
            Ok(seconds) => Some(seconds),
            Err(_) => Some(parse_http_date(text)?.saturating_sub(date?)),
        };
        let retry_after = self.header("retry-after").and_then(seconds).map(Duration::from_secs);
        Told { date, retry_after }
    }

    /// Whether it arrived before its request had left.
    pub fn is_early(&self) -> bool {
        self.head.is_early
    }

    /// What has arrived of the body, lent until this is asked again; nothing at its end.
    pub fn read(&mut self) -> Result<&[u8]> {
        let Some((connection, link)) = &mut self.connection else {
            return Ok(&[]);
        };
        let result = self.body.next(link);
        self.traffic.count(connection.progress.take_counts());
        match result {
            Ok(0) => {
                self.give_back();
                Ok(&[])
            }
            Ok(n) => Ok(self.connection.as_mut().map_or(&[], |(_, link)| &link.arrived()[..n])),
            Err(error) => {
                let progress = &connection.progress;
                Err(explain(error, progress, &self.stop, self.timeout, &Peer::default()))
            }
        }
    }

    /// The body was read to its end, so that the connection can be used for another request.
    fn give_back(&mut self) {
        if let Some((connection, link)) = self.connection.take().filter(|_| self.is_kept) {
            connection.link.put(link);
            self.transport.give_back(connection);
        }
    }

    /// Reads a body of at most `most` bytes whole; `None` if there is more.
    pub fn read_all(mut self, most: usize) -> Result<Option<Vec<u8>>> {
        let announced = self.header("content-length").and_then(|len| len.parse().ok());
        if announced.is_some_and(|len| len > most) {
            return Ok(None);
        }
        let mut body: Vec<u8> = Vec::new();
        let no_memory = |len| move |_| Failure::no_memory(len);
        let expected = announced.unwrap_or(0).min(1 << 20);
        body.try_reserve_exact(expected).map_err(no_memory(expected))?;
        loop {
            match self.read()? {
                [] => return Ok(Some(body)),
                more if body.len() + more.len() > most => return Ok(None),
                more => {
                    let len = body.len() + more.len();
                    body.try_reserve(more.len()).map_err(no_memory(len))?;
                    body.extend_from_slice(more);
                }
            }
        }
    }
}

/// What ureq takes for a body: it counts, and the bytes themselves go past it.
struct Unseen {
    left: u64,
}

impl Read for Unseen {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= n as u64;
        Ok(n)
    }
}

/// `scheme://host[:port]` of a URL.
fn origin(url: &str) -> &str {
    let host_starts = url.find("://").map_or(0, |i| i + 3);
    let host_len = url[host_starts..].find('/').unwrap_or(url.len() - host_starts);
    &url[..host_starts + host_len]
}

/// Who is at the other end, for messages.
#[derive(Default)]
struct Peer<'a> {
    host: &'a str,
    proxy: Option<&'a str>,
}

impl Peer<'_> {
    /// Whom a connection in this phase is made to.
    fn name(&self, phase: Phase) -> String {
        match (phase, self.proxy) {
            (Phase::Resolve | Phase::Connect, Some(proxy)) => format!("the proxy {proxy}"),
            (Phase::Resolve | Phase::Connect | Phase::Tls, _) => self.host.to_owned(),
            _ => "the server".to_owned(),
        }
    }

    /// What it means that the proxy answers with this status.
    fn refused(&self, status: u16) -> String {
        let wants = match status {
            401 | 407 => " without valid credentials",
            _ => "",
        };
        let proxy = self.name(Phase::Connect);
        format!("{proxy} refused to connect to {}{wants}: HTTP {status}", self.host)
    }
}

fn explain(
    error: ureq::Error,
    progress: &Progress,
    stop: &Stop,
    timeout: Duration,
    peer: &Peer,
) -> Box<Failure> {
    let phase = progress.phase();
    let name = peer.name(phase);
    if stop.is_cancelled() {
        return Failure::cancelled(phase);
    }
    let lost = |message: String| Failure::connection(phase, message);
    let not_http = |error: &dyn Error| {
        Failure::not_http(phase, format!("the server's answer is not HTTP: {error}"))
    };
    match error {
        ureq::Error::Io(error) => match tls_error(&error) {
            // Later, the request is on its way, and this is a lost connection like any other.
            Some(error) if phase == Phase::Tls => explain_tls(error),
            None if error.kind() == ErrorKind::OutOfMemory => {
                Failure::local_io("there is no memory for a connection").because(error.kind())
            }
            _ => lost(describe_io(&error, phase, timeout, &name)),
        },
        ureq::Error::Tls(problem) => explain_tls(&rustls::Error::General(problem.to_owned())),
        ureq::Error::Other(error) => match error.downcast_ref::<NotHttp>() {
            Some(_) if phase == Phase::Connect => {
                lost(format!("the answer of {name} is not HTTP: {error}"))
            }
            Some(_) => not_http(&*error),
            None => match (error.downcast_ref::<Refused>(), error.downcast_ref()) {
                (Some(Refused(status)), _) => {
                    lost(peer.refused(*status)).retryable_if(comes_later(*status))
                }
                (None, Some(error)) => explain_tls(error),
                (None, None) => lost(error.to_string()),
            },
        },
        ureq::Error::Protocol(error) => not_http(&error),
        error => lost(error.to_string()),
    }
}

fn describe_io(error: &io::Error, phase: Phase, timeout: Duration, peer: &str) -> String {
    let doing = match phase {
        Phase::Resolve if error.kind() == ErrorKind::TimedOut => {
            return format!("the address of {peer} was not found in time");
        }
        Phase::Resolve => return format!("{peer} can't be resolved: {error}"),
        Phase::Connect => "connecting",
        Phase::Tls => "agreeing on TLS",
        Phase::Send => "sending",
        _ => "receiving",
    };
    match (error.kind(), phase) {
        (ErrorKind::TimedOut, Phase::Connect | Phase::Tls) => {
            format!("{peer} did not answer in time while {doing}")
        }
        (ErrorKind::TimedOut, _) => {
            format!("no progress within {} ms while {doing}", timeout.as_millis())
        }
        (ErrorKind::UnexpectedEof, _) => {
            format!("{peer} closed the connection while {doing}")
        }
        _ => format!("the connection to {peer} failed while {doing}: {error}"),
    }
}

fn host(url: &str) -> &str {
    origin(url).rsplit('/').next().unwrap_or_default()
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn explain_tls(error: &rustls::Error) -> Box<Failure> {
    let what = match error {
        rustls::Error::InvalidCertificate(_) => "the server's certificate is not accepted",
        _ => "the TLS handshake failed",
    };
    Failure::no_way(Phase::Tls, format!("TLS: {what}: {error}"))
}
