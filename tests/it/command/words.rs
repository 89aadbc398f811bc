//! What the command says of itself: help, the manual, completion, proposals, and languages.

use std::collections::BTreeMap;

use super::*;

#[test]
fn every_command_has_help_with_examples() {
    let bed = Bed::new(Api::V4);
    let help = done(&bed, &["help"]);
    for command in COMMANDS {
        let own = done(&bed, &["help", command]);
        assert!(help.contains(&format!("\n  {command:10}  ")), "{command}: {help}");
        assert!(own.lines().all(|line| line.len() <= 100), "{own}");
        if !["buckets", "mkdir", "stat"].contains(&command) {
            let (_, examples) = own.split_once("\nExamples:\n").unwrap();
            let of_it = |line: &str| line.contains(&format!("cos {command}"));
            assert!(examples.lines().any(of_it), "{own}");
        }
    }
}

#[test]
fn a_wrong_word_gets_a_proposal() {
    let bed = Bed::new(Api::V4);
    for (arguments, proposal) in [
        (&["lss"][..], "did you mean ls?"),
        (&["snyc", "a", "b"], "did you mean sync?"),
        (&["zzz"], "no command zzz\n"),
        (&["hlep"], "did you mean help?"),
        (&["upload", "a", "cos://b/"], "did you mean cp?"),
        (&["help", "delete"], "did you mean rm?"),
        (&["ls", "--resursive"], "did you mean --recursive?"),
        (&["sync", "--excludes=x"], "did you mean --exclude?"),
        (&["ls", "--zzzzzz"], "no such option\n"),
        (&["ls", "--long=x"], "--long takes no value"),
        (&["ls", "--config"], "--config: the value is missing"),
        (&["ls", "-c"], "-c: the value is missing"),
        (&["ls", "--exclude", "x"], "it takes no --exclude"),
        (&["head", "-n", "2", "cos://b/x"], "it takes no -n\n"),
        (&[&"x".repeat(100_000)], "there is no command"),
        (&["buckets", "cos://b/"], "it takes no operands"),
    ] {
        let said = run(&bed, arguments).with_code(2).complaining(proposal);
        assert!(said.err.contains("\ncos: see: cos help"), "{said:?}");
    }
}

/// Options that take a value, in the words of help.
fn with_value(help: &str) -> impl Iterator<Item = &str> {
    help.lines().filter_map(|line| {
        let (name, rest) = line.get(6..)?.strip_prefix("--")?.split_once(' ')?;
        rest.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
    })
}

