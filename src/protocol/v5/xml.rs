//! XML that a server sends, as a tree. It is foreign input: its size, its depth and the number of its
//! elements are bounded, and it can't define entities.
//!
//! A full page of a list has some ten thousand elements, so none of them has memory of its own: all are
//! in one vector, each before those in it, and say where in the text their names and texts are.

use std::ops::Range;

use memchr::{memchr, memchr3, memmem, memrchr};

/// The deepest nesting that is accepted. The service's own replies reach 5.
const MAX_DEPTH: usize = 16;
/// So many elements are accepted. A full page of a list has some ten thousand.
const MOST_ELEMENTS: usize = 200_000;

/// The longest document that is accepted, in bytes: places in it fit in 32 bits.
const LONGEST: usize = 1 << 30;
/// So many bytes of a list have an element, at the least.
const USUAL: usize = 36;

const NOT_XML: &str = "it is not XML";
const TOO_LARGE: &str = "it is XML that is too large or too deep";

/// A document.
#[derive(Debug, Default)]
pub struct Document {
    /// What was parsed.
    text: String,
    /// Texts with references, or in several pieces.
    decoded: String,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    name: Range<u32>,
    /// Empty if there are elements in it. What is behind the document is in `decoded`.
    text: Range<u32>,
    /// Behind the last node in it.
    end: u32,
}

/// An element. Attributes, comments and namespaces are left out.
#[derive(Debug, Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document,
    index: usize,
}

impl Document {
    /// The element around all others; one without anything in it if nothing was parsed.
    pub fn root(&self) -> Element<'_> {
        Element { document: self, index: 0 }
    }
}

impl<'d> Element<'d> {
    fn node(self) -> Option<&'d Node> {
        self.document.nodes.get(self.index)
    }

    /// How long the text of its document is, in bytes.
    pub fn len_of_document(self) -> usize {
        self.document.text.len()
    }

    /// Its name, without a prefix.
    pub fn name(self) -> &'d str {
        self.node().map_or("", |node| &self.document.text[places(&node.name)])
    }

    /// Its text, without blanks at its ends. An element with others in it has none.
    pub fn text(self) -> &'d str {
        self.node()
            .map_or("", |node| text_at(&self.document.text, &self.document.decoded, &node.text))
    }

    /// The elements in it.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> {
        let end = self.node().map_or(0, |node| node.end as usize);
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let child = Element { document: self.document, index: next };
            next = child.node().filter(|_| next < end)?.end as usize;
            Some(child)
        })
    }

    /// The first element of this name in it.
    pub fn child(self, name: &str) -> Option<Element<'d>> {
        self.all(name).next()
    }

    /// All elements of this name in it.
    pub fn all(self, name: &str) -> impl Iterator<Item = Element<'d>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The text of the first element of this name in it; empty where there is none.
    pub fn text_of(self, name: &str) -> &'d str {
        self.child(name).map_or("", Element::text)
    }

    /// The number that is the text of the first element of this name in it.
    pub fn number_of(self, name: &str) -> Option<u64> {
        self.text_of(name).parse().ok()
    }
}

fn places(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

fn text_at<'d>(text: &'d str, decoded: &'d str, range: &Range<u32>) -> &'d str {
    let Range { start, end } = places(range);
    match start.checked_sub(text.len()) {
        Some(start) => &decoded[start..end - text.len()],
        None => &text[start..end],
    }
}

/// Parses a document. The error says what is wrong with it.
pub fn parse(text: String) -> Result<Document, &'static str> {
    if text.len() > LONGEST {
        return Err(TOO_LARGE);
    }
    let nodes = Vec::with_capacity(text.len() / USUAL);
    let mut parser = Parser { text: &text, decoded: String::new(), nodes, open: Vec::new() };
    parser.document()?;
    let Parser { decoded, nodes, .. } = parser;
    Ok(Document { text, decoded, nodes })
}

struct Parser<'t> {
    text: &'t str,
    decoded: String,
    nodes: Vec<Node>,
    /// The elements that have begun and not ended, and what their tags call them.
    open: Vec<(usize, &'t str)>,
}

