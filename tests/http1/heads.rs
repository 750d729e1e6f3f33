//! Heads: what is read, what is refused, and with which status.

use portcullis::http1::{self, HeadError, HeadLimits, MAX_METHOD, Parsed};
use portcullis::message::{FieldId, Method, RequestHead, Version};

use crate::support::{request, response};

#[test]
fn a_request_head_is_read() {
    let head =
        request(b"GET /a?b HTTP/1.1\r\nHost: Example.ORG\r\nX-Y: \t z \r\n\r\nrest").unwrap();
    assert_eq!(head.method, Method::Get);
    assert_eq!(head.method_bytes(), b"GET");
    assert_eq!(head.target(), b"/a?b");
    assert_eq!(head.version, Version::Http11);
    assert_eq!(head.find(FieldId::Host), Some(&b"Example.ORG"[..]));
    let last = head.fields().last().unwrap();
    assert_eq!((last.name, last.value), (&b"X-Y"[..], &b"z"[..]));
    assert_eq!(head.rest(), b"rest");
}

#[test]
fn a_response_head_is_read() {
    let head = response(b"HTTP/1.0 404 Not \xfcber\r\nServer: a\r\n\r\nrest").unwrap();
    assert_eq!(head.status, 404);
    assert_eq!(head.reason(), b"Not \xfcber");
    assert_eq!(head.version, Version::Http10);
    assert_eq!(head.find(FieldId::Server), Some(&b"a"[..]));
    assert_eq!(head.rest(), b"rest");
}

