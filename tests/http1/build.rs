//! Heads that are built, not parsed.

use portcullis::http1::{
    HeadError, HeadLimits, MAX_METHOD, RequestHeadBuilder, ResponseHeadBuilder,
};
use portcullis::message::{RequestHead, ResponseHead, Version};

use crate::support::{request, response};

#[test]
fn a_built_request_head_is_one_that_the_parser_reads_alike() {
    let mut built = RequestHead::default();
    let limits = HeadLimits::default();
    let mut builder =
        RequestHeadBuilder::new(&mut built, limits, b"POST", b"/a?b", Version::Http11).unwrap();
    builder.push_field(b"Host", b" a\t").unwrap();
    builder
        .push_field(b"x-long-field-name-of-many-bytes", b"\xff")
        .unwrap();
    builder.push_field(b"content-length", b"").unwrap();
    builder.finish().unwrap();
    let parsed = request(&built.buffer).unwrap();
    assert_eq!(parsed.head_len, built.head_len);
    assert_eq!(parsed.method, built.method);
    assert_eq!(parsed.method_span, built.method_span);
    assert_eq!(parsed.target_span, built.target_span);
    assert_eq!(parsed.version, built.version);
    assert_eq!(parsed.fields, built.fields);

    let mut built = ResponseHead::default();
    let mut builder = ResponseHeadBuilder::new(&mut built, limits, 204, Version::Http11).unwrap();
    builder.push_field(b"server", b"a").unwrap();
    builder.finish().unwrap();
    let parsed = response(&built.buffer).unwrap();
    assert_eq!(parsed.head_len, built.head_len);
    assert_eq!(parsed.status, built.status);
    assert_eq!(parsed.reason_span, built.reason_span);
    assert_eq!(parsed.fields, built.fields);
}

#[test]
fn a_builder_refuses_what_the_parser_refuses() {
    let limits = HeadLimits {
        max_head: 100,
        max_fields: 2,
        max_target: 10,
    };
    let long_method = b"A".repeat(MAX_METHOD + 1);
    let lines: &[(&[u8], &[u8], HeadError)] = &[
        (b"", b"/", HeadError::Method),
        (b"G T", b"/", HeadError::Method),
        (&long_method, b"/", HeadError::MethodTooLong),
        (b"GET", b"", HeadError::Target),
        (b"GET", b"/ a", HeadError::Target),
        (b"GET", b"/#a", HeadError::Target),
        (b"GET", b"/\r\n", HeadError::Target),
        (b"GET", b"/2345678901", HeadError::TargetTooLong),
    ];
    for &(method, target, error) in lines {
        let mut head = RequestHead::default();
        let outcome = RequestHeadBuilder::new(&mut head, limits, method, target, Version::Http2);
        assert_eq!(outcome.err(), Some(error), "{}", target.escape_ascii());
    }
    let long = b"a".repeat(100);
    let fields: &[(&[u8], &[u8], HeadError)] = &[
        (b"", b"a", HeadError::FieldName),
        (b"a b", b"a", HeadError::FieldName),
        (b"a:", b"a", HeadError::FieldName),
        (b":path", b"/", HeadError::FieldName),
        (b"a", b"b\r\nc: d", HeadError::FieldValue),
        (b"a", b"\0", HeadError::FieldValue),
        (b"a", &long, HeadError::HeadTooLarge),
    ];
    for &(name, value, error) in fields {
        let mut head = RequestHead::default();
        let mut builder =
            RequestHeadBuilder::new(&mut head, limits, b"GET", b"/", Version::Http2).unwrap();
        assert_eq!(
            builder.push_field(name, value),
            Err(error),
            "{}",
            name.escape_ascii()
        );
        let mut head = ResponseHead::default();
        let mut builder = ResponseHeadBuilder::new(&mut head, limits, 200, Version::Http2).unwrap();
        assert_eq!(
            builder.push_field(name, value),
            Err(error),
            "{}",
            name.escape_ascii()
        );
    }
    let mut head = RequestHead::default();
    let mut builder =
        RequestHeadBuilder::new(&mut head, limits, b"GET", b"/", Version::Http2).unwrap();
    builder.push_field(b"a", b"").unwrap();
    builder.push_field(b"a", b"").unwrap();
    assert_eq!(builder.push_field(b"a", b""), Err(HeadError::TooManyFields));
    for status in [0, 99, 1000] {
        let mut head = ResponseHead::default();
        let outcome = ResponseHeadBuilder::new(&mut head, limits, status, Version::Http2);
        assert_eq!(outcome.err(), Some(HeadError::Status));
    }
}
