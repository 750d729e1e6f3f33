//! Bytes of a log line, without the formatting machinery.
//!
//! Invariant: whatever bytes come in, what goes out is ASCII without control bytes, and the bytes
//! that came in can be told from it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// How bytes outside of printable ASCII are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As JSON: `\"`, `\\`, and `\u00hh` for every other byte. Each character of the decoded text is
    /// one byte of the request, so no byte is lost and text that is not UTF-8 is valid JSON too.
    Json,
    /// As nginx: `\xHH`, quotation mark and backslash included.
    Text,
}

/// Appends `bytes`, escaped; of more than `limit` bytes only the first ones, followed by `...`.
pub(super) fn push_escaped(line: &mut Vec<u8>, bytes: &[u8], limit: usize, escape: Escape) {
    let shown = bytes.get(..limit).unwrap_or(bytes);
    if is_plain(shown) {
        line.extend_from_slice(shown);
    } else {
        push_each(line, shown, escape);
    }
    if shown.len() < bytes.len() {
        line.extend_from_slice(b"...");
    }
}

/// Whether no byte needs an escape. The folds are without branches, so they compile to vector code.
fn is_plain(bytes: &[u8]) -> bool {
    let special = |byte: u8| !matches!(byte, b' '..=b'~') | (byte == b'"') | (byte == b'\\');
    let (chunks, rest) = bytes.as_chunks::<16>();
    chunks
        .iter()
        .all(|chunk| !chunk.iter().fold(false, |any, byte| any | special(*byte)))
        && !rest.iter().fold(false, |any, byte| any | special(*byte))
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
pub(super) fn push_number(line: &mut Vec<u8>, number: impl itoa::Integer) {
    line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a duration in seconds with `N` decimals, cut, not rounded.
pub(super) fn push_seconds<const N: usize>(line: &mut Vec<u8>, duration: Duration) {
    push_number(line, duration.as_secs());
    line.push(b'.');
    push_padded::<9>(line, duration.subsec_nanos());
    line.truncate(line.len() - (9 - N.min(9)));
}

/// Appends the last `N` digits of a number.
pub(super) fn push_padded<const N: usize>(line: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(number % 10).expect("a digit is below 10");
        number /= 10;
    }
    line.extend_from_slice(&digits);
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
    push_number(line, address.port());
}

fn push_v4(line: &mut Vec<u8>, address: Ipv4Addr) {
    let [first, rest @ ..] = address.octets();
    push_number(line, first);
    for octet in rest {
        line.push(b'.');
        push_number(line, octet);
    }
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
            length in 0usize..70, at in 0usize..70, byte in any::<u8>(),
        ) {
            let mut bytes = vec![b'a'; length];
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let naive = bytes.iter().all(|b| (b' '..=b'~').contains(b) && !b"\"\\".contains(b));
            prop_assert_eq!(is_plain(&bytes), naive);
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
