//! Secrets in what a server says: some repeat what they refuse, in whatever wrapping.
//!
//! A text is looked through without its wrapping: percent signs, escapes and entities undone, and
//! letters and digits alone, so that neither the alphabet of Base64 nor line breaks matter. A run
//! of those that is a run of a secret is a find.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use memchr::memchr3;
use memchr::memmem::find_iter;
use zeroize::{Zeroize, Zeroizing};

use crate::reply::{Failure, Result, json};

/// What stands in place of a secret.
const REMOVED: &str = "***";
/// So many letters and digits in a row are no coincidence.
const RUN: usize = size_of::<u128>();
/// So many of them are looked up at a time.
const GROUP: usize = size_of::<u32>();
/// The groups of a text that are looked up begin so far apart, and those of a secret that are known
/// begin so far apart. The two have no common divisor, so every long run has one that is both.
const STRIDE: usize = GROUP;
const STRIDE_OF_SECRET: usize = 3;
/// A run of so many is long.
const LONG: usize = STRIDE * STRIDE_OF_SECRET + GROUP - 1;
/// A secret with fewer letters and digits would be found everywhere.
const SHORTEST: usize = 8;
/// How many wrappings are undone.
const WRAPPINGS: usize = 3;

/// A secret text. Whoever needs it shares it, so that there is one to wipe.
pub type Secret = Arc<Zeroizing<String>>;

/// What a request must not find in its reply.
#[derive(Clone)]
pub struct Secrets {
    /// Those of the client.
    constant: Arc<Constant>,
    /// That of the request.
    signature: String,
    sieve: Sieve,
    /// What may be an ordinary word: it is looked for in refusals alone.
    words: Option<Arc<Secrets>>,
}

/// Secrets that stay the same.
struct Constant {
    secrets: Vec<Secret>,
    /// The letters and digits of forms that have fewer than [`LONG`], and which of the bits count.
    short: Vec<(u128, u128)>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Whatever these contain.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Secrets {
        let mut constant = Constant { secrets: secrets.into_iter().collect(), short: Vec::new() };
        let (mut sieve, mut forms) = (Sieve::new(), Forms::default());
        for secret in &constant.secrets {
            forms.for_each(secret, |form| {
                if form.len() >= LONG {
                    sieve.add(form);
                } else if form.len() >= SHORTEST {
                    let run = form.iter().fold(0, |run, byte| push(run, *byte));
                    constant.short.push((run, u128::MAX >> (8 * (RUN - form.len()))));
                }
            });
        }
        forms.wipe();
        Secrets { constant: Arc::new(constant), signature: String::new(), sieve, words: None }
    }

    /// The same, and a password that people choose: names of files may have it in them.
    pub fn and_word(mut self, word: Option<Secret>) -> Secrets {
        self.words = word.map(|word| Arc::new(Secrets::new([word])));
        self
    }

    /// The same, and the signature of a request, which is long.
    pub fn with(&self, signature: &str) -> Secrets {
        let mut all = Secrets { signature: signature.to_owned(), ..self.clone() };
        Forms::default().for_each(signature, |form| all.sieve.add(form));
        all
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
        self.long_are_in(text) || self.short_are_in(text)
    }

    /// Looks up the letters and digits of `text` in groups, and looks around those that the sieve
    /// knows.
    fn long_are_in(&self, text: &[u8]) -> bool {
        /// How much of a text is looked at in one go.
        const CHUNK: usize = 1024;
        /// What must be there before and behind a group that is looked around.
        const AROUND: usize = RUN - GROUP;
        let mut plain = Plain { bytes: [0; CHUNK + 64], len: 0 };
        let mut at = 0;
        let mut chunks = text.chunks(CHUNK).peekable();
        while let Some(chunk) = chunks.next() {
            plain.append(chunk);
            let behind = if chunks.peek().is_some() { AROUND } else { 0 };
            let end = plain.len.saturating_sub(behind).max(at);
            for group in plain.bytes[at..end].as_chunks().0 {
                if self.sieve.has(u32::from_ne_bytes(*group))
                    && self.have_run_around(plain.as_slice(), at)
                {
                    return true;
                }
                at += STRIDE;
            }
            let kept = at.saturating_sub(AROUND).min(plain.len);
            plain.forget(kept);
            at -= kept;
        }
        false
    }

