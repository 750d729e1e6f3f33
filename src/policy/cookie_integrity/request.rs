//! Cookies on their way in.
//!
//! `Cookie` is read as RFC 6265 has it, and nothing passes under a protected name that another reading
//! would find: values that go on behind a comma or a blank, `$Version`, which switches some servers to
//! RFC 2109, names that only look like a protected one.

use std::time::SystemTime;

use smallvec::SmallVec;

use super::{
    binding::CookieClient,
    exchange::{CookieExchange, seconds, unquoted},
    finding::CookieFinding,
    name::companion_of,
    response::is_under,
    seal::{self, Scope},
    set_cookie::cut,
    settings::CookieMode,
    tag::{Header, Sealed, Tag},
};

/// Signatures that are computed for one request, each [`UNIT`] bytes of a value counting as one more; what
/// is left then is not verified. Browsers keep some 180 cookies of a site.
const MOST_COMPUTED: usize = 256;
/// Bytes of a value that count as a signature: the same long value may have many companions.
const UNIT: usize = 1 << 10;
/// Companions that are looked at, the first of a request.
const MOST_COMPANIONS: usize = 64;
/// Seconds that another replica's clock may be ahead.
const SKEW: u64 = 300;
/// Seconds that a browser may be late to forget a cookie.
const LEEWAY: u64 = 60;

/// What came of a request's cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedCookies {
    /// The value that one `Cookie` has in the place of all; empty: there is none. `None`: what came
    /// stands.
    pub value: Option<Vec<u8>>,
    /// What happens to the request.
    pub verdict: CookieVerdict,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieVerdict {
    /// It passes.
    Pass,
    /// It is refused for its cookies.
    Refuse,
}

/// A piece of the field, between semicolons.
#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    /// As it came, without blanks around.
    text: &'a [u8],
    name: &'a [u8],
    /// Empty where there is none.
    value: &'a [u8],
    kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    /// A cookie that is not protected.
    Plain,
    /// `$Version`, `$Path`, `$Domain` or `$Port`: RFC 2965 section 3.3.4.
    Attribute,
    /// A cookie under a protected name, by the place of the pattern.
    Protected(usize),
    /// What carries the tag of another.
    Companion { owner: &'a [u8], tag: Option<Tag> },
    /// One in which some servers would find a protected one.
    Injected(usize),
}

/// What came of a cookie.
enum Judged<'a> {
    /// What the backend has set, and whether in quotes.
    Verified(Value<'a>, bool),
    /// Not that; with the value without the tag where it can be told.
    Failed(CookieFinding, Option<&'a [u8]>),
}

enum Value<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl CookieExchange {
    /// Checks the values of all `Cookie` fields of a request.
    pub fn check<'a>(
        &self,
        client: &CookieClient<'_>,
        fields: impl IntoIterator<Item = &'a [u8]>,
        now: SystemTime,
    ) -> CheckedCookies {
        let mut pieces = SmallVec::<[Piece<'a>; 16]>::new();
        let mut count = 0;
        for field in fields {
            count += 1;
            let texts = field.split(|byte| *byte == b';').map(trim);
            let texts = texts.filter(|text| !text.is_empty());
            pieces.extend(texts.map(|text| self.read(text)));
        }
        let companions = pieces.iter().filter_map(|piece| match piece.kind {
            Kind::Companion { owner, tag } => Some((owner, tag)),
            _ => None,
        });
        let companions: SmallVec<[_; 4]> = companions.take(MOST_COMPANIONS).collect();
        let mut checking = Checking {
            exchange: self,
            client,
            companions: &companions,
            now: seconds(now),
            left: MOST_COMPUTED,
            out: Vec::new(),
            verdict: CookieVerdict::Pass,
            changed: false,
        };
        let is_plain = |piece: &Piece<'_>| matches!(piece.kind, Kind::Plain);
        if count > 1 || !pieces.iter().all(is_plain) {
            for piece in &pieces {
                checking.piece(piece);
            }
        }
        let Checking {
            out,
            verdict,
            changed,
            ..
        } = checking;
        // Servers differ about which of several fields they read.
        let joined = count > 1 && self.settings.mode != CookieMode::Log;
        CheckedCookies {
            value: (changed || joined).then_some(out),
            verdict,
        }
    }

    fn read<'a>(&self, text: &'a [u8]) -> Piece<'a> {
        let (name, value) = cut(text, b'=');
        let (name, value) = (trim(name), trim(value.unwrap_or_default()));
        let kind = self.kind(text, name, value);
        Piece {
            text,
            name,
            value,
            kind,
        }
    }

    fn kind<'a>(&self, text: &'a [u8], name: &'a [u8], value: &[u8]) -> Kind<'a> {
        let settings = &self.settings;
        if let [b'$', attribute @ ..] = name {
            let known = ["version", "path", "domain", "port"];
            let is = |it: &&str| attribute.eq_ignore_ascii_case(it.as_bytes());
            if known.iter().any(is) {
                return Kind::Attribute;
            }
        }
        let owner = companion_of(name).filter(|owner| settings.protects(owner).is_some());
        if let Some(owner) = owner {
            let tag = Tag::read(unquoted(value).unwrap_or(value));
            return Kind::Companion {
                owner,
                tag: tag.filter(|tag| tag.header.companion),
            };
        }
        if let Some(pattern) = settings.protects(name) {
            return Kind::Protected(pattern);
        }
        // `=a=b` is a value without a name to some, and a cookie `a` to others.
        let nameless = name.is_empty().then(|| {
            let start = text
                .iter()
                .position(|byte| !matches!(byte, b'=' | b' ' | b'\t'));
            let after = start.and_then(|start| text.get(start..));
            cut(after.unwrap_or_default(), b'=').0
        });
        let hidden = nameless
            .into_iter()
            .chain(hidden_names(text))
            .find_map(|name| settings.protects(name));
        hidden.map_or(Kind::Plain, Kind::Injected)
    }
}

