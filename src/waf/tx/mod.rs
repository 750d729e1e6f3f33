//! The `TX` collection: the variables that rules write.
//!
//! Names that stand in the rules have fixed places, given when the rules are compiled, so that a
//! score is added to without a search; names that a request brings about go to a bounded map.

mod names;
mod number;
mod store;

pub(crate) use self::{
    names::{Slot, TxNames},
    number::Decimal,
    store::{Member, TxStore},
};
