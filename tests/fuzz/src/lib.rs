//! The modules that read hostile bytes, and what the fuzz targets share.

#[path = "../../../src/policy/cookie_integrity/mod.rs"]
pub mod cookie_integrity;
#[path = "../../../src/http1/mod.rs"]
pub mod http1;
#[path = "../../../src/message/mod.rs"]
pub mod message;
#[allow(dead_code)]
#[path = "../../../src/proxy/proxy_protocol.rs"]
pub mod proxy_protocol;
#[path = "../../../src/waf/mod.rs"]
pub mod waf;

/// Takes the bytes up to the first zero as distances between cuts, the others as what is cut.
pub fn split(input: &[u8]) -> (Vec<usize>, &[u8]) {
    let end = input.iter().position(|&b| b == 0).unwrap_or(0);
    let (distances, rest) = input.split_at(end);
    let bytes = rest.get(1..).unwrap_or_default();
    let mut at = 0;
    let cuts = distances.iter().map(|&distance| {
        at = bytes.len().min(at + usize::from(distance));
        at
    });
    (cuts.collect(), bytes)
}
