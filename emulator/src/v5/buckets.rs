//! Buckets, which are configuration: listed and looked at, not made.

use super::{
    Answer, Call, Identity, place,
    request::Request,
    time,
    uploads::{owner_id, uin},
    words::Word,
    xml::Writer,
};
use crate::{
    http::{
        app::App,
        reply::{Body, Reply},
    },
    store::Lookup,
};

/// The most that one list may have.
const MOST: u64 = 2000;

pub(super) fn list(
    app: &App,
    request: &Request,
    identity: &Identity,
    region: Option<&str>,
) -> Answer {
    let Identity::Account(appid) = identity else { return Err(Word::ACCESS_DENIED.into()) };
    let region = request.given("region").map(place::region).or(region);
    let most = request.number("max-keys", 1, u64::MAX)?.map(|most| most.min(MOST) as usize);
    let marker = request.given("marker").unwrap_or_default();
    let mut buckets: Vec<(String, &str)> = app
        .config
        .buckets
        .iter()
        .filter(|bucket| bucket.appid.as_ref().is_none_or(|owner| owner == appid))
        .map(|bucket| (format!("{}-{appid}", bucket.name), place::region(&bucket.region)))
        .filter(|(name, of)| region.is_none_or(|region| region == *of) && name.as_str() > marker)
        .collect();
    buckets.sort();
    let is_truncated = most.is_some_and(|most| buckets.len() > most);
    buckets.truncate(most.unwrap_or(usize::MAX));
    let text = Writer::document("ListAllMyBucketsResult", |xml| {
        xml.within("Owner", |xml| {
            xml.leaf("ID", owner_id(appid));
            xml.leaf("DisplayName", uin(appid));
        });
        xml.within("Buckets", |xml| {
            for (name, region) in &buckets {
                xml.within("Bucket", |xml| {
                    xml.leaf("Name", name);
                    xml.leaf("Location", region);
                    xml.leaf("CreationDate", time::plain(app.store.created));
                    xml.leaf("BucketType", "cos");
                });
            }
        });
        if most.is_some() {
            xml.leaf("IsTruncated", is_truncated.to_string());
            if let Some((name, _)) = buckets.last().filter(|_| is_truncated) {
                xml.leaf("NextMarker", name);
            }
        }
    });
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}

pub(super) fn head(call: &Call) -> Answer {
    let mut reply = Reply::empty(200);
    reply.named("x-cos-bucket-region", place::region(&call.bucket.region));
    Ok(reply)
}

pub(super) fn delete(call: &Call) -> Answer {
    let base = call.base();
    match call.store().view()?.first(&base, &base)? {
        Some(_) => Err(Word::BUCKET_NOT_EMPTY.into()),
        None => Err(Word::NOT_IMPLEMENTED
            .saying("The buckets of the emulator are configuration; they can not be deleted.")),
    }
}

pub(super) fn location(call: &Call) -> Answer {
    let text = Writer::document("LocationConstraint", |_| {});
    let region = place::region(&call.bucket.region);
    let text = text.replace("<LocationConstraint>\n", &format!("<LocationConstraint>{region}"));
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}

pub(super) fn versioning(call: &Call) -> Answer {
    let text = Writer::document("VersioningConfiguration", |xml| {
        if call.settings.versioning {
            xml.leaf("Status", "Enabled");
        }
    });
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}