/// What is wrong is called as it was given, not as the library calls it.
#[test]
fn a_wrong_value_is_told_by_the_name_of_its_option() {
    const ANYTHING_GOES: [&str; 5] = ["include", "exclude", "name", "config", "profile"];
    let bed = Bed::new(Api::V5);
    fs::write(bed.path("f"), "").unwrap();
    let to = "cos://private-bucket/";
    let file = "cos://private-bucket/f";
    done(&bed, &["cp", "f", file]);
    let long = "x".repeat(3000);
    let mut tried = Vec::new();
    for (option, value, command) in [
        ("max-delete", "x", &["sync", "--delete", ".", to][..]),
        ("concurrency", "65", &["sync", ".", to]),
        ("slice-size", "0", &["cp", "f", to]),
        ("limit-rate", "1", &["cp", "f", to]),
        ("source-region", "GZ", &["cp", file, "cos://private-bucket/g"]),
        ("header", "x-cos-meta-ä:b", &["cp", "f", to]),
        ("header", "Content-Type:a\nb", &["cp", "f", to]),
        ("header", "Content-Type:a\nb", &["set", file]),
        ("header", "Foo:b", &["set", file]),
        ("header", "Foo", &["set", file]),
        ("header", "a b:c", &["sign", file]),
        ("header", "\u{fffd}", &["sign", file]),
        ("param", "\u{fffd}", &["sign", file]),
        ("method", "FETCH", &["sign", file]),
        ("expires", "1y", &["sign", file]),
        ("acl", "all", &["cp", "f", to]),
        ("class", "", &["cp", "f", to]),
        ("class", "a\nb", &["sync", ".", to]),
        ("class", "\u{fffd}", &["set", file]),
        ("biz-attr", &long, &["cp", "f", to]),
        ("biz-attr", &long, &["set", file]),
        ("forbid", "3", &["set", file]),
        ("forbid", "1", &["set", file]),
        ("days", "0", &["restore", file]),
        ("tier", "Slow", &["restore", file]),
        ("sort", "x", &["ls", to]),
        ("depth", "x", &["tree", to]),
        ("bytes", "x", &["head", file]),
        ("type", "x", &["find", to]),
        ("larger", "x", &["find", to]),
        ("smaller", "x", &["find", to]),
        ("newer", "x", &["find", to]),
        ("older", "x", &["find", to]),
        ("older", "x", &["abort", to]),
        ("region", "GZ", &["ls", to]),
        ("api", "v6", &["ls", to]),
        ("timeout", "0", &["ls", to]),
        ("retries", "11", &["ls", to]),
    ] {
        // A character that stands here for what is not UTF-8.
        let bytes = if value == "\u{fffd}" { b"a:\xff" } else { value.as_bytes() };
        let mut command = cos(&bed, command);
        let given = [format!("--{option}=").as_bytes(), bytes].concat();
        let said = Said::of(command.arg(OsStr::from_bytes(&given)).output().unwrap()).with_code(2);
        said.complaining(&format!(": --{option}"));
        tried.push(option);
    }
    let v4 = Bed::new(Api::V4);
    fs::write(v4.path("f"), "").unwrap();
    for (option, value) in [("slice-size", "4"), ("class", "STANDARD"), ("limit-rate", "1M")] {
        let given = format!("--{option}={value}");
        for arguments in [&["cp", &given, "f", to][..], &["sync", "--dry-run", &given, ".", to]] {
            let said = run(&v4, arguments).with_code(2).complaining(&format!(": --{option}"));
            assert_eq!(said.err.lines().count(), 2, "it is told once: {said:?}");
        }
    }
    assert!(v4.emulator.requests().is_empty());
    run(&bed, &["cp", "-S", "2", file, "down"])
        .with_code(2)
        .complaining("--slice-size is for uploads");
    let commands = COMMANDS.iter().map(|command| vec!["help", command]);
    for words in commands.chain([vec!["help"]]) {
        for option in with_value(&done(&bed, &words)) {
            let is_known = tried.contains(&option) || ANYTHING_GOES.contains(&option);
            assert!(is_known, "{words:?}: --{option} has no line here");
        }
    }
}

/// Nothing on stdout or stderr, and success.
fn silent(command: &mut Command, input: &str) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let said = Said::of(child.wait_with_output().unwrap()).with_code(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""));
}

