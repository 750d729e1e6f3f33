//! What signed cookies cost a request: `cargo bench --bench cookies [-- WORK COUNT]`.
//!
//!     pass     a request with eight cookies, none of which is protected
//!     verify   the same with one that is signed
//!     altered  the same with one whose signature is wrong
//!     sign     an answer that sets a cookie
//!     encrypt  an answer that sets one that is encrypted
//!     decrypt  a request with eight cookies, one of which is encrypted
//!
//! Without arguments: nanoseconds for each work, the median of short rounds. With a work and a count:
//! does it so many times, for whoever counts instructions around it (`valgrind --tool=callgrind`
//! with `--toggle-collect='*measured*'`).

use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use portcullis::policy::{
    ClientBinding, CookieClient, CookieExchange, CookieIntegrity, CookieKeys, CookieMode,
    CookiePattern,
};

const ROUNDS: usize = 101;
const A_ROUND: usize = 500;

const CLIENT: CookieClient<'static> = CookieClient {
    host: b"shop.example.com",
    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    user_agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    certificate: b"",
};

/// What a browser sends besides.
const OTHERS: &str = "theme=dark; lang=en; _ga=GA1.1.1234567890.1700000000; consent=yes; cart=3f2a9c51; \
                      seen=1700000000; ab=b";

const SESSION: &str =
    "session=3f2a9c51d07e4b8fa6c2e19d05b7f834; Path=/; HttpOnly; Secure; SameSite=Lax";
const SECRET: &str =
    "secret=3f2a9c51d07e4b8fa6c2e19d05b7f834; Path=/; HttpOnly; Secure; SameSite=Lax";

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| it != "--bench")
        .collect();
    let works = works();
    match arguments.as_slice() {
        [work, count] => {
            let (_, work) = works
                .iter()
                .find(|(name, _)| name == work)
                .expect("a known work");
            measured(work, count.parse().expect("a number"));
        }
        _ => {
            for (name, work) in &works {
                println!("{name:<8} {:>8.1} ns", median_nanos(work));
            }
        }
    }
}

/// What is done for a request, or for its answer.
enum Work {
    Request(Vec<u8>),
    Answer(&'static [u8]),
}

fn works() -> Vec<(&'static str, Work)> {
    let set = |line: &'static str| {
        let mut out = Vec::new();
        CookieExchange::new(&settings(), &CLIENT).write(line.as_bytes(), now(), &mut out);
        let text = String::from_utf8(out).expect("a line of text");
        let pair = text.strip_prefix("Set-Cookie: ").expect("its name");
        pair.split(';').next().expect("a cookie").to_owned()
    };
    let session = set(SESSION);
    let altered = session.replacen("3f2a", "3f2b", 1);
    let with = |pair: &str| Work::Request(format!("{OTHERS}; {pair}").into_bytes());
    vec![
        ("pass", with("other=3f2a9c51d07e4b8fa6c2e19d05b7f834")),
        ("verify", with(&session)),
        ("altered", with(&altered)),
        ("sign", Work::Answer(SESSION.as_bytes())),
        ("encrypt", Work::Answer(SECRET.as_bytes())),
        ("decrypt", with(&set(SECRET))),
    ]
}

fn settings() -> Arc<CookieIntegrity> {
    let pattern = |text| vec![CookiePattern::new(text).expect("a pattern")];
    let key = &b"3b1f9d0c5a7e8f2412c4d6b8a0e1f357"[..];
    Arc::new(CookieIntegrity {
        mode: CookieMode::Drop,
        signed: pattern("session*"),
        encrypted: pattern("secret"),
        keys: Arc::new(CookieKeys::new([("a", key)], None).expect("a key")),
        max_age: None,
        binding: ClientBinding::None,
        secure: true,
        http_only: false,
        same_site: None,
    })
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn median_nanos(work: &Work) -> f64 {
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            measured(work, A_ROUND);
            start.elapsed()
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2].as_secs_f64() * 1e9 / A_ROUND as f64
}

#[inline(never)]
fn measured(work: &Work, count: usize) {
    let settings = settings();
    let now = now();
    for _ in 0..count {
        let exchange = CookieExchange::new(&settings, &CLIENT);
        match work {
            Work::Request(cookies) => {
                let checked = exchange.check(&CLIENT, [black_box(cookies.as_slice())], now);
                black_box(checked);
            }
            Work::Answer(line) => {
                let mut out = Vec::with_capacity(512);
                if exchange.takes(black_box(line)) {
                    exchange.write(line, now, &mut out);
                }
                black_box(out);
            }
        }
    }
}