impl<'t> Parser<'t> {
    fn document(&mut self) -> Result<(), &'static str> {
        let mut i = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        loop {
            let rest = &self.text[i..];
            let len = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
            self.characters(i..i + len, true)?;
            let Some(markup) = rest[len..].strip_prefix('<') else {
                break;
            };
            let behind = self.markup(markup)?;
            i = self.text.len() - behind.len();
        }
        match (self.open.is_empty(), self.nodes.is_empty()) {
            (false, _) => Err("it ends too early"),
            (true, true) => Err("it is empty"),
            (true, false) => Ok(()),
        }
    }

    /// Takes what follows a `<`; returns what is behind it.
    fn markup(&mut self, markup: &'t str) -> Result<&'t str, &'static str> {
        if let Some(end) = markup.strip_prefix('/') {
            let (index, name) = self.open.pop().ok_or(NOT_XML)?;
            let rest = end.strip_prefix(name).ok_or(NOT_XML)?;
            self.close(index);
            return rest.trim_ascii_start().strip_prefix('>').ok_or(NOT_XML);
        }
        if !markup.starts_with(['!', '?']) {
            return self.begin(markup);
        }
        let skipped = |from: &str, end: &str| {
            let from = markup.strip_prefix(from)?;
            memmem::find(from.as_bytes(), end.as_bytes()).map(|len| from.split_at(len))
        };
        if let Some((_, behind)) = skipped("!--", "-->").or_else(|| skipped("?", "?>")) {
            return behind.split_once('>').map(|(_, behind)| behind).ok_or(NOT_XML);
        }
        if let Some((characters, behind)) = skipped("![CDATA[", "]]>") {
            let start = self.text.len() - behind.len() - characters.len();
            self.characters(start..start + characters.len(), false)?;
            return Ok(&behind["]]>".len()..]);
        }
        if markup.starts_with("!DOCTYPE") {
            return Err("it is XML with a document type");
        }
        Err(NOT_XML)
    }

    /// Takes the tag with which an element begins.
    fn begin(&mut self, tag: &'t str) -> Result<&'t str, &'static str> {
        let is_name = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | 0x80..)
        };
        let bytes = tag.as_bytes();
        let mut len = 0;
        while is_name(*bytes.get(len).ok_or(NOT_XML)?) {
            len += 1;
        }
        let (name, mut rest) = tag.split_at(len);
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        if name.is_empty() || !rest.as_bytes().first().is_some_and(ends) {
            return Err(NOT_XML);
        }
        let is_empty = loop {
            let at = memchr3(b'>', b'"', b'\'', rest.as_bytes()).ok_or(NOT_XML)?;
            let (before, quote) = rest.split_at(at);
            rest = &quote[1..];
            if quote.starts_with('>') {
                break before.ends_with('/');
            }
            let end = memchr(quote.as_bytes()[0], rest.as_bytes()).ok_or(NOT_XML)?;
            rest = &rest[end + 1..];
        };
        if self.nodes.len() >= MOST_ELEMENTS || self.open.len() >= MAX_DEPTH {
            return Err(TOO_LARGE);
        }
        if self.open.is_empty() && !self.nodes.is_empty() {
            return Err("it is more than one document");
        }
        if let Some((around, _)) = self.open.last() {
            self.nodes[*around].text = 0..0;
        }
        let end = self.text.len() - tag.len() + len;
        let prefix = memrchr(b':', name.as_bytes()).map_or(0, |colon| colon + 1);
        let start = end - (len - prefix);
        let index = self.nodes.len();
        self.nodes.push(Node { name: start as u32..end as u32, text: 0..0, end: index as u32 + 1 });
        if is_empty {
            self.close(index);
        } else {
            self.open.push((index, name));
        }
        Ok(rest)
    }

    fn close(&mut self, index: usize) {
        let end = self.nodes.len() as u32;
        let node = &mut self.nodes[index];
        let text = text_at(self.text, &self.decoded, &node.text);
        let start = node.text.start + (text.len() - text.trim_start().len()) as u32;
        node.text = start..start + text.trim().len() as u32;
        node.end = end;
    }

    /// Adds a piece of text, with or without references in it, to the element that is open.
    fn characters(
        &mut self,
        piece: Range<usize>,
        has_references: bool,
    ) -> Result<(), &'static str> {
        let text = &self.text[piece.clone()];
        let Some((index, _)) = self.open.last() else {
            // Before and behind the root.
            return if text.trim().is_empty() && has_references { Ok(()) } else { Err(NOT_XML) };
        };
        let (is_last, index) = (index + 1 == self.nodes.len(), *index);
        let before = self.nodes[index].text.clone();
        // Blanks at the start are left out.
        if before.is_empty() && text.trim_ascii_start().is_empty() {
            return Ok(());
        }
        let has_references = has_references && memchr(b'&', text.as_bytes()).is_some();
        if !has_references && before.is_empty() && is_last {
            self.nodes[index].text = piece.start as u32..piece.end as u32;
            return Ok(());
        }
        let behind = self.text.len() as u32;
        let mut start = before.start;
        if start < behind {
            start = behind + self.decoded.len() as u32;
            self.decoded.push_str(&self.text[places(&before)]);
        }
        if has_references {
            self.decode(text)?;
        } else {
            self.decoded.push_str(text);
        }
        // What stands beside other elements is left out.
        if is_last {
            self.nodes[index].text = start..behind + self.decoded.len() as u32;
        }
        Ok(())
    }

    fn decode(&mut self, mut text: &str) -> Result<(), &'static str> {
        const UNKNOWN: &str = "it has unknown entities";
        while let Some(at) = memchr(b'&', text.as_bytes()) {
            self.decoded.push_str(&text[..at]);
            let (reference, behind) = text[at + 1..].split_once(';').ok_or(NOT_XML)?;
            self.decoded.push(entity(reference).ok_or(UNKNOWN)?);
            text = behind;
        }
        self.decoded.push_str(text);
        Ok(())
    }
}

