//! Numbers, flags and texts, however a server writes them. They borrow from the text that is read.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;

use super::json;

/// A number of at least 0, perhaps as a string, or as a flag.
pub fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(value) = Option::<&RawValue>::deserialize(from)? else {
        return Ok(None);
    };
    let number = match value.get().trim_matches('"') {
        "true" => Some(1),
        "false" => Some(0),
        _ => json::whole(value.get()).and_then(|number| number.try_into().ok()),
    };
    let problem = || D::Error::custom("a number is not a whole number of at least 0");
    number.map(Some).ok_or_else(problem)
}

/// As [`number`], where the number has to be there.
pub fn required_number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    number(from)?.ok_or_else(|| D::Error::custom("a number is missing"))
}

/// A flag, perhaps as a number, or as a string. One that is missing is not set.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(number(from)?.is_some_and(|number| number != 0))
}

/// A text; what is no text counts as missing.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let value = Option::<&RawValue>::deserialize(from)?;
    Ok(value.and_then(|value| serde_json::from_str(value.get()).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Data {
        #[serde(default, deserialize_with = "number")]
        n: Option<u64>,
        #[serde(default, deserialize_with = "flag")]
        flag: bool,
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
    }

    #[test]
    fn odd_but_usable_values_are_used() {
        for (n, number) in [
            ("12", Some(12)),
            ("\"12\"", Some(12)),
            ("12.0", Some(12)),
            ("\"true\"", Some(1)),
            ("null", None),
        ] {
            let data: Data = serde_json::from_str(&format!(r#"{{"n":{n}}}"#)).unwrap();
            assert_eq!(data.n, number, "{n}");
        }
        for (flag, is_set) in [
            ("true", true),
            ("1", true),
            ("\"1\"", true),
            ("\"true\"", true),
            ("false", false),
            ("0", false),
            ("\"0\"", false),
            ("\"false\"", false),
            ("null", false),
        ] {
            let data: Data = serde_json::from_str(&format!(r#"{{"flag":{flag}}}"#)).unwrap();
            assert_eq!(data.flag, is_set, "{flag}");
        }
        for (text, found) in
            [(r#""a\u0062""#, Some("ab")), ("5", None), ("null", None), ("{}", None)]
        {
            let data: Data = serde_json::from_str(&format!(r#"{{"text":{text}}}"#)).unwrap();
            assert_eq!(data.text.as_deref(), found, "{text}");
        }
        for wrong in ["-1", "1.5", "[]", "\"\"", "\"maybe\""] {
            let data = serde_json::from_str::<Data>(&format!(r#"{{"n":{wrong}}}"#));
            assert!(data.is_err(), "{wrong}");
        }
    }
}
