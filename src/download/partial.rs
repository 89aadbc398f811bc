//! The file beside the destination in which a download collects its pieces.
//!
//! It holds the bytes, then one byte per piece that says whether the piece is complete, then a
//! digest of what is being downloaded. A later call for the same object continues it; a call for
//! anything else starts it anew. A lock keeps two calls from sharing one, and goes with the
//! process. When everything is there the tail is cut off and the file renamed.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

use super::Object;
use crate::digest::hex;
use crate::error::{Failure, Result};
use crate::ffi::os;

/// How many calls to one destination may run at once.
const MOST: usize = 64;

/// Of pieces: with 8 MiB each, far more than any file system takes for one file.
const MOST_PIECES: u64 = 1 << 24;

/// Where a download is to end up.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    permissions: Option<Permissions>,
    overwrite: bool,
}

/// A partial file, locked.
pub struct Partial<'a> {
    destination: &'a Destination,
    path: PathBuf,
    /// Whether another call held the usual one. A later call would look there.
    pub is_spare: bool,
    file: File,
    len: u64,
    /// Which pieces were complete when it was opened.
    pub complete: Vec<bool>,
}

impl Destination {
    /// Checks that a file can be put at `local_path`.
    pub fn new(local_path: &str, overwrite: bool) -> Result<Destination> {
        let refused = |problem: String| Failure::local_file("local_path", problem);
        if local_path.is_empty() || local_path.ends_with('/') {
            return Err(refused("must name a file, not a directory".into()));
        }
        let mut path = PathBuf::from(local_path);
        let mut permissions = None;
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {
                return Err(refused(format!("{local_path} is a directory, not a file")));
            }
            Ok(found) if !found.is_file() => {
                return Err(refused(format!("{local_path} exists and is not a regular file")));
            }
            Ok(_) if !overwrite => {
                return Err(exists(&path));
            }
            Ok(found) => {
                permissions = Some(found.permissions());
                // A link stays; the file it leads to is replaced.
                path = fs::canonicalize(&path).unwrap_or(path);
            }
            Err(_) => {}
        }
        let parent = parent(&path);
        match fs::metadata(parent) {
            Ok(found) if found.is_dir() => Ok(Destination { path, permissions, overwrite }),
            Ok(_) => Err(refused(format!("{} is not a directory", parent.display()))),
            Err(error) => Err(refused(format!(
                "can't be created: the directory {} can't be used: {error}",
                parent.display()
            ))),
        }
    }
}

