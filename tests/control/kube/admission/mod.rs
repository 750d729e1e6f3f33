//! The admission webhook.

mod certificate;
mod judging;
mod reviews;
mod server;
mod support;
mod words;
