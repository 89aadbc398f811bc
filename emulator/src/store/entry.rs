//! What is known about a file or a folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A complete file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    pub blob: String,
    pub size: u64,
    pub sha: String,
    pub slice_size: u64,
    pub biz_attr: String,
    pub authority: String,
    pub headers: BTreeMap<String, String>,
    pub forbid: u64,
    pub ctime: u64,
    pub mtime: u64,
    /// CRC-64/XZ; objects of an old data directory have none.
    #[serde(default)]
    pub crc64: Option<u64>,
    /// Without quotes; empty when the JSON API wrote the file.
    #[serde(default)]
    pub etag: String,
    #[serde(default)]
    pub traits: Traits,
}

/// What the XML API alone says about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Traits {
    /// Empty: standard.
    pub storage_class: String,
    pub acl: Acl,
    pub tags: Vec<(String, String)>,
    /// The number of its version; empty in a bucket without versions.
    pub version: String,
    /// The copy of an archived object that was asked for.
    pub restore: Option<Restore>,
}

/// When the copy of an archived object was asked for, and until when it is kept, in UNIX seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restore {
    pub asked: u64,
    pub until: u64,
}

/// Who may do what with an object, as far as the XML API is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Acl {
    /// The name of a ready-made one; empty: that of the bucket.
    pub canned: String,
    pub grants: Vec<Grant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub permission: String,
    /// The id of a user.
    pub grantee: String,
}

/// A folder somebody created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Folder {
    pub biz_attr: String,
    pub ctime: u64,
    pub mtime: u64,
    /// The object that made it a folder, when the XML API did.
    #[serde(default)]
    pub object: Option<File>,
}

/// What a file id stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Entry {
    File(File),
    Folder(Folder),
    /// A file that has never been complete; its upload is under the same file id.
    Unfinished,
}

impl Entry {
    /// What has bytes on the disk.
    pub fn content(&self) -> Option<&File> {
        match self {
            Entry::File(file) => Some(file),
            Entry::Folder(folder) => folder.object.as_ref(),
            Entry::Unfinished => None,
        }
    }
}
