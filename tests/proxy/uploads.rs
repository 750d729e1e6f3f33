//! Request bodies that come slowly, stop midway, or are answered before they have gone out.

use std::{
    io::Write,
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use crate::{
    http2::mirror_http2,
    support::{PATIENCE, Plan, TestProxy, Upstream, content_length},
};
use portcullis::{
    policy::{BodyLimit, RoutePolicy, Timeouts},
    upstream::Protocol,
};

/// What an upstream has for its answer.
const READ: Duration = Duration::from_millis(400);

fn impatient() -> RoutePolicy {
    RoutePolicy {
        timeouts: Timeouts {
            read: READ,
            ..Timeouts::default()
        },
        ..RoutePolicy::default()
    }
}

#[test]
fn an_upstream_owes_no_answer_while_the_client_owes_the_rest_of_its_body() {
    let upstream = Upstream::mirror();
    let mut plan = Plan::default();
    plan.route("", "/one", impatient(), &[upstream.address]);
    plan.route_over(Protocol::Http2, "", "/two", impatient(), &[mirror_http2()]);
    let proxy = TestProxy::start(plan.config());
    for path in ["/one", "/two"] {
        let mut client = proxy.connect();
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabc"
        ));
        // Real time has to pass: twice the limit, without a byte.
        thread::sleep(2 * READ + Duration::from_millis(200));
        let whole = Instant::now();
        client.send("def");
        let answer = client.rest();
        // From then on it does owe one, and a machine that is busy may keep it from that.
        if whole.elapsed() < READ || answer.contains(" 200 ") {
            assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
            assert!(answer.contains("abcdef"), "{path}: {answer}");
        }
    }
}

#[test]
fn an_upstream_that_was_asked_whether_to_go_on_owes_a_word() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.rest();
    });
    let proxy = TestProxy::start(Plan::with(impatient(), &[upstream.address]).config());
    let mut client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    let (head, _) = client.response();
    assert!(head.starts_with("HTTP/1.1 504 "), "{head}");
}

#[test]
fn a_client_is_heard_out_after_its_body_was_too_long() {
    let upstream = Upstream::mirror();
    let policy = RoutePolicy {
        body_limit: BodyLimit::Bytes(5),
        ..RoutePolicy::default()
    };
    let proxy = TestProxy::start(Plan::with(policy, &[upstream.address]).config());
    let mut client = proxy.connect();
    // A chunk of 17 bytes that holds what would be the end of a body seven bytes earlier.
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("11\r\nabc\r\n0\r\n\r\n");
    let answer = client.rest();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    client.send("defghij\r\n");
    client.finish_sending();
    proxy.shut_down(Duration::ZERO, PATIENCE);
    // A socket that is closed with bytes unread, or before they come, resets the connection.
    let fault = client.stream.take_error().unwrap();
    assert!(fault.is_none(), "{fault:?}");
}

/// What an upstream has got of a body when its end came or the connection closed: how many bytes,
/// and whether another request was among them.
type Got = (usize, bool);

/// An upstream that answers a POST when it is told to, reads the body when it is told to once more,
/// says what it got, and closes.
fn early() -> (Upstream, mpsc::Sender<()>, mpsc::Receiver<Got>) {
    let (tell, told) = mpsc::channel();
    let (say, got) = mpsc::channel();
    let told = Mutex::new(told);
    let upstream = Upstream::scripted(move |mut connection, _| {
        let wait = || told.lock().unwrap().recv();
        while let Some(head) = connection.head() {
            let length = content_length(&head);
            if length == 0 {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
                continue;
            }
            let _ = wait();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
            let _ = wait();
            let body = connection.at_most(length);
            let _ = say.send((body.len(), body.contains("GET ")));
            return;
        }
    });
    (upstream, tell, got)
}

#[test]
fn a_connection_that_lacks_the_end_of_a_body_carries_no_other_request() {
    let (upstream, tell, got) = early();
    let policy = RoutePolicy {
        body_limit: BodyLimit::Unlimited,
        ..RoutePolicy::default()
    };
    let mut plan = Plan::default();
    plan.route("a", "/", policy, &[upstream.address]);
    let proxy = TestProxy::start(plan.config());
    // Looks for a body whose last piece has come from the client and does not fit: a shorter one goes
    // out whole, and of a longer one the client still has the end. How much fits varies a little.
    let (mut length, mut step) = (1 << 20, 2 << 20);
    for _ in 0..200 {
        let mut client = proxy.connect();
        let sending = {
            let mut stream = client.stream.try_clone().unwrap();
            let request = format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}\
                 GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "x".repeat(length)
            );
            thread::spawn(move || stream.write_all(request.as_bytes()))
        };
        // The proxy writes what fits. Where the client is held up, that is by what does not.
        for _ in 0..10 {
            let is_sent = sending.is_finished();
            proxy.settle();
            if is_sent {
                break;
            }
        }
        tell.send(()).unwrap();
        assert_eq!(client.response().1, "early");
        // It serves what follows, or not.
        proxy.settle();
        tell.send(()).unwrap();
        let (come, another) = got.recv_timeout(2 * PATIENCE).unwrap();
        assert!(
            !another,
            "a request was sent as the bytes of a body after {come} of {length}"
        );
        let kept = client.rest().ends_with("other");
        drop(client);
        let _ = sending.join().unwrap();
        match kept {
            true if come < length => return,
            true => length += step,
            false => length = length.saturating_sub(step).max(16 << 10),
        }
        step = (step / 2).max(8 << 10);
    }
    panic!("no length was the one looked for");
}
