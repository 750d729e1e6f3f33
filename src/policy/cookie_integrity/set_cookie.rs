//! `Set-Cookie` as browsers read it: RFC 6265 section 5.2.

use smallvec::SmallVec;

use super::{date, settings::LeastSameSite};

/// A cookie that a backend sets.
#[derive(Clone, Debug)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    /// With its quotes.
    pub(super) value: &'a [u8],
    /// Everything else that is said of it, but for `Secure`, `HttpOnly` and `SameSite`.
    pub(super) attributes: SmallVec<[&'a [u8]; 8]>,
    /// Without a dot before it; empty: the host alone.
    pub(super) domain: &'a [u8],
    /// Seconds; negative: it is to be deleted.
    max_age: Option<i64>,
    /// Seconds since 1970.
    expires: Option<u64>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    /// The last `SameSite`, as written.
    pub(super) same_site: Option<&'a [u8]>,
}

/// The name of the cookie that a line sets; empty where it has none.
pub(super) fn name_of(line: &[u8]) -> &[u8] {
    let pair = cut(line, b';').0;
    match cut(pair, b'=') {
        (name, Some(_)) => name.trim_ascii(),
        (_, None) => b"",
    }
}

impl<'a> SetCookie<'a> {
    pub(super) fn read(line: &'a [u8]) -> Self {
        let (pair, mut rest) = cut(line, b';');
        let (name, value) = match cut(pair, b'=') {
            (name, Some(value)) => (name, value),
            (value, None) => (&b""[..], value),
        };
        let mut cookie = Self {
            name: name.trim_ascii(),
            value: value.trim_ascii(),
            attributes: SmallVec::new(),
            domain: b"",
            max_age: None,
            expires: None,
            secure: false,
            http_only: false,
            same_site: None,
        };
        while let Some(text) = rest {
            let (attribute, more) = cut(text, b';');
            cookie.attribute(attribute.trim_ascii());
            rest = more;
        }
        cookie
    }

    /// Of two of a kind the last one counts.
    fn attribute(&mut self, text: &'a [u8]) {
        let (name, value) = cut(text, b'=');
        let (name, value) = (name.trim_ascii(), value.unwrap_or_default().trim_ascii());
        let is = |expected: &str| name.eq_ignore_ascii_case(expected.as_bytes());
        if is("secure") {
            self.secure = true;
        } else if is("httponly") {
            self.http_only = true;
        } else if is("samesite") {
            self.same_site = Some(text);
        } else if !text.is_empty() {
            if is("domain") {
                self.domain = value.strip_prefix(b".").unwrap_or(value);
            } else if is("max-age") {
                self.max_age = seconds(value).or(self.max_age);
            } else if is("expires") {
                self.expires = date::parse(value).or(self.expires);
            }
            self.attributes.push(text);
        }
    }

    /// Whether it makes browsers forget the cookie.
    pub(super) fn deletes(&self, now: u64) -> bool {
        match (self.max_age, self.expires) {
            (Some(age), _) => age <= 0,
            (None, Some(expires)) => expires <= now,
            (None, None) => false,
        }
    }

    /// Seconds that it lives, 0 for as long as the browser's session; of one that is not deleted.
    pub(super) fn lifetime(&self, now: u64) -> u32 {
        let seconds = match (self.max_age, self.expires) {
            (Some(age), _) => u64::try_from(age).unwrap_or(0),
            (None, Some(expires)) => expires.saturating_sub(now),
            (None, None) => return 0,
        };
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }

    /// How strict it is about other sites.
    pub(super) fn strictness(&self) -> Option<LeastSameSite> {
        let value = cut(self.same_site?, b'=').1?.trim_ascii();
        [LeastSameSite::Lax, LeastSameSite::Strict]
            .into_iter()
            .find(|it| value.eq_ignore_ascii_case(it.as_str().as_bytes()))
    }
}

/// A number of seconds, as far as it can be told.
fn seconds(text: &[u8]) -> Option<i64> {
    let (digits, sign) = match text {
        [b'-', digits @ ..] => (digits, -1),
        digits => (digits, 1),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = digits.iter().map(|byte| i64::from(byte - b'0'));
    let number = digits.fold(0_i64, |number, digit| {
        number.saturating_mul(10).saturating_add(digit)
    });
    Some(number * sign)
}

/// What stands before the first such byte, and what after it.
pub(super) fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let found = memchr::memchr(at, text);
    let parts = found.and_then(|found| Some((text.get(..found)?, text.get(found + 1..))));
    parts.unwrap_or((text, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_763_812_805;

    #[test]
    fn names_values_and_attributes_are_told_apart() {
        for (line, name, value, domain, attributes) in [
            ("a=b", "a", "b", "", ""),
            (" a = b ; Path=/ ;; Secure", "a", "b", "", "Path=/"),
            (
                "a=\"b=c\"; domain=.A.com",
                "a",
                "\"b=c\"",
                "A.com",
                "domain=.A.com",
            ),
            (
                "a=b; Domain=x; Domain=y",
                "a",
                "b",
                "y",
                "Domain=x|Domain=y",
            ),
            ("a=b; Domain=x; Domain", "a", "b", "", "Domain=x|Domain"),
            ("b", "", "b", "", ""),
            ("=b", "", "b", "", ""),
            ("", "", "", "", ""),
            ("a=; HttpOnly=1; SameSite=Lax; X", "a", "", "", "X"),
        ] {
            let cookie = SetCookie::read(line.as_bytes());
            assert_eq!(cookie.name, name.as_bytes(), "{line}");
            assert_eq!(name_of(line.as_bytes()), name.as_bytes(), "{line}");
            assert_eq!(cookie.value, value.as_bytes(), "{line}");
            assert_eq!(cookie.domain, domain.as_bytes(), "{line}");
            assert_eq!(
                cookie.attributes.join(&b'|'),
                attributes.as_bytes(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_cookie_lives_as_long_as_its_attributes_say_or_is_deleted() {
        for (line, deletes, lifetime) in [
            ("a=b", false, 0),
            ("a=b; Max-Age=10", false, 10),
            ("a=b; Max-Age=0", true, 1),
            ("a=b; max-age=-1", true, 1),
            ("a=b; Max-Age=x", false, 0),
            ("a=b; Max-Age=5; Max-Age=x", false, 5),
            ("a=b; Max-Age=99999999999999999999", false, u32::MAX),
            ("a=b; Expires=Sat, 22 Nov 2025 12:00:10 GMT", false, 5),
            ("a=b; Expires=Sat, 22 Nov 2025 12:00:05 GMT", true, 1),
            (
                "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9",
                false,
                9,
            ),
            ("a=b; Expires=0", false, 0),
        ] {
            let cookie = SetCookie::read(line.as_bytes());
            assert_eq!(cookie.deletes(NOW), deletes, "{line}");
            assert_eq!(cookie.lifetime(NOW), lifetime, "{line}");
        }
    }
}
