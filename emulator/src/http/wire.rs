//! Answers HTTP would not allow: written straight to the socket, once the HTTP machinery has let go of it.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::http::{faults::End, reply::Body};

/// What to write and how to end.
pub(crate) struct Script {
    pub head: Vec<u8>,
    pub body: Body,
    /// Stop after this many bytes.
    pub limit: u64,
    /// Pieces of this size with this pause after each.
    pub pace: Option<(usize, Duration)>,
    pub end: End,
}

impl Script {
    /// Nothing but an end.
    pub fn silence(end: End) -> Script {
        Script { head: Vec::new(), body: Body::bytes(""), limit: 0, pace: None, end }
    }

    pub async fn play(mut self, mut stream: TcpStream) -> io::Result<()> {
        let mut left = self.limit;
        let mut piece = Some(self.head.into());
        while let Some(bytes) = piece {
            let bytes: bytes::Bytes = bytes;
            let count = left.min(bytes.len() as u64) as usize;
            write(&mut stream, &bytes[..count], self.pace).await?;
            left -= count as u64;
            piece = if left == 0 { None } else { self.body.next().await? };
        }
        match self.end {
            End::Reset => stream.set_zero_linger()?,
            End::Hang => drain(&mut stream).await?,
            End::Close => {
                stream.shutdown().await?;
                // Unread data would turn the FIN into a RST.
                let _ = timeout(Duration::from_secs(1), drain(&mut stream)).await;
            }
        }
        Ok(())
    }
}

async fn write(
    stream: &mut TcpStream,
    bytes: &[u8],
    pace: Option<(usize, Duration)>,
) -> io::Result<()> {
    let Some((size, pause)) = pace else { return stream.write_all(bytes).await };
    for piece in bytes.chunks(size.max(1)) {
        stream.write_all(piece).await?;
        sleep(pause).await;
    }
    Ok(())
}

async fn drain(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
