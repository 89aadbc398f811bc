//! Signatures: who may send this request, and until when.
//!
//! A signature is `HMAC-SHA1(key of the time, digest of what is signed)`. What is signed is the
//! method, the decoded path, and those parameters and headers that the signature lists. It stands
//! in the header `Authorization`, or in the query of a presigned URL.

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};

use crate::account::Account;
use crate::content::hash::hex;
use crate::os::forgetting;
use crate::path::encode_query;

/// What a signature covers; all of it decoded.
pub struct Signed<'a> {
    /// `GET` and so on.
    pub method: &'a str,
    /// The path, from its slash on.
    pub path: &'a str,
    /// Parameters of the query.
    pub params: &'a [(&'a str, &'a str)],
    /// Headers.
    pub headers: &'a [(&'a str, &'a str)],
}

/// From when until when a signature is valid, in UNIX seconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// Its beginning.
    pub start: u64,
    /// Its end.
    pub end: u64,
}

/// A signature and what has to be known to verify it.
pub struct Authorization([(&'static str, String); 7]);

impl Authorization {
    /// As it stands in a header.
    pub fn header(&self) -> String {
        self.joined(String::push_str)
    }

    /// As it stands in a query.
    pub fn query(&self) -> String {
        self.joined(|out, value| out.push_str(&encode_query(value)))
    }

    /// The signature alone.
    pub fn signature(&self) -> &str {
        &self.0[6].1
    }

    fn joined(&self, add: fn(&mut String, &str)) -> String {
        let mut joined = String::with_capacity(512);
        for (i, (name, value)) in self.0.iter().enumerate() {
            joined.push_str(if i == 0 { "" } else { "&" });
            joined.push_str(name);
            joined.push('=');
            add(&mut joined, value);
        }
        joined
    }
}

/// Signs.
pub fn sign(account: &Account, signed: &Signed, lifetime: Lifetime) -> Authorization {
    let time = [&*lifetime.start.to_string(), ";", &lifetime.end.to_string()].concat();
    let (params, headers) = (Listed::new(signed.params), Listed::new(signed.headers));
    let text = text(signed, &params, &headers);
    let signature = forgetting(|| {
        let key = key(account.secret_key(), &time);
        signature(&key, &time, &text)
    });
    Authorization([
        ("q-sign-algorithm", "sha1".to_owned()),
        ("q-ak", account.secret_id().to_owned()),
        ("q-sign-time", time.clone()),
        ("q-key-time", time),
        ("q-header-list", headers.names),
        ("q-url-param-list", params.names),
        ("q-signature", signature),
    ])
}

/// What is signed, in lines.
fn text(signed: &Signed, params: &Listed, headers: &Listed) -> String {
    let method = signed.method.to_ascii_lowercase();
    [&method, "\n", signed.path, "\n", &params.pairs, "\n", &headers.pairs, "\n"].concat()
}

/// The hex text of the key that is good for `time`.
fn key(secret_key: &str, time: &str) -> String {
    hex(&hmac(secret_key.as_bytes(), time.as_bytes()))
}

/// `key` is the hex text of the key that is good for `time`.
fn signature(key: &str, time: &str, text: &str) -> String {
    let digest = hex(&Sha1::digest(text));
    let plain = ["sha1\n", time, "\n", &digest, "\n"].concat();
    hex(&hmac(key.as_bytes(), plain.as_bytes()))
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 20] {
    match Hmac::<Sha1>::new_from_slice(key) {
        Ok(mac) => mac.chain_update(message).finalize().into_bytes().into(),
        // HMAC takes keys of every length.
        Err(_) => [0; 20],
    }
}

/// Parameters or headers as they are signed, sorted by their names.
struct Listed {
    /// Their names.
    names: String,
    /// Names and values.
    pairs: String,
}

impl Listed {
    fn new(all: &[(&str, &str)]) -> Listed {
        let mut sorted: Vec<(String, &str)> = Vec::with_capacity(all.len());
        for (name, value) in all {
            // Lower case also for the hexadecimal digits of the encoding.
            let mut name = encode_query(name);
            name.make_ascii_lowercase();
            // There are only a few, and code that sorts would make the library larger.
            let place = sorted.partition_point(|(n, v)| (n, *v) <= (&name, *value));
            sorted.insert(place, (name, value));
        }
        let (mut names, mut pairs) = (String::new(), String::new());
        for (i, (name, value)) in sorted.iter().enumerate() {
            let (semicolon, and) = if i == 0 { ("", "") } else { (";", "&") };
            names.extend([semicolon, name]);
            pairs.extend([and, name, "=", &encode_query(value)]);
        }
        Listed { names, pairs }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::path::encode;

    #[derive(Deserialize)]
    struct Vectors {
        secret_id: String,
        secret_key: String,
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        id: String,
        method: String,
        path: String,
        headers: BTreeMap<String, String>,
        params: BTreeMap<String, String>,
        start: u64,
        end: u64,
        signed: String,
        header_list: String,
        param_list: String,
        sign_key: String,
        signature: String,
        authorization: Option<String>,
        url: Option<String>,
    }

    fn pairs(map: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
        // Not in the order in which they are signed.
        map.iter().rev().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn published_vectors() {
        let all: Vectors = serde_json::from_str(include_str!("sign_vectors.json")).unwrap();
        let account = Account::new("1250000000", &all.secret_id, &all.secret_key).unwrap();
        assert_eq!(all.vectors.len(), 24);
        for vector in &all.vectors {
            let (params, headers) = (pairs(&vector.params), pairs(&vector.headers));
            let signed = Signed {
                method: &vector.method,
                path: &vector.path,
                params: &params,
                headers: &headers,
            };
            let (listed_params, listed_headers) = (Listed::new(&params), Listed::new(&headers));
            let text = text(&signed, &listed_params, &listed_headers);
            let id = &vector.id;
            assert_eq!(text, vector.signed, "{id}");
            assert_eq!(listed_headers.names, vector.header_list, "{id}");
            assert_eq!(listed_params.names, vector.param_list, "{id}");
            let time = format!("{};{}", vector.start, vector.end);
            assert_eq!(signature(&vector.sign_key, &time, &text), vector.signature, "{id}");
            let lifetime = Lifetime { start: vector.start, end: vector.end };
            let authorization = sign(&account, &signed, lifetime);
            if let Some(expected) = &vector.authorization {
                assert_eq!(authorization.header(), *expected, "{id}");
                assert_eq!(authorization.signature(), vector.signature, "{id}");
            }
            if let Some(expected) = &vector.url {
                let (path, query) = (encode(&vector.path), authorization.query());
                let mut url = format!("https://{}{path}?{query}", vector.headers["Host"]);
                for (name, value) in &vector.params {
                    url.push_str(&format!("&{name}={}", encode_query(value)));
                }
                assert_eq!(url, *expected, "{id}");
            }
        }
    }

    #[test]
    fn repeated_and_empty_parameters_are_all_listed() {
        let listed = Listed::new(&[("b", "2"), ("A", ""), ("b", "1"), ("a", "x y")]);
        assert_eq!(listed.names, "a;a;b;b");
        assert_eq!(listed.pairs, "a=&a=x%20y&b=1&b=2");
        assert_eq!(Listed::new(&[]).pairs, "");
    }
}