/// A check at work.
struct Checking<'a, 'c> {
    exchange: &'a CookieExchange,
    client: &'a CookieClient<'c>,
    /// The names of cookies that have companions, and what these say.
    companions: &'a [(&'a [u8], Option<Tag>)],
    now: u64,
    /// Signatures that may still be computed.
    left: usize,
    out: Vec<u8>,
    verdict: CookieVerdict,
    changed: bool,
}

impl Checking<'_, '_> {
    fn piece(&mut self, piece: &Piece<'_>) {
        let mode = self.exchange.settings.mode;
        match piece.kind {
            Kind::Plain => self.keep(piece.text),
            Kind::Attribute if mode == CookieMode::Log => self.keep(piece.text),
            Kind::Attribute | Kind::Companion { .. } => self.changed = true,
            Kind::Injected(pattern) => {
                self.fail(CookieFinding::Injected, pattern, piece.text);
            }
            Kind::Protected(pattern) => match self.judge(piece) {
                Judged::Verified(value, quoted) => {
                    self.exchange.note(CookieFinding::Verified, Some(pattern));
                    self.changed = true;
                    self.separate();
                    let quote: &[u8] = if quoted { b"\"" } else { b"" };
                    let value: &[u8] = match &value {
                        Value::Borrowed(value) => value,
                        Value::Owned(value) => value,
                    };
                    for part in [piece.name, b"=", quote, value, quote] {
                        self.out.extend_from_slice(part);
                    }
                }
                Judged::Failed(finding, None) => self.fail(finding, pattern, piece.text),
                Judged::Failed(finding, Some(value)) => {
                    let stripped = [piece.name, b"=", value].concat();
                    self.changed = true;
                    self.fail(finding, pattern, &stripped);
                }
            },
        }
    }

    /// A cookie that cannot be verified; `text`: what passes where it does.
    fn fail(&mut self, finding: CookieFinding, pattern: usize, text: &[u8]) {
        self.exchange.note(finding, Some(pattern));
        let may_be_old = matches!(finding, CookieFinding::Unsigned | CookieFinding::UnknownKey);
        match self.exchange.settings.mode {
            CookieMode::Log => self.keep(text),
            CookieMode::Learn if may_be_old => self.keep(text),
            CookieMode::Learn | CookieMode::Drop => self.changed = true,
            CookieMode::Refuse => {
                self.changed = true;
                self.verdict = CookieVerdict::Refuse;
            }
        }
    }

    fn keep(&mut self, text: &[u8]) {
        self.separate();
        self.out.extend_from_slice(text);
    }

    fn separate(&mut self) {
        if !self.out.is_empty() {
            self.out.extend_from_slice(b"; ");
        }
    }

