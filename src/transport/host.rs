//! Hosts and proxies: what an option names is read once, and that is where connections go.

use std::fmt;
use std::net::Ipv6Addr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A name or an address; an IPv6 address has no brackets here.
    pub name: String,
    /// The port.
    pub port: u16,
}

impl Host {
    /// Reads `host[:port]`; `None` for anything else.
    pub fn parse(text: &str, default_port: u16) -> Option<Host> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (text, None),
        };
        let name = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().ok().map(|_| address),
            None => {
                let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
                let is_good = !name.is_empty() && name.len() <= 253 && name.bytes().all(legal);
                is_good.then_some(name)
            }
        }?;
        let port = match port {
            None => default_port,
            Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
                port.parse().ok().filter(|port| *port > 0)?
            }
            Some(_) => return None,
        };
        Some(Host { name: name.to_owned(), port })
    }

    /// Reads the host of `scheme://host[:port]`.
    pub fn of_origin(origin: &str) -> Option<Host> {
        match origin.split_once("://")? {
            ("https", host) => Host::parse(host, 443),
            (_, host) => Host::parse(host, 80),
        }
    }

    /// Whether it is an IPv6 address.
    pub fn is_ipv6(&self) -> bool {
        self.name.contains(':')
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ipv6() {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it is.
    pub host: Host,
    /// The value of `Proxy-Authorization`, if it wants one. Secret.
    pub authorization: Option<String>,
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Proxy> {
        let authority = text.strip_prefix("http://")?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority),
        };
        // Port 0 stands for none, which no host has.
        let host = Host::parse(host, 0).filter(|host| host.port > 0)?;
        let authorization = match credentials {
            None => None,
            Some(credentials) => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                let plain = format!("{}:{}", decode(user)?, decode(password)?);
                Some(format!("Basic {}", BASE64_STANDARD.encode(plain)))
            }
        };
        Some(Proxy { host, authorization })
    }

    /// `user:password`, if it wants one. Secret.
    pub fn credentials(&self) -> Option<String> {
        let encoded = self.authorization.as_deref()?.strip_prefix("Basic ")?;
        String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
    }
}

/// Reads a user name or password as it is written in a URL.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte) => byte,
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_in_one_way() {
        for (text, name, port) in [
            ("a.example", "a.example", 80),
            ("a_b-c:8080", "a_b-c", 8080),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]", "::1", 80),
            ("[fe80::1]:65535", "fe80::1", 65535),
        ] {
            let host = Host::parse(text, 80).unwrap();
            assert_eq!((host.name.as_str(), host.port), (name, port), "{text}");
        }
        for text in ["", ":1", "a:", "a:0", "a:65536", "a:+1", "a b", "u@a", "a/b", "[a]", "::1"] {
            assert_eq!(Host::parse(text, 80), None, "{text}");
        }
        assert_eq!(Host::of_origin("https://[::1]").unwrap().to_string(), "[::1]:443");
    }

    #[test]
    fn a_proxy_is_one_host() {
        let read = |text: &str| {
            let proxy = Proxy::parse(text)?;
            let code =
                proxy.authorization.map(|text| text.strip_prefix("Basic ").map(str::to_owned));
            let plain = code.map(|code| BASE64_STANDARD.decode(code.unwrap()).unwrap());
            Some((proxy.host.to_string(), plain.map(|plain| String::from_utf8(plain).unwrap())))
        };
        for (text, host, credentials) in [
            ("http://a:1", "a:1", None),
            ("http://a:1/", "a:1", None),
            ("http://[::1]:3128", "[::1]:3128", None),
            ("http://user:secret@a:1", "a:1", Some("user:secret")),
            ("http://user@a:1", "a:1", Some("user:")),
            ("http://us%40er:p%3A%2F%25+:%E5%AF%86@a:1", "a:1", Some("us@er:p:/%+:密")),
        ] {
            let expected = (host.to_owned(), credentials.map(str::to_owned));
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "a:1",
            "https://a:1",
            "HTTP://a:1",
            "http://a",
            "http://a:0",
            "http://a:1//",
            "http://a:1/path",
            "http://a:1?x",
            "http://a:1#x",
            "http://a:1/x@b:2",
            "http://a:1?x@b:2",
            "http://a:1#x@b:2",
            "http://a:1\\x@b:2",
            "http://user:pass/word@b:2",
            "http://user:pass?word@b:2",
            "http://user:pass#word@b:2",
            "http://user:pass word@b:2",
            "http://user:p@ss@b:2",
            "http://user:%@b:2",
            "http://user:%zz@b:2",
            "http://user:%ff@b:2",
            "http://user:%0d%0a@b:2",
            "http://user:密@b:2",
            "http://b:2 ",
            " http://b:2",
            "http://b:2\t",
            "http://b:2@",
            "http://a:1,b:2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
