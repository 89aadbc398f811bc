//! Signatures for others: a program hands them to browsers, scripts and other machines.

use serde_json::json;

use crate::client::Client;
use crate::path::{Bucket, CosPath, FilePath, FolderPath, encode_query};
use crate::protocol::v4::sign::{self, Kind};
use crate::reply::Result;
use crate::reply::answer::Answer;

/// A signature for any number of uploads, stats, lists and creations at `cos_path`.
pub fn more(client: &Client, bucket: &str, cos_path: &str, expired: i64) -> Result<Answer> {
    let (bucket, path) = (Bucket::new(bucket)?, any_path(cos_path)?);
    let client = client.snapshot();
    let now = client.clock.now();
    let kind = Kind::Multi(sign::expiry(expired, now)?);
    let sign = client.credentials.sign(&bucket, &path, kind, now);
    Ok(Answer::local(&json!({"sign": sign})))
}

/// A signature for one delete, update or move at `cos_path`.
pub fn once(client: &Client, bucket: &str, cos_path: &str) -> Result<Answer> {
    let (bucket, path) = (Bucket::new(bucket)?, any_path(cos_path)?);
    let client = client.snapshot();
    let sign = client.credentials.sign(&bucket, &path, Kind::Once, client.clock.now());
    Ok(Answer::local(&json!({"sign": sign})))
}

/// A signature for downloads of the file at `cos_path`, and the URL that carries it.
pub fn download(client: &Client, bucket: &str, cos_path: &str, expired: i64) -> Result<Answer> {
    let (bucket, path) = (Bucket::new(bucket)?, FilePath::new("cos_path", cos_path)?);
    let client = client.snapshot();
    let now = client.clock.now();
    let kind = Kind::Download(sign::expiry(expired, now)?);
    let sign = client.credentials.sign(&bucket, &path, kind, now);
    let url = format!("{}?sign={}", client.download_url(&bucket, &path), encode_query(&sign));
    Ok(Answer::local(&json!({"sign": sign, "url": url})))
}

fn any_path(cos_path: &str) -> Result<CosPath> {
    match cos_path.ends_with('/') {
        true => FolderPath::new("cos_path", cos_path).map(|path| (*path).clone()),
        false => FilePath::new("cos_path", cos_path).map(|path| (*path).clone()),
    }
}
