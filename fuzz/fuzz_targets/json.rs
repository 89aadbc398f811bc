//! The JSON scanner against serde_json: the same texts are JSON, and pointers lead into them.
#![no_main]

use cos::reply::json;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

/// Where the scanner stops and serde_json does not yet.
const MAX_DEPTH: usize = 64;

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

fuzz_target!(|input: (&str, &str)| {
    let (text, pointer) = input;
    let accepted = json::members(text).is_some();
    let brackets = text.bytes().filter(|byte| b"[{".contains(byte)).count();
    if accepted || brackets <= MAX_DEPTH {
        assert_eq!(accepted, is_json(text));
    }
    assert!(json::at(text, "").is_some() || !accepted);
    if let Some(found) = json::at(text, pointer) {
        assert!(is_json(found));
    }
    let length = json::length(text, "");
    if json::fields(text).is_some_and(|fields| Some(fields.len()) != length) {
        panic!("{length:?}");
    }
    assert_eq!(json::elements(text, "").map(|elements| elements.len()), length);
    let extended = json::with_field(text, pointer, "[1]").unwrap();
    assert!(is_json(&extended));
    let place = format!("/{}", pointer.replace('~', "~0").replace('/', "~1"));
    assert_eq!(json::at(&extended, &place), Some("[1]"));
});
