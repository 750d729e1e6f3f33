//! A document's values as JSON values: aliases copied, merge keys merged, scalars understood.
//!
//! Invariant: bounded in depth and size however often aliases repeat, and every fault has a field and a
//! place. Non-goal: types.

use std::ops::Range;

use serde_json::{Map, Value};

use super::{
    super::limits,
    scalar,
    tree::{NodeId, Scalar, ScalarTag, Shape, Tree},
};
use crate::control::{FieldPath, Segment};

/// A value that JSON cannot express, or that stands twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub field: FieldPath,
    pub span: Range<usize>,
    pub message: String,
}

/// Converts the value at `root`. Faulty parts are left out and reported, at most
/// [`limits::FAULTS`] of them.
pub(super) fn convert(tree: &Tree, text: &str, root: NodeId) -> (Value, Vec<Fault>) {
    let mut conversion = Conversion {
        tree,
        text,
        path: Vec::new(),
        repeated: 0,
        in_alias: 0,
        faults: Vec::new(),
    };
    let value = conversion.value(root);
    (value, conversion.faults)
}

struct Conversion<'t> {
    tree: &'t Tree,
    text: &'t str,
    path: Vec<Segment>,
    /// Values made so far because an alias repeats them.
    repeated: usize,
    /// Aliases that the conversion is within.
    in_alias: usize,
    faults: Vec<Fault>,
}

