//! Whatever a server sends becomes a reply or a failure, and the answer to the caller is JSON.
#![no_main]

use cos::reply::answer::Answer;
use cos::reply::{json, Failure, Reply};
use cos::reply::secrets::Secrets;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let answer = match Reply::parse(status, body.to_vec(), &Secrets::new([])) {
        Err(failure) => {
            assert_eq!((failure.code, failure.http_status), (-2, Some(status)));
            assert!(!failure.message.contains(char::is_control));
            Answer::from(failure)
        }
        Ok(reply) => {
            assert!(reply.code <= 0);
            let _ = reply.data::<Value>();
            let changed = reply.clone().with_data("{\"n\":1}").unwrap();
            assert_eq!(json::at(changed.text(), "/data/n"), Some("1"));
            match reply.code {
                0 => Answer::from(reply),
                _ => Answer::from(Failure::from_server(reply)),
            }
        }
    };
    assert!(!answer.json.contains('\0'));
    let code = answer.code.to_string();
    let written = json::at(&answer.json, "/code").and_then(|code| code.parse::<i64>().ok());
    assert!(json::members(&answer.json).is_some());
    assert_eq!(written.map(|code| code.to_string()), Some(code));
});
