//! The switches that can be turned while the emulator runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Behaviour the real service's documentation leaves open or that changed over its years.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A slice init whose `sha` and size are already stored under the same appid completes at once.
    pub instant_upload: bool,
    /// New slice sessions say `serial_upload: 1` and insist on ascending offsets.
    pub serial_upload: bool,
    /// The slice size init grants, whatever was asked for.
    pub slice_size: Option<u64>,
    /// Replies carry `request_id`.
    pub request_id: bool,
    /// Uploading identical content over a file answers -4018 instead of -177.
    pub same_sha_is_4018: bool,
    /// `num` of a list is limited to 199 instead of 1000.
    pub strict_list_limit: bool,
    /// A folder with children can be "deleted": success, and it stays visible through them.
    pub delete_non_empty_folder: bool,
    /// Move accepts a multi-effect signature as well as a once one.
    pub multi_sign_for_move: bool,
    /// An expired signature is -59 instead of -96.
    pub expired_is_59: bool,
    /// An unknown secret id is -47 instead of -79.
    pub unknown_secret_id_is_47: bool,
    /// Each reply waits this long.
    pub latency_ms: u64,
    /// A once-signature works only once.
    pub replay_protection: bool,
    /// Lists also carry `has_more`, `dircount` and `filecount`.
    pub legacy_list_fields: bool,
    /// Its clock is ahead by so many seconds, or behind.
    pub clock_ahead: i64,
    /// `host[:port]` that `access_url` and `source_url` end with, so that they lead back to the emulator.
    pub download_host: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            instant_upload: true,
            serial_upload: false,
            slice_size: None,
            request_id: true,
            same_sha_is_4018: false,
            strict_list_limit: false,
            delete_non_empty_folder: false,
            multi_sign_for_move: true,
            expired_is_59: false,
            unknown_secret_id_is_47: false,
            latency_ms: 0,
            replay_protection: true,
            legacy_list_fields: false,
            clock_ahead: 0,
            download_host: None,
        }
    }
}

impl Settings {
    /// Applies a JSON object holding the switches to change; refuses unknown names and wrong types as a whole.
    pub fn merge(&mut self, changes: &Value) -> Result<(), String> {
        let changes = changes.as_object().ok_or("a JSON object is expected")?;
        let mut all = serde_json::to_value(&*self).map_err(|error| error.to_string())?;
        for (name, value) in changes {
            all[name] = value.clone();
        }
        let merged: Settings = serde_json::from_value(all).map_err(|error| error.to_string())?;
        merged.check()?;
        *self = merged;
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        match self.slice_size {
            Some(0) => Err("slice_size must be at least 1".into()),
            Some(size) if size > 20 << 20 => Err("slice_size must be at most 20971520".into()),
            _ => Ok(()),
        }
    }
}
