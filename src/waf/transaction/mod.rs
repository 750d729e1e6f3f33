//! One exchange on its way through the rules.
//!
//! The caller tells what it has, in order, and asks for a verdict after each part: head, body,
//! response head, response body, end. What it does with a verdict is its own affair; what was found
//! is in the report. A transaction is used again for the next exchange, and may move between threads.

mod audit;
mod begin;
mod report;
mod request;
mod request_body;
mod response;
mod run;
mod verdict;

pub(crate) use self::begin::civil;
pub use self::{
    begin::Exchange,
    report::Match,
    request::RequestLine,
    run::Transaction,
    verdict::{BodyWish, Verdict},
};
