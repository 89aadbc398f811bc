//! Control requests: everything under `/files/v2/`.

use serde_json::{Value, json};

use crate::{
    config::short_region,
    http::{app::App, reply::Reply},
    settings::Settings,
    v4::{
        auth::{Kind, Scope, Signature},
        codes::{Code, Failure},
        ops::{Call, Done, Op},
        params::Params,
        path::{Resource, is_bucket_name},
    },
};

/// The longest URL, scheme and host included.
const LONGEST_URL: usize = 1024;

/// A control request with everything that decides about it.
pub(crate) struct Control {
    pub method: String,
    pub host: String,
    pub target: String,
    pub resource: Resource,
    pub sign: Option<String>,
    /// The parameters, or why they can't be read.
    pub params: Result<Params, Failure>,
    /// `op`, as far as it could be read.
    pub op: Option<String>,
    pub now: u64,
}

impl Control {
    pub fn run(self, app: &App) -> Reply {
        if let Some(reply) = self.refuse_url(app) {
            return reply;
        }
        let settings = app.settings();
        let request_id = settings.request_id.then(|| app.request_id());
        envelope(self.done(app, &settings), request_id)
    }

    /// What is answered without JSON: too long a URL, and a region's host asked for another region's bucket.
    fn refuse_url(&self, app: &App) -> Option<Reply> {
        if "http://".len() + self.host.len() + self.target.len() > LONGEST_URL {
            return Some(Reply::html(414, "The URL is longer than 1024 bytes."));
        }
        let host = self.host.split(':').next().unwrap_or_default();
        let region = host.strip_suffix(".file.myqcloud.com")?;
        let bucket = app.config.bucket(&self.resource.appid, &self.resource.bucket)?;
        (region != short_region(&bucket.region)).then(|| {
            Reply::html(
                403,
                "Sorry, there is no permission to get this URL from this server: the bucket is in another region.",
            )
        })
    }

    /// The checks in the service's order: signature, bucket, operation, parameters, state.
    fn done(self, app: &App, settings: &Settings) -> Done {
        let op = self.op.as_deref().filter(|op| !op.is_empty());
        let known = op.and_then(Op::parse);
        let kind = known.map_or(Kind::Either, |op| op.kind(settings));
        self.authenticate(app, settings, kind)?;
        if !is_bucket_name(&self.resource.bucket) {
            return Err(Code::BUCKET_NAME_ILLEGAL.into());
        }
        let bucket = app
            .config
            .bucket(&self.resource.appid, &self.resource.bucket)
            .ok_or(Code::NO_BUCKET)?;
        if self.method != "GET" && self.method != "POST" {
            return Err(Code::METHOD_WRONG.into());
        }
        let params = self.params?;
        let op = op.ok_or(Code::OP_MISSING)?;
        let known = known.ok_or_else(|| Code::OP_UNKNOWN.because(format!("op is {op:?}")))?;
        if known.method() != self.method {
            return Err(Code::METHOD_WRONG.because(format!("op={op} needs {}", known.method())));
        }
        let resource = &self.resource;
        known.run(&Call {
            store: &app.store,
            settings,
            bucket,
            resource,
            params: &params,
            now: self.now,
        })
    }

    fn authenticate(&self, app: &App, settings: &Settings, kind: Kind) -> Result<(), Failure> {
        let sign = self.sign.as_ref().filter(|sign| !sign.is_empty()).ok_or(Code::SIGN_EMPTY)?;
        let signature = Signature::parse(sign)?;
        signature.verify(&Scope::Control(&self.resource, kind), &app.config, settings, self.now)?;
        if signature.is_once() && settings.replay_protection {
            let fresh = app
                .store
                .change(|index| index.use_signature(&signature.fingerprint(), self.now))?;
            return fresh.then_some(()).ok_or(Code::REPLAY.into());
        }
        Ok(())
    }
}

/// The envelope of a control request's outcome.
pub(crate) fn envelope(
    outcome: Result<Option<Value>, Failure>,
    request_id: Option<String>,
) -> Reply {
    let (code, message, status, detail, data) = match outcome {
        Ok(data) => (0, "SUCCESS", 200, None, data),
        Err(failure) => {
            let Code { number, name, status } = failure.code;
            (number, name, status, failure.detail, None)
        }
    };
    let mut value = json!({"code": code, "message": message});
    if let Some(request_id) = request_id {
        value["request_id"] = request_id.into();
    }
    if let Some(data) = data {
        value["data"] = data;
    }
    Reply { code: Some(code), detail, ..Reply::json(status, &value) }
}
