//! XML that a server sends, as a small tree. It is foreign input: its size, its depth and the
//! number of its elements are bounded, and it can't define entities.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The deepest nesting that is accepted. The service's own replies reach 5.
const MAX_DEPTH: usize = 16;
/// So many elements are accepted. A full page of a list has some ten thousand.
const MOST_ELEMENTS: usize = 200_000;

/// An element. Attributes, comments and namespaces are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name, without a prefix.
    pub name: String,
    /// Its text, without blanks at its ends.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The first element of this name in it.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.all(name).next()
    }

    /// All elements of this name in it.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of this name in it; empty where there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| &child.text)
    }

    /// The number that is the text of the first element of this name in it.
    pub fn number_of(&self, name: &str) -> Option<u64> {
        self.text_of(name).parse().ok()
    }
}

/// Parses a document. The error says what is wrong with it.
pub fn parse(text: &str) -> Result<Element, &'static str> {
    const NOT_XML: &str = "it is not XML";
    let mut reader = Reader::from_str(text);
    let (mut open, mut root, mut count) = (Vec::<Element>::new(), None, 0);
    loop {
        let text = match reader.read_event().map_err(|_| NOT_XML)? {
            Event::Start(start) => {
                count += 1;
                if open.len() >= MAX_DEPTH || count > MOST_ELEMENTS {
                    return Err("it is XML that is too large or too deep");
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name: name.to_string(), ..Element::default() });
                continue;
            }
            Event::Empty(start) => {
                count += 1;
                if count > MOST_ELEMENTS {
                    return Err("it is XML that is too large or too deep");
                }
                let name = start.local_name().as_ref().to_string();
                close(Element { name, ..Element::default() }, &mut open, &mut root)?;
                continue;
            }
            Event::End(_) => {
                let element = open.pop().ok_or(NOT_XML)?;
                close(element, &mut open, &mut root)?;
                continue;
            }
            Event::Text(text) => text.into_inner().into_owned(),
            Event::CData(text) => text.into_inner().into_owned(),
            Event::GeneralRef(reference) => entity(&reference).ok_or("it has unknown entities")?,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
            Event::DocType(_) => return Err("it is XML with a document type"),
            Event::Eof => break,
        };
        match open.last_mut() {
            Some(element) => element.text.push_str(&text),
            None if text.trim().is_empty() => {}
            None => return Err(NOT_XML),
        }
    }
    if open.is_empty() { root.ok_or("it is empty") } else { Err("it ends too early") }
}

/// Adds an element that has ended to the one around it, or makes it the root.
fn close(
    mut element: Element,
    open: &mut [Element],
    root: &mut Option<Element>,
) -> Result<(), &'static str> {
    let trimmed = element.text.trim();
    if trimmed.len() != element.text.len() {
        element.text = trimmed.to_owned();
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err("it is more than one document"),
    }
    Ok(())
}

/// What a reference stands for.
fn entity(reference: &quick_xml::events::BytesRef) -> Option<String> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok()?.map(String::from);
    }
    let text = match &**reference {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    };
    Some(text.to_owned())
}

/// A text with what means something in XML escaped.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documents_are_read_however_they_are_written() {
        let element = parse(
            "<?xml version='1.0' encoding='utf-8' ?>\n<!-- c --><r xmlns=\"http://x/\">\n\t\
             <a>1 &lt;&amp;&quot;&#34;&#x4e2d;</a><p:b x='y'/><a>\n2\n</a><c><![CDATA[<&]]></c></r>\n",
        )
        .unwrap();
        assert_eq!(element.name, "r");
        let all: Vec<_> = element.all("a").map(|a| a.text.as_str()).collect();
        assert_eq!(all, ["1 <&\"\"中", "2"]);
        assert_eq!(element.number_of("b"), None);
        assert_eq!(element.text_of("c"), "<&");
        assert_eq!(element.text_of("d"), "");
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
            "<html>",
            "<a>& b</a>",
            "\u{0}",
            &deep,
            &many,
            bomb,
        ] {
            assert!(parse(text).is_err(), "{}", &text[..text.len().min(50)]);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_parsed_or_refused(text: String, odd in "[<>&;a/!\\[\\]?\"'#x0 -]{0,60}") {
            let _ = parse(&text);
            let _ = parse(&odd);
            let _ = parse(&format!("<a>{odd}</a>"));
        }

        #[test]
        fn every_text_survives(text in "[ -~中\\n]{0,40}") {
            let element = parse(&format!("<a>{}</a>", escape(&text))).unwrap();
            prop_assert_eq!(element.text, text.trim());
        }
    }

    #[test]
    fn what_was_escaped_is_read_as_it_was() {
        let text = "a<b>&\"c\" 'd' &amp;";
        assert_eq!(parse(&format!("<k>{}</k>", escape(text))).unwrap().text, text);
    }
}
