//! The clusters of a configuration.

use std::{collections::BTreeMap, sync::Arc};

use crate::upstream::{ClusterId, ClusterSettings};

/// Clusters by name.
pub type ClusterMap = BTreeMap<ClusterId, Arc<ClusterSettings>>;
