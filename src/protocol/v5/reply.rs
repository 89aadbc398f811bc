//! What the service answers, and the replies that are composed of it.
//!
//! An answer is foreign input. What is handed on of a refusal is its word and its message, without
//! the signature that either may repeat.

use super::codes::{self, Meaning};
use super::site;
use super::xml::{self, Document, Element};
use crate::reply::secrets::Secrets;
use crate::reply::write::{Object, Write};
use crate::reply::{Code, Failure, Reply, Result, Told, json, success};

/// The longest message that is handed on, in characters.
const LONGEST_MESSAGE: usize = 500;
/// A refusal is no longer than this, in bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;
/// The longest word that is handed on, in bytes.
const LONGEST_WORD: usize = 64;

/// An answer that is no refusal.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body, where XML was expected.
    pub document: Document,
    /// The body, where none was expected.
    pub body: Vec<u8>,
    /// What it tells besides.
    pub told: Told,
    /// The CRC-64 of the content that was sent, if it was computed.
    pub sent_crc64: Option<u64>,
    /// What no reply may repeat.
    pub secrets: Secrets,
}

impl Answer {
    /// What the body says, where XML was expected.
    pub fn xml(&self) -> Element<'_> {
        self.document.root()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The CRC-64 that the service states of the whole content.
    pub fn crc64(&self) -> Option<u64> {
        self.header("x-cos-hash-crc64ecma").and_then(|crc| crc.trim().parse().ok())
    }

    /// What the service calls this version of the content.
    pub fn etag(&self) -> Option<&str> {
        self.header("etag").map(bare_etag)
    }

    /// The same, where the body tells it: as the answer to an upload in parts or a copy does.
    pub fn etag_in_body(&self) -> Option<&str> {
        self.xml().child("ETag").map(|etag| bare_etag(etag.text()))
    }

    /// A success with this data.
    pub fn success(&self, data: impl Write) -> Result<Reply> {
        self.composed(self.begun(256).with("data", data))
    }

    /// What a success begins with; its text can grow to `len` bytes.
    pub fn begun(&self, len: usize) -> Object {
        success(len).with("request_id", self.header("x-cos-request-id"))
    }

    /// A success. It fails where it repeats a secret and can't be used.
    pub fn composed(&self, json: Object) -> Result<Reply> {
        match self.secrets.removed_from(json.into_text(), true)? {
            Some(json) => Ok(Reply::new(0, self.status, json)),
            None => Err(not_a_reply(self.status, "it repeats the request's signature in pieces")),
        }
    }

    /// The failure that an `Error` element in it stands for.
    pub fn refusal_of(&self, error: Element) -> Box<Failure> {
        refusal(self.status, &self.headers, error, &self.secrets)
    }

    /// The failure for an answer that lacks something.
    pub fn unexpected(&self, problem: &str) -> Box<Failure> {
        not_a_reply(self.status, problem)
    }
}

/// The value of a header.
fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// An ETag without its quotes.
pub fn bare_etag(etag: &str) -> &str {
    etag.trim().trim_matches('"')
}

/// Whether the server objects to the time in a signature.
pub fn is_about_time(failure: &Failure) -> bool {
    failure.is(Code::COS_ERR_SIGN_EXPIRED)
}

/// Whether a condition of the request was not met.
pub fn is_unmet(failure: &Failure) -> bool {
    failure.server_code() == Some("PreconditionFailed") || failure.http_status() == Some(412)
}

/// The failure for an answer that is not one the service gives.
pub fn not_a_reply(status: u16, problem: &str) -> Box<Failure> {
    let message = format!("HTTP {status}, and the answer is not one of the XML API: {problem}");
    Failure::not_a_reply(status, message)
}

/// Reads an answer whose body is XML with this `root` if it is a success; without a `root` it is
/// handed on as it is. Anything else is a failure.
pub fn read(
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    root: Option<&str>,
    secrets: Secrets,
) -> Result<Answer> {
    // Every answer of the service has it; those of a proxy or gateway in front of it do not.
    if header(&headers, "x-cos-request-id").is_none() {
        return Err(not_a_reply(status, "it has no x-cos-request-id"));
    }
    let (is_success, told) = ((200..300).contains(&status), Told::default());
    let answer = |document, body, headers, secrets| Answer {
        status,
        headers,
        document,
        body,
        told,
        sent_crc64: None,
        secrets,
    };
    if is_success && root.is_none() {
        if let Some(error) = refusal_in(&headers, &body) {
            return Err(refusal(status, &headers, error.root(), &secrets));
        }
        return Ok(answer(Document::default(), body, headers, secrets));
    }
    let text = String::from_utf8(body).map_err(|_| not_a_reply(status, "it is not UTF-8"))?;
    if text.trim().is_empty() && !is_success {
        return Err(refusal(status, &headers, Document::default().root(), &secrets));
    }
    let document = xml::parse(text).map_err(|problem| not_a_reply(status, problem))?;
    let name = document.root().name();
    if name == "Error" {
        return Err(refusal(status, &headers, document.root(), &secrets));
    }
    if !is_success || root != Some(name) {
        return Err(not_a_reply(status, "its XML is not what was asked for"));
    }
    Ok(answer(document, Vec::new(), headers, secrets))
}

