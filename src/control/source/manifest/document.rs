//! One document: its objects, and everything that is wrong with it.
//!
//! Invariant: an object with a fault is named among the broken if its name can be told, and leaves the
//! other objects of its document alone. Non-goal: where in a file the document stands.

use std::{ops::Range, path::PathBuf, sync::Arc};

use serde_json::Value;

use super::{
    Piece, TreeCache,
    convert::convert,
    decode::shorten,
    finding::Finding,
    kinds::{Row, Unread, row, row_of_kind},
    places::{self, ManifestPlaces},
    scalar,
    tree::{self, NodeId, Shape, SyntaxError, Tree},
};
use crate::{
    config::{ObjectKind, ObjectRef, Problem, Severity},
    control::{FieldPath, Key, Object, Places},
};

/// What a document's text says, wherever it stands.
#[derive(Debug, Default)]
pub(in crate::control::source) struct Document {
    definitions: Vec<Found>,
    /// Objects that are there and cannot be used.
    broken: Vec<(ObjectKind, Key)>,
    /// What is in force for some of those that have no earlier version.
    stand_ins: Vec<Found>,
    /// Whether there may be objects that could not even be named.
    is_opaque: bool,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Found {
    key: Key,
    object: Object,
    row: &'static Row,
    extent: Range<usize>,
}

/// An object as a file defines it.
#[derive(Clone, Debug)]
pub(in crate::control::source) struct Definition {
    pub key: Key,
    pub object: Object,
    pub places: Option<Arc<dyn Places>>,
    /// Whether the object cannot be used and this is what is in force for it.
    pub is_stand_in: bool,
}

impl Definition {
    /// What the object is called.
    pub(in crate::control::source) fn name(&self) -> (ObjectKind, Key) {
        (self.object.kind(), self.key.clone())
    }

    /// Whether it is of the same object.
    pub(in crate::control::source) fn is_named_as(&self, other: &Self) -> bool {
        self.object.kind() == other.object.kind() && self.key == other.key
    }

    /// Whether it is the same version of it at the same place. Equal versions may count as others.
    pub(in crate::control::source) fn is_the_same_as(&self, other: &Self) -> bool {
        let places_are_the_same = match (&self.places, &other.places) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        places_are_the_same && self.object.is_shared_with(&other.object)
    }
}

impl Document {
    /// Understands a text.
    pub(in crate::control::source) fn parse(text: &str) -> Self {
        let (tree, error) = tree::parse(text);
        let mut reading = Reading {
            tree: &tree,
            text,
            document: Self::default(),
        };
        if let Some(error) = error {
            reading.syntax_error(error);
        } else {
            for root in &tree.roots {
                reading.top(*root);
            }
        }
        reading.document
    }

    /// Its objects, then what is in force for those that cannot be used and have no earlier version,
    /// given where it stands.
    pub(in crate::control::source) fn definitions<'d>(
        &'d self,
        file: &'d Arc<PathBuf>,
        piece: &'d Piece,
        cache: &'d TreeCache,
    ) -> impl Iterator<Item = Definition> + 'd {
        let defined = self.definitions.iter().map(|found| (found, false));
        let standing_in = self.stand_ins.iter().map(|found| (found, true));
        let all = defined.chain(standing_in);
        all.map(move |(found, is_stand_in)| Definition {
            key: found.key.clone(),
            object: found.object.clone(),
            places: Some(Arc::new(ManifestPlaces {
                file: Arc::clone(file),
                piece: piece.clone(),
                extent: found.extent.clone(),
                row: found.row,
                cache: cache.clone(),
            })),
            is_stand_in,
        })
    }

    /// The objects in it that cannot be used.
    pub(in crate::control::source) fn broken(&self) -> &[(ObjectKind, Key)] {
        &self.broken
    }

    /// Whether there may be objects in it that could not even be named.
    pub(in crate::control::source) fn is_opaque(&self) -> bool {
        self.is_opaque
    }

    /// What is wrong with it, given where it stands.
    pub(in crate::control::source) fn problems<'d>(
        &'d self,
        file: &'d Arc<PathBuf>,
        piece: &'d Piece,
    ) -> impl Iterator<Item = Problem> + 'd {
        self.findings
            .iter()
            .map(move |finding| finding.problem(file, piece))
    }
}

struct Reading<'t> {
    tree: &'t Tree,
    text: &'t str,
    document: Document,
}

