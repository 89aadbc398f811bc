//! What Windows has.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::windows::fs::FileExt,
    path::Path,
};

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};

pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset)? {
            0 => return Err(ErrorKind::WriteZero.into()),
            n => (bytes, offset) = (&bytes[n..], offset + n as u64),
        }
    }
    Ok(())
}

/// The file system keeps a journal of names; a directory can't be written out.
pub fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Ctrl-C, Ctrl-Break, and the end of the console.
pub fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut stop, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = stop.recv() => {}
            _ = close.recv() => {}
        }
    })
}
