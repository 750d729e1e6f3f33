//! Clients that ask for more than is due.

use http::Request;

use super::{
    client::{Client, run, uri},
    frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GET, HEADERS, PING, POST,
        REFUSED_STREAM, RST_STREAM, SETTINGS, connect, field, find, frame, why_ended,
    },
};
use crate::support::{Plan, TestProxy, Upstream, read_request};

/// A proxy in front of an upstream that answers.
fn proxy() -> TestProxy {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    TestProxy::start(Plan::to(&upstream))
}

fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

#[test]
fn a_client_that_resets_what_it_opens_is_cut_off() {
    let proxy = proxy();
    let mut client = connect(&proxy);
    let mut flood = Vec::new();
    for stream in streams().take(1000) {
        flood.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, GET));
        flood.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    client.send(flood);
    assert_eq!(why_ended(&mut client), Some(ENHANCE_YOUR_CALM));
    run(async { assert_eq!(Client::to(proxy.address).await.get("/").await.status(), 200) });
}

#[test]
fn stream_101_is_refused() {
    let upstream = Upstream::scripted(|mut connection, _| {
        // Nothing is answered as long as the request is not whole.
        while read_request(&mut connection).is_some() {}
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    let mut client = connect(&proxy);
    for stream in streams().take(101) {
        client.send(frame(HEADERS, END_HEADERS, stream, POST));
    }
    let refused = find(&mut client, |frame| frame.kind == RST_STREAM).unwrap();
    assert_eq!((refused.stream, refused.code()), (201, REFUSED_STREAM));
}

#[test]
fn a_head_with_too_many_fields_is_answered_431_and_recorded() {
    let proxy = proxy();
    run(async {
        let client = Client::to(proxy.address).await;
        for (fields, status) in [(99, 200), (100, 431)] {
            let mut request = Request::get(uri("/"));
            for number in 0..fields {
                request = request.header(format!("x-{number}"), "1");
            }
            let answer = client.ask(request.body(()).unwrap(), &[]).await.unwrap();
            assert_eq!(answer.status(), status, "{fields} fields and Host");
        }
    });
    assert!(proxy.into_log().contains("\"status\":431"));
}

#[test]
fn a_head_that_is_too_long_is_answered_431() {
    let proxy = proxy();
    run(async {
        let client = Client::to(proxy.address).await;
        for (length, status) in [(30 << 10, 200), (33 << 10, 431), (100 << 10, 431)] {
            let request = Request::get(uri("/")).header("x-long", "a".repeat(length));
            let answer = client.ask(request.body(()).unwrap(), &[]).await.unwrap();
            assert_eq!(answer.status(), status, "{length} bytes");
        }
        let answer = client.get(&format!("/{}", "a".repeat(9 << 10))).await;
        assert_eq!(answer.status(), 414);
    });
}

#[test]
fn a_small_block_that_decodes_to_a_large_head_is_not_decoded_whole() {
    let proxy = proxy();
    let mut client = connect(&proxy);
    // One entry in the dynamic table, named many times.
    let mut block = GET.to_vec();
    block.extend(b"\x40\x01x\x7f\xa1\x1e");
    block.extend([b'a'; 4000]);
    block.extend([0xbe; 12_000]);
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, &block));
    let end = find(&mut client, |frame| {
        frame.kind == super::frames::GOAWAY || frame.stream == 1
    })
    .unwrap();
    // It is 431 without a body, or the end of the connection.
    assert!(end.kind != DATA, "{end:?}");
    run(async { assert_eq!(Client::to(proxy.address).await.get("/").await.status(), 200) });
}

#[test]
fn a_head_in_endless_pieces_is_cut_off() {
    let proxy = proxy();
    let mut client = connect(&proxy);
    client.send(frame(HEADERS, END_STREAM, 1, GET));
    for _ in 0..1000 {
        client.send(frame(CONTINUATION, 0, 1, &field("x", "y")));
    }
    assert_eq!(why_ended(&mut client), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn a_flood_of_empty_data_is_cut_off() {
    let proxy = proxy();
    let mut client = connect(&proxy);
    client.send(frame(HEADERS, END_HEADERS, 1, POST));
    let empty = frame(DATA, 0, 1, b"");
    client.send(empty.repeat(10_000));
    assert_eq!(why_ended(&mut client), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn pings_and_settings_are_answered_no_faster_than_they_are_read() {
    let proxy = proxy();
    let mut client = connect(&proxy);
    let both = [frame(PING, 0, 0, b"hello!!!"), frame(SETTINGS, 0, 0, b"")].concat();
    client.send(both.repeat(2000));
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET));
    let pongs = std::cell::Cell::new(0);
    find(&mut client, |frame| {
        pongs.set(pongs.get() + u32::from(frame.kind == PING));
        frame.kind == HEADERS
    })
    .unwrap();
    assert_eq!(pongs.get(), 2000);
}
