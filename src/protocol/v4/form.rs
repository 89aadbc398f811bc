//! `multipart/form-data` as the service takes it: text fields first, then the content, then, where
//! it was asked for, the SHA-1 of the content as it went by.
//!
//! The service goes by field names, not by order, so the digest can follow the bytes: they are
//! read once, and what is announced is what was sent.

use std::io::{self, Cursor, Read};

use super::states;
use crate::content::hash::{States, hex};
use crate::content::stretch::Stretch;
use crate::os::{Content, Stored, random_below};
use crate::reply::Failure;

/// A form as bytes, once; a repetition needs a new one.
pub struct Form<'a> {
    boundary: String,
    /// The field `uploadparts`.
    states: Option<&'a States>,
    /// The field `filecontent`, which the field `sha` follows if it is hashed.
    content: Option<Stretch<'a>>,
    /// What comes next, ready to be read.
    ready: Cursor<Vec<u8>>,
    /// What comes behind that.
    next: Next,
}

#[derive(Clone, Copy)]
enum Next {
    /// The entries of `uploadparts`, from this one on.
    Parts(usize),
    Content,
    Tail,
    End,
}

/// How many entries of `uploadparts` are made at a time.
const ENTRIES: usize = 256;

impl<'a> Form<'a> {
    /// Starts reading a form with these text fields.
    pub fn new(
        fields: &[(&str, String)],
        states: Option<&'a States>,
        content: Option<Stretch<'a>>,
    ) -> Form<'a> {
        // Random: content with it inside is next to impossible.
        let boundary = format!("libcos-{:016x}", random_below(u64::MAX));
        let mut head = String::with_capacity(1024);
        for (name, value) in fields {
            add_field(&mut head, &boundary, name, value);
        }
        let next = if states.is_some() {
            add_field_head(&mut head, &boundary, "uploadparts");
            head.push('[');
            Next::Parts(0)
        } else {
            head.push_str(&content_head(content.as_ref(), &boundary));
            Next::Content
        };
        Form { boundary, states, content, ready: Cursor::new(head.into_bytes()), next }
    }

    /// The `Content-Type` of the request.
    pub fn content_type(&self) -> String {
        ["multipart/form-data; boundary=", &self.boundary].concat()
    }

    /// The number of bytes that will be read. Only a form that has not been read from knows.
    pub fn size(&self) -> u64 {
        let head = self.ready.get_ref().len() as u64;
        let parts = self
            .states
            .map_or(0, |states| states::text_len(states) + self.behind_parts().len() as u64);
        let content = self.content.as_ref().map_or(0, Stretch::size);
        // Every digest is as long as this one.
        let is_hashed = self.content.as_ref().is_some_and(Stretch::is_hashed);
        let sha = is_hashed.then(|| hex(&[0; 20]));
        head + parts + content + self.tail(sha.as_deref()).len() as u64
    }

    /// Why the content could not be read.
    pub fn failure(&mut self) -> Option<Box<Failure>> {
        self.content.as_mut().and_then(Stretch::failure)
    }

    fn behind_parts(&self) -> String {
        format!("]\r\n{}", content_head(self.content.as_ref(), &self.boundary))
    }

    fn tail(&self, sha: Option<&str>) -> String {
        let mut tail = String::with_capacity(256);
        if self.content.is_some() {
            tail.push_str("\r\n");
        }
        if let Some(sha) = sha {
            add_field(&mut tail, &self.boundary, "sha", sha);
        }
        tail.extend(["--", &self.boundary, "--\r\n"]);
        tail
    }

    /// Makes up to [`ENTRIES`] entries ready, and what follows the last one.
    fn make_entries(&mut self, states: &States, first: usize) {
        let mut text = String::new();
        let entries = (first..first + ENTRIES).map_while(|i| states::entry(states, i));
        let count = entries.map(|entry| text.push_str(&entry)).count();
        self.next = if count == ENTRIES {
            Next::Parts(first + ENTRIES)
        } else {
            text.push_str(&self.behind_parts());
            Next::Content
        };
        self.ready = Cursor::new(text.into_bytes());
    }
}

