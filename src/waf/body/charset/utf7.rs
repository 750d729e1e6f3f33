//! UTF-7 (RFC 2152).

/// Appends UTF-7 as UTF-8; returns whether it is well-formed. Bytes over 0x7f have no place in it and
/// are passed on.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let mut well_formed = true;
    let mut rest = input;
    while let [byte, more @ ..] = rest {
        rest = match (byte, more) {
            (b'+', [b'-', more @ ..]) => {
                out.push(b'+');
                more
            }
            (b'+', more) => {
                let end = more.iter().position(|byte| sextet(*byte).is_none());
                let (shifted, after) = more
                    .split_at_checked(end.unwrap_or(more.len()))
                    .unwrap_or((more, &[]));
                well_formed &= decode_shifted(shifted, out);
                after.strip_prefix(b"-").unwrap_or(after)
            }
            _ => {
                well_formed &= byte.is_ascii();
                out.push(*byte);
                more
            }
        };
    }
    well_formed
}

/// Decodes what stands between `+` and `-`: UTF-16 in Base64 without padding.
fn decode_shifted(shifted: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut units = shifted.iter().filter_map(|&byte| {
        bits = bits << 6 | u32::from(sextet(byte).unwrap_or(0));
        count += 6;
        if count < 16 {
            return None;
        }
        count -= 16;
        let unit = (bits >> count) as u16;
        bits &= (1 << count) - 1;
        Some(unit)
    });
    let mut well_formed = !shifted.is_empty();
    for character in char::decode_utf16(&mut units) {
        well_formed &= character.is_ok();
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    // What pads the last unit is fewer than six zeros.
    well_formed && bits == 0 && count < 6
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
