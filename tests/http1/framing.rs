//! Where bodies end, and what becomes of connections.

use portcullis::http1::{
    BodyLength, ConnectionOptions, HeadError, MAX_CONNECTION_OPTIONS, connection_lists,
    request_framing, response_framing,
};
use portcullis::message::Method;

use crate::support::{request, response};

#[test]
fn a_request_with_one_reading_is_framed() {
    let cases: &[(&str, &str, BodyLength)] = &[
        ("no body", "", BodyLength::Empty),
        ("a length", "Content-Length: 5\r\n", BodyLength::Sized(5)),
        (
            "a length of 0",
            "Content-Length: 0\r\n",
            BodyLength::Sized(0),
        ),
        (
            "zeros before a length",
            "Content-Length: 005\r\n",
            BodyLength::Sized(5),
        ),
        (
            "blanks around a length",
            "Content-Length: \t5 \r\n",
            BodyLength::Sized(5),
        ),
        (
            "the largest length",
            "Content-Length: 18446744073709551615\r\n",
            BodyLength::Sized(u64::MAX),
        ),
        (
            "chunks",
            "Transfer-Encoding: chunked\r\n",
            BodyLength::Chunked,
        ),
        (
            "chunks in capitals",
            "Transfer-Encoding: CHUNKED\r\n",
            BodyLength::Chunked,
        ),
    ];
    for (what, fields, body) in cases {
        let head =
            request(format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes()).unwrap();
        assert_eq!(request_framing(&head).unwrap().body, *body, "{what}");
    }
}

