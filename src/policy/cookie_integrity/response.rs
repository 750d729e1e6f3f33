//! Cookies on their way out.
//!
//! A cookie that scripts cannot see carries its tag behind its value. One that they can see keeps its
//! value, and has its tag in a companion; so has one that its tag would make too long for browsers.

use std::time::SystemTime;

use super::{
    exchange::{CookieExchange, seconds, unquoted},
    finding::CookieFinding,
    name::{COMPANION, companion_of},
    seal::{self, Scope},
    set_cookie::{SetCookie, name_of},
    tag::{Header, SEPARATOR, Sealed, TAG_TEXT},
};

/// Bytes of name and value that browsers take: RFC 6265bis section 5.6.
const LONGEST: usize = 4096;

impl CookieExchange {
    /// Whether a value of `Set-Cookie` is ours to write. Any other goes as it is.
    #[must_use]
    pub fn takes(&self, line: &[u8]) -> bool {
        let name = name_of(line);
        self.settings.protects(name).is_some() || self.is_reserved(name)
    }

    /// Appends the lines that take the place of one, with their ends: one, two or none.
    pub fn write(&self, line: &[u8], now: SystemTime, out: &mut Vec<u8>) {
        let now = seconds(now);
        let cookie = SetCookie::read(line);
        let pattern = self.settings.protects(cookie.name);
        if self.is_reserved(cookie.name) {
            return self.note(CookieFinding::Withheld, pattern);
        }
        let encrypts = self.settings.encrypts(cookie.name);
        let http_only = cookie.http_only || self.settings.http_only;
        if cookie.deletes(now) {
            let value = if encrypts { b"" } else { cookie.value };
            self.write_line(&cookie, &[cookie.name], &[value], http_only, out);
            if !http_only && !encrypts {
                self.write_line(&cookie, &[cookie.name, COMPANION], &[], true, out);
            }
            return;
        }
        let (quotes, value) = match unquoted(cookie.value) {
            Some(value) => (&b"\""[..], value),
            None => (&b""[..], cookie.value),
        };
        let length = cookie.name.len() + cookie.value.len() + 1 + TAG_TEXT;
        let fits = length <= LONGEST;
        let Some(key) = self.settings.keys.current() else {
            return self.note(CookieFinding::Withheld, pattern);
        };
        let (domain, host_only) = self.domain(&cookie);
        let header = Header {
            encrypted: encrypts,
            host_only,
            quoted: !quotes.is_empty(),
            companion: !(encrypts || http_only && fits),
            binding: self.settings.binding,
            key: key.id,
            issued: now,
            lifetime: cookie.lifetime(now),
            domain_len: u8::try_from(domain.len()).unwrap_or(u8::MAX),
        };
        let scope = Scope {
            name: cookie.name,
            domain: &domain,
            bound: &self.bound,
        };
        let mut text = Vec::new();
        if encrypts {
            let sealed = seal::seal(key, header, &scope, value);
            let is_long = cookie.name.len() + Sealed::text_len(value.len()) > LONGEST;
            let Some(sealed) = sealed.filter(|_| !is_long) else {
                return self.note(CookieFinding::Withheld, pattern);
            };
            sealed.write(&mut text);
            self.write_line(&cookie, &[cookie.name], &[&text], http_only, out);
            return self.note(CookieFinding::Encrypted, pattern);
        }
        seal::sign(key, header, &scope, value).write(&mut text);
        if header.companion {
            self.write_line(&cookie, &[cookie.name], &[cookie.value], http_only, out);
            self.write_line(&cookie, &[cookie.name, COMPANION], &[&text], true, out);
        } else {
            let value = [quotes, value, &[SEPARATOR], &text, quotes];
            self.write_line(&cookie, &[cookie.name], &value, http_only, out);
        }
        self.note(CookieFinding::Signed, pattern);
    }

    /// Whether a name is that of a companion, and so not for backends.
    fn is_reserved(&self, name: &[u8]) -> bool {
        companion_of(name).is_some_and(|owner| self.settings.protects(owner).is_some())
    }

    /// What a cookie is for: a Domain that the host is under, or the host alone. A Domain that the host is
    /// not under is one that browsers refuse, or that somebody before us has made of another host: then
    /// all requests that come back come by that way.
    fn domain(&self, cookie: &SetCookie<'_>) -> (Vec<u8>, bool) {
        let domain = cookie.domain.to_ascii_lowercase();
        if !domain.is_empty() && is_under(self.host(), &domain) {
            (domain, false)
        } else {
            (self.host().to_vec(), true)
        }
    }

    fn write_line(
        &self,
        cookie: &SetCookie<'_>,
        name: &[&[u8]],
        value: &[&[u8]],
        http_only: bool,
        out: &mut Vec<u8>,
    ) {
        let settings = &self.settings;
        out.extend_from_slice(b"Set-Cookie: ");
        name.iter().for_each(|part| out.extend_from_slice(part));
        out.push(b'=');
        value.iter().for_each(|part| out.extend_from_slice(part));
        let mut attribute = |text: &[u8]| {
            out.extend_from_slice(b"; ");
            out.extend_from_slice(text);
        };
        cookie.attributes.iter().for_each(|text| attribute(text));
        if cookie.secure || settings.secure {
            attribute(b"Secure");
        }
        if http_only {
            attribute(b"HttpOnly");
        }
        match (settings.same_site, cookie.same_site) {
            (Some(least), _) if cookie.strictness() < Some(least) => {
                attribute(b"SameSite=");
                out.extend_from_slice(least.as_str().as_bytes());
            }
            (_, Some(written)) => attribute(written),
            (_, None) => {}
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Whether a host is a domain or under it.
pub(super) fn is_under(host: &[u8], domain: &[u8]) -> bool {
    match host.strip_suffix(domain) {
        Some([] | [.., b'.']) => true,
        Some(_) | None => false,
    }
}
