//! What one change among 10,000 Ingresses costs until it is live, and what all of them cost at first.
//!
//! Run with `cargo bench --bench translate`. 10,000 Ingresses of two paths each, one Service and one
//! EndpointSlice each, TLS for every tenth. The time of a change is the processor's, on one thread, from
//! the object to the published snapshot: the store's copy of its map, the translation, the comparison
//! with the last configuration that tells whether there is anything to do, the compilation, and the end
//! of what was served before. Exits 1 if the budget of a change is broken.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use k8s_openapi::{
    ByteString,
    api::{
        core::v1::{Secret, Service},
        discovery::v1::EndpointSlice,
        networking::v1::Ingress,
    },
};
use portcullis::{
    config::{Config, RuleMeta},
    control::{
        Key, Objects, Stored,
        translate::{ClassSelection, GlobalOptions, TranslateSettings, Translation, Translator},
    },
    snapshot::{Compiler, Snapshot},
    tls::Certificate,
    upstream::NameTrust,
};
use rcgen::{CertificateParams, KeyPair};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many Ingresses there are.
const INGRESSES: usize = 10_000;
/// Budget of one change, from the object to the published snapshot.
const MAX_CHANGE: Duration = Duration::from_millis(50);
/// How often each change is made.
const ROUNDS: usize = 41;

/// Makes one change; the number differs from round to round.
type Change = fn(&mut Objects, usize);

const CHANGES: [(&str, Change); 6] = [
    ("nothing", |_, _| {}),
    ("one endpoint", |objects, round| {
        put(
            &mut objects.endpoint_slices,
            at(round),
            slice(at(round), 2 + round),
            round,
        );
    }),
    ("one Service", |objects, round| {
        put(
            &mut objects.services,
            at(round),
            service(at(round), 9000 + round),
            round,
        );
    }),
    ("one path", |objects, round| {
        put(
            &mut objects.ingresses,
            at(round),
            ingress(at(round), round),
            round,
        );
    }),
    ("one certificate", |objects, round| {
        let n = at(round) / 10 * 10;
        put(&mut objects.secrets, n, secret(n), round);
    }),
    ("one Ingress more", |objects, round| {
        let n = INGRESSES + round;
        put(&mut objects.services, n, service(n, 80), round);
        put(&mut objects.ingresses, n, ingress(n, 0), round);
    }),
];

