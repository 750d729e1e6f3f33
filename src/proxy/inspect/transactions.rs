//! A worker's spare transactions, the one used last on top.

use std::{cell::RefCell, sync::Arc};

use crate::waf::{Policy, Transaction};

/// Transactions kept by a worker for later use: what they have grown to is theirs to keep.
const KEPT: usize = 16;

/// A worker's spare transactions.
#[derive(Debug, Default)]
#[expect(
    clippy::vec_box,
    reason = "an exchange holds the box: it moves as a pointer"
)]
pub(in crate::proxy) struct Transactions {
    spare: RefCell<Vec<Box<Transaction>>>,
}

impl Transactions {
    /// A transaction for an exchange under `policy`; one that was used under it before if there is one,
    /// since what its rules keep for themselves need not be made again.
    pub(super) fn take(&self, policy: &Arc<Policy>) -> Box<Transaction> {
        let mut spare = self.spare.borrow_mut();
        let same = spare
            .iter()
            .rposition(|it| Arc::ptr_eq(it.policy(), policy));
        let taken = match same {
            Some(place) => Some(spare.remove(place)),
            None => spare.pop(),
        };
        taken.unwrap_or_else(|| Box::new(Transaction::new(Arc::clone(policy))))
    }

    /// Takes a transaction back.
    pub(super) fn put(&self, transaction: Box<Transaction>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(transaction);
        }
    }

    /// Lets go of all that are spare, and of the rules that they hold.
    pub(in crate::proxy) fn clear(&self) {
        self.spare.borrow_mut().clear();
    }
}
