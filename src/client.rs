//! A client: credentials, settings and connections, shared by all threads.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::call::clock::Clock;
use crate::call::pace::Pace;
use crate::config::{Config, MAX_RETRIES, MAX_TIMEOUT_MS};
use crate::log::{CallLog, Log};
use crate::options::Options;
use crate::path::{Bucket, CosPath};
use crate::protocol::v4::sign::{Credentials, forgetting};
use crate::reply::secrets::Secrets;
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;
use crate::transport::{Proxy, Traffic, Transport};

/// What a program holds. Calls take a snapshot of it, so that changing it disturbs none of them.
#[derive(Debug)]
pub struct Client(RwLock<Arc<Snapshot>>);

/// A client as a call sees it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Who signs.
    pub credentials: Arc<Credentials>,
    /// The settings.
    pub config: Arc<Config>,
    /// The connections.
    pub transport: Arc<Transport>,
    /// The time that signatures are made for.
    pub clock: Arc<Clock>,
    /// What is logged.
    pub log: Log,
}

/// One call: a snapshot of the client, and how patient the call is.
#[derive(Debug)]
pub struct Call {
    /// The client when the call began.
    pub client: Arc<Snapshot>,
    /// No progress for so long ends a request.
    pub timeout: Duration,
    /// How often a request is repeated.
    pub retries: u32,
    /// What ends the call early.
    pub stop: Arc<Stop>,
    /// How fast its requests follow one another.
    pub pace: Arc<Pace>,
    /// Whether requests that the service has no time for are tried for as long as `pace` says.
    pub is_patient: bool,
    /// What travelled.
    pub traffic: Arc<Traffic>,
    /// What is told of it.
    pub log: Arc<CallLog>,
}

impl Client {
    /// A client that has not connected to anything yet.
    pub fn new(
        appid: &str,
        secret_id: &str,
        secret_key: &str,
        region: Option<&str>,
        options: Option<&str>,
    ) -> Result<Client> {
        let credentials = Credentials::new(appid, secret_id, secret_key)?;
        let config = Config::new(region, Options::parse(options)?)?;
        let transport = Transport::new(config.network.clone());
        Ok(Client(RwLock::new(Arc::new(Snapshot {
            credentials: Arc::new(credentials),
            config: Arc::new(config),
            transport: Arc::new(transport),
            clock: Arc::default(),
            log: Log::default(),
        }))))
    }

    /// Replaces the settings given and keeps the others. A refused change changes nothing.
    pub fn set_config(&self, options: Option<&str>) -> Result<()> {
        let options = Options::parse(options)?;
        self.replace(|now| {
            let config = now.config.merged(options.clone())?;
            let transport = match config.network == *now.transport.network() {
                true => Arc::clone(&now.transport),
                false => Arc::new(Transport::new(config.network.clone())),
            };
            Ok(Snapshot {
                credentials: Arc::clone(&now.credentials),
                config: Arc::new(config),
                transport,
                clock: Arc::clone(&now.clock),
                log: now.log.clone(),
            })
        })
    }

    /// Replaces the credentials.
    pub fn set_credentials(&self, appid: &str, secret_id: &str, secret_key: &str) -> Result<()> {
        let credentials = Arc::new(Credentials::new(appid, secret_id, secret_key)?);
        self.replace(|now| Ok(Snapshot { credentials: Arc::clone(&credentials), ..now.clone() }))
    }

    /// Replaces the log.
    pub fn set_log(&self, log: Log) {
        // Nothing in it can be refused.
        let _ = self.replace(|now| Ok(Snapshot { log: log.clone(), ..now.clone() }));
    }

