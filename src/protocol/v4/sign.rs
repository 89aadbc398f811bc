//! Signatures: who may do what, until when, on which resource.
//!
//! A signature is `Base64( HMAC-SHA1(secret_key, plain) || plain )` with
//! `plain = a=appid&k=secret_id&e=expiry&t=now&r=random&f=file_id&b=bucket`. It covers neither
//! method, query, headers nor body. There are three kinds: *multi* (reusable until `e`), *once*
//! (`e=0`, for one delete, update or move) and *download* (like multi, but `f` is the path alone,
//! without appid and bucket).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::account::Account;
use crate::os::{forgetting, random_below};
use crate::protocol::contract::Place;

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

/// `/appid/bucket/path`, encoded: what URLs and signatures call a file.
pub fn file_id(account: &Account, at: Place) -> String {
    ["/", account.appid(), "/", at.bucket.as_str(), at.path.encoded()].concat()
}

/// A fresh signature of `kind` bound to the place, made at `now`.
pub fn sign(account: &Account, at: Place, kind: Kind, now: u64) -> String {
    // Two signatures of one second must differ.
    sign_with(account, at, kind, now, random_below(1_000_000_000))
}

fn sign_with(account: &Account, at: Place, kind: Kind, now: u64, random: u64) -> String {
    let (expiry, file_id) = match kind {
        Kind::Multi(expiry) => (expiry, file_id(account, at)),
        Kind::Once => (0, file_id(account, at)),
        Kind::Download(expiry) => (expiry, at.path.encoded().to_owned()),
    };
    let [expiry, now, random] = [expiry, now, random].map(|number| number.to_string());
    let plain = [
        ["a=", account.appid()],
        ["&k=", account.secret_id()],
        ["&e=", &expiry],
        ["&t=", &now],
        ["&r=", &random],
        ["&f=", &file_id],
        ["&b=", at.bucket.as_str()],
    ]
    .as_flattened()
    .concat();
    let hmac = forgetting(|| hmac(account.secret_key(), plain.as_bytes()));
    BASE64_STANDARD.encode([&hmac, plain.as_bytes()].concat())
}

fn hmac(key: &str, message: &[u8]) -> [u8; 20] {
    match Hmac::<Sha1>::new_from_slice(key.as_bytes()) {
        Ok(mac) => mac.chain_update(message).finalize().into_bytes().into(),
        // HMAC takes keys of every length.
        Err(_) => [0; 20],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{Bucket, CosPath, FilePath, FolderPath};
    use crate::protocol::v4::RULES;

    const CHINESE: &str = "/中文 dir/a~b+c%d&e.txt";

    fn account() -> Account {
        Account::new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY").unwrap()
    }

    fn signed(path: &str, kind: Kind) -> (String, String) {
        let bucket = Bucket::new("mybucket").unwrap();
        let path: CosPath = if path.ends_with('/') {
            (*FolderPath::new("cos_path", path, &RULES).unwrap()).clone()
        } else {
            (*FilePath::new("cos_path", path, &RULES).unwrap()).clone()
        };
        let at = Place { bucket: &bucket, path: &path };
        let sign = sign_with(&account(), at, kind, 1_500_000_000, 123_456_789);
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
            assert_eq!(signed(path, kind).1, hmac, "{path} {kind:?}");
        }
        assert_eq!(
            signed(CHINESE, Kind::Multi(until)).0,
            "uTRvdi6NBBFEhltsbRudzMqFP+ZhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAm\
             dD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvJUU0JUI4JUFEJUU2JTk2JTg3\
             JTIwZGlyL2F+YiUyQmMlMjVkJTI2ZS50eHQmYj1teWJ1Y2tldA=="
        );
    }

    #[test]
    fn no_two_signatures_are_alike() {
        let bucket = Bucket::new("mybucket").unwrap();
        let path = FilePath::new("cos_path", "/a", &RULES).unwrap();
        let at = Place { bucket: &bucket, path: &path };
        let signs: std::collections::HashSet<_> =
            (0..1000).map(|_| sign(&account(), at, Kind::Once, 1)).collect();
        assert_eq!(signs.len(), 1000);
    }
}
