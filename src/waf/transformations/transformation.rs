//! The list of transformations, and the way to each.
//!
//! Invariant: what [`Transformation::apply`] returns is whether the output differs from the input,
//! whichever way that came about. Non-goal: `t:none`, which is no transformation but a word of the
//! rule language.

use super::{
    base64, bytewise, cmd_line, comments, digest, escape, hex, html, path, space, url, utf8,
};

/// A transformation. `t:none` is none: it forgets those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Transformation {
    /// `t:base64Decode`
    Base64Decode,
    /// `t:base64DecodeExt`
    Base64DecodeExt,
    /// `t:base64Encode`
    Base64Encode,
    /// `t:cmdLine`
    CmdLine,
    /// `t:compressWhitespace`
    CompressWhitespace,
    /// `t:cssDecode`
    CssDecode,
    /// `t:escapeSeqDecode`
    EscapeSeqDecode,
    /// `t:hexDecode`
    HexDecode,
    /// `t:hexEncode`
    HexEncode,
    /// `t:htmlEntityDecode`
    HtmlEntityDecode,
    /// `t:jsDecode`
    JsDecode,
    /// `t:length`
    Length,
    /// `t:lowercase`
    Lowercase,
    /// `t:md5`
    Md5,
    /// `t:normalizePath`
    NormalizePath,
    /// `t:normalizePathWin`
    NormalizePathWin,
    /// `t:parityEven7bit`
    ParityEven7Bit,
    /// `t:parityOdd7bit`
    ParityOdd7Bit,
    /// `t:parityZero7bit`
    ParityZero7Bit,
    /// `t:removeComments`
    RemoveComments,
    /// `t:removeCommentsChar`
    RemoveCommentsChar,
    /// `t:removeNulls`
    RemoveNulls,
    /// `t:removeWhitespace`
    RemoveWhitespace,
    /// `t:replaceComments`
    ReplaceComments,
    /// `t:replaceNulls`
    ReplaceNulls,
    /// `t:sha1`
    Sha1,
    /// `t:sqlHexDecode`
    SqlHexDecode,
    /// `t:trim`
    Trim,
    /// `t:trimLeft`
    TrimLeft,
    /// `t:trimRight`
    TrimRight,
    /// `t:uppercase`
    Uppercase,
    /// `t:urlDecode`
    UrlDecode,
    /// `t:urlDecodeUni`
    UrlDecodeUni,
    /// `t:urlEncode`
    UrlEncode,
    /// `t:utf8toUnicode`
    Utf8ToUnicode,
}

/// Every transformation with its name, in the order of the enumeration.
pub(super) const NAMES: [(Transformation, &str); Transformation::COUNT] = [
    (Transformation::Base64Decode, "base64Decode"),
    (Transformation::Base64DecodeExt, "base64DecodeExt"),
    (Transformation::Base64Encode, "base64Encode"),
    (Transformation::CmdLine, "cmdLine"),
    (Transformation::CompressWhitespace, "compressWhitespace"),
    (Transformation::CssDecode, "cssDecode"),
    (Transformation::EscapeSeqDecode, "escapeSeqDecode"),
    (Transformation::HexDecode, "hexDecode"),
    (Transformation::HexEncode, "hexEncode"),
    (Transformation::HtmlEntityDecode, "htmlEntityDecode"),
    (Transformation::JsDecode, "jsDecode"),
    (Transformation::Length, "length"),
    (Transformation::Lowercase, "lowercase"),
    (Transformation::Md5, "md5"),
    (Transformation::NormalizePath, "normalizePath"),
    (Transformation::NormalizePathWin, "normalizePathWin"),
    (Transformation::ParityEven7Bit, "parityEven7bit"),
    (Transformation::ParityOdd7Bit, "parityOdd7bit"),
    (Transformation::ParityZero7Bit, "parityZero7bit"),
    (Transformation::RemoveComments, "removeComments"),
    (Transformation::RemoveCommentsChar, "removeCommentsChar"),
    (Transformation::RemoveNulls, "removeNulls"),
    (Transformation::RemoveWhitespace, "removeWhitespace"),
    (Transformation::ReplaceComments, "replaceComments"),
    (Transformation::ReplaceNulls, "replaceNulls"),
    (Transformation::Sha1, "sha1"),
    (Transformation::SqlHexDecode, "sqlHexDecode"),
    (Transformation::Trim, "trim"),
    (Transformation::TrimLeft, "trimLeft"),
    (Transformation::TrimRight, "trimRight"),
    (Transformation::Uppercase, "uppercase"),
    (Transformation::UrlDecode, "urlDecode"),
    (Transformation::UrlDecodeUni, "urlDecodeUni"),
    (Transformation::UrlEncode, "urlEncode"),
    (Transformation::Utf8ToUnicode, "utf8toUnicode"),
];

