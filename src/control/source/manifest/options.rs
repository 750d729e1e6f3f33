//! A file with options for the whole proxy: a ConfigMap, or its keys and values alone.
//!
//! Invariant: every value that is kept has its place. Non-goal: what the options mean, and following
//! the file's changes.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use super::{
    Piece, file_object,
    tree::{self, NodeId, Shape, Tree},
};
use crate::{
    config::{Cause, Location, ObjectRef, Problem, Severity},
    control::{Places, source::FILE_BYTES},
};

/// The keys and values of an options file.
#[derive(Debug)]
pub struct OptionsFile {
    /// The file.
    pub object: ObjectRef,
    /// Values as text, by key.
    pub data: BTreeMap<String, String>,
    /// Finds where a key's value stands; fields are called by the key alone.
    pub places: Arc<dyn Places>,
    /// Values that are no text.
    pub problems: Vec<Problem>,
}

/// Why a file gives no options.
#[derive(Debug, thiserror::Error)]
pub enum OptionsFileError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is larger than 16 MiB.
    #[error("is larger than {} MiB", FILE_BYTES >> 20)]
    TooLarge,
    /// It is neither YAML nor JSON.
    #[error("line {line}: {message}")]
    Syntax {
        /// From 1.
        line: u32,
        /// The parser's words.
        message: String,
    },
    /// It is an object of another kind, or no mapping at all.
    #[error("is neither a ConfigMap nor a mapping of options")]
    NoOptions,
}

impl OptionsFile {
    /// Reads a file. Of several documents the first one counts.
    ///
    /// # Errors
    ///
    /// It cannot be read or is no such file.
    pub fn read(path: &Path) -> Result<Self, OptionsFileError> {
        let mut text = String::new();
        let length = File::open(path)?
            .take(FILE_BYTES + 1)
            .read_to_string(&mut text)?;
        if length as u64 > FILE_BYTES {
            return Err(OptionsFileError::TooLarge);
        }
        Self::parse(path, text)
    }

    fn parse(path: &Path, text: String) -> Result<Self, OptionsFileError> {
        let file = Arc::new(path.to_owned());
        let piece = Piece {
            text: text.into(),
            offset: 0,
            line: 1,
        };
        let (tree, error) = tree::parse(&piece.text);
        if let Some(error) = error {
            let at = piece.location(&file, &(error.at..error.at));
            return Err(OptionsFileError::Syntax {
                line: at.line,
                message: error.message,
            });
        }
        let object = file_object(path);
        let mut options = BTreeMap::new();
        let mut locations = BTreeMap::new();
        let mut problems = Vec::new();
        let entries = match tree.roots.first() {
            Some(root) => entries(&tree, &piece.text, *root)?,
            None => &[],
        };
        for (key, value) in entries {
            let Some(key) = tree.key_text(&piece.text, *key) else {
                continue;
            };
            let (value, _) = tree.resolve(*value);
            let place = piece.location(&file, &tree.span(&piece.text, value));
            match tree.scalar_text(&piece.text, value) {
                Some(text) => {
                    options.insert(key.clone(), text.to_owned());
                    locations.insert(key, place);
                }
                None => problems.push(Problem {
                    object: object.clone(),
                    field: key,
                    message: "the value is not a text, a number or a boolean".to_owned(),
                    consequence: "the default applies".to_owned(),
                    severity: Severity::Error,
                    cause: Cause::Object,
                    location: Some(place),
                }),
            }
        }
        Ok(Self {
            object,
            data: options,
            places: Arc::new(ByKey(locations)),
            problems,
        })
    }
}

/// The options' keys and values: those of the top, or of `data` in a ConfigMap.
fn entries<'t>(
    tree: &'t Tree,
    text: &str,
    root: NodeId,
) -> Result<&'t [(NodeId, NodeId)], OptionsFileError> {
    let top = match tree.entry(text, root, "kind") {
        None => root,
        Some((_, kind)) if tree.scalar_text(text, kind) == Some("ConfigMap") => {
            match tree.entry(text, root, "data") {
                Some((_, data)) => data,
                None => return Ok(&[]),
            }
        }
        Some(_) => return Err(OptionsFileError::NoOptions),
    };
    match &tree.resolve(top).1.shape {
        Shape::Mapping(entries) => Ok(entries),
        // `data:` with nothing behind it, or a file of comments.
        Shape::Scalar(_) if tree.scalar_text(text, top).is_none_or(str::is_empty) => Ok(&[]),
        _ => Err(OptionsFileError::NoOptions),
    }
}

#[derive(Debug)]
struct ByKey(BTreeMap<String, Location>);

impl Places for ByKey {
    fn locate(&self, field: &str) -> Option<Location> {
        self.0.get(field).cloned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(text: &str) -> Result<OptionsFile, OptionsFileError> {
        OptionsFile::parse(Path::new("options.yaml"), text.to_owned())
    }

    #[test]
    fn a_config_map_and_its_keys_alone_say_the_same() {
        let whole = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  \
                     proxy-body-size: 8m\n  hsts: \"false\"\n";
        let alone = "# options\nproxy-body-size: 8m\nhsts: false\n";
        let json = r#"{"proxy-body-size": "8m", "hsts": "false"}"#;
        for (text, line, column) in [(whole, 6, 20), (alone, 2, 18), (json, 1, 21)] {
            let file = parse(text).unwrap();
            let pairs: Vec<_> = file
                .data
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            assert_eq!(
                pairs,
                [("hsts", "false"), ("proxy-body-size", "8m")],
                "{text}"
            );
            let place = file.places.locate("proxy-body-size").unwrap();
            assert_eq!((place.line, place.column), (line, column), "{text}");
            assert!(file.problems.is_empty());
        }
    }

    #[test]
    fn a_file_without_options_is_empty() {
        for text in [
            "",
            "# nothing\n",
            "kind: ConfigMap\n",
            "kind: ConfigMap\ndata:\n",
            "{}",
        ] {
            assert!(parse(text).unwrap().data.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_a_problem_and_the_others_are_kept() {
        let file = parse("hsts:\n  - a\nuse-http2: false\n").unwrap();
        assert_eq!(file.data.keys().collect::<Vec<_>>(), ["use-http2"]);
        let [problem] = file.problems.as_slice() else {
            panic!("{:?}", file.problems)
        };
        assert_eq!(problem.field, "hsts");
        assert_eq!(problem.location.as_ref().unwrap().line, 2);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(matches!(
            parse("kind: Ingress\n"),
            Err(OptionsFileError::NoOptions)
        ));
        assert!(matches!(parse("- a\n"), Err(OptionsFileError::NoOptions)));
        assert!(matches!(
            parse("a: b\nc: [\n"),
            Err(OptionsFileError::Syntax { line: 2.., .. })
        ));
        let missing = OptionsFile::read(Path::new("/there/is/none"));
        assert!(matches!(missing, Err(OptionsFileError::Read(_))));
    }
}
