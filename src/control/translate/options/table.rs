//! The one table.

use super::{access, global::Draft, logging, proxy, unsupported};
use crate::control::translate::rows::Row;

/// Every key that ingress-nginx knows.
pub(super) const TABLE: &[&[Row<Draft>]] =
    &[access::ROWS, logging::ROWS, proxy::ROWS, unsupported::ROWS];
