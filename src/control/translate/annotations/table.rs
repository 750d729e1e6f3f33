//! The one table.

use super::{
    access, balancing, canary, client_certificate, firewall, protocol, proxy, redirect,
    settings::AnnotationSettings, unsupported,
};
use crate::control::translate::rows::Row;

/// Every annotation that ingress-nginx knows, aliases included.
pub(super) const TABLE: &[&[Row<AnnotationSettings>]] = &[
    access::ROWS,
    balancing::ROWS,
    canary::ROWS,
    client_certificate::ROWS,
    firewall::ROWS,
    protocol::ROWS,
    proxy::ROWS,
    redirect::ROWS,
    unsupported::ROWS,
];

/// Every annotation of our own.
pub(super) const OWN_TABLE: &[&[Row<AnnotationSettings>]] = &[proxy::OWN];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::translate::rows::Meaning;

    #[test]
    fn every_supported_annotation_is_documented() {
        let page = include_str!("../../../../docs/annotations.md");
        for row in TABLE.iter().chain(OWN_TABLE).copied().flatten() {
            if matches!(row.meaning, Meaning::Setting(_)) {
                assert!(page.contains(&format!("`{}", row.name)), "{}", row.name);
            }
        }
    }
}
