//! What is done with files that are there, without their content.

use cos::ops::file;
use cos_emulator::{Action, Bucket, Fault};
use serde_json::{Value, json};

use support::for_each_api;
use support::transfers::*;
use support::{Api, Bed, Op};

for_each_api! {
    files_that_are_listed_are_deleted,
    only_a_file_with_the_same_content_is_deleted,
    a_file_that_is_moved_to_another_bucket_is_there_once,
}

fn only_a_file_with_the_same_content_is_deleted(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let replace = json!({"insert_only": false});
    let delete = |sum: &Value| {
        let options = json!({"if_match": sum}).to_string();
        reply(file::delete(&client, PUBLIC, "/a", Some(&options)))
    };
    expect(&upload_bytes(&client, "/a", b"first", json!({})), 0);
    let (downloaded, _) = download_bytes(&client, "/a", json!({}));
    let name = if api == Api::V4 { "sha1" } else { "crc64" };
    let first = &downloaded["transfer"][name];
    expect(&upload_bytes(&client, "/a", b"other", replace.clone()), 0);
    let refused = delete(first);
    expect(&refused, 4);
    assert_eq!(refused["error"]["retryable"], false, "{refused}");
    assert_stored(&bed.emulator, "/a", b"other");
    expect(&delete(&json!("")), 4);
    // A request whose reply was lost is sent again.
    expect(&upload_bytes(&client, "/a", b"first", replace.clone()), 0);
    bed.emulator.inject(api.fault(Op::Delete, lost()));
    expect(&delete(first), 0);
    assert_absent(&bed.emulator, "/a");
    expect(&delete(first), -197);
    // What has come meanwhile is not deleted by the repetition.
    expect(&upload_bytes(&client, "/a", b"first", json!({})), 0);
    let hang = Action::LoseReply { end: cos_emulator::End::Hang };
    bed.emulator.inject(api.fault(Op::Delete, hang));
    let options = json!({"if_match": first, "timeout_ms": 2000}).to_string();
    std::thread::scope(|scope| {
        let deletion =
            scope.spawn(|| reply(file::delete(&bed.client(), PUBLIC, "/a", Some(&options))));
        wait_until("it is deleted", || stored(&bed.emulator, "/a").is_none());
        expect(&upload_bytes(&client, "/a", b"next", replace), 0);
        expect(&deletion.join().unwrap(), 4);
    });
    assert_stored(&bed.emulator, "/a", b"next");
}

