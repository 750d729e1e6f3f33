//! Charsets: the first line names one. What comes out is UTF-8, and not much more than came in.
#![no_main]

use portcullis::waf::body::charset::{CharsetOutcome, sniff, to_utf8};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let (charset, text) = input.split_at(end);
    for charset in [Some(charset), sniff(text)].into_iter().flatten() {
        let mut out = Vec::new();
        let outcome = to_utf8(charset, text, &mut out);
        assert!(out.len() <= 3 * text.len() + 3);
        match outcome {
            CharsetOutcome::AsIs | CharsetOutcome::Unknown => assert!(out.is_empty()),
            CharsetOutcome::Decoded => assert!(std::str::from_utf8(&out).is_ok()),
            // UTF-7 passes on what is no ASCII.
            CharsetOutcome::Malformed => {}
        }
    }
});
