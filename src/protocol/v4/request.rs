//! Control requests: an operation of the API becomes a signed HTTP request, and its answer a reply.

use std::time::Instant;

use serde_json::Value;

use crate::call::clock;
use crate::call::pace;
use crate::client::Call;
use crate::log::Trace;
use crate::path::{Bucket, CosPath, check_url, encode_query};
use crate::protocol::v4::form::{Form, FormReader};
use crate::protocol::v4::sign::Kind;
use crate::reply::secrets::Secrets;
use crate::reply::{Code, Failure, Phase, Reply, Result};
use crate::transport::{Body, Limits, Outgoing, Traffic};

/// The largest reply that is read, in bytes. A full page of a list has some hundred thousand.
const MAX_REPLY: usize = 16 * 1024 * 1024;

/// An operation of the API on one file or folder.
pub struct Operation<'a> {
    /// The bucket.
    pub bucket: &'a Bucket,
    /// The file or folder.
    pub path: &'a CosPath,
    /// Which signature it takes.
    pub signature: Signature,
    /// What is to be done; the first parameter is `op`.
    pub parameters: Parameters<'a>,
    /// Whether to repeat it.
    pub repeat: Repeat,
}

/// Which signature an operation takes.
#[derive(Debug, Clone, Copy)]
pub enum Signature {
    /// Reusable, for `sign_expired` seconds.
    Multi,
    /// For this request alone.
    Once,
}

