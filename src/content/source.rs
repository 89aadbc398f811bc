//! Where the bytes of an upload come from: a local file, the caller's memory, or a stream.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::window::Window;
use crate::os::{self, Stamp};
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;

/// Content that can be read at any place, by several threads at once.
#[derive(Debug)]
pub enum Source<'a> {
    /// An open file, and what it looked like when it was opened.
    File(File, Stamp),
    /// The caller's bytes.
    Buffer(&'a [u8]),
    /// What a program hands over in order.
    Stream(&'a Window),
}

impl Source<'_> {
    /// Opens the file at `local_path`. A wait for a program that has it ends with `stop`.
    pub fn open(local_path: &str, stop: &Stop) -> Result<Source<'static>> {
        let refused = |problem: String| Failure::local_file("local_path", problem);
        if local_path.is_empty() {
            return Err(refused("must name a file; it is empty".into()));
        }
        let opened = os::open_source(Path::new(local_path), &|| !stop.is_set());
        Source::of(opened, local_path, stop)
    }

    /// Takes a file that was opened, if it is one that can be uploaded.
    pub fn of(opened: io::Result<File>, local_path: &str, stop: &Stop) -> Result<Source<'static>> {
        let refused = |problem: String| Failure::local_file("local_path", problem);
        let unreadable =
            |error: io::Error| refused(format!("{local_path} can't be read")).because_of(&error);
        let file = match opened {
            Err(_) if stop.is_set() => return Err(Failure::cancelled(Phase::LocalFile)),
            opened => opened.map_err(unreadable)?,
        };
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            let problem = format!("{local_path} is a directory, not a file");
            return Err(refused(problem).because(io::ErrorKind::IsADirectory));
        }
        if !metadata.is_file() {
            return Err(refused(format!("{local_path} is not a regular file")));
        }
        let stamp = os::stamp_of(&file, &metadata);
        let source = Source::File(file, stamp);
        // The system makes up the content of such files, those in /proc for example, as it is read.
        if stamp.len == 0 && source.has_more().unwrap_or(false) {
            return Err(refused(format!(
                "{local_path} has a size of 0 and yet content: read it and upload what was read, \
                 with cos_upload_buffer"
            )));
        }
        Ok(source)
    }

    /// Whether there is something behind the end that was announced.
    fn has_more(&self) -> io::Result<bool> {
        Ok(self.read_at(&mut [0], self.size())? > 0)
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Source::File(_, stamp) => stamp.len,
            Source::Buffer(data) => data.len() as u64,
            Source::Stream(window) => window.size(),
        }
    }

    /// Whether it can be read again.
    pub fn can_be_read_again(&self) -> bool {
        !matches!(self, Source::Stream(_))
    }

    /// Waits until everything before `end` is there, or all there is, or `stop` is set; how far it
    /// reaches by then, `end` at the most.
    pub fn wait_for(&self, end: u64, stop: &Stop) -> u64 {
        match self {
            Source::Stream(window) => window.wait_for(end, stop),
            _ => self.size().min(end),
        }
    }

    /// Lets go of bytes that are not read any more.
    pub fn release(&self, range: Range<u64>) {
        if let Source::Stream(window) = self {
            window.release(range);
        }
    }

    /// How many bytes of a stream may be kept until they were sent.
    pub fn set_room(&self, bytes: u64) {
        if let Source::Stream(window) = self {
            window.set_room(bytes);
        }
    }

    /// Fills as much of `buf` as there is from `offset` on.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Source::File(file, _) => os::read_at(file, buf, offset),
            Source::Buffer(data) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(data.len());
                let n = buf.len().min(data.len() - start);
                buf[..n].copy_from_slice(&data[start..start + n]);
                Ok(n)
            }
            Source::Stream(window) => window.read_at(buf, offset),
        }
    }

    /// Fills `buf` from `offset` on; a file that ends before is a failure.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read_at(&mut buf[filled..], offset + filled as u64) {
                Ok(0) => {
                    return Err(Failure::source_changed("the local file shrank while it was sent"));
                }
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unread(&error)),
            }
        }
        Ok(())
    }

    /// Fails if the file is no longer what it was when it was opened.
    pub fn check_unchanged(&self) -> Result<()> {
        let Source::File(file, before) = self else {
            return Ok(());
        };
        match file.metadata().and_then(|now| Ok((os::stamp_of(file, &now), self.has_more()?))) {
            Ok((now, _)) if now != *before => {
                Err(Failure::source_changed("the local file changed while it was sent"))
            }
            Ok((_, false)) => Ok(()),
            Ok((_, true)) => {
                Err(Failure::source_changed("the local file has more in it than its size says"))
            }
            Err(error) => Err(unread(&error)),
        }
    }
}

fn unread(error: &io::Error) -> Box<Failure> {
    Failure::local_io("reading the local file failed").because_of(error)
}
