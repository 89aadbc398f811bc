//! The names of headers as the service spells them: not every client ignores case, as HTTP wants.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

/// How the service spells a name: its own in lower case, others with capitals.
pub(crate) fn spell(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if lower == "etag" {
        return "ETag".into();
    }
    if lower.starts_with("x-cos-") {
        return lower;
    }
    let words = lower.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    });
    words.collect::<Vec<String>>().join("-")
}

/// A text by which the heads of replies are found among the bytes that a connection sends.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// Random, so that no content can look like a head.
    text: String,
    /// How many heads have yet to pass.
    heads: Arc<AtomicUsize>,
}

impl Mark {
    pub fn new() -> io::Result<Mark> {
        let text = crate::store::Blobs::new_name()?;
        Ok(Mark { text, heads: Arc::default() })
    }

    /// Announces a head, which has to have this behind its status.
    pub fn next(&self) -> &str {
        self.heads.fetch_add(1, Ordering::Relaxed);
        &self.text
    }
}

/// A connection on which heads are spelt anew.
pub(crate) struct Spelled {
    stream: TcpStream,
    mark: Mark,
    /// What was accepted and has not been sent yet.
    waiting: Vec<u8>,
}

impl Spelled {
    pub fn new(stream: TcpStream, mark: Mark) -> Spelled {
        Spelled { stream, mark, waiting: Vec::new() }
    }

    /// The connection itself, once everything is sent.
    pub async fn into_inner(mut self) -> io::Result<TcpStream> {
        self.stream.write_all(&self.waiting).await?;
        Ok(self.stream)
    }

    fn accept(&mut self, mut bytes: &[u8]) {
        let mark = self.mark.text.as_bytes();
        while self.mark.heads.load(Ordering::Relaxed) > 0 {
            let Some(at) = find(bytes, mark) else { break };
            self.mark.heads.fetch_sub(1, Ordering::Relaxed);
            self.waiting.extend_from_slice(&bytes[..at]);
            bytes = &bytes[at + mark.len()..];
            let end = find(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
            self.waiting.extend_from_slice(&spell_head(&bytes[..end]));
            bytes = &bytes[end..];
        }
        self.waiting.extend_from_slice(bytes);
    }

    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.waiting))?;
            self.waiting.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The lines of a head from the end of its first one on.
fn spell_head(head: &[u8]) -> Vec<u8> {
    let lines = head.split(|byte| *byte == b'\n').map(|line| {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return line.to_vec() };
        let name = String::from_utf8_lossy(&line[..colon]);
        [spell(&name).as_bytes(), &line[colon..]].concat()
    });
    lines.collect::<Vec<_>>().join(&b'\n')
}

impl AsyncRead for Spelled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Spelled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_waiting(context))?;
        if self.mark.heads.load(Ordering::Relaxed) == 0 {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        self.accept(bytes);
        // What can't be sent at once is sent by the next call.
        if let Poll::Ready(Err(error)) = self.poll_waiting(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_waiting(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, spelling) in [
            ("etag", "ETag"),
            ("Etag", "ETag"),
            ("X-Cos-Request-Id", "x-cos-request-id"),
            ("content-type", "Content-Type"),
            ("date", "Date"),
        ] {
            assert_eq!(spell(name), spelling);
        }
        let head = b" OK\r\netag: \"a:b\"\r\nx-COS-meta-A: B";
        assert_eq!(spell_head(head), b" OK\r\nETag: \"a:b\"\r\nx-cos-meta-a: B");
    }
}
