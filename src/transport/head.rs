//! The heads of answers: read here, so that every answer can be recognised while its request is
//! still being sent, and so that a head may be as long as an object's attributes make it.

use std::fmt;

/// The longest head that is read, in bytes. Servers let an object carry a few thousand.
pub const LONGEST: usize = 128 * 1024;

/// Status and headers of an answer.
#[derive(Debug)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the connection can't be used after this answer.
    pub is_last: bool,
    /// Whether it came before its request had left.
    pub is_early: bool,
    headers: Vec<(String, String)>,
}

/// How the body of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// Where its last chunk says so.
    Chunked,
    /// With the connection.
    Close,
}

/// What a buffer begins with.
#[derive(Debug)]
pub enum Found {
    /// Not yet a whole head.
    Part,
    /// An interim answer of so many bytes.
    Interim(usize),
    /// The head of the answer, and how many bytes it has.
    Final(usize, Head),
}

/// What is wrong with an answer.
#[derive(Debug)]
pub struct NotHttp(String);

impl NotHttp {
    /// For this reason.
    pub fn new(problem: impl Into<String>) -> NotHttp {
        NotHttp(problem.into())
    }
}

impl fmt::Display for NotHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotHttp {}

impl From<NotHttp> for ureq::Error {
    fn from(problem: NotHttp) -> ureq::Error {
        ureq::Error::Other(Box::new(problem))
    }
}

impl Head {
    /// All headers, names in lower case.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The first header of this name, written in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// All headers of this name, written in lower case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let is_it = move |(found, _): &&(String, String)| found == name;
        self.headers.iter().filter(is_it).map(|(_, value)| value.as_str())
    }

    /// The elements of all headers of this name, in lower case.
    fn elements(&self, name: &str) -> impl Iterator<Item = String> {
        self.values(name)
            .flat_map(|list| list.split(','))
            .map(|one| one.trim().to_ascii_lowercase())
    }

    fn framing(&self) -> Result<Framing, NotHttp> {
        let mut length = None;
        for text in self.elements("content-length") {
            let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let number = text.parse::<u64>().ok().filter(|_| is_number);
            match number {
                Some(number) if length.is_none_or(|length| length == number) => {
                    length = Some(number);
                }
                _ => return Err(NotHttp::new("it does not say how long it is")),
            }
        }
        let mut codings = self.elements("transfer-encoding").filter(|coding| coding != "identity");
        match (codings.next().as_deref(), codings.next(), length) {
            (None, _, Some(length)) => Ok(Framing::Length(length)),
            (None, _, None) => Ok(Framing::Close),
            (Some("chunked"), None, None) => Ok(Framing::Chunked),
            (Some("chunked"), None, Some(_)) => {
                Err(NotHttp::new("it says in two ways how long it is"))
            }
            _ => Err(NotHttp::new("it is coded in a way that was not asked for")),
        }
    }
}

/// Looks for the head of an answer while it arrives, in however small pieces.
#[derive(Debug, Default)]
pub struct Search {
    /// How much was there at the last look.
    seen: usize,
    /// How much was there when it was parsed last.
    parsed: usize,
}

impl Search {
    /// Looks at the start of `input`, which begins with all that was there at the last look. When a
    /// head has been found, the next search begins behind it.
    pub fn find(&mut self, input: &[u8]) -> Result<Found, NotHttp> {
        // A part of a head is parsed only to refuse nonsense early, so not at each byte.
        let is_due = input.len() >= LONGEST.min(2 * self.parsed);
        let news = &input[self.seen.saturating_sub(2)..];
        self.seen = input.len();
        if !is_due && !has_empty_line(news) {
            return Ok(Found::Part);
        }
        self.parsed = input.len();
        let found = find(input)?;
        if !matches!(found, Found::Part) {
            *self = Search::default();
        }
        Ok(found)
    }
}

fn has_empty_line(text: &[u8]) -> bool {
    text.windows(2).any(|end| end == b"\n\n") || text.windows(3).any(|end| end == b"\n\r\n")
}

