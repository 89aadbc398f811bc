//! Names of files, and what looks like one and is none.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::{self, Component, Path, Prefix};

/// `path` as the system's functions take it, with a NUL. It is absolute, so that it may be long.
pub fn wide(path: &Path) -> io::Result<Vec<u16>> {
    /// The system adds this much to the name of a directory before it looks whether that is too long.
    const MOST: usize = 260 - 12;
    let path = path::absolute(path)?;
    let mut wide: Vec<u16> = path.as_os_str().encode_wide().collect();
    if wide.len() >= MOST {
        match prefix_of(&path) {
            // \\server\share becomes \\?\UNC\server\share.
            Some(Prefix::UNC(..)) => drop(wide.splice(..2, r"\\?\UNC\".encode_utf16())),
            Some(Prefix::Disk(_)) => drop(wide.splice(..0, r"\\?\".encode_utf16())),
            _ => {}
        }
    }
    wide.push(0);
    Ok(wide)
}

fn prefix_of(path: &Path) -> Option<Prefix<'_>> {
    match path.components().next() {
        Some(Component::Prefix(prefix)) => Some(prefix.kind()),
        _ => None,
    }
}

pub fn check_names_a_file(path: &Path) -> io::Result<()> {
    check_is_no_device(path)?;
    // What follows the colon is a stream beside the content of a file.
    if path.file_name().is_some_and(|name| name.to_string_lossy().contains(':')) {
        return Err(io::Error::other("a name must not have a colon in it"));
    }
    Ok(())
}

/// Fails if `path` is the name of something else than a file or directory, whatever is there. To
/// open it could already do something, or never end.
pub fn check_is_no_device(path: &Path) -> io::Result<()> {
    let is = |name: &OsStr, of: &str| name.eq_ignore_ascii_case(of);
    // The system makes `\\.\NUL` of `NUL`, wherever that is.
    let is_device = match prefix_of(&path::absolute(path)?) {
        Some(Prefix::DeviceNS(name) | Prefix::Verbatim(name)) => !leads_to_disk(name),
        Some(Prefix::UNC(_, share) | Prefix::VerbatimUNC(_, share)) => {
            is(share, "pipe") || is(share, "mailslot")
        }
        _ => false,
    };
    match is_device {
        true => Err(io::Error::other("it is a device or a pipe, not a file")),
        false => Ok(()),
    }
}

/// Whether a name behind `\\.\` or `\\?\` is that of a disk: `C:`, a volume, a shadow copy of one.
fn leads_to_disk(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    matches!(name.as_bytes(), [b'a'..=b'z', b':'])
        || ["volume{", "harddiskvolume", "globalroot"].iter().any(|start| name.starts_with(start))
}

pub fn why_no_name(segment: &str) -> Option<&'static str> {
    let is_unknown = |c: char| c < ' ' || "<>:\"|?*/\\".contains(c);
    if matches!(segment, "" | "." | "..") {
        Some("has a name that leads elsewhere")
    } else if segment.contains(is_unknown) {
        Some("has a character in its name that Windows does not take")
    } else if segment.ends_with(['.', ' ']) {
        Some("has a dot or a blank at the end of its name, which Windows takes away")
    } else if is_reserved(segment) {
        Some("has the name of a device on Windows")
    } else if may_be_short(segment) {
        Some("has a name that may be the short name of another file on Windows")
    } else {
        None
    }
}

/// Whether it is the name of a device, as it is with any ending.
fn is_reserved(segment: &str) -> bool {
    let name = segment.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    match name.strip_prefix("COM").or_else(|| name.strip_prefix("LPT")) {
        // The small digits are digits there.
        Some(number) => matches!(
            number,
            "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
        ),
        None => matches!(&*name, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$"),
    }
}

/// Whether it has the form of the names that the system makes up for old programs, such as
/// `PROGRA~1`: the file that has it has another name, too.
fn may_be_short(segment: &str) -> bool {
    let (base, ending) = segment.split_once('.').unwrap_or((segment, ""));
    let Some((start, number)) = base.rsplit_once('~') else {
        return false;
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = !ending.contains('.') && !segment.contains(' ');
    is_number
        && is_plain
        && !start.is_empty()
        && base.chars().count() <= 8
        && ending.chars().count() <= 3
}

/// Capital and small letters are the same. It makes more names alike than the system does, never
/// fewer.
pub fn folding() -> Option<fn(&str) -> String> {
    Some(|name| name.to_uppercase().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_files_here_are_refused() {
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            r"..\x",
            r"C:\x",
            "C:",
            "a:b",
            "a\0b",
            "a\nb",
            "a<b",
            "a>b",
            "a\"b",
            "a|b",
            "a?",
            "*",
            "a.",
            "a ",
            "...",
            " ",
            "CON",
            "nul",
            "Aux.txt",
            "com1",
            "LPT9.tar.gz",
            "com¹",
            "prn .txt",
            "CONIN$",
            "PROGRA~1",
            "a~12.txt",
        ] {
            assert!(why_no_name(bad).is_some(), "{bad:?}");
        }
        for good in [
            "a",
            "..a",
            " a",
            "中文",
            ".hidden",
            "console",
            "COM",
            "COM10",
            "nul_",
            "a~b",
            "~1",
            "file.txt.~1~",
            "long name~1.txt",
            "x.com1",
            "a'b",
            "a&b",
        ] {
            assert_eq!(why_no_name(good), None, "{good:?}");
        }
    }

    #[test]
    fn what_is_no_file_is_known_by_its_name() {
        for bad in [
            "NUL",
            "nul",
            "CON",
            "COM1",
            r"\\.\pipe\x",
            r"\\.\COM12",
            r"\\?\pipe\x",
            r"\\?\NUL",
            r"\\host\pipe\x",
            r"\\?\UNC\host\PIPE\x",
            r"\\.\PhysicalDrive0",
            "//./pipe/x",
            "CONIN$",
        ] {
            assert!(check_is_no_device(Path::new(bad)).is_err(), "{bad:?}");
        }
        for good in [
            "a",
            r"C:\a",
            r"\\?\C:\a",
            r"\\.\C:\a",
            r"\\host\share\pipe",
            r"\\?\UNC\host\share\x",
            r"\\?\Volume{00000000-0000-0000-0000-000000000000}\x",
            r"\\?\GLOBALROOT\Device\x",
            "C:a",
        ] {
            assert!(check_is_no_device(Path::new(good)).is_ok(), "{good:?}");
        }
        assert!(check_names_a_file(Path::new(r"C:\a:b")).is_err());
        assert!(check_names_a_file(Path::new(r"C:\a")).is_ok());
    }

    #[test]
    fn long_paths_get_the_form_that_may_be_long() {
        let long = |start: &str| {
            let path = format!("{start}{}", r"\0123456789".repeat(30));
            String::from_utf16(&wide(Path::new(&path)).unwrap()).unwrap()
        };
        assert!(long("C:").starts_with(r"\\?\C:\0123"), "{}", long("C:"));
        assert!(long(r"\\host\share").starts_with(r"\\?\UNC\host\share\0123"));
        assert!(long(r"\\?\C:").starts_with(r"\\?\C:\0123"));
        let short = String::from_utf16(&wide(Path::new(r"C:\a/b")).unwrap()).unwrap();
        assert_eq!(short, "C:\\a\\b\0");
    }
}
