#![allow(clippy::unwrap_used)]

use std::{cell::RefCell, path::PathBuf, rc::Rc};

use k8s_openapi::api::core::v1::ConfigMap;
use tokio::time::advance;

use super::*;
use crate::{
    config::{ObjectKind, ObjectRef, Options},
    control::{Key, Object},
};

/// A running loop whose configuration is the number of config maps, and what it did and when.
struct Loop {
    store: Arc<Store>,
    status: Arc<ReconcileStatus>,
    translated: Rc<RefCell<Vec<Duration>>>,
    published: Rc<RefCell<Vec<usize>>>,
}

impl Loop {
    fn start() -> Self {
        let this = Self {
            store: Arc::default(),
            status: Arc::default(),
            translated: Rc::default(),
            published: Rc::default(),
        };
        let (started, translated) = (Instant::now(), Rc::clone(&this.translated));
        let published = Rc::clone(&this.published);
        tokio::task::spawn_local(reconcile(
            Arc::clone(&this.store),
            Arc::clone(&this.status),
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
                (config, Vec::new())
            },
            move |config| published.borrow_mut().push(config.options.max_fields),
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
        assert_eq!(run.status.now().generation, 0);
        run.store.edit(|edit| edit.mark_all_synced());
        run.after(0).await;
        assert_eq!(*run.published.borrow(), [1]);
        assert_eq!(run.status.now().generation, 1);
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
        assert_eq!(*run.published.borrow(), [0]);
        run.after(40).await;
        assert_eq!(*run.published.borrow(), [0, 3]);
        run.after(500).await;
        run.put("d");
        run.after(0).await;
        assert_eq!(*run.published.borrow(), [0, 3, 4]);
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
async fn an_equal_configuration_is_not_published_again() {
    local(async {
        let run = Loop::start();
        run.store.edit(|edit| edit.mark_all_synced());
        run.after(0).await;
        let file = Arc::new(PathBuf::from("f"));
        run.store
            .edit(|edit| edit.report(&file, vec![problem("x")]));
        run.after(200).await;
        assert_eq!(run.translated.borrow().len(), 2);
        assert_eq!(*run.published.borrow(), [0]);
        let status = run.status.now();
        assert_eq!(status.generation, 1);
        assert!(status.published.is_some());
        assert_eq!(*status.problems, [problem("x")]);
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
