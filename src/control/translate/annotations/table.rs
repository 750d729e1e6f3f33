//! The one table.

use super::{
    access, balancing, canary, protocol, proxy, redirect, settings::AnnotationSettings, unsupported,
};
use crate::control::translate::rows::Row;

/// Every annotation that ingress-nginx knows, aliases included.
pub(super) const TABLE: &[&[Row<AnnotationSettings>]] = &[
    access::ROWS,
    balancing::ROWS,
    canary::ROWS,
    protocol::ROWS,
    proxy::ROWS,
    redirect::ROWS,
    unsupported::ROWS,
];
