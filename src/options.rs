//! The JSON object of options that every call takes.
//!
//! A call takes the keys it knows and then asks whether anything is left. `null` means "the
//! default", like a key that is not there.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use serde::de::IgnoredAny;

use crate::reply::object::ObjectInfo;
use crate::reply::{Failure, Result, json};

/// Options that have been parsed and not yet taken.
#[derive(Clone, Default)]
pub struct Options {
    /// Keys and values, these as JSON text.
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value of `proxy` may hold a password.
        f.debug_set().entries(self.given.iter().map(|(key, _)| key)).finish()
    }
}

impl Options {
    /// Parses the caller's text; `None` is no options at all.
    pub fn parse(text: Option<&str>) -> Result<Options> {
        let Some(text) = text else {
            return Ok(Options::default());
        };
        if let Some(fields) = json::fields(text) {
            let mut given: Vec<(String, String)> = Vec::new();
            for (key, value) in fields {
                // The last of a name counts.
                given.retain(|(name, _)| *name != key);
                given.push((key.into_owned(), value.to_owned()));
            }
            return Ok(Options { given, known: Vec::with_capacity(32) });
        }
        let problem = match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) if text.trim_start().starts_with('{') => "it is nested too deeply".to_owned(),
            Ok(_) => "this is JSON, but not an object".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(Failure::argument(
            "options",
            format!("must be NULL or a JSON object such as {{\"timeout_ms\": 5000}}: {problem}"),
        ))
    }

    /// Whether `key` was given, be it `null`.
    pub fn has(&mut self, key: &'static str) -> bool {
        // Without options there is nothing to refuse, so known keys need not be noted.
        if self.given.is_empty() {
            return false;
        }
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.given.iter().any(|(name, _)| name == key)
    }

    /// Takes the value of `key`, as JSON text.
    fn value(&mut self, key: &'static str) -> Option<String> {
        self.has(key);
        let place = self.given.iter().position(|(name, _)| name == key)?;
        Some(self.given.remove(place).1).filter(|value| value != "null")
    }

    /// Takes a flag: `true`, `false`, 1 or 0.
    pub fn flag(&mut self, key: &'static str) -> Result<Option<bool>> {
        match self.value(key).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(value) => match number(value) {
                Some(0) => Ok(Some(false)),
                Some(1) => Ok(Some(true)),
                _ => Err(Failure::argument(key, "must be true, false, 1 or 0")),
            },
        }
    }

    /// Takes a whole number within `range`.
    pub fn integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => match number(&value).filter(|n| range.contains(n)) {
                Some(n) => Ok(Some(n)),
                None if *range.end() == u64::MAX => Err(Failure::argument(
                    key,
                    format!("must be a whole number, at least {}", range.start()),
                )),
                None => Err(Failure::argument(
                    key,
                    format!("must be a whole number from {} to {}", range.start(), range.end()),
                )),
            },
        }
    }

    /// Takes a text.
    pub fn text(&mut self, key: &'static str) -> Result<Option<String>> {
        match self.value(key) {
            None => Ok(None),
            Some(value) => match text(&value) {
                Some(text) => Ok(Some(text)),
                None => Err(Failure::argument(key, "must be a string")),
            },
        }
    }

    /// Takes an entry of a list, as the list has shown it: with a size, or it says nothing.
    pub fn entry(&mut self, key: &'static str) -> Result<Option<ObjectInfo>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match serde_json::from_str::<ObjectInfo>(&value) {
            Ok(entry) if entry.size.is_some() => Ok(Some(entry)),
            _ => {
                let problem = "must be what a list shows of a file: an object with \"filesize\"";
                Err(Failure::argument(key, problem))
            }
        }
    }

    /// Takes an object of names and texts.
    pub fn pairs(&mut self, key: &'static str) -> Result<Vec<(String, String)>> {
        self.value(key).map_or_else(|| Ok(Vec::new()), |value| pairs(key, &value))
    }

    /// Takes every remaining key that starts with `prefix`, and its text, if it is one; those that
    /// are `null` are left out.
    pub fn with_prefix(&mut self, prefix: &str) -> Vec<(String, Option<String>)> {
        let (taken, left) = std::mem::take(&mut self.given)
            .into_iter()
            .partition::<Vec<_>, _>(|(key, _)| key.starts_with(prefix));
        self.given = left;
        let given = taken.into_iter().filter(|(_, value)| value != "null");
        given.map(|(key, value)| (key, text(&value))).collect()
    }

    /// Refuses whatever was not taken.
    pub fn finish(self) -> Result<()> {
        match self.given.first() {
            None => Ok(()),
            Some((unknown, _)) => Err(Failure::argument(
                &printable(unknown),
                format!("is no option of this call; it takes {}", self.known.join(", ")),
            )),
        }
    }
}

