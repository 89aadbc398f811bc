//! `multipart/form-data` as the service takes it: text fields first, then the content, then, where
//! it was asked for, the SHA-1 of the content as it went by.
//!
//! The service goes by field names, not by order, so the digest can follow the bytes: they are
//! read once, and what is announced is what was sent.

use std::io::{self, Cursor, Read};

use sha1::{Digest, Sha1};

use crate::digest::hex;
use crate::error::Failure;
use crate::sign::random_below;
use crate::source::Source;
use crate::transfer::Mark;

/// A form.
pub struct Form<'a> {
    /// Text fields.
    pub fields: Vec<(&'static str, String)>,
    /// The field `filecontent`.
    pub content: Option<Content<'a>>,
}

/// A stretch of a source.
pub struct Content<'a> {
    /// The file or buffer.
    pub source: &'a Source<'a>,
    /// Where the stretch starts.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
    /// Whether to add a field `sha` of it.
    pub with_sha: bool,
    /// Where to count the bytes.
    pub mark: &'a Mark<'a>,
}

/// A form as bytes, once; a repetition needs a new one.
pub struct FormReader<'a> {
    boundary: String,
    head: Cursor<Vec<u8>>,
    content: Option<&'a Content<'a>>,
    position: u64,
    hasher: Option<Sha1>,
    tail: Option<Cursor<Vec<u8>>>,
    /// The digest, once the content has gone by.
    pub sha: Option<String>,
    /// Why the content could not be read.
    pub failure: Option<Box<Failure>>,
}

impl<'a> FormReader<'a> {
    /// Starts reading `form`.
    pub fn new(form: &'a Form<'a>) -> FormReader<'a> {
        let random = || random_below(u64::MAX);
        let boundary = format!("{:016x}{:016x}", random(), random());
        let mut head = String::new();
        for (name, value) in &form.fields {
            head.push_str(&field(&boundary, name, value));
        }
        if form.content.is_some() {
            head.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"filecontent\"; \
                 filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            ));
        }
        let content = form.content.as_ref();
        FormReader {
            boundary,
            head: Cursor::new(head.into_bytes()),
            content,
            position: 0,
            hasher: content.filter(|content| content.with_sha).map(|_| Sha1::new()),
            tail: None,
            sha: None,
            failure: None,
        }
    }

    /// The `Content-Type` of the request.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The number of bytes that will be read.
    pub fn size(&self) -> u64 {
        let head = self.head.get_ref().len() as u64;
        let content = self.content.map_or(0, |content| content.len);
        // Every digest is as long as this one.
        let sha = self.hasher.as_ref().map(|_| hex(&[0; 20]));
        head + content + self.tail_text(sha.as_deref()).len() as u64
    }

    fn tail_text(&self, sha: Option<&str>) -> String {
        let boundary = &self.boundary;
        let mut tail = String::new();
        if self.content.is_some() {
            tail.push_str("\r\n");
        }
        if let Some(sha) = sha {
            tail.push_str(&field(boundary, "sha", sha));
        }
        tail.push_str(&format!("--{boundary}--\r\n"));
        tail
    }

    fn read_content(&mut self, content: &Content, buf: &mut [u8]) -> Result<usize, Box<Failure>> {
        let left = content.len - self.position;
        let n = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let chunk = &mut buf[..n];
        content.source.read_exact_at(chunk, content.offset + self.position)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&*chunk);
        }
        // Whoever asks for more has sent what he got before.
        content.mark.reached(self.position);
        self.position += n as u64;
        if self.position == content.len {
            content.source.check_unchanged()?;
        }
        Ok(n)
    }
}

fn field(boundary: &str, name: &str, value: &str) -> String {
    format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

impl Read for FormReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.head.read(buf)?;
        if n > 0 || buf.is_empty() {
            return Ok(n);
        }
        if let Some(content) = self.content.filter(|content| self.position < content.len) {
            return self.read_content(content, buf).map_err(|failure| {
                self.failure = Some(failure);
                io::Error::other("the local file can't be read")
            });
        }
        if self.tail.is_none() {
            self.sha = self.hasher.take().map(|hasher| hex(&hasher.finalize()));
            let tail = self.tail_text(self.sha.as_deref());
            self.tail = Some(Cursor::new(tail.into_bytes()));
        }
        self.tail.as_mut().map_or(Ok(0), |tail| tail.read(buf))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Transfer;

    #[test]
    fn the_announced_length_is_the_length() {
        let transfer = Transfer::default();
        let source = Source::Buffer(b"hello cos\n");
        for with_sha in [false, true] {
            let mark = transfer.mark();
            let form = Form {
                fields: vec![("op", "upload".into()), ("biz_attr", "属性".into())],
                content: Some(Content {
                    source: &source,
                    offset: 2,
                    len: 8,
                    with_sha,
                    mark: &mark,
                }),
            };
            let mut reader = FormReader::new(&form);
            let (len, boundary) = (reader.size(), reader.boundary.clone());
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text.len() as u64, len);
            assert!(text.contains("name=\"op\"\r\n\r\nupload\r\n"));
            assert!(text.contains("\r\n\r\nllo cos\n\r\n--"));
            assert!(text.ends_with(&format!("--{boundary}--\r\n")));
            let sha = hex(&Sha1::digest(b"llo cos\n"));
            assert_eq!(text.contains(&format!("name=\"sha\"\r\n\r\n{sha}\r\n")), with_sha);
        }
    }

    #[test]
    fn a_form_without_content_has_only_fields() {
        let form = Form { fields: vec![("op", "upload_slice_list".into())], content: None };
        let mut reader = FormReader::new(&form);
        let mut text = String::new();
        let len = reader.size();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, len);
        assert!(!text.contains("filecontent"));
    }
}
