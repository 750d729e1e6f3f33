//! `jsDecode`, `escapeSeqDecode`, `cssDecode`: escapes that begin with a backslash.
//!
//! Invariant: the output is not longer than the input. Non-goal: the languages' own rules; what
//! ModSecurity makes of a broken escape counts, since rules are written for that.

use memchr::memchr;

use super::scan;

/// Decodes the escapes of JavaScript: `\uHHHH` (full-width forms become ASCII, of others the lower
/// byte counts), `\xHH`, `\OOO`, `\n`. Other escaped characters stand for themselves.
pub(super) fn decode_js(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| memchr(b'\\', bytes);
    scan::rewrite(input, output, find, |from, output| {
        let (byte, rest) = js(from);
        output.push(byte);
        rest
    });
}

fn js(from: &[u8]) -> (u8, &[u8]) {
    let Some((&letter, rest)) = from.get(1..).and_then(<[u8]>::split_first) else {
        return (b'\\', &[]);
    };
    let number = match letter {
        b'u' => scan::hex_code(rest).map(|(code, rest)| (scan::narrow(code), rest)),
        b'x' => scan::hex_byte(rest),
        b'0'..=b'7' => Some(js_octal(from.get(1..).unwrap_or_default())),
        _ => None,
    };
    number.unwrap_or((scan::control(letter).unwrap_or(letter), rest))
}

/// Three digits that are over 255 are two, and a digit by itself.
fn js_octal(digits: &[u8]) -> (u8, &[u8]) {
    let (value, rest) = scan::octal(digits);
    match u8::try_from(value) {
        Ok(value) => (value, rest),
        Err(_) => ((value >> 3) as u8, digits.get(2..).unwrap_or_default()),
    }
}

/// Decodes the escapes of C (`\xHH`, `\OOO`, `\n`). Of other escaped characters, and of the letter
/// of a broken escape, the backslash goes.
pub(super) fn decode_c(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| memchr(b'\\', bytes);
    scan::rewrite(input, output, find, |from, output| {
        let (byte, rest) = c(from);
        output.push(byte);
        rest
    });
}

fn c(from: &[u8]) -> (u8, &[u8]) {
    let Some((&letter, rest)) = from.get(1..).and_then(<[u8]>::split_first) else {
        return (b'\\', &[]);
    };
    let number = match letter {
        b'x' | b'X' => scan::hex_byte(rest),
        b'0'..=b'7' => {
            let (value, rest) = scan::octal(from.get(1..).unwrap_or_default());
            Some((value as u8, rest))
        }
        _ => None,
    };
    number.unwrap_or((scan::control(letter).unwrap_or(letter), rest))
}

/// Decodes the escapes of CSS 2 (section 4.1.3): up to six hexadecimal digits and one white space;
/// an escaped line feed, and a backslash at the end, are nothing. Of a code point the lower byte
/// counts, full-width forms become ASCII.
pub(super) fn decode_css(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| memchr(b'\\', bytes);
    scan::rewrite(input, output, find, |from, output| {
        let after = from.get(1..).unwrap_or_default();
        let mut rest = after;
        let mut code = 0_u32;
        for _ in 0..6 {
            let Some((byte, more)) = rest.split_first() else {
                break;
            };
            let Some(digit) = scan::hex_digit(*byte) else {
                break;
            };
            code = code << 4 | u32::from(digit);
            rest = more;
        }
        if rest.len() < after.len() {
            // Six digits are 24 bits: what is no 16-bit code point has no full-width form.
            output.push(u16::try_from(code).map_or(code as u8, scan::narrow));
            return match rest {
                [space, more @ ..] if scan::is_space(*space) => more,
                _ => rest,
            };
        }
        match after {
            [b'\n', rest @ ..] => rest,
            [byte, rest @ ..] => {
                output.push(*byte);
                rest
            }
            [] => after,
        }
    });
}
