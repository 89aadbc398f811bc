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
    /// The bucket, with its appid, of hosts that name none, such as `127.0.0.1:9000`.
    pub default_bucket: Option<String>,
    /// The origins from which browsers may use the buckets; `*` is all.
    pub cors_origins: Vec<String>,
    /// A bucket of another region answers 301 `PermanentRedirect` instead of 404 `NoSuchBucket`.
    pub wrong_region_is_301: bool,
    /// How many seconds ahead the time of a signature may begin.
    pub key_time_tolerance: u64,
    /// A refusal with 403 is `AccessDenied`, and its word is the message.
    pub denial_in_message: bool,
    /// An expired token is 403 instead of 400.
    pub expired_token_is_403: bool,
    /// Deleting what is not there is 404 instead of 204.
    pub delete_missing_is_404: bool,
    /// Buckets have versions: what is written gets one, deletions tell a marker's, and
    /// `x-cos-forbid-overwrite` has no effect. Only the last version is kept.
    pub versioning: bool,
    /// `x-cos-forbid-overwrite` is also looked at when a multipart upload begins.
    pub forbid_overwrite_at_initiate: bool,
    /// `x-cos-forbid-overwrite` also holds for copies.
    pub forbid_overwrite_on_copy: bool,
    /// How many bytes the names and values of `x-cos-meta-…` may have in all.
    pub metadata_limit: u64,
    /// `x-cos-content-sha1` is compared with the content.
    pub check_content_sha1: bool,
    /// The most that one request may bring or copy.
    pub largest_put: u64,
    /// HEAD tells so many times an object's size, and copies count its bytes so: what is copied in parts
    /// because it is large need not be large.
    pub size_factor: u64,
    /// The most that one list may have, whatever was asked for.
    pub largest_page: u64,
    /// Lists show an object only when it is so many seconds old.
    pub list_lag: u64,
    /// How many seconds it takes until an archived object can be read that was asked for.
    pub restore_s: u64,
    /// The least that a part must have, but the last.
    pub smallest_part: u64,
    /// Completing with a part left out is `InvalidPartOrder` instead of `InvalidPart`.
    pub gap_is_invalid_part_order: bool,
    /// Completing sends its status and then only white space for so long.
    pub complete_delay_ms: u64,
    /// The reply to a completion has a CRC-64.
    pub complete_crc: bool,
    /// Completing a second time succeeds.
    pub complete_again: bool,
    /// The reply to the copy of a part has a CRC-64.
    pub part_copy_crc: bool,
    /// Objects have a CRC-64; without, they are as old as some are.
    pub object_crc: bool,
    /// `bytes=-n` is the end of an object; otherwise it is ignored.
    pub suffix_ranges: bool,
    /// A range of an empty object is 416 `InvalidRange`; otherwise it is ignored.
    pub range_of_empty_is_416: bool,
    /// What is not ASCII in `x-cos-meta-…` comes back percent-encoded.
    pub metadata_comes_back_encoded: bool,
    /// A raw `+` in `x-cos-copy-source` is a space.
    pub plus_in_copy_source_is_space: bool,
    /// `x-cos-metadata-directive` must be `Copy` or `Replaced`, in this spelling.
    pub strict_directive: bool,
    /// A list that goes on behind a common prefix leaves out everything below it.
    pub marker_skips_prefix: bool,
    /// `biz_attr` of the JSON API and `x-cos-meta-biz-attr` are one thing.
    pub biz_attr_is_metadata: bool,
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
            default_bucket: None,
            cors_origins: vec!["*".into()],
            wrong_region_is_301: false,
            key_time_tolerance: 60,
            denial_in_message: false,
            expired_token_is_403: false,
            delete_missing_is_404: false,
            versioning: false,
            forbid_overwrite_at_initiate: true,
            forbid_overwrite_on_copy: false,
            metadata_limit: 2048,
            check_content_sha1: false,
            largest_put: 5 << 30,
            size_factor: 1,
            largest_page: 1000,
            list_lag: 0,
            restore_s: 0,
            smallest_part: 1 << 20,
            gap_is_invalid_part_order: false,
            complete_delay_ms: 0,
            complete_crc: true,
            complete_again: false,
            part_copy_crc: true,
            object_crc: true,
            suffix_ranges: true,
            range_of_empty_is_416: true,
            metadata_comes_back_encoded: false,
            plus_in_copy_source_is_space: false,
            strict_directive: false,
            marker_skips_prefix: true,
            biz_attr_is_metadata: false,
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

    /// As how large an object counts that has so many bytes.
    pub(crate) fn counted(&self, size: u64) -> u64 {
        size.saturating_mul(self.size_factor)
    }

    /// Refuses values that no server could have.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.slice_size {
            _ if self.largest_page == 0 => Err("largest_page must be at least 1".into()),
            _ if !(1..=1 << 30).contains(&self.size_factor) => {
                Err("size_factor must be from 1 to 1073741824".into())
            }
            Some(0) => Err("slice_size must be at least 1".into()),
            Some(size) if size > 20 << 20 => Err("slice_size must be at most 20971520".into()),
            _ => Ok(()),
        }
    }
}