/// The refusal that an answer is whose status says success. An object may look like one, but has an
/// ETag or a sum.
fn refusal_in(headers: &[(String, String)], body: &[u8]) -> Option<Document> {
    let is_object =
        ["etag", "x-cos-hash-crc64ecma"].iter().any(|name| header(headers, name).is_some());
    let body = body.trim_ascii_start();
    if is_object || !body.starts_with(b"<") || body.len() > LONGEST_REFUSAL {
        return None;
    }
    let document = xml::parse(std::str::from_utf8(body).ok()?.to_owned()).ok()?;
    let error = document.root();
    (error.name() == "Error" && error.child("Code").is_some()).then_some(document)
}

/// The failure for a refusal. Some are sent with a status that says success.
fn refusal(
    status: u16,
    headers: &[(String, String)],
    error: Element,
    secrets: &Secrets,
) -> Box<Failure> {
    let is_word = |word: &&str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b" -._".contains(&b);
        !word.is_empty() && word.len() <= LONGEST_WORD && word.bytes().all(legal)
    };
    let word = Some(error.text_of("Code")).filter(is_word).unwrap_or_default();
    let message: String = error
        .text_of("Message")
        .replace(char::is_control, " ")
        .chars()
        .take(LONGEST_MESSAGE)
        .collect();
    let Meaning { code, later, hint, status: usual, word: known } =
        codes::meaning(word, &message, status);
    let status = if (200..300).contains(&status) { usual.max(400) } else { status };
    let word = if known.is_empty() { word } else { known };
    let shown = |text: &str| {
        let json = Object::new().with("text", text).into_text();
        let removed = secrets.removed_from(json, false).ok().flatten();
        let text = removed.as_ref().and_then(|json| json::unquote(json::at(json, "/text")?));
        text.unwrap_or_default().into_owned()
    };
    let (word, message) = (shown(word), shown(&message));
    let message = match (message.is_empty(), word.is_empty()) {
        (false, _) => message,
        (true, false) => word.clone(),
        (true, true) => format!("HTTP {status}"),
    };
    let json = Object::new()
        .with("code", code.number())
        .with("message", &message)
        .with("request_id", header(headers, "x-cos-request-id").map(shown));
    let reply = Reply::new(code.number(), status, json.into_text());
    let failure = Failure::refused(reply, message, later);
    let failure = if word.is_empty() { failure } else { failure.with_server_code(word) };
    let elsewhere = region_of(headers, error);
    let hint = match (code, elsewhere) {
        (Code::COS_ERR_REFUSED | Code::COS_ERR_NO_BUCKET, Some(region)) if status != 304 => {
            Some(format!("the bucket is in the region {region}"))
        }
        _ => Some(hint.to_owned()).filter(|hint| !hint.is_empty()),
    };
    failure.with_hint(hint)
}

