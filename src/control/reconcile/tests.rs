//! When the loop translates and publishes, and what it logs.
#![allow(clippy::unwrap_used)]

use std::{cell::RefCell, path::PathBuf, rc::Rc};

use k8s_openapi::api::core::v1::ConfigMap;
use tokio::time::advance;

use super::*;
use crate::{
    config::{ObjectKind, ObjectRef, Options},
    control::{Key, Object},
};

/// A running loop whose configuration is the number of config maps; when it translated, and the
/// generation, configuration and number of problems that it published.
struct Loop {
    store: Arc<Store>,
    translated: Rc<RefCell<Vec<Duration>>>,
    published: Rc<RefCell<Vec<(u64, usize, usize)>>>,
}

impl Loop {
    fn start() -> Self {
        let this = Self {
            store: Arc::default(),
            translated: Rc::default(),
            published: Rc::default(),
        };
        let (started, translated) = (Instant::now(), Rc::clone(&this.translated));
        let published = Rc::clone(&this.published);
        tokio::task::spawn_local(reconcile(
            Arc::clone(&this.store),
            move |objects| {
                translated.borrow_mut().push(started.elapsed());
                let options = Options {
                    max_fields: objects.config_maps.len(),
                    ..Options::default()
                };
                let config = Config {
                    options: Arc::new(options),
                    ..Config::default()
                };
                Translation {
                    config,
                    problems: Vec::new(),
                }
            },
            move |new| {
                let Reconciled {
                    generation,
                    config,
                    problems,
                    stale: _,
                } = new;
                let what = (generation, config.options.max_fields, problems.len());
                published.borrow_mut().push(what);
            },
            |_| {},
        ));
        this
    }

    fn put(&self, name: &str) {
        let object = Object::ConfigMap(Arc::new(ConfigMap::default()));
        self.store
            .edit(|edit| edit.upsert(Key::new("default", name), object, None));
    }

    async fn after(&self, millis: u64) {
        advance(Duration::from_millis(millis)).await;
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
}

async fn local(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_published_before_every_kind_has_synced() {
    local(async {
        let run = Loop::start();
        run.put("a");
        run.after(1_000).await;
        assert!(run.published.borrow().is_empty());
        run.store.edit(|edit| edit.mark_all_synced());
        run.after(0).await;
        assert_eq!(*run.published.borrow(), [(1, 1, 0)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_first_change_is_published_at_once_and_those_after_it_together() {
    local(async {
        let run = Loop::start();
        run.store.edit(|edit| edit.mark_all_synced());
        run.after(0).await;
        for name in ["a", "b", "c"] {
            run.put(name);
            run.after(20).await;
        }
        assert_eq!(*run.published.borrow(), [(1, 0, 0)]);
        run.after(40).await;
        assert_eq!(*run.published.borrow(), [(1, 0, 0), (2, 3, 0)]);
        run.after(500).await;
        run.put("d");
        run.after(0).await;
        assert_eq!(run.published.borrow().last(), Some(&(3, 4, 0)));
        let times: Vec<_> = run
            .translated
            .borrow()
            .iter()
            .map(Duration::as_millis)
            .collect();
        assert_eq!(times, [0, 100, 600]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_equal_is_not_published_again() {
    local(async {
        let run = Loop::start();
        run.store.edit(|edit| edit.mark_all_synced());
        run.after(0).await;
        let file = Arc::new(PathBuf::from("f"));
        run.store
            .edit(|edit| edit.report(&file, vec![problem("x")]));
        run.after(200).await;
        assert_eq!(*run.published.borrow(), [(1, 0, 0), (1, 0, 1)]);
        // A secret that nothing refers to changes nothing.
        let object = Object::Secret(Arc::default());
        run.store
            .edit(|edit| edit.upsert(Key::new("default", "s"), object, None));
        run.after(200).await;
        assert_eq!(run.translated.borrow().len(), 3);
        assert_eq!(run.published.borrow().len(), 2);
    })
    .await;
}

fn problem(message: &str) -> Problem {
    Problem {
        object: ObjectRef {
            kind: ObjectKind::File,
            namespace: "".into(),
            name: "f".into(),
        },
        field: String::new(),
        message: message.to_owned(),
        consequence: String::new(),
        severity: Severity::Error,
        cause: Default::default(),
        location: None,
    }
}

#[test]
fn each_problem_is_logged_once_when_it_comes_and_once_when_it_goes() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_target(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut known = BTreeSet::new();
        let mut moved = problem("x");
        log_changes(&mut known, &[problem("x"), problem("x")]);
        moved.location = Some(crate::config::Location {
            path: Arc::new(PathBuf::from("f")),
            line: 2,
            column: 1,
            span: (3, 4),
        });
        log_changes(&mut known, &[moved]);
        log_changes(&mut known, &[]);
    });
    let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let levels: Vec<_> = lines
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(levels, ["WARN", "INFO"], "{lines}");
    assert!(lines.contains("object=File f"), "{lines}");
}

#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
