//! Lists of phrases and addresses.

use std::sync::Arc;

use super::{check, compile_with, evaluate};
use crate::waf::operators::{Limits, Operator, OperatorError, OperatorWarning, Outcome};
use crate::waf::seclang::{FileError, Memory};

/// An argument of `@pm`, a value, and the phrase that is found.
type Phrases = (&'static [u8], &'static [u8], Option<&'static [u8]>);

#[test]
fn phrases_are_found_in_any_case_and_captured_as_written() {
    let cases: &[Phrases] = &[
        (b"union select", b"1 UnIoN 2", Some(b"union")),
        (b"Union", b"union", Some(b"Union")),
        (b"union", b"", None),
        (b"ab abc bc", b"abc", Some(b"ab")),
        (b"bc abc", b"xabc", Some(b"abc")),
        (b"\"a b\"", b"b", Some(b"b")),
        (b"a|20|b", b"A B", Some(b"a b")),
        (b"a|20|b", b"ab", None),
        (b"|00 FF|", b"\0\xff", Some(b"\0\xff")),
        (b"a|b", b"xa|b", Some(b"a|b")),
        (b"|4", b"|4", Some(b"|4")),
        (b"||", b"a||b", Some(b"||")),
        (br"\;\:", b";:", Some(b";:")),
        (br"C:\\a", br"c:\A", Some(br"C:\a")),
        (br"\windows\", br"x\WINDOWS\", Some(br"\windows\")),
        (b"\xc3\x89", b"\xc3\xa9", None),
        (b"\n", b"x", None),
    ];
    for (argument, input, expected) in cases {
        let shown = argument.escape_ascii().to_string();
        let (operator, _) = compile_with("pm", argument, &Memory::default(), Limits::default());
        let Ok(operator) = operator else {
            assert_eq!(operator.unwrap_err(), OperatorError::NoArgument("pm"));
            continue;
        };
        let (outcome, captured) = evaluate(&operator, b"", input);
        assert_eq!(outcome, Outcome::matched(expected.is_some()), "{shown}");
        assert_eq!(captured.as_deref(), *expected, "{shown}");
    }
}

#[test]
fn files_have_a_phrase_or_an_address_a_line() {
    let files: Memory = [
        (
            "rules/words",
            &b"# none\r\n\r\n  two words \r\n# x\n#\nFFI\\\\CData\nlast"[..],
        ),
        ("rules/more", b"more\n"),
        ("rules/none", b"# nothing\n"),
        (
            "rules/ips",
            b"# us\n 192.0.2.0/24 \n2001:db8::/32 # them\n\n10.1.2.3",
        ),
        ("rules/bad", b"192.0.2.1\n192.0.2.256\n"),
    ]
    .map(|(name, text)| (name, Arc::<[u8]>::from(text)))
    .into_iter()
    .collect();
    let compile = |name, argument: &[u8]| compile_with(name, argument, &files, Limits::default());

    for (name, argument) in [
        ("pmFromFile", &b"words more"[..]),
        ("pmf", b" more\twords "),
    ] {
        let operator = compile(name, argument).0.unwrap();
        let Operator::Pm(pm) = &operator else {
            panic!("{operator:?}");
        };
        assert_eq!(pm.words().len(), 4);
        for word in [&b"TWO WORDS"[..], b"ffi\\cdata", b"last", b"more"] {
            assert!(pm.is_match(word), "{}", word.escape_ascii());
        }
        assert!(!pm.is_match(b"# none"));
    }
    for name in ["ipMatchFromFile", "ipmatchf"] {
        let operator = compile(name, b"ips").0.unwrap();
        for (input, expected) in [
            ("192.0.2.9", true),
            ("2001:db8::1", true),
            ("10.1.2.4", false),
        ] {
            let (outcome, _) = evaluate(&operator, b"", input.as_bytes());
            assert_eq!(outcome.matched, expected, "{input}");
        }
    }
    for name in ["pmFromFile", "ipMatchFromFile"] {
        let (operator, warnings) = compile(name, b"none");
        let (outcome, _) = evaluate(&operator.unwrap(), b"", b"");
        assert!(!outcome.matched);
        let path = "none".to_owned();
        assert_eq!(warnings, [OperatorWarning::EmptyFile { name, path }]);
        assert_eq!(
            compile(name, b" ").0.unwrap_err(),
            OperatorError::NoArgument(name)
        );
        assert!(matches!(
            compile(name, b"missing").0.unwrap_err(),
            OperatorError::File { path, error: FileError::NotFound } if path == "missing"
        ));
    }
    let error = compile("ipMatchFromFile", b"bad").0.unwrap_err();
    assert!(
        error.to_string().starts_with("rules/bad:2: `192.0.2.256`"),
        "{error}"
    );
}

#[test]
fn addresses_are_looked_up_in_networks() {
    let list =
        b"127.0.0.1, 10.0.0.9/8,192.168.1.0/24 ,192.168.1.128/25,::1,2001:db8::/32,::ffff:9.9.9.9";
    let cases: &[(&[u8], bool)] = &[
        (b"127.0.0.1", true),
        (b"127.0.0.2", false),
        (b"10.255.255.255", true),
        (b"11.0.0.0", false),
        (b"192.168.1.200", true),
        (b"192.168.2.0", false),
        (b"::1", true),
        (b"0:0:0:0:0:0:0:1", true),
        (b"2001:DB8:ffff::", true),
        (b"2001:db9::", false),
        (b"::ffff:10.1.1.1", true),
        (b"::ffff:9.9.9.9", true),
        (b"9.9.9.9", false),
        (b"", false),
        (b" 127.0.0.1", false),
        (b"127.0.0.1\0", false),
        (b"127.0.0.01", false),
        (b"127.1", false),
        (b"10.0.0.0/8", false),
        (b"fe80::1%eth0", false),
        (b"\xff", false),
    ];
    for (input, expected) in cases {
        check("ipMatch", list, input, *expected);
    }
    check("ipMatch", b"0.0.0.0/0", b"255.255.255.255", true);
    check("ipMatch", b"::/0", b"ffff::", true);
}

#[test]
fn lists_have_limits() {
    let limits = Limits {
        phrases: 8,
        addresses: 1,
        ..Limits::default()
    };
    let cases: &[(&str, &[u8], Option<OperatorError>)] = &[
        ("pm", b"abcd efgh", None),
        ("pm", b"abcd efghi", Some(OperatorError::TooManyPhrases(8))),
        ("ipMatch", b"::1", None),
        (
            "ipMatch",
            b"::1,::2",
            Some(OperatorError::TooManyAddresses(1)),
        ),
    ];
    for (name, argument, expected) in cases {
        let (operator, _) = compile_with(name, argument, &Memory::default(), limits);
        assert_eq!(operator.err(), *expected, "@{name}");
    }
}
