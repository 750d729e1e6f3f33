//! Which known field a name is.

use super::FieldId;
use super::block::{Block, WIDTH};

impl FieldId {
    /// Classifies a field name, whatever its case.
    pub fn from_name(name: &[u8]) -> Self {
        let known = if name.len() < WIDTH {
            let mut line = [b':'; WIDTH];
            for (to, from) in line.iter_mut().zip(name) {
                *to = *from;
            }
            Self::from_short_name(&line, name.len())
        } else {
            Self::from_long_name(name)
        };
        known.unwrap_or(Self::Other)
    }

    /// The known name of less than sixteen bytes with which `line` begins, if it is one. A colon
    /// follows it.
    #[inline(always)]
    pub(crate) fn from_short_name(line: &[u8; WIDTH], length: usize) -> Option<Self> {
        let line = Block::new(line);
        let (low, high) = line.and(Block::new(&FOLDED[length % WIDTH])).words();
        let slot = slot(low ^ high, SEED);
        let is_known = line
            .or(Block::new(&NAMES[slot].any))
            .equals(Block::new(&NAMES[slot].name));
        is_known.then_some(IDS[slot])
    }

    /// The known name of sixteen bytes or more that `name` is, if it is one.
    pub(crate) fn from_long_name(name: &[u8]) -> Option<Self> {
        let first = u64::from_le_bytes(*name.first_chunk()?);
        let last = u64::from_le_bytes(*name.last_chunk()?);
        let id = IDS[slot((first ^ last) & FOLD, SEED)];
        name.eq_ignore_ascii_case(id.name().as_bytes())
            .then_some(id)
    }
}

/// How a line looks that begins with a known name.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Name {
    /// The name and its colon; ones after that.
    name: [u8; WIDTH],
    /// What need not be the same: the case bit of letters, and all after the colon.
    any: [u8; WIDTH],
}

/// The short known names by the hash of the name, which no two share.
static NAMES: [Name; 256] = names();
/// All known names by their hash.
static IDS: [FieldId; 256] = ids();
const SEED: u64 = seed();

/// The case bit of eight letters, and all others.
const FOLD: u64 = !0x2020_2020_2020_2020;

/// For names of so many bytes: ones for the name and its colon, but for the case bits.
static FOLDED: [[u8; WIDTH]; WIDTH] = {
    let mut table = [[0; WIDTH]; WIDTH];
    let mut length = 0;
    while length < WIDTH {
        let mut i = 0;
        while i <= length {
            table[length][i] = !0x20;
            i += 1;
        }
        length += 1;
    }
    table
};

/// The slot of a name whose folded halves have been combined.
#[inline(always)]
const fn slot(folded: u64, seed: u64) -> usize {
    (folded.wrapping_mul(seed) >> 56) as usize
}

/// The slot of a known name: of a short one its sixteen bytes count, of a long one the first and
/// the last eight.
const fn slot_of(name: &[u8], seed: u64) -> usize {
    let mut folded = 0;
    let mut i = 0;
    while i < WIDTH {
        let byte = if name.len() < WIDTH {
            short(name, i, 0)
        } else if i < 8 {
            name[i]
        } else {
            name[name.len() - WIDTH + i]
        };
        folded ^= (byte as u64) << (8 * (i % 8));
        i += 1;
    }
    slot(folded & FOLD, seed)
}

/// Byte `at` of a short name, of the colon after it, or `filler`.
const fn short(name: &[u8], at: usize, filler: u8) -> u8 {
    if at < name.len() {
        name[at]
    } else if at == name.len() {
        b':'
    } else {
        filler
    }
}

/// The first multiplier of a fixed sequence that gives every known name a slot of its own.
#[allow(long_running_const_eval)]
const fn seed() -> u64 {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    loop {
        let mut taken = [false; 256];
        let mut i = 0;
        while i < FieldId::KNOWN.len() {
            let slot = slot_of(FieldId::KNOWN[i].1.as_bytes(), seed);
            if taken[slot] {
                break;
            }
            taken[slot] = true;
            i += 1;
        }
        if i == FieldId::KNOWN.len() {
            return seed;
        }
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(2);
    }
}

const fn ids() -> [FieldId; 256] {
    let mut table = [FieldId::Other; 256];
    let mut i = 0;
    while i < FieldId::KNOWN.len() {
        let (id, name) = FieldId::KNOWN[i];
        table[slot_of(name.as_bytes(), SEED)] = id;
        i += 1;
    }
    table
}

const fn names() -> [Name; 256] {
    // No line with ones set everywhere is all zeros.
    const NOTHING: Name = Name {
        name: [0; WIDTH],
        any: [0xff; WIDTH],
    };
    let mut table = [NOTHING; 256];
    let mut at = 0;
    while at < FieldId::KNOWN.len() {
        let known = FieldId::KNOWN[at].1.as_bytes();
        if known.len() < WIDTH {
            let entry = &mut table[slot_of(known, SEED)];
            let mut i = 0;
            while i < WIDTH {
                let byte = short(known, i, 0xff);
                entry.name[i] = byte;
                entry.any[i] = match byte {
                    0xff => 0xff,
                    b'a'..=b'z' => 0x20,
                    _ => 0,
                };
                i += 1;
            }
        }
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_found_in_any_case_and_nothing_near_them_is() {
        for &(id, name) in FieldId::KNOWN {
            assert_eq!(FieldId::from_name(name.as_bytes()), id, "{name}");
            let upper = name.to_ascii_uppercase();
            assert_eq!(FieldId::from_name(upper.as_bytes()), id, "{upper}");
            for place in 0..=name.len() {
                for byte in 0..=255 {
                    let mut other = name.as_bytes().to_vec();
                    other.insert(place, byte);
                    assert_eq!(FieldId::from_name(&other), by_list(&other));
                    other.remove(place);
                    if let Some(at) = other.get_mut(place) {
                        *at = byte;
                    }
                    assert_eq!(FieldId::from_name(&other), by_list(&other));
                }
                let cut = &name.as_bytes()[..place];
                assert_eq!(FieldId::from_name(cut), by_list(cut));
            }
        }
    }

    fn by_list(name: &[u8]) -> FieldId {
        FieldId::KNOWN
            .iter()
            .find(|(_, known)| name.eq_ignore_ascii_case(known.as_bytes()))
            .map_or(FieldId::Other, |&(id, _)| id)
    }
}
