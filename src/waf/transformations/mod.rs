//! Transformations: what is done to a value before an operator sees it, `t:lowercase`.

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
const NAMES: [(Transformation, &str); Transformation::COUNT] = [
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
}
