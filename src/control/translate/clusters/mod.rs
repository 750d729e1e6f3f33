//! Clusters: what rules ask of Services, and the settings that come of it.
//!
//! Invariant: a cluster's name tells everything that sets it apart, so two uses of a Service that
//! agree share one. Non-goal: which rule uses which cluster; that is the translation of an Ingress.

mod build;
mod endpoints;
mod kept;
mod slices;
mod spec;

pub(super) use kept::Clusters;
pub(super) use slices::SliceIndex;
pub(super) use spec::ClusterSpec;
