//! The dependency rules of the source tree: which room may know which, and how its files look.
//!
//! The rules are read off paths in the source text: `crate::room`, `super` chains, and the names of
//! the crates that only some rooms may know.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// For each room the rooms that it may name. Those it may not name are above it or beside it.
const ROOMS: &[(&str, &[&str])] = &[
    ("message", &[]),
    ("http1", &["message"]),
    ("waf", &[]),
    ("routing", &["message", "http1"]),
    ("policy", &["message", "http1", "routing"]),
    ("tls", &["message", "http1"]),
    ("upstream", &["message", "http1", "tls"]),
    (
        "config",
        &[
            "message", "http1", "routing", "policy", "tls", "upstream", "waf",
        ],
    ),
    (
        "snapshot",
        &[
            "config", "message", "http1", "routing", "policy", "tls", "upstream", "waf",
        ],
    ),
    (
        "control",
        &[
            "snapshot", "config", "message", "http1", "routing", "policy", "tls", "upstream", "waf",
        ],
    ),
    (
        "proxy",
        &[
            "snapshot", "config", "message", "http1", "routing", "policy", "tls", "upstream",
            "waf", "shutdown",
        ],
    ),
    (
        "admin",
        &[
            "snapshot", "config", "message", "http1", "routing", "policy", "tls", "upstream", "waf",
        ],
    ),
    ("shutdown", &[]),
    ("telemetry", &[]),
    ("echo", &[]),
    ("cli", &["proxy", "telemetry"]),
    (
        "app",
        &[
            "cli",
            "telemetry",
            "shutdown",
            "echo",
            "control",
            "proxy",
            "admin",
            "snapshot",
            "config",
            "tls",
            "upstream",
            "policy",
            "routing",
            "message",
            "waf",
        ],
    ),
    (
        "main",
        &["app", "cli", "telemetry", "shutdown", "echo", "control"],
    ),
    ("lib", &[]),
];

/// Crates that only some places may name, a place being a beginning of a path under `src`.
const CRATES: &[(&str, &[&str])] = &[
    ("kube", &["control"]),
    ("k8s_openapi", &["control"]),
    (
        "hyper",
        &["proxy", "upstream", "admin", "control/admission", "echo"],
    ),
    (
        "hyper_util",
        &["proxy", "upstream", "admin", "control/admission", "echo"],
    ),
    ("h2", &["proxy", "upstream"]),
    ("clap", &["cli", "telemetry", "main"]),
    ("clap_complete", &["cli", "main"]),
    ("clap_mangen", &["cli", "main"]),
    ("anyhow", &["main", "cli", "app"]),
    (
        "prometheus",
        &["proxy/metrics", "admin", "control/metrics", "app"],
    ),
    ("serde_saphyr", &["control"]),
    ("notify", &["control"]),
];

/// Crates that a room may not name at all.
const WITHOUT: &[(&str, &[&str])] = &[
    ("waf", &["tokio", "http", "http_body", "rustls", "socket2"]),
    (
        "http1",
        &["tokio", "http", "http_body", "rustls", "socket2"],
    ),
    (
        "message",
        &["tokio", "http", "http_body", "rustls", "socket2"],
    ),
    (
        "routing",
        &["tokio", "http", "http_body", "rustls", "socket2"],
    ),
    (
        "policy",
        &["tokio", "http", "http_body", "rustls", "socket2"],
    ),
];

/// No file is longer, in lines.
const LONGEST: usize = 800;

/// A file under `src`, with comments and literals blanked.
struct Source {
    /// Relative to `src`.
    path: PathBuf,
    text: String,
    code: String,
}

impl Source {
    /// The room: the first folder, or the name of a file at the top.
    fn room(&self) -> &str {
        let first = self.path.components().next().unwrap();
        Path::new(first.as_os_str())
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
    }

    /// Whether it is compiled for tests alone.
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs")
            || self
                .path
                .components()
                .any(|part| part.as_os_str() == "tests")
    }

    /// The path without its extension, with slashes.
    fn place(&self) -> String {
        self.path
            .with_extension("")
            .to_str()
            .unwrap()
            .replace('\\', "/")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = blanked(&text);
                sources.push(Source {
                    path: path.strip_prefix(&root).unwrap().into(),
                    text,
                    code,
                });
            }
        }
    }
    assert!(sources.len() > 20, "the sources were not found");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The text with comments and the insides of literals replaced by blanks, line feeds kept.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut blank = |range: std::ops::Range<usize>| {
        for byte in &mut out[range] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = if rest.starts_with(b"//") {
            rest.iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            text[at..].find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if rest[0] == b'"' {
            string(rest)
        } else if rest[0] == b'\'' {
            character(rest)
        } else {
            at += 1;
            continue;
        };
        blank(at..at + length);
        at += length;
    }
    String::from_utf8(out).unwrap()
}

/// The length of a raw string that begins here.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest
        .strip_prefix(b"r")?
        .iter()
        .take_while(|byte| **byte == b'#')
        .count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let end = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let body = 2 + hashes;
    let length = rest[body..]
        .windows(end.len())
        .position(|window| window == end)
        .unwrap();
    Some(body + length + end.len())
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// The length of a character literal, or 1 for a lifetime's apostrophe.
fn character(rest: &[u8]) -> usize {
    match rest {
        [_, b'\\', _, tail @ ..] => 3 + tail.iter().position(|byte| *byte == b'\'').unwrap() + 1,
        [_, first, ..] if *first < 0x80 && rest.get(2) != Some(&b'\'') => 1,
        _ => 1 + rest[1..].iter().position(|byte| *byte == b'\'').unwrap() + 1,
    }
}

