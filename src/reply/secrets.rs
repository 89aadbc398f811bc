//! Secrets in what a server says: some repeat what they refuse, in whatever wrapping.
//!
//! A text is looked through without its wrapping: percent signs, escapes and entities undone, and
//! letters and digits alone, so that neither the alphabet of Base64 nor line breaks matter. A run
//! of those that is a run of a secret is a find.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::{Zeroize, Zeroizing};

use crate::reply::{Failure, Result, json};

/// What stands in place of a secret.
const REMOVED: &str = "***";
/// So many letters and digits in a row are no coincidence.
const RUN: usize = size_of::<u128>();
/// Secrets are cut into runs that begin so many letters and digits after each other.
const STEP: usize = 4;
/// A secret with fewer letters and digits would be found everywhere.
const SHORTEST: usize = 8;
/// How many wrappings are undone.
const WRAPPINGS: usize = 3;

/// What a request must not find in its reply.
#[derive(Clone)]
pub struct Secrets {
    /// Letters and digits in a row, and which of the bits count.
    runs: Vec<Vec<(u128, u128)>>,
    /// A bit for what a run ends with.
    sieve: [u64; 256],
    /// What may be an ordinary word: it is looked for in refusals alone.
    words: Option<Box<Secrets>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Whatever these contain.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Secrets {
        let mut all = Secrets { runs: Vec::new(), sieve: [0; 256], words: None };
        for secret in secrets {
            all.add_all(secret);
        }
        all
    }

    fn add_all(&mut self, secret: &str) {
        let secret = secret.as_bytes();
        self.add(secret);
        // Wherever in an encoded text it starts; what is mixed with its neighbours is cut off.
        for before in 0..3 {
            let shifted = Zeroizing::new([&vec![0; before], secret].concat());
            let encoded = Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(&shifted));
            let whole = before.div_ceil(3) * 4..shifted.len() / 3 * 4;
            self.add(encoded.as_bytes().get(whole).unwrap_or_default());
        }
    }

    /// The same, and a password that people choose: names of files may have it in them.
    pub fn and_word(mut self, word: Option<&str>) -> Secrets {
        self.words = word.map(|word| Box::new(Secrets::new([word])));
        self
    }

    /// The same, and the signature of a request.
    pub fn with(&self, signature: &str) -> Secrets {
        let mut all = self.clone();
        all.add_all(signature);
        all
    }

    fn add(&mut self, text: &[u8]) {
        let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
        plain.extend(text.iter().copied().filter(u8::is_ascii_alphanumeric));
        let len = plain.len().min(RUN);
        if len < SHORTEST {
            return;
        }
        let last = plain.len() - len;
        let mut runs = Vec::with_capacity(last.div_ceil(STEP) + 1);
        for start in (0..last).step_by(STEP).chain([last]) {
            let run = plain[start..start + len].iter().fold(0, |run, byte| push(run, *byte));
            let (place, bit) = sieve_of(run);
            self.sieve[place] |= bit;
            runs.push((run, u128::MAX >> (8 * (RUN - len))));
        }
        self.runs.push(runs);
    }

    /// Whether a part of a secret is in `text`, in any wrapping.
    fn are_in(&self, text: &str) -> Result<bool> {
        let mut unwrapped = None;
        for _ in 0..WRAPPINGS {
            let now = unwrapped.as_deref().unwrap_or(text.as_bytes());
            if self.are_plainly_in(now) {
                return Ok(true);
            }
            match unwrap(now)? {
                Some(next) => unwrapped = Some(next),
                None => return Ok(false),
            }
        }
        Ok(unwrapped.is_some_and(|text| self.are_plainly_in(&text)))
    }

    fn are_plainly_in(&self, text: &[u8]) -> bool {
        let mut run = 0;
        text.iter().filter(|byte| byte.is_ascii_alphanumeric()).any(|byte| {
            run = push(run, *byte);
            let (place, bit) = sieve_of(run);
            self.sieve[place] & bit != 0
                && self.runs.iter().flatten().any(|(secret, bits)| run & bits == *secret)
        })
    }

    /// The text of a reply without the secrets in it, if there are any: without the words that hold
    /// them, and where that is not enough, without the strings. `None` when even that is not enough.
    pub fn removed_from(&self, json: String, is_success: bool) -> Result<Option<String>> {
        match (self.removed(json)?, &self.words) {
            (Some(json), Some(words)) if !is_success => words.removed(json),
            (json, _) => Ok(json),
        }
    }

    fn removed(&self, json: String) -> Result<Option<String>> {
        if !self.are_in(&json)? {
            return Ok(Some(json));
        }
        let without = json::with_strings(&json, |_, string| self.removed_from_string(string))?;
        if !self.are_in(&without)? {
            return Ok(Some(without));
        }
        // A secret in pieces.
        let bare = json::with_strings(&json, |is_name, string| match is_name {
            true => self.removed_from_string(string),
            false => Ok(Some(REMOVED.to_owned())),
        })?;
        Ok((!self.are_in(&bare)?).then_some(bare))
    }

    fn removed_from_string(&self, string: &str) -> Result<Option<String>> {
        if !self.are_in(string)? {
            return Ok(None);
        }
        // What Base64 in any wrapping consists of.
        let is_inside = |c: char| c.is_ascii_alphanumeric() || "+/=-_%\\&#;".contains(c);
        let mut shown = String::new();
        for word in string.split_inclusive(|c| !is_inside(c)) {
            let (word, separator) = word.split_at(word.trim_end_matches(|c| !is_inside(c)).len());
            json::append(&mut shown, if self.are_in(word)? { REMOVED } else { word })?;
            json::append(&mut shown, separator)?;
        }
        Ok(Some(if self.are_in(&shown)? { REMOVED.to_owned() } else { shown }))
    }
}

