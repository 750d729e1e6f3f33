//! `base64Decode`, `base64DecodeExt`, `base64Encode`.
//!
//! Invariant: decoding never fails; it gives what could be read. Non-goal: the alphabet for URLs.

const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Decodes up to the first byte that is not of the alphabet, padding included. Bits that make no
/// byte go.
pub(super) fn decode(input: &[u8], output: &mut Vec<u8>) {
    let mut bits = Bits::default();
    for value in input.iter().map_while(|&byte| value(byte)) {
        bits.push(value, output);
    }
}

/// Decodes what is of the alphabet and passes over the rest (RFC 2045 section 6.8). Padding after
/// a character that makes no byte, one `=` by itself, leaves nothing at all.
pub(super) fn decode_forgiving(input: &[u8], output: &mut Vec<u8>) {
    let mut bits = Bits::default();
    let mut bytes = input.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'=' && bits.count == 6 && bytes.peek() != Some(&b'=') {
            output.clear();
            return;
        }
        if let Some(value) = value(byte) {
            bits.push(value, output);
        }
    }
}

/// Encodes with padding.
pub(super) fn encode(input: &[u8], output: &mut Vec<u8>) {
    let (whole, rest) = input.as_chunks::<3>();
    for &[a, b, c] in whole {
        output.extend_from_slice(&characters(a, b, c));
    }
    match *rest {
        [a] => {
            let [first, second, ..] = characters(a, 0, 0);
            output.extend_from_slice(&[first, second, b'=', b'=']);
        }
        [a, b] => {
            let [first, second, third, _] = characters(a, b, 0);
            output.extend_from_slice(&[first, second, third, b'=']);
        }
        _ => {}
    }
}

fn characters(a: u8, b: u8, c: u8) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    [18, 12, 6, 0].map(|shift| {
        let place = (bits >> shift & 0x3f) as usize;
        ALPHABET.get(place).copied().unwrap_or_default()
    })
}

/// The six bits of a character.
fn value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Bits that make no byte yet: the lowest `count` of `held`, none, two, four or six.
#[derive(Default)]
struct Bits {
    held: u16,
    count: u8,
}

impl Bits {
    #[inline(always)]
    fn push(&mut self, value: u8, output: &mut Vec<u8>) {
        self.held = self.held << 6 | u16::from(value);
        match self.count.checked_sub(2) {
            Some(left) => {
                output.push((self.held >> left) as u8);
                self.count = left;
            }
            None => self.count = 6,
        }
    }
}