    fn judge<'p>(&mut self, piece: &Piece<'p>) -> Judged<'p> {
        let value = unquoted(piece.value).unwrap_or(piece.value);
        let mut failed = None;
        if let Some((inner, tag)) = Tag::split(value) {
            match self.verify(&tag, piece.name, inner) {
                Ok(()) => return Judged::Verified(Value::Borrowed(inner), tag.header.quoted),
                // A tag of a key that nobody knows may be none.
                Err(CookieFinding::UnknownKey) => failed = Some((CookieFinding::UnknownKey, None)),
                Err(finding) => failed = Some((finding, Some(inner))),
            }
        } else if let Some(sealed) = Sealed::read(value) {
            match self.open(&sealed, piece.name) {
                Ok(value) => return Judged::Verified(Value::Owned(value), sealed.header.quoted),
                Err(finding) => failed = Some((finding, None)),
            }
        }
        let companions = self.companions.iter();
        for (_, tag) in companions.filter(|(owner, _)| *owner == piece.name) {
            if self.left == 0 {
                failed.get_or_insert((CookieFinding::TooMany, None));
                break;
            }
            let Some(tag) = tag else {
                failed.get_or_insert((CookieFinding::Altered, None));
                continue;
            };
            match self.verify(tag, piece.name, value) {
                Ok(()) => return Judged::Verified(Value::Borrowed(value), tag.header.quoted),
                Err(finding) => {
                    failed.get_or_insert((finding, None));
                }
            }
        }
        let (finding, inner) = failed.unwrap_or((CookieFinding::Unsigned, None));
        Judged::Failed(finding, inner)
    }

    fn verify(&mut self, tag: &Tag, name: &[u8], value: &[u8]) -> Result<(), CookieFinding> {
        let keys = &self.exchange.settings.keys;
        self.within(&tag.header, name, value.len(), |scope| {
            seal::fits(keys, tag, scope, value).then_some(())
        })
    }

    fn open(&mut self, sealed: &Sealed, name: &[u8]) -> Result<Vec<u8>, CookieFinding> {
        let keys = &self.exchange.settings.keys;
        self.within(&sealed.header, name, sealed.text.len(), |scope| {
            seal::open(keys, sealed, scope)
        })
    }

    /// Verifies `length` bytes with what a header says, and then asks what it says.
    fn within<T>(
        &mut self,
        header: &Header,
        name: &[u8],
        length: usize,
        verify: impl FnOnce(&Scope<'_>) -> Option<T>,
    ) -> Result<T, CookieFinding> {
        let settings = &self.exchange.settings;
        if settings.keys.of(header.key).next().is_none() {
            return Err(CookieFinding::UnknownKey);
        }
        let left = self.left.checked_sub(1 + length / UNIT);
        self.left = left.ok_or(CookieFinding::TooMany)?;
        let domain = self.domain(header).ok_or(CookieFinding::Altered)?;
        let bound = if header.binding == settings.binding {
            self.exchange.bound
        } else {
            header.binding.bound(self.client)
        };
        let scope = Scope {
            name,
            domain,
            bound: &bound,
        };
        let found = verify(&scope).ok_or(CookieFinding::Altered)?;
        let is_bound = settings.binding.code() == 0 || settings.binding == header.binding;
        if !is_bound {
            return Err(CookieFinding::Altered);
        }
        let age = self.now.saturating_sub(header.issued);
        let is_past = |lifetime: u32, leeway| age > u64::from(lifetime) + leeway;
        let is_over = (header.lifetime > 0 && is_past(header.lifetime, LEEWAY))
            || settings.max_age.is_some_and(|age| is_past(age, 0))
            || header.issued > self.now + SKEW;
        if is_over {
            return Err(CookieFinding::Expired);
        }
        Ok(found)
    }

    /// What a cookie is for, if this host is that.
    fn domain(&self, header: &Header) -> Option<&[u8]> {
        let host = self.exchange.host();
        let start = host.len().checked_sub(usize::from(header.domain_len))?;
        let domain = host.get(start..)?;
        let is_whole = start == 0;
        let is_for_host = if header.host_only {
            is_whole
        } else {
            !domain.is_empty() && is_under(host, domain)
        };
        is_for_host.then_some(domain)
    }
}

/// Names within a piece that servers find which take more than `;` for an end: a comma, a blank, a closing
/// quote. The piece's own name is none of them.
fn hidden_names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut at, mut is_first) = (0, true);
    // The last word before blanks, and whether the word at hand has had its `=`.
    let (mut start, mut word, mut is_named) = (0, None, false);
    std::iter::from_fn(move || {
        while let Some(byte) = text.get(at) {
            let here = at;
            at += 1;
            match byte {
                b' ' | b'\t' | b',' | b'"' => {
                    // A quote behind `=` opens a value.
                    if *byte == b'"'
                        && here.checked_sub(1).and_then(|it| text.get(it)) == Some(&b'=')
                    {
                        continue;
                    }
                    if start < here {
                        word = (!is_named && !is_first).then_some((start, here));
                        is_first = false;
                    }
                    if matches!(byte, b',' | b'"') {
                        word = None;
                        is_first = false;
                    }
                    (start, is_named) = (at, false);
                }
                b'=' if !is_named => {
                    is_named = true;
                    let found = if start < here {
                        (!is_first).then_some((start, here))
                    } else {
                        word.take()
                    };
                    is_first = false;
                    if let Some((start, end)) = found {
                        return text.get(start..end);
                    }
                }
                _ => {}
            }
        }
        None
    })
}

/// Without the blanks that HTTP knows at its ends.
fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_only_some_servers_find_are_found() {
        for (text, expected) in [
            ("a=b", &[][..]),
            ("a = b", &[]),
            ("a=b=c", &[]),
            ("a=b, c=d", &["c"]),
            ("a=b,c=d,e=f", &["c", "e"]),
            ("a=b c = d", &["c"]),
            ("a=\"b\"c=d", &["c"]),
            ("a=\"b=c\"", &[]),
            ("a=\"b\", c=\"d\"", &["c"]),
            ("a, c=d", &["c"]),
            ("a c=d", &["c"]),
            ("a=b c d=e", &["d"]),
            ("a=x=y z=1=2", &["z"]),
            ("=a=b", &[]),
            ("", &[]),
        ] {
            let found: Vec<_> = hidden_names(text.as_bytes())
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
