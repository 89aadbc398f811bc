//! Signatures for others: a program hands them to browsers, scripts and other machines.

use super::request::{checked_headers, method};
use crate::client::Client;
use crate::options::Options;
use crate::path::{Bucket, CosPath, FilePath, FolderPath, Rules};
use crate::protocol::contract::{Grant, Place, RequestHead};
use crate::reply::{Failure, Reply, Result};

/// The longest life of a signature the service grants: 90 days, in seconds.
pub const MAX_LIFETIME: i64 = 7_776_000;

/// A signature for any number of uploads, stats, lists and creations at `cos_path`.
pub fn more(client: &Client, bucket: &str, cos_path: &str, expired: i64) -> Result<Reply> {
    grant(client, bucket, cos_path, any_path, |now| {
        Ok(Grant::More { until: expiry(expired, now)? })
    })
}

/// A signature for one delete, update or move at `cos_path`.
pub fn once(client: &Client, bucket: &str, cos_path: &str) -> Result<Reply> {
    grant(client, bucket, cos_path, any_path, |_| Ok(Grant::Once))
}

/// A signature for downloads of the file at `cos_path`, and the URL that carries it.
pub fn download(client: &Client, bucket: &str, cos_path: &str, expired: i64) -> Result<Reply> {
    grant(client, bucket, cos_path, file_path, |now| {
        Ok(Grant::Download { until: expiry(expired, now)? })
    })
}

/// A URL by which others can send requests of one kind.
pub fn url(
    client: &Client,
    verb: &str,
    bucket: &str,
    cos_path: &str,
    expired: i64,
    options: Option<&str>,
) -> Result<Reply> {
    let mut options = Options::parse(options)?;
    let head = RequestHead {
        method: method(verb)?,
        params: options.pairs("params")?,
        headers: checked_headers(options.pairs("headers")?)?,
    };
    options.finish()?;
    grant(client, bucket, cos_path, any_path, |now| {
        Ok(Grant::Url { head: &head, until: expiry(expired, now)? })
    })
}

fn grant<'a>(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    check: fn(&str, &Rules) -> Result<CosPath>,
    grant: impl FnOnce(u64) -> Result<Grant<'a>>,
) -> Result<Reply> {
    let client = client.snapshot();
    let bucket = Bucket::new(bucket)?;
    let path = check(cos_path, &client.service.limits().paths)?;
    let now = client.clock.now();
    client.service.grant(Place { bucket: &bucket, path: &path }, grant(now)?, now)
}

fn file_path(cos_path: &str, rules: &Rules) -> Result<CosPath> {
    FilePath::new("cos_path", cos_path, rules).map(|path| (*path).clone())
}

fn any_path(cos_path: &str, rules: &Rules) -> Result<CosPath> {
    if cos_path.ends_with('/') {
        return FolderPath::new("cos_path", cos_path, rules).map(|path| (*path).clone());
    }
    file_path(cos_path, rules)
}

/// Turns the caller's `expired` into the moment a signature ends: values up to
/// [`MAX_LIFETIME`] count from `now`, larger ones are UNIX timestamps.
pub fn expiry(expired: i64, now: u64) -> Result<u64> {
    let now_signed = i64::try_from(now).unwrap_or(i64::MAX);
    let moment = match expired {
        ..=0 => None,
        1..=MAX_LIFETIME => now_signed.checked_add(expired),
        _ => Some(expired),
    };
    let lives = |moment: &i64| *moment > now_signed && *moment - now_signed <= MAX_LIFETIME;
    match moment.filter(lives).map(u64::try_from) {
        Some(Ok(moment)) => Ok(moment),
        _ => Err(Failure::argument(
            "expired",
            format!(
                "must be 1 to {MAX_LIFETIME} seconds from now, or a UNIX timestamp after now \
                 ({now}) and at most 90 days ahead; it is {expired}"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_relative_or_absolute_and_never_stale() {
        let now = 1_700_000_000;
        assert_eq!(expiry(1, now).unwrap(), now + 1);
        assert_eq!(expiry(MAX_LIFETIME, now).unwrap(), now + 7_776_000);
        assert_eq!(expiry(now as i64 + 1, now).unwrap(), now + 1);
        assert_eq!(expiry(now as i64 + MAX_LIFETIME, now).unwrap(), now + 7_776_000);
        for stale in [
            0,
            -1,
            i64::MIN,
            MAX_LIFETIME + 1,
            now as i64,
            now as i64 - 1,
            now as i64 + MAX_LIFETIME + 1,
            i64::MAX,
        ] {
            let failure = expiry(stale, now).unwrap_err();
            assert_eq!(failure.argument_name(), Some("expired"), "{stale}");
        }
    }
}
