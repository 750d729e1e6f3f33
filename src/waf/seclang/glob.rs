//! Patterns for file names: `*`, `?` and `[a-z]`, as shells have them.
//!
//! A pattern is for one name: no slash is in either. What a star takes is tried anew at most once a
//! byte of the name, so that the work is at most the product of both lengths.

/// Whether a name is a pattern.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Whether a name matches a pattern. As in shells, a dot at its beginning must be written.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (mut pattern, mut name) = (pattern, name);
    // What follows the last star, and what of the name that must match where the star takes nothing.
    let mut star = None;
    loop {
        if let Some(rest) = pattern.strip_prefix('*') {
            star = Some((rest, name));
            pattern = rest;
            continue;
        }
        if pattern.is_empty() && name.is_empty() {
            return true;
        }
        if let Some((rest, after)) = one(pattern, name) {
            (pattern, name) = (rest, after);
            continue;
        }
        let Some((rest, taken)) = star else {
            return false;
        };
        let mut letters = taken.chars();
        if letters.next().is_none() {
            return false;
        }
        star = Some((rest, letters.as_str()));
        (pattern, name) = (rest, letters.as_str());
    }
}

/// Takes a letter from the name and what matches it from the pattern.
fn one<'p, 'n>(pattern: &'p str, name: &'n str) -> Option<(&'p str, &'n str)> {
    let (mut wanted, mut letters) = (pattern.chars(), name.chars());
    let letter = letters.next()?;
    let rest = match wanted.next()? {
        '?' => wanted.as_str(),
        '[' => class(wanted.as_str(), letter)?,
        same if same == letter => wanted.as_str(),
        _ => return None,
    };
    Some((rest, letters.as_str()))
}

/// What follows a class, whose bracket is gone, if it has the letter.
fn class(class: &str, letter: char) -> Option<&str> {
    let (inverted, members) = match class.strip_prefix(['!', '^']) {
        Some(members) => (true, members),
        None => (false, class),
    };
    let mut letters = members.chars();
    let mut found = false;
    let mut first = letters.next()?;
    loop {
        let mut last = first;
        if let Some(range) = letters.as_str().strip_prefix('-')
            && let Some(end) = range.chars().next().filter(|end| *end != ']')
        {
            last = end;
            letters = range.chars();
            letters.next();
        }
        found |= (first..=last).contains(&letter);
        first = letters.next()?;
        if first == ']' {
            return (found != inverted).then_some(letters.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_shells() {
        for (pattern, name, expected) in [
            ("a.conf", "a.conf", true),
            ("a.conf", "a.confx", false),
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", false),
            (".*", ".conf", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("9[0-4]?", "932", true),
            ("9[0-4]?", "952", false),
            ("[!a]x", "bx", true),
            ("[!a]x", "ax", false),
            ("[]a]x", "]x", true),
            ("[a-]x", "-x", true),
            ("[a", "a", false),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_do_not_take_exponential_time() {
        let name = "a".repeat(2000);
        assert!(!matches(
            &"a*".repeat(200).replace("a*", "*a"),
            &format!("{name}b")
        ));
        assert!(matches(&"*a".repeat(200), &name));
    }
}