fn add_field(text: &mut String, boundary: &str, name: &str, value: &str) {
    add_field_head(text, boundary, name);
    text.extend([value, "\r\n"]);
}

fn add_field_head(text: &mut String, boundary: &str, name: &str) {
    let before = "\r\nContent-Disposition: form-data; name=\"";
    text.extend(["--", boundary, before, name, "\"\r\n\r\n"]);
}

fn content_head(content: Option<&Stretch>, boundary: &str) -> String {
    match content {
        None => String::new(),
        Some(_) => [
            "--",
            boundary,
            "\r\nContent-Disposition: form-data; name=\"filecontent\"; filename=\"data\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
        ]
        .concat(),
    }
}

impl Read for Form<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.ready.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            match (self.next, self.states) {
                (Next::Parts(i), Some(states)) => self.make_entries(states, i),
                (Next::Content | Next::Parts(_), _) => {
                    let n = self.content.as_mut().map_or(Ok(0), |content| content.read(buf))?;
                    if n > 0 {
                        return Ok(n);
                    }
                    self.next = Next::Tail;
                }
                (Next::Tail, _) => {
                    let sha = self.content.as_ref().and_then(Stretch::sha1);
                    self.ready = Cursor::new(self.tail(sha.as_deref()).into_bytes());
                    self.next = Next::End;
                }
                (Next::End, _) => return Ok(0),
            }
        }
    }
}

impl Content for Form<'_> {
    fn stored(&self) -> Option<Stored<'_>> {
        let is_next = matches!(self.next, Next::Content)
            && self.ready.position() == self.ready.get_ref().len() as u64;
        self.content.as_ref().filter(|_| is_next)?.stored()
    }

    fn sent(&mut self, n: usize) -> io::Result<()> {
        self.content.as_mut().map_or(Ok(()), |content| content.sent(n))
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;
    use crate::content::source::Source;
    use crate::stop::Stop;
    use crate::transfer::Transfer;

    fn text_of(mut form: Form) -> String {
        let len = form.size();
        let mut text = String::new();
        form.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, len);
        text
    }

    #[test]
    fn the_announced_length_is_the_length() {
        let transfer = Transfer::default();
        let source = Source::Buffer(b"hello cos\n");
        for with_sha in [false, true] {
            let mark = transfer.mark();
            let content = Stretch::new(&source, 2, 8, &mark);
            let content = if with_sha { content.with_sha1() } else { content };
            let fields = [("op", "upload".into()), ("biz_attr", "属性".into())];
            let form = Form::new(&fields, None, Some(content));
            let boundary = form.boundary.clone();
            let text = text_of(form);
            assert!(text.contains("name=\"op\"\r\n\r\nupload\r\n"));
            assert!(text.contains("\r\n\r\nllo cos\n\r\n--"));
            assert!(text.ends_with(&format!("--{boundary}--\r\n")));
            let sha = hex(&Sha1::digest(b"llo cos\n"));
            assert_eq!(text.contains(&format!("name=\"sha\"\r\n\r\n{sha}\r\n")), with_sha);
        }
    }

    #[test]
    fn a_form_without_content_has_only_fields() {
        let text = text_of(Form::new(&[("op", "upload_slice_list".into())], None, None));
        assert!(!text.contains("filecontent"));
    }

    #[test]
    fn uploadparts_are_made_while_they_are_read() {
        for count in [2 * ENTRIES, 2 * ENTRIES + 1] {
            let data = vec![7; 64 * count];
            let states = States::of(&Source::Buffer(&data), 64, &Stop::default()).unwrap();
            let fields = [("op", "upload_slice_init".into())];
            let text = text_of(Form::new(&fields, Some(&states), None));
            let parts = text.split("name=\"uploadparts\"\r\n\r\n").nth(1).unwrap();
            let parts = parts.split("\r\n").next().unwrap();
            let parts: Vec<serde_json::Value> = serde_json::from_str(parts).unwrap();
            assert_eq!(parts.len(), count);
            assert_eq!(parts[count - 1]["datasha"], states.sha1());
        }
    }
}
