//! The options of a client: where the service is, and how patiently to talk to it.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::options::Options;
use crate::os;
use crate::reply::{Failure, Result};
use crate::transport::{self, Host, Proxy};

/// The longest timeout that is accepted: a day, in milliseconds.
pub const MAX_TIMEOUT_MS: u64 = 86_400_000;
/// The most repetitions of a request that are accepted.
pub const MAX_RETRIES: u64 = 10;
/// The largest `ca_file` that is read, in bytes. The bundles of systems have some 200 KB.
const MAX_CA_FILE: u64 = 8 * 1024 * 1024;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_SIGN_EXPIRED: u64 = 300;
const DEFAULT_RETRIES: u32 = 3;
const DEFAULT_IDLE_CONNECTIONS: usize = 32;
/// The `User-Agent` of whoever sets none.
pub const DEFAULT_USER_AGENT: &str = concat!("libcos/", env!("CARGO_PKG_VERSION"));

/// How requests travel. Two clients with equal networks could share connections.
#[derive(Clone, PartialEq, Eq)]
pub struct Network {
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// Certificates trusted besides the bundled roots.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// On the way to every host, if there is one.
    pub proxy: Option<Proxy>,
    /// How many idle connections are kept.
    pub max_idle_connections: usize,
}

/// A client's settings, complete and valid.
#[derive(Clone)]
pub struct Config {
    region: Option<String>,
    hostname: Option<String>,
    download_hostname: Option<String>,
    /// `http` or `https`, for control requests and downloads alike.
    pub scheme: &'static str,
    /// No progress for so long ends a request.
    pub timeout: Duration,
    /// How long a signature made for a request is valid, in seconds.
    pub sign_expired: u64,
    /// How often a request is repeated.
    pub retries: u32,
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// How requests travel.
    pub network: Network,
}

