//! Unfinished slice uploads: a content that grows at any offset, and a journal of what it already holds.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

use super::{
    blobs::{Blobs, random_hex},
    error::Error,
};
use crate::system::write_all_at;

/// One entry of `uploadparts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub offset: u64,
    pub datalen: u64,
    pub datasha: String,
}

/// What slice init agreed on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UploadMeta {
    pub session: String,
    pub file_id: String,
    pub blob: String,
    pub size: u64,
    pub slice_size: u64,
    pub sha: Option<String>,
    pub parts: Vec<Part>,
    pub serial: bool,
    pub insert_only: bool,
    pub biz_attr: String,
    pub created: u64,
}

/// An unfinished upload.
pub(crate) struct Upload {
    pub meta: UploadMeta,
    content: File,
    journal: Mutex<Journal>,
    /// Slices are written under the read half; finishing takes the write half and closes the content for good.
    closed: RwLock<bool>,
}

/// Fixed-size records of `offset` and `length`, appended after the bytes they speak of. No fsync: the page cache
/// outlives the process, and the digest is checked before the object becomes visible.
struct Journal {
    file: File,
    stored: BTreeMap<u64, u64>,
}

const RECORD: usize = 16;

impl Journal {
    fn open(path: &Path) -> io::Result<Journal> {
        let bytes = fs::read(path).unwrap_or_default();
        let (records, _torn) = bytes.as_chunks::<RECORD>();
        let number = |bytes: &[u8]| {
            bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        let stored =
            records.iter().map(|record| (number(&record[..8]), number(&record[8..]))).collect();
        // Not opened for appending: Windows lets nobody cut such a file.
        let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.set_len((records.len() * RECORD) as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Journal { file, stored })
    }

    fn add(&mut self, offset: u64, length: u64) -> io::Result<()> {
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&offset.to_le_bytes());
        record[8..].copy_from_slice(&length.to_le_bytes());
        self.file.write_all(&record)?;
        self.stored.insert(offset, length);
        Ok(())
    }
}

impl Upload {
    fn open(dir: &Path, blobs: &Blobs, meta: UploadMeta) -> io::Result<Upload> {
        let path = blobs.path(&meta.blob);
        let content =
            File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let journal = Mutex::new(Journal::open(&dir.join(&meta.session))?);
        Ok(Upload { meta, content, journal, closed: RwLock::new(false) })
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slices stored so far, as offset and length in ascending order.
    pub fn stored(&self) -> Vec<(u64, u64)> {
        self.journal().stored.iter().map(|(offset, length)| (*offset, *length)).collect()
    }

    pub fn received(&self) -> u64 {
        self.journal().stored.values().sum()
    }

    /// How far the content is complete from its beginning.
    pub fn contiguous(&self) -> u64 {
        self.journal()
            .stored
            .iter()
            .fold(0, |end, (offset, length)| if *offset == end { end + length } else { end })
    }

    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(Error::Ended("the upload was finished meanwhile"));
        }
        write_all_at(&self.content, bytes, offset)?;
        self.journal().add(offset, bytes.len() as u64)?;
        Ok(())
    }

    /// Runs `work` on the synced content while no slice can change it; after a success none ever can.
    pub fn finish<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&File) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut closed = self.closed.write().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(Error::Ended("the upload is already finished").into());
        }
        self.content.sync_data().map_err(Error::from)?;
        let result = work(&self.content)?;
        *closed = true;
        Ok(result)
    }
}

/// All unfinished uploads by session.
pub(crate) struct Uploads {
    dir: PathBuf,
    open: Mutex<HashMap<String, Arc<Upload>>>,
}

impl Uploads {
    pub fn open(dir: &Path, blobs: &Blobs, metas: Vec<UploadMeta>) -> io::Result<Uploads> {
        fs::create_dir_all(dir)?;
        let mut open = HashMap::new();
        for meta in metas {
            open.insert(meta.session.clone(), Arc::new(Upload::open(dir, blobs, meta)?));
        }
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| open.contains_key(name)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Uploads { dir: dir.into(), open: Mutex::new(open) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Upload>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn new_session() -> io::Result<String> {
        random_hex::<48>()
    }

    pub fn get(&self, session: &str) -> Option<Arc<Upload>> {
        self.lock().get(session).cloned()
    }

    /// Creates the files of an upload; it counts once the index refers to it.
    pub fn begin(&self, blobs: &Blobs, meta: UploadMeta) -> io::Result<()> {
        let upload = Upload::open(&self.dir, blobs, meta)?;
        blobs.sync()?;
        self.lock().insert(upload.meta.session.clone(), Arc::new(upload));
        Ok(())
    }

    pub fn forget(&self, session: &str) {
        self.lock().remove(session);
        let _ = fs::remove_file(self.dir.join(session));
    }
}
