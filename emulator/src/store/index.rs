//! The index: which file ids exist and what is known about them.

use std::collections::HashSet;

use redb::{
    AccessGuard, Database, MultimapTable, MultimapTableDefinition, ReadOnlyTable, ReadTransaction,
    ReadableMultimapTable, ReadableTable, Table, TableDefinition, WriteTransaction,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    entry::{Entry, File, Folder},
    error::Error,
    uploads::UploadMeta,
};
use crate::digest::sha1_hex;

pub(super) type Bytes = &'static [u8];

/// File id to [`Entry`].
const OBJECTS: TableDefinition<&str, Bytes> = TableDefinition::new("objects");
/// File id to [`UploadMeta`].
const UPLOADS: TableDefinition<&str, Bytes> = TableDefinition::new("uploads");
/// `appid/sha/size` to the file ids with this content, for instant upload.
const CONTENTS: MultimapTableDefinition<&str, &str> = MultimapTableDefinition::new("contents");
/// Fingerprints of used once-signatures, with the time of their use.
const SIGNATURES: TableDefinition<Bytes, u64> = TableDefinition::new("signatures");
const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
/// The number of a multipart upload to its [`Multipart`](super::Multipart).
pub(super) const MULTIPARTS: TableDefinition<&str, Bytes> = TableDefinition::new("multiparts");
/// `upload/part` to its [`PartContent`](super::PartContent).
pub(super) const PARTS: TableDefinition<&str, Bytes> = TableDefinition::new("parts");
/// The number of a completed multipart upload to the file id and the ETag it ended with.
pub(super) const COMPLETED: TableDefinition<&str, Bytes> = TableDefinition::new("completed");
/// The `context` of a list to the list and where it goes on.
const CONTEXTS: TableDefinition<&str, Bytes> = TableDefinition::new("contexts");

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::Broken(format!("the index is damaged: {error}")))
}

pub(super) fn text(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Broken(error.to_string()))
}

/// Creates what is missing; returns the time of the first start.
pub(crate) fn prepare(database: &Database, now: u64) -> Result<u64, Error> {
    let transaction = database.begin_write()?;
    let created = {
        transaction.open_table(OBJECTS)?;
        transaction.open_table(UPLOADS)?;
        transaction.open_multimap_table(CONTENTS)?;
        transaction.open_table(SIGNATURES)?;
        transaction.open_table(CONTEXTS)?;
        transaction.open_table(MULTIPARTS)?;
        transaction.open_table(PARTS)?;
        transaction.open_table(COMPLETED)?;
        let mut numbers = transaction.open_table(NUMBERS)?;
        let known = numbers.get("created")?.map(|value| value.value());
        match known {
            Some(created) => created,
            None => {
                numbers.insert("created", now)?;
                now
            }
        }
    };
    transaction.commit()?;
    Ok(created)
}

fn keys(table: &impl ReadableTable<&'static str, Bytes>) -> Result<Vec<String>, Error> {
    table.iter()?.map(|item| Ok(item?.0.value().to_owned())).collect()
}

/// Questions that can be asked inside and outside of a change.
pub(crate) trait Lookup {
    fn objects(&self) -> &impl ReadableTable<&'static str, Bytes>;
    fn uploads(&self) -> &impl ReadableTable<&'static str, Bytes>;

    fn entry(&self, file_id: &str) -> Result<Option<Entry>, Error> {
        self.objects().get(file_id)?.map(|value| parse(value.value())).transpose()
    }

    /// The complete file of this id.
    fn file(&self, file_id: &str) -> Result<File, Error> {
        match self.entry(file_id)? {
            Some(Entry::File(file)) => Ok(file),
            _ => Err(Error::Missing),
        }
    }

    fn folder(&self, file_id: &str) -> Result<Folder, Error> {
        match self.entry(file_id)? {
            Some(Entry::Folder(folder)) => Ok(folder),
            _ => Err(Error::Missing),
        }
    }

    fn upload(&self, file_id: &str) -> Result<Option<UploadMeta>, Error> {
        self.uploads().get(file_id)?.map(|value| parse(value.value())).transpose()
    }

    /// The first entry whose file id is at least `from` and starts with `prefix`.
    fn first(&self, from: &str, prefix: &str) -> Result<Option<(String, Entry)>, Error> {
        let Some(found) = self.objects().range(from..)?.next() else { return Ok(None) };
        let (key, value) = found?;
        if key.value().starts_with(prefix) {
            Ok(Some((key.value().into(), parse(value.value())?)))
        } else {
            Ok(None)
        }
    }

    /// Whether anything lies below a folder, the folder itself not counted.
    fn has_children(&self, folder_id: &str) -> Result<bool, Error> {
        Ok(self.first(&format!("{folder_id}\0"), folder_id)?.is_some())
    }
}

