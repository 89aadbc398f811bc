//! Whatever a server of the XML API sends becomes an answer or a failure, and the reply is JSON.
#![no_main]

use cos::protocol::v5::reply;
use cos::reply::secrets::Secrets;
use cos::reply::{Reply, json};
use libfuzzer_sys::fuzz_target;

const ROOTS: [Option<&str>; 3] = [None, Some("ListBucketResult"), Some("CopyObjectResult")];

fuzz_target!(|input: (u16, u8, &str, &[u8])| {
    let (status, root, location, body) = input;
    let headers = vec![
        ("x-cos-request-id".to_owned(), "id".to_owned()),
        ("location".to_owned(), location.to_owned()),
    ];
    let root = ROOTS[usize::from(root) % ROOTS.len()];
    let secrets = Secrets::new([]);
    let reply = match reply::read(status, headers, body.to_vec(), root, secrets) {
        Ok(answer) => answer.success(()).unwrap(),
        Err(failure) => {
            assert!(failure.is_from_server() || failure.code() == -2);
            assert!(!failure.message().contains(char::is_control));
            Reply::from(failure)
        }
    };
    let written = json::at(&reply.json, "/code").and_then(|code| code.parse::<i32>().ok());
    assert!(json::members(&reply.json).is_some());
    assert_eq!(written, Some(reply.code));
});
