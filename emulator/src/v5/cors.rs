//! What browsers ask before they use a bucket from another site.

use super::{Answer, request::Request, words::Word};
use crate::{http::reply::Reply, settings::Settings};

const METHODS: &str = "GET,PUT,POST,DELETE,HEAD";
const EXPOSED: &str = "ETag,Content-Length,x-cos-request-id,x-cos-hash-crc64ecma,x-cos-version-id";

/// The origin that is allowed, as the reply names it.
fn allowed(request: &Request, settings: &Settings) -> Option<String> {
    let origin = request.header("origin")?;
    let rule = settings.cors_origins.iter().find(|rule| *rule == "*" || **rule == origin)?;
    Some(if rule == "*" { rule.clone() } else { origin })
}

pub(super) fn preflight(request: &Request, settings: &Settings) -> Answer {
    let method = request.header("access-control-request-method");
    let (Some(_), Some(method)) = (request.header("origin"), method) else {
        return Err(
            Word::INVALID_REQUEST.saying("Origin and Access-Control-Request-Method are needed.")
        );
    };
    let origin = allowed(request, settings).ok_or(Word::ACCESS_FORBIDDEN)?;
    if !METHODS.split(',').any(|known| known == method) {
        return Err(Word::ACCESS_FORBIDDEN.into());
    }
    let mut reply = Reply::empty(200);
    reply.named("Access-Control-Allow-Origin", &origin);
    reply.named("Access-Control-Allow-Methods", METHODS);
    if let Some(headers) = request.header("access-control-request-headers") {
        reply.named("Access-Control-Allow-Headers", &headers);
    }
    reply.named("Access-Control-Expose-Headers", EXPOSED);
    reply.named("Access-Control-Max-Age", "600");
    Ok(reply)
}

/// Lets the site read the reply to its request.
pub(super) fn allow(reply: &mut Reply, request: &Request, settings: &Settings) {
    if let Some(origin) = allowed(request, settings) {
        reply.named("Access-Control-Allow-Origin", &origin);
        reply.named("Access-Control-Expose-Headers", EXPOSED);
    }
}
