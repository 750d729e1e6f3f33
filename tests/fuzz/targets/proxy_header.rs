//! PROXY headers: what is decided does not depend on how many bytes have come, nor on what follows.
#![no_main]

use portcullis::proxy_protocol::ProxyHeader;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let whole = ProxyHeader::parse(input);
    let decided = (0..=input.len())
        .map(|length| ProxyHeader::parse(&input[..length]))
        .find(|parsed| *parsed != Ok(None))
        .unwrap_or(Ok(None));
    assert_eq!(decided, whole);
    if let Ok(Some(header)) = whole {
        assert!(header.consumed <= input.len());
        let alone = ProxyHeader::parse(&input[..header.consumed]);
        assert_eq!(alone, Ok(Some(header)));
    }
});
