//! Forms and cookies: everything is kept, and nothing grows.
#![no_main]

use portcullis::waf::Pairs;
use portcullis::waf::body::cookies::{self, CookieFormat};
use portcullis::waf::body::{Limits, urlencoded};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let limits = Limits {
        arguments: 16,
        ..Limits::default()
    };
    let mut out = Pairs::default();
    let seen = urlencoded::parse(input, b'&', &limits, &mut out);
    assert_eq!(seen.over_limit, out.len() > limits.arguments);
    assert!(out.len() <= limits.arguments + 1);
    assert!(out.buffer().len() <= input.len());
    if !input.contains(&b'%') {
        assert!(!seen.invalid_escapes);
        let separators = input.iter().filter(|byte| matches!(byte, b'&' | b'='));
        assert!(out.buffer().len() + separators.count() >= input.len());
    }

    for (format, growth) in [(CookieFormat::Netscape, 0), (CookieFormat::Version1, 66)] {
        let mut out = Pairs::default();
        let fits = cookies::parse(input, format, b';', &limits, &mut out);
        assert_eq!(fits, out.len() <= limits.arguments);
        assert!(out.buffer().len() <= input.len() + growth * out.len());
    }
});
