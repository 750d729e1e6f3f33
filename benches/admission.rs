//! How long the admission webhook takes to judge one object among 5,000 Ingresses.
//!
//! Run with `cargo bench --bench admission`. 5,000 Ingresses of two paths each with a Service and an
//! EndpointSlice each, and the built-in rules in front of them all. The time is the processor's, on one thread,
//! from the bytes of a review to those of its answer. Before every review an Ingress of the store has
//! changed, which the webhook has not seen yet: the worst that can be. Exits 1 if a review of an Ingress
//! takes longer than 100 ms.

use std::{process::ExitCode, sync::Arc, time::Duration};

use portcullis::{
    config::FirewallMode,
    control::{
        Key, Object, Store,
        admission::{Judge, JudgeSettings, Review},
        translate::{ClassSelection, DefaultFirewall, TranslateSettings, Translator},
    },
    snapshot::Compiler,
    tls::Certificate,
    upstream::NameTrust,
};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many Ingresses there are.
const INGRESSES: usize = 5_000;
/// The longest that a review of an Ingress may take.
const MOST: Duration = Duration::from_millis(100);
/// How often each review is made.
const ROUNDS: usize = 21;

fn main() -> ExitCode {
    let store = Arc::new(Store::default());
    store.edit(|edit| {
        for n in 0..INGRESSES {
            let (key, objects) = app(n, 0);
            for object in objects {
                edit.upsert(key.clone(), object, None);
            }
        }
        edit.mark_all_synced();
    });
    let mut compiler = Compiler::new(Arc::new(Certificate::self_signed()), Box::new(|_| 0));
    let sets = compiler.compiled_sets();
    let settings = settings();
    let served = Translator::new(settings.clone()).translate(&store.objects());
    assert_eq!(served.problems, []);
    let snapshot = compiler.compile(1, Arc::new(served.config));
    let before = resident();
    let mut judge = Judge::new(JudgeSettings {
        store: Arc::clone(&store),
        translating: settings,
        options: Box::new(|_| Default::default()),
        sets,
        namespaces: Vec::new(),
    });
    let start = processor_time();
    judge.keep_up().expect("everything has been read");
    println!(
        "first look: {:.1} ms",
        milliseconds(processor_time().saturating_sub(start))
    );
    println!(
        "memory besides: {:.1} MiB",
        (resident() - before) as f64 / 1024.0
    );
    println!("milliseconds              median    at most");
    let mut slowest = Duration::ZERO;
    for (name, is_bounded, review, is_allowed) in reviews() {
        let bytes = review.to_string().into_bytes();
        let mut all = Vec::with_capacity(ROUNDS);
        for round in 1..=ROUNDS {
            let (key, [changed, ..]) = app(round * 7919 % INGRESSES, round);
            store.edit(|edit| edit.upsert(key, changed, None));
            let start = processor_time();
            let review = Review::parse(&bytes).expect("it is a review");
            let ruling = judge.rule(&review).expect("everything has been read");
            let answer = ruling.to_review(&review.uid).to_string();
            all.push(processor_time().saturating_sub(start));
            assert_eq!(ruling.is_allowed(), is_allowed, "{name}: {answer}");
        }
        all.sort_unstable();
        let (median, most) = (all[ROUNDS / 2], all[ROUNDS - 1]);
        println!(
            "{name:<22} {:>9.2} {:>10.2}",
            milliseconds(median),
            milliseconds(most)
        );
        if is_bounded {
            slowest = slowest.max(most);
        }
    }
    drop(snapshot);
    if slowest > MOST {
        eprintln!("a review takes longer than {} ms", milliseconds(MOST));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What is reviewed: a name, whether it has to be quick, the review, and whether it is let in.
fn reviews() -> Vec<(&'static str, bool, Value, bool)> {
    let new = ingress("new", "new.example.com", "/");
    let taken = ingress("new", "app-77.example.com", "/");
    let mut wide = new.clone();
    let rule = wide["spec"]["rules"][0].clone();
    let paths = (0..1000).map(|n| {
        let mut path = rule["http"]["paths"][0].clone();
        path["path"] = format!("/{n}").into();
        path
    });
    wide["spec"]["rules"][0]["http"]["paths"] = paths.collect();
    let mut refused = new.clone();
    refused["spec"]["rules"][0]["host"] = "no host".into();
    let rules = "SecRule ARGS:q \"@contains x\" \"id:900100,phase:2,deny\"";
    let policy = json!({
        "apiVersion": "portcullis.dev/v1alpha1", "kind": "WafPolicy",
        "metadata": {"namespace": "team-1", "name": "new"},
        "spec": {"mode": "Block", "secLang": {"after": rules}},
    });
    vec![
        (
            "a new Ingress",
            true,
            review("CREATE", new.clone(), Value::Null),
            true,
        ),
        (
            "a bad one",
            true,
            review("CREATE", refused, Value::Null),
            false,
        ),
        (
            "a host that is taken",
            true,
            review("CREATE", taken, Value::Null),
            false,
        ),
        (
            "1,000 paths",
            true,
            review("CREATE", wide, Value::Null),
            true,
        ),
        (
            "a policy with rules",
            false,
            review("CREATE", policy, Value::Null),
            true,
        ),
    ]
}

fn review(operation: &str, object: Value, old: Value) -> Value {
    let (group, version) = object["apiVersion"]
        .as_str()
        .and_then(|it| it.split_once('/'))
        .expect("it has a group");
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": operation,
            "kind": {"group": group, "version": version, "kind": object["kind"]},
            "name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"],
            "object": object, "oldObject": old,
        },
    })
}

