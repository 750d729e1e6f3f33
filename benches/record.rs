//! What a closed request costs to log and to count: `cargo bench --bench record [-- WORK COUNT]`.
//!
//! Without arguments: nanoseconds for each work, the median of short rounds. With a work and a count:
//! does it so many times, for whoever counts instructions around it (`perf stat -e instructions:u`).

use std::{
    hint::black_box,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use portcullis::{
    config::{AccessLogFormat, ObjectKind, ObjectRef, RuleMeta},
    message::Version,
    proxy::{
        AccessLogDestination, AccessLogWriter, Metrics, Outcome, RequestRecord, SeriesId,
        UpstreamRecord,
    },
};

const ROUNDS: usize = 101;
const RECORDS_A_ROUND: usize = 2_000;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| it != "--bench")
        .collect();
    match arguments.as_slice() {
        [work, count] => {
            let run = WORKS
                .iter()
                .find(|(name, _)| name == work)
                .expect("a known work")
                .1;
            run(count.parse().expect("a number"));
        }
        _ => {
            for (name, run) in WORKS {
                println!("{name:<8} {:>8.1} ns", median_nanos(*run));
            }
        }
    }
}

/// Performs its work so many times.
type Run = fn(usize);

const WORKS: &[(&str, Run)] = &[
    ("json", |count| log(AccessLogFormat::Json, count)),
    ("text", |count| log(AccessLogFormat::Text, count)),
    ("metrics", count_records),
];

fn median_nanos(run: Run) -> f64 {
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run(RECORDS_A_ROUND);
            start.elapsed()
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2].as_secs_f64() * 1e9 / RECORDS_A_ROUND as f64
}

fn log(format: AccessLogFormat, count: usize) {
    let destination = AccessLogDestination::File("/dev/null".into());
    let writer = AccessLogWriter::start(&destination).expect("the null device opens");
    let log = writer.worker();
    let rule = rule();
    let record = record(&rule, SeriesId::UNMATCHED);
    for _ in 0..count {
        log.write(format, black_box(&record));
    }
}

fn count_records(count: usize) {
    let metrics = Metrics::new();
    let worker = metrics.worker();
    let rule = rule();
    let record = record(&rule, metrics.series(&rule));
    for _ in 0..count {
        worker.record(black_box(&record));
    }
}

fn rule() -> RuleMeta {
    RuleMeta {
        object: ObjectRef {
            kind: ObjectKind::Ingress,
            namespace: "default".into(),
            name: "myapp".into(),
        },
        service: "blogservice".into(),
        service_port: "80".into(),
        host: "myapp.com".into(),
        path: "/blog".into(),
    }
}

/// What a browser's GET comes to.
fn record(rule: &RuleMeta, series: SeriesId) -> RequestRecord<'_> {
    RequestRecord {
        received: Instant::now(),
        duration: Duration::from_micros(312),
        client: Ipv4Addr::new(192, 0, 2, 77).into(),
        peer: SocketAddr::from((Ipv4Addr::new(10, 0, 13, 201), 48_213)),
        method: b"GET",
        target: b"/blog/articles/2026/11/some-article?page=2&order=newest",
        host: b"myapp.com",
        version: Version::Http11,
        tls: Some("TLSv1.3"),
        status: 200,
        bytes_received: 712,
        bytes_sent: 18_211,
        request_id: b"4a7b1f0c9d8e4f60b1a2c3d4e5f60718",
        user_agent: b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
            Chrome/130.0.0.0 Safari/537.36",
        referer: b"https://myapp.com/blog/articles?page=1",
        rule: Some(rule),
        series,
        upstream: Some(UpstreamRecord {
            address: SocketAddr::from((Ipv4Addr::new(10, 0, 14, 17), 8080)),
            status: 200,
            connect: None,
            head_latency: Some(Duration::from_micros(287)),
            bytes: 18_211,
            attempts: 1,
        }),
        cookies: None,
        outcome: Outcome::Completed,
    }
}
