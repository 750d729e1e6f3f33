//! The rules that are built into the program.
//!
//! Invariant: every file of `rules/` that begins with a digit is here, in the order of their names,
//! which is that in which they are loaded.

use super::part::RulePart;

/// What the command line calls them.
pub const BUILTIN: &str = "builtin";

/// What a policy calls them.
pub const BUILTIN_SET: &str = "portcullis";

macro_rules! file {
    ($name:literal) => {
        (
            concat!("portcullis/", $name),
            include_bytes!(concat!("../../../../rules/", $name)).as_slice(),
        )
    };
}

const FILES: &[(&str, &[u8])] = &[
    file!("000-setup.conf"),
    file!("010-protocol.conf"),
    file!("020-scanners.conf"),
    file!("200-traversal.conf"),
    file!("210-ssrf.conf"),
    file!("220-shell.conf"),
    file!("230-sql.conf"),
    file!("235-nosql.conf"),
    file!("250-xss.conf"),
    file!("260-templates.conf"),
    file!("270-php.conf"),
    file!("275-java.conf"),
    file!("280-node.conf"),
    file!("285-scripts.conf"),
    file!("290-xml.conf"),
    file!("300-injections.conf"),
    file!("310-graphql.conf"),
    file!("320-uploads.conf"),
    file!("330-session.conf"),
    file!("390-decoded.conf"),
    file!("900-request.conf"),
    file!("950-leaks.conf"),
    file!("990-response.conf"),
];

/// The built-in rules, as if they were read from a folder.
pub(super) fn part() -> RulePart {
    RulePart {
        loaded: FILES.iter().map(|(name, _)| (*name).to_owned()).collect(),
        files: FILES
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).into()))
            .collect(),
        sets_up: false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn no_file_of_rules_is_left_out() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let names = std::fs::read_dir(folder).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names
            .filter(|name| name.starts_with(|first: char| first.is_ascii_digit()))
            .map(|name| format!("portcullis/{name}"))
            .collect();
        names.sort_unstable();
        assert_eq!(part().loaded, names);
    }
}