impl Drop for Secrets {
    fn drop(&mut self) {
        self.runs.iter_mut().flatten().for_each(|(run, _)| run.zeroize());
    }
}

/// A run with one more byte, the first of [`RUN`] forgotten.
fn push(run: u128, byte: u8) -> u128 {
    run << 8 | u128::from(byte)
}

/// Which bit stands for what a run ends with.
fn sieve_of(run: u128) -> (usize, u64) {
    let hash = (run as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((hash >> 56) as usize, 1 << (hash >> 50 & 63))
}

/// Undoes a wrapping: `%2B`, `\u002b`, `\x2b`, `\n`, `\/`, `&#43;` and `&#x2b;`. `None` if there is
/// none.
fn unwrap(text: &[u8]) -> Result<Option<Vec<u8>>> {
    let is_wrapped = text.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'&'));
    if !is_wrapped {
        return Ok(None);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(text.len()).map_err(|_| Failure::no_memory(text.len()))?;
    let mut rest = text;
    let mut found = false;
    while let [first, tail @ ..] = rest {
        let (byte, len) = match (first, tail) {
            (b'%', tail) => number(tail, 16, 2),
            (b'\\', [b'u', tail @ ..]) => behind(1, number(tail, 16, 4)),
            (b'\\', [b'x', tail @ ..]) => behind(1, number(tail, 16, 2)),
            (b'\\', [b'b' | b'f' | b'n' | b'r' | b't', ..]) => Some((b' ', 1)),
            (b'\\', [byte, ..]) => Some((*byte, 1)),
            (b'&', [b'#', b'x' | b'X', tail @ ..]) => behind(2, entity(tail, 16)),
            (b'&', [b'#', tail @ ..]) => behind(1, entity(tail, 10)),
            _ => None,
        }
        .inspect(|_| found = true)
        .unwrap_or((*first, 0));
        out.push(byte);
        rest = &tail[len..];
    }
    Ok(found.then_some(out))
}

fn behind(skipped: usize, found: Option<(u8, usize)>) -> Option<(u8, usize)> {
    found.map(|(byte, len)| (byte, len + skipped))
}

/// A number of `len` digits; one that is no ASCII character separates as a blank does.
fn number(text: &[u8], radix: u32, len: usize) -> Option<(u8, usize)> {
    let digits = text.get(..len)?;
    let value = digits.iter().try_fold(0u32, |value, digit| {
        value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)
    })?;
    Some((u8::try_from(value).ok().filter(u8::is_ascii).unwrap_or(b' '), len))
}

