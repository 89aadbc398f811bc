//! Control requests: everything under `/files/v2/`.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    http::{reply::Reply, server::App},
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
        Reply::envelope(self.done(app, &settings), request_id)
    }

    /// What is answered without JSON: too long a URL, and a region's host asked for another region's bucket.
    fn refuse_url(&self, app: &App) -> Option<Reply> {
        if "http://".len() + self.host.len() + self.target.len() > LONGEST_URL {
            return Some(Reply::html(414, "The URL is longer than 1024 bytes."));
        }
        let host = self.host.split(':').next().unwrap_or_default();
        let region = host.strip_suffix(".file.myqcloud.com")?;
        let bucket = app.config.bucket(&self.resource.appid, &self.resource.bucket)?;
        (region != bucket.region).then(|| {
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

/// Base64 of hexadecimal groups joined by `_`.
pub(crate) fn request_id(now: u64, process: u32, count: u64) -> String {
    STANDARD.encode(format!("{now:08x}_{process:06x}_{:04x}_{count:x}", count % 0xffff))
}
