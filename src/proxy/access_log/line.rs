//! Bytes of a log line, without the formatting machinery.
//!
//! Invariant: whatever bytes come in, what goes out is ASCII without control bytes, and the bytes
//! that came in can be told from it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use crate::message::block::{Block, WIDTH};

/// How bytes outside of printable ASCII are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Escape {
    /// As JSON: `\"`, `\\`, and `\u00hh` for every other byte. Each character of the decoded text is
    /// one byte of the request, so no byte is lost and text that is not UTF-8 is valid JSON too.
    Json,
    /// As nginx: `\xHH`, quotation mark and backslash included.
    Text,
}

/// Appends `bytes`, escaped; of more than `limit` bytes only the first ones, followed by `...`.
#[inline]
pub(in crate::proxy) fn push_escaped(
    line: &mut Vec<u8>,
    bytes: &[u8],
    limit: usize,
    escape: Escape,
) {
    let shown = bytes.get(..limit).unwrap_or(bytes);
    let start = line.len();
    line.extend_from_slice(shown);
    if !ends_plain(line, shown) {
        line.truncate(start);
        push_each(line, shown, escape);
    }
    if shown.len() < bytes.len() {
        line.extend_from_slice(b"...");
    }
}

/// Whether no byte of `text` needs an escape. It stands at the end of `line`, so that its last bytes
/// can be looked at as a whole block together with what stands before them.
#[inline]
fn ends_plain(line: &[u8], text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let Some(last) = line.last_chunk::<WIDTH>() else {
        return text.iter().all(|byte| is_plain(*byte));
    };
    // The bytes of the rest are the last lanes; where there are none, everything is shifted out.
    let of_rest = (EVERY & !plain(last)) >> (WIDTH - rest.len());
    let whole = blocks.iter().fold(EVERY, |all, block| all & plain(block));
    of_rest | (EVERY & !whole) == 0
}

/// One bit for each byte of a block.
const EVERY: u32 = 0xffff;

/// One bit for each byte of a block that needs no escape.
#[inline]
fn plain(block: &[u8; WIDTH]) -> u32 {
    let block = Block::new(block);
    let escaped = block.is(b'"') | block.is(b'\\');
    block.is_in(b' ', b'~').without(escaped).bits()
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

#[cold]
fn push_each(line: &mut Vec<u8>, bytes: &[u8], escape: Escape) {
    for &byte in bytes {
        let hex = [hex_digit(byte >> 4), hex_digit(byte & 15)];
        match (byte, escape) {
            (b'"' | b'\\', Escape::Json) => line.extend_from_slice(&[b'\\', byte]),
            (b'"' | b'\\', Escape::Text) | (0..b' ' | 0x7f.., Escape::Text) => {
                line.extend_from_slice(b"\\x");
                line.extend_from_slice(&hex.map(|digit| digit.to_ascii_uppercase()));
            }
            (0..b' ' | 0x7f.., Escape::Json) => {
                line.extend_from_slice(b"\\u00");
                line.extend_from_slice(&hex);
            }
            (b' '..=b'~', _) => line.push(byte),
        }
    }
}

/// Appends a number in decimal.
#[inline]
pub(super) fn push_number(line: &mut Vec<u8>, number: u64) {
    if number < 10 {
        line.push(digit(number as u32));
    } else {
        line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
}

/// Appends a duration in seconds with `N` decimals, cut, not rounded.
#[inline]
pub(super) fn push_seconds<const N: usize>(line: &mut Vec<u8>, duration: Duration) {
    push_number(line, duration.as_secs());
    line.push(b'.');
    let unit = const { 10_u32.pow(9 - N as u32) };
    push_padded::<N>(line, duration.subsec_nanos() / unit);
}

/// Appends the last `N` digits of a number.
#[inline]
pub(super) fn push_padded<const N: usize>(line: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; N];
    for place in digits.iter_mut().rev() {
        *place = digit(number % 10);
        number /= 10;
    }
    line.extend_from_slice(&digits);
}

/// The digit of a number below 10.
#[inline]
const fn digit(number: u32) -> u8 {
    b'0' + number as u8
}

/// Appends an address; a version 6 address that holds a version 4 one is written as the latter.
pub(super) fn push_address(line: &mut Vec<u8>, address: IpAddr) {
    match address.to_canonical() {
        IpAddr::V4(address) => push_v4(line, address),
        IpAddr::V6(address) => push_v6(line, address),
    }
}

/// Appends an address with its port, version 6 in brackets.
pub(super) fn push_socket_address(line: &mut Vec<u8>, address: SocketAddr) {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => push_v4(line, v4),
        IpAddr::V6(v6) => {
            line.push(b'[');
            push_v6(line, v6);
            line.push(b']');
        }
    }
    line.push(b':');
    push_number(line, address.port().into());
}

#[inline]
fn push_v4(line: &mut Vec<u8>, address: Ipv4Addr) {
    // At most 16 bytes with the last dot: put together in a register and written at once.
    let (mut text, mut length) = (0_u128, 0);
    for octet in address.octets() {
        if let Some((digits, count)) = OCTETS.get(usize::from(octet)) {
            text |= u128::from(*digits) << (8 * length);
            length += count;
        }
    }
    let start = line.len();
    line.extend_from_slice(&text.to_le_bytes());
    line.truncate(start + length as usize - 1);
}

