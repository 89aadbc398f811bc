//! Buckets and cos paths: checked once on the way in, encoded by one encoder ever after.

use std::fmt::Write;
use std::ops::Deref;

use crate::reply::{Failure, Result};

/// The longest URL the service accepts, in bytes (official page 430/5996).
pub const MAX_URL: usize = 1024;

/// What the reference SDK refuses in a cos path, in its order.
const FORBIDDEN: [char; 8] = ['?', '*', ':', '|', '\\', '<', '>', '"'];

/// A bucket name: `[a-z0-9-]`, 1 to 64 characters, without the `-appid` suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket(String);

impl Bucket {
    /// Checks a bucket name.
    pub fn new(name: &str) -> Result<Bucket> {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
            return Err(Failure::argument(
                "bucket",
                "must be 1 to 64 of a-z, 0-9 and '-', without the appid",
            ));
        }
        Ok(Bucket(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A valid absolute path in a bucket, of a file or of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosPath {
    plain: String,
    encoded: String,
}

impl CosPath {
    fn new(argument: &str, path: &str) -> Result<CosPath> {
        check_path(path).map_err(|problem| Failure::argument(argument, problem))?;
        let encoded = encode(path);
        if encoded.len() > MAX_URL {
            return Err(too_long(argument));
        }
        Ok(CosPath { plain: path.to_owned(), encoded })
    }

    /// The path as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.plain
    }

    /// The path as it stands in URLs and signatures.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The last segment, without slashes; empty for the root.
    pub fn name(&self) -> &str {
        let trimmed = self.plain.trim_end_matches('/');
        trimmed.rsplit('/').next().unwrap_or_default()
    }
}

/// A path that names a file: it does not end with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(CosPath);

impl FilePath {
    /// Checks the path of a file; `argument` is named in the message.
    pub fn new(argument: &str, path: &str) -> Result<FilePath> {
        let path = CosPath::new(argument, path)?;
        if path.plain.ends_with('/') {
            let problem = "must not end with '/': a path that does names a folder";
            return Err(Failure::argument(argument, problem));
        }
        Ok(FilePath(path))
    }
}

/// A path that names a folder: it ends with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPath(CosPath);

impl FolderPath {
    /// Checks the path of a folder; `/` is the bucket itself.
    pub fn new(argument: &str, path: &str) -> Result<FolderPath> {
        let path = CosPath::new(argument, path)?;
        if !path.plain.ends_with('/') {
            let problem = "must end with '/': a path that does not names a file";
            return Err(Failure::argument(argument, problem));
        }
        Ok(FolderPath(path))
    }

    /// Checks the path of a folder that is to be created, updated or deleted: not the bucket.
    pub fn below_root(argument: &str, path: &str) -> Result<FolderPath> {
        let path = FolderPath::new(argument, path)?;
        if path.plain == "/" {
            let problem = "must not be '/': a bucket can't be created, changed or deleted here";
            return Err(Failure::argument(argument, problem));
        }
        Ok(path)
    }

    /// The path that a list of the entries starting with `prefix` addresses.
    pub fn with_prefix(&self, prefix: &str) -> Result<CosPath> {
        if prefix.is_empty() {
            return Ok(self.0.clone());
        }
        let joined = format!("{}{prefix}", self.plain);
        check_path(&joined).map_err(|problem| Failure::argument("prefix", problem))?;
        if joined.ends_with('/') {
            return Err(Failure::argument(
                "prefix",
                "must not end with '/': list that folder instead",
            ));
        }
        CosPath::new("prefix", &joined)
    }
}

impl Deref for FilePath {
    type Target = CosPath;
    fn deref(&self) -> &CosPath {
        &self.0
    }
}

impl Deref for FolderPath {
    type Target = CosPath;
    fn deref(&self) -> &CosPath {
        &self.0
    }
}

/// Refuses a URL that the service would refuse for its length.
pub fn check_url(url: &str) -> Result<()> {
    if url.len() <= MAX_URL {
        return Ok(());
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // Of what is in a query, only these are not the library's own.
    let given = |key: &&str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        value.is_some_and(|value| !value.is_empty())
    };
    let blamed = ["context", "delimiter"].into_iter().find(given);
    Err(too_long(blamed.filter(|_| path.len() <= MAX_URL).unwrap_or("cos_path")))
}

fn too_long(argument: &str) -> Box<Failure> {
    let problem = format!("is too long: its URL would pass {MAX_URL} bytes");
    Failure::argument(argument, problem)
}

fn check_path(path: &str) -> std::result::Result<(), String> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err("must start with '/'".into());
    };
    if let Some(illegal) = path.chars().find(|c| FORBIDDEN.contains(c)) {
        return Err(format!("must not contain '{illegal}'"));
    }
    if path.chars().any(char::is_control) {
        return Err("must not contain control characters".into());
    }
    // The empty segment behind a folder's last slash is no segment.
    let segments = rest.strip_suffix('/').unwrap_or(rest);
    if path == "/" {
        return Ok(());
    }
    for segment in segments.split('/') {
        if segment.chars().all(char::is_whitespace) {
            return Err("must not contain an empty or blank segment".into());
        }
        if segment == "." || segment == ".." {
            return Err("must not contain '.' or '..' segments".into());
        }
    }
    Ok(())
}

