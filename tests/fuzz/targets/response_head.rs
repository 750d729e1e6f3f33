//! Response heads: read as the oracle reads them, in whatever pieces they come.
#![no_main]

#[path = "../../http1/check.rs"]
#[allow(dead_code)]
mod check;
#[path = "../../http1/oracle.rs"]
#[allow(dead_code)]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (cuts, bytes) = portcullis::split(input);
    check::response(&[bytes, b"\r\n\r\n"].concat(), &cuts);
});
