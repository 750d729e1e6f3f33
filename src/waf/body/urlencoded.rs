//! `application/x-www-form-urlencoded`: query strings and forms.
//!
//! As ModSecurity 2 reads it: a component is cut out before it is decoded, `+` is a blank, an escape
//! that is none stays as written and is flagged, an argument without `=` has an empty value, and one
//! without a name is an argument. Order and repetitions are kept. Non-goal: `%uHHHH`, which is what
//! `t:urlDecodeUni` is for.

use super::super::Pairs;
use super::Limits;

/// What was odd about the arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Urlencoded {
    /// A percent sign is not followed by two hexadecimal digits: `URLENCODED_ERROR`.
    pub invalid_escapes: bool,
    /// There were more arguments than [`Limits::arguments`]; what remained was added as one value
    /// without a name, as sent.
    pub over_limit: bool,
}

/// Appends the arguments in `input` to `out`. They are separated by `separator`, usually `&`
/// (`SecArgumentSeparator`).
pub fn parse(input: &[u8], separator: u8, limits: &Limits, out: &mut Pairs) -> Urlencoded {
    let mut seen = Urlencoded::default();
    let mut rest = input;
    let mut left = limits.arguments;
    out.buffer().reserve(input.len());
    while !rest.is_empty() {
        if left == 0 {
            seen.over_limit = true;
            out.push(b"", rest);
            break;
        }
        left -= 1;
        let buffer = out.buffer();
        let start = buffer.len();
        rest = seen.component(rest, [separator, b'='], buffer);
        let middle = buffer.len();
        if let [first, value @ ..] = rest {
            rest = value;
            if *first != separator {
                rest = seen.component(value, [separator; 2], buffer);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        let end = buffer.len();
        out.commit(start..middle, middle..end);
    }
    seen
}

impl Urlencoded {
    /// Decodes a name or a value from the front of `rest` and leaves the byte that ended it.
    fn component<'a>(&mut self, mut rest: &'a [u8], ends: [u8; 2], out: &mut Vec<u8>) -> &'a [u8] {
        loop {
            let run = plain(rest, ends);
            let (plain, more) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            out.extend_from_slice(plain);
            rest = match more {
                [] => return more,
                [byte, ..] if ends.contains(byte) => return more,
                [b'%', tail @ ..] => self.escape(tail, out),
                [_, tail @ ..] => {
                    out.push(b' ');
                    tail
                }
            };
        }
    }

    /// Decodes what follows a percent sign.
    fn escape<'a>(&mut self, tail: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        if let [high, low, more @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            return more;
        }
        self.invalid_escapes = true;
        out.push(b'%');
        tail
    }
}

/// How many bytes stand before an end or what is to be decoded.
fn plain(text: &[u8], ends: [u8; 2]) -> usize {
    let [one, other] = ends;
    // Most are short, for which a search takes longer to begin than to end.
    let (near, far) = text.split_at_checked(NEAR).unwrap_or((text, &[]));
    let is_other = |byte: &u8| matches!(byte, b'%' | b'+') || ends.contains(byte);
    if let Some(at) = near.iter().position(is_other) {
        return at;
    }
    let end = memchr::memchr3(b'%', b'+', one, far).unwrap_or(far.len());
    let far = far.get(..end).unwrap_or(far);
    let end = match other == one {
        true => end,
        false => memchr::memchr(other, far).unwrap_or(end),
    };
    near.len() + end
}

/// Bytes that are looked at one by one.
const NEAR: usize = 32;

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(input: &str, separator: u8, limits: &Limits) -> (Vec<String>, Urlencoded) {
        let mut out = Pairs::default();
        let seen = parse(input.as_bytes(), separator, limits, &mut out);
        let shown = |(name, value): (&[u8], &[u8])| {
            format!("{}={}", name.escape_ascii(), value.escape_ascii())
        };
        (out.iter().map(shown).collect(), seen)
    }

    #[test]
    fn arguments_are_read_as_modsecurity_2_reads_them() {
        let table: &[(&str, &[&str], bool)] = &[
            ("", &[], false),
            ("a=1&b=2", &["a=1", "b=2"], false),
            ("a=1&a=2&A=3", &["a=1", "a=2", "A=3"], false),
            ("a=b=c", &["a=b=c"], false),
            ("a", &["a="], false),
            ("a=", &["a="], false),
            ("a&b", &["a=", "b="], false),
            ("=v", &["=v"], false),
            ("&", &["="], false),
            ("a=1&", &["a=1"], false),
            ("a=1&&b=2", &["a=1", "=", "b=2"], false),
            ("a+b=c+d", &["a b=c d"], false),
            ("%61%3d=%26%2B", &["a==&+"], false),
            ("%00=%fF", &["\\x00=\\xff"], false),
            ("a=%", &["a=%"], true),
            ("a=%4", &["a=%4"], true),
            ("a=%4&b=1", &["a=%4", "b=1"], true),
            ("a=%zz%41", &["a=%zzA"], true),
            ("a=%%41", &["a=%A"], true),
            ("a=%u0041", &["a=%u0041"], true),
            ("a=1;b=2", &["a=1;b=2"], false),
        ];
        for &(input, expected, invalid) in table {
            let (pairs, seen) = parsed(input, b'&', &Limits::default());
            assert_eq!(pairs, expected, "{input}");
            assert_eq!(seen.invalid_escapes, invalid, "{input}");
            assert!(!seen.over_limit, "{input}");
        }
    }

    #[test]
    fn what_ends_or_decodes_is_found_however_far_it_is() {
        for length in 0..3 * NEAR {
            let run = "x".repeat(length);
            let input = format!("{run}a={run}1+{run}%41&{run}={run}=%z&{run}+b&{run}");
            let expected = [
                format!("{run}a={run}1 {run}A"),
                format!("{run}={run}=%z"),
                format!("{run} b="),
                format!("{run}="),
            ];
            let expected = &expected[..3 + length.min(1)];
            let (pairs, seen) = parsed(&input, b'&', &Limits::default());
            assert_eq!(
                (pairs.as_slice(), seen.invalid_escapes),
                (expected, true),
                "{length}"
            );
        }
    }

    #[test]
    fn the_separator_is_configurable_and_goes_before_decoding() {
        let limits = Limits::default();
        assert_eq!(parsed("a=1;b=2&c", b';', &limits).0, ["a=1", "b=2&c"]);
        assert_eq!(parsed("a+b=1", b'+', &limits).0, ["a=", "b=1"]);
    }

    #[test]
    fn what_lies_past_the_limit_is_one_value() {
        let limits = Limits {
            arguments: 2,
            ..Limits::default()
        };
        let (pairs, seen) = parsed("a=1&b=2", b'&', &limits);
        assert_eq!((pairs.len(), seen.over_limit), (2, false));
        let (pairs, seen) = parsed("a=1&b=2&c=%33&d", b'&', &limits);
        assert_eq!(pairs, ["a=1", "b=2", "=c=%33&d"]);
        assert!(seen.over_limit);
    }

    #[test]
    fn arguments_are_appended() {
        let mut out = Pairs::default();
        parse(b"a=1", b'&', &Limits::default(), &mut out);
        parse(b"a=2", b'&', &Limits::default(), &mut out);
        let values: Vec<_> = out.iter().map(|(_, value)| value).collect();
        assert_eq!(values, [b"1", b"2"]);
    }
}
