//! HTML: input is read as a browser might read it in five places of a page, and what that brings
//! forth is looked up in lists of dangerous names.

mod detect;
mod html;
mod names;

pub use self::detect::{Finding, detect_xss, detect_xss_that, may_be_xss};

#[cfg(test)]
mod tests;
