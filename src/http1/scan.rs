//! Byte classes of RFC 9110 and 9112, and the searches for the first byte outside them.

use crate::message::block::{Block, WIDTH};

/// `tchar` of RFC 9110 section 5.6.2: the bytes of methods and field names.
const TOKEN: u8 = 1;
/// The bytes of a request target: visible ASCII without `#`.
const TARGET: u8 = 2;
/// The bytes of a field value: visible, obs-text, space, tab.
const VALUE: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || is_token_mark(b) {
            table[byte] |= TOKEN;
        }
        if b.is_ascii_graphic() && b != b'#' {
            table[byte] |= TARGET;
        }
        if b == b'\t' || (b >= b' ' && b != 0x7f) {
            table[byte] |= VALUE;
        }
        byte += 1;
    }
    table
};

const fn is_token_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'\''
            | b'*'
            | b'+'
            | b'-'
            | b'.'
            | b'^'
            | b'_'
            | b'`'
            | b'|'
            | b'~'
    )
}

/// Where the token that starts at `from` ends: the first byte that is no `tchar`, or the end.
pub(super) fn token_end(bytes: &[u8], from: usize) -> usize {
    end_of(bytes, from, TOKEN)
}

/// Where the request target that starts at `from` ends.
pub(super) fn target_end(bytes: &[u8], from: usize) -> usize {
    end_of(bytes, from, TARGET)
}

/// Where the field value that starts at `from` ends, blanks after it included.
pub(super) fn value_end(bytes: &[u8], from: usize) -> usize {
    end_of(bytes, from, VALUE)
}

/// Which bytes are control bytes, tabs included.
#[inline(always)]
pub(super) fn controls(block: Block) -> u32 {
    (block.is_in(0, 0x1f) | block.is(0x7f)).bits()
}

/// Which bytes do not belong into a request target.
#[inline(always)]
pub(super) fn not_target(block: Block) -> u32 {
    block.is_in(b'!', b'~').without(block.is(b'#')).bits() ^ 0xffff
}

/// The place of the first byte from `from` on that `find` flags in its block. `None` if there is
/// none, or only so near to the end that a block no longer fits.
#[inline(always)]
pub(super) fn first_flagged(
    bytes: &[u8],
    from: usize,
    flag: impl Fn(Block) -> u32,
) -> Option<usize> {
    let mut rest = bytes.get(from..)?;
    while let Some((chunk, more)) = rest.split_first_chunk::<WIDTH>() {
        let flagged = flag(Block::new(chunk));
        if flagged != 0 {
            return Some(bytes.len() - rest.len() + flagged.trailing_zeros() as usize);
        }
        rest = more;
    }
    None
}

/// Whether the first `length` bytes, at most sixteen, are letters, digits and hyphens. Other tokens
/// are rare enough to be looked at byte by byte.
#[inline(always)]
pub(super) fn is_plain_name(block: Block, length: usize) -> bool {
    let fits = block.folded().is_in(b'a', b'z') | block.is_in(b'0', b'9') | block.is(b'-');
    let wanted = (1 << length) - 1;
    fits.bits() & wanted == wanted
}

/// Whether all of `bytes` may stand in a token.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_end(bytes, 0) == bytes.len()
}

/// Whether `byte` may stand in a field value.
pub(super) fn is_value_byte(byte: u8) -> bool {
    CLASSES[byte as usize] & VALUE != 0
}

/// `bytes` without the spaces and tabs around it.
pub(super) fn trim_blanks(bytes: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t');
    let Some(start) = bytes.iter().position(|b| !is_blank(b)) else {
        return &[];
    };
    let end = bytes
        .iter()
        .rposition(|b| !is_blank(b))
        .map_or(0, |i| i + 1);
    bytes.get(start..end).unwrap_or_default()
}

fn end_of(bytes: &[u8], from: usize, class: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|&b| CLASSES[b as usize] & class == 0)
        .unwrap_or(rest.len());
    from + length
}