#[test]
fn unusual_but_valid_request_heads_are_read() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\r\nGET / HTTP/1.1\r\n\r\n",
        b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"G!#$%&'*+-.^_`|~9 / HTTP/1.0\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n\r\n",
        b"GET /\"<>[\\]^`{|}~ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\na:\r\n\r\n",
        b"GET / HTTP/1.1\r\na:b\r\n\r\n",
        b"GET / HTTP/1.1\r\na:\t \t\r\n\r\n",
        b"GET / HTTP/1.1\r\na: b\tc  d\r\n\r\n",
        b"GET / HTTP/1.1\r\na: \x80\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~0aZ: b\r\n\r\n",
    ] {
        assert!(request(bytes).is_ok(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn each_fault_of_a_request_head_has_its_error() {
    use HeadError::*;
    let long_method = [b"A".repeat(MAX_METHOD + 1), b" / HTTP/1.1\r\n\r\n".to_vec()].concat();
    let cases: &[(&str, &[u8], HeadError)] = &[
        ("no method", b" / HTTP/1.1\r\n\r\n", Method),
        (
            "a tab before the method",
            b"\tGET / HTTP/1.1\r\n\r\n",
            Method,
        ),
        (
            "a method that is no token",
            b"G@T / HTTP/1.1\r\n\r\n",
            Method,
        ),
        ("a method alone", b"GET\r\n\r\n", Method),
        (
            "three empty lines first",
            b"\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            Method,
        ),
        ("a bare LF first", b"\nGET / HTTP/1.1\r\n\r\n", BareLf),
        ("a method without end", &long_method, MethodTooLong),
        ("no target", b"GET  HTTP/1.1\r\n\r\n", Target),
        (
            "two spaces before the target",
            b"GET  / HTTP/1.1\r\n\r\n",
            Target,
        ),
        (
            "two spaces after the target",
            b"GET /  HTTP/1.1\r\n\r\n",
            Version,
        ),
        ("a tab after the method", b"GET\t/ HTTP/1.1\r\n\r\n", Method),
        ("a tab after the target", b"GET /\tHTTP/1.1\r\n\r\n", Target),
        ("a fragment", b"GET /#a HTTP/1.1\r\n\r\n", Target),
        ("a NUL in the target", b"GET /\0 HTTP/1.1\r\n\r\n", Target),
        ("a DEL in the target", b"GET /\x7f HTTP/1.1\r\n\r\n", Target),
        (
            "a raw byte in the target",
            b"GET /\xc3\xbc HTTP/1.1\r\n\r\n",
            Target,
        ),
        ("a CR in the target", b"GET /\ra HTTP/1.1\r\n\r\n", Version),
        ("a LF in the target", b"GET /\na HTTP/1.1\r\n\r\n", Target),
        (
            "a space in the target",
            b"GET /a b HTTP/1.1\r\n\r\n",
            Version,
        ),
        ("no version", b"GET /\r\n\r\n", NoVersion),
        ("an empty version", b"GET / \r\n\r\n", NoVersion),
        (
            "a version in lower case",
            b"GET / http/1.1\r\n\r\n",
            Version,
        ),
        ("another protocol", b"GET / JUNK/1.0\r\n\r\n", Version),
        ("a version without minor", b"GET / HTTP/1\r\n\r\n", Version),
        (
            "a version with a backslash",
            b"GET / HTTP\\1.0\r\n\r\n",
            Version,
        ),
        (
            "a version with two digits",
            b"GET / HTTP/1.10\r\n\r\n",
            Version,
        ),
        ("a version and a space", b"GET / HTTP/1.1 \r\n\r\n", Version),
        ("a version and a NUL", b"GET / HTTP/1.1\0\r\n\r\n", Version),
        ("HTTP/0.9", b"GET / HTTP/0.9\r\n\r\n", Version),
        ("HTTP/1.2", b"GET / HTTP/1.2\r\n\r\n", UnsupportedVersion),
        (
            "HTTP/2.0",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            UnsupportedVersion,
        ),
        (
            "a request line that ends with LF",
            b"GET / HTTP/1.1\nHost: a\r\n\r\n",
            BareLf,
        ),
        (
            "a request line that ends with CR",
            b"GET / HTTP/1.1\rHost: a\r\n\r\n",
            BareCr,
        ),
        ("no name", b"GET / HTTP/1.1\r\n: a\r\n\r\n", FieldName),
        ("no colon", b"GET / HTTP/1.1\r\nabc\r\n\r\n", FieldName),
        (
            "a NUL in a name",
            b"GET / HTTP/1.1\r\na\0b: c\r\n\r\n",
            FieldName,
        ),
        (
            "a bracket in a name",
            b"GET / HTTP/1.1\r\na[b: c\r\n\r\n",
            FieldName,
        ),
        (
            "a raw byte in a name",
            b"GET / HTTP/1.1\r\na\xffb: c\r\n\r\n",
            FieldName,
        ),
        (
            "a known name but for a CR",
            b"GET / HTTP/1.1\r\ncontent\rlength: 1\r\n\r\n",
            FieldName,
        ),
        (
            "a space before the colon",
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            BlankBeforeColon,
        ),
        (
            "a tab before the colon",
            b"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n",
            BlankBeforeColon,
        ),
        (
            "a space in a name",
            b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
            BlankBeforeColon,
        ),
        (
            "a space before the first name",
            b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            FoldedLine,
        ),
        (
            "a line folded with a space",
            b"GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n",
            FoldedLine,
        ),
        (
            "a line folded with a tab",
            b"GET / HTTP/1.1\r\na: b\r\n\tc\r\n\r\n",
            FoldedLine,
        ),
        (
            "a NUL in a value",
            b"GET / HTTP/1.1\r\na: b\0c\r\n\r\n",
            FieldValue,
        ),
        (
            "a DEL in a value",
            b"GET / HTTP/1.1\r\na: b\x7fc\r\n\r\n",
            FieldValue,
        ),
        (
            "an escape in a value",
            b"GET / HTTP/1.1\r\na: b\x1bc\r\n\r\n",
            FieldValue,
        ),
        (
            "a vertical tab before a value",
            b"GET / HTTP/1.1\r\na:\x0bb\r\n\r\n",
            FieldValue,
        ),
        (
            "a CR in a value",
            b"GET / HTTP/1.1\r\na: b\rc\r\n\r\n",
            BareCr,
        ),
        (
            "two CR after a value",
            b"GET / HTTP/1.1\r\na: b\r\r\n\r\n",
            BareCr,
        ),
        (
            "a LF in a value",
            b"GET / HTTP/1.1\r\na: b\nc\r\n\r\n",
            BareLf,
        ),
        (
            "a value that ends with LF",
            b"GET / HTTP/1.1\r\na: b\n\r\n",
            BareLf,
        ),
        (
            "an empty line of LF alone",
            b"GET / HTTP/1.1\r\na: b\r\n\n",
            BareLf,
        ),
        (
            "an empty line of CR alone",
            b"GET / HTTP/1.1\r\na: b\r\n\rab",
            BareCr,
        ),
    ];
    for (what, bytes, error) in cases {
        assert_eq!(request(bytes).err(), Some(*error), "{what}");
        let status = match error {
            MethodTooLong => 501,
            UnsupportedVersion => 505,
            _ => 400,
        };
        assert_eq!(error.status(), status, "{what}");
    }
}

#[test]
fn each_fault_of_a_response_head_has_its_error() {
    use HeadError::*;
    let cases: &[(&str, &[u8], HeadError)] = &[
        (
            "an empty line first",
            b"\r\nHTTP/1.1 200 OK\r\n\r\n",
            Version,
        ),
        ("another protocol", b"ICY 200 OK\r\n\r\n", Version),
        ("HTTP/2.0", b"HTTP/2.0 200 OK\r\n\r\n", UnsupportedVersion),
        ("no status", b"HTTP/1.1\r\n\r\n", Version),
        ("an empty status", b"HTTP/1.1 \r\n\r\n", Status),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\n\r\n", Status),
        (
            "a status of four digits",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            Status,
        ),
        ("a status below 100", b"HTTP/1.1 099 OK\r\n\r\n", Status),
        ("a status with a sign", b"HTTP/1.1 +20 OK\r\n\r\n", Status),
        (
            "two spaces before the status",
            b"HTTP/1.1  200 OK\r\n\r\n",
            Status,
        ),
        (
            "a tab after the status",
            b"HTTP/1.1 200\tOK\r\n\r\n",
            Status,
        ),
        ("a NUL in the reason", b"HTTP/1.1 200 O\0K\r\n\r\n", Status),
        ("a CR in the reason", b"HTTP/1.1 200 O\rK\r\n\r\n", BareCr),
        (
            "a status line that ends with LF",
            b"HTTP/1.1 200 OK\nServer: a\r\n\r\n",
            BareLf,
        ),
        (
            "a status line without reason that ends with LF",
            b"HTTP/1.1 200\n\r\n",
            BareLf,
        ),
        (
            "a folded line",
            b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
            FoldedLine,
        ),
        (
            "a space before a colon",
            b"HTTP/1.1 200 OK\r\nHost : a\r\n\r\n",
            BlankBeforeColon,
        ),
        (
            "a NUL in a value",
            b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
            FieldValue,
        ),
    ];
    for (what, bytes, error) in cases {
        assert_eq!(response(bytes).err(), Some(*error), "{what}");
    }
    for bytes in [
        &b"HTTP/1.1 200\r\n\r\n"[..],
        b"HTTP/1.1 200 \r\n\r\n",
        b"HTTP/1.1 999 a\tb\xff\r\n\r\n",
    ] {
        assert!(response(bytes).is_ok(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn each_limit_holds_to_the_byte() {
    let limits = HeadLimits {
        max_head: 60,
        max_fields: 2,
        max_target: 10,
    };
    let cases: &[(&str, &str, Result<Parsed, HeadError>)] = &[
        (
            "the longest target",
            "GET /234567890 HTTP/1.1\r\n\r\n",
            Ok(Parsed::Complete),
        ),
        (
            "a longer target",
            "GET /2345678901 HTTP/1.1\r\n\r\n",
            Err(HeadError::TargetTooLong),
        ),
        (
            "a longer target without end",
            "GET /2345678901",
            Err(HeadError::TargetTooLong),
        ),
        (
            "the most fields",
            "GET / HTTP/1.1\r\na:\r\nb:\r\n\r\n",
            Ok(Parsed::Complete),
        ),
        (
            "more fields",
            "GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\n\r\n",
            Err(HeadError::TooManyFields),
        ),
        (
            "the longest head",
            "GET / HTTP/1.1\r\na: 9012345678901234567890123456789012345\r\n\r\n12345",
            Ok(Parsed::Complete),
        ),
        (
            "a longer head",
            "GET / HTTP/1.1\r\na: 90123456789012345678901234567890123456\r\n\r\n12345",
            Err(HeadError::HeadTooLarge),
        ),
        (
            "a head that might become longer",
            "GET / HTTP/1.1\r\na: 9012345678901234567890123456789012345\r\n\r",
            Ok(Parsed::Partial),
        ),
    ];
    for (what, bytes, expected) in cases {
        for cut in 0..=bytes.len() {
            let mut head = RequestHead::default();
            let (first, rest) = bytes.as_bytes().split_at(cut);
            head.buffer.extend_from_slice(first);
            let mut outcome = http1::parse_request(&mut head, &limits);
            if outcome == Ok(Parsed::Partial) {
                head.buffer.extend_from_slice(rest);
                outcome = http1::parse_request(&mut head, &limits);
            }
            assert_eq!(outcome, *expected, "{what}, cut at {cut}");
        }
    }
    assert_eq!(HeadError::TargetTooLong.status(), 414);
    assert_eq!(HeadError::HeadTooLarge.status(), 431);
    assert_eq!(HeadError::TooManyFields.status(), 431);
}

#[test]
fn a_refused_head_keeps_what_was_read_before_the_fault() {
    let mut head = RequestHead::default();
    head.buffer
        .extend_from_slice(b"GET /a HTTP/1.1\r\nHost: b\r\nX: y\r\nbad name: z\r\n\r\n");
    let outcome = http1::parse_request(&mut head, &HeadLimits::default());
    assert_eq!(outcome, Err(HeadError::BlankBeforeColon));
    assert_eq!(
        (head.method_bytes(), head.target()),
        (&b"GET"[..], &b"/a"[..])
    );
    let values: Vec<&[u8]> = head.fields().map(|field| field.value).collect();
    assert_eq!(values, [b"b", b"y"]);
    assert_eq!(head.head_len, 0);

    let mut head = RequestHead::default();
    head.buffer
        .extend_from_slice(b"POST /a\x01 HTTP/1.1\r\n\r\n");
    let outcome = http1::parse_request(&mut head, &HeadLimits::default());
    assert_eq!(outcome, Err(HeadError::Target));
    assert_eq!(head.method, Method::Post);
    assert_eq!(head.target(), b"/a");
}

#[test]
fn pipelined_heads_are_read_in_turn() {
    let mut head = RequestHead::default();
    head.buffer
        .extend_from_slice(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n");
    let limits = HeadLimits::default();
    assert_eq!(
        http1::parse_request(&mut head, &limits),
        Ok(Parsed::Complete)
    );
    assert_eq!(head.target(), b"/1");
    head.advance();
    assert_eq!(
        http1::parse_request(&mut head, &limits),
        Ok(Parsed::Partial)
    );
    head.buffer.extend_from_slice(b"\r\n");
    assert_eq!(
        http1::parse_request(&mut head, &limits),
        Ok(Parsed::Complete)
    );
    assert_eq!((head.target(), head.fields().count()), (&b"/2"[..], 0));
}

#[test]
fn a_head_that_comes_byte_by_byte_costs_no_more_than_its_length() {
    let limits = HeadLimits {
        max_head: 4 << 20,
        ..HeadLimits::default()
    };
    let mut head = RequestHead::default();
    head.buffer.extend_from_slice(b"GET / HTTP/1.1\r\na: ");
    // A parser that started anew each time would look at 2^41 bytes here.
    for _ in 0..2 << 20 {
        head.buffer.push(b'b');
        assert_eq!(
            http1::parse_request(&mut head, &limits),
            Ok(Parsed::Partial)
        );
    }
    head.buffer.extend_from_slice(b"\r\n\r\n");
    assert_eq!(
        http1::parse_request(&mut head, &limits),
        Ok(Parsed::Complete)
    );
}
