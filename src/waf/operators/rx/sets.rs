//! Sets of bytes that patterns have names for, all of ASCII.

use crate::waf::ByteSet;

pub(super) const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
pub(super) const WORD: ByteSet = ALNUM.with(b'_');
pub(super) const SPACE: ByteSet = ByteSet::range(b'\t', b'\r').with(b' ');
/// `\h`: that of Latin 1, as PCRE has it without UTF.
pub(super) const HORIZONTAL: ByteSet = ByteSet::of(b"\t \xa0");
/// `\v`
pub(super) const VERTICAL: ByteSet = ByteSet::range(b'\n', b'\r').with(0x85);
pub(super) const NEWLINE: ByteSet = ByteSet::of(b"\n");

const LOWER: ByteSet = ByteSet::range(b'a', b'z');
const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
const ALPHA: ByteSet = LOWER.union(UPPER);
const ALNUM: ByteSet = ALPHA.union(DIGIT);
const GRAPH: ByteSet = ByteSet::range(b'!', b'~');

const POSIX: [(&[u8], ByteSet); 14] = [
    (b"alnum", ALNUM),
    (b"alpha", ALPHA),
    (b"ascii", ByteSet::range(0, 0x7f)),
    (b"blank", ByteSet::of(b" \t")),
    (b"cntrl", ByteSet::range(0, 0x1f).with(0x7f)),
    (b"digit", DIGIT),
    (b"graph", GRAPH),
    (b"lower", LOWER),
    (b"print", GRAPH.with(b' ')),
    (b"punct", GRAPH.intersection(ALNUM.complement())),
    (b"space", SPACE),
    (b"upper", UPPER),
    (b"word", WORD),
    (
        b"xdigit",
        DIGIT
            .union(ByteSet::range(b'a', b'f'))
            .union(ByteSet::range(b'A', b'F')),
    ),
];

/// The set that POSIX has a name for.
pub(super) fn posix(name: &[u8]) -> Option<ByteSet> {
    let row = POSIX.iter().find(|row| row.0 == name);
    row.map(|row| row.1)
}

/// The set with both cases of every letter in it.
pub(super) fn fold(set: ByteSet) -> ByteSet {
    let letters = set.intersection(ALPHA);
    let swap = |byte: u8| byte ^ (b'a' ^ b'A');
    letters.iter().map(swap).fold(set, ByteSet::with)
}
