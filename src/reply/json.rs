//! JSON as text: checked, and taken apart one level at a time, so that what is not looked at stays
//! as it came.
//!
//! A list of a full page is some 70 KB, of which the library needs a handful of bytes. The scanner
//! here checks all of it, and bounds its depth, in one pass and without building anything.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;

use crate::reply::write::text_of;
use crate::reply::{Failure, Result};

/// The deepest nesting that is accepted. The service's own replies reach 4.
const MAX_DEPTH: usize = 64;

/// The fields of an object, or the elements of an array: where they stand in the text.
#[derive(Debug, PartialEq, Eq)]
pub enum Members {
    /// Names, with their quotes, and values.
    Object(Vec<(Range<usize>, Range<usize>)>),
    /// Values.
    Array(Vec<Range<usize>>),
    /// Neither an object nor an array.
    Scalar,
}

/// Checks that `text` is one JSON value, not nested too deeply, and finds its members.
pub fn members(text: &str) -> Option<Members> {
    let scanner = Scanner { bytes: text.as_bytes() };
    let (members, end) = scanner.members(scanner.skip_space(0))?;
    (scanner.skip_space(end) == text.len()).then_some(members)
}

/// The fields of an object, in order, values as text; `None` for anything else.
pub fn fields(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let Some(Members::Object(fields)) = members(text) else {
        return None;
    };
    let field =
        |(name, value): (Range<usize>, Range<usize>)| Some((unquote(&text[name])?, &text[value]));
    fields.into_iter().map(field).collect()
}

/// The elements of an array of strings; `None` for anything else.
pub fn strings(text: &str) -> Option<Vec<Box<str>>> {
    let Some(Members::Array(elements)) = members(text) else {
        return None;
    };
    let values = elements.into_iter().map(|element| &text[element]);
    let string =
        |value: &str| unquote(Some(value).filter(|value| value.starts_with('"'))?).map(Into::into);
    values.map(string).collect()
}

/// A value decoded.
pub fn decode<T: DeserializeOwned>(value: &str) -> Option<T> {
    serde_json::from_str(value).ok()
}

/// The text of a string.
pub fn unquote(string: &str) -> Option<Cow<'_, str>> {
    if string.contains('\\') {
        decode(string).map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(string.get(1..string.len() - 1)?))
    }
}

/// The whole number that a value is, exactly, however it is written: `5000`, `5000.0`, `5e3`; or a
/// string of such, as some servers send them.
pub fn whole(value: &str) -> Option<i128> {
    if value.starts_with('"') { whole_in(unquote(value)?.trim()) } else { whole_in(value) }
}

/// The whole number that a text of digits is.
fn whole_in(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, mantissa),
    };
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = |text: &str| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text));
    if !is_digits(before) || !is_digits(behind) || !exponent.is_none_or(unsigned) {
        return None;
    }
    if before.len() == mantissa.len() && before.len() <= 18 && exponent.is_none() {
        return Some(sign * i128::from(before.parse::<i64>().ok()?));
    }
    // The significant digits, and how many zeros follow them, or digits behind the point.
    let digits = format!("{before}{behind}");
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let shift = i64::try_from(zeros).ok()?.checked_sub(i64::try_from(behind.len()).ok()?)?;
    let shift = shift.checked_add(exponent.map_or(Some(0), |text| text.parse().ok())?)?;
    // No number of interest has more than the 20 digits of 2^64.
    let shift = u32::try_from(shift).ok().filter(|shift| *shift <= 20)?;
    if digits.len() + shift as usize <= 20 {
        Some(sign * digits.parse::<i128>().ok()? * 10i128.pow(shift))
    } else {
        None
    }
}

/// Checks that `text` is one JSON object, not nested too deeply, and goes through its fields: names
/// as they are spelled, with their quotes, and values.
pub fn each_field<'a>(text: &'a str, mut field: impl FnMut(&'a str, &'a str)) -> Option<()> {
    let scanner = Scanner { bytes: text.as_bytes() };
    let start = scanner.skip_space(0);
    if scanner.at(start)? != b'{' {
        return None;
    }
    let end = scanner
        .object(start, MAX_DEPTH, |name, value| field(&text[name], &text[value]))
        .map(|end| scanner.skip_space(end))?;
    (end == text.len()).then_some(())
}