    /// Whether the group at `at` is in a run that is one of a secret.
    fn have_run_around(&self, plain: &[u8], at: usize) -> bool {
        let (before, rest) = plain.split_at(at);
        let (group, behind) = rest.split_at(GROUP);
        let is_in = |form: &[u8]| {
            find_iter(form, group).any(|i| {
                let left = form[..i].iter().rev().zip(before.iter().rev());
                let right = form[i + GROUP..].iter().zip(behind);
                let len = left.take_while(|(ours, theirs)| ours == theirs).count()
                    + right.take_while(|(ours, theirs)| ours == theirs).count();
                GROUP + len >= RUN.min(form.len())
            })
        };
        let (mut forms, mut is_found) = (Forms::default(), false);
        let constant = self.constant.secrets.iter().map(|secret| secret.as_str());
        for secret in constant.chain([self.signature.as_str()]) {
            forms.for_each(secret, |form| is_found |= form.len() >= LONG && is_in(form));
        }
        forms.wipe();
        is_found
    }

    /// Looks everywhere for what is too short to be known by its groups.
    fn short_are_in(&self, text: &[u8]) -> bool {
        let short = &self.constant.short;
        let mut run = 0;
        !short.is_empty()
            && text.iter().filter(|byte| byte.is_ascii_alphanumeric()).any(|byte| {
                run = push(run, *byte);
                short.iter().any(|(secret, bits)| run & bits == *secret)
            })
    }

