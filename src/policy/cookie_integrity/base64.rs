//! Base64 with the alphabet for URLs and without padding, RFC 4648 section 5.
//!
//! Invariant: one text a value; another that other decoders would take for the same is refused.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Characters that so many bytes become.
pub(super) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// Appends the text of `bytes`.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for group in bytes.chunks(3) {
        let mut all = [0; 4];
        for (place, byte) in all.iter_mut().skip(1).zip(group) {
            *place = *byte;
        }
        let all = u32::from_be_bytes(all);
        for place in 0..=group.len() {
            let digit = (all >> (18 - 6 * place)) as usize & 0x3f;
            out.extend(DIGITS.get(digit));
        }
    }
}

/// The bytes of a text; `None`: it is not the text of any.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for group in text.chunks(4) {
        let mut all = 0_u32;
        for (place, byte) in group.iter().enumerate() {
            all |= u32::from(value(*byte)?) << (18 - 6 * place);
        }
        let [_, bytes @ ..] = all.to_be_bytes();
        let count = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        let (bytes, rest) = bytes.split_at_checked(count)?;
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        out.extend_from_slice(bytes);
    }
    Some(out)
}

const fn value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_become_one_another() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"\xfb\xff\xfe", "-__-"),
        ] {
            let mut out = Vec::new();
            encode(bytes, &mut out);
            assert_eq!(out, text.as_bytes());
            assert_eq!(out.len(), encoded_len(bytes.len()));
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_not_the_one_text_of_bytes_is_refused() {
        for text in [
            "Z", "Zh", "Zm9", "Zg==", "Zg=", "Zm9v\n", "+/+/", "Zm9vZ", "Z g",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