/// Whether a name, as it is spelled, is `key`.
pub fn is(name: &str, key: &str) -> bool {
    // No character takes more than an escape of six.
    name.len() <= 6 * key.len() + 2 && unquote(name).is_some_and(|name| name == key)
}

/// Adds a field to the text of an object, in place of a field of that name. The other fields keep
/// their order and their spelling.
pub fn with_field(object: &str, key: &str, value: &str) -> Result<String> {
    let name = text_of(key);
    let mut out = with_room(object.len() + name.len() + value.len() + 4)?;
    out.push('{');
    let mut add = |name: &str, value: &str| {
        // There is room for all of it: what is between the fields was there before.
        out.push_str(if out.len() > 1 { "," } else { "" });
        out.push_str(name);
        out.push(':');
        out.push_str(value);
    };
    each_field(object, |name, value| {
        if !is(name, key) {
            add(name, value);
        }
    });
    add(&name, value);
    out.push('}');
    Ok(out)
}

/// An empty text that can grow to `len` bytes.
fn with_room(len: usize) -> Result<String> {
    let mut text = String::new();
    text.try_reserve_exact(len).map_err(|_| Failure::no_memory(len))?;
    Ok(text)
}

/// Adds to a text of which nobody knows how large it will be.
pub fn append(text: &mut String, more: &str) -> Result<()> {
    text.try_reserve(more.len()).map_err(|_| Failure::no_memory(text.len() + more.len()))?;
    text.push_str(more);
    Ok(())
}

/// The text of JSON with other strings, names among them, where `replace` gives one; it is told
/// whether a string is a name, and what it says. Everything else keeps its spelling.
pub fn with_strings(
    json: &str,
    replace: impl Fn(bool, &str) -> Result<Option<String>>,
) -> Result<String> {
    let scanner = Scanner { bytes: json.as_bytes() };
    let mut out = String::new();
    let mut kept = 0;
    let mut i = 0;
    while let Some(found) = json[i..].find('"') {
        let start = i + found;
        i = scanner.string(start).unwrap_or(json.len());
        let is_name = scanner.at(scanner.skip_space(i)) == Some(b':');
        let string = &json[start..i];
        // A string that is no valid Unicode is looked at as it is written.
        let text = unquote(string).unwrap_or(Cow::Borrowed(string));
        if let Some(other) = replace(is_name, &text)? {
            append(&mut out, &json[kept..start])?;
            append(&mut out, &text_of(&other))?;
            kept = i;
        }
    }
    append(&mut out, &json[kept..])?;
    Ok(out)
}

/// The value an RFC 6901 pointer leads to, as JSON text; `None` where it leads nowhere. Only what
/// stands before the value is looked at, so that a loop over a list costs no more than it must.
pub fn at<'a>(json: &'a str, pointer: &str) -> Option<&'a str> {
    let scanner = Scanner { bytes: json.as_bytes() };
    let start = scanner.find(pointer)?;
    json.get(start..scanner.value(start, MAX_DEPTH)?)
}

/// The number of elements of an array, or fields of an object, that a pointer leads to.
pub fn length(json: &str, pointer: &str) -> Option<usize> {
    let scanner = Scanner { bytes: json.as_bytes() };
    let start = scanner.find(pointer)?;
    let mut length = 0;
    match scanner.at(start)? {
        b'{' => scanner.object(start, MAX_DEPTH, |_, _| length += 1)?,
        b'[' => scanner.array(start, MAX_DEPTH, |_| length += 1)?,
        _ => return None,
    };
    Some(length)
}

/// An element of an array or, with its name if that is Unicode, a field of an object; the value as
/// text.
pub type Element<'a> = (Option<Cow<'a, str>>, &'a str);

/// The elements of an array, or the fields of an object, that a pointer leads to.
pub fn elements<'a>(json: &'a str, pointer: &str) -> Option<Vec<Element<'a>>> {
    let scanner = Scanner { bytes: json.as_bytes() };
    let start = scanner.find(pointer)?;
    let (mut elements, mut has_room) = (Vec::new(), true);
    match scanner.at(start)? {
        b'[' => scanner.array(start, MAX_DEPTH, |value| {
            push(&mut elements, (None, &json[value]), &mut has_room);
        })?,
        b'{' => scanner.object(start, MAX_DEPTH, |name, value| {
            push(&mut elements, (unquote(&json[name]), &json[value]), &mut has_room);
        })?,
        _ => return None,
    };
    has_room.then_some(elements)
}

