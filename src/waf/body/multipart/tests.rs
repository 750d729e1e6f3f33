use super::super::super::Pairs;
use super::super::Limits;
use super::*;

const TYPE: &str = "multipart/form-data; boundary=xx";

struct Read {
    arguments: Vec<String>,
    files: Vec<String>,
    contents: Vec<String>,
    headers: Vec<String>,
    flags: Flags,
    result: Result<(), MultipartError>,
}

fn shown(pairs: &Pairs) -> Vec<String> {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()))
        .collect()
}

fn read_with(content_type: &str, body: &[u8], limits: &Limits) -> Read {
    let mut arguments = Pairs::default();
    let mut out = Multipart::default();
    let result = parse(
        content_type.as_bytes(),
        body,
        limits,
        &mut arguments,
        &mut out,
    );
    Read {
        arguments: shown(&arguments),
        files: shown(&out.files),
        contents: out
            .contents
            .iter()
            .map(|file| body[file.content.clone()].escape_ascii().to_string())
            .collect(),
        headers: shown(&out.part_headers),
        flags: out.flags,
        result,
    }
}

fn read(content_type: &str, body: &str) -> Read {
    read_with(content_type, body.as_bytes(), &Limits::default())
}

/// A body of one part, with these header lines and this data.
fn one_part(headers: &str, data: &str) -> String {
    format!("--xx\r\n{headers}\r\n\r\n{data}\r\n--xx--\r\n")
}

const CLEAN: Flags = Flags {
    boundary_quoted: false,
    boundary_whitespace: false,
    data_before: false,
    data_after: false,
    header_folding: false,
    lf_line: false,
    crlf_line: true,
    missing_semicolon: false,
    invalid_quoting: false,
    invalid_part: false,
    invalid_header_folding: false,
    file_limit_exceeded: false,
    unmatched_boundary: UnmatchedBoundary::None,
    error: false,
};

#[test]
fn fields_and_files_are_read() {
    let body = "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n\
        --xx\r\ncontent-disposition:form-data; filename=\"C:\\x\\\"y.txt\"; name=f\r\n\
        Content-Type: text/plain; charset=utf-7\r\n\r\nline\r\n\r\n\
        --xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n\
        --xx--\r\n";
    let read = read(TYPE, body);
    assert_eq!(read.result, Ok(()));
    assert_eq!(read.arguments, ["a=1\\r\\n2", "a="]);
    assert_eq!(read.files, ["f=C:\\\\x\\\"y.txt"]);
    assert_eq!(read.contents, ["line\\r\\n"]);
    assert_eq!(
        read.headers,
        [
            "a=Content-Disposition: form-data; name=\\\"a\\\"",
            "f=content-disposition:form-data; filename=\\\"C:\\\\x\\\\\\\"y.txt\\\"; name=f",
            "f=Content-Type: text/plain; charset=utf-7",
            "a=Content-Disposition: form-data; name=\\\"a\\\"",
        ]
    );
    assert_eq!(read.flags, CLEAN);
    assert!(!read.flags.strict_error());
}

#[test]
fn the_last_part_is_named_and_sizes_add_up() {
    let part = |name, data| {
        format!("--xx\r\nContent-Disposition: form-data; name={name}; filename=x\r\n\r\n{data}\r\n")
    };
    let body = part("a", "123") + &part("b", "45") + "--xx--";
    let mut out = Multipart::default();
    let mut arguments = Pairs::default();
    for _ in 0..2 {
        let limits = Limits::default();
        let result = parse(
            TYPE.as_bytes(),
            body.as_bytes(),
            &limits,
            &mut arguments,
            &mut out,
        );
        assert_eq!(result, Ok(()));
        assert_eq!(out.combined_size(), 5);
        assert_eq!((&out.name[..], &out.file_name[..]), (&b"b"[..], &b"x"[..]));
    }
}

#[test]
fn boundaries_that_parsers_read_in_different_ways_are_flagged() {
    let set = |change: fn(&mut Flags)| {
        let mut flags = CLEAN;
        change(&mut flags);
        flags
    };
    let table = [
        (TYPE, CLEAN),
        ("Multipart/Form-Data;boundary=xx", CLEAN),
        ("multipart/form-data; charset=utf-8; boundary=xx", CLEAN),
        ("multipart/form-data; boundary=xx;a=\"b;c\"", CLEAN),
        (
            "multipart/form-data; boundary=\"xx\"",
            set(|flags| flags.boundary_quoted = true),
        ),
        (
            "multipart/form-data; boundary =xx",
            set(|flags| flags.boundary_whitespace = true),
        ),
        (
            "multipart/form-data; boundary= xx ",
            set(|flags| flags.boundary_whitespace = true),
        ),
        (
            "multipart/form-data boundary=xx",
            set(|flags| flags.missing_semicolon = true),
        ),
    ];
    for (content_type, flags) in table {
        let read = read(
            content_type,
            &one_part("Content-Disposition: form-data; name=a", "1"),
        );
        assert_eq!(read.result, Ok(()), "{content_type}");
        assert_eq!(read.arguments, ["a=1"], "{content_type}");
        assert_eq!(read.flags, flags, "{content_type}");
        assert_eq!(read.flags.strict_error(), flags != CLEAN, "{content_type}");
    }
}

