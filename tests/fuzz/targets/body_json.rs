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
    let text = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    match result {
        Err(JsonError::Depth | JsonError::TooMany { .. } | JsonError::Names) => {}
        result => assert_eq!(result.is_ok(), is_json(text), "{result:?}"),
    }
});

/// Whether the grammar holds: that alone is looked at where nothing is kept.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
