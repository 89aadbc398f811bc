//! Why the store could not do something; each API has its own words for it.

use std::fmt;

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Error {
    /// There is no such file, folder or upload.
    Missing,
    /// The upload ended meanwhile.
    Ended(&'static str),
    /// The disk, or the index on it.
    Broken(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Error::Missing => "it is not there",
            Error::Ended(why) => why,
            Error::Broken(why) => why,
        })
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Broken(error.to_string())
    }
}

macro_rules! broken {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Error::Broken(error.to_string())
            }
        })*
    };
}

broken!(
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError,
    redb::DatabaseError
);
