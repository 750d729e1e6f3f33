//! The modules that read manifests, and what holds of whatever they read.

pub mod config;
pub mod control;
