//! What is wrong with an object, where, and what follows.

use std::{fmt, path::PathBuf, sync::Arc};

use serde_json::json;

use super::ObjectRef;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The object is served, but not all that it says has an effect.
    Warning,
    /// A part of the object is not served as written.
    Error,
}

/// What has to change for a problem to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The object itself.
    #[default]
    Object,
    /// Something that the object names or needs, and that may come later: a Service, a Secret, a rule set.
    Surroundings,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub path: Arc<PathBuf>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offsets of the offending value in the file, end exclusive.
    pub span: (usize, usize),
}

/// One thing that is wrong.
///
/// The same words reach people through `portcullis check`, the log, and later Events and conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// The object that it stands in.
    pub object: ObjectRef,
    /// The field, as a path: `spec.rules[0].http.paths[1].backend.service.port`. Annotations:
    /// `metadata.annotations["nginx.ingress.kubernetes.io/proxy-body-size"]`. Empty: the object.
    pub field: String,
    /// What is wrong, for example `port "http" is not a port of Service default/blog`.
    pub message: String,
    /// What follows, for example `requests for this path are answered 503`.
    pub consequence: String,
    /// How bad it is.
    pub severity: Severity,
    /// What has to change for it to go.
    pub cause: Cause,
    /// Where it stands, when the object came from a file.
    pub location: Option<Location>,
}

impl Problem {
    /// The problem for programs; the place's `start` and `end` are bytes in the file, `end` exclusive.
    pub fn to_json(&self) -> serde_json::Value {
        let Problem {
            object,
            field,
            message,
            consequence,
            severity,
            cause: _,
            location,
        } = self;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let location = location.as_ref().map(|location| {
            let Location {
                path,
                line,
                column,
                span: (start, end),
            } = location;
            json!({
                "path": path.display().to_string(),
                "line": line,
                "column": column,
                "start": start,
                "end": end,
            })
        });
        json!({
            "severity": severity,
            "object": {
                "kind": object.kind.as_str(),
                "namespace": &*object.namespace,
                "name": &*object.name,
            },
            "field": field,
            "message": message,
            "consequence": consequence,
            "location": location,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            object,
            field,
            message,
            consequence,
            severity: _,
            cause: _,
            location: _,
        } = self;
        write!(f, "{object}")?;
        if !field.is_empty() {
            write!(f, ": {field}")?;
        }
        write!(f, ": {message}; {consequence}")
    }
}
