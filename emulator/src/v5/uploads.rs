//! Lists of multipart uploads, and of the parts of one.

use super::{
    Answer, Call,
    list::{Encoding, most},
    multipart::upload,
    time,
    words::Word,
    xml::Writer,
};
use crate::{
    http::reply::{Body, Reply},
    store::Multipart,
};

fn person(xml: &mut Writer, role: &str, appid: &str) {
    xml.within(role, |xml| {
        xml.leaf("ID", owner_id(appid));
        xml.leaf("DisplayName", uin(appid));
    });
}

/// The number of the account that owns an appid.
pub(super) fn uin(appid: &str) -> String {
    format!("1{appid:0>11}")
}

pub(super) fn owner_id(appid: &str) -> String {
    let uin = uin(appid);
    format!("qcs::cam::uin/{uin}:uin/{uin}")
}

fn class(name: &str) -> &str {
    if name.is_empty() { "Standard" } else { name }
}

pub(super) fn parts(call: &Call) -> Answer {
    let request = call.request;
    if request.given("uploadId").is_none() {
        return Err(Word::UPLOAD_ID_EMPTY.into());
    }
    let upload = upload(call)?;
    let most = most(call, "max-parts", 1)?;
    let marker = request.number("part-number-marker", 0, u64::MAX)?.unwrap_or(0);
    let encoding = Encoding::of(request)?;
    let parts = call.store().view()?.parts(&upload.id)?;
    let behind = parts.iter().filter(|(number, _)| u64::from(**number) > marker);
    let mut page: Vec<_> = behind.take(most + 1).collect();
    let is_truncated = page.len() > most;
    page.truncate(most);
    let text = Writer::document("ListPartsResult", |xml| {
        xml.leaf("Bucket", call.place.full_name());
        xml.leaf("Encoding-type", encoding.name());
        xml.leaf("Key", encoding.text(&request.key));
        xml.leaf("UploadId", &upload.id);
        person(xml, "Initiator", &call.place.appid);
        person(xml, "Owner", &call.place.appid);
        xml.leaf("PartNumberMarker", marker.to_string());
        for (number, part) in &page {
            xml.within("Part", |xml| {
                xml.leaf("PartNumber", number.to_string());
                xml.leaf("LastModified", time::listed(part.mtime));
                xml.leaf("ETag", format!("\"{}\"", part.etag));
                xml.leaf("Size", part.size.to_string());
            });
        }
        if let Some((number, _)) = page.last() {
            xml.leaf("NextPartNumberMarker", number.to_string());
        }
        xml.leaf("StorageClass", class(&upload.traits.storage_class));
        xml.leaf("MaxParts", most.to_string());
        xml.leaf("IsTruncated", is_truncated.to_string());
    });
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}

/// An upload, or all whose keys begin alike.
enum Item<'u> {
    Upload(&'u str, &'u Multipart),
    Prefix(String),
}

pub(super) fn list(call: &Call) -> Answer {
    let request = call.request;
    let most = most(call, "max-uploads", 1)?;
    let prefix = request.given("prefix").unwrap_or_default();
    let delimiter = request.given("delimiter").unwrap_or_default();
    let key_marker = request.given("key-marker").unwrap_or_default();
    let id_marker = request.given("upload-id-marker").unwrap_or_default();
    let encoding = Encoding::of(request)?;
    let base = call.base();
    let uploads = call.store().view()?.multiparts(&format!("{base}{prefix}"))?;
    let with_keys = uploads.iter().map(|upload| (&upload.file_id[base.len()..], upload));
    let behind = with_keys.filter(|(key, upload)| match id_marker {
        "" => *key > key_marker,
        id => (*key, upload.id.as_str()) > (key_marker, id),
    });
    let mut items = grouped(behind, prefix.len(), delimiter, key_marker, most + 1);
    let is_truncated = items.len() > most;
    items.truncate(most);

    let text = Writer::document("ListMultipartUploadsResult", |xml| {
        xml.leaf("Bucket", call.place.full_name());
        xml.leaf("Encoding-Type", encoding.name());
        xml.leaf("KeyMarker", encoding.text(key_marker));
        xml.leaf("UploadIdMarker", id_marker);
        if let Some(last) = items.last().filter(|_| is_truncated) {
            let (key, id) = match last {
                Item::Upload(key, upload) => (*key, upload.id.as_str()),
                Item::Prefix(prefix) => (prefix.as_str(), ""),
            };
            xml.leaf("NextKeyMarker", encoding.text(key));
            xml.leaf("NextUploadIdMarker", id);
        }
        xml.leaf("MaxUploads", most.to_string());
        xml.leaf("Prefix", encoding.text(prefix));
        xml.leaf("Delimiter", encoding.text(delimiter));
        xml.leaf("IsTruncated", is_truncated.to_string());
        for item in &items {
            match item {
                Item::Upload(key, upload) => xml.within("Upload", |xml| {
                    xml.leaf("Key", encoding.text(key));
                    xml.leaf("UploadId", &upload.id);
                    person(xml, "Initiator", &call.place.appid);
                    person(xml, "Owner", &call.place.appid);
                    xml.leaf("StorageClass", class(&upload.traits.storage_class));
                    xml.leaf("Initiated", time::listed(upload.created));
                }),
                Item::Prefix(prefix) => xml.within("CommonPrefixes", |xml| {
                    xml.leaf("Prefix", encoding.text(prefix));
                }),
            }
        }
    });
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}

/// At most so many items: uploads, and in place of those whose keys have the delimiter behind the prefix
/// what these keys begin with. One that is the marker was listed before.
fn grouped<'u>(
    uploads: impl Iterator<Item = (&'u str, &'u Multipart)>,
    prefix_len: usize,
    delimiter: &str,
    marker: &str,
    most: usize,
) -> Vec<Item<'u>> {
    let mut items: Vec<Item> = Vec::new();
    for (key, upload) in uploads {
        if items.len() == most {
            break;
        }
        let end = key[prefix_len..].find(delimiter).filter(|_| !delimiter.is_empty());
        let Some(end) = end else {
            items.push(Item::Upload(key, upload));
            continue;
        };
        let common = &key[..prefix_len + end + delimiter.len()];
        let is_last = matches!(items.last(), Some(Item::Prefix(last)) if last == common);
        if common != marker && !is_last {
            items.push(Item::Prefix(common.into()));
        }
    }
    items
}
