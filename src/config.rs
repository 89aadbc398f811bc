//! The options of a client: where the service is, and how long to wait for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::call::RequestSettings;
use crate::options::Options;
use crate::protocol::contract::{Api, Site};
use crate::reply::secrets::Secret;
use crate::reply::{Failure, Result};
use crate::transport::{Host, Network, Proxy, USER_AGENT, read_certificates};

/// The longest timeout that is accepted: a day, in milliseconds.
const MAX_TIMEOUT_MS: u64 = 86_400_000;
/// The most repetitions of a request that are accepted.
const MAX_RETRIES: u64 = 10;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_SIGN_EXPIRED: u64 = 300;
const DEFAULT_RETRIES: u32 = 3;
const DEFAULT_IDLE_CONNECTIONS: usize = 32;

/// A client's settings. Only the protocol can tell whether there is such a site.
#[derive(Clone)]
pub struct Config {
    /// Where the service is.
    pub site: Site,
    /// What goes with temporary keys.
    pub token: Option<Secret>,
    /// How patient calls are, unless their options say something else.
    pub requests: RequestSettings,
    /// How requests travel.
    pub network: Network,
}

impl Config {
    /// The settings of a new client, whose region is an argument or, without that, an option.
    pub fn new(region: Option<&str>, mut options: Options) -> Result<Config> {
        if region.is_some() && options.has("region") {
            return Err(Failure::argument(
                "region",
                "must be given once, as argument or as option",
            ));
        }
        let region = region.map(str::to_owned).or(options.text("region")?);
        let api = api(options.text("api")?.as_deref(), region.as_deref())?;
        let defaults = Config {
            site: Site { api, region, hostname: None, download_hostname: None, scheme: "https" },
            token: None,
            requests: RequestSettings {
                timeout: DEFAULT_TIMEOUT,
                retries: DEFAULT_RETRIES,
                user_agent: USER_AGENT.into(),
                sign_expired: DEFAULT_SIGN_EXPIRED,
                is_protected: true,
            },
            network: Network {
                connect_timeout: DEFAULT_CONNECT_TIMEOUT,
                extra_roots: Vec::new(),
                proxy: None,
                max_idle_connections: DEFAULT_IDLE_CONNECTIONS,
            },
        };
        defaults.apply(options)
    }

    /// These settings with the keys of `options` replaced, `region` among them.
    pub fn merged(&self, mut options: Options) -> Result<Config> {
        if options.has("api") {
            return Err(Failure::argument("api", "can't be changed: make another client"));
        }
        let mut config = self.clone();
        if options.has("region") {
            config.site.region = options.text("region")?;
        }
        config.apply(options)
    }

    fn apply(mut self, mut options: Options) -> Result<Config> {
        let Config { site, token, requests, network } = &mut self;
        if options.has("token") {
            *token = options.text("token")?.map(|text| self::token(&text)).transpose()?;
        }
        if options.has("scheme") {
            site.scheme = match options.text("scheme")?.as_deref() {
                None | Some("https") => "https",
                Some("http") => "http",
                Some(_) => {
                    return Err(Failure::argument("scheme", "must be \"https\" or \"http\""));
                }
            };
            requests.is_protected = site.scheme == "https";
        }
        for (key, host) in
            [("hostname", &mut site.hostname), ("download_hostname", &mut site.download_hostname)]
        {
            if options.has(key) {
                *host = options.text(key)?;
                if let Some(host) = host {
                    check_host(key, host)?;
                }
            }
        }
        if options.has("timeout_ms") {
            requests.timeout = timeout(&mut options)?.unwrap_or(DEFAULT_TIMEOUT);
        }
        if options.has("connect_timeout_ms") {
            let ms = options.integer("connect_timeout_ms", 1..=MAX_TIMEOUT_MS)?;
            network.connect_timeout = ms.map_or(DEFAULT_CONNECT_TIMEOUT, Duration::from_millis);
        }
        if options.has("sign_expired") {
            let seconds = options.integer("sign_expired", 1..=7_776_000)?;
            requests.sign_expired = seconds.unwrap_or(DEFAULT_SIGN_EXPIRED);
        }
        if options.has("retries") {
            requests.retries = retries(&mut options)?.unwrap_or(DEFAULT_RETRIES);
        }
        if options.has("ca_file") {
            let file = options.text("ca_file")?;
            network.extra_roots = file.as_deref().map_or(Ok(Vec::new()), read_certificates)?;
        }
        if options.has("proxy") {
            network.proxy = options.text("proxy")?.as_deref().map(read_proxy).transpose()?;
        }
        if options.has("user_agent") {
            let agent = options.text("user_agent")?;
            requests.user_agent = agent.as_deref().unwrap_or(USER_AGENT).into();
            check_user_agent(&requests.user_agent)?;
        }
        if options.has("max_idle_connections") {
            let most = options.integer("max_idle_connections", 0..=1024)?;
            network.max_idle_connections = most.map_or(DEFAULT_IDLE_CONNECTIONS, |n| n as usize);
        }
        options.finish()?;
        Ok(self)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The proxy's password is in `network`.
        f.debug_struct("Config").field("site", &self.site).finish_non_exhaustive()
    }
}

