//! Multipart bodies: the first line is the `Content-Type`. Files lie in the body, nothing grows, and a
//! body without oddities has each of its lines in a part.
#![no_main]

use portcullis::waf::Pairs;
use portcullis::waf::body::multipart::{self, Multipart};
use portcullis::waf::body::{Limits, media_type};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|&byte| byte == b'\n');
    let (content_type, body) = input.split_at(end.unwrap_or(0));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let limits = Limits {
        arguments: 8,
        files: 4,
        ..Limits::default()
    };
    media_type(content_type);

    let mut arguments = Pairs::default();
    let mut out = Multipart::default();
    let result = multipart::parse(content_type, body, &limits, &mut arguments, &mut out);
    assert_eq!(result.is_err(), out.flags.error);
    for file in &out.contents {
        assert!(body.get(file.content.clone()).is_some());
        assert!(out.files.at(file.entry).is_some());
    }
    assert!(out.combined_size() <= body.len());
    // Fields, and what stands before, after, and at fault.
    assert!(arguments.len() <= limits.arguments + 3);
    assert!(arguments.buffer().len() <= 2 * body.len());
    assert!(out.files.buffer().len() <= 2 * body.len());
    assert!(out.part_headers.buffer().len() <= 2 * body.len());

    // Whoever reads lines differently has seen them, too.
    if result.is_err() && out.contents.is_empty() && arguments.is_empty() {
        assert!(body.trim_ascii().len() <= content_type.len() + 8);
    }
});
