//! Lines, quotes and backslashes.

use super::support::{error, good, read, text};
use crate::waf::seclang::DirectiveKind;

/// The markers of a text.
fn markers(rules: &[u8]) -> Vec<String> {
    let markers = good(rules).into_iter().map(|directive| match directive {
        DirectiveKind::Marker(name) => text(&name),
        other => panic!("{other:?}"),
    });
    markers.collect()
}

#[test]
fn words_are_unquoted_as_apache_does() {
    let cases: &[(&[u8], &str)] = &[
        (br"SecMarker END", "END"),
        (br"SecMarker 'END'", "END"),
        (br"secmarker END", "END"),
        (br#"SecMarker "two words""#, "two words"),
        (br#"SecMarker """#, ""),
        (br#"SecMarker "a\"b""#, "a\\\"b"),
        (br#"SecMarker "it's""#, "it\\'s"),
        (br#"SecMarker 'say "x"'"#, "say \\\"x\\\""),
        (br"SecMarker 'it\'s'", "it\\'s"),
        (br#"SecMarker "it\'s""#, "it\\\\\\'s"),
        (br#"SecMarker "a\\b""#, "a\\\\b"),
        (br#"SecMarker "a\\\\b""#, "a\\\\\\\\b"),
        (br#"SecMarker "a\d""#, "a\\\\d"),
        (br#"SecMarker "a\\""#, "a\\\\"),
        (br"SecMarker a\\b", "a\\\\b"),
        (br#"SecMarker a"b"#, "a\\\"b"),
        (b"\t SecMarker \x0b END \r", "END"),
        (b"SecMarker \"\xff\0\"", "\\xff\\x00"),
    ];
    for (rules, expected) in cases {
        assert_eq!(markers(rules), [*expected], "{}", text(rules));
    }
}

#[test]
fn lines_end_and_go_on_whatever_the_system_they_were_written_on() {
    let cases: &[(&[u8], &[&str])] = &[
        (b"", &[]),
        (b"\n\r\n  \n", &[]),
        (b"\xef\xbb\xbfSecMarker A", &["A"]),
        (b"SecMarker A\nSecMarker B\n", &["A", "B"]),
        (b"SecMarker A\r\nSecMarker B\r\n", &["A", "B"]),
        (b"SecMarker \\\nA\nSecMarker B", &["A", "B"]),
        (b"SecMarker \\\r\n  A\r\nSecMarker B", &["A", "B"]),
        (b"SecMarker \"A\\\n B\"", &["A B"]),
        (b"Sec\\\nMarker A", &["A"]),
        (b"SecMarker A\\", &["A"]),
        (b"SecMarker A \\\n\nSecMarker B", &["A", "B"]),
        (b"# SecMarker A\nSecMarker B", &["B"]),
        (b"  #\nSecMarker B # no comment", &[]),
        (b"# a comment \\\nthat goes on\nSecMarker B", &["B"]),
    ];
    for (rules, expected) in cases {
        let (directives, errors, _) = read(rules);
        let named = directives.iter().map(|directive| match directive {
            DirectiveKind::Marker(name) => text(name),
            other => panic!("{other:?}"),
        });
        assert_eq!(named.collect::<Vec<_>>(), *expected, "{}", text(rules));
        assert_eq!(errors.len(), usize::from(rules.ends_with(b"no comment")));
    }
}

#[test]
fn quotes_that_do_not_fit_are_errors() {
    for (rules, expected) in [
        (r#"SecMarker "a"#, "this quote is not closed"),
        (r#"SecMarker "a\""#, "this quote is not closed"),
        (r"SecMarker 'a", "this quote is not closed"),
        ("SecMarker \"a\\ \nb\"", "this quote is not closed"),
        (r#"SecMarker "a"b"#, "blanks must follow a closing quote"),
    ] {
        let (directives, errors, _) = read(rules);
        assert_eq!(directives, [], "{rules}");
        assert!(errors[0].starts_with(expected), "{rules}: {errors:?}");
    }
    assert_eq!(
        good(r#"SecRule ARGS "x"'id:1'"#).len(),
        1,
        "Apache asks for no blank between two quotes"
    );
}

#[test]
fn a_directive_in_a_comment_that_goes_on_is_warned_of() {
    let (directives, errors, warnings) = read("# note \\\nSecMarker A\nSecMarker B");
    assert_eq!((directives.len(), errors.len()), (1, 0));
    assert!(warnings[0].starts_with("this belongs to the comment above"));
    let (_, _, none) = read("# SecRule ARGS x \\\n#  SecMarker A\n# SecMarker B");
    assert_eq!(none, [""; 0]);
}

#[test]
fn a_comment_within_a_directive_is_an_error() {
    let rules = "SecAction \"id:1,\\\n# phase:1,\\\npass\"";
    assert_eq!(error(rules), "a comment cannot stand inside of a directive");
}

#[test]
fn a_backslash_that_engines_read_in_different_ways_is_warned_of() {
    for (pattern, expected) in [
        (r"[\\/]", 1),
        (r"\\\\", 0),
        (r"\d\\d", 1),
        (r#"\\\""#, 0),
        (r#"\"\'\""#, 0),
        (r"\x5c", 0),
        (r"@contains \\", 0),
        (r"@rx a\\b", 1),
    ] {
        let (_, errors, warnings) = read(format!("SecRule ARGS \"{pattern}\" \"id:1\""));
        assert_eq!(errors, [""; 0]);
        assert_eq!(warnings.len(), expected, "{pattern}: {warnings:?}");
    }
}

#[test]
fn a_directive_has_a_largest_length() {
    let long = format!("SecMarker {}\nSecMarker B", "a".repeat(1 << 20));
    let (directives, errors, _) = read(long);
    assert_eq!(directives.len(), 1);
    assert_eq!(errors, ["the directive is longer than 1048576 bytes"]);
}