/// Which API a client speaks: the one that is asked for, or else the one whose regions have names like
/// this one.
fn api(asked: Option<&str>, region: Option<&str>) -> Result<Api> {
    match asked {
        Some("v4") => Ok(Api::V4),
        Some("v5") => Ok(Api::V5),
        Some(_) => Err(Failure::argument("api", "must be \"v4\" or \"v5\"")),
        None if region.is_some_and(|region| region.contains('-')) => Ok(Api::V5),
        None => Ok(Api::V4),
    }
}

/// Checks the token of temporary keys. The value is not shown: it is a secret.
pub fn token(text: &str) -> Result<Secret> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(Arc::new(Zeroizing::new(text.to_owned())));
    }
    let problem = "must be the text that came with the temporary keys: printable ASCII, no blanks";
    Err(Failure::argument("token", problem))
}

/// The options that a call has as well as a client: how patient it is.
pub fn settings_of_call(
    of_client: &RequestSettings,
    options: &mut Options,
) -> Result<RequestSettings> {
    Ok(RequestSettings {
        timeout: timeout(options)?.unwrap_or(of_client.timeout),
        retries: retries(options)?.unwrap_or(of_client.retries),
        user_agent: Arc::clone(&of_client.user_agent),
        ..*of_client
    })
}

fn timeout(options: &mut Options) -> Result<Option<Duration>> {
    Ok(options.integer("timeout_ms", 1..=MAX_TIMEOUT_MS)?.map(Duration::from_millis))
}

fn retries(options: &mut Options) -> Result<Option<u32>> {
    Ok(options.integer("retries", 0..=MAX_RETRIES)?.map(|retries| retries as u32))
}

fn check_host(key: &str, text: &str) -> Result<()> {
    // The port does not matter here.
    Host::parse(text, 80).map(|_| ()).ok_or_else(|| {
        let problem =
            "must be host or host:port, without scheme and path, such as \"localhost:9000\"";
        Failure::argument(key, problem)
    })
}

/// The value is not shown: it may hold a password.
fn read_proxy(text: &str) -> Result<Proxy> {
    Proxy::parse(text).ok_or_else(|| {
        Failure::argument(
            "proxy",
            "must be http://[user:password@]host:port, with / ? # @ and the like in user and \
             password written as %2F, %3F, %23, %40",
        )
    })
}

