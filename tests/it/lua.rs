//! The package for Lua, as its users install it: by luarocks from the file alone, for every Lua that there
//! is, by make, and into a program with Lua inside.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use cos_emulator::{Action, Fault};

use crate::programs::set_account;
use support::{APPID, Api, BUCKET, Bed, SECRET_ID, SECRET_KEY};
use support::{for_each_api, header, installed, limited, make, memcheck};
use support::{remove_settings, root, succeed, target_dir};

fn directory() -> PathBuf {
    root().join("bindings/lua")
}

/// What `make rock` has built: the rock, and the sources that are in it.
fn rock() -> &'static (PathBuf, PathBuf) {
    static ROCK: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    ROCK.get_or_init(|| {
        installed();
        let place = target_dir().join("tmp/lua");
        let _ = fs::remove_dir_all(&place);
        succeed(make("rock").arg(format!("DIST={}", place.display())));
        let version = env!("CARGO_PKG_VERSION");
        let sources = target_dir().join(format!("tmp/build/rock/libcos-{version}/src"));
        (place.join(format!("libcos-{version}-1.src.rock")), sources)
    })
}

/// A tree with the rock and nothing else, for a version of Lua.
pub fn tree(version: &str) -> PathBuf {
    static TREES: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut trees = TREES.lock().unwrap();
    let tree = trees.entry(version.to_owned()).or_insert_with(|| {
        let (rock, _) = rock();
        let tree = rock.with_file_name(version);
        let mut luarocks = Command::new("luarocks");
        luarocks.arg(format!("--lua-version={version}")).arg(format!("--tree={}", tree.display()));
        luarocks.arg("install").arg(rock).arg(format!("COS_DIR={}", installed().display()));
        // It would find settings there, and look for others' rocks.
        luarocks.env("HOME", rock.parent().unwrap()).current_dir(rock.parent().unwrap());
        succeed(
            luarocks
                .env("http_proxy", "http://127.0.0.1:1")
                .env("https_proxy", "http://127.0.0.1:1"),
        );
        tree
    });
    tree.clone()
}

/// Where a Lua finds the module of a tree.
pub fn cpath(version: &str) -> String {
    format!("{}/lib/lua/{version}/?.so", tree(version).display())
}

/// A command that begins with an interpreter which finds the module, and nothing of its surroundings.
fn lua(bed: &Bed, before: &[String], interpreter: &str, cpath: &str) -> Command {
    let mut lua = limited();
    lua.args(before).arg(interpreter);
    remove_settings(&mut lua);
    lua.env("LUA_CPATH", cpath).env("LUA_PATH", "").env("COS_API", bed.api.word());
    lua.env("LD_LIBRARY_PATH", installed().join("lib")).current_dir(bed.dir.path());
    lua
}

fn printed(output: Output) -> String {
    String::from_utf8(output.stdout).unwrap()
}

fn slow(bed: &Bed) {
    bed.emulator.inject(Fault::new(Action::Delay { ms: 1000 }).path("/slow").forever());
}

#[track_caller]
fn passes_in(bed: &Bed, mut lua: Command) {
    slow(bed);
    let output = succeed(lua.arg(directory().join("test/package.lua")).arg(bed.host()));
    for problem in ["a problem", "a readable problem", "table", "5"] {
        let line = format!("cos: the log has failed: {problem}\n");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&line), "{line}: {output:?}");
    }
    let said = printed(output);
    assert!(said.ends_with(" tests passed\n"), "{said}");
}

#[track_caller]
fn passes(api: Api, interpreter: &str, version: &str) {
    let bed = Bed::new(api);
    passes_in(&bed, lua(&bed, &[], interpreter, &cpath(version)));
}

for_each_api! {
    in_lua_5_1,
    in_lua_5_2,
    in_lua_5_3,
    in_lua_5_4,
    in_luajit,
    in_luajit_as_make_compiles_it,
    in_valgrind,
    the_account_is_that_of_the_command,
    the_backup_does_what_it_says,
    a_host_goes_on_whatever_its_scripts_do,
}

