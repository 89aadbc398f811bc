//! Lists of objects.

use super::{
    Answer, Call, headers, object, place,
    request::{Request, encode_path},
    time,
    uploads::{owner_id, uin},
    words::{Failure, Word},
    xml::Writer,
};
use crate::{
    http::reply::{Body, Reply},
    store::{File, Lookup, View, behind},
};

/// How names are written.
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub fn of(request: &Request) -> Result<Encoding, Failure> {
        match request.given("encoding-type") {
            None => Ok(Encoding::Plain),
            Some("url") => Ok(Encoding::Url),
            Some(other) => {
                Err(Word::INVALID_ARGUMENT.saying(format!("encoding-type is {other:?}")))
            }
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Encoding::Plain => "",
            Encoding::Url => "url",
        }
    }

    pub fn text(&self, text: &str) -> String {
        match self {
            Encoding::Plain => text.into(),
            Encoding::Url => encode_path(text),
        }
    }
}

struct Query<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    most: usize,
    encoding: Encoding,
}

impl<'a> Query<'a> {
    fn of(call: &Call<'a>) -> Result<Query<'a>, Failure> {
        let request = call.request;
        let delimiter = request.given("delimiter").unwrap_or_default();
        if delimiter.chars().count() > 1 {
            return Err(Word::INVALID_DELIMITER.into());
        }
        Ok(Query {
            prefix: request.given("prefix").unwrap_or_default(),
            delimiter,
            most: most(call, "max-keys", 0)?,
            encoding: Encoding::of(request)?,
        })
    }

    /// The beginning that this key has in common with others, up to the delimiter.
    fn common<'k>(&self, key: &'k str) -> Option<&'k str> {
        let rest = key.strip_prefix(self.prefix).filter(|_| !self.delimiter.is_empty())?;
        let end = rest.find(self.delimiter)? + self.delimiter.len();
        Some(&key[..self.prefix.len() + end])
    }
}

/// How many entries a list may have; `name` is the parameter that asks for fewer.
pub(super) fn most(call: &Call, name: &str, least: u64) -> Result<usize, Failure> {
    let largest = call.settings.largest_page;
    let asked = call.request.number(name, least, u64::MAX)?;
    Ok(asked.unwrap_or(largest).min(largest) as usize)
}

/// One page of a list.
#[derive(Default)]
struct Page {
    objects: Vec<(String, File)>,
    prefixes: Vec<String>,
    /// The last entry, when more come.
    next: Option<String>,
}

fn page(call: &Call, index: &View, query: &Query, marker: &str) -> Result<Page, Failure> {
    let base = call.base();
    let all = format!("{base}{}", query.prefix);
    // Where to look next, behind the marker.
    let mut position = match query.common(marker) {
        Some(common) if common == marker && call.settings.marker_skips_prefix => {
            behind(&format!("{base}{marker}"))
        }
        _ if marker.is_empty() => all.clone(),
        _ => format!("{base}{marker}\0").max(all.clone()),
    };
    let mut page = Page::default();
    let mut last = String::new();
    while let Some((file_id, entry)) = index.first(&position, &all)? {
        let key = &file_id[base.len()..];
        let common = query.common(key).map(String::from);
        position = match &common {
            Some(common) => behind(&format!("{base}{common}")),
            None => format!("{file_id}\0"),
        };
        let is_listed = |file: &File| file.mtime + call.settings.list_lag <= call.now;
        let Some(file) = object(entry).filter(is_listed) else {
            // An unfinished upload of the JSON API is no object, but objects may begin like it.
            position = format!("{file_id}\0");
            continue;
        };
        if page.objects.len() + page.prefixes.len() == query.most {
            // A page of no entries has no last one to go on from.
            page.next = (query.most > 0).then_some(last);
            break;
        }
        last = common.clone().unwrap_or_else(|| key.into());
        match common {
            Some(common) => page.prefixes.push(common),
            None => page.objects.push((key.into(), file)),
        }
    }
    Ok(page)
}

