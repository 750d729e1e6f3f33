//! Strings of JSON.

use super::super::urlencoded::hex;
use super::JsonError;

/// What was odd about a string that is well-formed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Oddities {
    /// An escape names half of a surrogate pair; `U+FFFD` was written for it.
    pub(super) lone_surrogate: bool,
}

/// Decodes a string, whose opening quote stands before `text`, to the end of `out`. Returns what
/// follows its closing quote; `at` is where `text` lies.
pub(super) fn decode<'a>(
    text: &'a [u8],
    at: usize,
    odd: &mut Oddities,
    out: &mut Vec<u8>,
) -> Result<&'a [u8], JsonError> {
    let mut rest = text;
    loop {
        let (plain, special) = find_special(rest)
            .and_then(|at| rest.split_at_checked(at))
            .ok_or(JsonError::End)?;
        out.extend_from_slice(plain);
        let at = at + text.len() - special.len();
        rest = match special {
            [b'"', more @ ..] => return Ok(more),
            [b'\\', escape @ ..] => escaped(escape, at, odd, out)?,
            _ => return Err(JsonError::Control { at }),
        };
    }
}

/// Decodes what follows a backslash, which stands at `at`.
fn escaped<'a>(
    escape: &'a [u8],
    at: usize,
    odd: &mut Oddities,
    out: &mut Vec<u8>,
) -> Result<&'a [u8], JsonError> {
    let (byte, more) = match escape {
        [b'u', more @ ..] => {
            let (unit, more) = unit(more).ok_or(JsonError::Escape { at })?;
            return Ok(code_point(unit, more, odd, out));
        }
        [byte @ (b'"' | b'\\' | b'/'), more @ ..] => (*byte, more),
        [b'b', more @ ..] => (0x08, more),
        [b'f', more @ ..] => (0x0c, more),
        [b'n', more @ ..] => (b'\n', more),
        [b'r', more @ ..] => (b'\r', more),
        [b't', more @ ..] => (b'\t', more),
        [] => return Err(JsonError::End),
        _ => return Err(JsonError::Escape { at }),
    };
    out.push(byte);
    Ok(more)
}

/// Writes the character that begins with a UTF-16 code unit, the second of a pair being in `rest`.
fn code_point<'a>(unit: u16, rest: &'a [u8], odd: &mut Oddities, out: &mut Vec<u8>) -> &'a [u8] {
    let mut more = rest;
    let mut character = char::from_u32(u32::from(unit));
    if let 0xd800..0xdc00 = unit
        && let [b'\\', b'u', low @ ..] = rest
        && let Some((low @ 0xdc00..0xe000, after)) = self::unit(low)
    {
        more = after;
        let [high, low] = [unit - 0xd800, low - 0xdc00].map(u32::from);
        character = char::from_u32(0x1_0000 + (high << 10 | low));
    }
    odd.lone_surrogate |= character.is_none();
    let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    more
}

/// The four hexadecimal digits of a code unit.
fn unit(digits: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, more) = digits.split_first_chunk::<4>()?;
    let mut unit = 0;
    for &digit in digits {
        unit = unit << 4 | u16::from(hex(digit)?);
    }
    Some((unit, more))
}

/// Where the first byte is that does not stand for itself.
fn find_special(text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (word, at) in words.iter().zip((0..).step_by(8)) {
        let found = specials(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
    }
    let at = rest.iter().position(|&byte| is_special(byte))?;
    Some(text.len() - rest.len() + at)
}

/// The highest bit of each byte that does not stand for itself, and perhaps of others above the
/// lowest of these.
fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    // A borrow goes up only from a byte that is less than what is taken off: one that is found.
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let is = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    (less(word, 0x20) | is(b'"') | is(b'\\')) & (ONES << 7)
}

/// Whether a byte does not stand for itself: the quote, the backslash and control characters.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_is_special_is_found_wherever_it_is() {
        for special in 0..=u8::MAX {
            for before in [b'a', b' ', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                for at in 0..20 {
                    for after in [b'"', b'x', 0] {
                        let mut text = vec![before; at];
                        text.push(special);
                        text.extend([after; 9]);
                        let expected = text.iter().position(|&byte| is_special(byte));
                        assert_eq!(find_special(&text), expected, "{}", text.escape_ascii());
                    }
                }
            }
        }
    }
}
