//! Files that include files.

use super::support::{messages, text};
use crate::waf::seclang::{
    DirectiveKind, FileError, Memory, NoFiles, Parsed, RuleFiles, SourceMap, Trust, parse,
};

fn memory(files: &[(&str, &str)]) -> Memory {
    let files = files.iter();
    files.map(|&(name, text)| (name, text.as_bytes())).collect()
}

fn read(files: &Memory, rules: &str) -> (SourceMap, Parsed) {
    let mut sources = SourceMap::default();
    let parsed = parse(
        &mut sources,
        files,
        Trust::Tenant,
        "main.conf",
        rules.as_bytes(),
    );
    (sources, parsed)
}

/// The markers, and the errors.
fn markers(files: &Memory, rules: &str) -> (Vec<String>, Vec<String>) {
    let (directives, errors, _) = messages(read(files, rules).1);
    let markers = directives.into_iter().map(|directive| match directive {
        DirectiveKind::Marker(name) => text(&name),
        other => panic!("{other:?}"),
    });
    (markers.collect(), errors)
}

#[test]
fn included_files_stand_where_they_are_included() {
    let files = memory(&[
        ("a.conf", "SecMarker a"),
        ("rules/b.conf", "SecMarker b\nInclude c.conf"),
        ("rules/c.conf", "SecMarker c"),
        ("rules/deep/d.conf", "SecMarker d\nInclude ../c.conf"),
        ("rules/.hidden.conf", "SecMarker hidden"),
    ]);
    for (rules, expected) in [
        ("SecMarker 1\nInclude a.conf\nSecMarker 2", "1 a 2"),
        ("Include \"./rules/../a.conf\"", "a"),
        ("Include rules/b.conf", "b c"),
        ("Include rules/*.conf", "b c c"),
        ("Include */[c-d]*", "c"),
        ("Include rules/*/?.conf", "d c"),
        ("Include a.conf\nInclude a.conf", "a a"),
        ("IncludeOptional none.conf\nIncludeOptional a.conf", "a"),
    ] {
        let (found, errors) = markers(&files, rules);
        assert_eq!(
            (found.join(" "), errors),
            (expected.to_owned(), vec![]),
            "{rules}"
        );
    }
}

#[test]
fn files_that_cannot_be_included_are_errors() {
    let files = memory(&[
        ("a.conf", "SecMarker a"),
        ("self.conf", "SecMarker s\nInclude ./self.conf"),
        ("ping.conf", "Include pong.conf"),
        ("pong.conf", "Include ping.conf"),
    ]);
    for (rules, expected) in [
        (
            "Include none.conf",
            "`none.conf` cannot be included: there is no such file",
        ),
        (
            "Include no*.conf",
            "`no*.conf` cannot be included: there is no such file",
        ),
        (
            "Include ../a.conf",
            "`../a.conf` cannot be included: it lies outside of the rule set",
        ),
        (
            "IncludeOptional ../a.conf",
            "`../a.conf` cannot be included: it lies outside of the rule set",
        ),
        (
            "Include /etc/passwd",
            "`/etc/passwd` cannot be included: it lies outside of the rule set",
        ),
        ("Include \"\"", "`` cannot be included: it is not a path"),
        (
            "Include \"\u{0}\"",
            "`\\x00` cannot be included: it is not a path",
        ),
        ("Include self.conf", "`self.conf` includes itself"),
        ("Include ping.conf", "`ping.conf` includes itself"),
    ] {
        assert_eq!(markers(&files, rules).1, [expected], "{rules}");
    }
    assert_eq!(NoFiles.read("", b"a.conf"), Err(FileError::NoFiles));
}

#[test]
fn findings_and_directives_name_the_file_they_are_in() {
    let files = memory(&[("a.conf", "\nSecMarker a\nSecMarker")]);
    let (sources, parsed) = read(&files, "Include a.conf\nSecMarker b");
    let place = |span| {
        let place = sources.locate(span);
        format!("{}:{}:{}", place.file, place.line, place.column)
    };
    assert_eq!(place(parsed.errors[0].span), "a.conf:3:1");
    let places = parsed
        .directives
        .iter()
        .map(|directive| place(directive.span));
    assert_eq!(places.collect::<Vec<_>>(), ["a.conf:2:1", "main.conf:2:1"]);
}

#[test]
fn depth_number_and_size_of_files_are_bounded() {
    let chain: Memory = (0..40)
        .map(|at| {
            (
                format!("{at}"),
                format!("SecMarker {at}\nInclude {}", at + 1).into_bytes(),
            )
        })
        .collect();
    let (found, errors) = markers(&chain, "Include 0");
    assert_eq!(found.len(), 15);
    assert_eq!(errors, ["files include one another more than 16 deep"]);

    // Each includes the next twice: two to the power of the depth.
    let tree: Memory = (0..15)
        .map(|at| {
            (
                format!("{at}"),
                format!("Include {0}\nInclude {0}", at + 1).into_bytes(),
            )
        })
        .chain([("15".to_owned(), b"SecMarker x".to_vec())])
        .collect();
    let (_, errors) = markers(&tree, "Include 3");
    assert_eq!(
        errors,
        ["a rule set is at most 1000 files and 2097152 bytes; the rest is not read"]
    );

    let mut large = Memory::default();
    large.insert("large.conf", vec![b'#'; 3 << 19]);
    let (_, errors) = markers(
        &large,
        "Include large.conf\nInclude large.conf\nSecMarker x",
    );
    assert_eq!(errors.len(), 1);
}

#[test]
fn no_more_than_so_many_errors_are_kept() {
    let (_, errors) = markers(&Memory::default(), &"Nothing\n".repeat(10_000));
    assert_eq!(errors.len(), 201);
    assert_eq!(errors[200], "that is 200 errors; the rest is not read");
}
