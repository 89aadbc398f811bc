//! A client: an account, settings and connections, shared by all threads.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::account::Account;
use crate::call::{Call, Clock};
use crate::config::{self, Config};
use crate::log::Log;
use crate::options::Options;
use crate::os::forgetting;
use crate::protocol;
use crate::protocol::contract::Protocol;
use crate::reply::Result;
use crate::reply::secrets::Secrets;
use crate::stop::Stop;
use crate::transfer::{Counts, Transfer};
use crate::transport::{Proxy, Transport};

/// What a program holds. Calls take a snapshot of it, so that changing it disturbs none of them.
#[derive(Debug)]
pub struct Client {
    now: Arc<RwLock<Arc<Snapshot>>>,
    /// What ends every call that is made with this one.
    stop: Option<Arc<Stop>>,
    /// What counts the calls that have no transfer of their own.
    pub counts: Option<Arc<Counts>>,
}

/// A client as a call sees it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    account: Arc<Account>,
    /// The settings.
    pub config: Arc<Config>,
    /// How to talk to the service.
    pub service: Arc<dyn Protocol>,
    /// The connections.
    pub transport: Arc<Transport>,
    /// The time that signatures are made for.
    pub clock: Arc<Clock>,
    /// What no reply may repeat.
    secrets: Arc<Secrets>,
    /// What is logged.
    pub log: Log,
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
        let account = Account::new(appid, secret_id, secret_key)?;
        let config = Config::new(region, Options::parse(options)?)?;
        let transport = Arc::new(Transport::new(config.network.clone()));
        let (clock, log) = (Arc::default(), Log::default());
        let snapshot = Snapshot::new(&account, Arc::new(config), transport, clock, log)?;
        Ok(Client { now: Arc::new(RwLock::new(Arc::new(snapshot))), stop: None, counts: None })
    }

    /// The same client, whose calls end when `transfer` is cancelled, besides what ends them already.
    pub fn followed_by(&self, transfer: &Transfer) -> Client {
        Client {
            now: Arc::clone(&self.now),
            stop: Some(self.stop(Some(transfer.cancel_flag()))),
            counts: Some(transfer.counts()),
        }
    }

    /// What ends a call of this client: `cancelled` when it turns true, or what ends all of them.
    pub fn stop(&self, cancelled: Option<Arc<AtomicBool>>) -> Arc<Stop> {
        Stop::new(cancelled, self.stop.clone())
    }

    /// Replaces the settings given and keeps the others. A refused change changes nothing.
    pub fn set_config(&self, options: Option<&str>) -> Result<()> {
        let options = Options::parse(options)?;
        self.replace(|now| now.with_config(now.config.merged(options.clone())?))
    }

    /// Replaces the credentials, and the token that goes with temporary ones.
    pub fn set_credentials(
        &self,
        appid: &str,
        secret_id: &str,
        secret_key: &str,
        token: Option<&str>,
    ) -> Result<()> {
        let account = Account::new(appid, secret_id, secret_key)?;
        let token = token.map(config::token).transpose()?;
        self.replace(|now| {
            let now = now.clone();
            let config = Arc::new(Config { token: token.clone(), ..(*now.config).clone() });
            Snapshot::new(&account, config, now.transport, now.clock, now.log)
        })
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
            let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
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
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Snapshot {
    fn new(
        account: &Account,
        config: Arc<Config>,
        transport: Arc<Transport>,
        clock: Arc<Clock>,
        log: Log,
    ) -> Result<Snapshot> {
        let account = Arc::new(account.with_token(config.token.clone()));
        let service = protocol::open(Arc::clone(&account), &config.site)?;
        let secrets = Arc::new(forgetting(|| secrets_of(&account, config.network.proxy.as_ref())));
        Ok(Snapshot { account, config, service, transport, clock, secrets, log })
    }

    fn with_config(&self, config: Config) -> Result<Snapshot> {
        let now = self.clone();
        let transport = if config.network == *now.transport.network() {
            now.transport
        } else {
            Arc::new(Transport::new(config.network.clone()))
        };
        Snapshot::new(&now.account, Arc::new(config), transport, now.clock, now.log)
    }

    /// Starts a call, which `stop` ends: takes the options that every call has.
    pub fn call(&self, options: &mut Options, stop: Arc<Stop>) -> Result<Call> {
        let requests = config::settings_of_call(&self.config.requests, options)?;
        Ok(Call::new(
            Arc::clone(&self.transport),
            Arc::clone(&self.clock),
            Arc::clone(&self.secrets),
            requests,
            self.log.clone(),
            stop,
        ))
    }
}

fn secrets_of(account: &Account, proxy: Option<&Proxy>) -> Secrets {
    let secret = |text: &str| Arc::new(Zeroizing::new(text.to_owned()));
    let authorization = proxy.and_then(|proxy| proxy.authorization.as_deref());
    let proxy = proxy.and_then(Proxy::credentials);
    let password = proxy.as_deref().and_then(|both| Some(both.split_once(':')?.1));
    let of_proxy = authorization.into_iter().chain(proxy.as_deref()).map(secret);
    Secrets::new(account.secrets().into_iter().chain(of_proxy)).and_word(password.map(secret))
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
        assert!(client.set_config(Some(r#"{"retries":0,"region":null}"#)).is_err());
        assert!(client.set_credentials("1", "id", "", None).is_err());
        assert!(Arc::ptr_eq(&before, &client.snapshot()));
        client.set_config(Some(r#"{"retries":0}"#)).unwrap();
        let after = client.snapshot();
        assert_eq!(after.config.requests.retries, 0);
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
                let options = Options::parse(Some(r#"{"timeout_ms":5}"#))?;
                now.with_config(now.config.merged(options)?)
            })
            .unwrap();
        let requests = &client.snapshot().config.requests;
        assert_eq!((tries.get(), requests.retries, requests.timeout.as_millis()), (2, 7, 5));
    }

    #[test]
    fn clients_are_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Client>();
        shared::<crate::transfer::Transfer>();
    }
}
