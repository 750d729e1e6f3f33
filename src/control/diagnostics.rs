//! Problems as people and programs read them.
//!
//! Invariant: no line of a Secret's manifest is ever shown, nor of a document that may be one. Non-goal:
//! deciding what is a Problem.

mod policies;

pub use policies::EffectivePolicies;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::{
    Key, Objects, Store,
    source::{FILE_BYTES, files::FileSource},
};
use crate::config::{Location, ObjectKind, Problem, Severity};

/// Everything that is wrong with some manifests, by file and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    problems: Vec<Problem>,
}

/// Reads the manifests at `paths` as `portcullis run -f` does, and says everything that is wrong with
/// them. `translate` gives what is wrong with the objects beside each other. Blocks.
pub fn check(paths: &[PathBuf], translate: impl FnOnce(&Objects) -> Vec<Problem>) -> CheckReport {
    let store = Store::default();
    FileSource::new(paths.to_vec()).sync(&store);
    let view = store.view();
    let mut problems = translate(&view.objects);
    problems.extend(view.problems.values().flatten().cloned());
    CheckReport::new(problems)
}

/// Gives problems that have no place that of their field, as far as it came from a file.
pub fn locate(problems: &mut [Problem], objects: &Objects) {
    for problem in problems.iter_mut().filter(|it| it.location.is_none()) {
        let key = Key {
            namespace: Arc::clone(&problem.object.namespace),
            name: Arc::clone(&problem.object.name),
        };
        let places = match problem.object.kind {
            ObjectKind::Ingress => objects.ingresses.get(&key).map(|it| &it.places),
            ObjectKind::ConfigMap => objects.config_maps.get(&key).map(|it| &it.places),
            ObjectKind::WafPolicy => objects.waf_policies.get(&key).map(|it| &it.places),
            ObjectKind::ClusterWafPolicy => {
                let policy = objects.cluster_waf_policies.get(&key);
                policy.map(|it| &it.places)
            }
            // No rules of a firewall stand in them.
            ObjectKind::IngressClass
            | ObjectKind::Service
            | ObjectKind::EndpointSlice
            | ObjectKind::Secret
            | ObjectKind::File => None,
        };
        let places = places.and_then(Option::as_ref);
        problem.location = places.and_then(|places| places.locate(&problem.field));
    }
}

impl CheckReport {
    /// Orders problems: those with a place by file and line, then the others by object.
    pub fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| {
            let place = |problem: &Problem| (problem.location.is_none(), problem.location.clone());
            place(a).cmp(&place(b)).then_with(|| a.cmp(b))
        });
        problems.dedup();
        Self { problems }
    }

    /// The problems, in order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many of them are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let is_so = |problem: &&Problem| problem.severity == severity;
        self.problems.iter().filter(is_so).count()
    }

    /// Whether everything is served as written. Warnings do not count.
    pub fn is_valid(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// Writes the problems for people: each with its line and a mark under the offending value, read
    /// from the files again.
    ///
    /// # Errors
    ///
    /// `out` fails.
    pub fn write_text(&self, out: &mut impl Write, colour: bool) -> io::Result<()> {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut sources = Sources::default();
        for problem in &self.problems {
            let group = explain(problem, &mut sources);
            writeln!(out, "{}\n", renderer.render(&[group]))?;
        }
        Ok(())
    }

    /// The problems for programs.
    pub fn to_json(&self) -> serde_json::Value {
        self.problems.iter().map(Problem::to_json).collect()
    }

    /// Writes the problems for programs: a JSON array with one problem a line.
    ///
    /// # Errors
    ///
    /// `out` fails.
    pub fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "[")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}\n{}", problem.to_json())?;
        }
        writeln!(out, "\n]")
    }
}

/// The text of the file that was looked at last.
#[derive(Default)]
struct Sources {
    last: Option<(Arc<PathBuf>, Option<Arc<str>>)>,
}

impl Sources {
    fn text(&mut self, path: &Arc<PathBuf>) -> Option<Arc<str>> {
        match &self.last {
            Some((last, text)) if last == path => text.clone(),
            _ => {
                let text = read(path);
                self.last = Some((Arc::clone(path), text.clone()));
                text
            }
        }
    }
}

fn explain(problem: &Problem, sources: &mut Sources) -> Group<'static> {
    let Problem {
        object,
        field,
        message,
        consequence,
        severity,
        cause: _,
        location,
    } = problem;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut title = match object.kind {
        ObjectKind::File if location.is_some() => String::new(),
        ObjectKind::File => format!("{}: ", object.name),
        _ => format!("{object}: "),
    };
    if !field.is_empty() {
        title.push_str(&format!("{field}: "));
    }
    title.push_str(message);
    let mut group = Group::with_title(level.primary_title(title));
    if let Some(location) = location {
        let source = sources.text(&location.path);
        let shown = source.filter(|text| may_show(object.kind, text));
        group = match shown.and_then(|text| snippet(&text, location)) {
            Some(snippet) => group.element(snippet),
            None => group.element(
                Origin::path(location.path.display().to_string())
                    .line(location.line as usize)
                    .char_column(location.column as usize),
            ),
        };
    }
    group.element(Level::NOTE.message(normalize_untrusted_str(consequence)))
}

/// The line that a place begins on, with the part of the place that is on it.
fn snippet(
    text: &str,
    location: &Location,
) -> Option<Snippet<'static, annotate_snippets::Annotation<'static>>> {
    let (start, end) = location.span;
    let line_start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(line_start..)?.lines().next()?;
    let from = (start - line_start).min(line.len());
    let to = end.saturating_sub(line_start).clamp(from, line.len());
    Some(
        Snippet::source(line.to_owned())
            .line_start(location.line as usize)
            .path(location.path.display().to_string())
            .annotation(AnnotationKind::Primary.span(from..to)),
    )
}

/// Whether lines of a text may be shown for an object. What could not be told to be an object may be a
/// Secret if the word is there at all.
fn may_show(kind: ObjectKind, text: &str) -> bool {
    match kind {
        ObjectKind::Secret => false,
        ObjectKind::File => !text.contains("Secret"),
        ObjectKind::Ingress
        | ObjectKind::IngressClass
        | ObjectKind::Service
        | ObjectKind::EndpointSlice
        | ObjectKind::ConfigMap
        | ObjectKind::WafPolicy
        | ObjectKind::ClusterWafPolicy => true,
    }
}

fn read(path: &Path) -> Option<Arc<str>> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(FILE_BYTES).read_to_string(&mut text).ok()?;
    Some(text.into())
}
