//! HTTP/2 load with prior knowledge: a fixed number of streams at a time on each connection.
//!
//! Fields that repeat are sent once and indexed from then on, as browsers do (RFC 7541, section
//! 6.2.1), so that proxies meet the cheap form of HPACK. Answers are checked for their status and
//! the length of their body. Not a client: no priorities, no push, no Huffman.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail, ensure};
use mio::{Interest, net::TcpStream};

use super::{
    http1::{connect, would_block},
    request::LoadArgs,
    window::{Budget, Session, Turn},
};
use crate::routes;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// The receive window asked for, of the connection and of each stream (RFC 9113, section 6.9.1).
const WINDOW: u32 = (1 << 31) - 1;

/// Bytes after which the connection's window is topped up.
const REPLENISH: u32 = 1 << 28;

/// HPACK's static `:status 200` (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

/// One connection and its streams.
pub(super) struct Http2 {
    socket: TcpStream,
    registered: bool,
    first: bool,
    host: String,
    paths: Vec<String>,
    headers: usize,
    streams: usize,
    next_stream: u32,
    open: Vec<(u32, usize)>,
    expected: usize,
    consumed: u32,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Http2 {
    /// Connects the connection at `index`.
    pub(super) fn new(args: &LoadArgs, index: usize) -> Result<Self> {
        let mut output = PREFACE.to_vec();
        // SETTINGS_ENABLE_PUSH = 0, SETTINGS_INITIAL_WINDOW_SIZE.
        let mut settings = vec![0, 2, 0, 0, 0, 0, 0, 4];
        settings.extend_from_slice(&WINDOW.to_be_bytes());
        frame(&mut output, SETTINGS, 0, 0, &settings);
        let raise = WINDOW - 65_535;
        frame(&mut output, WINDOW_UPDATE, 0, 0, &raise.to_be_bytes());
        Ok(Self {
            socket: connect(args)?,
            registered: false,
            first: true,
            host: routes::host(index % routes::HOSTS),
            paths: args.paths(),
            headers: args.headers,
            streams: args.streams,
            next_stream: 1,
            open: Vec::new(),
            expected: args.answer,
            consumed: 0,
            input: Vec::new(),
            output,
        })
    }

    fn request(&mut self, budget: &mut Budget) {
        while self.open.len() < self.streams && budget.take() {
            let path = &self.paths[self.next_stream as usize / 2 % self.paths.len()];
            let block = block(&self.host, path, self.headers, self.first);
            self.first = false;
            let stream = self.next_stream;
            self.next_stream += 2;
            self.open.push((stream, self.expected));
            frame(
                &mut self.output,
                HEADERS,
                END_STREAM | END_HEADERS,
                stream,
                &block,
            );
        }
    }

    fn write(&mut self) -> Result<()> {
        let mut written = 0;
        while written < self.output.len() {
            match self.socket.write(&self.output[written..]) {
                Ok(count) => written += count,
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(error).context("write frames"),
            }
        }
        self.output.drain(..written);
        Ok(())
    }

    fn frames(&mut self, budget: &mut Budget) -> Result<()> {
        let input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        while let Some((head, after)) = rest.split_at_checked(9) {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let Some((payload, after)) = after.split_at_checked(length) else {
                break;
            };
            let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
            self.frame(head[3], head[4], stream, payload, budget)?;
            rest = after;
        }
        self.input = rest.to_vec();
        Ok(())
    }

    fn frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
        budget: &mut Budget,
    ) -> Result<()> {
        match kind {
            DATA => {
                self.consume(payload.len());
                let body = payload.len() - padding(flags, payload)?;
                let left = self.left(stream)?;
                *left = left.checked_sub(body).context("answer too long")?;
            }
            HEADERS => {
                ensure!(flags & END_HEADERS != 0, "answer head in several frames");
                check_status(flags, payload)?;
            }
            SETTINGS if flags & ACK == 0 => {
                frame(&mut self.output, SETTINGS, ACK, 0, &[]);
            }
            PING if flags & ACK == 0 => frame(&mut self.output, PING, ACK, 0, payload),
            RST_STREAM => bail!("stream {stream} reset: {payload:?}"),
            GOAWAY => bail!("the proxy sent GOAWAY: {payload:?}"),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            let left = *self.left(stream)?;
            ensure!(left == 0, "answer short of {left} bytes");
            self.open.retain(|(open, _)| *open != stream);
            budget.complete();
        }
        Ok(())
    }