/// The smallest text greater than everything that starts with `prefix`.
pub(crate) fn behind(prefix: &str) -> String {
    let mut chars = prefix.chars();
    let Some(last) = chars.next_back() else { return char::MAX.into() };
    match (last..=char::MAX).nth(1) {
        Some(next) => format!("{}{next}", chars.as_str()),
        None => behind(chars.as_str()),
    }
}

/// A consistent picture of the index.
pub(crate) struct View {
    objects: ReadOnlyTable<&'static str, Bytes>,
    uploads: ReadOnlyTable<&'static str, Bytes>,
    contexts: ReadOnlyTable<&'static str, Bytes>,
    pub(super) multiparts: ReadOnlyTable<&'static str, Bytes>,
    pub(super) parts: ReadOnlyTable<&'static str, Bytes>,
    pub(super) completed: ReadOnlyTable<&'static str, Bytes>,
}

impl View {
    pub fn new(transaction: ReadTransaction) -> Result<View, Error> {
        Ok(View {
            objects: transaction.open_table(OBJECTS)?,
            uploads: transaction.open_table(UPLOADS)?,
            contexts: transaction.open_table(CONTEXTS)?,
            multiparts: transaction.open_table(MULTIPARTS)?,
            parts: transaction.open_table(PARTS)?,
            completed: transaction.open_table(COMPLETED)?,
        })
    }

    /// Where the list goes on that was given this context.
    pub fn position(&self, list: &str, context: &str) -> Result<Option<String>, Error> {
        let Some(kept) = self.contexts.get(context)? else { return Ok(None) };
        let (of, position): (String, String) = parse(kept.value())?;
        Ok((of == list).then_some(position))
    }

    /// All entries, by file id.
    pub fn all_entries(&self) -> Result<Vec<(String, Entry)>, Error> {
        let read = |item: Result<_, redb::StorageError>| {
            let (file_id, entry): (AccessGuard<&str>, AccessGuard<Bytes>) = item?;
            Ok((file_id.value().to_owned(), parse(entry.value())?))
        };
        self.objects.iter()?.map(read).collect()
    }

    pub fn all_uploads(&self) -> Result<Vec<UploadMeta>, Error> {
        self.uploads.iter()?.map(|item| parse(item?.1.value())).collect()
    }

    pub fn all_blobs(&self) -> Result<HashSet<String>, Error> {
        let mut blobs = HashSet::new();
        for item in self.objects.iter()? {
            if let Some(file) = parse::<Entry>(item?.1.value())?.content() {
                blobs.insert(file.blob.clone());
            }
        }
        blobs.extend(self.all_parts()?.into_iter().map(|part| part.blob));
        Ok(blobs)
    }
}

impl Lookup for View {
    fn objects(&self) -> &impl ReadableTable<&'static str, Bytes> {
        &self.objects
    }

    fn uploads(&self) -> &impl ReadableTable<&'static str, Bytes> {
        &self.uploads
    }
}

/// What a change leaves without an owner, to be removed once it is committed.
#[derive(Default)]
pub(crate) struct Discarded {
    pub blobs: Vec<String>,
    pub sessions: Vec<String>,
}

/// A change of the index, alone and all or nothing.
pub(crate) struct Change<'t> {
    objects: Table<'t, &'static str, Bytes>,
    uploads: Table<'t, &'static str, Bytes>,
    contents: MultimapTable<'t, &'static str, &'static str>,
    signatures: Table<'t, Bytes, u64>,
    contexts: Table<'t, &'static str, Bytes>,
    pub(super) multiparts: Table<'t, &'static str, Bytes>,
    pub(super) parts: Table<'t, &'static str, Bytes>,
    pub(super) completed: Table<'t, &'static str, Bytes>,
    pub(super) discarded: Discarded,
}

impl Lookup for Change<'_> {
    fn objects(&self) -> &impl ReadableTable<&'static str, Bytes> {
        &self.objects
    }

    fn uploads(&self) -> &impl ReadableTable<&'static str, Bytes> {
        &self.uploads
    }
}

fn content_key(file_id: &str, sha: &str, size: u64) -> String {
    let appid = file_id.split('/').nth(1).unwrap_or_default();
    format!("{appid}/{sha}/{size}")
}