/// For each octet its digits with the dot behind them, the first one lowest, and their number.
const OCTETS: [(u32, u32); 256] = octets();

#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks every index"
)]
const fn octets() -> [(u32, u32); 256] {
    let mut octets = [(0, 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let (hundreds, tens, ones) = (
            digit(octet / 100),
            digit(octet / 10 % 10),
            digit(octet % 10),
        );
        let (text, count) = match octet {
            0..10 => ([ones, b'.', 0, 0], 2),
            10..100 => ([tens, ones, b'.', 0], 3),
            _ => ([hundreds, tens, ones, b'.'], 4),
        };
        octets[octet as usize] = (u32::from_le_bytes(text), count);
        octet += 1;
    }
    octets
}

/// RFC 5952: lower case, no leading zeros, the first of the longest runs of zeros as `::`.
fn push_v6(line: &mut Vec<u8>, address: Ipv6Addr) {
    let segments = address.segments();
    let (mut start, mut length) = (0, 0);
    let mut run = 0;
    for (index, segment) in segments.iter().enumerate() {
        run = if *segment == 0 { run + 1 } else { 0 };
        if run > length {
            (start, length) = (index + 1 - run, run);
        }
    }
    let zeros = if length > 1 {
        start..start + length
    } else {
        8..8
    };
    for (index, segment) in segments.into_iter().enumerate() {
        if zeros.contains(&index) {
            if index == zeros.start {
                line.extend_from_slice(b"::");
            }
            continue;
        }
        if index != 0 && index != zeros.end {
            line.push(b':');
        }
        push_hex(line, segment);
    }
}

fn push_hex(line: &mut Vec<u8>, segment: u16) {
    let [high, low] = segment.to_be_bytes();
    let digits = [high >> 4, high & 15, low >> 4, low & 15].map(hex_digit);
    let zeros = digits
        .iter()
        .take(3)
        .take_while(|digit| **digit == b'0')
        .count();
    line.extend(digits.into_iter().skip(zeros));
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + nibble - 10
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).unwrap()
    }

    proptest! {
        #[test]
        fn every_byte_string_is_valid_json_and_can_be_read_back(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let text = written(|line| {
                line.push(b'"');
                push_escaped(line, &bytes, usize::MAX, Escape::Json);
                line.push(b'"');
            });
            let decoded: String = serde_json::from_str(&text).unwrap();
            let back: Vec<u8> =
                decoded.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
            prop_assert_eq!(back, bytes);
        }

        #[test]
        fn plain_text_is_found_plain_wherever_the_special_byte_stands(
            before in 0usize..20, length in 0usize..70, at in 0usize..70, byte in any::<u8>(),
        ) {
            let mut bytes = vec![b'a'; length];
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let naive = bytes.iter().all(|b| (b' '..=b'~').contains(b) && !b"\"\\".contains(b));
            let line = [vec![b'"'; before], bytes.clone()].concat();
            prop_assert_eq!(ends_plain(&line, &bytes), naive);
        }

        #[test]
        fn numbers_are_spelled_as_the_standard_library_does(number in any::<u64>(), shift in 0..64) {
            let number = number >> shift;
            prop_assert_eq!(written(|line| push_number(line, number)), number.to_string());
            let duration = Duration::from_micros(number >> 16);
            let expected = format!("{}.{:06}", duration.as_secs(), duration.subsec_micros());
            prop_assert_eq!(written(|line| push_seconds::<6>(line, duration)), expected);
        }

        #[test]
        fn addresses_are_spelled_as_the_standard_library_does(
            segments in any::<[u16; 8]>(), mask in any::<u8>(), port in any::<u16>(),
        ) {
            let mut segments = segments;
            for (index, segment) in segments.iter_mut().enumerate() {
                if mask & (1 << index) != 0 {
                    *segment = 0;
                }
            }
            let address = IpAddr::from(segments).to_canonical();
            prop_assert_eq!(written(|line| push_address(line, address)), address.to_string());
            let address = SocketAddr::new(address, port);
            prop_assert_eq!(written(|line| push_socket_address(line, address)), address.to_string());
        }
    }

    #[test]
    fn text_is_escaped_as_nginx_does() {
        let text = written(|line| push_escaped(line, b"a\"\\\x01\xffz", 10, Escape::Text));
        assert_eq!(text, r"a\x22\x5C\x01\xFFz");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        for (bytes, expected) in [("abc", "abc"), ("abcd", "abc..."), ("", "")] {
            let text = written(|line| push_escaped(line, bytes.as_bytes(), 3, Escape::Json));
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn durations_are_seconds_with_the_decimals_asked_for() {
        let duration = Duration::new(12, 3_456_789);
        assert_eq!(
            written(|line| push_seconds::<6>(line, duration)),
            "12.003456"
        );
        assert_eq!(written(|line| push_seconds::<3>(line, duration)), "12.003");
    }
}