impl Conversion<'_> {
    fn value(&mut self, id: NodeId) -> Value {
        if matches!(self.tree.node(id).shape, Shape::Alias(_)) {
            self.in_alias += 1;
            let value = self.plain_value(id);
            self.in_alias -= 1;
            value
        } else {
            self.plain_value(id)
        }
    }

    fn plain_value(&mut self, written: NodeId) -> Value {
        let (id, node) = self.tree.resolve(written);
        if self.in_alias > 0 {
            self.repeated += 1;
            let limit = limits::REPEATED_VALUES;
            if self.repeated > limit {
                // Said once; the conversion ends here.
                if self.repeated == limit + 1 {
                    self.fault(written, format!("aliases repeat more than {limit} values"));
                }
                return Value::Null;
            }
        }
        if self.path.len() > limits::DEPTH {
            self.fault(written, format!("nested deeper than {}", limits::DEPTH));
            return Value::Null;
        }
        match &node.shape {
            Shape::Scalar(scalar) => self.scalar(id, scalar),
            Shape::Sequence(items) => Value::Array(self.items(items)),
            Shape::Mapping(entries) => {
                let mut map = Map::new();
                self.entries(entries, &mut map);
                self.merges(entries, &mut map);
                Value::Object(map)
            }
            Shape::Alias(_) | Shape::Elsewhere => {
                self.fault(written, "the alias names no anchor before it".to_owned());
                Value::Null
            }
        }
    }

    fn scalar(&mut self, id: NodeId, scalar: &Scalar) -> Value {
        let text = self.tree.scalar_text(self.text, id).unwrap_or_default();
        let resolved = match scalar.tag {
            ScalarTag::String => false,
            ScalarTag::Resolved => true,
            ScalarTag::Implied => scalar.plain,
        };
        if !resolved {
            return Value::String(text.to_owned());
        }
        scalar::resolve(text).unwrap_or_else(|| {
            self.fault(id, "infinity and not-a-number have no JSON form".to_owned());
            Value::Null
        })
    }

    fn items(&mut self, items: &[NodeId]) -> Vec<Value> {
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(Segment::Index(index));
            values.push(self.value(*item));
            self.path.pop();
            if self.is_over() {
                break;
            }
        }
        values
    }

    fn entries(&mut self, entries: &[(NodeId, NodeId)], map: &mut Map<String, Value>) {
        for (key, value) in entries {
            if self.tree.is_merge_key(self.text, *key) {
                continue;
            }
            let Some(name) = self.tree.key_text(self.text, *key) else {
                self.fault(*key, "the key is not a string".to_owned());
                continue;
            };
            self.path.push(Segment::Key(name.clone()));
            if map.contains_key(&name) {
                self.fault(*key, format!("the key `{name}` stands here twice"));
            } else {
                let value = self.value(*value);
                map.insert(name, value);
            }
            self.path.pop();
            if self.is_over() {
                break;
            }
        }
    }

    /// Adds the entries of `<<: *other` that are not there already. They count as repeated.
    fn merges(&mut self, entries: &[(NodeId, NodeId)], map: &mut Map<String, Value>) {
        for (key, value) in entries {
            if !self.tree.is_merge_key(self.text, *key) || self.is_over() {
                continue;
            }
            self.path.push(Segment::Key("<<".to_owned()));
            self.in_alias += 1;
            let sources = match &self.tree.resolve(*value).1.shape {
                Shape::Sequence(sources) => sources.as_slice(),
                _ => std::slice::from_ref(value),
            };
            for source in sources {
                match self.value(*source) {
                    Value::Object(merged) => {
                        for (name, value) in merged {
                            map.entry(name).or_insert(value);
                        }
                    }
                    _ => self.fault(*source, "only a mapping can be merged".to_owned()),
                }
                if self.is_over() {
                    break;
                }
            }
            self.in_alias -= 1;
            self.path.pop();
        }
    }

    fn fault(&mut self, at: NodeId, message: String) {
        if self.faults.len() < limits::FAULTS {
            self.faults.push(Fault {
                field: FieldPath(self.path.clone()),
                span: self.tree.span(self.text, at),
                message,
            });
        }
    }

    /// Whether there is no use in going on.
    fn is_over(&self) -> bool {
        self.faults.len() >= limits::FAULTS || self.repeated > limits::REPEATED_VALUES
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::{super::tree::parse, *};

    fn converted(text: &str) -> (Value, Vec<(String, String)>) {
        let (tree, error) = parse(text);
        assert_eq!(error, None, "{text}");
        let (value, faults) = convert(&tree, text, tree.roots[0]);
        let faults = faults
            .into_iter()
            .map(|fault| (fault.field.to_string(), text[fault.span].to_owned()))
            .collect();
        (value, faults)
    }

    #[test]
    fn values_are_those_of_the_text() {
        for (text, value) in [
            (
                "a: 1\nb: 'on'\nc: on\n",
                json!({"a": 1, "b": "on", "c": true}),
            ),
            ("- |\n  x\n  y\n- >-\n  x\n  y\n", json!(["x\ny\n", "x y"])),
            ("a:\nb: ''\n", json!({"a": null, "b": ""})),
            (
                "80: a\ntrue: b\n1.5: c\n",
                json!({"80": "a", "true": "b", "1.5": "c"}),
            ),
            (
                "a: !!str 80\nb: !!int '80'\nc: ! on\n",
                json!({"a": "80", "b": 80, "c": "on"}),
            ),
            (
                "a: &x {k: [1]}\nb: *x\nc: {<<: *x, l: 2}\nd: {<<: [{k: 3}, *x], m: 4}\n",
                json!({
                    "a": {"k": [1]}, "b": {"k": [1]}, "c": {"k": [1], "l": 2},
                    "d": {"k": 3, "m": 4},
                }),
            ),
            (
                "{\n\t\"a\": \"\\ud83d\\ude00\\/\",\n\t\"b\" : [1,\n\t2]}",
                json!({"a": "😀/", "b": [1, 2]}),
            ),
        ] {
            assert_eq!(converted(text), (value, vec![]), "{text:?}");
        }
    }

    #[test]
    fn faults_have_a_field_and_a_place() {
        for (text, field, place) in [
            ("a: 1\nb: {c: 2, c: 3}\n", "b.c", "c"),
            ("a: [.inf]\n", "a[0]", ".inf"),
            ("? [x]\n: 1\n", "", "[x]"),
            ("a: *b\n", "a", "*b"),
            ("a: {<<: 3}\n", "a[\"<<\"]", "3"),
            ("? ~\n: 1\n", "", "~"),
        ] {
            let (_, faults) = converted(text);
            assert_eq!(faults, [(field.to_owned(), place.to_owned())], "{text:?}");
        }
    }

    #[test]
    fn bombs_and_cycles_end_early() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..40 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        let (_, faults) = converted(&bomb);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let (_, faults) = converted("a: &a [*a, *a]\n");
        assert!(!faults.is_empty());
    }

    #[test]
    fn deep_nesting_is_refused_by_the_parser() {
        for text in [
            "[".repeat(10_000),
            "- ".repeat(10_000),
            "{a: ".repeat(10_000),
        ] {
            let (_, error) = parse(&text);
            assert!(error.is_some(), "{}", &text[..10]);
        }
    }
}
