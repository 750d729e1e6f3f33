//! Texts, numbers and encodings.

use super::{check, compile, evaluate};
use crate::waf::operators::Outcome;

/// An operator, its argument, a value, and what is captured of it if it matches.
type Captured = (
    &'static str,
    &'static [u8],
    &'static [u8],
    Option<&'static [u8]>,
);

#[test]
fn texts_compare_byte_by_byte() {
    let cases: &[(&str, &[u8], &[u8], bool)] = &[
        ("beginsWith", b"ab", b"abc", true),
        ("beginsWith", b"ab", b"Abc", false),
        ("beginsWith", b"ab", b"a", false),
        ("beginsWith", b"", b"", true),
        ("endsWith", b"bc", b"abc", true),
        ("endsWith", b"bc", b"abcd", false),
        ("endsWith", b"\xff", b"a\xff", true),
        ("contains", b"b", b"abc", true),
        ("contains", b"", b"", true),
        ("contains", b"bd", b"abc", false),
        ("contains", b"\0\n", b"a\0\n", true),
        ("streq", b"abc", b"abc", true),
        ("streq", b"abc", b"abc ", false),
        ("streq", b"abc", b"ABC", false),
        ("within", b"GET POST HEAD", b"POST", true),
        ("within", b"GET POST HEAD", b"", true),
        ("within", b"GET POST HEAD", b"post", false),
        ("within", b"GET", b"GETS", false),
        ("containsWord", b"ls", b"ls", true),
        ("containsWord", b"ls", b"a;ls -l", true),
        ("containsWord", b"ls", b"also ls_ 1ls ls2", false),
        ("containsWord", b"ls", b"\xe9ls\xe9", true),
        ("containsWord", b"ls", b"", false),
        ("containsWord", b"", b"x", true),
        ("containsWord", b"a-a", b"a-a-ab", true),
        ("containsWord", b"-a-", b"x-a-a-", false),
        ("containsWord", b"-a-", b"x-a-a- -a- ", true),
        ("strmatch", b"WebZIP", b"like WebZIP/1", true),
        ("strmatch", b"WebZIP", b"webzip", false),
        ("strmatch", br#""a |3b 3B|\;""#, b"xa ;;;", true),
        ("strmatch", b"a|b", b"a|b", true),
        ("noMatch", b"", b"a", false),
        ("geoLookup", b"", b"192.0.2.1", false),
        ("unconditionalMatch", b"", b"", true),
        ("UNCONDITIONALMATCH", b"", b"", true),
    ];
    for (name, argument, input, expected) in cases {
        check(name, argument, input, *expected);
    }
}

#[test]
fn numbers_are_what_values_begin_with() {
    let cases: &[(&str, &[u8], &[u8], bool)] = &[
        ("eq", b"0", b"", true),
        ("eq", b"0", b"abc", true),
        ("eq", b"15", b" \t+15px", true),
        ("eq", b"-3", b"-3", true),
        ("eq", b"0", b"- 3", true),
        ("eq", b"0", b"0x10", true),
        ("ge", b"5", b"5", true),
        ("ge", b"5", b"4.9", false),
        ("gt", b"5", b"5", false),
        ("gt", b"5", b"00006", true),
        ("le", b"5", b"5", true),
        ("lt", b"5", b"-5", true),
        ("lt", b"5", b"5", false),
        ("gt", b"100000", b"4294967296", true),
        ("gt", b"100000", b"99999999999999999999999999", true),
        ("lt", b"0", b"-99999999999999999999999999", true),
    ];
    for (name, argument, input, expected) in cases {
        check(name, argument, input, *expected);
    }
}

#[test]
fn faults_of_encodings_are_matches() {
    let cases: &[(&str, &[u8], &[u8], bool)] = &[
        ("validateByteRange", b"32-126,9, 10 - 13", b"a\t\r\n", false),
        ("validateByteRange", b"32-126", b"a\0", true),
        ("validateByteRange", b"1-255", b"\x01\xff", false),
        ("validateByteRange", b"0", b"", false),
        ("validateUrlEncoding", b"", b"a%41%ff", false),
        ("validateUrlEncoding", b"", b"%", true),
        ("validateUrlEncoding", b"", b"%4", true),
        ("validateUrlEncoding", b"", b"%4g", true),
        ("validateUrlEncoding", b"", b"%%41", true),
        (
            "validateUtf8Encoding",
            b"",
            b"a\xc3\xa9\xf4\x8f\xbf\xbf",
            false,
        ),
        ("validateUtf8Encoding", b"", b"\xc3", true),
        ("validateUtf8Encoding", b"", b"\xc0\xaf", true),
        ("validateUtf8Encoding", b"", b"\xe0\x80\xaf", true),
        ("validateUtf8Encoding", b"", b"\xed\xa0\x80", true),
        ("validateUtf8Encoding", b"", b"\xf5\x80\x80\x80", true),
        ("validateUtf8Encoding", b"", b"\xf4\x90\x80\x80", true),
        ("validateUtf8Encoding", b"", b"\x80", true),
    ];
    for (name, argument, input, expected) in cases {
        check(name, argument, input, *expected);
    }
}

#[test]
fn numbers_are_verified_by_their_check_digits() {
    let cases: &[Captured] = &[
        (
            "verifyCC",
            br"\d{13,16}",
            b"no 4111111111111111!",
            Some(b"4111111111111111"),
        ),
        ("verifyCC", br"\d{16}", b"4111111111111112", None),
        (
            "verifyCC",
            br"[\d -]{19}",
            b"5500-0000-0000-0004",
            Some(b"5500-0000-0000-0004"),
        ),
        // The first candidate is none, but one begins inside it.
        (
            "verifyCC",
            br"\d{16}",
            b"94111111111111111",
            Some(b"4111111111111111"),
        ),
        (
            "verifyCC",
            br"^\d{16}$",
            b"a\n4111111111111111\nb",
            Some(b"4111111111111111"),
        ),
        ("verifyCC", br"\D+", b"abc", None),
        ("verifyCC", br"\d*", b"", None),
        (
            "verifyCPF",
            br"[\d.-]{14}",
            b"529.982.247-25",
            Some(b"529.982.247-25"),
        ),
        ("verifyCPF", br"\d{11}", b"52998224726", None),
        ("verifyCPF", br"\d{11}", b"11111111111", None),
        (
            "verifySSN",
            br"\d{3}-\d\d-\d{4}",
            b"x 078-05-1120",
            Some(b"078-05-1120"),
        ),
        ("verifySSN", br"\d{9}", b"666051120", None),
        ("verifySSN", br"\d{9}", b"078001120", None),
        ("verifySSN", br"\d{9}", b"123456789", None),
        ("verifySSN", br"\d{9}", b"740051120", None),
        (
            "verifySVNR",
            br"\d{4} ?\d{6}",
            b"1237 010180",
            Some(b"1237 010180"),
        ),
        ("verifySVNR", br"\d{10}", b"1236010180", None),
    ];
    for (name, argument, input, expected) in cases {
        let shown = format!("@{name} {}", input.escape_ascii());
        let (outcome, captured) = evaluate(&compile(name, argument), b"", input);
        assert_eq!(outcome, Outcome::matched(expected.is_some()), "{shown}");
        assert_eq!(captured.as_deref(), *expected, "{shown}");
    }
}

#[test]
fn candidates_without_end_count_as_a_match() {
    let (outcome, _) = evaluate(&compile("verifyCC", br"\D+"), b"", &[b'a'; 40_000]);
    assert_eq!(outcome, Outcome::EXHAUSTED);
}

#[test]
fn injections_capture_the_fingerprint_or_the_value() {
    let cases: &[Captured] = &[
        ("detectSQLi", b"", b"1' OR '1'='1", Some(b"s&sos")),
        ("detectSQLi", b"", b"hello", None),
        ("detectXSS", b"", b"<script>", Some(b"<script>")),
        ("detectXSS", b"", b"hello", None),
    ];
    for (name, argument, input, expected) in cases {
        let (outcome, captured) = evaluate(&compile(name, argument), b"", input);
        assert_eq!(outcome, Outcome::matched(expected.is_some()), "@{name}");
        assert_eq!(captured.as_deref(), *expected, "@{name}");
    }
}
