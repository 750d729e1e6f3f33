//! A worker's spare transactions, the one used last on top, and what it lends to those that run.

use std::{cell::RefCell, sync::Arc};

use super::work::{Found, Work, lend, perform_guarded};
use crate::waf::{Policy, Transaction, Workspace};

/// Transactions kept by a worker for later use: what they have grown to is theirs to keep.
const KEPT: usize = 64;

/// A worker's spare transactions, and what it lends to those that run.
#[derive(Debug, Default)]
#[expect(
    clippy::vec_box,
    reason = "an exchange holds the box: it moves as a pointer"
)]
pub(in crate::proxy) struct Transactions {
    spare: RefCell<Vec<Box<Transaction>>>,
    workspace: RefCell<Box<Workspace>>,
}

impl Transactions {
    /// A transaction for an exchange under `policy`.
    pub(super) fn take(&self, policy: &Arc<Policy>) -> Box<Transaction> {
        let taken = self.spare.borrow_mut().pop();
        taken.unwrap_or_else(|| Box::new(Transaction::new(Arc::clone(policy))))
    }

    /// Takes a transaction back.
    pub(super) fn put(&self, transaction: Box<Transaction>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(transaction);
        }
    }

    /// Does a piece of work; `None` where the engine panicked, and then the transaction is not to be
    /// used any more.
    pub(super) fn perform(&self, transaction: &mut Transaction, work: &mut Work) -> Option<Found> {
        self.lend(transaction, |it| perform_guarded(it, work))
    }

    /// The same, for anything else that runs phases: `run` gives `None` where the engine panicked.
    pub(super) fn lend<T>(
        &self,
        transaction: &mut Transaction,
        run: impl FnOnce(&mut Transaction) -> Option<T>,
    ) -> Option<T> {
        lend(&mut self.workspace.borrow_mut(), transaction, run)
    }

    /// Lets go of all that are spare, and of what was learnt about rules that are gone.
    pub(in crate::proxy) fn clear(&self) {
        self.spare.borrow_mut().clear();
        self.workspace.borrow_mut().forget_gone();
    }
}
