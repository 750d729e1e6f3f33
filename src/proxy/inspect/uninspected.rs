//! Why something was not inspected.

/// Why a request or an answer, or a part of it, was not inspected. Where the firewall blocks, most of
/// these refuse it; otherwise it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Uninspected {
    /// Its type is one that streams. It always passes.
    Streamed,
    /// It is longer than what is inspected.
    PastLimit,
    /// Its `Content-Encoding` cannot be undone.
    Undecoded,
    /// All bytes for held bodies are in use.
    NoRoom,
    /// It came too slowly to be held.
    TooSlow,
    /// All threads for long inspections are busy, and enough wait for them.
    NoThread,
    /// The rules do not compile and never have.
    NoRules,
    /// A panic in the engine.
    Panicked,
}

impl Uninspected {
    /// All of them, in the order of [`Uninspected::index`].
    pub const ALL: [Self; 8] = [
        Self::Streamed,
        Self::PastLimit,
        Self::Undecoded,
        Self::NoRoom,
        Self::TooSlow,
        Self::NoThread,
        Self::NoRules,
        Self::Panicked,
    ];

    /// The place in [`Uninspected::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Streamed => "streamed",
            Self::PastLimit => "past_limit",
            Self::Undecoded => "undecoded",
            Self::NoRoom => "no_room",
            Self::TooSlow => "too_slow",
            Self::NoThread => "no_thread",
            Self::NoRules => "no_rules",
            Self::Panicked => "panicked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_at_its_place() {
        for (place, reason) in Uninspected::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), place, "{}", reason.as_str());
        }
    }
}
