//! `md5`, `sha1`: the digests' bytes, which rules mostly write with `hexEncode`.
//!
//! Invariant: the output has 16 or 20 bytes. Non-goal: security; both are broken, and name things.

/// RFC 1321.
pub(super) fn md5(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(&md5::compute(input).0);
}

/// FIPS 180-1.
pub(super) fn sha1(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(&sha1_smol::Sha1::from(input).digest().bytes());
}
