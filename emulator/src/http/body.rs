//! The body of a request while it is read.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    task::{Poll, ready},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;

use super::faults::{Action, Struck};

/// How much of a request body was read, and how much may be.
#[derive(Debug)]
pub(crate) struct Gauge {
    read: AtomicU64,
    limit: AtomicU64,
}

impl Default for Gauge {
    fn default() -> Self {
        Gauge { read: AtomicU64::new(0), limit: AtomicU64::new(u64::MAX) }
    }
}

impl Gauge {
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Stops reading as soon as `limit` bytes were read.
    fn stop_at(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Makes reading stop where a fault ends the connection.
    pub fn obey(&self, struck: &Option<Struck>) {
        if let Some(Struck { action: Action::Drop { after, .. }, .. }) = struck {
            self.stop_at(*after);
        }
    }

    fn full(&self) -> bool {
        self.read() >= self.limit.load(Ordering::Relaxed)
    }
}

/// The data of a request body; ends early, without an error, when the gauge says so.
pub(crate) fn data<'a>(
    body: &'a mut Incoming,
    gauge: &'a Gauge,
) -> impl Stream<Item = Result<Bytes, hyper::Error>> + Send + 'a {
    let mut data = BodyDataStream::new(body);
    stream::poll_fn(move |context| {
        if gauge.full() {
            return Poll::Ready(None);
        }
        let chunk = ready!(data.poll_next_unpin(context));
        if let Some(Ok(bytes)) = &chunk {
            gauge.read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(chunk)
    })
}

/// Reads what is left, and forgets it.
pub(crate) async fn drain(body: &mut Incoming, gauge: &Gauge) {
    let mut rest = data(body, gauge);
    while let Some(Ok(_)) = rest.next().await {}
}