/// Spellings that are as good.
const ALIASES: [(Transformation, &str); 2] = [
    (Transformation::NormalizePath, "normalisePath"),
    (Transformation::NormalizePathWin, "normalisePathWin"),
];

impl Transformation {
    /// How many there are.
    pub const COUNT: usize = 35;

    /// All of them, in the order of the enumeration.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|row| row.0)
    }

    /// The name as rules write it.
    pub fn name(self) -> &'static str {
        NAMES.get(self as usize).map_or("", |row| row.1)
    }

    /// The transformation of a name, in any case.
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .chain(&ALIASES)
            .find(|row| row.1.eq_ignore_ascii_case(name))
            .map(|row| row.0)
    }

    /// Writes what becomes of `input` to `output`, which is emptied first, and returns whether that
    /// differs from `input`. Where it does not, `output` may hold anything.
    ///
    /// Takes time linear in the input's length and writes at most [`max_len`](Self::max_len) bytes.
    /// The semantics are those of ModSecurity 2.9, but for what the functions' docs state.
    pub fn apply(self, input: &[u8], output: &mut Vec<u8>) -> bool {
        if !self.may_change(input) {
            return false;
        }
        output.clear();
        output.reserve(input.len());
        self.write(input, output);
        output.as_slice() != input
    }

    fn write(self, input: &[u8], output: &mut Vec<u8>) {
        match self {
            Self::Base64Decode => base64::decode(input, output),
            Self::Base64DecodeExt => base64::decode_forgiving(input, output),
            Self::Base64Encode => base64::encode(input, output),
            Self::CmdLine => cmd_line::normalize(input, output),
            Self::CompressWhitespace => space::compress(input, output),
            Self::CssDecode => escape::decode_css(input, output),
            Self::EscapeSeqDecode => escape::decode_c(input, output),
            Self::HexDecode => hex::decode(input, output),
            Self::HexEncode => hex::encode(input, output),
            Self::HtmlEntityDecode => html::decode(input, output),
            Self::JsDecode => escape::decode_js(input, output),
            Self::Length => {
                output.extend_from_slice(itoa::Buffer::new().format(input.len()).as_bytes())
            }
            Self::Lowercase => bytewise::lowercase(input, output),
            Self::Md5 => digest::md5(input, output),
            Self::NormalizePath => path::normalize(input, output),
            Self::NormalizePathWin => path::normalize_windows(input, output),
            Self::ParityEven7Bit => bytewise::parity_even(input, output),
            Self::ParityOdd7Bit => bytewise::parity_odd(input, output),
            Self::ParityZero7Bit => bytewise::parity_zero(input, output),
            Self::RemoveComments => comments::remove(input, output),
            Self::RemoveCommentsChar => comments::remove_marks(input, output),
            Self::RemoveNulls => bytewise::remove_nulls(input, output),
            Self::RemoveWhitespace => space::remove(input, output),
            Self::ReplaceComments => comments::replace(input, output),
            Self::ReplaceNulls => bytewise::replace_nulls(input, output),
            Self::Sha1 => digest::sha1(input, output),
            Self::SqlHexDecode => hex::decode_sql(input, output),
            Self::Trim => space::trim(input, output),
            Self::TrimLeft => space::trim_left(input, output),
            Self::TrimRight => space::trim_right(input, output),
            Self::Uppercase => bytewise::uppercase(input, output),
            Self::UrlDecode => url::decode(input, output),
            Self::UrlDecodeUni => url::decode_unicode(input, output),
            Self::UrlEncode => url::encode(input, output),
            Self::Utf8ToUnicode => utf8::to_unicode(input, output),
        }
    }
}
