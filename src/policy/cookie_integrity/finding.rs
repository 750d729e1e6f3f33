//! What is found of cookies.

/// What is found of one cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CookieFinding {
    /// It is what the backend set.
    Verified,
    /// It has no signature.
    Unsigned,
    /// It is not what the backend set under this name, for this host and client.
    Altered,
    /// It is past its age, or from a time that has not come.
    Expired,
    /// It was signed with a key that is not there.
    UnknownKey,
    /// It stands within another cookie, where some servers would find it.
    Injected,
    /// There are more than are verified.
    TooMany,
    /// The backend has set it, and it was signed.
    Signed,
    /// The backend has set it, and it was encrypted.
    Encrypted,
    /// The backend has set it, and it was left out of the answer: it is too long to be encrypted, or has
    /// the name of a companion.
    Withheld,
}

impl CookieFinding {
    /// All of them, in the order of [`CookieFinding::index`].
    pub const ALL: [Self; 10] = [
        Self::Verified,
        Self::Unsigned,
        Self::Altered,
        Self::Expired,
        Self::UnknownKey,
        Self::Injected,
        Self::TooMany,
        Self::Signed,
        Self::Encrypted,
        Self::Withheld,
    ];

    /// The place in [`CookieFinding::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unsigned => "unsigned",
            Self::Altered => "altered",
            Self::Expired => "expired",
            Self::UnknownKey => "unknown_key",
            Self::Injected => "injected",
            Self::TooMany => "too_many",
            Self::Signed => "signed",
            Self::Encrypted => "encrypted",
            Self::Withheld => "withheld",
        }
    }

    /// Whether somebody should know.
    pub const fn is_remarkable(self) -> bool {
        !matches!(self, Self::Verified | Self::Signed | Self::Encrypted)
    }
}

/// What is found of the cookies of one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CookieFindings {
    counts: [u16; CookieFinding::ALL.len()],
    /// The pattern of the first that somebody should know of, by its place.
    pub(super) pattern: Option<usize>,
}

impl CookieFindings {
    /// How many there are of a kind.
    #[must_use]
    pub fn count(&self, finding: CookieFinding) -> u16 {
        self.counts.get(finding.index()).copied().unwrap_or(0)
    }

    /// The kinds that there are any of, with how many.
    pub fn iter(&self) -> impl Iterator<Item = (CookieFinding, u16)> {
        let all = CookieFinding::ALL.into_iter().zip(self.counts);
        all.filter(|(_, count)| *count > 0)
    }

    /// Whether somebody should know of any.
    #[must_use]
    pub fn are_remarkable(&self) -> bool {
        self.iter().any(|(finding, _)| finding.is_remarkable())
    }

    pub(super) fn add(&mut self, finding: CookieFinding, pattern: Option<usize>) {
        if let Some(count) = self.counts.get_mut(finding.index()) {
            *count = count.saturating_add(1);
        }
        if finding.is_remarkable() {
            self.pattern = self.pattern.or(pattern);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_stands_at_its_place() {
        for (place, finding) in CookieFinding::ALL.into_iter().enumerate() {
            assert_eq!(finding.index(), place, "{}", finding.as_str());
        }
    }
}