    /// Makes a changed client of the one there is. What that takes, such as reading a file, happens
    /// outside the lock, so nobody waits for it; and anew if another change was faster.
    fn replace(&self, change: impl Fn(&Snapshot) -> Result<Snapshot>) -> Result<()> {
        loop {
            let before = self.snapshot();
            let after = Arc::new(change(&before)?);
            let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&before, &now) {
                *now = after;
                // The old one may have connections to close, which ends with `before`.
                drop(now);
                return Ok(());
            }
        }
    }

    /// The client as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts a call that has no options of its own.
    pub fn plain_call(&self, options: Option<&str>) -> Result<Call> {
        let mut options = Options::parse(options)?;
        let call = self.call(&mut options, None)?;
        options.finish()?;
        Ok(call)
    }

    /// Starts a call: takes the options that every call has. `cancelled` ends it when it turns true.
    pub fn call(&self, options: &mut Options, cancelled: Option<Arc<AtomicBool>>) -> Result<Call> {
        let client = self.snapshot();
        let timeout = options.integer("timeout_ms", 1..=MAX_TIMEOUT_MS)?;
        let retries = options.integer("retries", 0..=MAX_RETRIES)?;
        let retries = retries.map_or(client.config.retries, |n| n as u32);
        Ok(Call {
            timeout: timeout.map_or(client.config.timeout, Duration::from_millis),
            retries,
            stop: Stop::new(cancelled),
            pace: Arc::new(Pace::new(retries)),
            is_patient: false,
            traffic: Arc::default(),
            log: Arc::new(CallLog::new(client.log.clone())),
            client,
        })
    }
}

impl Snapshot {
    /// What the reply to a request with this signature must not repeat.
    pub fn secrets(&self, signature: &str) -> Secrets {
        let proxy = self.config.network.proxy.as_ref();
        let authorization = proxy.and_then(|proxy| proxy.authorization.as_deref());
        let proxy = proxy.and_then(Proxy::credentials);
        let password = proxy.as_deref().and_then(|both| Some(both.split_once(':')?.1));
        let own = [signature, self.credentials.secret_id(), self.credentials.secret_key()];
        forgetting(|| {
            Secrets::new(own.into_iter().chain(authorization).chain(proxy.as_deref()))
                .and_word(password)
        })
    }

    /// `scheme://bucket-appid.host/path`: where a file is downloaded, without a signature.
    pub fn download_url(&self, bucket: &Bucket, path: &CosPath) -> String {
        format!(
            "{}://{}-{}.{}{}",
            self.config.scheme,
            bucket.as_str(),
            self.credentials.appid(),
            self.config.download_host(),
            path.encoded()
        )
    }
}

impl Call {
    /// A part of this call that can fail by itself.
    pub fn below(&self) -> Call {
        Call {
            client: Arc::clone(&self.client),
            timeout: self.timeout,
            retries: self.retries,
            stop: Stop::below(&self.stop),
            pace: Arc::clone(&self.pace),
            is_patient: self.is_patient,
            traffic: Arc::clone(&self.traffic),
            log: Arc::clone(&self.log),
        }
    }

    /// The same call, whose many requests slow down together rather than fail one by one when the
    /// service asks for patience.
    pub fn patient(self) -> Call {
        Call { is_patient: true, ..self }
    }

    /// Fails if the caller has stopped the call.
    pub fn check_not_cancelled(&self) -> Result<()> {
        match self.stop.is_cancelled() {
            true => Err(Failure::cancelled(Phase::Receive)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_refused_change_changes_nothing() {
        let client = Client::new("1", "id", "key", Some("sh"), None).unwrap();
        let before = client.snapshot();
        assert!(client.set_config(Some(r#"{"retries":0,"scheme":"ftp"}"#)).is_err());
        assert!(client.set_credentials("1", "id", "").is_err());
        assert!(Arc::ptr_eq(&before, &client.snapshot()));
        client.set_config(Some(r#"{"retries":0}"#)).unwrap();
        let after = client.snapshot();
        assert_eq!(after.config.retries, 0);
        assert!(Arc::ptr_eq(&before.transport, &after.transport));
        client.set_config(Some(r#"{"max_idle_connections":1}"#)).unwrap();
        assert!(!Arc::ptr_eq(&before.transport, &client.snapshot().transport));
    }

    #[test]
    fn nobody_waits_for_a_change_and_none_is_lost() {
        let client = Client::new("1", "id", "key", Some("sh"), None).unwrap();
        let tries = Cell::new(0);
        client
            .replace(|now| {
                tries.set(tries.get() + 1);
                if tries.get() == 1 {
                    client.set_config(Some(r#"{"retries":7}"#))?;
                }
                let config = now.config.merged(Options::parse(Some(r#"{"timeout_ms":5}"#))?)?;
                Ok(Snapshot { config: Arc::new(config), ..now.clone() })
            })
            .unwrap();
        let config = &client.snapshot().config;
        assert_eq!((tries.get(), config.retries, config.timeout.as_millis()), (2, 7, 5));
    }

    #[test]
    fn clients_are_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Client>();
        shared::<crate::transfer::Transfer>();
    }
}
