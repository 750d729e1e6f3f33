//! How rules lie in a folder, and the order in which they are loaded.
//!
//! Three layouts are known: an unpacked release of the Core Rule Set (`crs-setup.conf` and `rules/`),
//! Debian's `modsecurity-crs`, whose settings lie in `/etc/modsecurity/crs`, and files side by side.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Where Debian's package puts its rules, and where their settings.
const DEBIAN: (&str, &str) = ("usr/share/modsecurity-crs", "etc/modsecurity/crs");

/// Files that set the engine up, so that ours do not.
const SET_UP: [&str; 2] = ["modsecurity.conf", "coraza.conf"];

/// Endings of the files that rules name.
const DATA: [&str; 5] = [".data", ".dat", ".txt", ".list", ".map"];

/// The files of a folder of rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// In the order in which they are loaded.
    pub(super) loaded: Vec<PathBuf>,
    /// Those that the others may name.
    pub(super) named: Vec<PathBuf>,
    /// The folders besides the given one whose files these are.
    pub(super) folders: Vec<PathBuf>,
    /// Whether one of them sets the engine up.
    pub(super) sets_up: bool,
}

impl Layout {
    /// Looks at a folder.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let top = names(root)?;
        let mut layout = Self::default();
        for name in SET_UP {
            if top.iter().any(|there| there == name) {
                layout.sets_up = true;
                layout.loaded.push(root.join(name));
            }
        }
        let rules = root.join("rules");
        let in_rules = names_if_there(&rules)?;
        if in_rules.iter().any(|name| is_rules(name)) {
            layout.core_rule_set(root, &top, &in_rules)?;
        } else {
            let others = top.iter().filter(|name| !SET_UP.contains(&name.as_str()));
            layout.load(root, others.filter(|name| is_rules(name)));
        }
        layout.name(root, &top);
        Ok(layout)
    }

    fn core_rule_set(&mut self, root: &Path, top: &[String], rules: &[String]) -> io::Result<()> {
        let (plugins, settings) = (root.join("plugins"), debian_settings(root));
        let of_plugins = names_if_there(&plugins)?;
        let of_settings = match &settings {
            Some(folder) => names_if_there(folder)?,
            None => Vec::new(),
        };
        let plugin = |end: &'static str| of_plugins.iter().filter(move |name| name.ends_with(end));
        const SETUP: [&str; 2] = ["crs-setup.conf", "crs-setup.conf.example"];
        let here = |name: &str| top.iter().any(|there| there == name);
        match (&settings, SETUP) {
            (_, [setup, _]) if here(setup) => self.loaded.push(root.join(setup)),
            (Some(folder), [setup, _]) if of_settings.iter().any(|name| name == setup) => {
                self.loaded.push(folder.join(setup));
            }
            (_, [_, example]) if here(example) => self.loaded.push(root.join(example)),
            _ => {}
        }
        self.load(&plugins, plugin("-config.conf"));
        self.load(&plugins, plugin("-before.conf"));
        let exclusions = |start: &'static str| {
            let names = of_settings.iter().filter(|name| is_rules(name));
            names.filter(move |name| name.starts_with(start))
        };
        if let Some(folder) = &settings {
            self.load(folder, exclusions("REQUEST-900-"));
        }
        self.load(
            &root.join("rules"),
            rules.iter().filter(|name| is_rules(name)),
        );
        if let Some(folder) = &settings {
            self.load(folder, exclusions("RESPONSE-999-"));
            self.name(folder, &of_settings);
        }
        self.load(&plugins, plugin("-after.conf"));
        self.name(&root.join("rules"), rules);
        self.name(&plugins, &of_plugins);
        self.folders.extend(settings);
        Ok(())
    }

    fn load<'a>(&mut self, folder: &Path, names: impl Iterator<Item = &'a String>) {
        self.loaded.extend(names.map(|name| folder.join(name)));
    }

    fn name(&mut self, folder: &Path, names: &[String]) {
        let data = names
            .iter()
            .filter(|name| DATA.iter().any(|end| name.ends_with(end)));
        self.named.extend(data.map(|name| folder.join(name)));
    }
}

/// Where the settings lie that belong to Debian's rules.
fn debian_settings(root: &Path) -> Option<PathBuf> {
    let (rules, settings) = DEBIAN;
    root.ends_with(rules).then(|| {
        let prefix = root.ancestors().nth(Path::new(rules).components().count());
        prefix.unwrap_or(Path::new("/")).join(settings)
    })
}

fn is_rules(name: &str) -> bool {
    name.ends_with(".conf") && !name.starts_with('.')
}

/// The names in a folder that are UTF-8, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn names_if_there(folder: &Path) -> io::Result<Vec<String>> {
    match names(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Vec::new()),
        names => names,
    }
}
