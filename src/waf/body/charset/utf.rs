//! UTF-16 and UTF-32.

/// Which byte of a code unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Big,
    Little,
}

use ByteOrder::{Big, Little};

/// Appends UTF-16 as UTF-8; returns whether it is well-formed. Where neither `order` nor a mark tells
/// the byte order, the first unit does: it is the one in which that is ASCII, or else big-endian (RFC
/// 2781 section 4.3).
pub(super) fn decode_16(input: &[u8], order: Option<ByteOrder>, out: &mut Vec<u8>) -> bool {
    let (marked, text) = match input {
        [0xfe, 0xff, text @ ..] if order != Some(Little) => (Some(Big), text),
        [0xff, 0xfe, text @ ..] if order != Some(Big) => (Some(Little), text),
        [1..=255, 0, ..] => (Some(Little), input),
        text => (None, text),
    };
    let (units, left) = text.as_chunks::<2>();
    let little = order.or(marked) == Some(Little);
    let units = units.iter().map(|unit| match little {
        true => u16::from_le_bytes(*unit),
        false => u16::from_be_bytes(*unit),
    });
    let mut well_formed = left.is_empty();
    for character in char::decode_utf16(units) {
        push(character.ok(), &mut well_formed, out);
    }
    if !left.is_empty() {
        push(None, &mut well_formed, out);
    }
    well_formed
}

/// Appends UTF-32 as UTF-8, in the same way.
pub(super) fn decode_32(input: &[u8], order: Option<ByteOrder>, out: &mut Vec<u8>) -> bool {
    let (marked, text) = match input {
        [0, 0, 0xfe, 0xff, text @ ..] if order != Some(Little) => (Some(Big), text),
        [0xff, 0xfe, 0, 0, text @ ..] if order != Some(Big) => (Some(Little), text),
        [1..=255, 0, 0, 0, ..] => (Some(Little), input),
        text => (None, text),
    };
    let (units, left) = text.as_chunks::<4>();
    let little = order.or(marked) == Some(Little);
    let mut well_formed = left.is_empty();
    for unit in units {
        let unit = match little {
            true => u32::from_le_bytes(*unit),
            false => u32::from_be_bytes(*unit),
        };
        push(char::from_u32(unit), &mut well_formed, out);
    }
    if !left.is_empty() {
        push(None, &mut well_formed, out);
    }
    well_formed
}

fn push(character: Option<char>, well_formed: &mut bool, out: &mut Vec<u8>) {
    *well_formed &= character.is_some();
    let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