fn in_lua_5_1(api: Api) {
    passes(api, "lua5.1", "5.1");
}

fn in_lua_5_2(api: Api) {
    passes(api, "lua5.2", "5.2");
}

fn in_lua_5_3(api: Api) {
    passes(api, "lua5.3", "5.3");
}

fn in_lua_5_4(api: Api) {
    passes(api, "lua5.4", "5.4");
}

/// With what was compiled for Lua 5.1.
fn in_luajit(api: Api) {
    passes(api, "luajit", "5.1");
}

fn in_luajit_as_make_compiles_it(api: Api) {
    let compiler = if api == Api::V4 { "gcc" } else { "clang" };
    let dir = tempfile::tempdir().unwrap();
    let sources = rock().1.parent().unwrap();
    succeed(Command::new("cp").arg("-R").arg(sources).arg(dir.path().join("lua")));
    let mut make = Command::new("make");
    make.arg("-C")
        .arg(dir.path().join("lua"))
        .args(["LUA=luajit", "CFLAGS=-O2 -Wpedantic -Werror"]);
    make.arg(format!("CC={compiler}")).env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    succeed(make.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig")));
    let bed = Bed::new(api);
    let cpath = format!("{}/lua/?.so", dir.path().display());
    passes_in(&bed, lua(&bed, &[], "luajit", &cpath));
}

/// Nothing is read or written that is not the module's, and nothing is lost.
fn in_valgrind(api: Api) {
    let bed = Bed::new(api);
    let mut valgrind = vec!["valgrind".to_owned()];
    // What a thread keeps for itself is possibly lost on the main one.
    valgrind.extend(memcheck("definite,indirect"));
    valgrind.push("--show-leak-kinds=definite,indirect".to_owned());
    let version = if api == Api::V4 { "5.1" } else { "5.4" };
    passes_in(&bed, lua(&bed, &valgrind, &format!("lua{version}"), &cpath(version)));
}

fn the_account_is_that_of_the_command(api: Api) {
    let bed = Bed::new(api);
    let script = "local cos = require 'cos'
local client = cos.assert(cos.from_env())
print(client:api(), #cos.assert(client:stat_folder(arg[1], '/')).message > 0)";
    fs::write(bed.path("script.lua"), script).unwrap();
    let run = |change: &dyn Fn(&mut Command)| {
        let mut lua = lua(&bed, &[], "lua5.4", &cpath("5.4"));
        set_account(&mut lua, &bed);
        lua.env("XDG_CONFIG_HOME", bed.dir.path());
        change(&mut lua);
        lua.arg("script.lua").arg(BUCKET).output().unwrap()
    };
    let expected = format!("{}\ttrue\n", api.word());
    assert_eq!(printed(run(&|_| ())), expected);
    // The file has what the environment lacks; a token of its own belongs to other keys.
    let file = format!("appid = 1\nsecret_key = {SECRET_KEY}\ntoken = of-others\n");
    fs::write(bed.path("cos.conf"), file).unwrap();
    let output = run(&|lua| {
        lua.env_remove("COS_SECRET_KEY");
    });
    assert_eq!(printed(output), expected);
    let output = run(&|lua| {
        lua.env_remove("COS_SECRET_KEY").env("COS_CONFIG", "no-such.conf");
    });
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && complained.contains("no-such.conf: No such file"));
    assert_eq!((APPID, SECRET_ID), ("1250000000", "EXAMPLE_SECRET_ID"));
}

fn the_backup_does_what_it_says(api: Api) {
    let bed = Bed::new(api);
    fs::create_dir_all(bed.path("photos/sub")).unwrap();
    for name in ["a", "sub/b"] {
        fs::write(bed.path("photos").join(name), name).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut lua = lua(&bed, &[], "lua5.3", &cpath("5.3"));
        set_account(&mut lua, &bed);
        lua.arg(directory().join("examples/backup.lua")).args(arguments).output().unwrap()
    };
    let save = ["photos", BUCKET, "/photos/"];
    assert_eq!(printed(run(&save)), "2 uploaded, 0 unchanged\n");
    let days = |days| printed(run(&[&save[..], &[days]].concat()));
    assert_eq!(days("1"), "0 uploaded, 2 unchanged\n0 deleted\n");
    assert_eq!(days("-1"), "0 uploaded, 2 unchanged\n2 deleted\n");
    assert_eq!(printed(run(&save)), "2 uploaded, 0 unchanged\n");
    let output = run(&["photos", "no-such-bucket", "/photos/"]);
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && complained.contains("COS_ERR_NO_BUCKET"),
        "{complained}"
    );
}

