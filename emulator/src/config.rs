//! What the emulator is started with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::v4::path::is_bucket_name;

/// A key pair and the appid that owns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The decimal account number.
    pub appid: String,
    /// The public half, `k` in a signature.
    pub secret_id: String,
    /// The HMAC key.
    pub secret_key: String,
}

/// A key of the XML API that works only together with its token, and only for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporaryKey {
    /// The key pair and the account it acts for.
    #[serde(flatten)]
    pub credential: Credential,
    /// What `x-cos-security-token` must be.
    pub token: String,
    /// The UNIX second at which it ends.
    #[serde(default)]
    pub expires: Option<u64>,
}

/// A bucket: buckets are configuration, the API can't create them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The short name, without `-appid`.
    pub name: String,
    /// Whether downloads need no signature.
    #[serde(default)]
    pub public: bool,
    /// The region it lives in, by its name in either API.
    #[serde(default = "default_region")]
    pub region: String,
    /// The owner; without one every configured appid has a bucket of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appid: Option<String>,
}

fn default_region() -> String {
    "sh".into()
}

/// The regions that have two names: in the JSON API, and in the XML API.
const REGIONS: [(&str, &str); 9] = [
    ("sh", "ap-shanghai"),
    ("gz", "ap-guangzhou"),
    ("bj", "ap-beijing"),
    ("tj", "ap-beijing-1"),
    ("cd", "ap-chengdu"),
    ("sgp", "ap-singapore"),
    ("hk", "ap-hongkong"),
    ("ca", "na-toronto"),
    ("ger", "eu-frankfurt"),
];

/// The name of a region in the JSON API, given that of either.
pub(crate) fn short_region(name: &str) -> &str {
    REGIONS.iter().find(|(_, long)| *long == name).map_or(name, |(short, _)| short)
}

/// The name of a region in the XML API, given that of either.
pub(crate) fn long_region(name: &str) -> &str {
    REGIONS.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| long)
}

impl Bucket {
    /// A bucket whose downloads must be signed.
    pub fn private(name: impl Into<String>) -> Self {
        Bucket { name: name.into(), public: false, region: default_region(), appid: None }
    }

    /// A bucket anybody may read.
    pub fn public(name: impl Into<String>) -> Self {
        Bucket { public: true, ..Bucket::private(name) }
    }

    /// The same bucket in another region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }
}

/// How to start an [`Emulator`](crate::Emulator).
#[derive(Clone, Debug)]
pub struct Config {
    /// Where objects and the index live; created when missing.
    pub data_dir: PathBuf,
    /// The address to listen on.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Who may sign.
    pub credentials: Vec<Credential>,
    /// Who may sign for a while, in the XML API.
    pub temporary_keys: Vec<TemporaryKey>,
    /// The buckets that exist.
    pub buckets: Vec<Bucket>,
    /// The switches to begin with.
    pub settings: Settings,
    /// Whether `/_emulator/` answers.
    pub admin: bool,
}

impl Config {
    /// Sound defaults for tests: a free port on 127.0.0.1, appid `1250000000` with `EXAMPLE_SECRET_ID` /
    /// `EXAMPLE_SECRET_KEY`, and the buckets `private-bucket` and `public-bucket` in region `sh`.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Config {
            data_dir: data_dir.into(),
            host: "127.0.0.1".into(),
            port: 0,
            credentials: vec![Credential {
                appid: "1250000000".into(),
                secret_id: "EXAMPLE_SECRET_ID".into(),
                secret_key: "EXAMPLE_SECRET_KEY".into(),
            }],
            temporary_keys: Vec::new(),
            buckets: vec![Bucket::private("private-bucket"), Bucket::public("public-bucket")],
            settings: Settings::default(),
            admin: true,
        }
    }

    /// Refuses what no server could have.
    pub(crate) fn check(&self) -> Result<(), String> {
        for Bucket { name, .. } in &self.buckets {
            if !is_bucket_name(name) || name.starts_with('-') || name.ends_with('-') {
                return Err(format!(
                    "the bucket {name:?} has no name that the service allows: 1 to 64 of a-z, 0-9 and '-', but not \
                     '-' at an end, and without the appid"
                ));
            }
        }
        self.settings.check()
    }

    pub(crate) fn knows_appid(&self, appid: &str) -> bool {
        self.credentials.iter().any(|credential| credential.appid == appid)
            || self.buckets.iter().any(|bucket| bucket.appid.as_deref() == Some(appid))
    }

    pub(crate) fn credential(&self, secret_id: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.secret_id == secret_id)
    }

    pub(crate) fn bucket(&self, appid: &str, name: &str) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| {
            bucket.name == name
                && match &bucket.appid {
                    Some(owner) => owner == appid,
                    None => self.credentials.iter().any(|credential| credential.appid == appid),
                }
        })
    }
}

/// The configuration file of the program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigFile {
    /// Replaces the default credentials when not empty.
    pub credentials: Vec<Credential>,
    /// Keys that need a token.
    pub temporary_keys: Vec<TemporaryKey>,
    /// Replaces the default buckets when not empty.
    pub buckets: Vec<Bucket>,
    /// The switches to begin with.
    pub settings: Settings,
}
