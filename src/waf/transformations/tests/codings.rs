//! What is decoded and encoded.

use super::super::{Transformation::*, best_fit};
use super::support::check;

#[test]
fn base64_is_read_as_far_as_it_goes() {
    check(
        Base64Decode,
        &[
            (b"", b""),
            (b"VGVzdA==", b"Test"),
            (b"VGVzdA", b"Test"),
            (b"VGVzdENhc2U", b"TestCase"),
            // One character more makes no byte, two make one.
            (b"VGVzV", b"Tes"),
            (b"VGVzVG", b"TesT"),
            (b"VG VzdA==", b"T"),
            (b"VGVz=VGVz", b"Tes"),
            (b"VGVz\0VGVz", b"Tes"),
            (b"-VGVz", b""),
            (b"+/+/", b"\xfb\xff\xbf"),
        ],
    );
    check(
        Base64DecodeExt,
        &[
            (b"VG Vz\0dA==", b"Test"),
            (b".V-G_V?z", b"Tes"),
            (b"VGVz=VGVz", b"TesTes"),
            // Padding by itself after six bits.
            (b"VGVzV=", b""),
            (b"VGVzV=x", b""),
            (b"VGVzV", b"Tes"),
            (b"VGVzV==", b""),
            (b"VGVzVG=", b"TesT"),
        ],
    );
    check(
        Base64Encode,
        &[
            (b"T", b"VA=="),
            (b"Te", b"VGU="),
            (b"Tes", b"VGVz"),
            (b"\xfb\xff\xbf\0", b"+/+/AA=="),
        ],
    );
}

#[test]
fn escapes_of_css_are_decoded() {
    check(
        CssDecode,
        &[
            (b"test\\a\\b\\f\\n\\r\\t", b"test\x0a\x0b\x0fnrt"),
            (
                b"\\1A\\1 A\\01\\123456\\0000200",
                b"\x1a\x01A\x01\x56\x20\x30",
            ),
            (b"\\41\tB\\41  B\\41\x0cB", b"ABA BAB"),
            (b"\\ff1c\\0fF1C\\00ff1c", b"<<<"),
            // No full-width forms: one digit too many that counts, and bytes outside of the range.
            (b"\\1ff1c\\10ff1c\\ff00\\ff5f\\ff1", b"\x1c\x1c\x00\x5f\xf1"),
            (b"ja\\\nva\\s\\\\cript\\\"\\", b"javas\\cript\""),
            (b"\\\0", b"\0"),
        ],
    );
}

#[test]
fn escapes_of_c_are_decoded() {
    check(
        EscapeSeqDecode,
        &[
            (
                b"\\a\\b\\f\\n\\r\\t\\v\\?\\'\\\"\\\\",
                b"\x07\x08\x0c\n\r\t\x0b?'\"\\",
            ),
            (b"\\x41\\X4a\\x4g\\x4", b"AJx4gx4"),
            (b"\\0\\12\\1234\\8\\400\\777\\37", b"\0\x0aS48\0\xff\x1f"),
            (b"\\q\\u0041\\", b"qu0041\\"),
        ],
    );
}

#[test]
fn escapes_of_javascript_are_decoded() {
    check(
        JsDecode,
        &[
            (
                b"\\a\\b\\f\\n\\r\\t\\v\\?\\'\\\"\\\\",
                b"\x07\x08\x0c\n\r\t\x0b?'\"\\",
            ),
            (b"\\u0041\\uff1C\\uFf5e\\u1234", b"A<~\x34"),
            (b"\\uff00\\uff5f\\ufe3c", b"\x00\x5f\x3c"),
            (b"\\x41\\X41\\x4g\\x4", b"AX41x4gx4"),
            (b"\\u004\\u004g\\U0041", b"u004u004gU0041"),
            // Three digits that make no byte are two and a digit.
            (
                b"\\0\\12\\1234\\8\\377\\400\\777",
                b"\0\x0aS48\xff\x20\x30\x3f7",
            ),
            (b"\\z\\", b"z\\"),
        ],
    );
}

#[test]
fn hexadecimal_digits_are_decoded_and_encoded() {
    check(
        HexDecode,
        &[
            (b"", b""),
            (b"a", b""),
            (b"41424a4A0", b"ABJJ"),
            // What ModSecurity's arithmetic makes of other bytes.
            (b"zz", b"\x53"),
            (b" 1", b"\x01"),
        ],
    );
    check(HexEncode, &[(b"", b""), (b"\0Az\xff", b"00417aff")]);
    check(
        SqlHexDecode,
        &[
            (b"0x4142", b"AB"),
            (b"0X4a4A", b"JJ"),
            (b"(0x414)0x", b"(A4)0x"),
            (b"00x41x41", b"0Ax41"),
            (b"0x410x42", b"AB"),
            (b"0x4g", b"0x4g"),
            (b"\x000x0041\0", b"\0\0A\0"),
        ],
    );
}