impl Config {
    /// The settings of a new client.
    pub fn new(region: Option<&str>, options: Options) -> Result<Config> {
        let defaults = Config {
            region: region.map(check_region).transpose()?,
            hostname: None,
            download_hostname: None,
            scheme: "https",
            timeout: DEFAULT_TIMEOUT,
            sign_expired: DEFAULT_SIGN_EXPIRED,
            retries: DEFAULT_RETRIES,
            user_agent: DEFAULT_USER_AGENT.to_owned(),
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
        let mut config = self.clone();
        if options.has("region") {
            config.region = options.text("region")?.as_deref().map(check_region).transpose()?;
        }
        config.apply(options)
    }

    fn apply(mut self, mut options: Options) -> Result<Config> {
        if options.has("scheme") {
            self.scheme = match options.text("scheme")?.as_deref() {
                None | Some("https") => "https",
                Some("http") => "http",
                Some(_) => {
                    return Err(Failure::argument("scheme", "must be \"https\" or \"http\""));
                }
            };
        }
        for (key, host) in
            [("hostname", &mut self.hostname), ("download_hostname", &mut self.download_hostname)]
        {
            if options.has(key) {
                *host = options.text(key)?;
                if let Some(host) = host {
                    check_host(key, host)?;
                }
            }
        }
        if options.has("timeout_ms") {
            let ms = options.integer("timeout_ms", 1..=MAX_TIMEOUT_MS)?;
            self.timeout = ms.map_or(DEFAULT_TIMEOUT, Duration::from_millis);
        }
        if options.has("connect_timeout_ms") {
            let ms = options.integer("connect_timeout_ms", 1..=MAX_TIMEOUT_MS)?;
            self.network.connect_timeout =
                ms.map_or(DEFAULT_CONNECT_TIMEOUT, Duration::from_millis);
        }
        if options.has("sign_expired") {
            let seconds = options.integer("sign_expired", 1..=7_776_000)?;
            self.sign_expired = seconds.unwrap_or(DEFAULT_SIGN_EXPIRED);
        }
        if options.has("retries") {
            let retries = options.integer("retries", 0..=MAX_RETRIES)?;
            self.retries = retries.map_or(DEFAULT_RETRIES, |n| n as u32);
        }
        if options.has("ca_file") {
            let file = options.text("ca_file")?;
            self.network.extra_roots = file.as_deref().map_or(Ok(Vec::new()), read_certificates)?;
        }
        if options.has("proxy") {
            self.network.proxy = options.text("proxy")?.as_deref().map(read_proxy).transpose()?;
        }
        if options.has("user_agent") {
            let agent = options.text("user_agent")?;
            self.user_agent = agent.unwrap_or_else(|| DEFAULT_USER_AGENT.to_owned());
            check_user_agent(&self.user_agent)?;
        }
        if options.has("max_idle_connections") {
            let most = options.integer("max_idle_connections", 0..=1024)?;
            self.network.max_idle_connections =
                most.map_or(DEFAULT_IDLE_CONNECTIONS, |n| n as usize);
        }
        options.finish()?;
        if self.region.is_none() && (self.hostname.is_none() || self.download_hostname.is_none()) {
            return Err(Failure::argument(
                "region",
                "must be sh, gz, tj, sgp or another region's short name, unless the options give \
                 both hostname and download_hostname",
            ));
        }
        Ok(self)
    }

    /// `host[:port]` of control requests.
    pub fn control_host(&self) -> String {
        match (&self.hostname, &self.region) {
            (Some(host), _) => host.clone(),
            (None, region) => {
                format!("{}.file.myqcloud.com", region.as_deref().unwrap_or_default())
            }
        }
    }

    /// `host[:port]` behind `bucket-appid.` of downloads.
    pub fn download_host(&self) -> String {
        match (&self.download_hostname, &self.region) {
            (Some(host), _) => host.clone(),
            (None, region) => format!("cos{}.myqcloud.com", region.as_deref().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The proxy's password is in `network`.
        f.debug_struct("Config")
            .field("control_host", &self.control_host())
            .field("download_host", &self.download_host())
            .finish_non_exhaustive()
    }
}

/// The region's short name behind the aliases that the reference SDK accepts.
fn check_region(region: &str) -> Result<String> {
    let short = match region {
        "shanghai" => "sh",
        "guangzhou" => "gz",
        "tianjin" | "tianjing" => "tj",
        "singapore" => "sgp",
        other => other,
    };
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if short.is_empty() || short.len() > 32 || !short.bytes().all(legal) {
        return Err(Failure::argument(
            "region",
            "must be a region's short name in lower case, such as sh, gz, tj or sgp",
        ));
    }
    Ok(short.to_owned())
}

fn check_host(key: &str, text: &str) -> Result<()> {
    // The port does not matter here.
    match Host::parse(text, 80) {
        None => Err(Failure::argument(
            key,
            "must be host or host:port, without scheme and path, such as \"localhost:9000\"",
        )),
        Some(host) if host.is_ipv6() && key == "download_hostname" => Err(Failure::argument(
            key,
            "must be a name, because the bucket's name goes before it, as in \
             bucket-appid.localhost: give the IPv6 address a name",
        )),
        Some(_) => Ok(()),
    }
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

fn read_certificates(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read_regular(Path::new(file), MAX_CA_FILE)
        .map_err(|error| Failure::local_file("ca_file", format!("can't be read: {error}")))?;
    let certificates: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        // A system's bundle may hold some that are of no use; one that is must be there.
        Ok(certificates) if certificates.iter().any(transport::is_usable) => Ok(certificates),
        _ => Err(Failure::local_file("ca_file", "holds no certificate in PEM form")),
    }
}

fn read_regular(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    os::open_source(file, &|| true)?.take(most + 1).read_to_end(&mut content)?;
    match content.len() as u64 > most {
        true => Err(io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(region: Option<&str>, options: &str) -> Result<Config> {
        Config::new(region, Options::parse(Some(options))?)
    }

    #[test]
    fn regions_and_their_aliases() {
        for (region, control, download) in [
            ("sh", "sh.file.myqcloud.com", "cossh.myqcloud.com"),
            ("shanghai", "sh.file.myqcloud.com", "cossh.myqcloud.com"),
            ("gz", "gz.file.myqcloud.com", "cosgz.myqcloud.com"),
            ("guangzhou", "gz.file.myqcloud.com", "cosgz.myqcloud.com"),
            ("tj", "tj.file.myqcloud.com", "costj.myqcloud.com"),
            ("tianjin", "tj.file.myqcloud.com", "costj.myqcloud.com"),
            ("tianjing", "tj.file.myqcloud.com", "costj.myqcloud.com"),
            ("sgp", "sgp.file.myqcloud.com", "cossgp.myqcloud.com"),
            ("singapore", "sgp.file.myqcloud.com", "cossgp.myqcloud.com"),
            ("bj", "bj.file.myqcloud.com", "cosbj.myqcloud.com"),
        ] {
            let config = config(Some(region), "{}").unwrap();
            assert_eq!(config.control_host(), control);
            assert_eq!(config.download_host(), download);
        }
        for bad in ["", "SH", "s h", "sh/", "sh.evil.example"] {
            let failure = config(Some(bad), "{}").unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some("region"), "{bad}");
        }
    }

    #[test]
    fn hostnames_override_their_half_of_the_region() {
        let both = config(None, r#"{"hostname":"a:1","download_hostname":"b"}"#).unwrap();
        assert_eq!((both.control_host(), both.download_host()), ("a:1".into(), "b".into()));
        let half = config(Some("sh"), r#"{"hostname":"127.0.0.1:9"}"#).unwrap();
        assert_eq!(half.control_host(), "127.0.0.1:9");
        assert_eq!(half.download_host(), "cossh.myqcloud.com");
        assert!(config(None, r#"{"hostname":"a"}"#).is_err());
        assert!(config(None, "{}").is_err());
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
            (r#"{"download_hostname":"[::1]"}"#, "download_hostname"),
            (r#"{"download_hostname":"[::1]:80"}"#, "download_hostname"),
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
        ] {
            let failure = config(Some("sh"), options).unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some(key), "{options}");
            assert_eq!(failure.code, -1);
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
        assert_eq!(merged.timeout, Duration::from_millis(7));
        assert_eq!(merged.retries, 0);
        assert_eq!(merged.control_host(), "gz.file.myqcloud.com");
        assert_eq!(merge(r#"{"timeout_ms":null}"#).unwrap().timeout, DEFAULT_TIMEOUT);
        assert!(merge(r#"{"region":null}"#).is_err());
    }

    #[test]
    fn the_proxys_password_is_never_printed() {
        let config = config(Some("sh"), r#"{"proxy":"http://user:hunter2@x:1"}"#).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        let failure = super::read_proxy("ftp://user:hunter2@x:1").err().unwrap();
        assert!(!failure.message.contains("hunter2"));
    }
}
