//! The one table.

use super::{access, firewall, global::Draft, logging, proxy, unsupported};
use crate::control::translate::rows::Row;

/// Every key that ingress-nginx knows.
pub(super) const TABLE: &[&[Row<Draft>]] = &[
    access::ROWS,
    firewall::ROWS,
    logging::ROWS,
    proxy::ROWS,
    unsupported::ROWS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::translate::rows::Meaning;

    #[test]
    fn every_supported_option_is_documented() {
        let page = include_str!("../../../../docs/configuration.md");
        for row in TABLE.iter().copied().flatten() {
            if matches!(row.meaning, Meaning::Setting(_)) {
                assert!(page.contains(&format!("`{}", row.name)), "{}", row.name);
            }
        }
    }
}