/// Looks for the head of an answer at the start of `input`.
fn find(input: &[u8]) -> Result<Found, NotHttp> {
    let mut slots = vec![httparse::EMPTY_HEADER; 64];
    let (used, mut head, version) = loop {
        let mut response = httparse::Response::new(&mut slots);
        match response.parse(input) {
            Ok(httparse::Status::Complete(used)) => {
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let headers = response.headers.iter();
                let headers = headers.map(|h| (h.name.to_ascii_lowercase(), text(h.value)));
                let head = Head {
                    status: response.code.unwrap_or_default(),
                    framing: Framing::Close,
                    is_last: false,
                    is_early: false,
                    headers: headers.collect(),
                };
                break (used, head, response.version);
            }
            Ok(httparse::Status::Partial) if input.len() < LONGEST => return Ok(Found::Part),
            Ok(httparse::Status::Partial) => return Err(NotHttp::new("its head has no end")),
            // A header takes at least four bytes.
            Err(httparse::Error::TooManyHeaders) if slots.len() < LONGEST / 4 => {
                let more = slots.len() * 4;
                slots = vec![httparse::EMPTY_HEADER; more];
            }
            Err(error) => return Err(NotHttp::new(error.to_string())),
        }
    };
    match head.status {
        101 => return Err(NotHttp::new("it switches protocols")),
        100..=199 => return Ok(Found::Interim(used)),
        200..=999 => {}
        _ => return Err(NotHttp::new("it has no status")),
    }
    let (mut closes, mut keeps) = (false, false);
    for option in head.elements("connection") {
        closes |= option == "close";
        keeps |= option == "keep-alive";
    }
    head.is_last = closes || (version == Some(0) && !keeps);
    // These have no body, whatever they say; what follows nevertheless would be the next answer.
    let is_bodyless = matches!(head.status, 204 | 205 | 304);
    if is_bodyless {
        let is_coded = head.header("transfer-encoding").is_some();
        head.is_last |= is_coded || head.elements("content-length").any(|length| length != "0");
        head.framing = Framing::Length(0);
    } else {
        head.framing = head.framing()?;
    }
    Ok(Found::Final(used, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, NotHttp> {
        match find(text.as_bytes())? {
            Found::Final(used, head) => {
                assert_eq!(used, text.len());
                Ok(head)
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn how_a_body_ends() {
        for (headers, framing, is_last) in [
            ("", Framing::Close, false),
            ("Content-Length: 5\r\n", Framing::Length(5), false),
            ("Content-Length: 5, 5\r\nCONTENT-LENGTH: 05\r\n", Framing::Length(5), false),
            ("Transfer-Encoding: Chunked\r\n", Framing::Chunked, false),
            ("Content-Length: 0\r\nConnection: x, Close\r\n", Framing::Length(0), true),
        ] {
            let head = head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).unwrap();
            assert_eq!((head.framing, head.is_last), (framing, is_last), "{headers}");
        }
        assert!(head("HTTP/1.0 200 OK\r\n\r\n").unwrap().is_last);
        assert!(!head("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").unwrap().is_last);
        for status in [204, 205, 304] {
            let odd = format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n");
            let head = head(&odd).unwrap();
            assert_eq!((head.framing, head.is_last), (Framing::Length(0), true), "{status}");
            for (header, is_last) in [("", false), ("Transfer-Encoding: chunked\r\n", true)] {
                let found = self::head(&format!("HTTP/1.1 {status}\r\n{header}\r\n")).unwrap();
                assert_eq!((found.framing, found.is_last), (Framing::Length(0), is_last));
            }
        }
    }

    #[test]
    fn what_can_not_be_an_answer() {
        for text in [
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1 099 No\r\n\r\n",
            "HTTP/1.1 101 Switching\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        ] {
            assert!(find(text.as_bytes()).is_err(), "{text:?}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(LONGEST));
        assert!(find(endless.as_bytes()).is_err());
    }

    #[test]
    fn a_head_may_carry_as_much_as_an_object() {
        let small: String = (0..5000).map(|i| format!("x-cos-meta-{i}: {i}\r\n")).collect();
        let found = head(&format!("HTTP/1.1 200 OK\r\n{small}\r\n")).unwrap();
        assert_eq!(found.header("x-cos-meta-4999"), Some("4999"));
        let large = "z".repeat(100_000);
        let found = head(&format!("HTTP/1.1 200 OK\r\nX-Cos-Meta-A: {large}\r\n\r\n")).unwrap();
        assert_eq!(found.header("x-cos-meta-a"), Some(large.as_str()));
    }

    #[test]
    fn interim_answers_and_parts_of_heads() {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
        let all = format!("{interim}HTTP/1.1 200 OK\r\n\r\n");
        assert!(matches!(find(all.as_bytes()), Ok(Found::Interim(n)) if n == interim.len()));
        for n in 0..interim.len() {
            assert!(matches!(find(&all.as_bytes()[..n]), Ok(Found::Part)), "{n}");
        }
    }

    /// Parsing each of these beginnings would take minutes.
    #[test]
    fn heads_may_arrive_byte_by_byte() {
        let headers: String = (0..10_000).map(|i| format!("{i}:\r\n")).collect();
        for (head, ending) in [(headers.as_str(), "\r\n"), ("", "\r\n"), ("x: y\n", "\n")] {
            let all = format!("HTTP/1.1 200 OK\r\n{head}{ending}");
            let mut search = Search::default();
            for n in 1..all.len() {
                let found = search.find(&all.as_bytes()[..n]);
                assert!(matches!(found, Ok(Found::Part)), "{n}: {found:?}");
            }
            let found = search.find(all.as_bytes());
            assert!(matches!(found, Ok(Found::Final(n, _)) if n == all.len()), "{found:?}");
            // What comes next is looked for anew.
            assert!(search.find(b"SSH-2.0-OpenSSH").is_err());
        }
    }
}