/// What a reference stands for.
fn entity(reference: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let is_number = digits.chars().all(|digit| digit.is_digit(radix));
        let number =
            u32::from_str_radix(digits, radix).ok().filter(|number| is_number && *number > 0);
        number.and_then(char::from_u32)
    };
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match reference.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(reference.strip_prefix('#')?, 10),
        },
    }
}

/// A text with what means something in XML escaped.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<Document, &'static str> {
        parse(text.to_owned())
    }

    #[test]
    fn documents_are_read_however_they_are_written() {
        let document = parsed(
            "<?xml version='1.0' encoding='utf-8' ?>\n<!-- c --><r xmlns=\"http://x/\">\n\t\
             <a>1 &lt;&amp;&quot;&#34;&#x4e2d;</a><p:b x='y'/><a>\n2\n</a><c> 1<![CDATA[<&]]>&gt;<!-- c -->2 </c>\
             <d>x<e>y&amp;</e>z&lt;<e/>1</d><f/></r>\n",
        )
        .unwrap();
        let element = document.root();
        assert_eq!(element.name(), "r");
        assert_eq!(element.children().count(), 6);
        let all: Vec<_> = element.all("a").map(Element::text).collect();
        assert_eq!(all, ["1 <&\"\"中", "2"]);
        assert_eq!(element.number_of("b"), None);
        assert_eq!(element.text_of("c"), "1<&>2");
        assert_eq!(element.text_of("none"), "");
        let both = element.child("d").unwrap();
        assert_eq!((both.text(), both.text_of("e"), both.children().count()), ("", "y&", 2));
        assert_eq!(Document::default().root().child("a").map(Element::name), None);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
        let many = format!("<r>{}</r>", "<a/>".repeat(MOST_ELEMENTS + 1));
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><r>&b;</r>";
        for text in [
            "",
            " ",
            "x",
            "{}",
            "<",
            "<a",
            "<a>",
            "<a><b></a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<a>&b;</a>",
            "<a>&#xD800;</a>",
            "<a>&#0;</a>",
            "<a>&",
            "</a>",
            "<a></ a>",
            "<a></ab>",
            "<a b='></a>",
            "<a\"b\"></a>",
            "<a><!-->--></a",
            "<![CDATA[x]]><a/>",
            "<a>&#+5;</a>",
            "<a>&#x;</a>",
            "<!x><a/>",
            "<html>",
            "<a>& b</a>",
            "\u{0}",
            &deep,
            &many,
            bomb,
        ] {
            assert!(parsed(text).is_err(), "{}", &text[..text.len().min(50)]);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_parsed_or_refused(text: String, odd in "[<>&;a/!\\[\\]?\"'#x0 -]{0,60}") {
            let _ = parse(text);
            let _ = parsed(&format!("<a>{odd}</a>"));
            let _ = parse(odd);
        }

        #[test]
        fn every_text_survives(text in "[ -~中\\n]{0,40}") {
            let document = parse(format!("<a>{}</a>", escape(&text))).unwrap();
            prop_assert_eq!(document.root().text(), text.trim());
        }
    }

    #[test]
    fn what_was_escaped_is_read_as_it_was() {
        let text = "a<b>&\"c\" 'd' &amp;";
        let document = parse(format!("<k>{}</k>", escape(text))).unwrap();
        assert_eq!(document.root().text(), text);
    }
}
