//! The body of an answer, lent from the connection's buffer.

use std::io::{self, ErrorKind};
use std::mem;

use super::head::{Framing, LONGEST, NotHttp};
use super::link::Link;

/// What is still to come of a body.
#[derive(Debug)]
pub struct Rest {
    next: Next,
    is_chunked: bool,
    /// How much of what has arrived the reader has.
    lent: usize,
    /// How many bytes of trailers there were.
    trailers: usize,
}

/// What comes next.
#[derive(Debug)]
enum Next {
    /// So many bytes of content.
    Content(u64),
    /// Content, until the connection ends.
    Everything,
    /// The size of a chunk.
    Size,
    /// The end of a chunk.
    ChunkEnd,
    /// A header behind the last chunk, or the empty line behind them.
    Trailer,
    /// Nothing.
    End,
}

impl Rest {
    /// A body that ends like this.
    pub fn new(framing: Framing) -> Rest {
        let (next, is_chunked) = match framing {
            Framing::Length(length) => (Next::Content(length), false),
            Framing::Chunked => (Next::Size, true),
            Framing::Close => (Next::Everything, false),
        };
        Rest { next, is_chunked, lent: 0, trailers: 0 }
    }

    /// How many bytes at the start of what has arrived come next; 0 at the end of the body. They stay
    /// there until this is asked again.
    pub fn next(&mut self, link: &mut Link) -> Result<usize, ureq::Error> {
        link.used(mem::take(&mut self.lent));
        loop {
            let arrived = link.arrived();
            match self.next {
                Next::End => return Ok(0),
                Next::Content(0) if self.is_chunked => self.next = Next::ChunkEnd,
                Next::Content(0) => self.next = Next::End,
                Next::Content(_) | Next::Everything if !arrived.is_empty() => {
                    return Ok(self.lend(arrived.len()));
                }
                // Over TLS, many servers close without saying so: what is read has to show that it is
                // whole.
                Next::Everything => match link.receive() {
                    Ok(true) => {}
                    Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
                        return Err(error.into());
                    }
                    _ => self.next = Next::End,
                },
                Next::Content(_) => more(link)?,
                // httparse takes a line without digits for a size of 0.
                Next::Size => match httparse::parse_chunk_size(arrived) {
                    _ if arrived.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) => {
                        return Err(no_size());
                    }
                    Ok(httparse::Status::Complete((used, 0))) => {
                        link.used(used);
                        self.next = Next::Trailer;
                    }
                    Ok(httparse::Status::Complete((used, size))) => {
                        link.used(used);
                        self.next = Next::Content(size);
                    }
                    Ok(httparse::Status::Partial) if arrived.len() < LONGEST => more(link)?,
                    _ => return Err(no_size()),
                },
                Next::ChunkEnd => match arrived {
                    [b'\r', b'\n', ..] => {
                        link.used(2);
                        self.next = Next::Size;
                    }
                    [] | [b'\r'] => more(link)?,
                    _ => return Err(NotHttp::new("a chunk is longer than it says").into()),
                },
                Next::Trailer => {
                    let end = arrived.iter().position(|byte| *byte == b'\n');
                    if self.trailers + end.unwrap_or(arrived.len()) >= LONGEST {
                        return Err(NotHttp::new("its trailers have no end").into());
                    }
                    match end {
                        Some(end) => {
                            if arrived[..end].trim_ascii().is_empty() {
                                self.next = Next::End;
                            }
                            self.trailers += end + 1;
                            link.used(end + 1);
                        }
                        None => more(link)?,
                    }
                }
            }
        }
    }

    fn lend(&mut self, arrived: usize) -> usize {
        self.lent = match &mut self.next {
            Next::Content(left) => {
                let lent = arrived.min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= lent as u64;
                lent
            }
            _ => arrived,
        };
        self.lent
    }
}

fn no_size() -> ureq::Error {
    NotHttp::new("a chunk does not say how long it is").into()
}

