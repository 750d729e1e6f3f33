//! `base64Decode`, `base64DecodeExt`, `base64Encode`.
//!
//! Invariant: decoding never fails; it gives what could be read. Non-goal: the alphabet for URLs.

const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Decodes up to the first byte that is not of the alphabet, padding included. Bits that make no
/// byte go.
pub(super) fn decode(input: &[u8], output: &mut Vec<u8>) {
    let (fours, _) = input.as_chunks::<4>();
    let start = output.len();
    output.resize(start + fours.len() * 3, 0);
    let places = output.get_mut(start..).unwrap_or_default();
    let mut whole = 0;
    for (four, three) in fours.iter().zip(places.as_chunks_mut::<3>().0) {
        let [a, b, c, d] = four;
        let bits =
            shifted(&FIRST, a) | shifted(&SECOND, b) | shifted(&THIRD, c) | shifted(&FOURTH, d);
        let [none, first, second, third] = bits.to_be_bytes();
        if none != 0 {
            break;
        }
        *three = [first, second, third];
        whole += 1;
    }
    output.truncate(start + whole * 3);
    let rest = input.get(whole * 4..).unwrap_or_default();
    let mut bits = Bits::default();
    let values = rest.iter().map(|&byte| value(byte));
    for value in values.take_while(|&value| value < NO_VALUE) {
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
        let value = value(byte);
        if value < NO_VALUE {
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

/// What is in [`VALUES`] for a byte that is not of the alphabet: a bit that no value has.
const NO_VALUE: u8 = 0x80;

#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks every index"
)]
const VALUES: [u8; 256] = {
    let mut values = [NO_VALUE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// What each of four characters adds to 24 bits; [`NO_VALUE`] above them for what is none.
static FIRST: [u32; 256] = shifted_values(18);
static SECOND: [u32; 256] = shifted_values(12);
static THIRD: [u32; 256] = shifted_values(6);
static FOURTH: [u32; 256] = shifted_values(0);

#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks every index"
)]
const fn shifted_values(shift: u32) -> [u32; 256] {
    let mut values = [0; 256];
    let mut byte = 0;
    while byte < values.len() {
        values[byte] = match VALUES[byte] {
            NO_VALUE => (NO_VALUE as u32) << 24,
            value => (value as u32) << shift,
        };
        byte += 1;
    }
    values
}

#[inline(always)]
fn shifted(values: &'static [u32; 256], byte: &u8) -> u32 {
    let value = values.get(usize::from(*byte));
    value.copied().unwrap_or_default()
}

/// The six bits of a character.
#[inline(always)]
fn value(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(NO_VALUE)
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
