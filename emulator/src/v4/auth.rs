//! Signatures: taken apart, verified, and refused with the right code.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};

use crate::{
    config::Config,
    settings::Settings,
    v4::{
        codes::{Code, Failure},
        path::{self, Resource},
    },
};

/// The longest life of a multi-effect signature: 90 days.
const LONGEST_LIFE: u64 = 7_776_000;
/// How far a client's clock may run ahead.
const CLOCK_SKEW: u64 = 900;
/// Length of an HMAC-SHA1.
const MAC: usize = 20;

/// Which signatures an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Once,
    Multi,
    Either,
}

/// What the signature has to cover.
pub(crate) enum Scope<'a> {
    Control(&'a Resource, Kind),
    Download(&'a Resource),
}

/// A decoded signature, not yet verified.
#[derive(Debug)]
pub(crate) struct Signature {
    mac: [u8; MAC],
    plain: Vec<u8>,
    appid: String,
    bucket: String,
    secret_id: String,
    expires: u64,
    signed_at: u64,
    file_id: String,
}

impl Signature {
    pub fn parse(text: &str) -> Result<Signature, Failure> {
        let malformed = |why: &str| Code::SIGN_MALFORMED.because(why);
        let bytes = STANDARD.decode(text).map_err(|_| malformed("the signature is not Base64"))?;
        let (mac, plain) = bytes
            .split_first_chunk::<MAC>()
            .ok_or_else(|| malformed("the signature is too short"))?;
        let fields =
            str::from_utf8(plain).map_err(|_| malformed("the signed text is not UTF-8"))?;

        let field = |name: &str| {
            let mut values = fields
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .filter(|(key, _)| *key == name);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Ok(value),
                _ => Err(malformed(&format!("the signed text must have one field {name:?}"))),
            }
        };
        let number = |name: &str| {
            let digits = field(name)?;
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                Ok(digits)
            } else {
                Err(malformed(&format!("field {name:?} of the signed text is not a number")))
            }
        };
        let seconds = |name: &str| number(name).map(|digits| digits.parse().unwrap_or(u64::MAX));

        number("r")?;
        Ok(Signature {
            mac: *mac,
            plain: plain.to_vec(),
            appid: number("a")?.into(),
            bucket: field("b")?.into(),
            secret_id: field("k")?.into(),
            expires: seconds("e")?,
            signed_at: seconds("t")?,
            file_id: path::decode(field("f")?)
                .map_err(|_| malformed("the signed file id is not UTF-8"))?,
        })
    }

    pub fn is_once(&self) -> bool {
        self.expires == 0
    }

    /// What makes this signature distinct, for replay protection.
    pub fn fingerprint(&self) -> [u8; 20] {
        Sha1::new().chain_update(self.mac).chain_update(&self.plain).finalize().into()
    }

    /// Every check but the replay one, in the service's order.
    pub fn verify(
        &self,
        scope: &Scope,
        config: &Config,
        settings: &Settings,
        now: u64,
    ) -> Result<(), Failure> {
        let (resource, kind) = match scope {
            Scope::Control(resource, kind) => (*resource, *kind),
            Scope::Download(resource) => (*resource, Kind::Multi),
        };
        self.check_key(resource, config, settings)?;
        self.check_life(kind, settings, now)?;
        if self.bucket != resource.bucket {
            let detail =
                format!("signed bucket {:?}, requested {:?}", self.bucket, resource.bucket);
            return Err(Code::SIGN_BUCKET.because(detail));
        }
        if self.covers(scope) {
            Ok(())
        } else {
            let detail = format!("signed {:?}, requested {:?}", self.file_id, resource.file_id());
            Err(Code::SIGN_FILE_ID.because(detail))
        }
    }

    fn check_key(
        &self,
        resource: &Resource,
        config: &Config,
        settings: &Settings,
    ) -> Result<(), Failure> {
        let unknown = if settings.unknown_secret_id_is_47 {
            Code::SECRET_ID_UNKNOWN_NEW
        } else {
            Code::SECRET_ID_UNKNOWN
        };
        let credential = config.credential(&self.secret_id).ok_or_else(|| {
            unknown.because(format!("secret id {:?} is not configured", self.secret_id))
        })?;
        let mut mac = Hmac::<Sha1>::new_from_slice(credential.secret_key.as_bytes())
            .map_err(|_| Code::SIGN_WRONG.because("the configured secret key is unusable"))?;
        mac.update(&self.plain);
        mac.verify_slice(&self.mac)
            .map_err(|_| Code::SIGN_WRONG.because("the HMAC is not that of the signed text"))?;
        if credential.appid != self.appid {
            let detail = format!(
                "secret id {:?} belongs to {}, not {}",
                self.secret_id, credential.appid, self.appid
            );
            return Err(Code::SECRET_ID_NOT_OF_APPID.because(detail));
        }
        if self.appid != resource.appid {
            return Err(Code::SIGN_APPID
                .because(format!("signed {}, requested {}", self.appid, resource.appid)));
        }
        Ok(())
    }

    fn check_life(&self, kind: Kind, settings: &Settings, now: u64) -> Result<(), Failure> {
        let expired = if settings.expired_is_59 { Code::EXPIRED_NEW } else { Code::EXPIRED };
        if kind == Kind::Once && !self.is_once() {
            return Err(
                Code::ONCE_WITH_EXPIRY.because("this operation takes a once-signature (e=0)")
            );
        }
        if kind == Kind::Multi && self.is_once() {
            return Err(Code::MULTI_WITHOUT_EXPIRY
                .because("this operation takes a multi-effect signature (e>0)"));
        }
        if self.is_once() && self.file_id.is_empty() {
            return Err(Code::ONCE_WITHOUT_FILE_ID.into());
        }
        if !self.is_once() && self.expires <= now {
            return Err(expired.because(format!("expired at {}, it is {now}", self.expires)));
        }
        if !self.is_once() && self.expires > self.signed_at.saturating_add(LONGEST_LIFE) {
            return Err(expired.because("valid for more than 90 days"));
        }
        if self.signed_at > now + CLOCK_SKEW {
            return Err(expired.because(format!("signed at {}, it is {now}", self.signed_at)));
        }
        Ok(())
    }

    fn covers(&self, scope: &Scope) -> bool {
        match scope {
            _ if self.file_id.is_empty() => true,
            Scope::Control(resource, _) if self.is_once() => self.file_id == resource.file_id(),
            Scope::Control(resource, _) => resource.file_id().starts_with(&self.file_id),
            Scope::Download(resource) => {
                self.file_id == resource.path || self.file_id == resource.file_id()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(HMAC, signature)` of `/sample.txt`, made once and for many uses.
    const ONCE: &str = "p6bnXslvqDjCzWy30vsIDd9eBNBhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvc2FtcGxlLnR4dCZiPW15YnVja2V0";
    const MULTI: &str = "bAW92oDrrsoSZRjhPUXgxh5Tvy1hPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvc2FtcGxlLnR4dCZiPW15YnVja2V0";
    const MULTI_ODD_PATH: &str = "uTRvdi6NBBFEhltsbRudzMqFP+ZhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvJUU0JUI4JUFEJUU2JTk2JTg3JTIwZGlyL2F+YiUyQmMlMjVkJTI2ZS50eHQmYj1teWJ1Y2tldA==";
    const ONCE_ODD_PATH: &str = "vA/aiT5w9K1G0Y5jCYiFVqUfANlhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvJUU0JUI4JUFEJUU2JTk2JTg3JTIwZGlyL2F+YiUyQmMlMjVkJTI2ZS50eHQmYj1teWJ1Y2tldA==";
    const DOWNLOAD: &str = "VCKgrqmGZPCSY1455I0Tgi4XWglhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9L3NhbXBsZS50eHQmYj1teWJ1Y2tldA==";
    const DOWNLOAD_ODD_PATH: &str = "sdy2gHldnsijrUy8jRa19Lg/q+ZhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LyVFNCVCOCVBRCVFNiU5NiU4NyUyMGRpci9hfmIlMkJjJTI1ZCUyNmUudHh0JmI9bXlidWNrZXQ=";
    const ONCE_FOLDER: &str = "RmnqerPeNTsOzYLwsNvOxV/1RQFhPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvZC8mYj1teWJ1Y2tldA==";
    const MULTI_ROOT: &str = "gxgpFCcKzvUwn5ox9aPWzxSzmu9hPTEyNTAwMDAwMDAmaz1FWEFNUExFX1NFQ1JFVF9JRCZlPTE1MDAwMDAzMDAmdD0xNTAwMDAwMDAwJnI9MTIzNDU2Nzg5JmY9LzEyNTAwMDAwMDAvbXlidWNrZXQvJmI9bXlidWNrZXQ=";
    const ODD_PATH: &str = "/中文 dir/a~b+c%d&e.txt";
    const NOW: u64 = 1_500_000_100;

    fn resource(path: &str) -> Resource {
        Resource { appid: "1250000000".into(), bucket: "mybucket".into(), path: path.into() }
    }

    fn verdict(sign: &str, scope: Scope, now: u64) -> i32 {
        let verified = Signature::parse(sign).and_then(|signature| {
            signature.verify(&scope, &Config::new("unused"), &Settings::default(), now)
        });
        verified.map_or_else(|failure| failure.code.number, |()| 0)
    }

    #[test]
    fn the_published_signatures_verify() {
        for (sign, path, kind) in [
            (MULTI, "/sample.txt", Kind::Multi),
            (ONCE, "/sample.txt", Kind::Once),
            (MULTI_ODD_PATH, ODD_PATH, Kind::Multi),
            (ONCE_ODD_PATH, ODD_PATH, Kind::Once),
            (ONCE_FOLDER, "/d/", Kind::Once),
            (MULTI_ROOT, "/", Kind::Multi),
        ] {
            assert_eq!(verdict(sign, Scope::Control(&resource(path), kind), NOW), 0, "{path}");
        }
        assert_eq!(verdict(DOWNLOAD, Scope::Download(&resource("/sample.txt")), NOW), 0);
        assert_eq!(verdict(DOWNLOAD_ODD_PATH, Scope::Download(&resource(ODD_PATH)), NOW), 0);
    }

    #[test]
    fn the_wrong_scope_time_or_kind_does_not() {
        let sample = resource("/sample.txt");
        assert_eq!(verdict(ONCE, Scope::Control(&resource("/sample.tx"), Kind::Once), NOW), -63);
        assert_eq!(verdict(MULTI, Scope::Control(&resource("/other.txt"), Kind::Multi), NOW), -63);
        assert_eq!(
            verdict(MULTI_ROOT, Scope::Control(&sample, Kind::Multi), NOW),
            0,
            "bound to a prefix"
        );
        assert_eq!(verdict(ONCE_FOLDER, Scope::Control(&resource("/d"), Kind::Once), NOW), -63);
        assert_eq!(verdict(DOWNLOAD, Scope::Control(&sample, Kind::Multi), NOW), -63);
        assert_eq!(verdict(MULTI, Scope::Control(&sample, Kind::Multi), 1_500_000_299), 0);
        assert_eq!(verdict(MULTI, Scope::Control(&sample, Kind::Multi), 1_500_000_300), -96);
        assert_eq!(verdict(MULTI, Scope::Control(&sample, Kind::Multi), 1_499_990_000), -96);
        assert_eq!(verdict(MULTI, Scope::Control(&sample, Kind::Once), NOW), -73);
        assert_eq!(verdict(ONCE, Scope::Control(&sample, Kind::Multi), NOW), -74);
        assert_eq!(verdict(ONCE, Scope::Download(&sample), NOW), -74);
    }
}
