use super::*;

fn decoded(charset: &str, input: &[u8]) -> (CharsetOutcome, String) {
    let mut out = b">".to_vec();
    let outcome = to_utf8(charset.as_bytes(), input, &mut out);
    (outcome, String::from_utf8(out).unwrap().split_off(1))
}

#[test]
fn charsets_that_contain_ascii_are_left_alone() {
    for charset in [
        "utf-8",
        " UTF-8",
        "us-ascii",
        "ISO-8859-1",
        "windows-1252",
        "shift_jis",
        "gbk",
    ] {
        let expected = (CharsetOutcome::AsIs, String::new());
        assert_eq!(decoded(charset, b"<\xff>"), expected, "{charset}");
    }
}

#[test]
fn charsets_that_are_not_known_are_told() {
    for charset in [
        "",
        "none",
        "ibm273",
        "hz-gb-2312",
        "iso-2022-kr",
        "utf-8,utf-7",
        "x\u{ff}",
    ] {
        let expected = (CharsetOutcome::Unknown, String::new());
        assert_eq!(decoded(charset, b"x"), expected, "{charset}");
    }
}

#[test]
fn texts_are_decoded() {
    let table: &[(&str, &[u8], &str)] = &[
        (
            "UTF-7",
            b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
            "<script>alert(1)</script>",
        ),
        ("utf-7", b"1 +- 2+AD0 3+2D3eAA-.", "1 + 2= 3\u{1f600}."),
        ("utf-16le", b"<\0\xe9\0\x3d\xd8\x00\xde", "<\u{e9}\u{1f600}"),
        ("utf-16be", b"\0<\0s", "<s"),
        ("utf-16be", b"\xfe\xff\0<", "<"),
        ("UTF-16", b"\xff\xfe<\0", "<"),
        ("utf-16", b"\xfe\xff\0<", "<"),
        ("utf-16", b"<\0s\0", "<s"),
        ("utf-16", b"\0<\0s", "<s"),
        ("utf-32", b"\0\0\0<\0\x01\xf6\x00", "<\u{1f600}"),
        ("utf-32", b"\xff\xfe\0\0<\0\0\0", "<"),
        ("utf-32le", b"<\0\0\0", "<"),
        (
            "ibm037",
            b"\x4c\xa2\x83\x99\x89\x97\xa3\x6e\x25\xba\xbb",
            "<script>\n[]",
        ),
        ("IBM500", b"\x4a\x5a\x4f\xbb", "[]!|"),
        ("cp1047", b"\xad\xbd\x5f", "[]^"),
        ("cp1140", b"\x9f", "\u{20ac}"),
        ("iso-2022-jp", b"a\x1b$B\x30\x21\x1b(B", "a\u{4e9c}"),
    ];
    for &(charset, input, expected) in table {
        let expected = (CharsetOutcome::Decoded, expected.to_owned());
        assert_eq!(decoded(charset, input), expected, "{charset}");
    }
}

#[test]
fn malformed_texts_are_decoded_as_far_as_they_go_and_told() {
    let table: &[(&str, &[u8], &str)] = &[
        ("utf-7", b"a+", "a"),
        ("utf-7", b"+AD-x", "x"),
        ("utf-7", b"+ADx-", "<"),
        ("utf-7", b"+2D0-x", "\u{fffd}x"),
        ("utf-16le", b"<\0x", "<\u{fffd}"),
        ("utf-16le", b"\0\xd8<\0", "\u{fffd}<"),
        ("utf-32be", b"\0\x11\0\0\0\0\0<", "\u{fffd}<"),
        ("utf-32be", b"\0\0\0<\0", "<\u{fffd}"),
        ("iso-2022-jp", b"\xff<", "\u{fffd}<"),
    ];
    for &(charset, input, expected) in table {
        let expected = (CharsetOutcome::Malformed, expected.to_owned());
        assert_eq!(decoded(charset, input), expected, "{charset} {expected:?}");
    }
}

#[test]
fn charsets_are_told_by_first_bytes() {
    let table: &[(&[u8], Option<&[u8]>)] = &[
        (b"", None),
        (b"{", None),
        (b"{}", None),
        (b"\xef\xbb\xbf{}", None),
        (b"{\0}\0", Some(b"utf-16le")),
        (b"\0{\0}", Some(b"utf-16be")),
        (b"\xff\xfe{\0", Some(b"utf-16le")),
        (b"\xfe\xff\0{", Some(b"utf-16be")),
        (b"\xff\xfe\0\0", Some(b"utf-32le")),
        (b"\0\0\0{", Some(b"utf-32be")),
        (b"{\0\0\0", Some(b"utf-32le")),
        (b"+/v8-", Some(b"utf-7")),
        (b"\x4c\x6f\xa7\x94\x93", Some(b"ibm037")),
    ];
    for &(input, expected) in table {
        assert_eq!(sniff(input), expected, "{input:?}");
        if let Some(charset) = expected {
            let outcome = to_utf8(charset, input, &mut Vec::new());
            assert_ne!(outcome, CharsetOutcome::Unknown);
        }
    }
}