/// The names and texts of a JSON object. Whole numbers stand for their text, an array for a name with
/// several texts; what is `null` is left out.
pub fn pairs(argument: &str, object: &str) -> Result<Vec<(String, String)>> {
    let wrong = || {
        let problem = "must be a JSON object of names and strings, such as {\"prefix\": \"a/\"}";
        Failure::argument(argument, problem)
    };
    let one = |value: &str| {
        let is_number = value.parse::<i64>().is_ok() || value.parse::<u64>().is_ok();
        let number = is_number.then(|| value.to_owned());
        text(value).or(number).ok_or_else(wrong)
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in json::fields(object).ok_or_else(wrong)? {
        // The last of a name counts.
        pairs.retain(|(found, _)| *found != name);
        if value.starts_with('[') {
            for (_, value) in json::elements(value, "").ok_or_else(wrong)? {
                pairs.push((name.to_string(), one(value)?));
            }
        } else if value != "null" {
            pairs.push((name.into_owned(), one(value)?));
        }
    }
    Ok(pairs)
}

/// The whole number that a value is. A string is none: whoever writes options knows what is what.
fn number(value: &str) -> Option<u64> {
    if value.starts_with('"') { None } else { json::whole(value)?.try_into().ok() }
}

/// The text that a value is.
fn text(value: &str) -> Option<String> {
    if value.starts_with('"') { json::unquote(value).map(Cow::into_owned) } else { None }
}

/// A foreign key as it may stand in a message: short, and without control characters.
pub fn printable(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        Options::parse(Some(text)).unwrap()
    }

    #[test]
    fn takes_what_it_is_asked_for_and_refuses_the_rest() {
        let mut given = options(r#"{"flag": 1, "off": false, "n": 7, "text": "x", "null": null}"#);
        assert_eq!(given.flag("flag").unwrap(), Some(true));
        assert_eq!(given.flag("off").unwrap(), Some(false));
        assert_eq!(given.integer("n", 1..=9).unwrap(), Some(7));
        assert_eq!(given.text("text").unwrap().as_deref(), Some("x"));
        assert_eq!(given.text("null").unwrap(), None);
        assert_eq!(given.flag("absent").unwrap(), None);
        given.finish().unwrap();

        let mut whole = options(r#"{"a": 5000.0, "b": 5e3, "c": 1.0, "d": 9007199254740993.0}"#);
        assert_eq!(whole.integer("a", 1..=9000).unwrap(), Some(5000));
        assert_eq!(whole.integer("b", 1..=9000).unwrap(), Some(5000));
        assert_eq!(whole.flag("c").unwrap(), Some(true));
        let exact = whole.integer("d", 0..=u64::MAX).unwrap();
        assert_eq!(exact, Some(9_007_199_254_740_993));
        whole.finish().unwrap();

        let mut typo = options(r#"{"tiemout_ms": 1}"#);
        typo.integer("timeout_ms", 1..=9).unwrap();
        let failure = typo.finish().unwrap_err();
        assert_eq!(failure.argument_name(), Some("tiemout_ms"));
        assert!(failure.message().contains("timeout_ms"), "{}", failure.message());
    }

    #[test]
    fn wrong_types_and_ranges_name_the_key() {
        for (text, key) in [
            (r#"{"n": 0}"#, "n"),
            (r#"{"n": 10}"#, "n"),
            (r#"{"n": -1}"#, "n"),
            (r#"{"n": 1.5}"#, "n"),
            (r#"{"n": "7"}"#, "n"),
            (r#"{"n": 99999999999999999999}"#, "n"),
        ] {
            let failure = options(text).integer("n", 1..=9).unwrap_err();
            assert_eq!(failure.argument_name(), Some(key), "{text}");
        }
        assert!(options(r#"{"f": 2}"#).flag("f").is_err());
        assert!(options(r#"{"f": "true"}"#).flag("f").is_err());
        assert!(options(r#"{"t": 1}"#).text("t").is_err());
    }

    #[test]
    fn pairs_are_names_with_texts() {
        let mut given = options(r#"{"params": {"a": "1", "b": 2, "c": ["x", ""], "d": null}}"#);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let found = given.pairs("params").unwrap();
        assert_eq!(found, [pair("a", "1"), pair("b", "2"), pair("c", "x"), pair("c", "")]);
        assert_eq!(given.pairs("headers").unwrap(), []);
        for wrong in ["[]", "1", "\"a\"", r#"{"a":{}}"#, r#"{"a":true}"#, r#"{"a":[[]]}"#, "{", ""]
        {
            assert_eq!(pairs("params", wrong).unwrap_err().argument_name(), Some("params"));
        }
    }

    #[test]
    fn not_an_object_is_refused() {
        for text in ["", "[]", "1", "{", "{\"a\":1}x", "nul", "\u{0}"] {
            let failure = Options::parse(Some(text)).unwrap_err();
            assert_eq!(failure.argument_name(), Some("options"), "{text:?}");
        }
        assert!(Options::parse(None).unwrap().finish().is_ok());
    }
}