#[test]
fn the_manual_is_a_page_that_formatters_like() {
    let bed = Bed::new(Api::V4);
    let page = done(&bed, &["help", "man"]);
    silent(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]), &page);
    for command in COMMANDS {
        assert!(page.contains(&format!("\n.SS \"cos {command} ")), "{command}");
    }
    let mut mandoc = Command::new("mandoc");
    fs::write(bed.path("page"), &page).unwrap();
    let text = succeed(mandoc.args(["-T", "utf8"]).arg(bed.path("page"))).stdout;
    let mut plain = String::new();
    for c in String::from_utf8(text).unwrap().chars() {
        // What is bold is a letter, a step back, and the letter again.
        if c == '\u{8}' {
            plain.pop();
        } else {
            plain.push(c);
        }
    }
    let text = plain;
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for part in
        ["cos cp 'cos://mybucket/logs/*.gz' logs/", "'\\*' is a star", "EXIT STATUS", "COS_PROFILE"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn shells_complete_commands_options_and_remote_names() {
    let bed = Bed::new(Api::V5);
    fs::create_dir_all(bed.path("here/sub dir")).unwrap();
    fs::write(bed.path("here/sub dir/x"), "").unwrap();
    fs::write(bed.path("here/some"), "").unwrap();
    done(&bed, &["sync", "-q", "here", "cos://private-bucket/"]);
    for shell in ["bash", "zsh", "fish"] {
        let script = done(&bed, &["completion", shell]);
        let path = bed.path(shell);
        fs::write(&path, script).unwrap();
        succeed(Command::new(shell).arg("-n").arg(path));
    }
    silent(Command::new("shellcheck").args(["-s", "bash"]).arg(bed.path("bash")), "");
    let complete = |line: &str| {
        let program = "eval \"$(cos completion bash)\"\ncompopt() { :; }\nCOMP_LINE=$1\n\
                       COMP_POINT=${#1}\nread -ra COMP_WORDS <<<\"$1\"\n\
                       case $1 in *' ') COMP_WORDS+=('') ;; esac\n\
                       COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_cos\nprintf '%s\\n' \"${COMPREPLY[@]}\"";
        let output = succeed(command(&bed, "bash").args(["-c", program, "bash", line]));
        let said = String::from_utf8(output.stdout).unwrap();
        said.split_terminator('\n').map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("cos mk"), ["mkdir"]);
    assert_eq!(complete("cos s"), ["sync", "stat", "set", "sign"]);
    assert_eq!(complete("cos sync --max"), ["--max-delete"]);
    assert_eq!(complete("cos completion z"), ["zsh"]);
    assert_eq!(complete("cos help exi"), ["exists"]);
    assert_eq!(complete("cos ls cos://p"), ["//private-bucket/", "//public-bucket/"]);
    let mut names = complete("cos cp cos://private-bucket/s");
    names.sort();
    assert_eq!(names, ["//private-bucket/some", "//private-bucket/sub\\ dir/"]);
    assert_eq!(
        complete("cos ls cos://private-bucket/sub\\ dir/"),
        ["//private-bucket/sub\\ dir/x"]
    );
    assert_eq!(complete("cos ls \"cos://private-bucket/sub d"), ["cos://private-bucket/sub dir/"]);
    // What has a meaning in operands is offered without, typed with its backslash or not.
    done(&bed, &["cp", "-q", "here/some", "cos://private-bucket/[1\\*]"]);
    for typed in ["", "\\[1", "\\\\\\[1\\\\\\*"] {
        let found = complete(&format!("cos ls cos://private-bucket/{typed}"));
        assert!(
            found.contains(&"//private-bucket/\\\\\\[1\\\\\\*\\]".to_owned()),
            "{typed}: {found:?}"
        );
    }
    assert_eq!(complete("cos ls 'cos://private-bucket/\\["), ["cos://private-bucket/\\[1\\*]"]);
    assert_eq!(complete("cos help hel"), ["help"]);
    assert_eq!(done(&bed, &["help", "help"]), done(&bed, &["help"]));
    run(&bed, &["completion", "csh"]).with_code(2).complaining("bash, zsh or fish");
}

#[test]
fn zsh_and_fish_complete_as_well() {
    let bed = Bed::new(Api::V5);
    fs::write(bed.path("f"), "").unwrap();
    done(&bed, &["cp", "-q", "f", "cos://private-bucket/sub dir/it's"]);
    done(&bed, &["cp", "-q", "f", "cos://private-bucket/some"]);
    done(&bed, &["cp", "-q", "f", "cos://private-bucket/wh\\?t[1]"]);
    let fish = "cos completion fish | source; complete -C $argv[1]";
    // In a terminal of its own, zsh says which words the line has become.
    let zsh =
        "zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z 'autoload -Uz compinit; compinit -u -D;\
               eval \"$(cos completion zsh)\"; unsetopt zle_bracketed_paste beep; print be\"\"gun'
               zpty -r -m z text '*begun*'
               zpty -w -n z $1$'\\t\\x01print -rl -- \\x05 e\"\"nd\\n'
               zpty -r -m z text '*end*'; print -r -- $text";
    for (line, there) in [
        ("cos mkd", "mkdir"),
        ("cos help mkd", "mkdir"),
        ("cos -q ls --rev", "--reverse"),
        ("cos ls cos://pr", "cos://private-bucket/"),
        ("cos ls cos://private-bucket/so", "cos://private-bucket/some"),
        ("cos ls cos://private-bucket/sub\\ d", "cos://private-bucket/sub dir/"),
        ("cos ls cos://private-bucket/sub\\ dir/i", "cos://private-bucket/sub dir/it's"),
        ("cos ls cos://private-bucket/w", "cos://private-bucket/wh\\?t\\[1]"),
    ] {
        let found = |shell: &str, arguments: &[&str]| {
            let output = succeed(command(&bed, shell).args(arguments).arg(line));
            let said = String::from_utf8(output.stdout).unwrap();
            let is_it = |found: &str| found.split('\t').next().unwrap().trim_end() == there;
            assert!(said.lines().any(is_it), "{shell}: {line}: {said:?}");
        };
        found("fish", &["--no-config", "-c", fish]);
        found("zsh", &["-f", "-c", zsh, "zsh"]);
    }
    let quoted = "cos ls \"cos://private-bucket/sub d";
    let output = succeed(command(&bed, "fish").args(["--no-config", "-c", fish]).arg(quoted));
    assert_eq!(output.stdout, b"cos://private-bucket/sub dir/\n");
}

#[test]
fn messages_are_in_the_language_of_the_locale() {
    let bed = Bed::new(Api::V4);
    let say = |variables: &[(&str, &str)]| {
        let mut command = cos(&bed, &["lss"]);
        Said::of(command.envs(variables.iter().copied()).output().unwrap()).with_code(2).err
    };
    let chinese = "cos: 没有命令 lss；您是不是要用 ls？\ncos: 参见: cos help\n";
    for variables in [
        &[("LANG", "zh_CN.UTF-8")][..],
        &[("LC_MESSAGES", "zh_TW"), ("LANG", "de_DE")],
        &[("LC_ALL", "zh"), ("LC_MESSAGES", "C")],
    ] {
        assert_eq!(say(variables), chinese);
    }
    for variables in
        [&[][..], &[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")], &[("LANG", "en_US.UTF-8")]]
    {
        assert!(say(variables).contains("there is no command lss"), "{variables:?}");
    }
    fs::write(bed.path("a"), "a").unwrap();
    let mut copy = cos(&bed, &["cp", "a", "a", "cos://private-bucket/"]);
    let said = Said::of(copy.env("LANG", "zh_CN").output().unwrap()).with_code(2).err;
    assert_eq!(said, "cos: cp: a 和 a 不能都复制到 cos://private-bucket/: 它们的名称相同\n");
    let mut help = cos(&bed, &["help"]);
    let help = Said::of(help.env("LANG", "zh_CN").output().unwrap()).with_code(0).out;
    assert!(help.contains("  cp          上传、下载，或在服务内复制\n"), "{help}");
}

/// The strings of C in a text, those that follow one another joined, as they are spelled.
fn strings(text: &str) -> Vec<String> {
    let (mut found, mut current) = (Vec::new(), None::<String>);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '"' || c == '\'' {
            let mut string = String::new();
            while let Some(inner) = chars.next().filter(|inner| *inner != c) {
                string.push(inner);
                if inner == '\\' {
                    string.extend(chars.next());
                }
            }
            if c == '"' {
                current.get_or_insert_default().push_str(&string);
            }
        } else if !c.is_whitespace() {
            found.extend(current.take());
        }
    }
    found.extend(current);
    found
}

/// The first argument of a call, of which `text` is what follows the bracket; or the second.
fn argument(text: &str, number: usize) -> &str {
    let (mut depth, mut start, mut seen, mut quote, mut escaped) = (0, 0, 0, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) => quote = if c == open { None } else { quote },
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth > 0 => depth -= 1,
            (None, ')') => return &text[start..at],
            (None, ',') if depth == 0 && seen == number => return &text[start..at],
            (None, ',') if depth == 0 => (seen, start) = (seen + 1, at + 1),
            _ => {}
        }
    }
    panic!("a call that does not end: {text:.60}");
}

