//! Writing problems down.

use std::{fmt, sync::Arc};

use crate::{
    config::{Cause, ObjectRef, Problem, Severity},
    control::Places,
};

/// Writes down the problems of one object.
#[derive(Debug)]
pub(super) struct Reporter {
    object: ObjectRef,
    places: Option<Arc<dyn Places>>,
    problems: Vec<Problem>,
}

impl Reporter {
    pub(super) fn new(object: ObjectRef, places: Option<Arc<dyn Places>>) -> Self {
        Self {
            object,
            places,
            problems: Vec::new(),
        }
    }

    /// A part of the object is not served as written.
    pub(super) fn error(
        &mut self,
        field: impl Into<String>,
        message: impl fmt::Display,
        consequence: impl fmt::Display,
    ) {
        self.report(field.into(), message, consequence, Severity::Error);
    }

    /// The object is served, but not all that it says has an effect.
    pub(super) fn warning(
        &mut self,
        field: impl Into<String>,
        message: impl fmt::Display,
        consequence: impl fmt::Display,
    ) {
        self.report(field.into(), message, consequence, Severity::Warning);
    }

    /// A part of the object is not served as written because of something else, which may come or change
    /// later.
    pub(super) fn awaits(
        &mut self,
        field: impl Into<String>,
        message: impl fmt::Display,
        consequence: impl fmt::Display,
    ) {
        let cause = Cause::Surroundings;
        self.because_of(cause, field.into(), (message, consequence), Severity::Error);
    }

    pub(super) fn report(
        &mut self,
        field: String,
        message: impl fmt::Display,
        consequence: impl fmt::Display,
        severity: Severity,
    ) {
        self.because_of(Cause::Object, field, (message, consequence), severity);
    }

    pub(super) fn because_of(
        &mut self,
        cause: Cause,
        field: String,
        (message, consequence): (impl fmt::Display, impl fmt::Display),
        severity: Severity,
    ) {
        self.problems.push(Problem {
            location: self
                .places
                .as_ref()
                .and_then(|places| places.locate(&field)),
            object: self.object.clone(),
            field,
            message: message.to_string(),
            consequence: consequence.to_string(),
            severity,
            cause,
        });
    }

    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }
}
