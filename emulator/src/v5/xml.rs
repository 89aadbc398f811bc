//! XML: what clients send, and what they are answered.

use std::borrow::Cow;

use quick_xml::{Reader, events::Event};

use super::words::{Failure, Word};

/// How deep elements may lie in each other.
const DEEPEST: usize = 16;

/// An element that was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document whose root has this name.
    pub fn parse(bytes: &[u8], root: &str) -> Result<Element, Failure> {
        let text = str::from_utf8(bytes)
            .map_err(|_| Word::MALFORMED_XML.because("the XML is not UTF-8"))?;
        let element = read(text).map_err(|why| Word::MALFORMED_XML.because(why))?;
        if element.name == root {
            Ok(element)
        } else {
            Err(Word::MALFORMED_XML.because(format!("<{}> in the place of <{root}>", element.name)))
        }
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of a child that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Failure> {
        self.child(name)
            .map(|child| child.text.as_str())
            .ok_or_else(|| Word::MALFORMED_XML.because(format!("<{}> has no <{name}>", self.name)))
    }
}

fn read(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    // The elements that are open, below a root for the document itself.
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let inner = open.last_mut().ok_or("an element ends that did not begin")?;
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err("the elements lie too deep in each other".into());
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => inner.children.push(element(&start)?),
            Event::End(_) => {
                let ended = open.pop().ok_or("an element ends that did not begin")?;
                open.last_mut().ok_or("an element ends that did not begin")?.children.push(ended);
            }
            Event::Text(text) => inner.text.push_str(&text.xml10_content()),
            Event::CData(text) => inner.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                match (character, &*reference.xml10_content()) {
                    (Some(character), _) => inner.text.push(character),
                    (None, "amp") => inner.text.push('&'),
                    (None, "lt") => inner.text.push('<'),
                    (None, "gt") => inner.text.push('>'),
                    (None, "quot") => inner.text.push('"'),
                    (None, "apos") => inner.text.push('\''),
                    (None, other) => return Err(format!("the entity {other:?} is unknown")),
                }
            }
            Event::DocType(_) => return Err("a document type is not allowed".into()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    let document = open.pop().filter(|_| open.is_empty()).ok_or("an element does not end")?;
    let mut roots = document.children.into_iter();
    match (roots.next(), roots.next()) {
        (Some(root), None) if document.text.trim().is_empty() => Ok(root),
        _ => Err("there must be one root".into()),
    }
}

/// An element by its first tag, whose attributes are not kept.
fn element(start: &quick_xml::events::BytesStart) -> Result<Element, String> {
    for attribute in start.attributes() {
        attribute.map_err(|error| error.to_string())?;
    }
    Ok(Element { name: start.local_name().as_ref().to_string(), ..Element::default() })
}

/// Writes elements one after the other, and in each other.
#[derive(Default)]
pub(crate) struct Writer(String);

impl Writer {
    /// A whole document.
    pub fn document(root: &str, content: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::default();
        writer.0.push_str("<?xml version='1.0' encoding='utf-8' ?>\n");
        writer.within(root, content);
        writer.0
    }

    /// An element with others in it; `start` may hold attributes.
    pub fn within(&mut self, start: &str, content: impl FnOnce(&mut Writer)) {
        let name = start.split(' ').next().unwrap_or_default();
        self.0.push_str(&format!("<{start}>\n"));
        content(self);
        self.0.push_str(&format!("</{name}>\n"));
    }

    pub fn leaf(&mut self, name: &str, text: impl AsRef<str>) {
        let text = escape(text.as_ref());
        if text.is_empty() {
            self.0.push_str(&format!("<{name}/>\n"));
        } else {
            self.0.push_str(&format!("<{name}>{text}</{name}>\n"));
        }
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\r']) {
        return text.into();
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\r', "&#13;").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_read() {
        let xml = "<?xml version='1.0'?><Delete>\n <Object><Key>a &amp; b&#x4e2d;</Key></Object>\n\
            <Object xmlns='x' xsi:type=\"T\"><Key><![CDATA[<c>]]></Key></Object><Quiet/></Delete>";
        let root = Element::parse(xml.as_bytes(), "Delete").unwrap();
        let objects: Vec<_> = root.all("Object").collect();
        assert_eq!(objects[0].required("Key").unwrap(), "a & b中");
        assert_eq!(objects[1].required("Key").unwrap(), "<c>");
        assert_eq!(root.required("Quiet").unwrap(), "");
    }

    #[test]
    fn what_is_no_xml_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        for bad in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a>&unknown;</a>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
            "<b/>",
            "<a></a></a>",
            &deep,
        ] {
            assert_eq!(
                Element::parse(bad.as_bytes(), "a").unwrap_err().word.code,
                "MalformedXML",
                "{bad}"
            );
        }
        assert!(Element::parse(b"<a>\xff</a>", "a").is_err());
    }

    #[test]
    fn what_is_written_can_be_read() {
        let text = Writer::document("a", |xml| {
            xml.leaf("b", "<&>\"\r");
            xml.within("c x='1'", |xml| xml.leaf("d", ""));
        });
        let read = Element::parse(text.as_bytes(), "a").unwrap();
        assert_eq!(read.required("b").unwrap(), "<&>\"\r");
        assert_eq!(read.child("c").unwrap().required("d").unwrap(), "");
    }
}