/// How the parameters travel.
pub enum Parameters<'a> {
    /// GET, in the query.
    Query(Vec<(&'static str, String)>),
    /// POST, as JSON.
    Json(Value),
    /// POST, as a form.
    Form(Form<'a>),
}

/// When a failed operation may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Doing it twice is doing it once.
    Always,
    /// Only when the server can't have seen it.
    IfUnsent,
}

impl Call {
    /// Runs an operation, repeating it as the call's `retries` allow.
    pub fn run(&self, operation: &Operation) -> Result<Reply> {
        self.repeating(
            |attempt| self.run_once(operation, attempt),
            |failure| match operation.repeat {
                Repeat::Always => true,
                Repeat::IfUnsent => !failure.phase.may_have_reached_server(),
            },
        )
    }

    /// Calls `attempt` with its number until it succeeds, fails for good, or the call's `retries`
    /// are used up by attempts that came to nothing.
    pub fn repeating<T>(
        &self,
        mut attempt: impl FnMut(u32) -> Result<T>,
        may_repeat: impl Fn(&Failure) -> bool,
    ) -> Result<T> {
        let (mut attempts, mut in_vain) = (0, 0);
        let mut was_refused = false;
        // When patience has ended, what is left fails without delay.
        if !self.is_patient || self.pace.is_patient() {
            self.pace.wait(&self.stop);
        }
        loop {
            attempts += 1;
            let sent = Instant::now();
            let mut failure = match attempt(attempts) {
                Ok(done) => {
                    self.pace.speed_up(was_refused);
                    return Ok(done);
                }
                Err(failure) => failure,
            };
            if failure.phase == Phase::Argument {
                return Err(failure);
            }
            failure.attempts = attempts;
            let is_refused = failure.retryable && failure.asks_for_patience();
            let asked = failure.told.retry_after;
            if is_refused {
                was_refused = true;
                self.pace.slow_down(sent, asked);
            }
            let has_retries = match self.is_patient && is_refused {
                true => self.pace.is_patient(),
                false => {
                    in_vain = if failure.has_progressed { 0 } else { in_vain + 1 };
                    self.retries > 0 && in_vain <= self.retries
                }
            };
            if !has_retries || !failure.retryable || !may_repeat(&failure) {
                return Err(failure);
            }
            match is_refused {
                true => self.pace.wait(&self.stop),
                false => self.stop.sleep(pace::pause(in_vain, asked)),
            }
            if self.stop.is_set() {
                return Err(self.stopped(failure));
            }
        }
    }

    /// Makes an attempt that signs a request, and once more if it `may_be_late`: refused because
    /// this machine's clock is wrong.
    pub fn on_time<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T>,
        may_be_late: impl Fn(&Failure) -> bool,
    ) -> Result<T> {
        let (clock, config) = (&self.client.clock, &self.client.config);
        let used = clock.correction();
        let mut result = attempt();
        let date = |result: &Result<T>| {
            let failure = result.as_ref().err().filter(|failure| may_be_late(failure))?;
            failure.told.date
        };
        let is_protected = config.scheme == "https";
        let mut is_ours = false;
        let correct = |date| {
            is_ours = clock.correction() == used;
            clock.correct(used, date, config.sign_expired, is_protected)
        };
        if date(&result).is_some_and(correct) {
            let tried = clock.correction();
            let found = clock::in_words(tried);
            self.log.note(|| format!("{found}: signing with the server's time"));
            result = attempt();
            // Then it was refused for something else.
            if is_ours && result.as_ref().err().is_some_and(|failure| may_be_late(failure)) {
                clock.restore(used, tried);
            }
        }
        let wrong_by = date(&result).and_then(clock::wrong_by);
        result.map_err(|failure| Failure { wrong_clock: wrong_by, ..*failure }.into())
    }

    fn stopped(&self, failure: Box<Failure>) -> Box<Failure> {
        match self.stop.is_cancelled() {
            true => {
                Failure { attempts: failure.attempts, ..*Failure::cancelled(failure.phase) }.into()
            }
            false => failure,
        }
    }

    /// Runs an operation once, for the `attempt`th time. Any code but 0 is a failure.
    pub fn run_once(&self, operation: &Operation, attempt: u32) -> Result<Reply> {
        self.on_time(|| self.send(operation, attempt), Failure::is_about_time)
    }

    fn send(&self, operation: &Operation, attempt: u32) -> Result<Reply> {
        if self.stop.is_cancelled() {
            return Err(Failure::cancelled(Phase::Send));
        }
        let client = &self.client;
        let now = client.clock.now();
        let kind = match operation.signature {
            Signature::Multi => Kind::Multi(now + client.config.sign_expired),
            Signature::Once => Kind::Once,
        };
        let signature = client.credentials.sign(operation.bucket, operation.path, kind, now);
        let secrets = client.secrets(&signature);
        let mut url = self.control_url(operation.bucket, operation.path);
        let mut headers = vec![
            ("authorization", signature.as_str()),
            ("user-agent", client.config.user_agent.as_str()),
        ];
        match &operation.parameters {
            Parameters::Query(pairs) => {
                for (i, (key, value)) in pairs.iter().enumerate() {
                    url.push(if i == 0 { '?' } else { '&' });
                    url.push_str(&format!("{key}={}", encode_query(value)));
                }
                self.fetch(operation, attempt, &url, &headers, None, &secrets)
            }
            Parameters::Json(json) => {
                let json = json.to_string();
                headers.push(("content-type", "application/json"));
                let mut content = json.as_bytes();
                let body = Body { len: json.len() as u64, content: &mut content };
                self.fetch(operation, attempt, &url, &headers, Some(body), &secrets)
            }
            Parameters::Form(form) => {
                let mut reader = FormReader::new(form);
                let content_type = reader.content_type();
                headers.push(("content-type", &content_type));
                let body = Body { len: reader.size(), content: &mut reader };
                let result = self.fetch(operation, attempt, &url, &headers, Some(body), &secrets);
                match reader.failure.take() {
                    Some(failure) => Err(failure),
                    None => result,
                }
            }
        }
    }

    /// `scheme://host/files/v2/appid/bucket/path`, the operation URL of a file or folder.
    pub fn control_url(&self, bucket: &Bucket, path: &CosPath) -> String {
        let config = &self.client.config;
        let file_id = self.client.credentials.file_id(bucket, path);
        format!("{}://{}/files/v2{file_id}", config.scheme, config.control_host())
    }

    fn fetch<'a>(
        &self,
        operation: &Operation,
        attempt: u32,
        url: &'a str,
        headers: &'a [(&'static str, &'a str)],
        body: Option<Body<'a>>,
        secrets: &Secrets,
    ) -> Result<Reply> {
        check_url(url)?;
        let method = match body {
            None => "GET",
            Some(_) => "POST",
        };
        let traffic = Traffic::default();
        let op = operation.op();
        let trace = Trace { method, op, url, attempt, started: Instant::now(), traffic: &traffic };
        let limits = Limits {
            timeout: self.timeout,
            reply_is_bounded: true,
            stop: &self.stop,
            traffic: &traffic,
        };
        let result = self.exchange(Outgoing { method, url, headers, body }, &limits, secrets);
        self.traffic.add(&traffic);
        trace.ended(&self.log, result.as_ref().ok().map(|reply| reply.http_status), &result);
        result
    }

    fn exchange(&self, outgoing: Outgoing, limits: &Limits, secrets: &Secrets) -> Result<Reply> {
        let incoming = self.client.transport.exchange(outgoing, limits)?;
        let (status, told, is_early) = (incoming.status, incoming.told(), incoming.is_early());
        let Some(body) = incoming.read_all(MAX_REPLY)? else {
            let message = format!("HTTP {status}, and the answer is larger than {MAX_REPLY} bytes");
            return Err(Failure::not_a_reply(status, message));
        };
        let reply = Reply::parse(status, body, secrets).map_err(|failure| failure.with(told))?;
        match reply.code {
            // It can't be the answer to what has not arrived.
            0 if is_early => {
                let message = "the server answered before the whole request was sent";
                let failure = Failure::new(Code::COS_ERR_CONNECT, Phase::Send, message);
                Err(Failure { retryable: true, ..*failure }.into())
            }
            0 => Ok(reply),
            _ => Err(Failure::from_server(reply).with(told)),
        }
    }
}

impl Operation<'_> {
    /// The value of its parameter `op`.
    fn op(&self) -> &str {
        match &self.parameters {
            Parameters::Query(pairs) => pairs.first().map_or("", |(_, op)| op),
            Parameters::Json(json) => json["op"].as_str().unwrap_or_default(),
            Parameters::Form(form) => form.fields.first().map_or("", |(_, op)| op),
        }
    }
}