/// The type and name of an object, as far as they can be told.
struct Identity {
    api_version: Option<String>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

const KEEPS_LAST_GOOD: &str = "the object's last good version is served, if there was one";

/// What follows where a policy may be in what cannot be read.
const MAY_HIDE_POLICY: &str = "if it is a policy of the firewall, its last good version is in force, \
                               if there was one, and else requests are served without it";

/// How the `apiVersion` of our own kinds begins.
const GROUP: &str = "portcullis.dev/";

/// The name of a policy that has none: one that no object can have.
const NAMELESS: &str = "?";

impl Reading<'_> {
    fn syntax_error(&mut self, error: SyntaxError) {
        // What came before the error often names the object.
        let identity = match self.tree.roots.as_slice() {
            [root] => self.identity(*root),
            _ => Identity::none(),
        };
        let known = identity
            .readable_row()
            .and_then(|row| Some((row, identity.key(row)?)));
        let mut consequence =
            "the document is not used; the last good version of what it holds is \
                               served, if there was one"
                .to_owned();
        let object = match (known, self.tree.roots.as_slice()) {
            (Some((row, key)), [root]) => {
                let object = reference(row.object, &key);
                let rest = self.text.get(error.at..).unwrap_or_default();
                let unread = Unread {
                    text: self.text,
                    // A bracket or a quote that nothing closes is where the error is.
                    is_cut: rest.trim().is_empty() || rest.starts_with(['[', '{', '"', '\'']),
                };
                let spec = self.finished_spec(*root);
                self.break_off(*root, row, key, spec, Some(unread));
                Some(object)
            }
            _ => {
                self.document.is_opaque = true;
                if self.text.contains("WafPolicy") {
                    consequence = format!("the document is not used; {MAY_HIDE_POLICY}");
                }
                None
            }
        };
        let SyntaxError { at, message } = error;
        // A scanner often stops at the end of a line or of the text: show what is before it.
        let end = self.text.get(at..).and_then(|rest| rest.chars().next());
        let span = at..at + end.map_or(0, char::len_utf8);
        self.document.findings.push(Finding {
            object,
            field: String::new(),
            message: format!("not valid YAML: {}", shorten(&message)),
            consequence,
            severity: Severity::Error,
            span,
        });
    }

    /// Notes an object that cannot be used, and what is in force for it.
    fn break_off(
        &mut self,
        root: NodeId,
        row: &'static Row,
        key: Key,
        spec: Value,
        unread: Option<Unread<'_>>,
    ) {
        if let Some(stand_in) = row.stand_in {
            let object = stand_in(&key, spec, unread);
            self.document.stand_ins.push(Found {
                key: key.clone(),
                object,
                row,
                extent: self.tree.span(self.text, self.tree.resolve(root).0),
            });
        }
        self.document.broken.push((row.object, key));
    }

    /// The fields of `spec` after which others were begun before the text broke off: more of the last
    /// one might have followed.
    fn finished_spec(&self, root: NodeId) -> Value {
        let Some((_, spec)) = self.tree.entry(self.text, root, "spec") else {
            return Value::Null;
        };
        let Shape::Mapping(entries) = &self.tree.resolve(spec).1.shape else {
            return Value::Null;
        };
        let finished = entries.split_last().map_or(&[][..], |(_, before)| before);
        let finished = finished.iter().filter_map(|(name, value)| {
            let name = self.tree.key_text(self.text, *name)?;
            Some((name, convert(self.tree, self.text, *value).0))
        });
        Value::Object(finished.collect())
    }

    /// A document's top: an object, or a list of them.
    fn top(&mut self, root: NodeId) {
        let list = self.identity(root);
        let is_list = list
            .kind
            .as_deref()
            .is_some_and(|kind| kind.ends_with("List"));
        let items = self.tree.entry(self.text, root, "items");
        let (true, Some((_, items))) = (is_list, items) else {
            return self.object(root, list);
        };
        let (_, node) = self.tree.resolve(items);
        let Shape::Sequence(items) = &node.shape else {
            if !self.is_null(items) {
                self.finding(
                    None,
                    "items",
                    items,
                    "is not a list",
                    "nothing in it is used",
                );
                self.document.is_opaque = true;
            }
            return;
        };
        for item in items {
            let mut identity = self.identity(*item);
            // `kubectl get -o yaml` gives `List`; the items of an `IngressList` leave their type out.
            let of = list
                .kind
                .as_deref()
                .and_then(|kind| kind.strip_suffix("List"));
            if identity.kind.is_none() && identity.api_version.is_none() {
                identity.kind = of.filter(|kind| !kind.is_empty()).map(str::to_owned);
                identity.api_version = list.api_version.clone();
            }
            self.object(*item, identity);
        }
    }

