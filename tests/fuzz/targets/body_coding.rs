//! Content codings: the first line is a `Content-Encoding`. What comes out is bounded, and does not
//! depend on the pieces that come in.
#![no_main]

use portcullis::waf::body::coding::{CodingError, CodingLimits, Decoder};

const LIMITS: CodingLimits = CodingLimits {
    codings: 2,
    ratio: 100,
    size: 1 << 20,
};

fn decode(header: &[u8], bytes: &[u8], length: usize) -> (Vec<u8>, Result<(), CodingError>) {
    let mut out = Vec::new();
    let result = Decoder::new(header, LIMITS).and_then(|mut decoder| {
        for piece in bytes.chunks(length) {
            decoder.push(piece, &mut out)?;
        }
        decoder.finish()
    });
    (out, result)
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let (header, bytes) = input.split_at(end);
    let bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
    let (whole, result) = decode(header, bytes, usize::MAX);
    assert!(whole.len() as u64 <= LIMITS.size);
    let (pieced, again) = decode(header, bytes, 3);
    if result.is_ok() {
        // In pieces, a body can be a bomb before the rest of it has come.
        assert!(again == Err(CodingError::Bomb) || (again.is_ok() && pieced == whole));
    } else {
        assert!(again.is_err());
    }
});
