//! What a head costs, next to httparse: `cargo bench --bench codec [-- --instructions]`.
//!
//! Without arguments: nanoseconds for each head, both parsers in turn in short rounds, the median
//! round of each. With `--instructions`: instructions for each head, counted by valgrind's
//! callgrind, which must be installed.

use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use portcullis::http1::{
    self, BodyDecoder, BodyLength, ChunkLimits, HeadLimits, request_framing, response_framing,
};
use portcullis::message::{Method, RequestHead, ResponseHead, Slashes, Target};

/// Bytes that a connection's buffer has room for, so that the parser finds room too.
const READ_BUFFER: usize = 8 << 10;
const ROUNDS: usize = 201;
const HEADS_A_ROUND: usize = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => print_times(),
        ["--instructions"] => return print_instructions(),
        ["--run", subject, work, count] => {
            let (run, count) = (find(subject, work)?, count.parse()?);
            run(count);
        }
        _ => return Err("usage: codec [--instructions]".into()),
    }
    Ok(())
}

/// Performs its work so many times.
type Run = fn(usize);

/// Everything that is measured: the subject, the work, and who does it.
const CASES: &[(&str, &str, Run)] = &[
    ("request, 2 fields", "own parse", |n| {
        own_request(REQUEST_2, n)
    }),
    ("request, 2 fields", "httparse", |n| {
        peer_request(REQUEST_2, n)
    }),
    ("request, 2 fields", "own framing", |n| {
        own_request_framing(REQUEST_2, n)
    }),
    ("request, 2 fields", "own target", |n| {
        own_target(REQUEST_2, n)
    }),
    ("request, 12 fields", "own parse", |n| {
        own_request(REQUEST_12, n)
    }),
    ("request, 12 fields", "httparse", |n| {
        peer_request(REQUEST_12, n)
    }),
    ("request, 12 fields", "own framing", |n| {
        own_request_framing(REQUEST_12, n)
    }),
    ("request, 12 fields", "own target", |n| {
        own_target(REQUEST_12, n)
    }),
    ("response, 2 fields", "own parse", |n| {
        own_response(RESPONSE_2, n)
    }),
    ("response, 2 fields", "httparse", |n| {
        peer_response(RESPONSE_2, n)
    }),
    ("response, 2 fields", "own framing", |n| {
        own_response_framing(RESPONSE_2, n)
    }),
    ("response, 12 fields", "own parse", |n| {
        own_response(RESPONSE_12, n)
    }),
    ("response, 12 fields", "httparse", |n| {
        peer_response(RESPONSE_12, n)
    }),
    ("response, 12 fields", "own framing", |n| {
        own_response_framing(RESPONSE_12, n)
    }),
    ("body, 3 chunks of 20", "own decode", own_chunks),
];

fn find(subject: &str, work: &str) -> Result<Run, String> {
    CASES
        .iter()
        .find(|(s, w, _)| (*s, *w) == (subject, work))
        .map(|&(_, _, run)| run)
        .ok_or_else(|| format!("no case {subject}: {work}"))
}

fn print_times() {
    let mut rounds = vec![Vec::with_capacity(ROUNDS); CASES.len()];
    for _ in 0..ROUNDS {
        for ((_, _, run), rounds) in CASES.iter().zip(&mut rounds) {
            let start = Instant::now();
            run(HEADS_A_ROUND);
            rounds.push(start.elapsed());
        }
    }
    for ((subject, work, _), rounds) in CASES.iter().zip(&mut rounds) {
        rounds.sort_unstable();
        let median = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
        let each = median.as_nanos() as f64 / HEADS_A_ROUND as f64;
        println!("{subject:<22}{work:<14}{each:>9.1} ns");
    }
}

fn print_instructions() -> Result<(), Box<dyn Error>> {
    for (subject, work, _) in CASES {
        let few = count_instructions(subject, work, 1_000)?;
        let many = count_instructions(subject, work, 2_000)?;
        let each = many.saturating_sub(few) as f64 / 1_000.0;
        println!("{subject:<22}{work:<14}{each:>9.1} instructions");
    }
    Ok(())
}

fn count_instructions(subject: &str, work: &str, count: usize) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--run", subject, work, &count.to_string()])
        .output()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or("callgrind reported no count")?;
    Ok(collected.1.trim().parse()?)
}

fn own_request(bytes: &[u8], count: usize) {
    let limits = HeadLimits::default();
    let mut head = RequestHead::default();
    head.buffer.reserve(READ_BUFFER);
    for _ in 0..count {
        head.clear();
        head.buffer.extend_from_slice(black_box(bytes));
        let parsed = http1::parse_request(&mut head, &limits);
        assert!(parsed.is_ok() && head.head_len == bytes.len());
        black_box(&head);
    }
}

fn own_request_framing(bytes: &[u8], count: usize) {
    let head = parsed_request(bytes);
    for _ in 0..count {
        let framing = request_framing(black_box(&head));
        assert!(black_box(framing).is_ok());
    }
}