/// The region where the service says that the bucket is.
fn region_of(headers: &[(String, String)], error: Element) -> Option<String> {
    let host = |url: &str| {
        let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
        site::region_in(behind.split('/').next()?).map(str::to_owned)
    };
    let location = header(headers, "location").and_then(host);
    location.or_else(|| host(error.text_of("Endpoint"))).or_else(|| {
        host(&format!("b.cos.{}.myqcloud.com", header(headers, "x-cos-bucket-region")?))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;
    use zeroize::Zeroizing;

    use super::*;

    const ID: (&str, &str) = ("x-cos-request-id", "NjU1M2YxMDA=");

    fn read_with(
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
        root: Option<&str>,
    ) -> Result<Answer> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(own).collect();
        let secret = Arc::new(Zeroizing::new("5f6e7d8c9b0a1f2e3d4c5b6a79880112".to_owned()));
        read(status, headers, body.into(), root, Secrets::new([secret]))
    }

    fn error(code: &str, message: &str) -> String {
        format!(
            "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>{code}</Code>\n\t\
             <Message>{message}</Message>\n\t<Resource>r</Resource></Error>"
        )
    }

    fn json(failure: Box<Failure>) -> Value {
        serde_json::from_str(&Reply::from(failure).json).unwrap()
    }

    #[test]
    fn a_refusal_has_a_number_a_word_and_the_servers_message() {
        let body = error("NoSuchKey", "The specified key does not exist.");
        let failure = read_with(404, &[ID], &body, None).unwrap_err();
        assert!(failure.is_from_server() && !failure.is_retryable());
        let json = json(failure);
        assert_eq!(json["code"], -197);
        assert_eq!(json["message"], "The specified key does not exist.");
        assert_eq!(json["request_id"], ID.1);
        assert_eq!(json["error"]["server_code"], "NoSuchKey");
        assert_eq!(json["error"]["http_status"], 404);
        assert_eq!(json["error"]["origin"], "server");
    }

    #[test]
    fn a_success_may_turn_out_to_be_a_refusal() {
        let root = Some("CompleteMultipartUploadResult");
        let body = format!("   \n {}", error("InternalError", "merge failed"));
        let failure = read_with(200, &[ID], &body, root).unwrap_err();
        assert_eq!(failure.code(), -195);
        assert!(failure.is_retryable() && failure.may_have_taken_effect());
        let failure = read_with(200, &[ID], &error("NoSuchUpload", ""), root).unwrap_err();
        assert!(failure.is(Code::COS_ERR_SESSION) && !failure.may_have_taken_effect());
    }

    #[test]
    fn a_success_without_a_body_to_expect_may_be_a_refusal_too() {
        let body = format!("{}{}", " ".repeat(100_000), error("SlowDown", "slow down"));
        let failure = read_with(200, &[ID], &body, None).unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), (-71, true));
        // An object that looks so is an object.
        let etag = ("etag", "\"33377d73025c6a1b90566a5b78c11f15\"");
        let answer = read_with(200, &[ID, etag], &body, None).unwrap();
        assert_eq!(answer.body.len(), body.len());
        assert!(read_with(200, &[ID], "<Error>", None).is_ok());
    }

    #[test]
    fn no_success_repeats_a_secret() {
        let secret = "5f6e7d8c9b0a1f2e3d4c5b6a79880112";
        let answer = read_with(200, &[ID, ("etag", secret)], "", None).unwrap();
        let reply = answer.success(Object::new().with("etag", answer.etag()));
        assert!(!reply.map(|reply| reply.json).unwrap_or_default().contains(secret));
    }

    #[test]
    fn a_refusal_without_a_body_is_known_by_its_status() {
        for (status, code) in [(404, -197), (403, 5), (412, 4), (405, -5996), (500, -195)] {
            let failure = read_with(status, &[ID], "", None).unwrap_err();
            assert_eq!((failure.code(), failure.http_status()), (code, Some(status)));
        }
        assert!(read_with(503, &[ID], "", None).unwrap_err().is_retryable());
    }

    #[test]
    fn what_is_not_an_answer_of_the_service_is_a_network_error() {
        let deep = "<a>".repeat(10_000);
        let no_key = error("NoSuchKey", "");
        for (status, headers, body, root) in [
            (200, &[][..], "", None),
            (404, &[], no_key.as_str(), None),
            (502, &[], "<html>bad gateway</html>", None),
            (200, &[ID], "", Some("ListBucketResult")),
            (200, &[ID], "<html/>", Some("ListBucketResult")),
            (200, &[ID], "<ListBucketResult>", Some("ListBucketResult")),
            (200, &[ID], deep.as_str(), Some("ListBucketResult")),
            (404, &[ID], "<html>no</html>", None),
            (400, &[ID], "plain text", None),
            (500, &[ID], "{}", None),
        ] {
            let failure = read_with(status, headers, body, root).unwrap_err();
            assert_eq!(failure.code(), -2, "{status} {body:.40}");
            assert_eq!(failure.is_retryable(), status >= 500, "{status} {body:.40}");
        }
        let not_utf8 = read(200, vec![], vec![0xff], None, Secrets::new([]));
        assert_eq!(not_utf8.unwrap_err().code(), -2);
    }

    #[test]
    fn where_a_bucket_is_is_told() {
        let to = "http://b-1.cos.ap-beijing.myqcloud.com/a";
        let body = error("PermanentRedirect", "x");
        let failure = read_with(301, &[ID, ("location", to)], &body, None).unwrap_err();
        assert_eq!(failure.code(), 4);
        assert_eq!(json(failure)["error"]["hint"], "the bucket is in the region ap-beijing");
        let failure = read_with(307, &[ID, ("location", "http://evil.example/")], "", None);
        let hint = json(failure.unwrap_err())["error"]["hint"].as_str().unwrap().to_owned();
        assert_eq!(hint, "is the bucket in this region?");
        let region = ("x-cos-bucket-region", "ap-nanjing");
        let failure = read_with(404, &[ID, region], &error("NoSuchBucket", ""), None);
        let hint = json(failure.unwrap_err())["error"]["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains("ap-nanjing"), "{hint}");
    }

    #[test]
    fn no_signature_is_handed_on() {
        let secret = "5f6e7d8c9b0a1f2e3d4c5b6a79880112";
        let body = format!(
            "<Error><Code>SignatureDoesNotMatch</Code><Message>not {secret}</Message>\
             <StringToSign>sha1 {secret}</StringToSign><FormatString>put</FormatString></Error>"
        );
        let failure = read_with(403, &[ID], &body, None).unwrap_err();
        assert!(!failure.message().contains(secret));
        assert_eq!(failure.code(), -97);
        let text = Reply::from(failure).json;
        assert!(!text.contains(secret) && !text.contains("put"), "{text}");
        let failure = read_with(403, &[ID], &error(secret, ""), None).unwrap_err();
        assert!(!Reply::from(failure).json.contains(secret));
    }
}
