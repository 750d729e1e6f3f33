//! Targets: the path as the oracle makes it, and a host whose normal form is its own.
#![no_main]

use portcullis::message::normalize_host;

#[path = "../../http1/check.rs"]
#[allow(dead_code)]
mod check;
#[path = "../../http1/oracle.rs"]
#[allow(dead_code)]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let path = input.split(|&b| b == b'?').next().unwrap_or_default();
    check::path(&[b"/", path].concat());

    let mut host = Vec::new();
    if normalize_host(input, &mut host).is_ok() {
        let mut again = Vec::new();
        assert_eq!(normalize_host(&host, &mut again), Ok(None));
        assert_eq!(host, again);
        assert!(!host.is_empty() && host.is_ascii());
        assert!(host.iter().all(|b| !b.is_ascii_uppercase()));
    }
});
