//! The admission webhook.

mod certificate;
mod desk;
mod judging;
mod reviews;
mod server;
mod support;
mod words;
