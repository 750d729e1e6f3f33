//! JSON values to typed objects, with every field that does not fit.
//!
//! Invariant: after a type error the rest of the object is still looked at. Non-goal: what the typed
//! values mean.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::limits;
use crate::control::{FieldPath, Segment};

/// A value of the wrong type.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::control) struct TypeFault {
    pub(in crate::control) field: FieldPath,
    pub(in crate::control) message: String,
}

/// An object or its type errors, and the fields that its type does not have.
#[derive(Debug)]
pub(super) struct Decoded<T> {
    pub object: Result<T, Vec<TypeFault>>,
    /// At most [`limits::UNKNOWN_FIELDS`].
    pub unknown: Vec<FieldPath>,
}

/// Decodes a value. A value of the wrong type is reported, taken out and the rest tried again, at
/// most [`limits::FAULTS`] times.
pub(super) fn decode<T: DeserializeOwned>(value: Value) -> Decoded<T> {
    let Fitting {
        object,
        faults,
        unknown,
    } = fitting(value);
    let object = match object {
        Some(object) if faults.is_empty() => Ok(object),
        _ => Err(faults),
    };
    Decoded { object, unknown }
}

/// What of a value has the types that it should have.
#[derive(Debug)]
pub(in crate::control) struct Fitting<T> {
    /// The object without what does not fit. `None`: nothing is left of it.
    pub(in crate::control) object: Option<T>,
    pub(in crate::control) faults: Vec<TypeFault>,
    /// Fields that the type does not have, at most [`limits::UNKNOWN_FIELDS`].
    pub(in crate::control) unknown: Vec<FieldPath>,
}

/// Decodes what fits, as [`decode`] does.
pub(in crate::control) fn fitting<T: DeserializeOwned>(mut value: Value) -> Fitting<T> {
    let mut faults = Vec::new();
    loop {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let deserializer = serde_path_to_error::Deserializer::new(&value, &mut track);
        let result: Result<T, _> = serde_ignored::deserialize(deserializer, |path| {
            if unknown.len() < limits::UNKNOWN_FIELDS {
                unknown.push(ignored_path(&path));
            }
        });
        let error = match result {
            Ok(object) => {
                return Fitting {
                    object: Some(object),
                    faults,
                    unknown,
                };
            }
            Err(error) => error,
        };
        let field = error_path(&track.path());
        let taken = take_out(&mut value, &field.0);
        faults.push(TypeFault {
            field,
            message: shorten(&error.to_string()),
        });
        if !taken || faults.len() >= limits::FAULTS {
            return Fitting {
                object: None,
                faults,
                unknown,
            };
        }
    }
}

/// A parser's own words, bounded.
pub(super) fn shorten(message: &str) -> String {
    match message.char_indices().nth(limits::MESSAGE_CHARS) {
        Some((end, _)) => format!("{}...", &message[..end]),
        None => message.to_owned(),
    }
}

fn error_path(path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment as There;
    FieldPath(
        path.iter()
            .map_while(|segment| match segment {
                There::Seq { index } => Some(Segment::Index(*index)),
                There::Map { key } => Some(Segment::Key(key.clone())),
                There::Enum { .. } | There::Unknown => None,
            })
            .collect(),
    )
}

fn ignored_path(path: &serde_ignored::Path<'_>) -> FieldPath {
    use serde_ignored::Path;
    match path {
        Path::Root => FieldPath::default(),
        Path::Seq { parent, index } => ignored_path(parent).index(*index),
        Path::Map { parent, key } => ignored_path(parent).key(key),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => ignored_path(parent),
    }
}

/// Takes the value at a path out: an entry of a mapping is removed, an item of a list becomes null so
/// that the others keep their positions. Says whether that can help.
fn take_out(value: &mut Value, path: &[Segment]) -> bool {
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    let parent = parents
        .iter()
        .try_fold(value, |there, segment| match segment {
            Segment::Key(key) => there.get_mut(key),
            Segment::Index(index) => there.get_mut(index),
        });
    match (parent, last) {
        (Some(Value::Object(entries)), Segment::Key(key)) => entries.remove(key).is_some(),
        (Some(Value::Array(items)), Segment::Index(index)) => items
            .get_mut(*index)
            .is_some_and(|item| !std::mem::take(item).is_null()),
        _ => false,
    }
}

impl<T> Decoded<T> {
    /// The same with what `change` makes of the object.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Decoded<U> {
        Decoded {
            object: self.object.map(change),
            unknown: self.unknown,
        }
    }
}
