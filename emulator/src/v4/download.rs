//! Downloads from `{bucket}-{appid}.{anything}`.

use std::time::{Duration, UNIX_EPOCH};

use hyper::{
    HeaderMap, Method,
    header::{
        ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_RANGE,
        LAST_MODIFIED, RANGE,
    },
};

use crate::{
    config::Bucket,
    http::{
        app::App,
        range::Range,
        reply::{Body, FileSlice, Reply},
    },
    store::{Entry, File, Lookup},
    v4::{
        auth::{Scope, Signature},
        codes::{Code, Failure},
        path::{self, Resource},
    },
};

/// Takes the bucket and appid out of a download host name, if it is one.
pub(crate) fn bucket_of(host: &str) -> Option<(&str, &str)> {
    let (label, _) = host.split_once('.')?;
    let (bucket, appid) = label.rsplit_once('-')?;
    let is_number = !appid.is_empty() && appid.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !bucket.is_empty()).then_some((bucket, appid))
}

/// A download with everything that decides about it.
pub(crate) struct Download {
    pub method: Method,
    pub bucket: String,
    pub appid: String,
    /// Still percent-encoded.
    pub path: String,
    pub headers: HeaderMap,
    pub sign: Option<String>,
    pub now: u64,
}

/// What to send, once the body is opened by the caller.
pub(crate) struct Answer {
    pub reply: Reply,
    pub file: Option<FileSlice>,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Answer { reply, file: None }
    }
}

impl Download {
    pub fn run(&self, app: &App) -> Answer {
        self.answer(app).unwrap_or_else(|failure| {
            let status = failure.code.status;
            let why = failure.detail.unwrap_or_else(|| failure.code.name.into());
            let mut reply = Reply::html(status, "The request can not be served.");
            reply.detail = Some(format!("{} {why}", failure.code.number));
            reply.into()
        })
    }

    fn answer(&self, app: &App) -> Result<Answer, Failure> {
        if self.method != Method::GET && self.method != Method::HEAD {
            return Ok(Reply::html(405, "Only GET and HEAD are allowed here.").into());
        }
        let path = path::decode(&self.path)?;
        let resource = Resource { appid: self.appid.clone(), bucket: self.bucket.clone(), path };
        let bucket = app.config.bucket(&self.appid, &self.bucket).ok_or(Code::NO_BUCKET)?;
        let entry = app.store.view()?.entry(&resource.file_id())?;
        self.check_permission(app, bucket, &resource, entry.as_ref())?;
        let file = match entry {
            Some(Entry::File(file)) => file,
            Some(Entry::Unfinished) => {
                return Err(Code::NOT_FOUND.because("the upload is not finished"));
            }
            _ => return Err(Code::NOT_FOUND.into()),
        };
        if file.forbid == 1 {
            return Ok(Reply::html(403, "Access to this file is forbidden.").into());
        }
        let answer = self.send(app, &file);
        // Between looking a file up and opening it, it may be replaced: then look again.
        match answer.is_err()
            && app.store.view()?.entry(&resource.file_id())? != Some(Entry::File(file))
        {
            true => self.answer(app),
            false => answer,
        }
    }

    fn check_permission(
        &self,
        app: &App,
        bucket: &Bucket,
        resource: &Resource,
        entry: Option<&Entry>,
    ) -> Result<(), Failure> {
        let authority = match entry {
            Some(Entry::File(file)) => file.authority.as_str(),
            _ => "eInvalid",
        };
        match authority {
            "eWPrivateRPublic" => return Ok(()),
            "eInvalid" if bucket.public => return Ok(()),
            _ => {}
        }
        let sign = self.sign.as_ref().filter(|sign| !sign.is_empty()).ok_or(Code::SIGN_EMPTY)?;
        Signature::parse(sign)?.verify(
            &Scope::Download(resource),
            &app.config,
            &app.settings(),
            self.now,
        )
    }

    fn send(&self, app: &App, file: &File) -> Result<Answer, Failure> {
        let modified = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(file.mtime));
        let (status, start, length) = match self.range(file, &modified) {
            Range::Whole => (200, 0, file.size),
            Range::Bytes { start, length } => (206, start, length),
            Range::Unsatisfiable => {
                let mut reply = Reply::html(416, "The range begins behind the end of the file.");
                reply.header(CONTENT_RANGE, &format!("bytes */{}", file.size));
                return Ok(reply.into());
            }
        };
        let mut reply = Reply::new(status, "application/octet-stream", Body::bytes(""));
        for (name, value) in &file.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                reply.header(name, value);
            }
        }
        if file.headers.get("Content-Type").is_none_or(String::is_empty) {
            reply.header(CONTENT_TYPE, "application/octet-stream");
        }
        reply.header(CONTENT_LENGTH, &length.to_string());
        reply.header(ACCEPT_RANGES, "bytes");
        reply.header(ETAG, &file.blob);
        reply.header(LAST_MODIFIED, &modified);
        reply.header(HeaderName::from_static("x-cos-object-type"), "normal");
        reply.header(HeaderName::from_static("x-cos-storage-class"), "STANDARD");
        reply.header(HeaderName::from_static("x-cos-version-id"), "null");
        if status == 206 {
            reply.header(
                CONTENT_RANGE,
                &format!("bytes {start}-{}/{}", start + length - 1, file.size),
            );
        }
        let file = if self.method == Method::HEAD {
            None
        } else {
            Some(FileSlice::open(&app.store.blobs, &file.blob, start, length)?)
        };
        Ok(Answer { reply, file })
    }

    fn range(&self, file: &File, modified: &str) -> Range {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let Some(range) = text(RANGE) else { return Range::Whole };
        match text(IF_RANGE) {
            Some(condition)
                if condition.trim_matches('"') != file.blob && condition != modified =>
            {
                Range::Whole
            }
            _ => Range::parse(range, file.size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn download_hosts() {
        assert_eq!(
            bucket_of("my-bucket-1250000000.localhost:9000"),
            Some(("my-bucket", "1250000000"))
        );
        for other in
            ["sh.file.myqcloud.com", "127.0.0.1:80", "localhost", "a-b.localhost", "-1.localhost"]
        {
            assert_eq!(bucket_of(other), None, "{other}");
        }
    }
}
