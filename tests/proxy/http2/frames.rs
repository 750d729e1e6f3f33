//! Frames as bytes (RFC 9113 section 4), for what no well-behaved client sends.

use std::io::Read;

use crate::support::{Client, TestProxy};

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const REFUSED_STREAM: u32 = 7;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// `GET /`, or `POST /`, for `http://a.example`, without an entry in the dynamic table.
pub(super) const GET: &[u8] = b"\x82\x86\x84\x01\x09a.example";
pub(super) const POST: &[u8] = b"\x83\x86\x84\x01\x09a.example";

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(9 + payload.len());
    let length = u32::try_from(payload.len()).unwrap();
    frame.extend_from_slice(&length.to_be_bytes()[1..]);
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A field whose name and value stand there as they are, without an entry in the dynamic table.
pub(super) fn field(name: &str, value: &str) -> Vec<u8> {
    let (name, value) = (name.as_bytes(), value.as_bytes());
    let length = |text: &[u8]| u8::try_from(text.len()).unwrap();
    [&[0, length(name)], name, &[length(value)], value].concat()
}

/// A connection that has said hello.
pub(super) fn connect(proxy: &TestProxy) -> Client {
    let mut client = proxy.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client.send(frame(SETTINGS, 0, 0, b""));
    client
}

/// A frame that came.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The error code of RST_STREAM and GOAWAY.
    pub(super) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// The frames that come until one is what is looked for; `None` at the end of the connection.
pub(super) fn find(client: &mut Client, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
    loop {
        let frame = next(client)?;
        if wanted(&frame) {
            return Some(frame);
        }
    }
}

/// Why the connection was ended, as far as it was said.
pub(super) fn why_ended(client: &mut Client) -> Option<u32> {
    find(client, |frame| frame.kind == GOAWAY).map(|frame| frame.code())
}

fn next(client: &mut Client) -> Option<Frame> {
    let mut head = [0; 9];
    client.stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    client.stream.read_exact(&mut payload).ok()?;
    Some(Frame {
        kind: head[3],
        stream: u32::from_be_bytes(head[5..].try_into().unwrap()),
        payload,
    })
}
