//! Secrets in what a server says: some repeat what they refuse, in whatever wrapping.
//!
//! A text is looked through without its wrapping: percent signs, escapes and entities undone, and
//! letters and digits alone, so that neither the alphabet of Base64 nor line breaks matter. A run
//! of those that is a run of a secret is a find.

use std::fmt;
use std::sync::Arc;

use memchr::memchr3;
use memchr::memmem::find_iter;
use zeroize::{Zeroize, Zeroizing};

use crate::reply::{Failure, Result, json};

/// What stands in place of a secret.
const REMOVED: &str = "***";
/// So many letters and digits in a row are no coincidence.
const RUN: usize = 16;
/// So many of them are looked up at a time.
const GROUP: usize = size_of::<u32>();
/// Of groups that begin no further apart than this, every run has one.
const STRIDE: usize = RUN - GROUP + 1;
/// A secret with fewer letters and digits would be found everywhere.
const SHORTEST: usize = 8;
/// In a text that is less than so many times as long as a signature, looking for some of its groups
/// takes less time than making all its forms.
const SMALL: usize = 16;
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
    /// What may be an ordinary word: it is looked for in refusals alone.
    words: Option<Arc<Secrets>>,
}

/// Secrets that stay the same.
struct Constant {
    secrets: Vec<Secret>,
    groups: Groups,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Whatever these contain.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Secrets {
        let secrets: Vec<_> = secrets.into_iter().collect();
        let groups = Groups::of(&forms_of(secrets.iter().map(|secret| secret.as_str())));
        let constant = Arc::new(Constant { secrets, groups });
        Secrets { constant, signature: String::new(), words: None }
    }

    /// The same, and a password that people choose: names of files may have it in them.
    pub fn and_word(mut self, word: Option<Secret>) -> Secrets {
        self.words = word.map(|word| Arc::new(Secrets::new([word])));
        self
    }

    /// The same, and the signature of a request, which is long.
    pub fn with(&self, signature: &str) -> Secrets {
        Secrets { signature: signature.to_owned(), ..self.clone() }
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
        let signature = self.signature.as_bytes();
        let is_small = text.len() < SMALL * signature.len();
        let may_be_signed = !signature.is_empty() && (!is_small || has_group_of(text, signature));
        let of_signature = may_be_signed.then(|| Groups::of(&forms_of([self.signature.as_str()])));
        let of_constant = &self.constant.groups;
        let stride = of_signature.as_ref().map_or(STRIDE, |groups| groups.stride);
        let stride = stride.min(of_constant.stride);
        let (mut next, mut forms) = (0, None);
        while let Some((at, group)) = group_from(text, next) {
            if of_constant.has(group)
                || of_signature.as_ref().is_some_and(|groups| groups.has(group))
            {
                let constant = self.constant.secrets.iter().map(|secret| secret.as_str());
                let all = || forms_of(constant.chain([self.signature.as_str()]));
                if have_run_around(forms.get_or_insert_with(all), text, at) {
                    return true;
                }
            }
            next = at + stride;
        }
        false
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

/// Letters and digits, which are wiped.
type Form = Zeroizing<Vec<u8>>;

/// The letters and digits of secrets: as they are, and in Base64, wherever in an encoded text they
/// begin; what is mixed with its neighbours there is left out.
fn forms_of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Vec<Form> {
    let mut forms = Vec::new();
    for secret in secrets {
        let secret = secret.as_bytes();
        let mut add = |bytes: &mut dyn Iterator<Item = u8>| {
            // Growing would leave copies behind.
            let mut form = Zeroizing::new(Vec::with_capacity(secret.len() / 3 * 4 + 4));
            form.extend(bytes.filter(|byte| is_plain(*byte)));
            if form.len() >= SHORTEST {
                forms.push(form);
            }
        };
        add(&mut secret.iter().copied());
        for start in 0..3 {
            let (blocks, _) = secret.get(start..).unwrap_or_default().as_chunks();
            add(&mut blocks.iter().flat_map(|block| base64(*block)));
        }
    }
    forms
}

/// Whether the group of a text that begins at `at` is in a run that is one of a secret.
fn have_run_around(forms: &[Form], text: &[u8], at: usize) -> bool {
    let (before, rest) = text.split_at(at);
    let before = before.iter().rev().filter(|byte| is_plain(**byte)).take(RUN - GROUP);
    let before: Vec<_> = before.copied().collect();
    let rest: Vec<_> = rest.iter().filter(|byte| is_plain(**byte)).take(RUN).copied().collect();
    let (group, behind) = rest.split_at(GROUP);
    forms.iter().any(|form| {
        find_iter(form, group).any(|i| {
            let left = form[..i].iter().rev().zip(&before);
            let right = form[i + GROUP..].iter().zip(behind);
            let len = left.take_while(|(ours, theirs)| ours == theirs).count()
                + right.take_while(|(ours, theirs)| ours == theirs).count();
            GROUP + len >= RUN.min(form.len())
        })
    })
}

/// Whether letters and digits of a text are a group of `secret` without which no run of it can be
/// there.
fn has_group_of(text: &[u8], secret: &[u8]) -> bool {
    /// The bytes of which the Base64 is no longer than a stride: its first block is a group.
    const STEP: usize = STRIDE / GROUP * 3;
    let mut groups = Groups::with_room(secret.len() / STRIDE + 3 * (secret.len() / STEP) + 4);
    let mut next = 0;
    while let Some((at, group)) = group_from(secret, next) {
        groups.add(group);
        next = at + STRIDE;
    }
    for mut start in 0..3 {
        while let Some(block) = secret.get(start..).and_then(<[u8]>::first_chunk) {
            let group = base64(*block);
            if !are_plain(group) {
                return true;
            }
            groups.add(u32::from_be_bytes(group));
            start += STEP;
        }
    }
    let mut group = 0;
    for byte in text {
        if is_plain(*byte) {
            group = group << 8 | u32::from(*byte);
            if groups.has(group) {
                return true;
            }
        }
    }
    false
}

/// A block of Base64.
fn base64([a, b, c]: [u8; 3]) -> [u8; GROUP] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = u32::from_be_bytes([0, a, b, c]);
    [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift) as usize % ALPHABET.len()])
}

