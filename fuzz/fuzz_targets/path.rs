//! Paths and buckets. What is accepted is encoded so that nothing of it is taken for anything else.
#![no_main]

use cos::path::{Bucket, CosPath, FilePath, FolderPath, encode_query};
use cos::protocol::v4::RULES;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn check(path: &CosPath) {
    let encoded = path.encoded();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte);
    assert!(encoded.bytes().all(legal), "{encoded:?}");
    assert!(encoded.starts_with('/') && encoded.len() <= 1024);
    assert_eq!(decode(encoded), path.as_str());
    for segment in encoded.split('/') {
        assert!(segment != "." && segment != "..");
    }
    assert!(!encoded.contains("//") && !path.name().contains('/'));
}

fuzz_target!(|input: (&str, &str)| {
    let (path, other) = input;
    let file = FilePath::new("cos_path", path, &RULES);
    let folder = FolderPath::new("cos_path", path, &RULES);
    assert!(file.is_err() || folder.is_err());
    file.iter().for_each(|file| check(file));
    if let Ok(folder) = folder {
        check(&folder);
        if let Ok(prefixed) = folder.with_prefix(other, &RULES) {
            check(&prefixed);
            assert!(prefixed.as_str().starts_with(path));
        }
    }
    if let Ok(bucket) = Bucket::new(other) {
        let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        assert!((1..=64).contains(&bucket.as_str().len()) && other.bytes().all(legal));
    }
    let query = encode_query(other);
    assert!(query.is_ascii() && !query.contains(['&', '=', '#', '+', ' ', '?']));
    assert_eq!(decode(&query), other);
});