/// The program with Lua inside.
fn host(compiler: &str, lua: &str, program: &Path) {
    let sources = rock().1.display();
    let warnings = "-std=c99 -g -Wall -Wextra -Wpedantic -Wshadow -Werror";
    // As the comment in it says.
    let line = format!(
        "{compiler} {warnings} examples-c/programs/host.c {sources}/*.c -I{sources} \
         $(pkg-config --cflags --libs cos {lua}) -lpthread -o '{}'",
        program.display()
    );
    let mut sh = Command::new("sh");
    sh.args(["-euc", &line]).current_dir(root());
    succeed(sh.env("PKG_CONFIG_PATH", installed().join("lib/pkgconfig")));
}

fn a_host_goes_on_whatever_its_scripts_do(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.inject(Fault::new(Action::Withhold).path("/silent").forever());
    let scripts = [
        (
            "good",
            "cos.assert(client:upload_buffer(bucket, '/a', 'hello'))
assert(client:download_buffer(bucket, '/a') == 'hello')
assert(not (cos.client or cos.from_env or client.upload_file or load or io or os or require))
assert(not pcall(client.set_config, client, {}))
print(tostring(client))",
            None,
        ),
        (
            "raises",
            "cos.assert(client:upload_buffer(bucket, '/b', 'x', { progress = function() error 'mine' end }))",
            Some("raises.lua:1: mine"),
        ),
        (
            "refused",
            "cos.assert(client:stat_file(bucket, '/none'))",
            Some("COS_ERR_NOT_FOUND (-197)"),
        ),
        (
            "endless",
            "while true do pcall(function() while true do end end) end",
            Some("the time is over"),
        ),
        (
            "silent",
            "cos.assert(client:upload_buffer(bucket, '/silent', 'x'))",
            Some("COS_ERR_CANCELLED"),
        ),
        (
            "stubborn",
            "while true do client:upload_stream(bucket, '/c', 5, function() while true do end end) end",
            Some("the time is over"),
        ),
        ("wrong", "this is no Lua", Some("wrong.lua:1: ")),
        ("compiled", "\u{1b}Lua", Some("it is no text")),
        (
            "greedy",
            "local text = 'x' while true do text = text .. text end",
            Some("not enough memory"),
        ),
    ];
    // Lua does not interrupt a search.
    let endless = "(('a'):rep(200000)):find('.-.-.-.-b')";
    fs::write(bed.path("search.lua"), format!("return {endless}")).unwrap();
    let names: Vec<_> = scripts.iter().map(|(name, ..)| format!("{name}.lua")).collect();
    for ((_, text, _), name) in scripts.iter().zip(&names) {
        fs::write(bed.path(name), text).unwrap();
    }
    for (compiler, lua) in [("gcc", "lua5.4"), ("clang", "luajit"), ("gcc", "lua5.1")] {
        let program = bed.path(lua);
        host(compiler, lua, &program);
        let mut command = limited();
        if lua == "lua5.4" {
            command.arg("valgrind").args(memcheck("definite,indirect"));
            command.arg("--show-leak-kinds=definite,indirect");
        }
        command.arg(&program).args(["4", BUCKET]).args(&names);
        set_account(&mut command, &bed);
        command.env("LD_LIBRARY_PATH", installed().join("lib"));
        let output = command.output().unwrap();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{lua}: {complained}");
        for ((_, _, complaint), name) in scripts.iter().zip(&names) {
            let line =
                complained.lines().find_map(|line| line.strip_prefix(&format!("{name} failed: ")));
            match complaint {
                Some(text) => {
                    assert!(line.is_some_and(|line| line.contains(text)), "{lua}: {complained}")
                }
                None => assert_eq!(line, None, "{lua}"),
            }
        }
        assert_eq!(printed(output), "cos.client: open\n1 of 9 scripts went well\n", "{lua}");
        let mut client = limited();
        client.arg(&program).args(["1", BUCKET, "clean.lua", "search.lua"]);
        fs::write(bed.path("clean.lua"), "cos.assert(client:del_file(bucket, '/a'))").unwrap();
        set_account(&mut client, &bed);
        let output = client.env("LD_LIBRARY_PATH", installed().join("lib")).output().unwrap();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(complained, "search.lua failed: it can't be ended\n", "{lua}");
        assert_eq!(printed(output), "1 of 2 scripts went well\n", "{lua}");
    }
}