fn push<T>(all: &mut Vec<T>, one: T, has_room: &mut bool) {
    *has_room = *has_room && all.try_reserve(1).is_ok();
    if *has_room {
        all.push(one);
    }
}

/// `~1` is `/` and `~0` is `~`; a `~` before anything else is no pointer.
fn unescape(token: &str) -> Option<Cow<'_, str>> {
    if !token.contains('~') {
        return Some(token.into());
    }
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out.into())
}

/// Digits without leading zeros.
fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    (canonical && digits).then(|| token.parse().ok()).flatten()
}

/// How many bytes at the start mean nothing special in a string; looked at eight at a time.
pub fn plain_len(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // The top bit of each byte that is less than this, and perhaps of bytes above such a one.
    let less = |word: u64, than: u8| word.wrapping_sub(EACH * u64::from(than)) & !word;
    let (chunks, rest) = bytes.as_chunks();
    let mut len = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        // A quote becomes the least that is no control character; what is less stays so.
        let quotes_and_controls = less(word ^ (EACH * 2), 0x21);
        let escapes = less(word ^ (EACH * u64::from(b'\\')), 1);
        let special = (quotes_and_controls | escapes) & (EACH * 0x80);
        if special != 0 {
            return len + (special.trailing_zeros() / 8) as usize;
        }
        len += 8;
    }
    let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    len + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Walks over JSON (RFC 8259). Every method takes where something starts and returns where it ends.
#[derive(Clone, Copy)]
struct Scanner<'a> {
    bytes: &'a [u8],
}

