//! Whether there is a firewall, and whether it refuses.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::config::FirewallMode;

/// In the order of their strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::control::translate) enum Mode {
    /// There is none.
    Off,
    /// What it would refuse is logged.
    Detect,
    /// It refuses.
    Block,
}

impl Mode {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Detect => "Detect",
            Self::Block => "Block",
        }
    }

    /// `None`: there is no firewall.
    pub(super) const fn of_firewall(self) -> Option<FirewallMode> {
        match self {
            Self::Off => None,
            Self::Detect => Some(FirewallMode::Detect),
            Self::Block => Some(FirewallMode::Block),
        }
    }
}

impl From<FirewallMode> for Mode {
    fn from(mode: FirewallMode) -> Self {
        match mode {
            FirewallMode::Detect => Self::Detect,
            FirewallMode::Block => Self::Block,
        }
    }
}

impl<'de> Deserialize<'de> for Mode {
    /// `Off` without quotes is `false` in YAML 1.1, and cannot mean anything else here.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl de::Visitor<'_> for Written {
            type Value = Mode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of Off, Detect and Block")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Mode, E> {
                if on {
                    Err(E::invalid_value(de::Unexpected::Bool(on), &self))
                } else {
                    Ok(Mode::Off)
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Mode, E> {
                [Mode::Off, Mode::Detect, Mode::Block]
                    .into_iter()
                    .find(|mode| mode.as_str() == text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Written)
    }
}
