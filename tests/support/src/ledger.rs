//! A library in the place of libcos that keeps account of what it hands out and takes back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::header::{self, Function};
use crate::{installed, root, succeed};

/// The directory that it is in.
pub fn library() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let directory = crate::target_dir().join("tmp/ledger");
        fs::create_dir_all(&directory).unwrap();
        let functions: String = header::functions().iter().map(entry).collect();
        fs::write(directory.join("functions.h"), functions).unwrap();
        let real = fs::canonicalize(installed().join("lib/libcos.so")).unwrap();
        let name = real.file_name().unwrap().to_str().unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]);
        cc.arg(format!("-DREAL=\"{}\"", real.display())).arg(format!("-Wl,-soname,{name}"));
        cc.arg("-I").arg(installed().join("include")).arg("-I").arg(&directory);
        cc.arg(root().join("tests/support/ledger.c")).args(["-ldl", "-lpthread", "-o"]);
        succeed(cc.arg(directory.join(name)));
        directory
    })
}

/// A function of it, in C.
fn entry(function: &Function) -> String {
    let Function { name, returns, parameters, .. } = function;
    let names: Vec<_> =
        parameters.iter().map(|text| text.rsplit([' ', '*']).next().unwrap()).collect();
    let list = if parameters.is_empty() { "void".into() } else { parameters.join(", ") };
    let mut text = format!("{returns} {name}({list})\n{{\n");
    writeln!(text, "    {returns} (*call)({list});").unwrap();
    writeln!(text, "    *(void **)&call = called(\"{name}\");").unwrap();
    let call = format!("call({})", names.join(", "));
    if let Some(kind) = name.strip_suffix("_free") {
        let kind = kind.strip_prefix("cos_").unwrap();
        let len = names.get(1).unwrap_or(&"0");
        writeln!(text, "    taken_back(\"{kind}\", {}, {len});\n    {call};", names[0]).unwrap();
    } else if returns == "void" {
        writeln!(text, "    {call};").unwrap();
    } else {
        writeln!(text, "    {returns} result = {call};").unwrap();
        for (parameter, name) in parameters.iter().zip(&names) {
            let (kind, len) = match parameter.split_once("**") {
                None => continue,
                Some(("char ", _)) => ("string", "0"),
                Some(("uint8_t ", _)) => ("buffer", "*out_len"),
                Some(("cos_client ", _)) => ("client", "0"),
                Some(_) => panic!("{parameter} hands out something new"),
            };
            writeln!(text, "    if ({name})\n        handed_out(\"{kind}\", *{name}, {len});")
                .unwrap();
        }
        if returns.ends_with('*') && !returns.starts_with("const") {
            let kind = if returns == "char *" { "string" } else { "transfer" };
            writeln!(text, "    handed_out(\"{kind}\", result, 0);").unwrap();
        }
        text.push_str("    return result;\n");
    }
    text.push_str("}\n\n");
    text
}

/// What a program called and was handed out.
pub struct Ledger {
    pub called: BTreeSet<String>,
    pub handed_out: usize,
}

/// What of `cos.h` a program has not called that has ended. It must have given everything back.
pub fn not_called(path: &Path) -> BTreeSet<String> {
    let called = balance(path).unwrap_or_else(|problem| panic!("{problem}")).called;
    let functions = header::functions().into_iter().map(|function| function.name);
    functions.filter(|name| !called.contains(name)).collect()
}

/// Reads the account of a program that has ended. It is a problem when the program has kept
/// something or has given back what it did not have.
pub fn balance(path: &Path) -> Result<Ledger, String> {
    let mut ledger = Ledger { called: BTreeSet::new(), handed_out: 0 };
    let mut outstanding = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let fields: Vec<_> = line.split(' ').collect();
        match fields[..] {
            ["call", name] => {
                ledger.called.insert(name.to_owned());
            }
            ["+", kind, address, len] => {
                ledger.handed_out += 1;
                outstanding.insert(address.to_owned(), (kind.to_owned(), len.to_owned()));
            }
            ["-", kind, address, len] => {
                if outstanding.remove(address) != Some((kind.to_owned(), len.to_owned())) {
                    return Err(format!("it never had {line}"));
                }
            }
            _ => panic!("{line}"),
        }
    }
    if outstanding.is_empty() { Ok(ledger) } else { Err(format!("it has kept {outstanding:?}")) }
}