/// The first letters and digits of a text behind `start`, and where they begin.
#[inline(always)]
fn group_from(text: &[u8], start: usize) -> Option<(usize, u32)> {
    let mut at = start;
    while !is_plain(*text.get(at)?) {
        at += 1;
    }
    if let Some(group) = text.get(at..).and_then(<[u8]>::first_chunk)
        && are_plain(*group)
    {
        return Some((at, u32::from_be_bytes(*group)));
    }
    let (mut group, mut len, mut i) = (0, 0, at);
    while len < GROUP {
        let byte = *text.get(i)?;
        if is_plain(byte) {
            group = group << 8 | u32::from(byte);
            len += 1;
        }
        i += 1;
    }
    Some((at, group))
}

#[inline(always)]
fn are_plain([a, b, c, d]: [u8; GROUP]) -> bool {
    is_plain(a) & is_plain(b) & is_plain(c) & is_plain(d)
}

/// Whether a byte is a letter or a digit.
#[inline(always)]
fn is_plain(byte: u8) -> bool {
    static TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < table.len() {
            table[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        table
    };
    TABLE[usize::from(byte)]
}

/// A set of groups.
struct Groups {
    slots: Vec<u32>,
    /// Of groups of a text that begin no further apart, each run of these forms has one.
    stride: usize,
}

impl Groups {
    /// All that are in these forms.
    fn of(forms: &[Form]) -> Groups {
        let mut groups = Groups::with_room(forms.iter().map(|form| form.len()).sum());
        let all = forms.iter().flat_map(|form| form.windows(GROUP));
        for group in all.filter_map(<[u8]>::first_chunk) {
            groups.add(u32::from_be_bytes(*group));
        }
        let shortest = forms.iter().map(|form| form.len()).min();
        groups.stride = shortest.unwrap_or(RUN).min(RUN) - GROUP + 1;
        groups
    }

    /// An empty set; it has room for so many.
    fn with_room(most: usize) -> Groups {
        Groups { slots: vec![0; (2 * most + 1).next_power_of_two()], stride: STRIDE }
    }

    fn add(&mut self, group: u32) {
        let mut place = self.place(group);
        let last = self.last();
        let slots = self.slots.as_mut_slice();
        while slots[place] != 0 && slots[place] != group {
            place = (place + 1) & last;
        }
        slots[place] = group;
    }

    #[inline(always)]
    fn has(&self, group: u32) -> bool {
        let (slots, mut place) = (self.slots.as_slice(), self.place(group));
        while let Some(found) = slots.get(place) {
            if *found == group {
                return true;
            }
            // No group is 0.
            if *found == 0 {
                return false;
            }
            place = (place + 1) & self.last();
        }
        false
    }

    /// Where a group is, or somewhere before it, without a gap between.
    #[inline(always)]
    fn place(&self, group: u32) -> usize {
        (group.wrapping_mul(0x9e37_79b1) >> 12) as usize & self.last()
    }

    /// The last place: all ones.
    #[inline(always)]
    fn last(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        self.groups.slots.zeroize();
    }
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
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every long run of a secret is found, as it is or in Base64, wherever it stands in it and
        /// in a text, and whatever stands between its letters.
        #[test]
        fn every_run_is_found(
            secret in "[A-Za-z0-9+/]{40,120}",
            encoded_behind in proptest::option::of("[ -~]{0,2}"),
            from in 0usize..150,
            gap in "|||[^A-Za-z0-9]{1,20}",
            before in "[ -~]{0,40}",
            after in "[ -~]{0,40}",
            is_long: bool,
        ) {
            let before = if is_long { before + &"long, ".repeat(1000) } else { before };
            let form = match &encoded_behind {
                None => secret.clone(),
                Some(prefix) => {
                    let encoded = BASE64_STANDARD.encode(format!("{prefix}{secret}"));
                    let mixed = if prefix.is_empty() { 0 } else { 4 };
                    encoded[mixed..encoded.len() - 4].to_owned()
                }
            };
            let is_plain = |c: &char| c.is_ascii_alphanumeric();
            let run: Vec<_> = form.chars().filter(is_plain).skip(from).take(RUN).collect();
            prop_assume!(run.len() == RUN);
            let run: Vec<_> = run.iter().map(char::to_string).collect();
            let text = format!("{before}{}{after}", run.join(&gap));
            let two = format!("{secret}{secret}");
            prop_assert!(Secrets::new([self::secret(&secret)]).are_plainly_in(text.as_bytes()));
            prop_assert!(Secrets::new([]).with(&secret).are_plainly_in(text.as_bytes()));
            prop_assert!(Secrets::new([self::secret(&two)]).are_plainly_in(text.as_bytes()));
        }

        /// What is shorter than a run is found as a whole.
        #[test]
        fn a_short_secret_is_found(
            secret in "[A-Za-z0-9]{8,15}",
            before in "[ -~]{0,40}",
            after in "[ -~]{0,40}",
        ) {
            let known = Secrets::new([self::secret(&secret), self::secret(SIGNATURE)]);
            let text = format!("{before}{secret}{after}");
            prop_assert!(known.are_plainly_in(text.as_bytes()));
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
