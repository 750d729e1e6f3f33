//! `@detectBase64`: text that was encoded to pass unseen.
//!
//! Read are the alphabets of RFC 4648, sections 4 and 5, with and without padding, and nothing else
//! in the value. What comes of it counts if it is text: random bytes, which tokens are, hardly ever
//! are. Non-goal: Base64 with line ends, which is what files have.

/// The shortest value that is looked at: six bytes of text.
pub(super) const SHORTEST: usize = 8;

/// The longest value that is looked at.
const LONGEST: usize = 64 << 10;

/// The text that a value is in Base64.
pub(super) fn text(input: &[u8]) -> Option<Vec<u8>> {
    if !(SHORTEST..=LONGEST).contains(&input.len()) {
        return None;
    }
    let padding = input
        .iter()
        .rev()
        .take(2)
        .filter(|byte| **byte == b'=')
        .count();
    let body = input.get(..input.len() - padding)?;
    // One character more makes no byte.
    if body.len() % 4 == 1 || padding > 0 && !input.len().is_multiple_of(4) {
        return None;
    }
    // Without memory first: nearly every value ends here.
    let mut signs = false;
    for byte in bytes(body) {
        let byte = byte?;
        if !(byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r')) {
            return None;
        }
        signs |= byte.is_ascii() && !byte.is_ascii_alphanumeric();
    }
    if !signs {
        return None;
    }
    let text: Option<Vec<u8>> = bytes(body).collect();
    text.filter(|text| std::str::from_utf8(text).is_ok())
}

/// The bytes, each `None` from the first that is not Base64 on.
fn bytes(body: &[u8]) -> impl Iterator<Item = Option<u8>> {
    body.chunks(4).flat_map(|four| {
        let bits = four.iter().try_fold(0_u32, |bits, byte| {
            Some(bits << 6 | u32::from(value(*byte)?))
        });
        let bits = bits.map(|bits| (bits << (6 * (4 - four.len()))).to_be_bytes());
        let count = four.len().saturating_sub(1);
        (1..=count).map(move |at| bits.and_then(|bits| bits.get(at).copied()))
    })
}

fn value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        // A plus sign of a query is a blank once it is decoded.
        b'+' | b'-' | b' ' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
