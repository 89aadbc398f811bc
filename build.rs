//! Writes `include/cos.h` when the exported functions have changed, and gives the shared library
//! its name.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The number behind `libcos.so`. It changes when a program that was compiled against the library
/// has to be compiled anew.
const ABI_VERSION: &str = "1";

fn main() {
    println!("cargo::rerun-if-changed=src/ffi");
    println!("cargo::rerun-if-changed=src/code.rs");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed=include/cos.h");
    println!("cargo::rustc-env=COS_ABI_VERSION={ABI_VERSION}");
    write_header();
    name_library();
}

fn write_header() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let header = render_header(&root);
    let path = root.join("include/cos.h");
    if fs::read_to_string(&path).is_ok_and(|committed| committed == header) {
        return;
    }
    if let Err(error) = fs::write(&path, header) {
        println!("cargo::warning=include/cos.h is out of date and can't be written: {error}");
    }
}

fn render_header(root: &Path) -> String {
    let mut config = cbindgen::Config::from_root_or_default(root);
    let number = |part| env::var(format!("CARGO_PKG_VERSION_{part}")).unwrap_or_default();
    let versions = format!(
        "/** The version of this header: its first number. */\n#define COS_VERSION_MAJOR {}\n\
         /** Its second number. */\n#define COS_VERSION_MINOR {}\n\
         /** Its third number. */\n#define COS_VERSION_PATCH {}\n\
         /** What cos_abi_version() returns if library and header belong together. */\n\
         #define COS_ABI_VERSION {ABI_VERSION}\n",
        number("MAJOR"),
        number("MINOR"),
        number("PATCH"),
    );
    let after = config.after_includes.take().unwrap_or_default();
    config.after_includes = Some(format!("{after}{versions}"));
    let mut text = Vec::new();
    let files = [
        "code",
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
    ];
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in files {
        builder = builder.with_src(root.join(format!("src/{file}.rs")));
    }
    let bindings = builder.generate().expect("the exported functions can be written down in C");
    bindings.write(&mut text);
    String::from_utf8(text).expect("cbindgen writes UTF-8")
}

fn name_library() {
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "macos" => {
            let name = format!("@rpath/libcos.{ABI_VERSION}.dylib");
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,{name}");
        }
        _ => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libcos.so.{ABI_VERSION}");
            // Code with thread-local state can't be taken out from under its threads.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