fn settings() -> TranslateSettings {
    TranslateSettings {
        class: ClassSelection::Every,
        default_certificate: None,
        trust: NameTrust::Untrusted,
        permit_unsupported_access_control: false,
        options: Default::default(),
        https_port: None,
        stand_ins: Default::default(),
        firewall: Some(DefaultFirewall {
            rules: "builtin".into(),
            mode: FirewallMode::Detect,
        }),
        rule_folders: Default::default(),
        strict_hosts: false,
        by_cluster_ip: false,
        zone: None,
    }
}

/// An Ingress, its Service and its endpoints.
fn app(n: usize, version: usize) -> (Key, [Object; 3]) {
    let (namespace, name) = (format!("team-{}", n % 100), format!("app-{n}"));
    let metadata = json!({
        "namespace": namespace, "name": name,
        "creationTimestamp": format!("2026-01-{:02}T00:00:00Z", 1 + n % 28),
        "labels": {"kubernetes.io/service-name": name},
    });
    let backend = json!({"service": {"name": name, "port": {"name": "http"}}});
    let ingress = json!({
        "metadata": metadata,
        "spec": {"rules": [{"host": format!("{name}.example.com"), "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": backend},
            {"path": format!("/v{version}"), "pathType": "Prefix", "backend": backend},
        ]}}]},
    });
    let service = json!({
        "metadata": metadata,
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    });
    let slice = json!({
        "metadata": metadata, "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [{"addresses": [format!("10.0.{}.{}", n / 250, n % 250)]}],
    });
    let good = "the object has the form of its kind";
    let objects = [
        Object::Ingress(serde_json::from_value(ingress).expect(good)),
        Object::Service(serde_json::from_value(service).expect(good)),
        Object::EndpointSlice(serde_json::from_value(slice).expect(good)),
    ];
    (Key::new(&namespace, &name), objects)
}

fn ingress(name: &str, host: &str, path: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"namespace": "team-1", "name": name},
        "spec": {"rules": [{"host": host, "http": {"paths": [{
            "path": path, "pathType": "Prefix",
            "backend": {"service": {"name": "app-1", "port": {"number": 80}}},
        }]}}]},
    })
}

/// Memory of the process, KiB.
fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|it| it.parse().ok())
        .expect("it is a number")
}

/// Time that this process has had on a processor: neighbours do not count. From the scheduler's
/// statistics, in nanoseconds.
fn processor_time() -> Duration {
    // The account is settled when the scheduler is asked.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux keeps statistics");
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the first number is the time on a processor"))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
