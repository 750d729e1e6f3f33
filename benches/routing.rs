//! What routes cost: bytes each, time a look-up, time to assemble a table when one host changed.
//!
//! Run with `cargo bench --bench routing`. Each case runs in a process of its own; bytes are the
//! growth of its resident memory by a second table, with the allocator that ships. Cycles are nanoseconds times an
//! assumed 3 GHz, since counters cannot be read without `unsafe`; a look-up is a random one of 4,096
//! requests, so that tables larger than the caches pay for being so. Exits 1 if a budget is broken.
//!
//! On a machine that others use, `-- --count` has valgrind count instead: instructions a look-up, and
//! cycles as KCachegrind estimates them, 10 more for a miss in the first cache and 100 for one in the
//! last. Each look-up is for another host, so that nothing of it is in a cache that another left there.

use std::{
    env, fs,
    hint::black_box,
    process::{Command, ExitCode},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use portcullis::{
    message::{HostMatch, RequestHead},
    routing::{HostRoutes, Match, PathMatch, RouteTable},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Assumed clock, in cycles a nanosecond.
const GHZ: f64 = 3.0;
/// Budget of 100,000 routes, in bytes.
const MAX_BYTES: usize = 20 << 20;
/// Budget of a look-up, in cycles.
const MAX_CYCLES: f64 = 500.0;
/// Budget for a change of one host among 100,000.
const MAX_CHANGE: Duration = Duration::from_millis(50);

/// What the proxy would keep for each rule: one pointer.
type Value = usize;

struct Case {
    name: &'static str,
    hosts: usize,
    paths: usize,
}

const CASES: [Case; 4] = [
    Case {
        name: "10k hosts x 1",
        hosts: 10_000,
        paths: 1,
    },
    Case {
        name: "10k hosts x 10",
        hosts: 10_000,
        paths: 10,
    },
    Case {
        name: "100k hosts x 1",
        hosts: 100_000,
        paths: 1,
    },
    Case {
        name: "1 host x 10k",
        hosts: 1,
        paths: 10_000,
    },
];

fn main() -> ExitCode {
    // `cargo bench` passes `--bench`; a case's own process gets its number.
    let case = env::args().nth(1).and_then(|n| n.parse::<usize>().ok());
    if let Some(rounds) = env::args().nth(2).and_then(|n| n.parse().ok()) {
        // Under valgrind, which counts.
        if let Some(case) = case.and_then(|n| CASES.get(n)) {
            look_up_once(case, rounds);
        }
        return ExitCode::SUCCESS;
    }
    let within = match case.and_then(|n| CASES.get(n)) {
        Some(case) => run(case),
        None if case.is_some() => change_of_one_host(),
        None => {
            if env::args().any(|argument| argument == "--count") {
                return count_all();
            }
            println!(
                "case              routes     MB  bytes/route   build ms   ns/look-up   cycles"
            );
            let broken = (0..=CASES.len()).filter(|n| !run_alone(*n)).count();
            broken == 0
        }
    };
    if within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_alone(number: usize) -> bool {
    let program = env::current_exe().expect("the bench has a file");
    Command::new(program)
        .arg(number.to_string())
        .status()
        .expect("the bench can start itself")
        .success()
}

fn run(case: &Case) -> bool {
    // A first table leaves behind the memory that building takes and gives back.
    let build = || RouteTable::build((0..case.hosts).map(|h| (host(h), routes(h, case.paths))));
    let first = build();
    let before = resident();
    let start = Instant::now();
    let table = build();
    let build = start.elapsed();
    let bytes = resident() - before;
    drop(first);
    let (count, per_route) = (case.hosts * case.paths, bytes / (case.hosts * case.paths));
    let time = look_up(&table, case);
    let cycles = nanos(time) * GHZ;
    println!(
        "{:<15} {count:>8} {:>6.1} {per_route:>12} {:>10.1} {:>12.1} {cycles:>8.0}",
        case.name,
        bytes as f64 / 1e6,
        build.as_secs_f64() * 1e3,
        nanos(time),
    );
    (count < 100_000 || bytes <= MAX_BYTES) && cycles < MAX_CYCLES
}

/// The fastest of 101 rounds over random requests, all of which have an answer: what disturbs a
/// round only ever adds to it.
fn look_up(table: &RouteTable<Value>, case: &Case) -> Duration {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let requests: Vec<(String, String, Value)> =
        (0..4096).map(|_| request(&mut random, case)).collect();
    let head = RequestHead::default();
    let mut rounds: Vec<Duration> = (0..101)
        .map(|_| {
            let start = Instant::now();
            for (host, path, expected) in &requests {
                let found = table.find(black_box(host.as_bytes()), path.as_bytes(), None, &head);
                assert_eq!(found, Some(expected));
            }
            start.elapsed()
        })
        .collect();
    rounds.sort();
    rounds[0] / 4096
}

/// Look-ups that are counted.
const COUNTED: usize = 20_000;

/// Prints what valgrind counts in every case.
fn count_all() -> ExitCode {
    println!("case             instructions   L1 misses   LL misses   cycles, estimated");
    for (number, case) in CASES.iter().enumerate() {
        let counts = [0, COUNTED].map(|look_ups| counted(number, look_ups));
        let [Some(without), Some(with)] = counts else {
            eprintln!("valgrind cannot be had, or says something else than it used to");
            return ExitCode::FAILURE;
        };
        let [instructions, first, last] =
            [0, 1, 2].map(|at| (with[at] as f64 - without[at] as f64) / COUNTED as f64);
        let cycles = instructions + 10.0 * first + 100.0 * last;
        println!(
            "{:<15} {instructions:>13.0} {first:>11.2} {last:>11.2} {cycles:>19.0}",
            case.name
        );
    }
    ExitCode::SUCCESS
}

/// Instructions and misses in the first and in the last cache, of a process that makes so many look-ups.
fn counted(case: usize, look_ups: usize) -> Option<[u64; 3]> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=yes"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(env::current_exe().ok()?)
        .args([case.to_string(), look_ups.to_string()])
        .output()
        .ok()?;
    let said = String::from_utf8(output.stderr).ok()?;
    let figure = |name: &str| -> Option<u64> {
        let line = said.lines().find(|line| line.contains(name))?;
        let figure = line.split(name).nth(1)?.split_whitespace().next()?;
        figure.replace(',', "").parse().ok()
    };
    Some([
        figure("I   refs:")?,
        figure("I1  misses:")? + figure("D1  misses:")?,
        figure("LL misses:")?,
    ])
}

/// Looks each of so many hosts up once.
fn look_up_once(case: &Case, look_ups: usize) {
    let table = RouteTable::build((0..case.hosts).map(|h| (host(h), routes(h, case.paths))));
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let requests: Vec<_> = (0..COUNTED).map(|_| request(&mut random, case)).collect();
    let head = RequestHead::default();
    for (host, path, expected) in requests.iter().take(look_ups) {
        let found = table.find(black_box(host.as_bytes()), path.as_bytes(), None, &head);
        assert_eq!(found, Some(expected));
    }
}

/// A request that has an answer, and the answer.
fn request(random: &mut Random, case: &Case) -> (String, String, Value) {
    let (h, p) = (random.below(case.hosts), random.below(case.paths));
    let HostMatch::Exact(name) = host(h) else {
        unreachable!("every host of the bench is exact")
    };
    (name.into(), format!("{}/item/42.json", path(p)), h + p)
}

/// One of 100,000 hosts gets new rules: the others are shared, the table is assembled anew.
fn change_of_one_host() -> bool {
    let mut hosts: Vec<_> = (0..100_000).map(|h| (host(h), routes(h, 1))).collect();
    let rounds = 20;
    let before = cpu_time();
    for n in 0..rounds {
        hosts[4242 + n].1 = routes(4242, 10);
        black_box(RouteTable::build(hosts.iter().cloned()));
    }
    let spent = (cpu_time() - before) / u32::try_from(rounds).expect("few");
    println!(
        "one host changes among 100k: {:.1} ms of CPU to assemble the new table and drop another",
        spent.as_secs_f64() * 1e3
    );
    spent < MAX_CHANGE
}

fn host(n: usize) -> HostMatch {
    HostMatch::Exact(format!("service-{n}.apps.example.com").into())
}

fn path(n: usize) -> String {
    format!("/api/v{}/service-{n}", n % 3)
}

fn routes(host: usize, paths: usize) -> Arc<HostRoutes<Value>> {
    let rules = (0..paths)
        .map(|p| (Match::path(PathMatch::Prefix(path(p).into())), host + p))
        .collect();
    Arc::new(HostRoutes::build(rules).expect("the paths are short"))
}

/// Resident memory of this process, in bytes (proc_pid_status(5)).
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("procfs is mounted");
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .expect("the kernel says VmRSS");
    kib.parse::<usize>().expect("VmRSS is a number") << 10
}

/// What this thread has had of a CPU, to the last tick (first figure of `schedstat`).
fn cpu_time() -> Duration {
    // The account is settled when the scheduler is asked.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("procfs is mounted");
    let nanos = text.split(' ').next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.expect("the kernel counts nanoseconds"))
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// xorshift64*: the same requests in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).expect("31 bits") % end
    }
}
