//! The time of day as answers carry it, formatted once a second.

use std::{cell::RefCell, time::SystemTime};

/// A worker's `Date`. Set by the worker's tick, so at most one tick behind.
#[derive(Debug)]
pub(super) struct Clock {
    line: RefCell<Vec<u8>>,
}

impl Clock {
    pub(super) fn new(now: SystemTime) -> Self {
        let clock = Self {
            line: RefCell::new(Vec::with_capacity(40)),
        };
        clock.set(now);
        clock
    }

    /// Moves the clock.
    pub(super) fn set(&self, now: SystemTime) {
        let mut line = self.line.borrow_mut();
        line.clear();
        line.extend_from_slice(b"Date: ");
        line.extend_from_slice(httpdate::fmt_http_date(now).as_bytes());
        line.extend_from_slice(b"\r\n");
    }

    /// Appends `Date: ...` and the end of the line; RFC 9110 section 6.6.1.
    pub(super) fn write_date_field(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.line.borrow());
    }
}
