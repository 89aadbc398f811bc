//! The protocols, and what the emulator calls things in each of them.

use cos::client::Client;
use cos_emulator::{Action, Code, Fault, Record};

use serde_json::{Value, json};

use crate::transfers::{SLICE, logged};
use crate::{APPID, Bed, SECRET_ID, SECRET_KEY};

/// The header that each reply of the XML API has. A client of the JSON API ignores it.
const REQUEST_ID: &str = "x-cos-request-id";

/// A protocol that the tests of behaviour run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    V4,
    V5,
}

/// A request that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Stat,
    List,
    /// The whole content in one request.
    Upload,
    Init,
    Slice,
    Finish,
    /// The list of the slices that an unfinished upload has.
    ListSlices,
    Download,
    /// The change of attributes.
    Update,
    Delete,
}

/// Makes a test of each of these functions for each protocol.
#[macro_export]
macro_rules! for_each_api {
    ($($test:ident),+ $(,)?) => {
        $crate::for_each_api! { @ v4 V4 $($test)+ }
        $crate::for_each_api! { @ v5 V5 $($test)+ }
    };
    (@ $module:ident $api:ident $($test:ident)+) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test($crate::Api::$api);
                }
            )+
        }
    };
}

impl Api {
    /// The value of the option `api` that chooses it.
    pub fn word(self) -> &'static str {
        match self {
            Api::V4 => "v4",
            Api::V5 => "v5",
        }
    }

    /// A client for an emulator at this port, with more options.
    pub fn client(self, port: u16, more: Value) -> Client {
        let mut options = self.options(port);
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        Client::new(APPID, SECRET_ID, SECRET_KEY, None, Some(&options.to_string())).unwrap()
    }

    pub(crate) fn options(self, port: u16) -> Value {
        let (scheme, name) = ("http", format!("localhost:{port}"));
        match self {
            Api::V4 => json!({
                "scheme": scheme,
                "hostname": format!("127.0.0.1:{port}"),
                "download_hostname": name,
            }),
            Api::V5 => json!({"api": self.word(), "scheme": scheme, "hostname": name}),
        }
    }

    /// The operation in the emulator's log and in faults.
    pub fn name(self, op: Op) -> &'static str {
        let (v4, v5) = match op {
            Op::Stat => ("stat", "head_object"),
            Op::List => ("list", "list_objects"),
            Op::Upload => ("upload", "put_object"),
            Op::Init => ("upload_slice_init", "initiate_multipart_upload"),
            Op::Slice => ("upload_slice_data", "upload_part"),
            Op::Finish => ("upload_slice_finish", "complete_multipart_upload"),
            Op::ListSlices => ("upload_slice_list", "list_parts"),
            Op::Download => ("download", "get_object"),
            Op::Update => ("update", "copy_object"),
            Op::Delete => ("delete", "delete_object"),
        };
        match self {
            Api::V4 => v4,
            Api::V5 => v5,
        }
    }

    /// What happens to requests of this operation.
    pub fn fault(self, op: Op, action: Action) -> Fault {
        Fault::new(action).op(self.name(op))
    }

    /// What happens to the slice with this number, from 0, of those of [`SLICE`] bytes.
    pub fn slice_fault(self, action: Action, index: usize) -> Fault {
        let fault = self.fault(Op::Slice, action);
        match self {
            Api::V4 => fault.offset((index * SLICE) as u64),
            Api::V5 => fault.part(index as u64 + 1),
        }
    }

    /// The number of a logged slice, from 0, of those of [`SLICE`] bytes.
    pub fn slice_number(self, slice: &Record) -> usize {
        match self {
            Api::V4 => slice.offset.unwrap() as usize / SLICE,
            Api::V5 => slice.part.unwrap() as usize - 1,
        }
    }

    /// How many requests an upload in slices begins with.
    pub fn before_slices(self) -> usize {
        match self {
            Api::V4 => 1,
            // Is there a file? And an unfinished upload?
            Api::V5 => 3,
        }
    }

    /// How many requests a download begins with: what describes a file comes with its first bytes, or
    /// is asked for beside them.
    pub fn first_of_download(self) -> usize {
        match self {
            Api::V4 => 2,
            Api::V5 => 1,
        }
    }

    /// A reply of the service with this body, in place of another.
    pub fn reply(self, body: &str) -> Action {
        Action::Reply {
            status: 200,
            content_type: self.content_type().into(),
            body: body.into(),
            size: None,
            headers: [(REQUEST_ID.to_owned(), "1".to_owned())].into(),
            execute: false,
        }
    }

    /// The same as a server of a test's own sends it.
    pub fn http(self, body: &str) -> String {
        format!(
            "HTTP/1.1 200 OK\r\n{REQUEST_ID}: 1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Api::V4 => "application/json",
            Api::V5 => "application/xml",
        }
    }

    /// A page of the list of `folder`, which begins and ends with a slash: names and sizes; `next` is
    /// where the next page begins, or empty.
    pub fn list(self, folder: &str, entries: &[(&str, u64)], next: &str) -> String {
        if self == Api::V4 {
            let info = |(name, size): &(&str, u64)| match name.ends_with('/') {
                true => json!({"name": name, "mtime": 1}),
                false => json!({"name": name, "sha": "0", "filesize": size, "mtime": 1}),
            };
            let infos: Vec<_> = entries.iter().map(info).collect();
            let data = json!({"context": next, "listover": next.is_empty(), "infos": infos});
            return json!({"code": 0, "message": "SUCCESS", "data": data}).to_string();
        }
        let mut text = format!(
            "<ListBucketResult><IsTruncated>{}</IsTruncated><NextMarker>{next}</NextMarker>",
            !next.is_empty()
        );
        for (name, size) in entries {
            let key = format!("{}{name}", &folder[1..]);
            text.push_str(&match name.ends_with('/') {
                true => format!("<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>"),
                false => format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"),
            });
        }
        text + "</ListBucketResult>"
    }

    /// A refusal with this number.
    pub fn code(self, number: i32) -> Action {
        self.refusal(number, false)
    }

    /// The same of what was carried out nevertheless.
    pub fn code_of_done(self, number: i32) -> Action {
        self.refusal(number, true)
    }

    fn refusal(self, code: i32, execute: bool) -> Action {
        if self == Api::V4 {
            assert!(Code::by_number(code).is_some(), "{code}");
            return Action::Code { code, status: None, message: None, execute };
        }
        let word = match code {
            -71 => "SlowDown",
            -97 => "SignatureDoesNotMatch",
            -177 => "FileAlreadyExists",
            -195 => "InternalError",
            -197 => "NoSuchKey",
            -4016 => "BadDigest",
            -5983 => "NoSuchUpload",
            _ => panic!("which word has the number {code}?"),
        };
        Action::Error { code: word.into(), status: None, message: None, execute }
    }
}

impl Bed {
    /// The logged requests of this operation, oldest first.
    pub fn logged(&self, op: Op) -> Vec<Record> {
        let mut records = logged(&self.emulator, self.api.name(op));
        // A folder is put there like a file.
        records.retain(|record| op != Op::Upload || !record.path.ends_with('/'));
        records
    }

    /// The numbers of the slices that travelled, in ascending order.
    pub fn slices_sent(&self) -> Vec<usize> {
        let slices = self.logged(Op::Slice);
        let mut numbers: Vec<_> = slices.iter().map(|slice| self.api.slice_number(slice)).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The `Range` headers of the downloads, in ascending order of their first byte.
    pub fn ranges(&self) -> Vec<Option<String>> {
        let mut downloads = self.logged(Op::Download);
        downloads.sort_by_key(|download| download.offset.unwrap_or(0));
        downloads.into_iter().map(|download| download.range).collect()
    }
}

/// These numbers, in a row.
pub fn numbers(which: std::ops::Range<usize>) -> Vec<usize> {
    which.collect()
}