/// What the conversions of a format are, in order.
fn conversions(format: &str) -> Vec<&str> {
    let ends = |rest: &str| rest.find(|c: char| c.is_ascii_alphabetic() && c != 'l').unwrap() + 1;
    format.split('%').skip(1).map(|rest| &rest[..ends(rest)]).collect()
}

/// Whether there is something to translate: two letters besides conversions and example paths.
fn has_words(format: &str) -> bool {
    let mut rest = format.replace("cos://", "").replace("\\n", " ");
    for conversion in conversions(format) {
        rest = rest.replacen(&format!("%{conversion}"), " ", 1);
    }
    let letters: Vec<_> = rest.chars().map(|c| c.is_ascii_alphabetic()).collect();
    letters.windows(2).any(|pair| pair == [true, true])
}

/// All that may be said, by the place where it stands.
fn said_in_sources() -> BTreeMap<String, String> {
    const CALLS: [(&str, usize); 8] = [
        ("complain(", 0),
        ("say(", 0),
        ("print(", 0),
        ("wrong(", 0),
        ("usage(", 0),
        ("in_language(", 0),
        ("ask_for(", 1),
        ("answer_to(", 0),
    ];
    let mut said = BTreeMap::new();
    for path in sources("unix.c").into_iter().filter(|path| !path.ends_with("unix.c")) {
        let text = fs::read_to_string(&path).unwrap();
        let mut add = |strings: Vec<String>| {
            let words = strings.into_iter().filter(|string| has_words(string));
            said.extend(words.map(|string| (string, path.display().to_string())));
        };
        for (call, number) in CALLS {
            for (at, _) in text.match_indices(call) {
                let before = text[..at].chars().next_back().unwrap();
                if !before.is_alphanumeric() && before != '_' {
                    add(strings(argument(&text[at + call.len()..], number)));
                }
            }
        }
        for field in [".summary =", ".details ="] {
            for part in text.split(field).skip(1) {
                add(strings(argument(&format!("{part})"), 0)).into_iter().take(1).collect());
            }
        }
        for constant in text.split("static const char ").skip(1) {
            if path.ends_with("help.c")
                && let Some((_, value)) = constant.split_once("] =\n")
            {
                add(strings(&format!("{}\"", value.split_once("\";\n").unwrap().0)));
            }
        }
        if path.ends_with("options.c") {
            let (_, table) = text.split_once("} OPTIONS[] = {").unwrap();
            let (table, _) = table.split_once("\n};").unwrap();
            add(table.split("\n    {").skip(1).map(|row| strings(row).pop().unwrap()).collect());
        }
    }
    assert!(said.len() > 200, "{}", said.len());
    said
}

#[test]
fn everything_that_is_said_is_in_the_table_of_messages() {
    let text = fs::read_to_string(root().join("cli/messages.h")).unwrap();
    let (_, table) = text.split_once("MESSAGES[] = {").unwrap();
    let pairs = strings(table);
    let table: BTreeMap<_, _> = pairs.chunks(2).map(|pair| (&*pair[0], &*pair[1])).collect();
    let said = said_in_sources();
    for (english, place) in &said {
        let chinese = table.get(&**english);
        assert!(chinese.is_some(), "{place}: not in messages.h: {english}");
        assert_eq!(conversions(english), conversions(chinese.unwrap()), "{english}");
    }
    for (english, chinese) in table {
        assert!(said.contains_key(english), "nobody says this any more: {english}");
        assert!(
            chinese.chars().any(|c| c >= '\u{3000}') || chinese.starts_with("Secret"),
            "{chinese}"
        );
    }
}