impl<'t> Change<'t> {
    pub fn new(transaction: &'t WriteTransaction) -> Result<Change<'t>, Error> {
        Ok(Change {
            objects: transaction.open_table(OBJECTS)?,
            uploads: transaction.open_table(UPLOADS)?,
            contents: transaction.open_multimap_table(CONTENTS)?,
            signatures: transaction.open_table(SIGNATURES)?,
            contexts: transaction.open_table(CONTEXTS)?,
            multiparts: transaction.open_table(MULTIPARTS)?,
            parts: transaction.open_table(PARTS)?,
            completed: transaction.open_table(COMPLETED)?,
            discarded: Discarded::default(),
        })
    }

    pub fn into_discarded(self) -> Discarded {
        self.discarded
    }

    /// Puts an entry in the place of whatever was there. A file's old content goes, unless the new one is the same.
    pub fn put(&mut self, file_id: &str, entry: &Entry) -> Result<(), Error> {
        self.unlist(file_id, entry)?;
        if let Entry::File(file) = entry {
            self.contents.insert(content_key(file_id, &file.sha, file.size).as_str(), file_id)?;
        }
        self.objects.insert(file_id, text(entry)?.as_slice())?;
        Ok(())
    }

    /// Removes an entry and its content.
    pub fn remove(&mut self, file_id: &str) -> Result<(), Error> {
        self.unlist(file_id, &Entry::Unfinished)?;
        self.objects.remove(file_id)?;
        Ok(())
    }

    /// Removes an object. An unfinished slice upload of the same name stays, and shows again.
    pub fn remove_object(&mut self, file_id: &str) -> Result<(), Error> {
        match self.upload(file_id)? {
            Some(_) => self.put(file_id, &Entry::Unfinished),
            None => self.remove(file_id),
        }
    }

    /// Removes an entry whose content lives on elsewhere.
    pub fn take(&mut self, file_id: &str) -> Result<File, Error> {
        let file = self.file(file_id)?;
        self.contents.remove(content_key(file_id, &file.sha, file.size).as_str(), file_id)?;
        self.objects.remove(file_id)?;
        Ok(file)
    }

    fn unlist(&mut self, file_id: &str, successor: &Entry) -> Result<(), Error> {
        let Some(entry) = self.entry(file_id)? else { return Ok(()) };
        let Some(old) = entry.content() else { return Ok(()) };
        self.contents.remove(content_key(file_id, &old.sha, old.size).as_str(), file_id)?;
        if successor.content().is_none_or(|new| new.blob != old.blob) {
            self.discarded.blobs.push(old.blob.clone());
        }
        Ok(())
    }

    /// A stored file of the same appid with this content.
    pub fn same_content(&self, file_id: &str, sha: &str, size: u64) -> Result<Option<File>, Error> {
        let key = content_key(file_id, sha, size);
        let Some(found) = self.contents.get(key.as_str())?.next() else { return Ok(None) };
        self.file(found?.value()).map(Some)
    }

    /// Removes every entry and every upload, with their contents.
    pub fn clear(&mut self) -> Result<(), Error> {
        for file_id in keys(&self.uploads)? {
            self.drop_upload(&file_id)?;
        }
        for id in keys(&self.multiparts)? {
            self.end_multipart(&id)?;
        }
        for file_id in keys(&self.objects)? {
            self.remove(&file_id)?;
        }
        self.completed.retain(|_, _| false)?;
        self.contexts.retain(|_, _| false)?;
        self.signatures.retain(|_, _| false)?;
        Ok(())
    }

    pub fn begin_upload(&mut self, meta: &UploadMeta) -> Result<(), Error> {
        self.uploads.insert(meta.file_id.as_str(), text(meta)?.as_slice())?;
        if self.entry(&meta.file_id)?.is_none() {
            self.put(&meta.file_id, &Entry::Unfinished)?;
        }
        Ok(())
    }

    /// Ends an upload whose content is about to become an object's. Another request may have thrown
    /// it away since it was looked up.
    pub fn end_upload(&mut self, meta: &UploadMeta) -> Result<(), Error> {
        match self.take_upload(&meta.file_id)? {
            Some(current) if current.session == meta.session => Ok(()),
            _ => Err(Error::Ended("the session ended meanwhile")),
        }
    }

    /// Throws an upload away, if there is one.
    pub fn drop_upload(&mut self, file_id: &str) -> Result<(), Error> {
        if let Some(meta) = self.take_upload(file_id)? {
            self.discarded.blobs.push(meta.blob);
        }
        Ok(())
    }

    fn take_upload(&mut self, file_id: &str) -> Result<Option<UploadMeta>, Error> {
        let meta = self.upload(file_id)?;
        if let Some(meta) = &meta {
            self.uploads.remove(file_id)?;
            self.discarded.sessions.push(meta.session.clone());
        }
        Ok(meta)
    }

    /// Keeps where a list goes on, under a short context: it travels in a URL beside the folder's path.
    pub fn keep_position(&mut self, list: &str, position: &str) -> Result<String, Error> {
        let kept = text(&(list, position))?;
        let mut context = sha1_hex(&kept);
        context.truncate(16);
        self.contexts.insert(context.as_str(), kept.as_slice())?;
        Ok(context)
    }

    /// Remembers a once-signature; `false` when it was used before.
    pub fn use_signature(&mut self, fingerprint: &[u8], now: u64) -> Result<bool, Error> {
        Ok(self.signatures.insert(fingerprint, now)?.is_none())
    }
}
