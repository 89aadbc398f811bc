//! JSON as text: taken apart one level at a time, so that what is not looked at stays as it came.

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// Adds a field to the text of an object, in place of a field of that name. The other fields keep
/// their order and their spelling.
pub fn with_field(object: &str, key: &str, value: &str) -> String {
    let mut out = String::with_capacity(object.len() + key.len() + value.len() + 8);
    out.push('{');
    for (name, text) in fields(object).unwrap_or_default() {
        if name != key {
            push_field(&mut out, &name, text.get());
        }
    }
    push_field(&mut out, key, value);
    out.push('}');
    out
}

fn push_field(out: &mut String, name: &str, value: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push_str(&serde_json::Value::from(name).to_string());
    out.push(':');
    out.push_str(value);
}

/// The value an RFC 6901 pointer leads to, as JSON text; `None` where it leads nowhere, or where
/// `json` is not JSON.
pub fn at<'a>(json: &'a str, pointer: &str) -> Option<&'a str> {
    let mut value: &RawValue = serde_json::from_str(json).ok()?;
    if pointer.is_empty() {
        return Some(value.get());
    }
    for token in pointer.strip_prefix('/')?.split('/') {
        let token = unescape(token)?;
        value = match value.get().as_bytes().first()? {
            b'{' => fields(value.get())?.into_iter().rfind(|(name, _)| *name == token)?.1,
            b'[' => *elements(value.get())?.get(index(&token)?)?,
            _ => return None,
        };
    }
    Some(value.get())
}

/// The number of elements of an array or fields of an object.
pub fn length(json: &str) -> Option<usize> {
    match json.as_bytes().first()? {
        b'{' => Some(fields(json)?.len()),
        b'[' => Some(elements(json)?.len()),
        _ => None,
    }
}

/// `~1` is `/` and `~0` is `~`; a `~` before anything else is no pointer.
fn unescape(token: &str) -> Option<String> {
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
    Some(out)
}

/// Digits without leading zeros.
fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    (canonical && digits).then(|| token.parse().ok()).flatten()
}

fn elements(array: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array).ok()
}

/// The fields of an object, in order.
fn fields(object: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Fields;

    impl<'de> Visitor<'de> for Fields {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::new();
            while let Some(field) = map.next_entry()? {
                fields.push(field);
            }
            Ok(fields)
        }
    }

    serde_json::Deserializer::from_str(object).deserialize_map(Fields).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &str = r#" {"code":-1,"a/b":{"~":[1,"two",{"x":1e400}]},"":{"":5},"code":0} "#;

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
        ] {
            assert_eq!(at(REPLY, pointer), value, "{pointer}");
        }
        assert_eq!(at(REPLY, ""), Some(REPLY.trim()));
        assert_eq!(at("not json", ""), None);
        assert_eq!(at(&"[".repeat(100_000), "/0"), None);
    }

    #[test]
    fn lengths() {
        assert_eq!(length("[]"), Some(0));
        assert_eq!(length(r#"[1,[2,3]]"#), Some(2));
        assert_eq!(length(r#"{"a":1}"#), Some(1));
        assert_eq!(length("\"text\""), None);
    }

    #[test]
    fn a_field_of_the_same_name_is_replaced() {
        assert_eq!(
            with_field(r#"{"transfer":1, "code" : 0}"#, "transfer", "{}"),
            r#"{"code":0,"transfer":{}}"#
        );
        assert_eq!(with_field("{}", "a", "1"), r#"{"a":1}"#);
    }
}
