//! Signatures: found, taken apart, verified, and refused with the right word.

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::AUTHORIZATION;
use sha1::{Digest, Sha1};

use super::{
    request::{Request, encode, form_decode},
    words::{Failure, Word},
};
use crate::{config::Config, digest::hex, settings::Settings};

/// Beyond this the client's clock is said to be wrong.
const CLOCK_SKEW: u64 = 900;
/// What a signature in the query consists of; it does not cover itself.
const FIELDS: [&str; 7] = [
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
];

/// A signature, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub secret_id: String,
    sign_time: String,
    key_time: String,
    headers: Vec<String>,
    params: Vec<String>,
    mac: String,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Anonymous,
    /// Somebody with a key of this appid.
    Account(String),
}

/// HMAC-SHA1 in hexadecimal.
fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key may have any length");
    mac.update(message);
    hex(&mac.finalize().into_bytes())
}

/// What is signed last, and the signature of it; `secret` is the key of an account.
fn compute(secret: &str, key_time: &str, sign_time: &str, text: &str) -> (String, String) {
    let sign_key = hmac_hex(secret.as_bytes(), key_time.as_bytes());
    let string_to_sign = format!("sha1\n{sign_time}\n{}\n", hex(&Sha1::digest(text)));
    let mac = hmac_hex(sign_key.as_bytes(), string_to_sign.as_bytes());
    (string_to_sign, mac)
}

/// The signature of a form's policy.
pub(crate) fn policy_signature(secret: &str, key_time: &str, policy: &[u8]) -> String {
    let sign_key = hmac_hex(secret.as_bytes(), key_time.as_bytes());
    hmac_hex(sign_key.as_bytes(), hex(&Sha1::digest(policy)).as_bytes())
}

impl Signature {
    /// The signature of a request, wherever it is; `Err` when it can't be read.
    pub fn of(request: &Request) -> Option<Result<Signature, String>> {
        if let Some(value) = request.headers.get(AUTHORIZATION) {
            let text = String::from_utf8_lossy(value.as_bytes());
            return Some(Signature::parse(&text));
        }
        if let Some(text) = request.param("sign") {
            return Some(Signature::parse(text));
        }
        request
            .param("q-sign-algorithm")
            .map(|_| Signature::from_fields(|name| request.param(name).map(String::from)))
    }

    pub fn parse(text: &str) -> Result<Signature, String> {
        let field = |name: &str| {
            let mut values = text
                .trim()
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .filter(|(known, _)| *known == name);
            values.next().map(|(_, value)| value.to_string())
        };
        Signature::from_fields(field)
    }

    fn from_fields(field: impl Fn(&str) -> Option<String>) -> Result<Signature, String> {
        let field = |name: &str| field(name).ok_or(format!("the signature has no {name}"));
        let list = |name: &str| -> Result<Vec<String>, String> {
            let names = field(name)?;
            let names = names.split(';').filter(|name| !name.is_empty());
            Ok(names.map(str::to_ascii_lowercase).collect())
        };
        if field("q-sign-algorithm")? != "sha1" {
            return Err("the algorithm of the signature is not sha1".into());
        }
        Ok(Signature {
            secret_id: field("q-ak")?,
            sign_time: field("q-sign-time")?,
            key_time: field("q-key-time")?,
            headers: list("q-header-list")?,
            params: list("q-url-param-list")?,
            mac: field("q-signature")?,
        })
    }

    /// Every check of the signature, in order.
    pub fn verify(
        &self,
        request: &Request,
        config: &Config,
        settings: &Settings,
        now: u64,
    ) -> Result<Identity, Failure> {
        let token = request
            .header("x-cos-security-token")
            .or_else(|| request.given("x-cos-security-token").map(String::from));
        let (appid, secret) = key(config, settings, &self.secret_id, token.as_deref(), now)?;
        check_time(&self.key_time, settings, now)?;
        self.check_mac(request, secret)?;
        Ok(Identity::Account(appid.into()))
    }

    fn check_mac(&self, request: &Request, secret: &str) -> Result<(), Failure> {
        let params = covered_params(request, &self.params)?;
        let mut expected = None;
        for host in hosts(request) {
            let headers = covered_headers(request, &self.headers, host)?;
            let method = request.method.as_str().to_ascii_lowercase();
            let text = format!("{method}\n{}\n{params}\n{headers}\n", request.path);
            let (string_to_sign, mac) = compute(secret, &self.key_time, &self.sign_time, &text);
            if mac == self.mac {
                return Ok(());
            }
            expected.get_or_insert((string_to_sign, text));
        }
        let (string_to_sign, text) = expected.unwrap_or_default();
        let mut failure = Word::SIGNATURE.because(format!("the server signed {text:?}"));
        failure.more = Box::new([("StringToSign", string_to_sign), ("FormatString", text)]);
        Err(failure)
    }
}