#[test]
fn every_code_has_its_name() {
    let bed = Bed::new(Api::V4);
    let mut lua = lua(&bed, &[], "lua5.4", &cpath("5.4"));
    let script = "for name in pairs(require('cos').codes) do print(name) end";
    let names = printed(succeed(lua.args(["-e", script])));
    let mut names: Vec<_> = names.lines().collect();
    let mut wanted = header::codes();
    names.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
}

/// The types for editors have each call with its arguments, and each option.
#[test]
fn the_types_are_those_of_the_header() {
    let types = fs::read_to_string(directory().join("library/cos.lua")).unwrap();
    for function in header::functions() {
        let comment = function.comment.lines().filter(|line| line.starts_with("- `"));
        let keys =
            comment.flat_map(|line| line.split(": ").next().unwrap().split('`').skip(1).step_by(2));
        for key in keys.filter(|key| *key != "x-cos-meta-..." && function.name != "cos_version") {
            assert!(types.contains(&format!("---@field {key}? ")), "{}: {key}", function.name);
        }
        let is_call =
            function.parameters.first().is_some_and(|first| first == "const cos_client *client");
        let name = function.name.replace("cos_client_", "").replace("cos_", "");
        // It takes more than cos.h does, and returns less.
        let name = name.replace("del_files", "delete_files");
        if is_call {
            let names = function.parameters.iter().skip(1).map(|text| {
                let name = text.split(")(").next().unwrap().rsplit([' ', '*']).next().unwrap();
                match name {
                    "read" => "content",
                    "write" => "sink",
                    name => name,
                }
            });
            let not_in_lua =
                ["transfer", "len", "user", "out_json", "out_data", "out_len", "out_client"];
            let is_passed = |text: &&str| !not_in_lua.contains(text) && *text != "options";
            let mut names: Vec<_> = names
                .filter(|text| is_passed(text) || (name == "with_transfer" && *text == "transfer"))
                .collect();
            if function.parameters.iter().any(|text| text.ends_with("*options")) {
                names.push("options");
            }
            let line = format!("function Client:{name}({}) end", names.join(", "));
            assert!(types.contains(&line), "{line}");
        }
    }
    // And nothing that the module lacks.
    let bed = Bed::new(Api::V4);
    let mut lua = lua(&bed, &[], "lua5.4", &cpath("5.4"));
    let script = "local cos = require 'cos'
local client = cos.client('1250000000', 'a', 'b', { region = 'sh' })
local of = { cos = cos, Client = client, Transfer = cos.transfer() }
for line in io.lines(arg[1]) do
  local object, name = line:match '^function (%w+)[.:]([%w_]+)'
  if object then assert(type(of[object][name]) == 'function', line) end
end";
    fs::write(bed.path("script.lua"), script).unwrap();
    succeed(lua.arg("script.lua").arg(directory().join("library/cos.lua")));
}
