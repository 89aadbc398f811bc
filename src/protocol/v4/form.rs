//! `multipart/form-data` as the service takes it: text fields first, then the content, then, where
//! it was asked for, the SHA-1 of the content as it went by.
//!
//! The service goes by field names, not by order, so the digest can follow the bytes: they are
//! read once, and what is announced is what was sent.

use std::io::{self, Cursor, Read};

use sha1::{Digest, Sha1};

use crate::content::hash::{Parts, hex};
use crate::content::source::Source;
use crate::os::random_below;
use crate::reply::Failure;
use crate::transfer::Mark;

/// A form.
pub struct Form<'a> {
    /// Text fields.
    pub fields: Vec<(&'static str, String)>,
    /// The field `uploadparts`.
    pub parts: Option<&'a Parts>,
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
    form: &'a Form<'a>,
    boundary: String,
    /// What comes next, ready to be read.
    ready: Cursor<Vec<u8>>,
    /// What comes behind that.
    next: Next,
    hasher: Option<Sha1>,
    /// The digest, once the content has gone by.
    pub sha: Option<String>,
    /// Why the content could not be read.
    pub failure: Option<Box<Failure>>,
}

#[derive(Clone, Copy)]
enum Next {
    /// The entries of `uploadparts`, from this one on.
    Parts(usize),
    /// The content, from this byte on.
    Content(u64),
    Tail,
    End,
}

/// How many entries of `uploadparts` are made at a time.
const ENTRIES: usize = 256;

impl<'a> FormReader<'a> {
    /// Starts reading `form`.
    pub fn new(form: &'a Form<'a>) -> FormReader<'a> {
        let random = || random_below(u64::MAX);
        let boundary = format!("{:016x}{:016x}", random(), random());
        let mut head = String::new();
        for (name, value) in &form.fields {
            head.push_str(&field(&boundary, name, value));
        }
        let next = match form.parts {
            Some(_) => {
                head.push_str(&format!("{}[", field_head(&boundary, "uploadparts")));
                Next::Parts(0)
            }
            None => {
                head.push_str(&content_head(form, &boundary));
                Next::Content(0)
            }
        };
        let hasher = form.content.as_ref().filter(|content| content.with_sha).map(|_| Sha1::new());
        FormReader {
            form,
            boundary,
            ready: Cursor::new(head.into_bytes()),
            next,
            hasher,
            sha: None,
            failure: None,
        }
    }

    /// The `Content-Type` of the request.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The number of bytes that will be read. Only a reader that has not been read from knows.
    pub fn size(&self) -> u64 {
        let head = self.ready.get_ref().len() as u64;
        let parts =
            self.form.parts.map_or(0, |parts| parts.text_len() + self.behind_parts().len() as u64);
        let content = self.form.content.as_ref().map_or(0, |content| content.len);
        // Every digest is as long as this one.
        let sha = self.hasher.as_ref().map(|_| hex(&[0; 20]));
        head + parts + content + self.tail_text(sha.as_deref()).len() as u64
    }

    fn behind_parts(&self) -> String {
        format!("]\r\n{}", content_head(self.form, &self.boundary))
    }

    fn tail_text(&self, sha: Option<&str>) -> String {
        let boundary = &self.boundary;
        let mut tail = String::new();
        if self.form.content.is_some() {
            tail.push_str("\r\n");
        }
        if let Some(sha) = sha {
            tail.push_str(&field(boundary, "sha", sha));
        }
        tail.push_str(&format!("--{boundary}--\r\n"));
        tail
    }

    fn read_content(
        &mut self,
        content: &Content,
        position: u64,
        buf: &mut [u8],
    ) -> Result<usize, Box<Failure>> {
        let left = content.len - position;
        let n = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let chunk = &mut buf[..n];
        content.source.read_exact_at(chunk, content.offset + position)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&*chunk);
        }
        // Whoever asks for more has sent what he got before.
        content.mark.reached(position);
        let position = position + n as u64;
        self.next = Next::Content(position);
        if position == content.len {
            content.source.check_unchanged()?;
        }
        Ok(n)
    }

    /// Makes up to [`ENTRIES`] entries ready, and what follows the last one.
    fn make_entries(&mut self, parts: &Parts, first: usize) {
        let mut text = String::new();
        let mut i = first;
        self.next = loop {
            match parts.entry(i) {
                _ if i == first + ENTRIES => break Next::Parts(i),
                Some(entry) => text.push_str(&entry),
                None => {
                    text.push_str(&self.behind_parts());
                    break Next::Content(0);
                }
            }
            i += 1;
        };
        self.ready = Cursor::new(text.into_bytes());
    }
}

fn field(boundary: &str, name: &str, value: &str) -> String {
    format!("{}{value}\r\n", field_head(boundary, name))
}

fn field_head(boundary: &str, name: &str) -> String {
    format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")
}

fn content_head(form: &Form, boundary: &str) -> String {
    match form.content {
        None => String::new(),
        Some(_) => format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"filecontent\"; \
             filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        ),
    }
}

impl Read for FormReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.ready.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let form = self.form;
            match (self.next, form.parts, &form.content) {
                (Next::Parts(i), Some(parts), _) => self.make_entries(parts, i),
                (Next::Content(position), _, Some(content)) if position < content.len => {
                    return self.read_content(content, position, buf).map_err(|failure| {
                        self.failure = Some(failure);
                        io::Error::other("the local file can't be read")
                    });
                }
                (Next::Parts(_) | Next::Content(_), _, _) => self.next = Next::Tail,
                (Next::Tail, _, _) => {
                    self.sha = self.hasher.take().map(|hasher| hex(&hasher.finalize()));
                    let tail = self.tail_text(self.sha.as_deref());
                    self.ready = Cursor::new(tail.into_bytes());
                    self.next = Next::End;
                }
                (Next::End, _, _) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::hash::Digests;
    use crate::stop::Stop;
    use crate::transfer::Transfer;

    #[test]
    fn the_announced_length_is_the_length() {
        let transfer = Transfer::default();
        let source = Source::Buffer(b"hello cos\n");
        for with_sha in [false, true] {
            let mark = transfer.mark();
            let form = Form {
                fields: vec![("op", "upload".into()), ("biz_attr", "属性".into())],
                parts: None,
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
        let fields = vec![("op", "upload_slice_list".into())];
        let form = Form { fields, parts: None, content: None };
        let mut reader = FormReader::new(&form);
        let mut text = String::new();
        let len = reader.size();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, len);
        assert!(!text.contains("filecontent"));
    }

    #[test]
    fn uploadparts_are_made_while_they_are_read() {
        let data = vec![7; 64 * (2 * ENTRIES + 1)];
        let source = Source::Buffer(&data);
        let digests = Digests::of(&source, 64, &Stop::default()).unwrap();
        let fields = vec![("op", "upload_slice_init".into())];
        let form = Form { fields, parts: Some(&digests.parts), content: None };
        let mut reader = FormReader::new(&form);
        let len = reader.size();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, len);
        let parts = text.split("name=\"uploadparts\"\r\n\r\n").nth(1).unwrap();
        let parts = parts.split("\r\n").next().unwrap();
        let parts: Vec<serde_json::Value> = serde_json::from_str(parts).unwrap();
        assert_eq!(parts.len(), 2 * ENTRIES + 1);
        assert_eq!(parts[2 * ENTRIES]["datasha"], digests.sha);
    }
}