#[test]
fn a_request_with_more_than_one_reading_is_refused() {
    use HeadError::*;
    let cases: &[(&str, &str, HeadError)] = &[
        (
            "two equal lengths",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            RepeatedContentLength,
        ),
        (
            "two lengths",
            "Content-Length: 5\r\ncontent-length: 6\r\n",
            RepeatedContentLength,
        ),
        (
            "a list of equal lengths",
            "Content-Length: 5, 5\r\n",
            ContentLength,
        ),
        ("an empty length", "Content-Length:\r\n", ContentLength),
        (
            "a length with a sign",
            "Content-Length: +5\r\n",
            ContentLength,
        ),
        ("a negative length", "Content-Length: -5\r\n", ContentLength),
        (
            "a hexadecimal length",
            "Content-Length: 0x5\r\n",
            ContentLength,
        ),
        (
            "a length and a blank",
            "Content-Length: 5 5\r\n",
            ContentLength,
        ),
        (
            "a length and a semicolon",
            "Content-Length: 3;\r\n",
            ContentLength,
        ),
        (
            "a length over 64 bits",
            "Content-Length: 18446744073709551616\r\n",
            ContentLength,
        ),
        (
            "a length and chunks",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            LengthAndCoding,
        ),
        (
            "chunks and a length",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            LengthAndCoding,
        ),
        ("no coding", "Transfer-Encoding:\r\n", TransferEncoding),
        (
            "identity",
            "Transfer-Encoding: identity\r\n",
            TransferEncoding,
        ),
        (
            "another coding",
            "Transfer-Encoding: gzip\r\n",
            TransferEncoding,
        ),
        (
            "another coding before",
            "Transfer-Encoding: gzip, chunked\r\n",
            TransferEncoding,
        ),
        (
            "another coding after",
            "Transfer-Encoding: chunked, gzip\r\n",
            TransferEncoding,
        ),
        (
            "chunks twice in a list",
            "Transfer-Encoding: chunked, chunked\r\n",
            TransferEncoding,
        ),
        (
            "chunks twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            TransferEncoding,
        ),
        (
            "another coding in another field",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            TransferEncoding,
        ),
        (
            "an empty list member",
            "Transfer-Encoding: chunked,\r\n",
            TransferEncoding,
        ),
        (
            "a parameter",
            "Transfer-Encoding: chunked;a=b\r\n",
            TransferEncoding,
        ),
        (
            "quotes",
            "Transfer-Encoding: \"chunked\"\r\n",
            TransferEncoding,
        ),
        (
            "a vertical name",
            "Transfer-Encoding: xchunked\r\n",
            TransferEncoding,
        ),
        ("two hosts", "Host: a\r\n", RepeatedHost),
        ("another host", "hOST: b\r\n", RepeatedHost),
    ];
    for (what, fields, error) in cases {
        let head =
            request(format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes()).unwrap();
        assert_eq!(request_framing(&head), Err(*error), "{what}");
        assert_eq!(error.status(), 400, "{what}");
    }
    let head = request(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(request_framing(&head), Err(NoHost));
    let head = request(b"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    assert_eq!(request_framing(&head), Err(CodingInHttp10));
    let head = request(b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(request_framing(&head), Err(RepeatedHost));
    let head = request(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(request_framing(&head).is_ok());
}

#[test]
fn a_response_is_framed_by_its_status_and_the_request_too() {
    use BodyLength::*;
    type Outcome = Result<(BodyLength, bool), HeadError>;
    let cases: &[(u16, Method, &str, Outcome)] = &[
        (
            200,
            Method::Get,
            "Content-Length: 5\r\n",
            Ok((Sized(5), true)),
        ),
        (
            200,
            Method::Get,
            "Transfer-Encoding: chunked\r\n",
            Ok((Chunked, true)),
        ),
        (200, Method::Get, "", Ok((UntilClose, false))),
        (
            200,
            Method::Get,
            "Connection: keep-alive\r\n",
            Ok((UntilClose, false)),
        ),
        (
            200,
            Method::Get,
            "Content-Length: 5\r\nConnection: close\r\n",
            Ok((Sized(5), false)),
        ),
        (
            200,
            Method::Head,
            "Content-Length: 5\r\n",
            Ok((Empty, true)),
        ),
        (
            200,
            Method::Head,
            "Transfer-Encoding: chunked\r\n",
            Ok((Empty, true)),
        ),
        (200, Method::Head, "", Ok((Empty, true))),
        (304, Method::Get, "Content-Length: 5\r\n", Ok((Empty, true))),
        (
            304,
            Method::Get,
            "Transfer-Encoding: chunked\r\n",
            Ok((Empty, true)),
        ),
        (204, Method::Get, "", Ok((Empty, true))),
        (204, Method::Get, "Content-Length: 0\r\n", Ok((Empty, true))),
        (
            204,
            Method::Get,
            "Content-Length: 5\r\n",
            Err(HeadError::UnexpectedBody),
        ),
        (
            204,
            Method::Get,
            "Transfer-Encoding: chunked\r\n",
            Err(HeadError::UnexpectedBody),
        ),
        (
            204,
            Method::Head,
            "Transfer-Encoding: chunked\r\n",
            Err(HeadError::UnexpectedBody),
        ),
        (100, Method::Get, "", Ok((Empty, true))),
        (
            101,
            Method::Get,
            "Content-Length: 5\r\n",
            Err(HeadError::UnexpectedBody),
        ),
        (
            103,
            Method::Get,
            "Transfer-Encoding: chunked\r\n",
            Err(HeadError::UnexpectedBody),
        ),
        (
            500,
            Method::Get,
            "Content-Length: 0\r\n",
            Ok((Sized(0), true)),
        ),
        (
            200,
            Method::Get,
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            Err(HeadError::LengthAndCoding),
        ),
        (
            200,
            Method::Head,
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            Err(HeadError::RepeatedContentLength),
        ),
        (
            304,
            Method::Get,
            "Content-Length: a\r\n",
            Err(HeadError::ContentLength),
        ),
        (
            200,
            Method::Get,
            "Transfer-Encoding: gzip\r\n",
            Err(HeadError::TransferEncoding),
        ),
        (
            200,
            Method::Get,
            "Transfer-Encoding: gzip, chunked\r\n",
            Err(HeadError::TransferEncoding),
        ),
    ];
    for (status, method, fields, expected) in cases {
        let head = response(format!("HTTP/1.1 {status} \r\n{fields}\r\n").as_bytes()).unwrap();
        let outcome = response_framing(&head, *method).map(|f| (f.body, f.keep_alive));
        assert_eq!(outcome, *expected, "{status} to {method:?} with {fields:?}");
    }
    let head = response(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    assert_eq!(
        response_framing(&head, Method::Get),
        Err(HeadError::CodingInHttp10)
    );
}

#[test]
fn connections_persist_as_the_version_and_the_options_say() {
    let cases: &[(&str, &str, bool)] = &[
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: Close\r\n", false),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        (
            "1.1",
            "Connection: keep-alive\r\nConnection: close\r\n",
            false,
        ),
        ("1.1", "Connection: a ,\t close\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: close, keep-alive\r\n", false),
    ];
    for (version, fields, keeps_alive) in cases {
        let bytes = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        let framing = request_framing(&request(bytes.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            framing.keep_alive, *keeps_alive,
            "HTTP/{version}, {fields:?}"
        );
        let bytes = format!("HTTP/{version} 204 \r\n{fields}\r\n");
        let head = response(bytes.as_bytes()).unwrap();
        let framing = response_framing(&head, Method::Get).unwrap();
        assert_eq!(
            framing.keep_alive, *keeps_alive,
            "HTTP/{version}, {fields:?}"
        );
    }
}

#[test]
fn connection_lists_a_bounded_number_of_options() {
    for (separator, what) in [
        (",", "empty options"),
        (", a", "options in a list"),
        ("\r\nConnection: a", "options in fields"),
    ] {
        let within = separator.repeat(MAX_CONNECTION_OPTIONS - 1);
        let bytes = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: a{within}\r\n\r\n");
        assert!(
            request_framing(&request(bytes.as_bytes()).unwrap()).is_ok(),
            "{what}"
        );
        let over = separator.repeat(MAX_CONNECTION_OPTIONS);
        let bytes = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: a{over}\r\n\r\n");
        let outcome = request_framing(&request(bytes.as_bytes()).unwrap());
        assert_eq!(outcome, Err(HeadError::TooManyConnectionOptions), "{what}");
    }
}

#[test]
fn an_upgrade_needs_both_fields_and_http_1_1() {
    let both = "Connection: Keep-Alive, Upgrade\r\nUpgrade: websocket\r\n";
    for (version, fields, is_upgrade) in [
        ("1.1", both, true),
        ("1.1", "Connection: upgrade\r\n", false),
        ("1.1", "Upgrade: websocket\r\n", false),
        ("1.0", both, false),
    ] {
        let bytes = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        let framing = request_framing(&request(bytes.as_bytes()).unwrap()).unwrap();
        assert_eq!(framing.upgrade, is_upgrade, "HTTP/{version}, {fields:?}");
    }
    let bytes = format!("HTTP/1.1 101 \r\n{both}\r\n");
    let framing = response_framing(&response(bytes.as_bytes()).unwrap(), Method::Get).unwrap();
    assert!(framing.upgrade);
}

#[test]
fn only_an_http_1_1_client_can_expect_100_continue() {
    for (version, fields, expects) in [
        ("1.1", "Expect: 100-continue\r\n", true),
        ("1.1", "Expect: 100-Continue\r\n", true),
        ("1.1", "Expect: 200-ok\r\n", false),
        ("1.1", "", false),
        ("1.0", "Expect: 100-continue\r\n", false),
    ] {
        let bytes = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        let framing = request_framing(&request(bytes.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            framing.expect_continue, expects,
            "HTTP/{version}, {fields:?}"
        );
    }
}

#[test]
fn fields_that_connection_names_are_known_but_for_those_that_frame_the_message() {
    let head = request(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-A ,, x-b\r\nX-A: 1\r\n\
        Connection: keep-alive, host, content-length, transfer-encoding\r\n\r\n",
    )
    .unwrap();
    let framing = request_framing(&head).unwrap();
    let options = ConnectionOptions {
        keep_alive: true,
        others: true,
        ..ConnectionOptions::default()
    };
    assert_eq!(framing.connection, options);
    for (name, is_listed) in [
        ("x-a", true),
        ("X-B", true),
        ("keep-alive", true),
        ("x-c", false),
        ("Host", false),
        ("Content-Length", false),
        ("Transfer-Encoding", false),
    ] {
        let lists = connection_lists(head.fields(), name.as_bytes());
        assert_eq!(lists, is_listed, "{name}");
    }
}