fn check_user_agent(agent: &str) -> Result<()> {
    let legal = |b: u8| b.is_ascii_graphic() || b == b' ';
    if agent.is_empty() || agent.len() > 256 || !agent.bytes().all(legal) {
        return Err(Failure::argument("user_agent", "must be 1 to 256 printable ASCII characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(region: Option<&str>, options: &str) -> Result<Config> {
        Config::new(region, Options::parse(Some(options))?)
    }

    #[test]
    fn wrong_values_name_their_key() {
        for (options, key) in [
            (r#"{"scheme":"ftp"}"#, "scheme"),
            (r#"{"hostname":""}"#, "hostname"),
            (r#"{"hostname":"http://x"}"#, "hostname"),
            (r#"{"hostname":"x/y"}"#, "hostname"),
            (r#"{"hostname":"x:y"}"#, "hostname"),
            (r#"{"hostname":"x:0"}"#, "hostname"),
            (r#"{"hostname":"x:+1"}"#, "hostname"),
            (r#"{"hostname":"u@x"}"#, "hostname"),
            (r#"{"hostname":"x\r\ny"}"#, "hostname"),
            (r#"{"download_hostname":":1"}"#, "download_hostname"),
            (r#"{"timeout_ms":0}"#, "timeout_ms"),
            (r#"{"connect_timeout_ms":0}"#, "connect_timeout_ms"),
            (r#"{"sign_expired":0}"#, "sign_expired"),
            (r#"{"sign_expired":7776001}"#, "sign_expired"),
            (r#"{"retries":11}"#, "retries"),
            (r#"{"ca_file":"/nonexistent"}"#, "ca_file"),
            (r#"{"ca_file":"Cargo.toml"}"#, "ca_file"),
            (r#"{"ca_file":"/"}"#, "ca_file"),
            (r#"{"ca_file":"/dev/zero"}"#, "ca_file"),
            (r#"{"proxy":"socks5://x:1"}"#, "proxy"),
            (r#"{"proxy":"http://x"}"#, "proxy"),
            (r#"{"user_agent":"a\nb"}"#, "user_agent"),
            (r#"{"user_agent":""}"#, "user_agent"),
            (r#"{"max_idle_connections":-1}"#, "max_idle_connections"),
            (r#"{"region":"gz"}"#, "region"),
            (r#"{"colour":"red"}"#, "colour"),
            (r#"{"api":"v6"}"#, "api"),
            (r#"{"token":"a b"}"#, "token"),
            (r#"{"token":""}"#, "token"),
        ] {
            let failure = config(Some("sh"), options).unwrap_err();
            assert_eq!(failure.argument_name(), Some(key), "{options}");
            assert_eq!(failure.code(), -1);
        }
        assert!(config(Some("sh"), r#"{"proxy":"http://u:p@x:3128"}"#).is_ok());
        assert!(config(Some("sh"), r#"{"hostname":"[::1]:80"}"#).is_ok());
        assert!(config(Some("sh"), r#"{"download_hostname":"127.0.0.1:80"}"#).is_ok());
    }

    #[test]
    fn merging_replaces_what_is_given_and_null_is_the_default() {
        let first = config(Some("sh"), r#"{"timeout_ms":7,"retries":1}"#).unwrap();
        let merge = |text| first.merged(Options::parse(Some(text)).unwrap());
        let merged = merge(r#"{"retries":0,"region":"guangzhou"}"#).unwrap();
        assert_eq!(merged.requests.timeout, Duration::from_millis(7));
        assert_eq!(merged.requests.retries, 0);
        assert_eq!(merged.site.region.as_deref(), Some("guangzhou"));
        assert_eq!(merge(r#"{"timeout_ms":null}"#).unwrap().requests.timeout, DEFAULT_TIMEOUT);
        assert_eq!(merge(r#"{"region":null}"#).unwrap().site.region, None);
    }

    #[test]
    fn the_region_tells_the_api_unless_an_option_does() {
        for (region, options, api) in [
            (Some("sh"), "{}", Api::V4),
            (Some("shanghai"), "{}", Api::V4),
            (Some("ap-shanghai"), "{}", Api::V5),
            (Some("ap-shanghai-fsi"), "{}", Api::V5),
            (None, "{}", Api::V4),
            (None, r#"{"region":"ap-shanghai"}"#, Api::V5),
            (None, r#"{"region":"sh"}"#, Api::V4),
            (None, r#"{"api":"v5"}"#, Api::V5),
            (Some("sh"), r#"{"api":"v5"}"#, Api::V5),
            (Some("sh"), r#"{"api":null}"#, Api::V4),
            (Some("ap-shanghai"), r#"{"api":"v4"}"#, Api::V4),
        ] {
            assert_eq!(config(region, options).unwrap().site.api, api, "{region:?} {options}");
        }
        let now = config(Some("sh"), "{}").unwrap();
        let failure = now.merged(Options::parse(Some(r#"{"api":"v4"}"#)).unwrap()).unwrap_err();
        assert_eq!(failure.argument_name(), Some("api"));
    }

    #[test]
    fn the_proxys_password_is_never_printed() {
        let config = config(Some("sh"), r#"{"proxy":"http://user:hunter2@x:1"}"#).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let failure = super::read_proxy("ftp://user:hunter2@x:1").err().unwrap();
        assert!(!failure.message().contains("hunter2"));
    }
}
