//! Everything that outlives the process: the index of objects, their contents, unfinished uploads, used signatures.

mod blobs;
mod index;
mod uploads;

use std::{path::Path, sync::Arc};

use redb::{Database, ReadTransaction};

use crate::codes::Failure;

pub(crate) use self::{
    blobs::Blobs,
    index::{Change, Entry, File, Folder, Lookup, View},
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
    pub fn open(dir: &Path, now: u64) -> Result<Store, Failure> {
        std::fs::create_dir_all(dir)?;
        let index = Database::create(dir.join("index.redb"))?;
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

    pub fn view(&self) -> Result<View, Failure> {
        let transaction: ReadTransaction = self.index.begin_read()?;
        View::new(transaction)
    }

    /// Runs `work` alone; what it did is on disk when this returns `Ok`, and undone when it fails.
    pub fn change<T>(
        &self,
        work: impl FnOnce(&mut Change) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let transaction = self.index.begin_write()?;
        let mut change = Change::new(&transaction)?;
        let result = work(&mut change);
        let discarded = change.into_discarded();
        match result {
            Ok(value) => {
                transaction.commit()?;
                discarded.blobs.iter().for_each(|blob| self.blobs.remove(blob));
                discarded.sessions.iter().for_each(|session| self.uploads.forget(session));
                Ok(value)
            }
            Err(failure) => {
                transaction.abort()?;
                Err(failure)
            }
        }
    }

    pub fn upload(&self, session: &str) -> Option<Arc<Upload>> {
        self.uploads.get(session)
    }
}
