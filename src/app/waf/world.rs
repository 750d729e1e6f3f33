//! What manifests and options come to, as `run` would serve it.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use anyhow::Context;

use crate::{
    app::{options::ReadOptions, sources},
    cli::SourceSettings,
    config::Severity,
    control::{
        diagnostics::{self, CheckReport},
        translate::{Translation, Translator},
    },
    snapshot::{Compiler, Snapshot},
    tls::Certificate,
};

/// Routes and firewalls, compiled, and what is wrong with them.
pub(super) struct World {
    pub(super) compiler: Compiler,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) report: CheckReport,
}

impl World {
    /// Reads and compiles everything.
    ///
    /// # Errors
    /// When a file that the command line names is not there or cannot be read.
    pub(super) fn load(source: &SourceSettings) -> anyhow::Result<Self> {
        for path in &source.paths {
            std::fs::metadata(path).with_context(|| format!("{}", path.display()))?;
        }
        let ReadOptions {
            options,
            problems: of_options,
        } = ReadOptions::read(source.options.as_deref())?;
        let translating = sources::translate_settings(source, options);
        sources::require_rules(&translating)?;
        let no_series = Box::new(|_: &_| 0);
        let mut compiler = Compiler::new(Arc::new(Certificate::self_signed()), no_series);
        let mut snapshot = compiler.empty();
        let report = diagnostics::check(&source.paths, |objects| {
            let Translation {
                config,
                mut problems,
            } = Translator::new(translating).translate(objects);
            snapshot = compiler.compile(1, Arc::new(config));
            let mut of_rules = compiler.problems().to_vec();
            diagnostics::locate(&mut of_rules, objects);
            problems.append(&mut of_rules);
            problems.extend(of_options);
            problems
        });
        Ok(Self {
            compiler,
            snapshot,
            report,
        })
    }

    /// Says on standard error what is not served as written.
    pub(super) fn complain(&self) {
        let all = self.report.problems().iter();
        let errors = all.filter(|problem| problem.severity == Severity::Error);
        let errors = CheckReport::new(errors.cloned().collect());
        let mut text = Vec::new();
        // Neither writing to memory nor a closed standard error is of consequence.
        let _ = errors.write_text(&mut text, false);
        let warnings = self.report.count(Severity::Warning);
        if warnings > 0 {
            let _ = writeln!(
                text,
                "note: {warnings} warnings, which `check` and `waf rules` show"
            );
        }
        let _ = io::stderr().write_all(&text);
    }
}
