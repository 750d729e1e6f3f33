//! Injections: no bytes are too strange, the filters let none go, and no input is read over and
//! over.
#![no_main]

use portcullis::waf::libinjection::{
    Fingerprint, detect_sqli, detect_xss, may_be_sqli, may_be_xss,
};

/// What repeats becomes so long: read again for each repetition, it would not end within the limit.
const REPEATED: usize = 128 << 10;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match input {
        [0, piece @ ..] if !piece.is_empty() => check(&piece.repeat(REPEATED / piece.len())),
        _ => check(input),
    }
});

fn check(input: &[u8]) {
    if let Some(fingerprint) = detect_sqli(input) {
        assert!(may_be_sqli(input));
        let letters = fingerprint.as_bytes();
        assert!((1..=Fingerprint::MAX).contains(&letters.len()) && letters.is_ascii());
        assert_eq!(fingerprint.to_string().as_bytes(), letters);
    }
    assert!(!detect_xss(input) || may_be_xss(input));
}