/// The words that follow `prefix` wherever it stands in the code, braces of a `use` included.
fn named_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(heads_of_group(group)),
            None => names.extend(word(rest)),
        }
    }
    names
}

/// The first word of each path in a brace group, whose opening brace is gone.
fn heads_of_group(group: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let (mut depth, mut start) = (1, 0);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                names.extend(word(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            names.extend(word(group[start..at].trim_start()));
            break;
        }
    }
    names
}

fn word(text: &str) -> Option<String> {
    let end = text
        .find(|char: char| !(char.is_alphanumeric() || char == '_'))
        .unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The code without what is compiled for tests alone: tests may reach wherever they want.
fn shipped(source: &Source) -> &str {
    if source.is_test() {
        return "";
    }
    let code = source.code.as_str();
    // A module of tests that stands inline is the last thing in its file.
    let end = code
        .match_indices("#[cfg(test)]")
        .find_map(|(at, attribute)| {
            let item = code[at + attribute.len()..].trim_start();
            let inline = item.starts_with("mod ") && item.split('{').next()?.find(';').is_none();
            inline.then_some(at)
        });
    &code[..end.unwrap_or(code.len())]
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn dependencies_point_down_only() {
    let rooms: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let mut faults = Vec::new();
    for source in sources() {
        let room = source.room();
        let Some(allowed) = rooms.get(room) else {
            faults.push(format!(
                "src/{}: {room} is not a room",
                source.path.display()
            ));
            continue;
        };
        let code = shipped(&source);
        let mut named = named_after(code, "crate::");
        named.extend(named_after(code, "portcullis::"));
        for name in named {
            if rooms.contains_key(name.as_str()) && name != room && !allowed.contains(&&*name) {
                faults.push(format!(
                    "src/{}: {room} may not know {name}",
                    source.path.display()
                ));
            }
        }
    }
    report(&faults);
}

#[test]
fn crates_are_named_in_their_rooms_only() {
    let mut faults = Vec::new();
    for source in sources() {
        let code = shipped(&source);
        let place = source.place();
        let named = |name: &str| {
            !named_after(code, &format!("{name}::")).is_empty()
                || code.contains(&format!("use {name};"))
        };
        for (name, places) in CRATES {
            let allowed = places.iter().any(|allowed| {
                place
                    .strip_prefix(allowed)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if !allowed && named(name) {
                faults.push(format!("src/{place}.rs may not name {name}"));
            }
        }
        for (room, names) in WITHOUT {
            for name in *names {
                if source.room() == *room && named(name) {
                    faults.push(format!("src/{place}.rs may not name {name}"));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn a_mod_file_holds_documentation_mod_and_use_only() {
    let mut faults = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.path.ends_with("mod.rs"))
    {
        let mut depth = 0_usize;
        for line in source.code.lines().map(str::trim) {
            let item = [
                "pub mod ",
                "pub use ",
                "mod ",
                "use ",
                "pub(crate) mod ",
                "pub(crate) use ",
            ]
            .iter()
            .chain(&["pub(super) mod ", "pub(super) use ", "pub(in "])
            .any(|start| line.starts_with(start));
            if depth == 0 && !line.is_empty() && !line.starts_with('#') && !item {
                faults.push(format!("src/{}: {line}", source.path.display()));
                break;
            }
            if item || depth > 0 {
                depth += line.matches('{').count();
                depth -= line.matches('}').count();
            }
        }
    }
    report(&faults);
}

#[test]
fn no_file_is_longer_than_a_reader_can_bear() {
    let long = sources()
        .into_iter()
        .map(|source| (source.text.lines().count(), source.path));
    let faults: Vec<_> = long
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, path)| format!("src/{} has {lines} lines", path.display()))
        .collect();
    report(&faults);
}

#[test]
fn every_file_says_what_it_is_for() {
    let faults: Vec<_> = sources()
        .iter()
        .filter(|source| !source.is_test() && !source.text.starts_with("//! "))
        .map(|source| format!("src/{} has no documentation", source.path.display()))
        .collect();
    report(&faults);
}

#[test]
fn names_that_say_nothing_are_not_used() {
    let mut faults = Vec::new();
    for source in sources() {
        for kind in ["struct ", "enum ", "trait ", "type "] {
            for name in named_after(&source.code, kind) {
                let empty = ["Manager", "Helper", "Util", "Utils", "Ctx"];
                if empty.iter().any(|end| name.ends_with(end)) {
                    faults.push(format!("src/{}: {name}", source.path.display()));
                }
            }
        }
        for name in named_after(&source.code, "fn ") {
            if name.starts_with("get_") {
                faults.push(format!("src/{}: {name}", source.path.display()));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_reader_of_sources_is_not_fooled_by_comments_and_literals() {
    let text = r###"
        // crate::proxy
        /* crate::proxy */
        let a = "crate::proxy \" crate::proxy"; let b = r#"crate::proxy "crate::proxy"#;
        let c = '"'; let d = '\''; fn e<'a>(x: &'a str) {} let f = 'é';
        use crate::{admin::{Status, proxy}, config::Config, tls};
        let g = mycrate::proxy; let h = crate::control::Store;
    "###;
    let named: Vec<_> = named_after(&blanked(text), "crate::").into_iter().collect();
    assert_eq!(named, ["admin", "config", "control", "tls"]);
}
