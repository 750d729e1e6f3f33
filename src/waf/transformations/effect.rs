//! What is known of a transformation without running it.
//!
//! Invariant: all of it holds for every input; the tests try. Non-goal: the tightest bounds there
//! are.

use memchr::{memchr, memchr2};

use super::byte_set::ByteSet;
use super::transformation::{NAMES, Transformation};
use super::{bytewise, cmd_line, comments, hex, path, space, utf8};

const LOWER: ByteSet = ByteSet::range(b'a', b'z');
const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
const DIGITS: ByteSet = ByteSet::range(b'0', b'9');
const HEX: ByteSet = DIGITS.union(ByteSet::range(b'a', b'f'));
const BASE64: ByteSet = LOWER.union(UPPER).union(DIGITS).union(ByteSet::of(b"+/="));
/// What `urlEncode` leaves as it is.
const URL_PLAIN: ByteSet = LOWER.union(UPPER).union(DIGITS).with(b'*');
const HIGH: ByteSet = ByteSet::range(0x80, 0xff);

/// The triggers of all transformations, in the order of the enumeration: a call to `apply` that has
/// nothing to do is to cost a look into a table and a search.
#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks every index"
)]
const TRIGGERS: [Trigger; NAMES.len()] = {
    let mut triggers = [Trigger::Always; NAMES.len()];
    let mut place = 0;
    while place < triggers.len() {
        triggers[place] = NAMES[place].0.trigger();
        place += 1;
    }
    triggers
};

/// What of the input makes a transformation do anything.
#[derive(Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are as many as transformations, and they never move"
)]
enum Trigger {
    /// All there is.
    Always,
    One(u8),
    Two(u8, u8),
    /// The bytes from one to another, both included.
    Range(u8, u8),
    /// Of a set, and its table, which is faster to look up.
    Set(ByteSet, [bool; 256]),
    /// One of the set, and what the function then finds.
    Found(ByteSet, fn(&[u8]) -> bool),
}

impl Trigger {
    const fn set_of(set: ByteSet) -> Self {
        Self::Set(set, set.table())
    }

    const fn set(self) -> Option<ByteSet> {
        Some(match self {
            Self::Always => return None,
            Self::One(a) => ByteSet::of(&[a]),
            Self::Two(a, b) => ByteSet::of(&[a, b]),
            Self::Range(first, last) => ByteSet::range(first, last),
            Self::Set(set, _) | Self::Found(set, _) => set,
        })
    }

    #[inline]
    fn occurs_in(&self, input: &[u8]) -> bool {
        match *self {
            Self::Always => true,
            Self::One(a) => memchr(a, input).is_some(),
            Self::Two(a, b) => memchr2(a, b, input).is_some(),
            // Without an exit from the middle of a chunk, so that a chunk is a few instructions.
            Self::Range(first, last) => input.chunks(32).any(|chunk| {
                let within = |byte: &u8| (first..=last).contains(byte);
                chunk.iter().fold(false, |any, byte| any | within(byte))
            }),
            Self::Set(_, ref table) => {
                let is_in = |byte: &u8| table.get(usize::from(*byte)).copied().unwrap_or_default();
                let (chunks, rest) = input.as_chunks::<8>();
                let mut chunks = chunks.iter();
                chunks.any(|chunk| chunk.iter().fold(false, |any, byte| any | is_in(byte)))
                    || rest.iter().any(is_in)
            }
            Self::Found(_, find) => find(input),
        }
    }
}

/// What may be in the output: the input's bytes that are in `kept`, and `added`.
struct Output {
    kept: ByteSet,
    added: ByteSet,
}

impl Output {
    const ANY: Self = Self::only(ByteSet::ALL);

    /// Bytes of the input.
    const SUBSET: Self = Self::without(ByteSet::EMPTY);

    const fn only(added: ByteSet) -> Self {
        let kept = ByteSet::EMPTY;
        Self { kept, added }
    }

    const fn without(gone: ByteSet) -> Self {
        let (kept, added) = (gone.complement(), ByteSet::EMPTY);
        Self { kept, added }
    }

    const fn and(self, added: ByteSet) -> Self {
        let added = self.added.union(added);
        Self { added, ..self }
    }
}

impl Transformation {
    /// Bytes of which one must occur in a value for it to be changed; `None` if any value may be.
    pub fn triggers(self) -> Option<ByteSet> {
        self.trigger().set()
    }

    /// Whether the output can differ from the input in nothing but the case of ASCII letters.
    pub fn is_case_only(self) -> bool {
        matches!(self, Self::Lowercase | Self::Uppercase)
    }

    /// Whether it does the same to a text in lower case: what it makes of that is what it makes of
    /// the text, in lower case.
    pub fn ignores_case(self) -> bool {
        matches!(
            self,
            Self::CompressWhitespace
                | Self::NormalizePath
                | Self::NormalizePathWin
                | Self::RemoveComments
                | Self::RemoveCommentsChar
                | Self::RemoveNulls
                | Self::RemoveWhitespace
                | Self::ReplaceComments
                | Self::ReplaceNulls
                | Self::Trim
                | Self::TrimLeft
                | Self::TrimRight
        )
    }

    /// What bytes may occur in the output for an input of which the set is known, or a superset.
    pub fn bytes_after(self, input: ByteSet) -> ByteSet {
        if self.triggers().is_some_and(|set| !set.intersects(input)) {
            return input;
        }
        let Output { kept, added } = self.output();
        input.intersection(kept).union(added)
    }