    fn object(&mut self, root: NodeId, identity: Identity) {
        if self.is_null(root) {
            return;
        }
        if identity.row().is_none()
            && let Some(row) = identity.readable_row()
        {
            return self.of_another_version(root, row, &identity);
        }
        let (Some(api_version), Some(kind)) = (&identity.api_version, &identity.kind) else {
            let message = "is not a Kubernetes object: `apiVersion` or `kind` is missing";
            let is_ours = |api_version: &String| api_version.starts_with(GROUP);
            let consequence = match identity.api_version.as_ref().is_some_and(is_ours) {
                true => MAY_HIDE_POLICY,
                false => "it is not used",
            };
            self.finding(None, "", root, message, consequence);
            self.document.is_opaque = true;
            return;
        };
        let Some(row) = identity.row() else {
            let name = identity.display();
            self.document.findings.push(Finding {
                object: None,
                field: "kind".to_owned(),
                message: format!("kind `{kind}` of `{api_version}` ({name}) is not read"),
                consequence: "the object is left out".to_owned(),
                severity: Severity::Warning,
                span: self.locate(root, "kind"),
            });
            return;
        };
        let Some(key) = identity.key(row) else {
            let message = format!("the {kind} has no `metadata.name`");
            self.finding(None, "metadata.name", root, &message, "it is not used");
            self.document.is_opaque = true;
            return;
        };
        let object = reference(row.object, &key);
        if &*key.name == NAMELESS {
            let message = format!("the {kind} has no `metadata.name`");
            let reference = Some(object.clone());
            self.finding(reference, "metadata.name", root, &message, "it is not used");
        }
        match self.decode(root, row, &key, &object) {
            Some(object) if &*key.name != NAMELESS => self.document.definitions.push(Found {
                key,
                object,
                row,
                extent: self.tree.span(self.text, self.tree.resolve(root).0),
            }),
            _ => {
                let spec = self.spec(root);
                self.break_off(root, row, key, spec, None);
            }
        }
    }

    /// An object of a kind that is read in another version, or whose version is missing.
    fn of_another_version(&mut self, root: NodeId, row: &'static Row, identity: &Identity) {
        let message = match &identity.api_version {
            Some(written) => format!("kind `{}` is not read in `{written}`", row.kind),
            None => "`apiVersion` is missing".to_owned(),
        };
        let Some(key) = identity.key(row) else {
            self.finding(None, "apiVersion", root, &message, MAY_HIDE_POLICY);
            self.document.is_opaque = true;
            return;
        };
        self.document.findings.push(Finding {
            object: Some(reference(row.object, &key)),
            field: "apiVersion".to_owned(),
            message: format!("{message}, but in `{}`", row.api_version),
            consequence: KEEPS_LAST_GOOD.to_owned(),
            severity: Severity::Error,
            span: self.locate(root, "apiVersion"),
        });
        let spec = self.spec(root);
        self.break_off(root, row, key, spec, None);
    }

    /// `spec` as far as it can be told.
    fn spec(&self, root: NodeId) -> Value {
        let spec = self.tree.entry(self.text, root, "spec");
        spec.map_or(Value::Null, |(_, spec)| {
            convert(self.tree, self.text, spec).0
        })
    }

    fn decode(
        &mut self,
        root: NodeId,
        row: &'static Row,
        key: &Key,
        object: &ObjectRef,
    ) -> Option<Object> {
        let (mut value, faults) = convert(self.tree, self.text, root);
        for fault in &faults {
            self.document.findings.push(Finding {
                object: Some(object.clone()),
                field: fault.field.to_string(),
                message: fault.message.clone(),
                consequence: KEEPS_LAST_GOOD.to_owned(),
                severity: Severity::Error,
                span: fault.span.clone(),
            });
        }
        complete(&mut value, row, key);
        let mut unknown = (row.convert)(&mut value);
        let decoded = (row.decode)(value);
        unknown.extend(decoded.unknown);
        for field in &unknown {
            let field = self.as_written(root, row, field);
            self.document.findings.push(Finding {
                object: Some(object.clone()),
                field: field.to_string(),
                message: format!("is not a field of {} {}", row.api_version, row.kind),
                consequence: "it has no effect".to_owned(),
                severity: Severity::Warning,
                span: self.locate_key(root, &field),
            });
        }
        let type_faults = match decoded.object {
            Ok(object) => return faults.is_empty().then_some(object),
            Err(type_faults) => type_faults,
        };
        for fault in type_faults {
            let field = self.as_written(root, row, &fault.field);
            let span = places::find(self.tree, self.text, root, row, &field);
            let message = if row.confidential {
                // serde's words hold the value.
                "does not have the type that the field has".to_owned()
            } else {
                explain(
                    fault.message,
                    self.text.get(span.clone()).unwrap_or_default(),
                )
            };
            self.document.findings.push(Finding {
                object: Some(object.clone()),
                field: field.to_string(),
                message,
                consequence: KEEPS_LAST_GOOD.to_owned(),
                severity: Severity::Error,
                span,
            });
        }
        None
    }

    fn finding(
        &mut self,
        object: Option<ObjectRef>,
        field: &str,
        at: NodeId,
        message: &str,
        consequence: &str,
    ) {
        self.document.findings.push(Finding {
            object,
            field: field.to_owned(),
            message: message.to_owned(),
            consequence: consequence.to_owned(),
            severity: Severity::Error,
            span: self.tree.span(self.text, at),
        });
    }