    /// Whether [`Secrets::removed_from`] would change a reply.
    pub fn are_in_reply(&self, json: &str, is_success: bool) -> Result<bool> {
        if self.are_in(json)? {
            return Ok(true);
        }
        match &self.words {
            Some(words) if !is_success => words.are_in(json),
            _ => Ok(false),
        }
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
        let bare = json::with_strings(&json, |is_name, string| {
            if is_name { self.removed_from_string(string) } else { Ok(Some(REMOVED.to_owned())) }
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

impl Drop for Constant {
    fn drop(&mut self) {
        self.short.iter_mut().for_each(|(run, _)| run.zeroize());
    }
}

/// Makes the forms of secrets.
#[derive(Default)]
struct Forms {
    encoded: String,
    plain: Vec<u8>,
}

impl Forms {
    /// The letters and digits of a secret: as it is, and in Base64, wherever in an encoded text it
    /// begins; what is mixed with its neighbours there is left out.
    fn for_each(&mut self, secret: &str, mut each: impl FnMut(&[u8])) {
        each(alphanumeric(secret.as_bytes(), &mut self.plain));
        for start in 0..3 {
            let rest = secret.as_bytes().get(start..).unwrap_or_default();
            self.encoded.clear();
            BASE64_STANDARD_NO_PAD
                .encode_string(rest.as_chunks::<3>().0.as_flattened(), &mut self.encoded);
            each(alphanumeric(self.encoded.as_bytes(), &mut self.plain));
        }
    }

    fn wipe(&mut self) {
        self.encoded.zeroize();
        self.plain.zeroize();
    }
}

/// The letters and digits of `text`, in `plain`.
fn alphanumeric<'p>(text: &[u8], plain: &'p mut Vec<u8>) -> &'p [u8] {
    // A block is written whole.
    let room = text.len() + BLOCK;
    if plain.len() < room {
        plain.resize(room, 0);
    }
    let len = append(plain, 0, text);
    &plain[..len]
}

/// Letters and digits of a text that is read in chunks.
struct Plain<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Plain<N> {
    fn append(&mut self, text: &[u8]) {
        self.len = append(&mut self.bytes, self.len, text);
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Forgets the first `n`.
    fn forget(&mut self, n: usize) {
        self.bytes.copy_within(n..self.len, 0);
        self.len -= n;
    }
}

/// Writes the letters and digits of `text` behind the first `len` bytes of `plain`; returns where
/// they end. There must be room for a block more.
fn append(plain: &mut [u8], mut len: usize, text: &[u8]) -> usize {
    let (blocks, rest) = text.as_chunks();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for block in blocks.iter().chain([&last]) {
        let Some(room) = plain[len..].first_chunk_mut() else {
            break;
        };
        len += compact(*block, room);
    }
    len
}

const BLOCK: usize = 8;

/// Writes the letters and digits of a block to `room`; returns how many there are. Written out,
/// because every reply goes through it.
fn compact([a, b, c, d, e, f, g, h]: [u8; BLOCK], room: &mut [u8; BLOCK]) -> usize {
    let n = put(a, 0, room);
    let n = put(b, n, room);
    let n = put(c, n, room);
    let n = put(d, n, room);
    let n = put(e, n, room);
    let n = put(f, n, room);
    let n = put(g, n, room);
    put(h, n, room)
}

/// Writes a byte, which the next one takes the place of if it is neither letter nor digit.
#[inline(always)]
fn put(byte: u8, n: usize, room: &mut [u8; BLOCK]) -> usize {
    room[n % BLOCK] = byte;
    n + usize::from(IS_ALPHANUMERIC[usize::from(byte)])
}

static IS_ALPHANUMERIC: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// Tells most groups that are in no secret from those that are in one, without looking at any.
#[derive(Clone)]
struct Sieve(Box<[u64; 512]>);

impl Sieve {
    fn new() -> Sieve {
        Sieve(Box::new([0; 512]))
    }

    /// Adds the groups of a secret.
    fn add(&mut self, form: &[u8]) {
        let mut rest = form;
        while let Some(group) = rest.first_chunk() {
            let hash = Sieve::hash(u32::from_ne_bytes(*group));
            let (first, second) = (Sieve::bit(hash), Sieve::bit(hash << 15));
            self.0[first.0] |= first.1;
            self.0[second.0] |= second.1;
            rest = rest.get(STRIDE_OF_SECRET..).unwrap_or_default();
        }
    }

    #[inline(always)]
    fn has(&self, group: u32) -> bool {
        let hash = Sieve::hash(group);
        let has = |(place, bit): (usize, u64)| self.0[place] & bit != 0;
        has(Sieve::bit(hash)) && has(Sieve::bit(hash << 15))
    }

    fn hash(group: u32) -> u64 {
        u64::from(group).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// A bit that stands for a group; two do.
    fn bit(hash: u64) -> (usize, u64) {
        ((hash >> 55) as usize, 1 << (hash >> 49 & 63))
    }
}

/// A run with one more byte, the first of [`RUN`] forgotten.
fn push(run: u128, byte: u8) -> u128 {
    run << 8 | u128::from(byte)
}

/// Undoes a wrapping: `%2B`, `\u002b`, `\x2b`, `\n`, `\/`, `&#43;` and `&#x2b;`. `None` if there is
/// none.
fn unwrap(text: &[u8]) -> Result<Option<Vec<u8>>> {
    let next = |text| memchr3(b'%', b'\\', b'&', text);
    if next(text).is_none() {
        return Ok(None);
    }
    let mut out = Vec::new();
    out.try_reserve_exact(text.len()).map_err(|_| Failure::no_memory(text.len()))?;
    let mut rest = text;
    let mut found = false;
    while let Some(at) = next(rest) {
        let (before, wrapped) = rest.split_at(at);
        out.extend_from_slice(before);
        let (first, tail) = (wrapped[0], &wrapped[1..]);
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
        .unwrap_or((first, 0));
        out.push(byte);
        rest = &tail[len..];
    }
    out.extend_from_slice(rest);
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every long run of a secret is found, wherever it stands in it and in a text.
        #[test]
        fn every_run_is_found(
            secret in "[A-Za-z0-9+/]{40,120}",
            from in 0usize..100,
            before in "[ -~]{0,40}|[ -~]{1000,1100}",
            after in "[ -~]{0,40}|[ -~]{1000,1100}",
        ) {
            let is_plain = |c: &char| c.is_ascii_alphanumeric();
            let run: String = secret.chars().skip(from).filter(is_plain).take(RUN).collect();
            prop_assume!(run.len() == RUN);
            let text = format!("{before}{run}{after}");
            let long = format!("{secret}{secret}");
            prop_assert!(Secrets::new([self::secret(&secret)]).are_plainly_in(text.as_bytes()));
            prop_assert!(Secrets::new([]).with(&secret).are_plainly_in(text.as_bytes()));
            prop_assert!(Secrets::new([self::secret(&long)]).are_plainly_in(text.as_bytes()));
        }

        #[test]
        fn letters_and_digits_are_those_of_the_standard(text: Vec<u8>) {
            let expected: Vec<u8> =
                text.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
            let mut plain = Vec::new();
            prop_assert_eq!(alphanumeric(&text, &mut plain), expected.as_slice());
        }
    }

    const SIGNATURE: &str = "uTRvdi6NBBFEhltsbRudzMqFP+ZhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9J\
                             RCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAw/J9MTIzNDU2Nzg5JmI9bXlidWNrZXQ==";
    const PASSWORD: &str = "hunter2-hunter2";

    fn secret(text: &str) -> Secret {
        Arc::new(Zeroizing::new(text.to_owned()))
    }

    fn secrets() -> Secrets {
        Secrets::new([SIGNATURE, PASSWORD].map(secret))
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
        let short = Secrets::new(["pw", ""].map(secret));
        assert_eq!(
            short.removed_from(r#"{"a":"pw"}"#.into(), true).unwrap().unwrap(),
            r#"{"a":"pw"}"#
        );
    }

    #[test]
    fn a_word_that_is_a_password_stays_in_a_success() {
        let secrets = secrets().and_word(Some(secret("download")));
        let json = r#"{"download_url":"/download-1"}"#;
        let shown = |is_success| secrets.removed_from(json.to_owned(), is_success).unwrap();
        assert_eq!(shown(true).as_deref(), Some(json));
        assert!(!shown(false).unwrap().contains("download"));
    }
}