#[test]
fn character_references_are_decoded_with_and_without_a_semicolon() {
    check(
        HtmlEntityDecode,
        &[
            (b"&lt;&GT;&amp;&quot;&nbsp;", b"<>&\"\xa0"),
            (b"&lt&gt &amp", b"<> &"),
            (b"&ltx;&lt1&apos;&copy;", b"&ltx;&lt1&apos;&copy;"),
            (b"&#60;&#60&#0060;&#x3c;&#X3C&#x0003c;", b"<<<<<<"),
            (b"&#316;&#x13c&#x1003c;", b"<<<"),
            (b"&#60;;&#60a", b"<;<a"),
            (b"&#x3ca", b"\xca"),
            (b"&#;&#x;&#xg;&;&", b"&#;&#x;&#xg;&;&"),
            (b"&&#&#x&lt;", b"&&#&#x<"),
            // What does not fit is the greatest number, which ends in eight bits that are set.
            (
                b"&#99999999999999999999;&#xffffffffffffffff00;",
                b"\xff\xff",
            ),
            (b"&#9223372036854775868;", b"\xff"),
            (b"&#9223372036854775612;", b"\x3c"),
            (b"&#00000000000000000000000000060;", b"<"),
        ],
    );
}

#[test]
fn escapes_of_urls_are_decoded() {
    check(
        UrlDecode,
        &[
            (b"a%20b+c%41%zz%4%", b"a b cA%zz%4%"),
            (b"%00%fF%%41", b"\0\xff%A"),
            (b"%u0041%2541", b"%u0041%41"),
        ],
    );
    check(
        UrlDecodeUni,
        &[
            (b"a%20b+c%41%zz%4%", b"a b cA%zz%4%"),
            (b"%u0041%U0041%uFF1c%u1234", b"AA<\x34"),
            (b"%u2032%u02b9%u00e9%u3002", b"''e."),
            (b"%u004%u004g%u", b"%u004%u004g%u"),
            (b"%u00%41%%u0041", b"%u00A%A"),
        ],
    );
    check(
        UrlEncode,
        &[(b"aZ09*-._~ +/\0\xff", b"aZ09*%2d%2e%5f%7e+%2b%2f%00%ff")],
    );
}

#[test]
fn code_points_become_the_ascii_that_looks_like_them() {
    for code in 0..0xa0 {
        assert_eq!(u16::from(best_fit::ascii(code)), code);
    }
    for (offset, ascii) in (b'!'..=b'~').enumerate() {
        assert_eq!(best_fit::ascii(0xff01 + offset as u16), ascii);
    }
    for (code, ascii) in [
        ('\u{a0}', b' '),
        ('¡', b'!'),
        ('«', b'<'),
        ('Ä', b'A'),
        ('ÿ', b'y'),
        ('Ā', b'A'),
        ('Ń', b'N'),
        ('ƀ', b'b'),
        ('ƶ', b'z'),
        ('Ǎ', b'A'),
        ('ǰ', b'j'),
        ('ɡ', b'g'),
        ('ʺ', b'"'),
        ('˜', b'~'),
        ('\u{300}', b'`'),
        ('\u{332}', b'_'),
        ('\u{2006}', b' '),
        ('‐', b'-'),
        ('…', b'.'),
        ('›', b'>'),
        ('™', b'T'),
        ('。', b'.'),
        ('｡', b'.'),
        // None of the table: the lower byte.
        ('¤', b'$'),
        ('×', 0xd7),
        ('ƻ', 0xbb),
        ('\u{2007}', 0x07),
        ('水', 0x34),
        ('\u{ffff}', 0xff),
    ] {
        assert_eq!(best_fit::ascii(code as u16), ascii, "{code:?}");
    }
}

#[test]
fn characters_outside_of_ascii_are_written_as_code_points() {
    check(
        Utf8ToUnicode,
        &[
            ("aé€😀".as_bytes(), b"a%u00e9%u20ac%u1f600"),
            (b"\x7f\xc2\x80\xf4\x8f\xbf\xbf", b"\x7f%u0080%u10ffff"),
            // The first byte of a broken sequence goes, others stay.
            (b"a\xc3b\xe2\x82c\xf0\x9f\x98", b"ab\x82c\x9f\x98"),
            (b"\x80\xbf\xf8\xff", b"\x80\xbf\xf8\xff"),
            // Too long a sequence, a surrogate, and both.
            (b"\xc0\xaf\xe0\x80\xaf", b"%u002f\xc0%u002f\xe0"),
            (b"\xed\xa0\x80\xf0\x8d\xa0\x80", b"%ud800\xed%ud800\xf0\xf0"),
            (b"\xf5\x80\x80\x80\xf7x", b"\xf5%u140000\xf7x"),
            (b"a\0b", b"ab"),
        ],
    );
}