    fn identity(&self, root: NodeId) -> Identity {
        let string = |mapping: NodeId, key: &str| {
            let (_, value) = self.tree.entry(self.text, mapping, key)?;
            let (value, _) = self.tree.resolve(value);
            let text = self.tree.scalar_text(self.text, value)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let metadata = self.tree.entry(self.text, root, "metadata");
        let named = |key| metadata.and_then(|(_, metadata)| string(metadata, key));
        Identity {
            api_version: string(root, "apiVersion"),
            kind: string(root, "kind"),
            namespace: named("namespace"),
            name: named("name"),
        }
    }

    fn is_null(&self, id: NodeId) -> bool {
        let (id, node) = self.tree.resolve(id);
        matches!(&node.shape, Shape::Scalar(scalar) if scalar.plain)
            && matches!(
                self.tree.scalar_text(self.text, id),
                Some("" | "~" | "null" | "Null" | "NULL")
            )
    }

    fn locate(&self, root: NodeId, key: &str) -> Range<usize> {
        match self.tree.entry(self.text, root, key) {
            Some((_, value)) => self.tree.span(self.text, value),
            None => self.tree.span(self.text, root),
        }
    }

    /// A field's path in the schema that the object is written in.
    fn as_written(&self, root: NodeId, row: &Row, field: &FieldPath) -> FieldPath {
        let is_there =
            |path: &FieldPath| self.tree.follow(self.text, root, &path.0).steps == path.0.len();
        let written = (row.written)(field);
        if !is_there(field) && is_there(&written) {
            written
        } else {
            field.clone()
        }
    }

    /// Where the key at the end of a path stands.
    fn locate_key(&self, root: NodeId, path: &FieldPath) -> Range<usize> {
        let found = self.tree.follow(self.text, root, &path.0);
        self.tree.span(self.text, found.key.unwrap_or(found.value))
    }
}

impl Identity {
    const fn none() -> Self {
        Self {
            api_version: None,
            kind: None,
            namespace: None,
            name: None,
        }
    }

    fn row(&self) -> Option<&'static Row> {
        row(self.api_version.as_deref()?, self.kind.as_deref()?)
    }

    /// The row of the object's kind, though its version may be missing or another.
    fn readable_row(&self) -> Option<&'static Row> {
        self.row()
            .or_else(|| row_of_kind(self.api_version.as_deref(), self.kind.as_deref()?))
    }

    /// The name, in its namespace. A policy without one is still one.
    fn key(&self, row: &Row) -> Option<Key> {
        let namespace = match (&self.namespace, row.namespaced) {
            (_, false) => "",
            (Some(namespace), true) => namespace,
            (None, true) => "default",
        };
        let nameless = row.stand_in.is_some().then_some(NAMELESS);
        Some(Key::new(namespace, self.name.as_deref().or(nameless)?))
    }

    fn display(&self) -> String {
        let name = self.name.as_deref().unwrap_or("without a name");
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        }
    }
}

/// Adds to serde's words what surprises people: that YAML takes some words for booleans.
fn explain(message: String, written: &str) -> String {
    let wants_string = message.ends_with("expected a string");
    match scalar::resolve(written) {
        Some(Value::Bool(_)) if wants_string => {
            format!("{message}: without quotes `{written}` is a boolean")
        }
        Some(Value::Number(_)) if wants_string => {
            format!("{message}: without quotes `{written}` is a number")
        }
        _ => message,
    }
}

fn reference(kind: ObjectKind, key: &Key) -> ObjectRef {
    ObjectRef {
        kind,
        namespace: Arc::clone(&key.namespace),
        name: Arc::clone(&key.name),
    }
}

/// Mappings of strings, in which a key without a value is there with an empty one.
const STRING_MAPS: [&str; 5] = [
    "/metadata/annotations",
    "/metadata/labels",
    "/spec/selector",
    "/data",
    "/stringData",
];

/// Writes out what a manifest may leave to its reader.
fn complete(value: &mut Value, row: &Row, key: &Key) {
    value["apiVersion"] = row.api_version.into();
    value["kind"] = row.kind.into();
    for path in STRING_MAPS {
        let strings = value.pointer_mut(path).and_then(Value::as_object_mut);
        for string in strings.into_iter().flat_map(|map| map.values_mut()) {
            if string.is_null() {
                *string = "".into();
            }
        }
    }
    let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    let namespace = metadata.entry("namespace").or_insert(Value::Null);
    if !row.namespaced {
        *namespace = Value::Null;
    } else if namespace.is_null() || namespace == "" {
        *namespace = Value::String(key.namespace.to_string());
    }
}

#[cfg(test)]
mod tests;
