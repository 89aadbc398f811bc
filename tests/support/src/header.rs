//! What `cos.h` declares, read from its text.

use std::fs;

/// An exported function.
pub struct Function {
    pub name: String,
    /// The type that it returns, such as `char *`.
    pub returns: String,
    /// The comment above it, without the stars.
    pub comment: String,
    /// Type and name of each parameter, such as `const char *bucket`.
    pub parameters: Vec<String>,
}

impl Function {
    /// The names of the parameters that are pointers, to functions as well.
    pub fn pointers(&self) -> impl Iterator<Item = &str> {
        let pointers =
            self.parameters.iter().filter(|text| text.contains('*') || is_callback(text));
        pointers.map(|text| text.rsplit([' ', '*']).next().unwrap())
    }
}

fn is_callback(parameter: &str) -> bool {
    parameter.contains("_fn ")
}

pub fn text() -> String {
    fs::read_to_string(crate::root().join("include/cos.h")).unwrap()
}

/// The number of the binary interface.
pub fn abi_version() -> String {
    let text = text();
    let version = text.lines().find_map(|line| line.strip_prefix("#define COS_ABI_VERSION "));
    version.unwrap().to_owned()
}

/// The exported functions, in their order.
pub fn functions() -> Vec<Function> {
    let functions: Vec<_> = text().split("/**").skip(1).filter_map(function).collect();
    assert!(functions.len() > 20, "cos.h can't be read any more");
    functions
}

fn function(section: &str) -> Option<Function> {
    let (comment, code) = section.split_once("*/")?;
    let code: Vec<_> = code.lines().filter(|line| !line.starts_with('#')).collect();
    let code = code.join(" ");
    let (declaration, _) = code.split_once(';')?;
    let declaration = declaration.trim().strip_prefix("COS_API")?.strip_suffix(')')?;
    let (head, parameters) = declaration.split_once('(')?;
    let lines = comment.lines().map(|line| line.trim_start_matches([' ', '*']));
    let parameters = parameters.split(',').map(|text| text.trim().to_owned());
    let name = head.rsplit([' ', '*']).next()?;
    Some(Function {
        name: name.to_owned(),
        returns: head.strip_suffix(name)?.trim().to_owned(),
        comment: lines.collect::<Vec<_>>().join("\n"),
        parameters: parameters.filter(|text| text != "void").collect(),
    })
}

/// The names of `enum cos_code`.
pub fn codes() -> Vec<String> {
    let text = text();
    let (_, rest) = text.split_once("typedef enum {").unwrap();
    let (body, _) = rest.split_once("} cos_code;").unwrap();
    let names = body.lines().filter_map(|line| line.trim().split_once(" = "));
    names.map(|(name, _)| name.to_owned()).filter(|name| name.starts_with("COS_")).collect()
}
