//! What an exchange holds for rules to look at.
//!
//! Values are filled in as the exchange goes on, before the phase that looks at them, and stand
//! still while a phase runs. What rules themselves write (`TX`, matched variables) is elsewhere.

mod scalars;
mod source;
mod table;

pub(crate) use self::{
    scalars::Scalars,
    source::{List, Source, sources},
    table::Values,
};