fn main() -> ExitCode {
    let objects = objects();
    let mut world = World::new(objects);
    println!("milliseconds of CPU    translate    compare    compile      total    at most");
    let first = world.change(|_, _| {}, 0);
    println!("{:<20} {first}", "all at first");
    let config = &world.last.config;
    assert_eq!(config.routes.len(), INGRESSES);
    assert_eq!(config.clusters.len(), INGRESSES);
    assert_eq!(world.last.problems, []);
    let mut slowest = Duration::ZERO;
    for (name, change) in CHANGES {
        let mut all: Vec<Spent> = (1..=ROUNDS)
            .map(|round| world.change(change, round))
            .collect();
        all.sort_unstable_by_key(Spent::total);
        let median = &all[ROUNDS / 2];
        let most = milliseconds(all[ROUNDS - 1].total());
        println!("{name:<20} {median} {most:>10.2}");
        slowest = slowest.max(median.total());
    }
    if slowest > MAX_CHANGE {
        eprintln!("a change costs more than {} ms", milliseconds(MAX_CHANGE));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Everything between the objects and the workers.
struct World {
    objects: Objects,
    translator: Translator,
    compiler: Compiler,
    last: Translation,
    published: ArcSwap<Snapshot>,
}

impl World {
    fn new(objects: Objects) -> Self {
        let mut numbers = HashMap::<String, u32>::new();
        let series = move |meta: &RuleMeta| {
            let next = numbers.len() as u32;
            *numbers
                .entry(format!("{} {}", meta.object, meta.service))
                .or_insert(next)
        };
        let compiler = Compiler::new(Arc::new(Certificate::self_signed()), Box::new(series));
        Self {
            objects,
            translator: Translator::new(settings()),
            published: ArcSwap::new(compiler.empty()),
            compiler,
            last: Translation {
                config: Config::default(),
                problems: Vec::new(),
            },
        }
    }

    /// Makes a change live, and tells what each step has cost.
    fn change(&mut self, change: Change, round: usize) -> Spent {
        let begin = processor_time();
        change(&mut self.objects, round);
        let translation = self.translator.translate(&self.objects);
        let translated = processor_time();
        let is_new = translation.config != self.last.config;
        let compared = processor_time();
        self.last = translation;
        if is_new {
            let config = Arc::new(self.last.config.clone());
            let generation = self.published.load().generation + 1;
            self.published
                .store(self.compiler.compile(generation, config));
        }
        Spent {
            translate: translated.saturating_sub(begin),
            compare: compared.saturating_sub(translated),
            compile: processor_time().saturating_sub(compared),
        }
    }
}

/// The processor's time for each step of a change.
struct Spent {
    translate: Duration,
    compare: Duration,
    compile: Duration,
}

impl Spent {
    fn total(&self) -> Duration {
        self.translate + self.compare + self.compile
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [translate, compare, compile, total] =
            [self.translate, self.compare, self.compile, self.total()].map(milliseconds);
        write!(
            f,
            "{translate:>11.2} {compare:>10.2} {compile:>10.2} {total:>10.2}"
        )
    }
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

fn settings() -> TranslateSettings {
    TranslateSettings {
        class: ClassSelection::Every,
        default_certificate: None,
        trust: NameTrust::Untrusted,
        permit_unsupported_access_control: false,
        options: GlobalOptions::default(),
        https_port: None,
        stand_ins: BTreeMap::new(),
        firewall: None,
        rule_folders: Default::default(),
        strict_hosts: false,
        by_cluster_ip: false,
        zone: None,
    }
}

fn objects() -> Objects {
    let mut objects = Objects::default();
    for n in 0..INGRESSES {
        put(&mut objects.ingresses, n, ingress(n, 0), 0);
        put(&mut objects.services, n, service(n, 8080), 0);
        put(&mut objects.endpoint_slices, n, slice(n, 1), 0);
        if n.is_multiple_of(10) {
            put(&mut objects.secrets, n, secret(n), 0);
        }
    }
    objects
}

/// Spreads changes over the objects.
fn at(round: usize) -> usize {
    round * 7919 % INGRESSES
}

fn put<T>(map: &mut Arc<BTreeMap<Key, Stored<T>>>, n: usize, object: T, round: usize) {
    let revision = (round * 1_000_000 + n) as u64;
    let stored = Stored {
        object: Arc::new(object),
        revision,
        places: None,
    };
    let key = Key::new(&format!("team-{}", n % 100), &format!("app-{n}"));
    // A store keeps the texts of a key that it has.
    let map = Arc::make_mut(map);
    match map.get_mut(&key) {
        Some(old) => *old = stored,
        None => drop(map.insert(key, stored)),
    }
}

fn ingress(n: usize, version: usize) -> Ingress {
    let backend = json!({"service": {"name": format!("app-{n}"), "port": {"name": "http"}}});
    let host = format!("app-{n}.example.com");
    let tls = if n.is_multiple_of(10) {
        json!([{"hosts": [&host], "secretName": format!("app-{n}")}])
    } else {
        Value::Null
    };
    object(json!({
        "metadata": {
            "namespace": format!("team-{}", n % 100),
            "name": format!("app-{n}"),
            "creationTimestamp": format!("2026-01-{:02}T00:00:00Z", 1 + n % 28),
            "annotations": {
                "nginx.ingress.kubernetes.io/proxy-body-size": "8m",
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "120",
            },
        },
        "spec": {
            "tls": tls,
            "rules": [{"host": host, "http": {"paths": [
                {"path": "/", "pathType": "Prefix", "backend": &backend},
                {"path": format!("/v{version}"), "pathType": "Prefix", "backend": &backend},
            ]}}],
        },
    }))
}

fn service(n: usize, target: usize) -> Service {
    object(json!({
        "metadata": {"namespace": format!("team-{}", n % 100), "name": format!("app-{n}")},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": target}]},
    }))
}

fn slice(n: usize, last: usize) -> EndpointSlice {
    let address = |pod: usize| format!("10.{}.{}.{pod}", n / 250, n % 250);
    object(json!({
        "metadata": {
            "namespace": format!("team-{}", n % 100),
            "name": format!("app-{n}"),
            "labels": {"kubernetes.io/service-name": format!("app-{n}")},
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": [
            {"addresses": [address(200)]},
            {"addresses": [address(201)]},
            {"addresses": [address(last)]},
        ],
    }))
}

fn secret(n: usize) -> Secret {
    let key = KeyPair::generate().expect("the random source works");
    let parameters = CertificateParams::new(vec![format!("app-{n}.example.com")]);
    let parameters = parameters.expect("the name is one");
    let certificate = parameters
        .self_signed(&key)
        .expect("the parameters are complete");
    let data = [
        ("tls.crt", certificate.pem()),
        ("tls.key", key.serialize_pem()),
    ];
    Secret {
        data: Some(
            data.map(|(name, text)| (name.to_owned(), ByteString(text.into())))
                .into(),
        ),
        ..Secret::default()
    }
}

fn object<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the object has the form of its kind")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
