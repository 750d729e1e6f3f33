//! The known name that is most like one that is not.

/// Most bytes of a name that is compared: no known one is longer.
const LONGEST: usize = 48;

/// The name that takes the fewest edits, of at most a third of the longer one's letters. Case is no edit.
pub(super) fn nearest(
    name: &[u8],
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    if name.len() > LONGEST {
        return None;
    }
    known
        .map(|known| (distance(name, known.as_bytes()), known))
        .filter(|(distance, known)| *distance <= known.len().max(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters are to be put in, taken out or changed (Levenshtein).
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, a) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut cells = row.iter_mut();
        if let Some(first) = cells.next() {
            *first = before;
        }
        for (cell, b) in cells.zip(right) {
            let change = diagonal + usize::from(!a.eq_ignore_ascii_case(b));
            diagonal = *cell;
            before = change.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_what_it_is_most_like() {
        let known = ["deny", "drop", "allow", "skipAfter", "id"];
        for (name, expected) in [
            ("denny", Some("deny")),
            ("Deny", Some("deny")),
            ("skipafer", Some("skipAfter")),
            ("ix", None),
            ("", None),
            ("something", None),
        ] {
            let found = nearest(name.as_bytes(), known.into_iter());
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(nearest(&[b'a'; 49], known.into_iter()), None);
    }
}
