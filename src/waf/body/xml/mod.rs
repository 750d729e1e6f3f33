//! XML: the text of a document, and its attributes.
//!
//! A reader of well-formed XML 1.0 that never loads, declares or expands anything: a document that
//! declares an entity, or refers to one other than the five of the specification, is an error. Names
//! are not looked into and namespaces not resolved. What is missing of well-formedness cannot hide
//! anything: repeated attributes are both seen, and character classes of names beyond ASCII are not
//! checked. Line ends stay as sent. Non-goals: validation, and XPath but for `/*` and `//@*`.

mod encoding;
mod error;
mod parser;
mod reference;
mod tag;

#[cfg(test)]
mod tests;

pub use self::{
    encoding::encoding,
    error::XmlError,
    parser::{Xml, parse},
};