/// Waits for more of what has to come.
fn more(link: &mut Link) -> Result<(), ureq::Error> {
    if link.receive()? { Ok(()) } else { Err(io::Error::from(ErrorKind::UnexpectedEof).into()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::os::Ready;
    use crate::transport::buffers::Queue;
    use crate::transport::channel::Stream;
    use crate::transport::progress::Progress;

    /// A connection on which a text arrives in pieces of so many bytes, and which then ends.
    struct Script {
        left: Vec<u8>,
        piece: usize,
        arrived: Queue,
    }

    impl Stream for Script {
        fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn has_left(&self) -> bool {
            true
        }

        fn receive(&mut self) -> io::Result<bool> {
            let n = self.piece.min(self.left.len());
            self.arrived.add(&self.left.drain(..n).collect::<Vec<_>>());
            Ok(n > 0)
        }

        fn arrived(&mut self) -> &mut Queue {
            &mut self.arrived
        }

        fn is_open(&mut self) -> bool {
            true
        }

        fn wait(&self, _: Ready, _: Duration) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is read of a body that arrives like this, and what has arrived behind it.
    fn read(framing: Framing, text: &str, piece: usize) -> Result<(String, usize), ureq::Error> {
        let script = Script { left: text.into(), piece, arrived: Queue::new()? };
        let mut link = Link::new(Box::new(script), Progress::new())?;
        let (mut body, mut found) = (Rest::new(framing), String::new());
        loop {
            match body.next(&mut link)? {
                0 => return Ok((found, link.arrived().len())),
                n => found.push_str(std::str::from_utf8(&link.arrived()[..n]).unwrap()),
            }
        }
    }

    #[test]
    fn a_body_ends_where_its_head_says() {
        let chunks =
            "4;name=value\r\nWiki\r\n6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\n\r\nmore";
        let trailers = "1\r\nx\r\n000\r\nExpires: never\r\nx-y: z\r\n\r\nmore";
        for piece in [1, 2, 3, 7, 100] {
            let all = |framing, text| {
                let (found, behind) = read(framing, text, piece).unwrap();
                // What comes behind it is left, as far as it has arrived.
                assert!(behind <= "more".len(), "{text:?}: {behind}");
                found
            };
            assert_eq!(all(Framing::Length(0), "more"), "");
            assert_eq!(all(Framing::Length(3), "abcmore"), "abc");
            assert_eq!(all(Framing::Close, "abc"), "abc");
            assert_eq!(all(Framing::Chunked, chunks), "Wikipedia in \r\n\r\nchunks.");
            assert_eq!(all(Framing::Chunked, trailers), "x");
        }
    }

    #[test]
    fn a_body_that_is_cut_off_or_no_body() {
        let ends = |framing, text: &str| match read(framing, text, 3) {
            Err(ureq::Error::Io(error)) => error.kind() == ErrorKind::UnexpectedEof,
            _ => false,
        };
        for text in
            ["", "4", "4\r\n", "4\r\nWik", "4\r\nWiki", "4\r\nWiki\r\n", "0\r\n", "0\r\nx: y\r\n"]
        {
            assert!(ends(Framing::Chunked, text), "{text:?}");
        }
        assert!(ends(Framing::Length(5), "Wiki"));
        let endless = format!("0\r\n{}", "x: y\r\n".repeat(LONGEST));
        let wide = format!("0\r\n{}", "x".repeat(2 * LONGEST));
        let padded = format!("4;{}", "x".repeat(2 * LONGEST));
        for text in [
            "Wiki",
            "\r\nWiki\r\n",
            "-1\r\n",
            "11112222333344445\r\n",
            "1\r\nWiki\r\n0\r\n\r\n",
            &endless,
            &wide,
            &padded,
        ] {
            let is_not_http =
                matches!(read(Framing::Chunked, text, 999), Err(ureq::Error::Other(_)));
            assert!(is_not_http, "{:?}", &text[..text.len().min(20)]);
        }
    }
}
