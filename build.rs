//! Gives the shared library its name.

use std::env;

/// The number behind `libcos.so`. It changes when a program that was compiled against the library
/// has to be compiled anew.
const ABI_VERSION: &str = "1";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=COS_ABI_VERSION={ABI_VERSION}");
    name_library();
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
            // Nothing is left to be changed, or bound, when a key is in memory.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
            // Code with thread-local state can't be taken out from under its threads.
            println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
