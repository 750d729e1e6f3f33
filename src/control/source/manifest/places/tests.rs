//! Fields are found where they were written, in every style.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::control::source::manifest::{Document, scalar};

/// A value to write down.
#[derive(Clone, Debug)]
enum Written {
    Scalar(String),
    Sequence(Vec<Written>),
    Mapping(Vec<(String, Written)>),
}

#[derive(Clone, Copy, Debug)]
enum Style {
    Block,
    Flow,
    Json,
}

/// A text that notes where it puts each scalar.
#[derive(Default)]
struct Page {
    text: String,
    places: Vec<(FieldPath, Range<usize>)>,
}

impl Page {
    fn value(&mut self, value: &Written, style: Style, indent: usize, path: &FieldPath) {
        match (value, style) {
            (Written::Scalar(text), _) => {
                let start = self.text.len();
                self.scalar(text, style);
                self.places.push((path.clone(), start..self.text.len()));
            }
            (Written::Sequence(items), Style::Block) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    self.line(indent);
                    self.text.push_str("- ");
                    self.value(item, style, indent + 2, &path.clone().index(index));
                }
            }
            (Written::Mapping(entries), Style::Block) if !entries.is_empty() => {
                for (key, value) in entries {
                    self.line(indent);
                    self.scalar(key, style);
                    self.text.push_str(": ");
                    self.value(value, style, indent + 2, &path.clone().key(key));
                }
            }
            (Written::Sequence(items), _) => {
                self.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.text.push_str(if index > 0 { ", " } else { "" });
                    self.value(item, style, indent, &path.clone().index(index));
                }
                self.text.push(']');
            }
            (Written::Mapping(entries), _) => {
                self.text.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.text.push_str(if index > 0 { ",\n\t" } else { "" });
                    self.scalar(key, style);
                    self.text.push_str(": ");
                    self.value(value, style, indent, &path.clone().key(key));
                }
                self.text.push('}');
            }
        }
    }

    fn scalar(&mut self, text: &str, style: Style) {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_lowercase())
            && scalar::resolve(text).is_some_and(|value| value.is_string());
        match style {
            Style::Block | Style::Flow if is_plain => self.text.push_str(text),
            Style::Flow if text.chars().all(|c| c.is_alphanumeric() || c == '\'') => {
                self.text
                    .push_str(&format!("'{}'", text.replace('\'', "''")));
            }
            _ => self.text.push_str(&serde_json::to_string(text).unwrap()),
        }
    }

    fn line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.push_str(&" ".repeat(indent));
    }
}

fn written() -> impl Strategy<Value = Written> {
    let scalar = prop_oneof![
        "[a-z]{1,6}",
        "[a-zé'ß0-9]{0,6}",
        any::<String>().prop_filter("YAML has no such characters", |text| {
            text.chars().all(|c| !c.is_control() && c != '\u{feff}')
        }),
    ];
    scalar
        .clone()
        .prop_map(Written::Scalar)
        .prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Written::Sequence),
                prop::collection::btree_map(scalar.clone(), inner, 0..4)
                    .prop_map(|entries| Written::Mapping(entries.into_iter().collect())),
            ]
        })
}

fn object(spec: Written) -> Written {
    let text = |text: &str| Written::Scalar(text.to_owned());
    Written::Mapping(vec![
        ("apiVersion".to_owned(), text("v1")),
        ("kind".to_owned(), text("ConfigMap")),
        (
            "metadata".to_owned(),
            Written::Mapping(vec![("name".to_owned(), text("it"))]),
        ),
        ("spec".to_owned(), spec),
    ])
}

proptest! {
    #[test]
    fn every_scalar_is_found_where_it_was_written(
        specs in prop::collection::vec(written(), 1..3),
        style in prop_oneof![Just(Style::Block), Just(Style::Flow), Just(Style::Json)],
        offset in 0_usize..100,
    ) {
        let mut page = Page::default();
        let list = Written::Mapping(vec![
            ("apiVersion".to_owned(), Written::Scalar("v1".to_owned())),
            ("kind".to_owned(), Written::Scalar("List".to_owned())),
            (
                "items".to_owned(),
                Written::Sequence(specs.iter().cloned().map(object).collect()),
            ),
        ]);
        page.value(&list, style, 0, &FieldPath::default());
        let document = Document::parse(&page.text);
        let piece = Piece { text: page.text.as_str().into(), offset, line: 1 };
        let file = Arc::new(PathBuf::from("f"));
        let cache = TreeCache::default();
        let found: Vec<_> = document.definitions(&file, &piece, &cache).collect();
        prop_assert_eq!(found.len(), specs.len(), "{}", page.text);
        for (path, span) in &page.places {
            let [Segment::Key(items), Segment::Index(item), field @ ..] = path.0.as_slice() else {
                continue;
            };
            prop_assert_eq!(items, "items");
            let field = FieldPath(field.to_vec()).to_string();
            let place = found[*item].places.as_ref().unwrap().locate(&field).unwrap();
            let (start, end) = place.span;
            prop_assert_eq!(
                start - offset..end - offset, span.clone(),
                "{} in {}", field, page.text
            );
            let before = &page.text[..span.start];
            prop_assert_eq!(place.line as usize, before.matches('\n').count() + 1);
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            prop_assert_eq!(place.column as usize, column);
        }
    }

    #[test]
    fn arbitrary_text_and_paths_end_well(text in "(?s).{0,200}", field in ".{0,20}") {
        let document = Document::parse(&text);
        let piece = Piece { text: text.as_str().into(), offset: 0, line: 1 };
        let file = Arc::new(PathBuf::from("f"));
        for found in document.definitions(&file, &piece, &TreeCache::default()) {
            prop_assert!(found.places.unwrap().locate(&field).is_some());
        }
        for problem in document.problems(&file, &piece) {
            let (start, end) = problem.location.unwrap().span;
            prop_assert!(text.get(start..end).is_some());
        }
    }
}
