//! XML: nothing grows, and what is refused is seen.
#![no_main]

use portcullis::waf::body::{Limits, xml};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let limits = Limits {
        arguments: 16,
        depth: 8,
        ..Limits::default()
    };
    xml::encoding(input);
    let mut out = xml::Xml::default();
    let result = xml::parse(input, &limits, &mut out);
    assert!(out.content.len() <= input.len());
    assert!(out.attributes.len() + out.namespaces.len() <= limits.arguments);
    assert!(out.texts().count() <= limits.arguments + 2);
    if result.is_ok() {
        // There is a document element, and it ends.
        assert!(
            input
                .windows(2)
                .any(|window| window == b"</" || window == b"/>")
        );
    } else if !input.trim_ascii().is_empty() && out.texts().next().is_none() {
        // Only where the end is missed has the rest nothing in it.
        assert_eq!(result, Err(xml::XmlError::End));
    }
});
