//! Starting, steering and stopping an emulator from a program.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use crate::{
    config::Config,
    http::{app::App, connection, faults::Fault, log::Record},
    settings::Settings,
};

/// How long stopping waits for work on the disk to end.
const PATIENCE: Duration = Duration::from_secs(30);

fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((host, port)).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "port {port} of {host} is taken, perhaps by another cos-emulator: end that program, or choose another \
                 port, 0 for a free one"
            ),
            _ => format!("can't listen on port {port} of {host}: {error}"),
        };
        io::Error::new(error.kind(), why)
    })
}

/// A running emulator. Dropping it stops it: connections are closed, threads ended, the data directory is free.
pub struct Emulator {
    app: Arc<App>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Emulator {
    /// Starts an emulator; it listens when this returns.
    pub fn start(config: Config) -> io::Result<Emulator> {
        config.check().map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let listener = listen(&config.host, config.port)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let app = Arc::new(App::new(config)?);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("cos-emulator")
            .enable_all()
            .build()?;
        runtime.spawn(connection::serve(Arc::clone(&app), listener));
        Ok(Emulator { app, address, runtime: Some(runtime) })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `address:port` for control requests. Downloads are at `{bucket}-{appid}.localhost:{port}`, or any other name
    /// that begins with `{bucket}-{appid}.` and leads here.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Changes switches; returns those in force afterwards.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) -> Settings {
        self.app.change_settings(change);
        self.app.settings()
    }

    /// Gives the settings the values they had at the start.
    pub fn reset_settings(&self) -> Settings {
        self.app.reset_settings();
        self.app.settings()
    }

    /// Removes all objects and all that is unfinished, from all buckets.
    pub fn clear_objects(&self) -> io::Result<()> {
        self.app.store.clear().map_err(|error| io::Error::other(error.to_string()))
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Record> {
        self.app.log.all()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.app.log.clear();
    }

    /// Arms a fault, behind those already armed; returns its number.
    pub fn inject(&self, fault: Fault) -> u64 {
        self.app.faults.add(fault)
    }

    /// The faults that have not yet happened as often as they should, with their numbers.
    pub fn faults(&self) -> Vec<(u64, Fault)> {
        self.app.faults.list()
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// Stops it, as dropping does.
    pub fn stop(self) {}
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(PATIENCE);
        }
    }
}