impl Scanner<'_> {
    fn at(self, i: usize) -> Option<u8> {
        self.bytes.get(i).copied()
    }

    fn skip_space(self, mut i: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.at(i) {
            i += 1;
        }
        i
    }

    /// Where the value that an RFC 6901 pointer leads to starts.
    fn find(self, pointer: &str) -> Option<usize> {
        let mut start = self.skip_space(0);
        if !pointer.is_empty() {
            for token in pointer.strip_prefix('/')?.split('/') {
                start = self.member(start, &unescape(token)?)?;
            }
        }
        Some(start)
    }

    /// A value's members, and where it ends. `None` also where there is no memory for them.
    fn members(self, start: usize) -> Option<(Members, usize)> {
        let mut fields = Vec::new();
        let mut elements = Vec::new();
        let mut has_room = true;
        let (members, end) = match self.at(start)? {
            b'{' => {
                let add = |name, value| push(&mut fields, (name, value), &mut has_room);
                let end = self.object(start, MAX_DEPTH, add)?;
                (Members::Object(fields), end)
            }
            b'[' => {
                let add = |value| push(&mut elements, value, &mut has_room);
                let end = self.array(start, MAX_DEPTH, add)?;
                (Members::Array(elements), end)
            }
            _ => (Members::Scalar, self.value(start, MAX_DEPTH)?),
        };
        has_room.then_some((members, end))
    }

    /// A value that may contain `depth` more levels. Recursion is bounded by it.
    fn value(self, i: usize, depth: usize) -> Option<usize> {
        match self.at(i)? {
            b'"' => self.string(i),
            b'{' => self.object(i, depth, |_, _| ()),
            b'[' => self.array(i, depth, |_| ()),
            b't' => self.word(i, b"true"),
            b'f' => self.word(i, b"false"),
            b'n' => self.word(i, b"null"),
            _ => self.number(i),
        }
    }

    fn object(
        self,
        i: usize,
        depth: usize,
        mut member: impl FnMut(Range<usize>, Range<usize>),
    ) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let mut i = self.skip_space(i + 1);
        if self.at(i)? == b'}' {
            return Some(i + 1);
        }
        loop {
            let name = i..self.string(i)?;
            i = self.skip_space(name.end);
            if self.at(i)? != b':' {
                return None;
            }
            i = self.skip_space(i + 1);
            let value = i..self.value(i, depth)?;
            i = self.skip_space(value.end);
            member(name, value);
            match self.at(i)? {
                b',' => i = self.skip_space(i + 1),
                b'}' => return Some(i + 1),
                _ => return None,
            }
        }
    }

    fn array(self, i: usize, depth: usize, mut member: impl FnMut(Range<usize>)) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        let mut i = self.skip_space(i + 1);
        if self.at(i)? == b']' {
            return Some(i + 1);
        }
        loop {
            let value = i..self.value(i, depth)?;
            i = self.skip_space(value.end);
            member(value);
            match self.at(i)? {
                b',' => i = self.skip_space(i + 1),
                b']' => return Some(i + 1),
                _ => return None,
            }
        }
    }

    /// Where the member `token` of the object or array at `i` starts.
    fn member(self, i: usize, token: &str) -> Option<usize> {
        let is_object = match self.at(i)? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        let mut left = if is_object { 0 } else { index(token)? };
        let mut i = i + 1;
        loop {
            i = self.skip_space(i);
            if is_object {
                let name = i..self.string(i)?;
                i = self.skip_space(name.end);
                if self.at(i)? != b':' {
                    return None;
                }
                i = self.skip_space(i + 1);
                let name = std::str::from_utf8(&self.bytes[name]).ok()?;
                if is(name, token) {
                    return Some(i);
                }
            } else if left == 0 {
                return (self.at(i)? != b']').then_some(i);
            }
            left = left.saturating_sub(1);
            i = self.skip_space(self.value(i, MAX_DEPTH)?);
            if self.at(i)? != b',' {
                return None;
            }
            i += 1;
        }
    }

    fn string(self, i: usize) -> Option<usize> {
        if self.at(i)? != b'"' {
            return None;
        }
        let mut i = i + 1;
        loop {
            i += plain_len(&self.bytes[i..]);
            i = match self.at(i)? {
                b'"' => return Some(i + 1),
                b'\\' => match self.at(i + 1)? {
                    b'u' if self.bytes.get(i + 2..i + 6)?.iter().all(u8::is_ascii_hexdigit) => {
                        i + 6
                    }
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => i + 2,
                    _ => return None,
                },
                _ => return None,
            };
        }
    }

    fn word(self, i: usize, word: &[u8]) -> Option<usize> {
        self.bytes[i..].starts_with(word).then_some(i + word.len())
    }

    fn number(self, mut i: usize) -> Option<usize> {
        if self.at(i)? == b'-' {
            i += 1;
        }
        i = match self.at(i)? {
            b'0' => i + 1,
            _ => self.digits(i)?,
        };
        if self.at(i) == Some(b'.') {
            i = self.digits(i + 1)?;
        }
        if let Some(b'e' | b'E') = self.at(i) {
            i += 1;
            if let Some(b'+' | b'-') = self.at(i) {
                i += 1;
            }
            i = self.digits(i)?;
        }
        Some(i)
    }

    fn digits(self, start: usize) -> Option<usize> {
        let mut i = start;
        while self.at(i).is_some_and(|byte| byte.is_ascii_digit()) {
            i += 1;
        }
        (i > start).then_some(i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = r#" {"code":0,"a/b":{"~":[1,"two",{"x":1e400}]},"":{"":5},"last":[]} "#;

    #[test]
    fn pointers() {
        for (pointer, value) in [
            ("/code", Some("0")),
            ("/a~1b/~0/1", Some("\"two\"")),
            ("/a~1b/~0/2/x", Some("1e400")),
            ("//", Some("5")),
            ("/a~1b/~0", Some(r#"[1,"two",{"x":1e400}]"#)),
            ("/a~1b/~0/3", None),
            ("/a~1b/~0/-", None),
            ("/a~1b/~0/01", None),
            ("/a~1b/~0/+1", None),
            ("/a~1b/~0/", None),
            ("/a~1b/~", None),
            ("/a~1b/~2", None),
            ("code", None),
            ("/code/x", None),
            ("/nothing", None),
            ("/last", Some("[]")),
            ("/last/0", None),
        ] {
            assert_eq!(at(REPLY, pointer), value, "{pointer}");
        }
        assert_eq!(at(REPLY, ""), Some(REPLY.trim()));
        assert_eq!(at("not json", ""), None);
        assert_eq!(at(&"[".repeat(100_000), "/0"), None);
        assert_eq!(at(r#"{"\u4e2d":1}"#, "/中"), Some("1"));
    }

    #[test]
    fn lengths() {
        assert_eq!(length("[]", ""), Some(0));
        assert_eq!(length(r#"[1,[2,3]]"#, ""), Some(2));
        assert_eq!(length(r#"{"a":1}"#, ""), Some(1));
        assert_eq!(length("\"text\"", ""), None);
    }

    #[test]
    fn a_number_without_a_fraction_is_whole_however_it_is_written() {
        for (text, number) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0e5", Some(0)),
            ("5000", Some(5000)),
            ("5000.0", Some(5000)),
            ("5e3", Some(5000)),
            ("5E+3", Some(5000)),
            ("0.5e4", Some(5000)),
            ("5.000", Some(5)),
            ("50e-1", Some(5)),
            ("-12.50e1", Some(-125)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("18446744073709551615", Some(u64::MAX.into())),
            ("18446744073709551615.00", Some(u64::MAX.into())),
            ("0e99999999999999999999", Some(0)),
            ("1e20", None),
            ("1e99999999999999999999", None),
            ("1e-99999999999999999999", None),
            ("5.5", None),
            ("5e-1", None),
            ("0.1", None),
            ("true", None),
            ("null", None),
            ("[5]", None),
            (r#""5000""#, Some(5000)),
            (r#"" 5e3\n""#, Some(5000)),
            (r#""-0197""#, Some(-197)),
            (r#""""#, None),
            (r#""5 000""#, None),
            (r#""0x5""#, None),
            (r#""5e""#, None),
            (r#""--5""#, None),
            (r#""+""#, None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
    }

    #[test]
    fn a_field_of_the_same_name_is_replaced() {
        assert_eq!(
            with_field(r#"{"transfer":1, "code" : 0}"#, "transfer", "{}").unwrap(),
            r#"{"code":0,"transfer":{}}"#
        );
        assert_eq!(with_field("{}", "a", "1").unwrap(), r#"{"a":1}"#);
        let spelled = r#"{"\u0061":0,"\u0062":1,"\ud800":2}"#;
        let changed = r#"{"\u0062":1,"\ud800":2,"a":3}"#;
        assert_eq!(with_field(spelled, "a", "3").unwrap(), changed);
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_are_not_depth() {
        let nested = |n| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(members(&nested(MAX_DEPTH)).is_some());
        assert!(members(&nested(MAX_DEPTH + 1)).is_none());
        assert!(
            members(r#"["[[[[[[[[[[[[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]"#)
                .is_some()
        );
    }

    /// The scanner must agree with a well-kept parser on what is JSON.
    #[test]
    fn it_accepts_what_serde_json_accepts() {
        let samples = [
            REPLY,
            "",
            " ",
            "{",
            "}",
            "{}",
            "[]",
            "[,]",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "01",
            "-",
            "-0",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1E-2",
            "+1",
            "0x1",
            "true",
            "tru",
            "nulll",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\x\"",
            "\"\n\"",
            "\"\u{7f}\"",
            "\"12345678\\\"12345678\"",
            "\"abcdefg\u{1f}\"",
            "\"中文\"",
            "1 2",
            "[1] x",
            "\"a",
            "\"\\",
            "\"\\\"",
            "[\"a\",{\"b\":[]}]",
            "\u{feff}1",
            "NaN",
            "Infinity",
            "1e5",
            "-1.5e-3",
            "'a'",
        ];
        let mutate = |text: &str, at: usize, with: u8| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = with;
            String::from_utf8(bytes).ok()
        };
        let mut texts: Vec<String> = samples.map(str::to_owned).to_vec();
        for sample in samples.iter().filter(|sample| sample.is_ascii()) {
            for place in 0..sample.len() {
                texts
                    .extend(b"\"\\{}[]:,0e-. u\n".iter().filter_map(|b| mutate(sample, place, *b)));
            }
        }
        for text in texts {
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            assert_eq!(members(&text).is_some(), theirs, "{text:?}");
        }
    }
}
