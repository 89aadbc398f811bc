//! Everything that outlives the process: the index of objects, their contents, unfinished uploads, used signatures.

mod blobs;
mod entry;
mod error;
mod index;
mod multiparts;
mod uploads;

use std::{
    io::{self, ErrorKind::InvalidData},
    path::Path,
    sync::Arc,
};

use redb::{Database, DatabaseError, ReadTransaction, StorageError};

pub(crate) use self::{
    blobs::Blobs,
    entry::{Acl, Entry, File, Folder, Grant, Restore, Traits},
    error::Error,
    index::{Change, Lookup, View, behind},
    multiparts::{Multipart, PartContent},
    uploads::{Part, Upload, UploadMeta, Uploads},
};

/// The data directory.
pub(crate) struct Store {
    index: Database,
    pub blobs: Blobs,
    pub uploads: Uploads,
    /// When the data directory was first used: the creation time of its buckets.
    pub created: u64,
}

impl Store {
    /// Opens a data directory, made if it is missing. What is wrong with it is told to whoever named it.
    pub fn open(dir: &Path, now: u64) -> io::Result<Store> {
        if dir.exists() && !dir.is_dir() {
            return Err(io::Error::other(format!(
                "{} is not a directory; choose another one for the data",
                dir.display()
            )));
        }
        let store = Self::open_index(dir).and_then(|index| Self::open_with(index, dir, now));
        store.map_err(|error| {
            let Error::Broken(why) = error else { unreachable!("nothing was asked for") };
            io::Error::other(format!(
                "the data directory {} can't be used: {why}; choose another one",
                dir.display()
            ))
        })
    }

    fn open_index(dir: &Path) -> Result<Database, Error> {
        std::fs::create_dir_all(dir)?;
        Database::create(dir.join("index.redb")).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => {
                Error::Broken("another emulator is using it".into())
            }
            DatabaseError::Storage(StorageError::Io(error)) if error.kind() != InvalidData => {
                error.into()
            }
            error => Error::Broken(format!("index.redb is damaged, or something else ({error})")),
        })
    }

    fn open_with(index: Database, dir: &Path, now: u64) -> Result<Store, Error> {
        let created = index::prepare(&index, now)?;
        let blobs = Blobs::open(&dir.join("blobs"))?;
        let view = View::new(index.begin_read()?)?;
        let metas = view.all_uploads()?;
        let mut live = view.all_blobs()?;
        live.extend(metas.iter().map(|meta| meta.blob.clone()));
        blobs.sweep(&live)?;
        let uploads = Uploads::open(&dir.join("uploads"), &blobs, metas)?;
        Ok(Store { index, blobs, uploads, created })
    }

    pub fn view(&self) -> Result<View, Error> {
        let transaction: ReadTransaction = self.index.begin_read()?;
        View::new(transaction)
    }

    /// Runs `work` alone; what it did is on disk when this returns `Ok`, and undone when it fails.
    pub fn change<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&mut Change) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.index.begin_write().map_err(Error::from)?;
        let mut change = Change::new(&transaction)?;
        let result = work(&mut change);
        let discarded = change.into_discarded();
        match result {
            Ok(value) => {
                transaction.commit().map_err(Error::from)?;
                discarded.blobs.iter().for_each(|blob| self.blobs.remove(blob));
                discarded.sessions.iter().for_each(|session| self.uploads.forget(session));
                Ok(value)
            }
            Err(error) => {
                transaction.abort().map_err(Error::from)?;
                Err(error)
            }
        }
    }

    /// Forgets everything but that the data directory was used before.
    pub fn clear(&self) -> Result<(), Error> {
        self.change(|index| index.clear())
    }

    pub fn upload(&self, session: &str) -> Option<Arc<Upload>> {
        self.uploads.get(session)
    }

    /// The unfinished upload of a file id.
    pub fn unfinished(&self, file_id: &str) -> Result<Option<Arc<Upload>>, Error> {
        while let Some(meta) = self.view()?.upload(file_id)? {
            // It may have ended since the index was looked at: then look again.
            if let Some(upload) = self.upload(&meta.session) {
                return Ok(Some(upload));
            }
        }
        Ok(None)
    }
}