/// The appid and the secret key of an id.
pub(crate) fn key<'a>(
    config: &'a Config,
    settings: &Settings,
    secret_id: &str,
    token: Option<&str>,
    now: u64,
) -> Result<(&'a str, &'a str), Failure> {
    if let Some(credential) = config.credential(secret_id) {
        return Ok((&credential.appid, &credential.secret_key));
    }
    let unknown = |why: String| Word::INVALID_ACCESS_KEY.because(why);
    let temporary = config
        .temporary_keys
        .iter()
        .find(|key| key.credential.secret_id == secret_id)
        .ok_or_else(|| unknown(format!("secret id {secret_id:?} is not configured")))?;
    if token != Some(&temporary.token) {
        return Err(unknown("the token of the temporary key is missing or wrong".into()));
    }
    if temporary.expires.is_some_and(|expires| expires <= now) {
        let status = if settings.expired_token_is_403 { 403 } else { 400 };
        return Err(Word { status, ..Word::EXPIRED_TOKEN }.into());
    }
    Ok((&temporary.credential.appid, &temporary.credential.secret_key))
}

/// Refuses a time that is over, or has not come.
pub(crate) fn check_time(key_time: &str, settings: &Settings, now: u64) -> Result<(), Failure> {
    let seconds = |text: &str| text.parse::<u64>().ok();
    let times =
        key_time.split_once(';').and_then(|(start, end)| Some((seconds(start)?, seconds(end)?)));
    let (start, end) =
        times.ok_or_else(|| Word::ACCESS_DENIED.because(format!("q-key-time is {key_time:?}")))?;
    if start > now + CLOCK_SKEW {
        return Err(Word::TIME_SKEWED.because(format!("signed from {start} on, it is {now}")));
    }
    if end < now || start > now + settings.key_time_tolerance || end < start {
        let mut failure = Word::ACCESS_DENIED.saying("Request has expired");
        failure.detail = Some(format!("Request has expired: valid for {key_time}, it is {now}"));
        return Err(failure);
    }
    Ok(())
}

/// What may have been signed as the host: some clients leave the port out.
fn hosts(request: &Request) -> Vec<&str> {
    let without = request.host.split(':').next().unwrap_or_default();
    if without == request.host { vec![without] } else { vec![&request.host, without] }
}

/// `name=value` pairs in order, joined.
fn join(mut pairs: Vec<(String, String)>) -> String {
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn is_missing(what: &str, name: &str) -> Failure {
    Word::SIGNATURE.because(format!("the signed {what} {name:?} is not in the request"))
}

/// How often a name stands in a list before `index`: a repeated name takes the next value.
fn occurrence(list: &[String], index: usize) -> usize {
    list[..index].iter().filter(|name| **name == list[index]).count()
}

fn covered_params(request: &Request, list: &[String]) -> Result<String, Failure> {
    let in_query = !request.headers.contains_key(AUTHORIZATION);
    let own = |name: &str| in_query && (FIELDS.contains(&name) || name == "sign");
    let all: Vec<(String, String)> = request
        .params
        .iter()
        .filter(|(name, _)| !own(name))
        .map(|(name, value)| (encode(name).to_ascii_lowercase(), encode(value)))
        .collect();
    let mut pairs = Vec::new();
    for (index, name) in list.iter().enumerate() {
        let mut values = all.iter().filter(|(known, _)| known == name);
        let pair =
            values.nth(occurrence(list, index)).ok_or_else(|| is_missing("parameter", name))?;
        pairs.push(pair.clone());
    }
    Ok(join(pairs))
}

fn covered_headers(request: &Request, list: &[String], host: &str) -> Result<String, Failure> {
    let mut pairs = Vec::new();
    for (index, name) in list.iter().enumerate() {
        let plain = form_decode(name).unwrap_or_default();
        let value = match plain.as_str() {
            "host" => host.to_string(),
            plain => {
                let mut values = request.headers.get_all(plain).iter();
                let value = values.nth(occurrence(list, index));
                let value = value.ok_or_else(|| is_missing("header", name))?;
                String::from_utf8_lossy(value.as_bytes()).trim().to_string()
            }
        };
        pairs.push((name.clone(), encode(&value)));
    }
    Ok(join(pairs))
}
