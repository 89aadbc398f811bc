//! Contents: one file each, under a name that is never used again.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{digest::hex, system::sync_directory};

/// The directory of contents. A file nobody refers to is left over from a killed process and swept at the next start,
/// so a content is safe once it was written and the index refers to it.
pub(crate) struct Blobs {
    dir: PathBuf,
}

/// `count` random bytes in hexadecimal.
pub(crate) fn random_hex<const COUNT: usize>() -> io::Result<String> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}

impl Blobs {
    pub fn open(dir: &Path) -> io::Result<Blobs> {
        fs::create_dir_all(dir)?;
        Ok(Blobs { dir: dir.into() })
    }

    pub fn new_name() -> io::Result<String> {
        random_hex::<16>()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Stores a content for good and returns its name.
    pub fn write(&self, bytes: &[u8]) -> io::Result<String> {
        let name = Self::new_name()?;
        let mut file = File::create_new(self.path(&name))?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_data()?;
        self.sync()?;
        Ok(name)
    }

    /// A content that has yet to be written; it counts once the index refers to it.
    pub fn create(&self) -> io::Result<(String, File)> {
        let name = Self::new_name()?;
        let file =
            File::options().read(true).write(true).create_new(true).open(self.path(&name))?;
        Ok((name, file))
    }

    /// Another name for the same content, which never changes.
    pub fn link(&self, name: &str) -> io::Result<String> {
        let other = Self::new_name()?;
        fs::hard_link(self.path(name), self.path(&other))?;
        self.sync()?;
        Ok(other)
    }

    /// Makes new names survive a power failure.
    pub fn sync(&self) -> io::Result<()> {
        sync_directory(&self.dir)
    }

    pub fn remove(&self, name: &str) {
        // A file that stays behind is swept at the next start.
        let _ = fs::remove_file(self.path(name));
    }

    pub fn sweep(&self, live: &HashSet<String>) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| live.contains(name)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}