    fn left(&mut self, stream: u32) -> Result<&mut usize> {
        let found = self.open.iter_mut().find(|(open, _)| *open == stream);
        Ok(&mut found.context("frame of an unknown stream")?.1)
    }

    fn consume(&mut self, bytes: usize) {
        self.consumed += bytes as u32;
        if self.consumed > REPLENISH {
            let raise = self.consumed.to_be_bytes();
            frame(&mut self.output, WINDOW_UPDATE, 0, 0, &raise);
            self.consumed = 0;
        }
    }
}

impl Session for Http2 {
    fn begin(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !self.registered {
            let interest = Interest::READABLE | Interest::WRITABLE;
            turn.registry
                .register(&mut self.socket, turn.token, interest)?;
            self.registered = true;
        }
        self.request(turn.budget);
        self.write()
    }

    fn advance(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        loop {
            let read = match self.socket.read(turn.scratch) {
                Ok(0) => bail!("the proxy closed an HTTP/2 connection"),
                Ok(read) => read,
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(error).context("read frames"),
            };
            self.input.extend_from_slice(&turn.scratch[..read]);
            self.frames(turn.budget)?;
            self.request(turn.budget);
            if read < turn.scratch.len() {
                break;
            }
        }
        self.write()
    }
}

fn frame(output: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    output.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    output.extend_from_slice(&[kind, flags]);
    output.extend_from_slice(&stream.to_be_bytes());
    output.extend_from_slice(payload);
}

/// The field block of a request: literals that enter the dynamic table at first, then indices.
fn block(host: &str, path: &str, headers: usize, first: bool) -> Vec<u8> {
    // :method GET, :scheme http; :path is a literal that stays out of the table.
    let mut block = vec![0x82, 0x86, 0x04];
    string(&mut block, path);
    let fields = routes::fields(headers);
    if first {
        block.push(0x41);
        string(&mut block, host);
        for (name, value) in fields {
            block.push(0x40);
            string(&mut block, name);
            string(&mut block, value);
        }
    } else {
        // The newest entry is 62, so the authority, entered first, has the highest index.
        let authority = 62 + fields.len() as u8;
        block.extend((62..=authority).rev().map(|index| 0x80 | index));
    }
    block
}

/// A string literal without Huffman coding (RFC 7541, section 5.2).
fn string(block: &mut Vec<u8>, text: &str) {
    match text.len() {
        length @ ..127 => block.push(length as u8),
        length => {
            block.push(127);
            let mut rest = length - 127;
            while rest >= 128 {
                block.push(0x80 | (rest % 128) as u8);
                rest /= 128;
            }
            block.push(rest as u8);
        }
    }
    block.extend_from_slice(text.as_bytes());
}

fn padding(flags: u8, payload: &[u8]) -> Result<usize> {
    if flags & PADDED == 0 {
        return Ok(0);
    }
    let pad = *payload.first().context("padded frame without padding")?;
    Ok(usize::from(pad) + 1)
}

/// Refuses an answer whose first field is not the indexed `:status 200`.
fn check_status(flags: u8, payload: &[u8]) -> Result<()> {
    let skip = usize::from(flags & PADDED != 0) + if flags & PRIORITY != 0 { 5 } else { 0 };
    let status = payload.iter().skip(skip).find(|byte| *byte & 0xe0 != 0x20);
    ensure!(
        status == Some(&STATUS_200),
        "answer is not a 200: {payload:?}"
    );
    Ok(())
}