fn own_target(bytes: &[u8], count: usize) {
    let head = parsed_request(bytes);
    let mut target = Target::default();
    for _ in 0..count {
        assert!(target.resolve(black_box(&head), Slashes::Merge).is_ok());
        black_box(&target);
    }
}

fn parsed_request(bytes: &[u8]) -> RequestHead {
    let mut head = RequestHead::default();
    head.buffer.extend_from_slice(bytes);
    let parsed = http1::parse_request(&mut head, &HeadLimits::default());
    assert!(parsed.is_ok());
    head
}

/// The buffer is filled as for ours, so that the difference is the parser.
fn peer_request(bytes: &[u8], count: usize) {
    let mut buffer = Vec::with_capacity(READ_BUFFER);
    for _ in 0..count {
        buffer.clear();
        buffer.extend_from_slice(black_box(bytes));
        let mut head = httparse::Request::new(&mut []);
        let mut uninit = [const { std::mem::MaybeUninit::uninit() }; 100];
        let parsed = head.parse_with_uninit_headers(&buffer, &mut uninit);
        assert!(matches!(parsed, Ok(httparse::Status::Complete(n)) if n == bytes.len()));
        black_box(&head);
    }
}

fn own_response(bytes: &[u8], count: usize) {
    let limits = HeadLimits::default();
    let mut head = ResponseHead::default();
    head.buffer.reserve(READ_BUFFER);
    for _ in 0..count {
        head.clear();
        head.buffer.extend_from_slice(black_box(bytes));
        let parsed = http1::parse_response(&mut head, &limits);
        assert!(parsed.is_ok() && head.head_len == bytes.len());
        black_box(&head);
    }
}

fn own_response_framing(bytes: &[u8], count: usize) {
    let mut head = ResponseHead::default();
    head.buffer.extend_from_slice(bytes);
    assert!(http1::parse_response(&mut head, &HeadLimits::default()).is_ok());
    for _ in 0..count {
        let framing = response_framing(black_box(&head), Method::Get);
        assert!(black_box(framing).is_ok());
    }
}

fn peer_response(bytes: &[u8], count: usize) {
    let mut buffer = Vec::with_capacity(READ_BUFFER);
    let config = httparse::ParserConfig::default();
    for _ in 0..count {
        buffer.clear();
        buffer.extend_from_slice(black_box(bytes));
        let mut uninit = [const { std::mem::MaybeUninit::uninit() }; 100];
        let mut head = httparse::Response::new(&mut []);
        let parsed = config.parse_response_with_uninit_headers(&mut head, &buffer, &mut uninit);
        assert!(matches!(parsed, Ok(httparse::Status::Complete(n)) if n == bytes.len()));
        black_box(&head);
    }
}

fn own_chunks(count: usize) {
    for _ in 0..count {
        let mut body = BodyDecoder::new(BodyLength::Chunked, ChunkLimits::default());
        let mut rest = black_box(CHUNKS);
        while !body.is_done() {
            let decoded = body.decode(rest);
            let consumed = decoded.map_or(0, |d| d.consumed);
            assert!(consumed > 0);
            rest = rest.get(consumed..).unwrap_or_default();
        }
    }
}

const REQUEST_2: &[u8] = b"GET /blog/2026/03/an-ingress HTTP/1.1\r\n\
    Host: www.myapp.com\r\n\
    User-Agent: curl/8.14.1\r\n\
    \r\n";

const REQUEST_12: &[u8] = b"GET /store/items/4711?colour=blue&size=xl HTTP/1.1\r\n\
    Host: www.myapp.com\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: max-age=0\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Referer: https://www.myapp.com/store/\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
    Cookie: session=7f3a9c1e5b2d4860; theme=dark; _ga=GA1.1.1234567890.1767225600\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    \r\n";

const RESPONSE_2: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Content-Length: 512\r\n\
    Content-Type: text/plain\r\n\
    \r\n";

const RESPONSE_12: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Tue, 03 Mar 2026 08:15:42 GMT\r\n\
    Server: nginx/1.28.0\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: 48213\r\n\
    Connection: keep-alive\r\n\
    Cache-Control: private, max-age=0, must-revalidate\r\n\
    ETag: \"5e8f-64b1c2d3e4f50\"\r\n\
    Last-Modified: Mon, 02 Mar 2026 17:00:00 GMT\r\n\
    Vary: Accept-Encoding, Cookie\r\n\
    X-Request-ID: 0b4d4ac3f1f94a6c8e7d\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Set-Cookie: session=7f3a9c1e5b2d4860; Path=/; HttpOnly; Secure; SameSite=Lax\r\n\
    \r\n";

const CHUNKS: &[u8] = b"14\r\nabcdefghijklmnopqrst\r\n14\r\nabcdefghijklmnopqrst\r\n\
    14\r\nabcdefghijklmnopqrst\r\n0\r\n\r\n";