    /// The most bytes that the output of an input of so many bytes may have.
    pub fn max_len(self, input: usize) -> usize {
        match self {
            Self::Base64Encode => input.div_ceil(3).saturating_mul(4),
            Self::HexEncode => input.saturating_mul(2),
            Self::Length => 20,
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::UrlEncode => input.saturating_mul(3),
            // A sequence of two bytes, too long for its character, is `%u00HH` and one byte.
            Self::Utf8ToUnicode => input.saturating_mul(7).div_ceil(2),
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::CmdLine
            | Self::CompressWhitespace
            | Self::CssDecode
            | Self::EscapeSeqDecode
            | Self::HexDecode
            | Self::HtmlEntityDecode
            | Self::JsDecode
            | Self::Lowercase
            | Self::NormalizePath
            | Self::NormalizePathWin
            | Self::ParityEven7Bit
            | Self::ParityOdd7Bit
            | Self::ParityZero7Bit
            | Self::RemoveComments
            | Self::RemoveCommentsChar
            | Self::RemoveNulls
            | Self::RemoveWhitespace
            | Self::ReplaceComments
            | Self::ReplaceNulls
            | Self::SqlHexDecode
            | Self::Trim
            | Self::TrimLeft
            | Self::TrimRight
            | Self::Uppercase
            | Self::UrlDecode
            | Self::UrlDecodeUni => input,
        }
    }

    /// Whether `apply` has to do more than to look.
    pub(super) fn may_change(self, input: &[u8]) -> bool {
        TRIGGERS
            .get(self as usize)
            .is_none_or(|trigger| trigger.occurs_in(input))
    }

    const fn trigger(self) -> Trigger {
        match self {
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::Base64Encode
            | Self::HexDecode
            | Self::HexEncode
            | Self::Length
            | Self::Md5
            | Self::Sha1 => Trigger::Always,
            Self::CmdLine => Trigger::set_of(cmd_line::SPECIAL),
            Self::CompressWhitespace | Self::RemoveWhitespace => Trigger::set_of(space::WIDE_SPACE),
            Self::CssDecode | Self::EscapeSeqDecode | Self::JsDecode => Trigger::One(b'\\'),
            Self::HtmlEntityDecode => Trigger::One(b'&'),
            Self::Lowercase => Trigger::Range(b'A', b'Z'),
            Self::NormalizePath => Trigger::Found(ByteSet::of(b"/."), path::is_odd),
            Self::NormalizePathWin => Trigger::Found(ByteSet::of(b"/.\\"), path::is_odd_windows),
            Self::ParityEven7Bit => Trigger::set_of(bytewise::NOT_EVEN),
            Self::ParityOdd7Bit => Trigger::set_of(bytewise::NOT_ODD),
            Self::ParityZero7Bit => Trigger::Range(0x80, 0xff),
            // Each mark of a comment has one of these.
            Self::RemoveComments | Self::RemoveCommentsChar => {
                Trigger::Found(ByteSet::of(b"*-#"), comments::has_marks)
            }
            Self::RemoveNulls | Self::ReplaceNulls => Trigger::One(0),
            Self::ReplaceComments => Trigger::Found(ByteSet::of(b"*"), comments::has_start),
            Self::SqlHexDecode => Trigger::Found(ByteSet::of(b"xX"), hex::has_prefix),
            Self::Trim | Self::TrimLeft | Self::TrimRight => Trigger::set_of(space::SPACE),
            Self::Uppercase => Trigger::Range(b'a', b'z'),
            Self::UrlDecode | Self::UrlDecodeUni => Trigger::Two(b'%', b'+'),
            Self::UrlEncode => Trigger::set_of(URL_PLAIN.complement()),
            Self::Utf8ToUnicode => Trigger::set_of(utf8::SPECIAL),
        }
    }

    fn output(self) -> Output {
        const SPACE: ByteSet = ByteSet::of(b" ");
        const NUL: ByteSet = ByteSet::of(b"\0");
        match self {
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::CssDecode
            | Self::EscapeSeqDecode
            | Self::HexDecode
            | Self::HtmlEntityDecode
            | Self::JsDecode
            | Self::Md5
            | Self::ParityEven7Bit
            | Self::ParityOdd7Bit
            | Self::Sha1
            | Self::SqlHexDecode
            | Self::UrlDecode
            | Self::UrlDecodeUni => Output::ANY,
            Self::Base64Encode => Output::only(BASE64),
            Self::CmdLine => Output::without(cmd_line::SPECIAL).and(LOWER).and(SPACE),
            Self::CompressWhitespace => Output::without(space::WIDE_SPACE).and(SPACE),
            Self::HexEncode => Output::only(HEX),
            Self::Length => Output::only(DIGITS),
            Self::Lowercase => Output::without(UPPER).and(LOWER),
            Self::NormalizePathWin => Output::without(ByteSet::of(b"\\")).and(ByteSet::of(b"/")),
            Self::ParityZero7Bit => Output::only(HIGH.complement()),
            Self::RemoveComments => Output::SUBSET.and(SPACE).and(NUL),
            Self::ReplaceComments => Output::SUBSET.and(SPACE),
            Self::RemoveNulls => Output::without(NUL),
            Self::RemoveWhitespace => Output::without(space::WIDE_SPACE),
            Self::ReplaceNulls => Output::without(NUL).and(SPACE),
            Self::NormalizePath
            | Self::RemoveCommentsChar
            | Self::Trim
            | Self::TrimLeft
            | Self::TrimRight => Output::SUBSET,
            Self::Uppercase => Output::without(LOWER).and(UPPER),
            Self::UrlEncode => {
                let escapes = HEX.union(ByteSet::of(b"%+"));
                Output::without(URL_PLAIN.complement()).and(escapes)
            }
            Self::Utf8ToUnicode => Output::without(NUL).and(HEX).and(ByteSet::of(b"%u")),
        }
    }
}
