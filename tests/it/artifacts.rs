//! The release libraries as the linker and the loader see them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use support::{Link, behind_static, compile, header, libraries, root, succeed};

fn output(command: &str, arguments: &[&str], file: &str) -> String {
    let mut command = Command::new(command);
    command.env("LC_ALL", "C").args(arguments).arg(libraries().join(file));
    String::from_utf8(succeed(&mut command).stdout).unwrap()
}

fn declared() -> BTreeSet<String> {
    header::functions().into_iter().map(|function| function.name).collect()
}

/// Names of the defined symbols that `nm` lists.
fn symbols(listing: &str) -> BTreeSet<String> {
    let names = listing.lines().filter_map(|line| line.split_whitespace().nth(2));
    names.map(str::to_owned).collect()
}

#[test]
fn the_shared_library_exports_what_the_header_declares_and_nothing_else() {
    let exported = symbols(&output("nm", &["-D", "--defined-only"], "libcos.so"));
    assert_eq!(exported, declared());
}

/// Whoever adds or removes a function has to say so in a file that a reviewer looks at.
#[test]
fn the_exported_symbols_are_the_committed_ones() {
    let committed = fs::read_to_string(root().join("abi/symbols.txt")).unwrap();
    let exported = symbols(&output("nm", &["-D", "--defined-only"], "libcos.so"));
    let exported: String = exported.iter().map(|name| format!("{name}\n")).collect();
    assert_eq!(committed, exported, "abi/symbols.txt must list them, sorted");
}

#[test]
fn the_static_library_defines_what_the_header_declares_and_nothing_else() {
    let defined = symbols(&output("nm", &["-g", "--defined-only", "--quiet"], "libcos.a"));
    assert_eq!(defined, declared());
}

/// Two standard libraries are in such a program, and both unwind.
#[test]
fn the_static_library_links_beside_another_one_made_by_rust() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let rust = "#[unsafe(no_mangle)] pub extern \"C\" fn other() -> i32 {\n\
                let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(0)));\n\
                std::thread::spawn(move || caught.is_err().into()).join().unwrap_or(0)\n}\n";
    let c = "#include <cos.h>\nint other(void);\nint main(void)\n{\n    char *json = 0;\n\
             return !(other() == 1 && cos_client_set_config(0, 0, &json) == COS_ERR_PARAM);\n}\n";
    fs::write(path("other.rs"), rust).unwrap();
    fs::write(path("main.c"), c).unwrap();
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
    rustc.args(["--edition", "2024", "--crate-type", "staticlib", "-o"]).arg(path("libother.a"));
    succeed(rustc.arg(path("other.rs")));
    for order in [["libcos.a", "libother.a"], ["libother.a", "libcos.a"]] {
        let mut cc = Command::new("cc");
        cc.arg("-I").arg(root().join("include")).arg(path("main.c")).arg("-o").arg(path("main"));
        cc.arg("-L").arg(libraries()).arg("-L").arg(dir.path());
        cc.args(order.map(|library| format!("-l:{library}"))).args(behind_static());
        succeed(&mut cc);
        succeed(&mut Command::new(path("main")));
    }
}

/// What a program is asked to carry: 2.4 MiB as a file of its own, 2.6 MiB within the program.
#[test]
fn the_libraries_are_small() {
    let library = fs::metadata(libraries().join("libcos.so")).unwrap().len();
    assert!(library <= (24 << 20) / 10, "libcos.so has {library} bytes");

    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("round");
    compile("examples-c/round.c", Link::Static, &program);
    succeed(Command::new("strip").arg(&program));
    let program = fs::metadata(program).unwrap().len();
    assert!(program <= (26 << 20) / 10, "a program with libcos.a has {program} bytes");
}

/// The manual says which is the oldest.
#[test]
fn the_shared_library_loads_where_the_manual_says() {
    let symbols = output("objdump", &["-T"], "libcos.so");
    let version = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect();
    let needed = symbols.split("(GLIBC_").skip(1).map(|rest| rest.split(')').next().unwrap());
    let needed: Vec<u32> = needed.map(version).max().unwrap();
    let manual = fs::read_to_string(root().join("docs/manual/en/programs.md")).unwrap();
    let row = manual.lines().find(|line| line.starts_with("| oldest glibc")).unwrap();
    let told: Vec<u32> = version(row.split("| ").nth(2).unwrap().split(':').next().unwrap());
    assert!(needed <= told, "it needs {needed:?}");
}

/// How long it takes depends on the machine, and is only reported.
#[test]
fn a_program_can_load_it_and_make_a_client() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("load");
    compile("tests/c/load.c", Link::Loaded, &program);
    let times = succeed(Command::new(&program).arg(libraries().join("libcos.so"))).stdout;
    println!("dlopen and cos_client_new, µs: {}", String::from_utf8_lossy(&times));
}

#[test]
fn the_soname_carries_the_abi_version() {
    let dynamic = output("readelf", &["-d", "-W"], "libcos.so");
    let soname = format!("soname: [libcos.so.{}]", header::abi_version());
    assert!(dynamic.contains(&soname), "{soname}\n{dynamic}");
    let file = libraries().join(format!("libcos.so.{}", header::abi_version()));
    assert!(file.symlink_metadata().unwrap().is_file());
    assert_eq!(
        fs::canonicalize(libraries().join("libcos.so")).unwrap(),
        file.canonicalize().unwrap()
    );
}

#[test]
fn the_shared_library_is_safe_to_load() {
    let dynamic = output("readelf", &["-d", "-W"], "libcos.so");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
    let flags = dynamic.lines().find(|line| line.contains("(FLAGS_1)")).unwrap();
    assert!(flags.contains("NODELETE") && flags.contains("NOW"), "{flags}");
    let segments = output("readelf", &["-l", "-W"], "libcos.so");
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).unwrap();
    assert!(!stack.contains("RWE"), "{stack}");
    assert!(segments.contains("GNU_RELRO"), "{segments}");
}

#[test]
fn the_shared_library_needs_only_what_every_system_has() {
    let dynamic = output("readelf", &["-d", "-W"], "libcos.so");
    let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
    for line in needed {
        let system = [
            "[libc.so.",
            "[libm.so.",
            "[libgcc_s.so.",
            "[ld-linux",
            "[libpthread.so.",
            "[libdl.so.",
        ];
        assert!(system.iter().any(|name| line.contains(name)), "{line}");
    }
}
