//! What the tests share.

use portcullis::http1::{self, HeadError, HeadLimits, Parsed};
use portcullis::message::{RequestHead, ResponseHead};
use proptest::test_runner::Config;

/// So many cases, and no file of failures: what is found becomes a row of a table.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Parses a request head that must be complete or faulty.
pub(crate) fn request(bytes: &[u8]) -> Result<RequestHead, HeadError> {
    let mut head = RequestHead::default();
    head.buffer.extend_from_slice(bytes);
    let parsed = http1::parse_request(&mut head, &HeadLimits::default())?;
    assert_eq!(parsed, Parsed::Complete, "{}", bytes.escape_ascii());
    Ok(head)
}

/// Parses a response head that must be complete or faulty.
pub(crate) fn response(bytes: &[u8]) -> Result<ResponseHead, HeadError> {
    let mut head = ResponseHead::default();
    head.buffer.extend_from_slice(bytes);
    let parsed = http1::parse_response(&mut head, &HeadLimits::default())?;
    assert_eq!(parsed, Parsed::Complete, "{}", bytes.escape_ascii());
    Ok(head)
}
