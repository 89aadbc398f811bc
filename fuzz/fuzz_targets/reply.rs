//! Whatever a server sends becomes a reply or a failure, and the answer to the caller is JSON.
#![no_main]

use cos::protocol::v4::reply;
use cos::reply::secrets::Secrets;
use cos::reply::{Reply, json};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let reply = match reply::parse(status, body.to_vec(), &Secrets::new([])) {
        Err(failure) => {
            if failure.is_from_server() {
                assert!(failure.code() < -4);
            } else {
                assert_eq!((failure.code(), failure.http_status()), (-2, Some(status)));
                assert!(!failure.message().contains(char::is_control));
            }
            Reply::from(failure)
        }
        Ok(reply) => {
            assert_eq!(reply.code, 0);
            let _ = reply.data::<Value>();
            let changed = reply.clone().with_data("{\"n\":1}").unwrap();
            assert_eq!(json::at(&changed.json, "/data/n"), Some("1"));
            reply
        }
    };
    assert!(!reply.json.contains('\0'));
    let written = json::at(&reply.json, "/code").and_then(|code| code.parse::<i32>().ok());
    assert!(json::members(&reply.json).is_some());
    assert_eq!(written, Some(reply.code));
});
