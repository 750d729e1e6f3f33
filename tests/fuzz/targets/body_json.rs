//! JSON: accepted where serde_json accepts it, seen where not.
#![no_main]

use portcullis::waf::Pairs;
use portcullis::waf::body::Limits;
use portcullis::waf::body::json::{self, JsonError};
use serde::de::IgnoredAny;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let limits = Limits {
        arguments: 64,
        depth: 32,
        names: 4096,
        ..Limits::default()
    };
    let mut out = Pairs::default();
    let result = json::parse(input, &limits, &mut out);
    assert!(!out.is_empty() && out.len() <= limits.arguments + 1);
    // An escape of six bytes makes three at most; what remains after a fault is there once.
    assert!(out.buffer().len() <= 2 * (limits.names + input.len()));
    match result {
        Ok(_) | Err(JsonError::Depth | JsonError::TooMany { .. } | JsonError::Names) => {}
        Err(error) if input.starts_with(b"\xef\xbb\xbf") => drop(error),
        Err(error) => assert!(accepted(input).is_err(), "{error}"),
    }
    if result.is_ok() {
        let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        assert!(accepted(text).is_ok());
    }
});

/// Whether the grammar holds: that alone is looked at where nothing is kept.
fn accepted(text: &[u8]) -> Result<IgnoredAny, serde_json::Error> {
    serde_json::from_slice(text)
}