fn reply(call: &Call, text: String) -> Reply {
    let mut reply = Reply::new(200, "application/xml", Body::bytes(text));
    reply.named("x-cos-bucket-region", place::region(&call.bucket.region));
    reply
}

fn common_prefixes(xml: &mut Writer, page: &Page, encoding: &Encoding) {
    for prefix in &page.prefixes {
        xml.within("CommonPrefixes", |xml| xml.leaf("Prefix", encoding.text(prefix)));
    }
}

/// What both lists say about an object.
fn facts(xml: &mut Writer, file: &File) {
    xml.leaf("LastModified", time::listed(file.mtime));
    xml.leaf("ETag", format!("\"{}\"", headers::etag(file)));
    xml.leaf("Size", file.size.to_string());
    let class = &file.traits.storage_class;
    xml.leaf("StorageClass", if class.is_empty() { headers::STANDARD } else { class });
}

pub(super) fn objects(call: &Call) -> Answer {
    let query = Query::of(call)?;
    let marker = call.request.given("marker").unwrap_or_default();
    let page = page(call, &call.store().view()?, &query, marker)?;
    let encoding = &query.encoding;
    let text = Writer::document("ListBucketResult", |xml| {
        xml.leaf("Name", call.place.full_name());
        if !encoding.name().is_empty() {
            xml.leaf("EncodingType", encoding.name());
        }
        xml.leaf("Prefix", encoding.text(query.prefix));
        xml.leaf("Marker", encoding.text(marker));
        xml.leaf("MaxKeys", query.most.to_string());
        if !query.delimiter.is_empty() {
            xml.leaf("Delimiter", encoding.text(query.delimiter));
        }
        xml.leaf("IsTruncated", page.next.is_some().to_string());
        if let Some(next) = &page.next {
            xml.leaf("NextMarker", encoding.text(next));
        }
        common_prefixes(xml, &page, encoding);
        for (key, file) in &page.objects {
            xml.within("Contents", |xml| {
                xml.leaf("Key", encoding.text(key));
                facts(xml, file);
                xml.within("Owner", |xml| {
                    xml.leaf("ID", &call.place.appid);
                    xml.leaf("DisplayName", &call.place.appid);
                });
            });
        }
    });
    Ok(reply(call, text))
}

/// Every object has one version, the last: no other one is kept.
pub(super) fn versions(call: &Call) -> Answer {
    let query = Query::of(call)?;
    let marker = call.request.given("key-marker").unwrap_or_default();
    let page = page(call, &call.store().view()?, &query, marker)?;
    let encoding = &query.encoding;
    let text = Writer::document("ListVersionsResult", |xml| {
        xml.leaf("Name", call.place.full_name());
        if !encoding.name().is_empty() {
            xml.leaf("EncodingType", encoding.name());
        }
        xml.leaf("Prefix", encoding.text(query.prefix));
        xml.leaf("KeyMarker", encoding.text(marker));
        xml.leaf("VersionIdMarker", call.request.given("version-id-marker").unwrap_or_default());
        xml.leaf("MaxKeys", query.most.to_string());
        if !query.delimiter.is_empty() {
            xml.leaf("Delimiter", encoding.text(query.delimiter));
        }
        xml.leaf("IsTruncated", page.next.is_some().to_string());
        if let Some(next) = &page.next {
            xml.leaf("NextKeyMarker", encoding.text(next));
            xml.leaf("NextVersionIdMarker", "");
        }
        common_prefixes(xml, &page, encoding);
        for (key, file) in &page.objects {
            xml.within("Version", |xml| {
                xml.leaf("Key", encoding.text(key));
                xml.leaf("VersionId", &file.traits.version);
                xml.leaf("IsLatest", "true");
                facts(xml, file);
                xml.within("Owner", |xml| {
                    xml.leaf("ID", owner_id(&call.place.appid));
                    xml.leaf("DisplayName", uin(&call.place.appid));
                });
            });
        }
    });
    Ok(reply(call, text))
}