/// The number of an entity, up to its semicolon.
fn entity(text: &[u8], radix: u32) -> Option<(u8, usize)> {
    let len = text.iter().take(8).position(|byte| *byte == b';')?;
    let (byte, _) = number(text, radix, len).filter(|_| len > 0)?;
    Some((byte, len + 1))
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    const SIGNATURE: &str = "uTRvdi6NBBFEhltsbRudzMqFP+ZhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9J\
                             RCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAw/J9MTIzNDU2Nzg5JmI9bXlidWNrZXQ==";
    const PASSWORD: &str = "hunter2-hunter2";

    fn secrets() -> Secrets {
        Secrets::new([SIGNATURE, PASSWORD])
    }

    fn shown(json: &str) -> String {
        secrets().removed_from(json.to_owned(), true).unwrap().unwrap()
    }

    /// Escapes every byte.
    fn escaped(text: &str, escape: impl Fn(u8) -> String) -> String {
        text.bytes().map(escape).collect()
    }

    fn percent(text: &str) -> String {
        text.replace('%', "%25").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
    }

    #[test]
    fn secrets_are_found_in_every_wrapping() {
        let lines = |len: usize, end: &str| {
            let lines: Vec<_> =
                SIGNATURE.as_bytes().chunks(len).map(String::from_utf8_lossy).collect();
            lines.join(end)
        };
        for wrapped in [
            SIGNATURE.to_owned(),
            percent(SIGNATURE),
            percent(&percent(SIGNATURE)),
            SIGNATURE.replace('+', "-").replace('/', "_").replace('=', ""),
            SIGNATURE.replace('/', "\\/"),
            SIGNATURE.replace('+', "\\u002b"),
            SIGNATURE.replace('+', "&#43;").replace('/', "&#x2f;"),
            escaped(SIGNATURE, |byte| format!("%{byte:02X}")),
            escaped(SIGNATURE, |byte| format!("\\u00{byte:02x}")),
            escaped(SIGNATURE, |byte| format!("&#{byte};")),
            escaped(SIGNATURE, |byte| format!("&#x{byte:x};")),
            lines(76, "\r\n"),
            lines(10, "\n"),
            lines(10, "\\n"),
            lines(3, " "),
            BASE64_STANDARD.encode(SIGNATURE),
            BASE64_STANDARD.encode(format!("Authorization: {SIGNATURE}\r\n")),
            BASE64_URL_SAFE_NO_PAD.encode(format!("x{SIGNATURE}")),
            BASE64_STANDARD.encode(format!("user:{PASSWORD}")),
            PASSWORD.to_owned(),
            SIGNATURE[..27].to_owned(),
            SIGNATURE[40..70].to_owned(),
        ] {
            let quoted = serde_json::Value::from(format!("wrong: {wrapped}, isn't it?"));
            for json in [
                format!(r#"{{"code":-97,"message":{quoted},"request_id":"abc"}}"#),
                format!(r#"{{"code":-97,{quoted}:1,"request_id":"abc"}}"#),
                format!(r#"{{"code":-97,"data":[{{"x":{quoted}}}],"request_id":"abc"}}"#),
            ] {
                let shown = shown(&json);
                assert!(shown.contains("***") && !secrets().are_in(&shown).unwrap(), "{shown}");
                assert!(json::members(&shown).is_some(), "{shown}");
                assert!(shown.starts_with(r#"{"code":-97,"#), "{shown}");
                assert!(shown.ends_with(r#""request_id":"abc"}"#), "{shown}");
            }
        }
    }

    #[test]
    fn words_beside_a_secret_stay() {
        for (text, left) in [
            (format!("错误 sign={SIGNATURE}, a/b"), "错误 ***, a/b"),
            (format!("GET /a?sign={} HTTP/1.1", percent(SIGNATURE)), "GET /a?*** HTTP/1.1"),
            (format!("Authorization: {SIGNATURE}\r\nHost: x"), "Authorization: ***\\r\\nHost: x"),
        ] {
            let json = serde_json::json!({ "message": text }).to_string();
            assert_eq!(shown(&json), format!(r#"{{"message":"{left}"}}"#));
        }
    }

    #[test]
    fn a_secret_in_pieces_takes_all_texts_with_it() {
        let pieces: Vec<_> = SIGNATURE.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
        let json = serde_json::json!({"code": -97, "message": "x", "data": pieces}).to_string();
        let shown = shown(&json);
        assert!(shown.starts_with(r#"{"code":-97,"message":"***","data":["***","***""#), "{shown}");
        let halves = SIGNATURE.split_at(70);
        let json = serde_json::json!({"message": "x", "a": halves.0, "b": halves.1}).to_string();
        assert_eq!(self::shown(&json), r#"{"message":"x","a":"***","b":"***"}"#);
    }

    #[test]
    fn what_holds_no_secret_stays_to_the_letter() {
        for json in [
            "{}",
            r#"{"code":-197, "message":"X\u0041\/%2B&#43;","odd":1e400,"\u12":[ "" ]}"#,
            r#"{"sha":"2e9a2143beea54b151b9922328b9b996b921188d","id":"NTkzZjdiZDRfMjhl%2B/=="}"#,
            // Too short to tell anything.
            &format!(r#"{{"etag":"{}"}}"#, &SIGNATURE[..12]),
        ] {
            assert_eq!(shown(json), json);
        }
        let short = Secrets::new(["pw", ""]);
        assert_eq!(
            short.removed_from(r#"{"a":"pw"}"#.into(), true).unwrap().unwrap(),
            r#"{"a":"pw"}"#
        );
    }

    #[test]
    fn a_word_that_is_a_password_stays_in_a_success() {
        let secrets = secrets().and_word(Some("download"));
        let json = r#"{"download_url":"/download-1"}"#;
        let shown = |is_success| secrets.removed_from(json.to_owned(), is_success).unwrap();
        assert_eq!(shown(true).as_deref(), Some(json));
        assert!(!shown(false).unwrap().contains("download"));
    }
}
