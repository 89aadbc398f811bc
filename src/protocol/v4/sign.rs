//! Signatures: who may do what, until when, on which resource.
//!
//! A signature is `Base64( HMAC-SHA1(secret_key, plain) || plain )` with
//! `plain = a=appid&k=secret_id&e=expiry&t=now&r=random&f=file_id&b=bucket`. It covers neither
//! method, query, headers nor body. There are three kinds: *multi* (reusable until `e`), *once*
//! (`e=0`, for one delete, update or move) and *download* (like multi, but `f` is the path alone,
//! without appid and bucket).

use std::fmt;
use std::hint::black_box;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::{Zeroize, Zeroizing};

use crate::os;
use crate::path::{Bucket, CosPath};
use crate::reply::{Failure, Result};

/// The longest life of a signature the service grants: 90 days, in seconds.
pub const MAX_LIFETIME: i64 = 7_776_000;

/// Who signs. The key is wiped from memory when this is dropped, and never printed.
pub struct Credentials {
    appid: String,
    secret_id: String,
    secret_key: Zeroizing<String>,
}

/// Which kind of signature, and until when (UNIX seconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reusable until the time given.
    Multi(u64),
    /// For a single request.
    Once,
    /// For downloads until the time given.
    Download(u64),
}

impl Credentials {
    /// Checks the account data.
    pub fn new(appid: &str, secret_id: &str, secret_key: &str) -> Result<Credentials> {
        if appid.is_empty() || appid.len() > 20 || !appid.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Failure::argument(
                "appid",
                "must be the decimal number of the account, such as 1250000000",
            ));
        }
        for (argument, value) in [("secret_id", secret_id), ("secret_key", secret_key)] {
            let printable = |b: u8| b.is_ascii_graphic() && b != b'&' && b != b'=';
            if value.is_empty() || !value.bytes().all(printable) {
                return Err(Failure::argument(
                    argument,
                    "must be the text shown in the console: printable ASCII, not empty, no blanks",
                ));
            }
        }
        Ok(Credentials {
            appid: appid.to_owned(),
            secret_id: secret_id.to_owned(),
            secret_key: Zeroizing::new(secret_key.to_owned()),
        })
    }

    /// The account's number.
    pub fn appid(&self) -> &str {
        &self.appid
    }

    /// Whose key it is.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// What signs.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// `/appid/bucket/path`, encoded: what URLs and signatures call a file.
    pub fn file_id(&self, bucket: &Bucket, path: &CosPath) -> String {
        format!("/{}/{}{}", self.appid, bucket.as_str(), path.encoded())
    }

    /// A fresh signature of `kind` bound to `path`, made at `now`.
    pub fn sign(&self, bucket: &Bucket, path: &CosPath, kind: Kind, now: u64) -> String {
        self.sign_at(bucket, path, kind, now, os::random_below(1_000_000_000))
    }

    fn sign_at(
        &self,
        bucket: &Bucket,
        path: &CosPath,
        kind: Kind,
        now: u64,
        random: u64,
    ) -> String {
        let (expiry, file_id) = match kind {
            Kind::Multi(expiry) => (expiry, self.file_id(bucket, path)),
            Kind::Once => (0, self.file_id(bucket, path)),
            Kind::Download(expiry) => (expiry, path.encoded().to_owned()),
        };
        let plain = format!(
            "a={}&k={}&e={expiry}&t={now}&r={random}&f={file_id}&b={}",
            self.appid,
            self.secret_id,
            bucket.as_str()
        );
        let mut signed = forgetting(|| self.hmac(plain.as_bytes())).to_vec();
        signed.extend_from_slice(plain.as_bytes());
        BASE64_STANDARD.encode(signed)
    }

    fn hmac(&self, message: &[u8]) -> [u8; 20] {
        match Hmac::<Sha1>::new_from_slice(self.secret_key.as_bytes()) {
            Ok(mac) => mac.chain_update(message).finalize().into_bytes().into(),
            // HMAC takes keys of every length.
            Err(_) => [0; 20],
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("appid", &self.appid).finish_non_exhaustive()
    }
}

/// Turns the caller's `expired` into the moment a signature ends: values up to
/// [`MAX_LIFETIME`] count from `now`, larger ones are UNIX timestamps.
pub fn expiry(expired: i64, now: u64) -> Result<u64> {
    let now_signed = i64::try_from(now).unwrap_or(i64::MAX);
    let moment = match expired {
        ..=0 => None,
        1..=MAX_LIFETIME => now_signed.checked_add(expired),
        _ => Some(expired),
    };
    let lives = |moment: &i64| *moment > now_signed && *moment - now_signed <= MAX_LIFETIME;
    match moment.filter(lives).map(u64::try_from) {
        Some(Ok(moment)) => Ok(moment),
        _ => Err(Failure::argument(
            "expired",
            format!(
                "must be 1 to {MAX_LIFETIME} seconds from now, or a UNIX timestamp after now \
                 ({now}) and at most 90 days ahead; it is {expired}"
            ),
        )),
    }
}

