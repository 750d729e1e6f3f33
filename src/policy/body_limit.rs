//! The longest request body that is forwarded; ingress-nginx's `proxy-body-size`.

/// A limit on the length of request bodies, in bytes, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLimit {
    /// At most this many bytes; a longer body is answered 413.
    Bytes(u64),
    /// No limit (`proxy-body-size: "0"`).
    Unlimited,
}

impl BodyLimit {
    /// 1 MiB, as ingress-nginx has it.
    pub const DEFAULT: Self = Self::Bytes(1 << 20);

    /// Whether a body of `length` bytes may pass.
    pub const fn allows(self, length: u64) -> bool {
        match self {
            Self::Bytes(limit) => length <= limit,
            Self::Unlimited => true,
        }
    }
}

impl Default for BodyLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_inclusive() {
        for (limit, length, allowed) in [
            (BodyLimit::DEFAULT, 1 << 20, true),
            (BodyLimit::DEFAULT, (1 << 20) + 1, false),
            (BodyLimit::Bytes(0), 0, true),
            (BodyLimit::Bytes(0), 1, false),
            (BodyLimit::Unlimited, u64::MAX, true),
        ] {
            assert_eq!(limit.allows(length), allowed, "{limit:?} {length}");
        }
    }
}
