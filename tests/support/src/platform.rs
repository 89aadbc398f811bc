//! Another platform than the one that the tests were built on. Its runner, `tests/platforms/run.sh`,
//! says so in variables of the environment.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Link;

/// What is no ordinary file, and on every disk.
pub const DEVICE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Where the library is, and the C programs are that tests compile elsewhere: on that platform there may be no compiler.
pub fn built() -> Option<PathBuf> {
    env::var_os("COS_TEST_PROGRAMS").map(PathBuf::from)
}

/// Puts the program of this source to `program`, if it was compiled before.
pub fn take_built(source: &str, link: Link, program: &Path) -> bool {
    let Some(built) = built() else { return false };
    let name = Path::new(source).file_stem().unwrap().to_str().unwrap();
    let link = match link {
        Link::Shared => "shared",
        Link::Static => "static",
        Link::Loaded => "loaded",
    };
    let built = built.join(format!("{name}-{link}{}", env::consts::EXE_SUFFIX));
    let program = program.with_extension(env::consts::EXE_EXTENSION);
    fs::copy(&built, &program).unwrap_or_else(|error| panic!("{}: {error}", built.display()));
    true
}

/// Runs a program of that platform: by what simulates its processor, if it needs that.
pub fn command(program: &Path) -> Command {
    let runner = env::var("COS_TEST_RUN").unwrap_or_default();
    let mut words = runner.split(' ').filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return Command::new(program) };
    let mut command = Command::new(first);
    command.args(words).arg(program);
    command
}

/// A limit of time, in whatever unit, for a processor that is as fast as this one: a simulated one gets
/// as many times as much as its runner says.
pub fn within(limit: u128) -> u128 {
    let slowness = env::var("COS_TEST_SLOWNESS").map_or(1, |factor| factor.parse().unwrap());
    limit * slowness
}
