//! JSON that the library composes, written as text at once.

use std::time::Duration;

use super::json::plain_len;

/// What can stand in JSON.
pub trait Write {
    /// Adds the text of this value.
    fn write(&self, out: &mut String);
}

/// The text of a value.
pub fn text_of(value: impl Write) -> String {
    let mut text = String::new();
    value.write(&mut text);
    text
}

/// A JSON object that is being written. Its fields keep their order.
#[derive(Debug)]
pub struct Object(String);

impl Object {
    /// One without fields.
    pub fn new() -> Object {
        Object::with_room(256)
    }

    /// One without fields, whose text can grow to `len` bytes.
    pub fn with_room(len: usize) -> Object {
        let mut text = String::with_capacity(len);
        text.push('{');
        Object(text)
    }

    /// Adds a field. No name is added twice.
    pub fn add(&mut self, name: &str, value: impl Write) {
        self.begin(name);
        value.write(&mut self.0);
    }

    /// The same with one more field.
    pub fn with(mut self, name: &str, value: impl Write) -> Object {
        self.add(name, value);
        self
    }

    /// Adds an object; fields that are added from here on are in it.
    pub fn open(&mut self, name: &str) {
        self.begin(name);
        self.0.push('{');
    }

    /// Ends what was opened last.
    pub fn close(&mut self) {
        self.0.push('}');
    }

    /// Adds an array, to which only elements can be added before it is closed.
    pub fn open_array(&mut self, name: &str) {
        self.begin(name);
        self.0.push('[');
    }

    /// Adds an object to an array, as [`Object::open`] does to an object.
    pub fn open_element(&mut self) {
        self.separate();
        self.0.push('{');
    }

    /// Ends an array.
    pub fn close_array(&mut self) {
        self.0.push(']');
    }

    /// Its text. What was opened has been closed.
    pub fn into_text(mut self) -> String {
        self.close();
        self.0
    }

    fn begin(&mut self, name: &str) {
        self.separate();
        name.write(&mut self.0);
        self.0.push(':');
    }

    /// A comma, unless nothing stands before what follows.
    fn separate(&mut self) {
        if !matches!(self.0.as_bytes().last(), Some(b'{' | b'[')) {
            self.0.push(',');
        }
    }
}

impl Default for Object {
    fn default() -> Object {
        Object::new()
    }
}

impl Write for Object {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
        out.push('}');
    }
}

/// Names and values, but of each name only the last.
pub fn last_of_each(pairs: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    let is_last = |(i, (name, _)): &(usize, &(String, String))| {
        !pairs[i + 1..].iter().any(|(later, _)| later == name)
    };
    pairs.iter().enumerate().filter(is_last).map(|(_, pair)| pair)
}

impl Write for str {
    fn write(&self, out: &mut String) {
        out.reserve(self.len() + 2);
        out.push('"');
        let mut rest = self;
        loop {
            let (plain, behind) = rest.split_at(plain_len(rest.as_bytes()));
            out.push_str(plain);
            let Some(special) = behind.chars().next() else {
                break;
            };
            match special {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                control => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            }
            rest = &behind[1..];
        }
        out.push('"');
    }
}

impl Write for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl Write for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Write for u64 {
    fn write(&self, out: &mut String) {
        out.push_str(itoa::Buffer::new().format(*self));
    }
}

impl Write for u32 {
    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }
}

impl Write for i32 {
    fn write(&self, out: &mut String) {
        out.push_str(itoa::Buffer::new().format(*self));
    }
}

/// As seconds.
impl Write for Duration {
    fn write(&self, out: &mut String) {
        out.push_str(&format!("{}.{:06}", self.as_secs(), self.subsec_micros()));
    }
}

/// What is not known is `null`.
impl<T: Write> Write for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: Write + ?Sized> Write for &T {
    fn write(&self, out: &mut String) {
        (**self).write(out);
    }
}

impl<T: Write> Write for [T] {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (i, element) in self.iter().enumerate() {
            out.push_str(if i == 0 { "" } else { "," });
            element.write(out);
        }
        out.push(']');
    }
}

/// `null`.
impl Write for () {
    fn write(&self, out: &mut String) {
        out.push_str("null");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parsed(object: Object) -> Value {
        serde_json::from_str(&object.into_text()).unwrap()
    }

    #[test]
    fn every_kind_of_value() {
        let mut object = Object::new()
            .with("text", "x")
            .with("flags", Object::new().with("yes", true).with("no", false))
            .with("numbers", Object::new().with("least", i32::MIN).with("most", u64::MAX))
            .with("seconds", Duration::from_millis(1050))
            .with("null", None::<u64>)
            .with("some", Some("y"))
            .with("texts", ["a", "b"].as_slice());
        object.open_array("array");
        object.open_element();
        object.add("a", 1);
        object.open("b");
        object.close();
        object.close();
        object.open_element();
        object.close();
        object.close_array();
        object.open("empty");
        object.open_array("none");
        object.close_array();
        object.close();
        assert_eq!(
            parsed(object),
            json!({
                "text": "x",
                "flags": {"yes": true, "no": false},
                "numbers": {"least": i32::MIN, "most": u64::MAX},
                "seconds": 1.05,
                "null": null,
                "some": "y",
                "texts": ["a", "b"],
                "array": [{"a": 1, "b": {}}, {}],
                "empty": {"none": []},
            })
        );
    }

    proptest! {
        #[test]
        fn every_text_is_written_as_it_is(text: String, odd in "[\"\\\\\u{0}-\u{20}中a-z]{0,40}") {
            for text in [text, odd] {
                prop_assert_eq!(parsed(Object::new().with(&text, &text)), json!({ &text: text }));
            }
        }
    }
}
