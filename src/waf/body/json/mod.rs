//! JSON, flattened to arguments.
//!
//! A value is named by its path from `json`: `{"a": [1, {"b": 2}]}` gives `json.a.0` and `json.a.1.b`.
//! Indices, not ModSecurity 3's `array_0`, name elements, as Coraza does; a scalar at the top is
//! `json`. Repeated keys stay repeated arguments, in order, numbers keep their digits as sent, and an
//! empty object or array is an argument with an empty value: its key may be what the attack is in.
//! Nothing is read leniently (RFC 8259), but for a byte order mark in front.

mod error;
mod parser;
mod text;

#[cfg(test)]
mod tests;

pub use self::{
    error::JsonError,
    parser::{Json, parse},
};
