//! `cos.h`, written from the exported functions.

use std::path::Path;

const FILES: [&str; 14] = [
    "reply/code",
    "ffi/version",
    "ffi/json",
    "log",
    "ffi/client",
    "ffi/log",
    "ffi/sign",
    "ffi/transfer",
    "ffi/file",
    "ffi/folder",
    "ffi/upload",
    "ffi/download",
    "ffi/tree",
    "ffi/request",
];

/// The header as the sources have it.
pub fn header() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_root_or_default(root);
    let versions = format!(
        "/** The version of this header: its first number. */\n#define COS_VERSION_MAJOR {}\n\
         /** Its second number. */\n#define COS_VERSION_MINOR {}\n\
         /** Its third number. */\n#define COS_VERSION_PATCH {}\n\
         /** What cos_abi_version() returns if library and header belong together. */\n\
         #define COS_ABI_VERSION {}\n",
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
        env!("COS_ABI_VERSION"),
    );
    let after = config.after_includes.take().unwrap_or_default();
    config.after_includes = Some(format!("{after}{versions}"));
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(root.join(format!("src/{file}.rs")));
    }
    let bindings = builder.generate().expect("the exported functions can be written down in C");
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).expect("cbindgen writes UTF-8")
}