/// Runs what handles a key, and wipes what that leaves behind: on the stack, and in the registers
/// through which memory is copied. A program whose functions are bound when they are first called
/// writes these to its stack.
pub fn forgetting<T>(work: impl FnOnce() -> T) -> T {
    let result = apart(work);
    for len in [16, 32, 64, 128, 256, MOST] {
        copy_nothing(black_box(len));
    }
    wipe_stack();
    result
}

/// More than the registers hold.
const MOST: usize = 1024;

/// Begins where the others do on the stack.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Copies as the key was copied: which registers that takes depends on the length.
#[inline(never)]
fn copy_nothing(len: usize) {
    let from = black_box([0u8; MOST]);
    let mut to = [0u8; MOST];
    to[..len].copy_from_slice(&from[..len]);
    black_box(&to);
}

#[inline(never)]
fn wipe_stack() {
    let mut used = [0u8; 8 * 1024];
    black_box(&mut used).zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{FilePath, FolderPath};

    const CHINESE: &str = "/中文 dir/a~b+c%d&e.txt";

    fn credentials() -> Credentials {
        Credentials::new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY").unwrap()
    }

    fn sign(path: &str, kind: Kind) -> (String, String) {
        let bucket = Bucket::new("mybucket").unwrap();
        let path = match path.ends_with('/') {
            true => (*FolderPath::new("cos_path", path).unwrap()).clone(),
            false => (*FilePath::new("cos_path", path).unwrap()).clone(),
        };
        let sign = credentials().sign_at(&bucket, &path, kind, 1_500_000_000, 123_456_789);
        let bytes = BASE64_STANDARD.decode(&sign).unwrap();
        let hmac = bytes[..20].iter().map(|b| format!("{b:02x}")).collect();
        (sign, hmac)
    }

    #[test]
    fn published_vectors() {
        let until = 1_500_000_300;
        for (path, kind, hmac) in [
            ("/sample.txt", Kind::Multi(until), "6c05bdda80ebaeca126518e13d45e0c61e53bf2d"),
            ("/sample.txt", Kind::Once, "a7a6e75ec96fa838c2cd6cb7d2fb080ddf5e04d0"),
            ("/sample.txt", Kind::Download(until), "5422a0aea98664f092635e39e48d13822e175a09"),
            (CHINESE, Kind::Multi(until), "b9346f762e8d041144865b6c6d1b9dccca853fe6"),
            (CHINESE, Kind::Once, "bc0fda893e70f4ad46d18e6309888556a51f00d9"),
            (CHINESE, Kind::Download(until), "b1dcb680795d9ec8a3ad4cbc8d16b5f4b83fabe6"),
            ("/d/", Kind::Once, "4669ea7ab3de353b0ecd82f0b0dbcec55ff54501"),
            ("/", Kind::Multi(until), "83182914270acef5309f9a31f5a3d6cf14b39aef"),
        ] {
            assert_eq!(sign(path, kind).1, hmac, "{path} {kind:?}");
        }
        assert_eq!(
            sign(CHINESE, Kind::Multi(until)).0,
            "uTRvdi6NBBFEhltsbRudzMqFP+ZhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAm\
             dD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvJUU0JUI4JUFEJUU2JTk2JTg3\
             JTIwZGlyL2F+YiUyQmMlMjVkJTI2ZS50eHQmYj1teWJ1Y2tldA=="
        );
    }

    #[test]
    fn expiry_is_relative_or_absolute_and_never_stale() {
        let now = 1_700_000_000;
        assert_eq!(expiry(1, now).unwrap(), now + 1);
        assert_eq!(expiry(MAX_LIFETIME, now).unwrap(), now + 7_776_000);
        assert_eq!(expiry(now as i64 + 1, now).unwrap(), now + 1);
        assert_eq!(expiry(now as i64 + MAX_LIFETIME, now).unwrap(), now + 7_776_000);
        for stale in [
            0,
            -1,
            i64::MIN,
            MAX_LIFETIME + 1,
            now as i64,
            now as i64 - 1,
            now as i64 + MAX_LIFETIME + 1,
            i64::MAX,
        ] {
            let failure = expiry(stale, now).unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some("expired"), "{stale}");
        }
    }

    #[test]
    fn account_data_is_checked_and_never_printed() {
        for appid in ["", "12a", "-1", "123456789012345678901"] {
            let failure = Credentials::new(appid, "id", "key").unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some("appid"));
        }
        let failure = Credentials::new("1", "id\r\n", "key").unwrap_err();
        assert_eq!(failure.argument.as_deref(), Some("secret_id"));
        let failure = Credentials::new("1", "id", "").unwrap_err();
        assert_eq!(failure.argument.as_deref(), Some("secret_key"));
        let printed = format!("{:?}", credentials());
        assert!(!printed.contains("EXAMPLE_SECRET"), "{printed}");
    }

    #[test]
    fn no_two_signatures_are_alike() {
        let bucket = Bucket::new("mybucket").unwrap();
        let path = FilePath::new("cos_path", "/a").unwrap();
        let signer = credentials();
        let signs: std::collections::HashSet<_> =
            (0..1000).map(|_| signer.sign(&bucket, &path, Kind::Once, 1)).collect();
        assert_eq!(signs.len(), 1000);
    }
}