/// Percent-encodes the UTF-8 bytes of a path as the reference SDK does: everything but
/// `A-Z a-z 0-9 _ . - ~ /`, upper-case hex. The same spelling goes into URLs and signatures.
pub fn encode(path: &str) -> String {
    percent_encode(path, |b| b == b'/')
}

/// Percent-encodes a value of a query.
pub fn encode_query(value: &str) -> String {
    percent_encode(value, |_| false)
}

fn percent_encode(text: &str, also_plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) || also_plain(byte) {
            out.push(byte as char);
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(result: Result<FilePath>) -> String {
        result.unwrap_err().message
    }

    #[test]
    fn bucket_rule() {
        for good in ["a", "my-bucket-01", &"x".repeat(64)] {
            assert!(Bucket::new(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a_b", "a.b", "a/b", "桶", "a b", &"x".repeat(65)] {
            let failure = Bucket::new(bad).unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some("bucket"));
        }
    }

    #[test]
    fn file_and_folder_can_not_be_mixed_up() {
        assert!(FilePath::new("cos_path", "/a/b.txt").is_ok());
        assert!(FolderPath::new("cos_path", "/a/").is_ok());
        assert!(refusal(FilePath::new("cos_path", "/a/")).contains("folder"));
        assert!(FolderPath::new("cos_path", "/a").is_err());
        assert!(FolderPath::new("cos_path", "/").is_ok());
        assert!(FolderPath::below_root("cos_path", "/").is_err());
        assert!(FilePath::new("cos_path", "/").is_err());
    }

    #[test]
    fn refused_paths_say_why_and_which() {
        for (path, why) in [
            ("", "start with '/'"),
            ("a", "start with '/'"),
            ("/a?b", "'?'"),
            ("/a*b", "'*'"),
            ("/a:b", "':'"),
            ("/a|b", "'|'"),
            ("/a\\b", "'\\'"),
            ("/a<b", "'<'"),
            ("/a>b", "'>'"),
            ("/a\"b", "'\"'"),
            ("/a//b", "blank segment"),
            ("//a", "blank segment"),
            ("/ /a", "blank segment"),
            ("/a/\u{3000}/b", "blank segment"),
            ("/a/./b", "'.'"),
            ("/../b", "'..'"),
            ("/a/..", "'..'"),
            ("/a\nb", "control"),
            ("/a\u{7f}", "control"),
            ("/a\u{85}b", "control"),
        ] {
            let failure = FilePath::new("dest_path", path).unwrap_err();
            assert_eq!(failure.code, -1);
            assert!(failure.message.starts_with("dest_path "), "{path:?}");
            assert!(failure.message.contains(why), "{path:?}: {failure:?}");
        }
        assert!(FolderPath::new("cos_path", "//").is_err());
        assert!(
            refusal(FilePath::new("cos_path", &format!("/{}", "a".repeat(1024)))).contains("1024")
        );
        // Three bytes each, and nine in a URL.
        assert!(
            refusal(FilePath::new("dest_path", &format!("/{}", "好".repeat(114)))).contains("1024")
        );
    }

    #[test]
    fn blanks_at_the_ends_and_odd_names_stay() {
        for path in ["/ a ", "/a/ b", "/...", "/.a", "/a..b", "/%41", "/a&b=c+d#e"] {
            assert_eq!(FilePath::new("cos_path", path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn encoding_vectors() {
        assert_eq!(
            encode("/中文 dir/a~b+c%d&e.txt"),
            "/%E4%B8%AD%E6%96%87%20dir/a~b%2Bc%25d%26e.txt"
        );
        assert_eq!(encode_query("/a b"), "%2Fa%20b");
    }

    #[test]
    fn a_url_that_is_too_long_blames_what_was_given() {
        let path = "p".repeat(1000);
        for (url, blamed) in [
            (format!("{path}{path}?op=list&num=9&context=abc"), "cos_path"),
            (format!("{path}?op=list&num=1000&context="), "cos_path"),
            (format!("{path}xxxxxxxxxxxxxxxxxx?op=stat"), "cos_path"),
            (format!("{path}?op=list&num=9&context=abcdef"), "context"),
            (format!("{path}?op=list&num=9&context=&delimiter=abcdef"), "delimiter"),
        ] {
            let failure = check_url(&url).unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some(blamed), "{url}");
        }
    }

    #[test]
    fn prefixes_join_the_folder() {
        let folder = FolderPath::new("cos_path", "/d/").unwrap();
        assert_eq!(folder.with_prefix("ab").unwrap().as_str(), "/d/ab");
        assert_eq!(folder.with_prefix("").unwrap().as_str(), "/d/");
        assert_eq!(folder.with_prefix("x/y").unwrap().as_str(), "/d/x/y");
        for bad in ["/x", "x/", ".", "a?b", " "] {
            let failure = folder.with_prefix(bad).unwrap_err();
            assert_eq!(failure.argument.as_deref(), Some("prefix"), "{bad:?}");
        }
    }
}
