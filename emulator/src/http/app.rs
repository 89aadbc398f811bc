//! What all connections share.

use std::{
    io,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{faults::Faults, log::Log};
use crate::{config::Config, settings::Settings, store::Store};

/// Everything the connections share.
pub(crate) struct App {
    pub config: Config,
    pub store: Store,
    pub faults: Faults,
    pub log: Log,
    settings: RwLock<Settings>,
    connections: AtomicU64,
    replies: AtomicU64,
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) fn now_ms() -> u64 {
    since_1970().as_millis() as u64
}

impl App {
    pub fn new(config: Config) -> io::Result<App> {
        Ok(App {
            store: Store::open(&config.data_dir, since_1970().as_secs())?,
            settings: RwLock::new(config.settings.clone()),
            config,
            faults: Faults::default(),
            log: Log::default(),
            connections: AtomicU64::new(0),
            replies: AtomicU64::new(0),
        })
    }

    pub fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn change_settings<T>(&self, change: impl FnOnce(&mut Settings) -> T) -> T {
        change(&mut self.settings.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn reset_settings(&self) {
        self.change_settings(|settings| settings.clone_from(&self.config.settings));
    }

    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// UNIX seconds by the emulator's clock.
    pub fn now(&self) -> u64 {
        since_1970().as_secs().saturating_add_signed(self.settings().clock_ahead)
    }

    /// Base64 of hexadecimal groups joined by `_`, the first of which is the time.
    pub fn request_id(&self) -> String {
        let (now, process) = (since_1970().as_secs(), std::process::id());
        let count = self.replies.fetch_add(1, Ordering::Relaxed);
        STANDARD.encode(format!("{now:08x}_{process:06x}_{:04x}_{count:x}", count % 0xffff))
    }
}