fn files_that_are_listed_are_deleted(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let delete = |paths: &Value| {
        reply(file::delete_many(&client, PUBLIC, &paths.to_string(), Some(r#"{"concurrency": 8}"#)))
    };
    // Names that have to be escaped in XML, or that it can't hold at all.
    let odd = if api == Api::V5 {
        ["/&<>\"'?*:|", "/a//b", "/\u{fffe}"]
    } else {
        ["/a b", "/中文", "/+%41"]
    };
    let put = |path: &str| expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    odd.iter().for_each(|path| put(path));
    let mut paths: Vec<_> = odd.iter().map(|path| (*path).to_owned()).collect();
    paths.extend((0..1100).map(|i| format!("/none/{i}")));
    bed.emulator.clear_requests();
    let all = delete(&json!(paths));
    expect(&all, 0);
    assert_eq!((&all["data"]["files"], &all["data"]["failed"]), (&json!(1103), &json!(0)), "{all}");
    for path in odd {
        expect(&reply(file::stat(&client, PUBLIC, path, None)), -197);
    }

    // What is refused is told with its path; the others go.
    for path in ["/a", "/b", "/c"] {
        put(path);
    }
    let fault = match api {
        Api::V4 => Fault::new(code(-97)).op("delete").path("/b"),
        Api::V5 => {
            let refused = "<DeleteResult><Error><Key>b</Key><Code>ObjectLocked</Code>\
                           <Message>No.</Message></Error></DeleteResult>";
            Fault::new(api.reply(refused)).op("delete_objects")
        }
    };
    bed.emulator.inject(fault);
    let some = delete(&json!(["/a", "/b", "/c"]));
    let data = &some["data"];
    assert_eq!((&data["files"], &data["failed"]), (&json!(2), &json!(1)), "{some}");
    assert_eq!(data["failures"][0]["path"], "/b");
    assert_eq!(data["failures"][0]["code"], some["code"]);
    let word = if api == Api::V5 { json!("ObjectLocked") } else { Value::Null };
    assert_eq!(data["failures"][0]["server_code"], word);

    // Each of those that an answer can mean counts as still there.
    if api == Api::V5 {
        let refused =
            "<DeleteResult><Error><Key> b</Key><Code>ObjectLocked</Code></Error></DeleteResult>";
        bed.emulator.inject(Fault::new(api.reply(refused)).op("delete_objects"));
        let some = delete(&json!(["/b", "/ b", "/c", "/b"]));
        assert_eq!(
            (&some["data"]["files"], &some["data"]["failed"]),
            (&json!(1), &json!(3)),
            "{some}"
        );
    }

    // Nothing is sent for what can't all be deleted.
    bed.emulator.clear_requests();
    for paths in [json!(["/a", "/d/"]), json!(["a"]), json!([1]), json!({}), json!("/a")] {
        assert_eq!(delete(&paths)["error"]["argument"], "cos_paths", "{paths}");
    }
    expect(&delete(&json!([])), 0);
    assert!(bed.emulator.requests().is_empty());
}

fn a_file_that_is_moved_to_another_bucket_is_there_once(api: Api) {
    let bed = Bed::configured(api, |config| {
        config.buckets.push(Bucket::private("other-bucket"));
    });
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"text", json!({})), 0);
    let options = json!({"dest_bucket": "other-bucket"}).to_string();
    let moved = reply(file::rename(&client, PUBLIC, "/a", "/b", Some(&options)));
    if api == Api::V4 {
        assert_eq!(moved["error"]["argument"], "dest_bucket", "{moved}");
        assert_stored(&bed.emulator, "/a", b"text");
        return;
    }
    expect(&moved, 0);
    assert_absent(&bed.emulator, "/a");
    expect(&reply(file::stat(&client, "other-bucket", "/b", None)), 0);
}

#[test]
fn a_file_that_is_replaced_while_it_is_moved_is_not_lost() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"text", json!({})), 0);
    let value = Some("\"another\"".to_owned());
    let replaced = Fault::new(Action::Header { name: "ETag".into(), value });
    bed.emulator.inject(replaced.op("head_object").path("a").skip(1));
    let moved = reply(file::rename(&client, PUBLIC, "/a", "/b", None));
    expect(&moved, 3);
    for path in ["/a", "/b"] {
        assert_stored(&bed.emulator, path, b"text");
    }
}

#[test]
fn who_may_read_a_file_is_asked_only_where_that_is_wanted() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"text", json!({})), 0);
    for (options, is_told) in [
        (None, true),
        (Some(r#"{"with_authority":true}"#), true),
        (Some(r#"{"with_authority":0}"#), false),
    ] {
        bed.emulator.clear_requests();
        let answer = reply(file::stat(&client, PUBLIC, "/a", options));
        expect(&answer, 0);
        assert_eq!(answer["data"].get("authority").is_some(), is_told, "{answer}");
        assert_eq!(bed.emulator.requests().len(), 1 + usize::from(is_told));
    }
}

#[test]
fn how_an_archived_file_stands_is_told() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"text", json!({"storage_class": "ARCHIVE"})), 0);
    let stat = || reply(file::stat(&client, PUBLIC, "/a", None))["data"].clone();
    let told = |data: &Value| (data.get("restoring").cloned(), data["restored_until"].as_u64());
    assert_eq!(told(&stat()), (None, None));
    let answer = |value: &str| Action::Header {
        name: "x-cos-restore".into(),
        value: Some(value.to_owned()),
    };
    for (value, expected) in [
        (r#"ongoing-request="true""#, (Some(json!(true)), None)),
        (
            r#"ongoing-request="false", expiry-date="Sun, 06 Nov 1994 08:49:37 GMT""#,
            (None, Some(784_111_777)),
        ),
    ] {
        bed.emulator.inject(Fault::new(answer(value)).op("head_object"));
        assert_eq!(told(&stat()), expected);
    }
}
