//! What is taken out, put in order, counted or named.

use super::super::Transformation::{self, *};
use super::support::check;

#[test]
fn names_are_found_in_any_case() {
    for transformation in Transformation::all() {
        let name = transformation.name();
        assert_eq!(Transformation::by_name(name), Some(transformation));
        let name = name.to_ascii_uppercase();
        assert_eq!(Transformation::by_name(&name), Some(transformation));
    }
    assert_eq!(Transformation::all().count(), Transformation::COUNT);
    assert_eq!(
        Transformation::by_name("normalisePathWin"),
        Some(NormalizePathWin)
    );
    assert_eq!(Transformation::by_name("none"), None);
}

#[test]
fn command_lines_that_shells_take_for_the_same_are_the_same() {
    check(
        CmdLine,
        &[
            (b"C^OMMAND /C DIR", b"command/c dir"),
            (b"\"command\" /c  dir", b"command/c dir"),
            (b"cmd,;\t\r\n /c", b"cmd/c"),
            (b"a\\'b (x", b"ab(x"),
            (b"a ^ b", b"a b"),
            (b" ^/ (", b"/("),
            (b"A\0B ,C", b"a\0b c"),
            (b"a\x0bb", b"a\x0bb"),
        ],
    );
}

#[test]
fn white_space_is_compressed_removed_and_trimmed() {
    check(
        CompressWhitespace,
        &[
            (b"a b", b"a b"),
            (b"\t", b" "),
            (b" \t\r\n\x0b\x0c a \xa0 b\xa0", b" a b "),
        ],
    );
    check(RemoveWhitespace, &[(b" \t\r\n\x0b\x0ca \xa0b\0", b"ab\0")]);
    check(
        Trim,
        &[
            (b" \t a b\r\n", b"a b"),
            (b" \n", b""),
            (b"\xa0a", b"\xa0a"),
        ],
    );
    check(TrimLeft, &[(b" \t a b\r\n", b"a b\r\n"), (b" \n", b"")]);
    check(TrimRight, &[(b" \t a b\r\n", b" \t a b"), (b" \n", b"")]);
}

#[test]
fn bytes_are_mapped_one_by_one() {
    check(Lowercase, &[(b"AbZ[@\xc4\0", b"abz[@\xc4\0")]);
    check(Uppercase, &[(b"aBz{`\xe4\0", b"ABZ{`\xe4\0")]);
    check(RemoveNulls, &[(b"\0a\0\0b\0", b"ab")]);
    check(ReplaceNulls, &[(b"\0a\0\0b\0", b" a  b ")]);
    check(ParityZero7Bit, &[(b"ab\xe1\x80", b"aba\0")]);
    // a has three bits, c four; of the others the eighth bit is counted too.
    check(ParityEven7Bit, &[(b"ac\xe1\xe3", b"\xe1c\x61\xe3")]);
    check(ParityOdd7Bit, &[(b"ac\xe1\xe3", b"a\xe3\xe1c")]);
}

#[test]
fn a_length_and_digests_stand_for_a_value() {
    check(
        Length,
        &[
            (b"", b"0"),
            (b"\0\0\0", b"3"),
            (&[b'a'; 1000], b"1000"),
            (b"1", b"1"),
        ],
    );
    check(
        Md5,
        &[(
            b"abc",
            b"\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72",
        )],
    );
    check(
        Sha1,
        &[(
            b"abc",
            b"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d",
        )],
    );
}

#[test]
fn paths_are_normalized() {
    check(
        NormalizePath,
        &[
            (b"", b""),
            (b"/", b"/"),
            (b"///", b"/"),
            (b"/foo/bar", b"/foo/bar"),
            (b"/foo//bar///", b"/foo/bar/"),
            (b"/foo/./bar/.", b"/foo/bar"),
            (b"/foo/bar/..", b"/foo"),
            (b"/foo/bar/../", b"/foo/"),
            (b"/foo/../../bar", b"/bar"),
            (b"/../..", b""),
            (b"/..", b""),
            (b"/../", b"/"),
            (b"/.", b""),
            (b".", b""),
            (b"./foo", b"foo"),
            (b".//foo", b"foo"),
            (b"..", b".."),
            (b"../../foo/../bar", b"../../bar"),
            (b"ab/../..", b".."),
            (b"foo/..", b""),
            (b"foo/../bar", b"bar"),
            (b"foo/../../bar", b"../bar"),
            (b"/foo./.bar/b.z", b"/foo./.bar/b.z"),
            (b"/foo\\..\\bar", b"/foo\\..\\bar"),
            (b"/foo/\0../bar", b"/foo/bar"),
        ],
    );
}

#[test]
fn a_segment_that_ends_in_two_dots_is_a_way_back() {
    check(
        NormalizePath,
        &[
            (b"/foo/bar../baz", b"/foo/baz"),
            (b"/foo/.../baz", b"/foo/baz"),
            (b"foo../baz", b"baz"),
            // Too short a beginning of a relative path.
            (b"x../baz", b"x../baz"),
            (b"xy../baz", b"baz"),
            // Ways back that a relative path kept are segments like others once one follows.
            (b"../foo/../..", b""),
        ],
    );
}

#[test]
fn one_byte_at_the_start_of_a_relative_path_is_no_way_from_the_root() {
    check(
        NormalizePath,
        &[(b"foo/../a/../b", b"a/../b"), (b"foo/../ab/../c", b"c")],
    );
}

#[test]
fn backslashes_are_slashes_on_windows() {
    check(
        NormalizePathWin,
        &[
            (b"\\foo\\.\\bar\\..\\", b"/foo/"),
            (b"\\", b"/"),
            (b"foo\\\\\\\\bar", b"foo/bar"),
            (b"..\\foo", b"../foo"),
            (b"C:\\a\\..\\..\\b", b"b"),
            (b"/a/b", b"/a/b"),
        ],
    );
}

#[test]
fn comments_are_replaced_by_a_space() {
    check(
        ReplaceComments,
        &[
            (b"a/* b */c", b"a c"),
            (b"a/**/b/**/", b"a b "),
            (b"a/* b", b"a "),
            (b"a/*", b"a "),
            (b"/*/b*/c", b" c"),
            (b"*/a/ *b/", b"*/a/ *b/"),
            (b"/*a**/", b" "),
            (b"<!-- a -->--#", b"<!-- a -->--#"),
        ],
    );
}

#[test]
fn comments_are_removed() {
    check(
        RemoveComments,
        &[
            (b"a/* b */c", b"ac"),
            (b"a<!-- b -->c", b"ac"),
            // Either end ends either.
            (b"a/* b -->c<!--*/d", b"acd"),
            (b"a/* b", b"a "),
            (b"a -- b", b"a "),
            (b"a # b", b"a "),
            (b"a/**/", b"a\0"),
            (b"<!-- a -->", b"\0"),
            // The byte after a comment is copied as it is.
            (b"/**/#b", b"#b"),
            (b"/**//*b", b"/*b"),
            (b"/**/--b", b"--b"),
            (b"/*/b*/c", b"c"),
        ],
    );
    check(
        RemoveCommentsChar,
        &[
            (b"a/* b */c", b"a b c"),
            (b"<!-- a -->b#c--d", b" a bcd"),
            (b"/*/ --->a", b"/ ->a"),
            (b"- > < ! * /", b"- > < ! * /"),
            (b"//**//", b"//"),
        ],
    );
}