fn exists(path: &Path) -> Box<Failure> {
    let problem = format!("{} exists, and overwrite is false", path.display());
    Failure::local_file("local_path", problem)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl<'a> Partial<'a> {
    /// Opens the partial file of `destination`, or another one beside it if that is in use.
    /// `identity` names what is downloaded; `resume` is whether to continue an earlier download.
    pub fn open(
        destination: &'a Destination,
        object: &Object,
        identity: &str,
        resume: bool,
    ) -> Result<Partial<'a>> {
        // Only what the server says: it must not make us ask for memory without end.
        if object.pieces() > MOST_PIECES {
            let problem = format!("{} bytes are more than a file can hold here", object.len);
            return Err(Failure::local_io(problem));
        }
        for i in 0..MOST {
            let path = partial_path(&destination.path, i);
            let opened = open_locked(&path).map_err(|error| {
                let problem = format!("{} can't be written: {error}", path.display());
                Failure::local_file("local_path", problem)
            })?;
            let Some(file) = opened else {
                continue;
            };
            let mut partial = Partial {
                destination,
                path,
                is_spare: i > 0,
                file,
                len: object.len,
                complete: vec![false; object.pieces() as usize],
            };
            let identity = hex(&Sha1::digest(identity));
            if !(resume && partial.load(&identity)) {
                partial.start(&identity)?;
            }
            return Ok(partial);
        }
        let problem = format!("is the destination of {MOST} other downloads");
        Err(Failure::local_file("local_path", problem))
    }

    /// Whether the file continues a download of `identity`; then its pieces are known.
    fn load(&mut self, identity: &str) -> bool {
        let mut tail = vec![0; self.complete.len() + identity.len()];
        let is_ours =
            self.file.metadata().is_ok_and(|found| found.len() == self.len + tail.len() as u64)
                && self.file.read_exact_at(&mut tail, self.len).is_ok()
                && tail.ends_with(identity.as_bytes());
        if is_ours {
            self.complete = tail[..self.complete.len()].iter().map(|byte| *byte == 1).collect();
        }
        is_ours
    }

    fn start(&mut self, identity: &str) -> Result<()> {
        let tail = self.len + self.complete.len() as u64;
        let start = || {
            self.file.set_len(0)?;
            os::preallocate(&self.file, tail)?;
            self.file.write_all_at(identity.as_bytes(), tail)
        };
        start().map_err(|error| {
            // Nothing is in it yet.
            let _ = fs::remove_file(&self.path);
            Failure::local_io(format!("writing {} failed: {error}", self.path.display()))
        })
    }

    /// Writes bytes at their place.
    pub fn write(&self, bytes: &[u8], place: u64) -> Result<()> {
        self.file.write_all_at(bytes, place).map_err(|error| self.failed(&error))
    }

    /// Notes that piece `i` is complete. `durably` before the bytes can be lost to a power cut
    /// unnoticed, because no digest will tell.
    pub fn piece_done(&self, i: u64, durably: bool) -> Result<()> {
        let note = || {
            if durably {
                self.file.sync_data()?;
            }
            self.file.write_all_at(&[1], self.len + i)
        };
        note().map_err(|error| self.failed(&error))
    }

    /// The bytes, for a final look.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Puts the complete file in its place.
    pub fn finish(&self) -> Result<()> {
        let to = &self.destination.path;
        let finish = || {
            self.file.set_len(self.len)?;
            if let Some(permissions) = &self.destination.permissions {
                self.file.set_permissions(permissions.clone())?;
            }
            self.file.sync_all()?;
            match self.destination.overwrite {
                true => fs::rename(&self.path, to)?,
                false => os::rename_new(&self.path, to)?,
            }
            // The new name should survive a power cut like the bytes. Some file systems can't.
            let _ = File::open(parent(&self.path)).and_then(|directory| directory.sync_all());
            Ok(())
        };
        finish().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                self.discard();
                exists(to)
            }
            _ => self.failed(&error),
        })
    }

    /// Removes the file: it is of no use.
    pub fn discard(&self) {
        let _ = fs::remove_file(&self.path);
    }

    fn failed(&self, error: &io::Error) -> Box<Failure> {
        Failure::local_io(format!("writing {} failed: {error}", self.path.display()))
    }
}

/// `.name.cos-partial` beside the destination, or a digest of the name where that is too long.
fn partial_path(destination: &Path, i: usize) -> PathBuf {
    let name = destination.file_name().unwrap_or_default().to_string_lossy();
    let number = match i {
        0 => String::new(),
        i => format!(".{i}"),
    };
    let name = match name.len() {
        ..200 => name.into_owned(),
        _ => hex(&Sha1::digest(name.as_bytes())),
    };
    destination.with_file_name(format!(".{name}{number}.cos-partial"))
}

/// Opens or creates the file and locks it; `None` if another call holds it.
fn open_locked(path: &Path) -> io::Result<Option<File>> {
    loop {
        let mut options = OpenOptions::new();
        // Whoever can write to the directory could have put a link to anywhere here.
        options.custom_flags(libc::O_NOFOLLOW);
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        // Between open and lock its owner may have renamed it: then it is somebody's finished file.
        let opened = file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (opened.dev(), opened.ino()) => {
                return Ok(Some(file));
            }
            _ => {}
        }
    }
}
