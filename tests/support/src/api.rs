//! The protocols, and what the emulator calls things in each of them.

use cos_emulator::{Action, Code, Fault, Record};

use crate::Bed;
use crate::transfers::{SLICE, logged};

/// A protocol that the tests of behaviour run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    V4,
    V5,
}

/// A request that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Stat,
    List,
    /// All content at once.
    Upload,
    Init,
    Slice,
    Finish,
    /// What is there of an unfinished upload.
    ListSlices,
    Download,
    /// Of attributes.
    Update,
    Delete,
}

/// Makes a test of each of these functions for each protocol.
#[macro_export]
macro_rules! for_each_api {
    ($($test:ident),+ $(,)?) => {
        $crate::for_api! { v4 V4 $($test),+ }
        $crate::for_api! { v5 V5 $($test),+ }
    };
}

/// The same for one protocol, in a module of this name.
#[macro_export]
macro_rules! for_api {
    ($module:ident $api:ident $($test:ident),+ $(,)?) => {
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
    /// What happens to the slice with this number, from 0, of those of [`SLICE`] bytes.
    pub fn slice_fault(&self, action: Action, index: usize) -> Fault {
        self.slice_fault_of(action, index, SLICE)
    }

    /// The same of slices of `size` bytes.
    pub fn slice_fault_of(&self, action: Action, index: usize, size: usize) -> Fault {
        let fault = self.api.fault(Op::Slice, action);
        match self.api {
            Api::V4 => fault.offset((index * size) as u64),
            Api::V5 => fault.part(index as u64 + 1),
        }
    }

    /// The logged requests of this operation, oldest first.
    pub fn logged(&self, op: Op) -> Vec<Record> {
        logged(&self.emulator, self.api.name(op))
    }

    /// The numbers of the slices that travelled, from 0, in the order in which they came.
    pub fn slices_in_order(&self) -> Vec<usize> {
        self.slices_in_order_of(SLICE)
    }

    /// The same of slices of `size` bytes.
    fn slices_in_order_of(&self, size: usize) -> Vec<usize> {
        let number = |record: Record| match self.api {
            Api::V4 => record.offset.unwrap() as usize / size,
            Api::V5 => record.part.unwrap() as usize - 1,
        };
        self.logged(Op::Slice).into_iter().map(number).collect()
    }

    /// The numbers of the slices that travelled, in ascending order.
    pub fn slices_sent(&self) -> Vec<usize> {
        self.slices_sent_of(SLICE)
    }

    /// The same of slices of `size` bytes.
    pub fn slices_sent_of(&self, size: usize) -> Vec<usize> {
        let mut numbers = self.slices_in_order_of(size);
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
