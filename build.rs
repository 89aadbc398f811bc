//! Gives the shared library its name, and tells where cos.h is.

use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    // Build scripts of programs that use the crate find cos.h in DEP_COS_INCLUDE.
    let include = env::current_dir().expect("there is a current directory").join("include");
    println!("cargo::metadata=include={}", include.display());
    let abi = abi_version();
    println!("cargo::rustc-env=COS_ABI_VERSION={abi}");
    for argument in link_arguments(&abi) {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
}

/// The number behind `libcos.so`. It stands in Cargo.toml, where cargo-c and the Makefile read it.
fn abi_version() -> String {
    let manifest = fs::read_to_string("Cargo.toml").expect("Cargo.toml can be read");
    let section = manifest.split("[package.metadata.capi.library]").nth(1).unwrap_or_default();
    let mut lines = section.lines().map_while(|line| (!line.starts_with('[')).then_some(line));
    let version = lines.find_map(|line| line.strip_prefix("version = \""));
    let number = version.and_then(|version| version.split('.').next());
    number.expect("Cargo.toml has the version of the binary interface").to_owned()
}

fn link_arguments(abi: &str) -> Vec<String> {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_VENDOR") == "apple" {
        return vec![
            format!("-Wl,-install_name,@rpath/libcos.{abi}.dylib"),
            format!("-Wl,-compatibility_version,{abi}.0.0"),
            format!("-Wl,-current_version,{abi}.0.0"),
        ];
    }
    match &*variable("CARGO_CFG_TARGET_OS") {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => vec![
            format!("-Wl,-soname,libcos.so.{abi}"),
            // Nothing is left to be changed, or bound, when a key is in memory.
            "-Wl,-z,relro,-z,now".to_owned(),
            // Code with thread-local state can't be taken out from under its threads.
            "-Wl,-z,nodelete".to_owned(),
        ],
        // Windows has no such names, and its linker none of these arguments.
        _ => Vec::new(),
    }
}
