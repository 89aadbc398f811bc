//! Buckets and cos paths: checked once on the way in, encoded by one encoder ever after.

use std::ops::Deref;

use crate::reply::{Failure, Result};

/// Which paths a service accepts.
#[derive(Debug)]
pub struct Rules {
    /// Characters that no path has.
    pub forbidden: &'static [char],
    /// The longest encoded path, in bytes.
    pub longest: usize,
    /// The longest path before it is encoded, in bytes.
    pub longest_plain: usize,
    /// Whether there may be nothing between two slashes.
    pub empty_segments: bool,
}

/// A bucket name: `[a-z0-9-]`, 1 to 64 characters, without the `-appid` suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket(String);

impl Bucket {
    /// Checks a bucket name.
    pub fn new(name: &str) -> Result<Bucket> {
        Bucket::named("bucket", name)
    }

    /// Checks a bucket name; `argument` is named in the message.
    pub fn named(argument: &str, name: &str) -> Result<Bucket> {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
            return Err(Failure::argument(
                argument,
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
    /// Checks a path of either kind.
    pub fn new(argument: &str, path: &str, rules: &Rules) -> Result<CosPath> {
        check_path(path, rules).map_err(|problem| Failure::argument(argument, problem))?;
        let encoded = encode(path);
        if encoded.len() > rules.longest {
            return Err(too_long(argument, rules.longest));
        }
        if path.len() > rules.longest_plain {
            let problem = format!("is too long: it may have {} bytes", rules.longest_plain);
            return Err(Failure::argument(argument, problem));
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
    pub fn new(argument: &str, path: &str, rules: &Rules) -> Result<FilePath> {
        let path = CosPath::new(argument, path, rules)?;
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
    pub fn new(argument: &str, path: &str, rules: &Rules) -> Result<FolderPath> {
        let path = CosPath::new(argument, path, rules)?;
        if !path.plain.ends_with('/') {
            let problem = "must end with '/': a path that does not names a file";
            return Err(Failure::argument(argument, problem));
        }
        Ok(FolderPath(path))
    }

    /// Checks the path of a folder that is to be created, updated or deleted: not the bucket.
    pub fn below_root(argument: &str, path: &str, rules: &Rules) -> Result<FolderPath> {
        let path = FolderPath::new(argument, path, rules)?;
        if path.plain == "/" {
            let problem = "must not be '/': a bucket can't be created, changed or deleted here";
            return Err(Failure::argument(argument, problem));
        }
        Ok(path)
    }

    /// The path that a list of the entries starting with `prefix` addresses.
    pub fn with_prefix(&self, prefix: &str, rules: &Rules) -> Result<CosPath> {
        if prefix.is_empty() {
            return Ok(self.0.clone());
        }
        let joined = format!("{}{prefix}", self.plain);
        check_path(&joined, rules).map_err(|problem| Failure::argument("prefix", problem))?;
        if joined.ends_with('/') {
            return Err(Failure::argument(
                "prefix",
                "must not end with '/': list that folder instead",
            ));
        }
        CosPath::new("prefix", &joined, rules)
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

/// The failure for a path, or what is added to it, that a URL has no place for.
pub fn too_long(argument: &str, longest: usize) -> Box<Failure> {
    let problem = format!("is too long: its URL would pass {longest} bytes");
    Failure::argument(argument, problem)
}

fn check_path(path: &str, rules: &Rules) -> std::result::Result<(), String> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err("must start with '/'".into());
    };
    if let Some(illegal) = path.chars().find(|c| rules.forbidden.contains(c)) {
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
    if rules.empty_segments && rest.starts_with('/') {
        return Err("must not start with '//'".into());
    }
    for segment in segments.split('/') {
        if segment.is_empty() && rules.empty_segments {
            continue;
        }
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
    let mut out = String::with_capacity(path.len() + path.len() / 4);
    encode_to(&mut out, path);
    out
}

/// The same, added to a text.
pub fn encode_to(out: &mut String, path: &str) {
    percent_encode(out, path, true);
}

/// Percent-encodes a value of a query.
pub fn encode_query(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + value.len() / 4);
    percent_encode(&mut out, value, false);
    out
}

fn percent_encode(out: &mut String, text: &str, slash_is_plain: bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'.' | b'-' | b'~')
            || (byte == b'/' && slash_is_plain)
    };
    let mut rest = text;
    while let Some(len) = rest.bytes().position(|byte| !is_plain(byte)) {
        out.push_str(&rest[..len]);
        let len_of_char = rest[len..].chars().next().map_or(1, char::len_utf8);
        for byte in rest[len..len + len_of_char].bytes() {
            let digit = |n: u8| char::from(HEX[usize::from(n)]);
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        rest = &rest[len + len_of_char..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        forbidden: &['?', '*', ':', '|', '\\', '<', '>', '"'],
        longest: 1024,
        longest_plain: usize::MAX,
        empty_segments: false,
    };

    fn file(argument: &str, path: &str) -> Result<FilePath> {
        FilePath::new(argument, path, &RULES)
    }

    fn folder(argument: &str, path: &str) -> Result<FolderPath> {
        FolderPath::new(argument, path, &RULES)
    }

    fn refusal(result: Result<FilePath>) -> String {
        result.unwrap_err().message().to_owned()
    }

    #[test]
    fn bucket_rule() {
        for good in ["a", "my-bucket-01", &"x".repeat(64)] {
            assert!(Bucket::new(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "a_b", "a.b", "a/b", "桶", "a b", &"x".repeat(65)] {
            let failure = Bucket::new(bad).unwrap_err();
            assert_eq!(failure.argument_name(), Some("bucket"));
        }
    }

    #[test]
    fn file_and_folder_can_not_be_mixed_up() {
        assert!(file("cos_path", "/a/b.txt").is_ok());
        assert!(folder("cos_path", "/a/").is_ok());
        assert!(refusal(file("cos_path", "/a/")).contains("folder"));
        assert!(folder("cos_path", "/a").is_err());
        assert!(folder("cos_path", "/").is_ok());
        assert!(FolderPath::below_root("cos_path", "/", &RULES).is_err());
        assert!(file("cos_path", "/").is_err());
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
            let failure = file("dest_path", path).unwrap_err();
            assert_eq!(failure.code(), -1);
            assert!(failure.message().starts_with("dest_path "), "{path:?}");
            assert!(failure.message().contains(why), "{path:?}: {failure:?}");
        }
        assert!(folder("cos_path", "//").is_err());
        assert!(refusal(file("cos_path", &format!("/{}", "a".repeat(1024)))).contains("1024"));
        // Three bytes each, and nine in a URL.
        assert!(refusal(file("dest_path", &format!("/{}", "好".repeat(114)))).contains("1024"));
    }

    #[test]
    fn blanks_at_the_ends_and_odd_names_stay() {
        for path in ["/ a ", "/a/ b", "/...", "/.a", "/a..b", "/%41", "/a&b=c+d#e"] {
            assert_eq!(file("cos_path", path).unwrap().as_str(), path);
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
    fn services_differ_in_what_they_accept() {
        let rules =
            Rules { forbidden: &[], longest: usize::MAX, longest_plain: 20, empty_segments: true };
        let file = |path: &str| FilePath::new("cos_path", path, &rules);
        for path in ["/a//b", "/a///b", "/a?b*c:d", "/123456789012345678"] {
            assert_eq!(file(path).unwrap().as_str(), path);
        }
        for path in ["//a", "//", "/a/./b", "/a/ /b", "/a\nb", "/12345678901234567890"] {
            assert!(file(path).is_err(), "{path}");
        }
    }

    #[test]
    fn prefixes_join_the_folder() {
        let folder = folder("cos_path", "/d/").unwrap();
        assert_eq!(folder.with_prefix("ab", &RULES).unwrap().as_str(), "/d/ab");
        assert_eq!(folder.with_prefix("", &RULES).unwrap().as_str(), "/d/");
        assert_eq!(folder.with_prefix("x/y", &RULES).unwrap().as_str(), "/d/x/y");
        for bad in ["/x", "x/", ".", "a?b", " "] {
            let failure = folder.with_prefix(bad, &RULES).unwrap_err();
            assert_eq!(failure.argument_name(), Some("prefix"), "{bad:?}");
        }
    }
}
