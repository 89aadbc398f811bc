//! Which object a request is about.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::v4::codes::{Code, Failure};

/// Everything but letters, digits, `_.-~` and `/`.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

pub(crate) fn encode(path: &str) -> String {
    utf8_percent_encode(path, ESCAPED).to_string()
}

/// Decodes `%XX` once; `+` stays `+`.
pub(crate) fn decode(text: &str) -> Result<String, Failure> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| Code::NOT_UTF8.because("the path is not UTF-8"))
}

/// A file or folder: `path` starts with `/`, and ends with `/` when it is a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub appid: String,
    pub bucket: String,
    pub path: String,
}

impl Resource {
    /// Takes apart `/files/v2/{appid}/{bucket}{path}`; `None` when the URL is not one of the API's at all.
    pub fn from_url(url_path: &str) -> Option<Result<Resource, Failure>> {
        let rest = url_path.strip_prefix("/files/v2")?;
        (rest.is_empty() || rest.starts_with('/')).then(|| Self::from_elements(rest))
    }

    fn from_elements(rest: &str) -> Result<Resource, Failure> {
        let mut elements = rest.splitn(4, '/').skip(1);
        let appid = elements.next().unwrap_or_default();
        let bucket = elements.next().unwrap_or_default();
        if appid.is_empty() || bucket.is_empty() {
            return Err(
                Code::PATH_ELEMENT_MISSING.because("the URL must name an appid and a bucket")
            );
        }
        if !appid.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Code::PATH_ELEMENT_WRONG.because("the appid in the URL is not a number"));
        }
        let path = elements.next().ok_or(Code::PATH_EMPTY)?;
        Ok(Resource {
            appid: appid.into(),
            bucket: decode(bucket)?,
            path: format!("/{}", decode(path)?),
        })
    }

    /// `/appid/bucket/path`, unencoded: what signatures are bound to and the index is keyed by.
    pub fn file_id(&self) -> String {
        format!("/{}/{}{}", self.appid, self.bucket, self.path)
    }

    pub fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }

    pub fn is_root(&self) -> bool {
        self.path == "/"
    }

    /// The same bucket, another path.
    pub fn at(&self, path: impl Into<String>) -> Resource {
        Resource { path: path.into(), ..self.clone() }
    }

    /// Up to and including the last `/`.
    pub fn parent(&self) -> &str {
        &self.path[..=self.path.rfind('/').unwrap_or(0)]
    }

    pub fn must_be_file(&self) -> Result<(), Failure> {
        if self.is_folder() { Err(Code::FILE_SURPLUS_SLASH.into()) } else { Ok(()) }
    }

    pub fn must_be_folder(&self) -> Result<(), Failure> {
        if self.is_folder() { Ok(()) } else { Err(Code::FOLDER_MISSING_SLASH.into()) }
    }

    /// Refuses what no name can contain: empty and dot segments, control characters.
    pub fn must_be_legal(&self) -> Result<(), Failure> {
        let inner = self.path.trim_start_matches('/');
        let leading = self.path.len() - inner.len();
        let illegal = leading != 1
            || self.path.contains("//")
            || self.path.chars().any(char::is_control)
            || self.path.split('/').any(|segment| segment == "." || segment == "..");
        if illegal {
            Err(Code::PATH_ILLEGAL.because(format!("{:?} is not a legal path", self.path)))
        } else {
            Ok(())
        }
    }
}

pub(crate) fn is_bucket_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
