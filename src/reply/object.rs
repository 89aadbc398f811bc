//! What the service tells of a file or folder.

use serde::Deserialize;

use super::lenient::{number, text};

/// The attributes that the library looks at, in the reply to `stat` and in an entry of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ObjectInfo {
    /// In a list: the last segment of the path; folders end with `/` on most servers.
    pub name: String,
    /// Of the whole content, in bytes.
    #[serde(rename = "filesize", deserialize_with = "number")]
    pub size: Option<u64>,
    /// How much of it is there.
    #[serde(rename = "filelen", deserialize_with = "number")]
    pub stored: Option<u64>,
    /// UNIX seconds.
    #[serde(deserialize_with = "number")]
    pub mtime: Option<u64>,
    /// The SHA-1 of the content, or whatever else the server has in its place.
    #[serde(deserialize_with = "text")]
    pub sha: Option<String>,
    /// The CRC-64 of the content.
    #[serde(deserialize_with = "number")]
    pub crc64: Option<u64>,
    /// What the server calls this version of the content.
    #[serde(deserialize_with = "text")]
    pub etag: Option<String>,
    /// The program's own text.
    #[serde(deserialize_with = "text")]
    pub biz_attr: Option<String>,
    /// Where it can be downloaded.
    #[serde(deserialize_with = "text")]
    pub access_url: Option<String>,
    /// The same, without a network of caches.
    #[serde(deserialize_with = "text")]
    pub source_url: Option<String>,
}

impl ObjectInfo {
    /// Whether it is a folder: those have no digest, and no size.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/') || (self.sha.is_none() && self.size.is_none())
    }

    /// Whether its upload was certainly not finished.
    pub fn is_unfinished(&self) -> bool {
        matches!((self.size, self.stored), (Some(size), Some(stored)) if stored < size)
    }
}
