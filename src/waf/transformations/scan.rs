//! What the decoders share: the walk from one escape to the next, and digits.
//!
//! Invariant: a walk reads each byte of its input a bounded number of times as long as `find` reads
//! no further than what it finds. Non-goal: knowing any escape.

/// Copies what lies between the places that `find` gives, and hands the bytes from each place on to
/// `decode`, which writes what they stand for and returns those it did not use.
#[inline(always)]
pub(super) fn rewrite<'a>(
    input: &'a [u8],
    output: &mut Vec<u8>,
    find: impl Fn(&[u8]) -> Option<usize>,
    mut decode: impl FnMut(&'a [u8], &mut Vec<u8>) -> &'a [u8],
) {
    let mut rest = input;
    while let Some((run, from)) = find(rest).and_then(|at| rest.split_at_checked(at)) {
        output.extend_from_slice(run);
        rest = decode(from, output);
    }
    output.extend_from_slice(rest);
}

/// An output that is not longer than its input, written byte by byte: faster than growing a vector.
pub(super) struct Shrinking<'a> {
    space: &'a mut [u8],
    written: usize,
}

impl Shrinking<'_> {
    /// Appends what `write` writes, at most `length` bytes; what is over is dropped.
    #[inline(always)]
    pub(super) fn fill(
        output: &mut Vec<u8>,
        length: usize,
        write: impl FnOnce(&mut Shrinking<'_>),
    ) {
        let start = output.len();
        output.resize(start + length, 0);
        let mut shrinking = Shrinking {
            space: output.get_mut(start..).unwrap_or_default(),
            written: 0,
        };
        write(&mut shrinking);
        let end = start + shrinking.written;
        output.truncate(end);
    }

    #[inline(always)]
    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.space.get_mut(self.written) {
            *place = byte;
            self.written += 1;
        }
    }

    /// Appends a byte if it is `wanted`, without a branch.
    #[inline(always)]
    pub(super) fn push_if(&mut self, byte: u8, wanted: bool) {
        if let Some(place) = self.space.get_mut(self.written) {
            *place = byte;
            self.written += usize::from(wanted);
        }
    }

    /// The last byte.
    #[inline(always)]
    pub(super) fn last(&self) -> Option<u8> {
        self.space.get(self.written.checked_sub(1)?).copied()
    }

    /// Takes the last byte back.
    #[inline(always)]
    pub(super) fn pop(&mut self) {
        self.written = self.written.saturating_sub(1);
    }
}

/// The value of a hexadecimal digit.
#[inline]
pub(super) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that two hexadecimal digits at the front stand for, and what follows them.
#[inline]
pub(super) fn hex_byte(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = bytes else {
        return None;
    };
    Some((hex_digit(*high)? << 4 | hex_digit(*low)?, rest))
}

/// The number that four hexadecimal digits at the front stand for, and what follows them.
#[inline]
pub(super) fn hex_code(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (high, rest) = hex_byte(bytes)?;
    let (low, rest) = hex_byte(rest)?;
    Some((u16::from_be_bytes([high, low]), rest))
}

/// The number that octal digits at the front stand for, at most three of them, and what follows.
/// Zero and all of `bytes` where there is none.
pub(super) fn octal(bytes: &[u8]) -> (u16, &[u8]) {
    let digits = bytes
        .iter()
        .take(3)
        .take_while(|b| (b'0'..=b'7').contains(b));
    let (count, value) = digits.fold((0, 0), |(count, value), digit| {
        (count + 1, value << 3 | u16::from(digit - b'0'))
    });
    (value, bytes.get(count..).unwrap_or_default())
}

/// The byte of a letter that C allows after a backslash (`\n`).
pub(super) const fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

/// The lower byte of a code point, and the ASCII character of its full-width form (U+FF01 to
/// U+FF5E): servers are known to make one of the other.
pub(super) const fn narrow(code: u16) -> u8 {
    let [high, low] = code.to_be_bytes();
    if high == 0xff && low > 0 && low < 0x5f {
        low + 0x20
    } else {
        low
    }
}

/// White space as C's `isspace` has it, in the locale of that name.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// The no-break space of ISO 8859-1.
pub(super) const NBSP: u8 = 0xa0;
