//! Multipart uploads of the XML API, any number for one file id, each part a content of its own.

use std::collections::BTreeMap;

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::{
    entry::Traits,
    error::Error,
    index::{Bytes, Change, View, parse, text},
};

/// What an upload was begun with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Multipart {
    pub id: String,
    pub file_id: String,
    pub created: u64,
    pub headers: BTreeMap<String, String>,
    pub traits: Traits,
}

/// A part that has arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PartContent {
    pub blob: String,
    pub size: u64,
    /// Its MD5 in hexadecimal.
    pub etag: String,
    pub crc64: u64,
    pub mtime: u64,
}

fn part_key(id: &str, number: u32) -> String {
    format!("{id}/{number:05}")
}

fn multipart(
    table: &impl ReadableTable<&'static str, Bytes>,
    id: &str,
) -> Result<Multipart, Error> {
    table.get(id)?.map_or(Err(Error::Missing), |value| parse(value.value()))
}

fn parts(
    table: &impl ReadableTable<&'static str, Bytes>,
    id: &str,
) -> Result<BTreeMap<u32, PartContent>, Error> {
    let range = format!("{id}/")..format!("{id}0");
    let mut found = BTreeMap::new();
    for item in table.range::<&str>(range.start.as_str()..range.end.as_str())? {
        let (key, value) = item?;
        let number = key.value().rsplit('/').next().and_then(|number| number.parse().ok());
        found.insert(number.unwrap_or_default(), parse(value.value())?);
    }
    Ok(found)
}

impl View {
    pub fn multipart(&self, id: &str) -> Result<Multipart, Error> {
        multipart(&self.multiparts, id)
    }

    pub fn parts(&self, id: &str) -> Result<BTreeMap<u32, PartContent>, Error> {
        parts(&self.parts, id)
    }

    /// All uploads whose file id starts so, by file id and then by age.
    pub fn multiparts(&self, prefix: &str) -> Result<Vec<Multipart>, Error> {
        let mut found = Vec::new();
        for item in self.multiparts.iter()? {
            let upload: Multipart = parse(item?.1.value())?;
            if upload.file_id.starts_with(prefix) {
                found.push(upload);
            }
        }
        found.sort_by(|one, other| (&one.file_id, &one.id).cmp(&(&other.file_id, &other.id)));
        Ok(found)
    }

    pub fn all_parts(&self) -> Result<Vec<PartContent>, Error> {
        self.parts.iter()?.map(|item| parse(item?.1.value())).collect()
    }

    /// The file id and the ETag of an upload that was completed.
    pub fn completed(&self, id: &str) -> Result<Option<(String, String)>, Error> {
        self.completed.get(id)?.map(|value| parse(value.value())).transpose()
    }
}

impl Change<'_> {
    pub fn begin_multipart(&mut self, upload: &Multipart) -> Result<(), Error> {
        self.multiparts.insert(upload.id.as_str(), text(upload)?.as_slice())?;
        Ok(())
    }

    /// Adds a part, or puts it in the place of the one with its number.
    pub fn put_part(&mut self, id: &str, number: u32, part: &PartContent) -> Result<(), Error> {
        multipart(&self.multiparts, id)?;
        let key = part_key(id, number);
        let old = self.parts.insert(key.as_str(), text(part)?.as_slice())?;
        if let Some(old) = old {
            self.discarded.blobs.push(parse::<PartContent>(old.value())?.blob);
        }
        Ok(())
    }

    pub fn parts(&self, id: &str) -> Result<BTreeMap<u32, PartContent>, Error> {
        parts(&self.parts, id)
    }

    /// Ends an upload and throws its parts away.
    pub fn end_multipart(&mut self, id: &str) -> Result<Multipart, Error> {
        let upload = multipart(&self.multiparts, id)?;
        self.multiparts.remove(id)?;
        for (number, part) in parts(&self.parts, id)? {
            self.parts.remove(part_key(id, number).as_str())?;
            self.discarded.blobs.push(part.blob);
        }
        Ok(upload)
    }

    pub fn remember_completed(&mut self, id: &str, file_id: &str, etag: &str) -> Result<(), Error> {
        self.completed.insert(id, text(&(file_id, etag))?.as_slice())?;
        Ok(())
    }
}
