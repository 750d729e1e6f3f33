//! The kinds that are read, one file each.
//!
//! Invariant: whatever form an object is written in, what comes out is the current schema's. Non-goal:
//! kinds that are read but not understood; those are reported and left out.

mod config_map;
mod endpoint_slice;
mod ingress;
mod ingress_class;
mod row;
mod secret;
mod service;
mod waf_policy;

pub(super) use row::{Row, Unread, row, row_of_kind};
