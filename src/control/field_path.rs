//! Field paths as Problems write them: `spec.rules[0].host`, `metadata.annotations["a/b"]`.
//!
//! Invariant: `FieldPath::parse` of a displayed path gives the path back. Non-goal: patterns; a path
//! names one value.

use std::fmt;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// Into a mapping, by key.
    Key(String),
    /// Into a sequence, by position from 0.
    Index(usize),
}

/// The way from an object to a value in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldPath(pub Vec<Segment>);

impl FieldPath {
    /// Reads a path. What cannot be read ends it, so that the nearest parent is named.
    pub fn parse(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some((segment, after)) = next_segment(rest) {
            segments.push(segment);
            rest = after;
        }
        Self(segments)
    }

    /// The path with one more key at its end.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.0.push(Segment::Key(key.to_owned()));
        self
    }

    /// The path with one more position at its end.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if is_simple(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    write!(f, "{dot}{key}")?;
                }
                Segment::Key(key) => {
                    let quoted = serde_json::to_string(key).map_err(|_| fmt::Error)?;
                    write!(f, "[{quoted}]")?;
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

fn is_simple(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn next_segment(text: &str) -> Option<(Segment, &str)> {
    if let Some(inner) = text.strip_prefix('[') {
        if inner.starts_with('"') {
            let (quoted, after) = inner.split_at_checked(quoted_length(inner)?)?;
            let key = serde_json::from_str(quoted).ok()?;
            return Some((Segment::Key(key), after.strip_prefix(']')?));
        }
        let (digits, after) = inner.split_once(']')?;
        return Some((Segment::Index(digits.parse().ok()?), after));
    }
    let text = text.strip_prefix('.').unwrap_or(text);
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, after) = text.split_at_checked(end)?;
    (!key.is_empty()).then(|| (Segment::Key(key.to_owned()), after))
}

/// Bytes of the JSON string that `text` begins with, quotes included.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_read_as_they_are_written() {
        let path = FieldPath::parse(r#"spec.rules[0].http.paths[12].backend"#);
        assert_eq!(
            path,
            FieldPath::default()
                .key("spec")
                .key("rules")
                .index(0)
                .key("http")
                .key("paths")
                .index(12)
                .key("backend")
        );
        assert_eq!(
            FieldPath::parse(r#"metadata.annotations["a.b/c[0]"]"#),
            FieldPath::default()
                .key("metadata")
                .key("annotations")
                .key("a.b/c[0]")
        );
    }

    #[test]
    fn a_path_that_cannot_be_read_names_the_nearest_parent() {
        for (text, parent) in [
            ("spec.rules[x].host", "spec.rules"),
            (r#"data["open"#, "data"),
            ("spec..rules", "spec"),
            ("", ""),
        ] {
            assert_eq!(FieldPath::parse(text).to_string(), parent, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_displayed_path_reads_back(
            segments in prop::collection::vec(
                prop_oneof![
                    any::<String>().prop_map(Segment::Key),
                    "[a-z]{1,8}".prop_map(Segment::Key),
                    any::<usize>().prop_map(Segment::Index),
                ],
                0..6,
            )
        ) {
            let path = FieldPath(segments);
            prop_assert_eq!(FieldPath::parse(&path.to_string()), path);
        }
    }
}