#[test]
fn boundaries_that_are_none_are_errors_and_the_body_is_seen() {
    use MultipartError::*;
    let long = format!("{TYPE}{}", "x".repeat(1024));
    let table = [
        ("", MimeType),
        ("multipart/mixed; boundary=xx", MimeType),
        ("multipart/form-data", NoBoundary),
        ("multipart/form-data;", BoundaryMalformed),
        ("multipart/form-data; boundary", BoundaryMalformed),
        ("multipart/form-data; Boundary=xx", BoundaryCase),
        ("multipart/form-data; boundary=", BoundaryEmpty),
        ("multipart/form-data; boundary=\"\"", BoundaryEmpty),
        ("multipart/form-data; boundary=\"xx", BoundaryQuote),
        ("multipart/form-data; boundary=xx\"", BoundaryQuote),
        ("multipart/form-data; boundary=\"xx \"", BoundaryCharacters),
        ("multipart/form-data; boundary=x\\x", BoundaryCharacters),
        ("multipart/form-data; boundary=xx, a", NoBoundaryLine),
        ("multipart/form-data; boundaryx=xx", BoundaryParameterName),
        (
            "multipart/form-data; boundary=xx; boundary=yy",
            MultipleBoundaries,
        ),
        (
            "multipart/form-data; BOUNDARY=xx; boundary=yy",
            MultipleBoundaries,
        ),
        ("multipart/form-data; a; boundary=xx", BoundaryMalformed),
        ("multipart/form-data, a; boundary=xx", BoundaryMalformed),
        ("multipart/form-datax; boundary=xx", BoundaryMalformed),
        ("multipart/form-data; boundary=xx;", BoundaryMalformed),
        (long.as_str(), BoundaryLength),
    ];
    for (content_type, error) in table {
        let read = read(content_type, "--xx<script>");
        assert_eq!(read.result, Err(error), "{content_type}");
        assert_eq!(read.arguments, ["=--xx<script>"], "{content_type}");
        assert!(
            read.flags.error && read.flags.strict_error(),
            "{content_type}"
        );
    }
}

