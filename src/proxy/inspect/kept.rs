//! Bodies of an exchange, as far as the audit log shows them.
//!
//! Invariant: what is kept draws on the same budget as bodies that are held; where that is spent, the
//! entry has no body. Non-goal: whether there is an entry; that shows when the exchange ends.

use super::budget::{Holder, Share};
use crate::waf::log::BODY_KEPT;

/// The first bytes of a body.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// Whether there was more of it.
    cut: bool,
    _share: Option<Share>,
}

impl Kept {
    /// The beginning of a body, which is `whole` or not.
    pub(super) fn of(body: &[u8], whole: bool, holder: &Holder) -> Self {
        let bytes = body.get(..BODY_KEPT).unwrap_or(body);
        let mut share = holder.share();
        if bytes.is_empty() || !share.grow(bytes.len()) {
            return Self::default();
        }
        Self {
            cut: !whole || bytes.len() < body.len(),
            bytes: bytes.to_vec(),
            _share: Some(share),
        }
    }

    /// The bytes; none where the body was empty, or there was no room.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether there was more of it.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut
    }
}