#[test]
fn what_is_odd_about_lines_is_flagged() {
    let part = |headers: &str, data: &str| one_part(headers, data);
    let named = "Content-Disposition: form-data; name=a";
    let set = |change: fn(&mut Flags)| {
        let mut flags = CLEAN;
        change(&mut flags);
        flags
    };
    let table: Vec<(String, Flags, &[&str])> = vec![
        (
            format!("\r\n{}", part(named, "1")),
            set(|f| f.data_before = true),
            &["a=1"],
        ),
        (
            format!("z\r\n{}", part(named, "1")),
            set(|f| f.data_before = true),
            &["=z\\r\\n", "a=1"],
        ),
        (
            format!("{}\r\n", part(named, "1")),
            set(|f| f.data_after = true),
            &["a=1"],
        ),
        (
            format!("{}z", part(named, "1")),
            set(|f| f.data_after = true),
            &["a=1", "=z"],
        ),
        (
            part("Content-Disposition: form-data;\r\n name=a", "1"),
            set(|f| f.header_folding = true),
            &["a=1"],
        ),
        (
            part("Content-Disposition: form-data;\r\n\x0bname=a", "1"),
            set(|f| {
                f.header_folding = true;
                f.invalid_header_folding = true;
            }),
            &["a=1"],
        ),
        (
            format!("--xx\n{named}\n\n1\n--xx--\n"),
            set(|f| {
                f.crlf_line = false;
                f.lf_line = true;
            }),
            &["a=1"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n1\n--xx--\r\n"),
            set(|f| f.lf_line = true),
            &["a=1"],
        ),
        (
            part("Content-Disposition: form-data; name='a'", "1"),
            set(|f| f.invalid_quoting = true),
            &["a=1"],
        ),
        (
            part("Content-Disposition: form-data; name=a'b", "1"),
            set(|f| f.invalid_quoting = true),
            &["a\\'b=1"],
        ),
        (
            part("Content-Disposition: form-data; name=\"a'b\"", "1"),
            CLEAN,
            &["a\\'b=1"],
        ),
        (
            part(named, "-----BEGIN CERTIFICATE-----"),
            set(|f| f.unmatched_boundary = UnmatchedBoundary::Dashes),
            &["a=-----BEGIN CERTIFICATE-----"],
        ),
        (
            part(named, "--y\r\nz--xx"),
            set(|f| f.unmatched_boundary = UnmatchedBoundary::Boundary),
            &["a=--y\\r\\nz--xx"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n1\r--xx\r2\r\n--xx--"),
            set(|f| f.unmatched_boundary = UnmatchedBoundary::Boundary),
            &["a=1\\r--xx\\r2"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n--xx\r\n1\r\n--xx--"),
            set(|f| f.invalid_part = true),
            &["a=--xx\\r\\n1"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n--xx--"),
            set(|f| f.invalid_part = true),
            &["a="],
        ),
        (
            format!("--xx\r\n{named}\r\n--xx--"),
            set(|f| f.invalid_part = true),
            &[],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n1\r\n--xx--"),
            CLEAN,
            &["a=1"],
        ),
        ("--xx--".to_owned(), set(|f| f.crlf_line = false), &[]),
        (String::new(), set(|f| f.crlf_line = false), &[]),
    ];
    for (body, flags, arguments) in table {
        let read = read(TYPE, &body);
        assert_eq!(read.result, Ok(()), "{body}");
        assert_eq!(read.flags, flags, "{body}");
        assert_eq!(read.arguments, arguments, "{body}");
    }
}

#[test]
fn bodies_that_parsers_read_in_different_ways_are_errors_and_seen() {
    use MultipartError::*;
    let named = "Content-Disposition: form-data; name=a";
    let table = [
        ("z".to_owned(), NoBoundaryLine, vec!["=z"]),
        (
            "--xxy\r\n".to_owned(),
            InvalidBoundary,
            vec!["=--xxy\\r\\n"],
        ),
        (
            "--xx \r\n".to_owned(),
            InvalidBoundary,
            vec!["=--xx \\r\\n"],
        ),
        (
            "-- xx\r\n".to_owned(),
            SpacedBoundaryLine,
            vec!["=-- xx\\r\\n"],
        ),
        ("--xx\r\n".to_owned(), FinalBoundaryMissing, vec![]),
        (
            "--xx\r\nfoo: b".to_owned(),
            FinalBoundaryMissing,
            vec!["=foo: b"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n12"),
            FinalBoundaryMissing,
            vec!["a=12"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n12\r\n"),
            FinalBoundaryMissing,
            vec!["a=12\\r\\n"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n12\r\n--xx"),
            FinalBoundaryMissing,
            vec!["a=12", "=--xx"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n12\r\n--xx-\r\n3"),
            InvalidBoundary,
            vec!["a=12", "=--xx-\\r\\n3"],
        ),
        (
            format!("--xx\r\n{named}\r\n\r\n1\r\n--xx\r\n--xx\r\n2"),
            ColonMissing,
            vec!["a=1", "=--xx\\r\\n2"],
        ),
        (
            "--xx\r\ntest\r\n--xx--\r\n".to_owned(),
            ColonMissing,
            vec!["=test\\r\\n--xx--\\r\\n"],
        ),
    ];
    for (body, error, arguments) in table {
        let read = read(TYPE, &body);
        assert_eq!(read.result, Err(error), "{body}");
        assert_eq!(read.arguments, arguments, "{body}");
        assert!(read.flags.strict_error(), "{body}");
    }
    let body = format!("--xx\r\n{named}\r\n\r\n1\r\n--\"xx\"\r\n");
    let read = read("multipart/form-data; boundary=\"xx\"", &body);
    assert_eq!(read.result, Err(QuotedBoundaryLine));
}

#[test]
fn headers_of_parts_are_strict_and_seen() {
    use MultipartError::*;
    let table: &[(&str, MultipartError)] = &[
        (
            "\x0eContent-Disposition: form-data; name=a",
            HeaderCharacter,
        ),
        (
            "Content-Disposition\x0e: form-data; name=a",
            HeaderCharacter,
        ),
        ("Content- Disposition: form-data; name=a", HeaderCharacter),
        (
            "Content\x7f-Disposition: form-data; name=a",
            HeaderCharacter,
        ),
        ("Content-Disposition : form-data; name=a", HeaderCharacter),
        (
            "X: a\rContent-Disposition: form-data; name=a",
            HeaderCharacter,
        ),
        ("X: a\0", Nul),
        (": form-data", HeaderNameMissing),
        ("X", ColonMissing),
        ("X: 1\r\nx: 2", DuplicateHeader),
        ("X: 1", NoDisposition),
        ("Content-!Disposition: form-data; name=a", NoDisposition),
    ];
    for (headers, error) in table {
        let read = read(TYPE, &one_part(headers, "<script>"));
        assert_eq!(read.result, Err(*error), "{headers:?}");
        assert!(read.arguments[0].contains("<script>"), "{headers:?}");
        let last = headers.rsplit("\r\n").next().unwrap();
        let line = format!("={}", last.as_bytes().escape_ascii());
        assert_eq!(read.headers.last(), Some(&line), "{headers:?}");
    }
    let read = read(TYPE, &one_part(" X: 1", ""));
    assert_eq!(read.result, Err(Folding));
}

#[test]
fn dispositions_are_strict() {
    use DispositionError::*;
    let table: &[(&str, DispositionError)] = &[
        ("attachment; name=a", Type),
        ("Form-Data; name=a", Type),
        ("form-data", NoName),
        ("form-data; filename=a", NoName),
        ("form-data name=a", Semicolon),
        ("form-data; name=a b", Semicolon),
        ("form-data; name=\"a\"b", Semicolon),
        ("form-data; name=a;", Incomplete),
        ("form-data; name", Incomplete),
        ("form-data; name ", Incomplete),
        ("form-data; name=", Incomplete),
        ("form-data; name x=a", Equals),
        ("form-data; name=\"a", Quote),
        ("form-data; name=\"a\\\"", Quote),
        ("form-data; name=a; size=1", Parameter),
        ("form-data; NAME=a", Parameter),
        ("form-data; name=a; name=b", Duplicate),
        ("form-data; name=a; filename=b; filename=c", Duplicate),
        ("form-data; name=a; filename*=utf-8''x", ExtendedAlone),
        ("form-data; name=a; filename=b; filename*=x", ExtendedValue),
        (
            "form-data; name=a; filename=b; filename*=''x",
            ExtendedValue,
        ),
        (
            "form-data; name=a; filename=b; filename*=utf-8''%4",
            ExtendedValue,
        ),
        (
            "form-data; name=a; filename=b; filename*=utf-8''a\"",
            ExtendedValue,
        ),
        ("form-data; name=a; filename =b", HiddenFileName),
    ];
    for (value, error) in table {
        let body = one_part(&format!("Content-Disposition: {value}"), "1");
        let read = read(TYPE, &body);
        assert_eq!(
            read.result,
            Err(MultipartError::Disposition(*error)),
            "{value}"
        );
        assert_eq!(read.arguments.len(), 1, "{value}");
    }
}

#[test]
fn an_extended_file_name_is_seen_beside_the_plain_one() {
    let header = "Content-Disposition: form-data; name=a; filename=\"b\"; \
        filename*=UTF-8'en'%2e%2E%2fx.php ";
    let read = read(TYPE, &one_part(header, "1"));
    assert_eq!(read.result, Ok(()));
    assert_eq!(read.files, ["a=b", "a=../x.php"]);
    assert_eq!(read.contents, ["1"]);
}

#[test]
fn limits_are_told() {
    let limits = Limits {
        arguments: 1,
        files: 1,
        ..Limits::default()
    };
    let part =
        |rest: &str| format!("--xx\r\nContent-Disposition: form-data; name=a{rest}\r\n\r\n1\r\n");
    let files = part("; filename=b").repeat(2) + "--xx--";
    let read = read_with(TYPE, files.as_bytes(), &limits);
    assert_eq!(read.result, Ok(()));
    assert!(read.flags.file_limit_exceeded && read.flags.strict_error());
    assert_eq!(read.contents, ["1", "1"]);

    let fields = part("").repeat(3) + "--xx--";
    let read = read_with(TYPE, fields.as_bytes(), &limits);
    assert_eq!(read.result, Err(MultipartError::TooManyFields));
    assert_eq!(read.arguments.len(), 2);
    assert!(read.arguments[1].starts_with("=Content-Disposition"));

    let long = one_part(&format!("X: {}", "a".repeat(4096)), "");
    assert_eq!(
        self::read(TYPE, &long).result,
        Err(MultipartError::HeaderTooLong)
    );
    let folded = one_part(&format!("X: 1{}", "\r\n aaaaaaa".repeat(600)), "");
    assert_eq!(
        self::read(TYPE, &folded).result,
        Err(MultipartError::HeaderTooLong)
    );
    let many: String = (0..65).map(|index| format!("X{index}: 1\r\n")).collect();
    assert_eq!(
        self::read(TYPE, &one_part(&many, "")).result,
        Err(MultipartError::TooManyHeaders)
    );
}

#[test]
fn messages_are_those_that_tests_of_rules_look_for() {
    let error = super::super::BodyError::from(MultipartError::HeaderCharacter);
    assert_eq!(
        error.to_string(),
        "Multipart parsing error: Multipart: Invalid part header (contains invalid character)."
    );
}
