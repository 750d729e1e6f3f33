//! The upstream every proxy forwards to: one thread, fixed answers, sizes by path.
//!
//! A request is answered only after its whole body was read. Not a server for anything else: heads
//! are trusted, and request bodies must have a `Content-Length`.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::SocketAddr,
};

use anyhow::{Context, Result};
use memchr::memmem;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use socket2::{Domain, Socket, Type};

/// Largest answer a path may ask for, in bytes.
const MAX_ANSWER: usize = 16 << 20;

/// Largest request head, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// What answers an upgrade; every byte after it comes back.
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

const LISTENER: Token = Token(usize::MAX);

/// Serves on `address` until the process is ended.
pub(crate) fn serve(address: SocketAddr) -> Result<()> {
    let mut backend = Backend::bind(address)?;
    let mut events = Events::with_capacity(1024);
    loop {
        if let Err(error) = backend.poll.poll(&mut events, None)
            && error.kind() != io::ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for event in &events {
            if event.token() == LISTENER {
                backend.accept()?;
            } else {
                backend.ready(event.token());
            }
        }
    }
}

struct Backend {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    open: usize,
    held: Vec<usize>,
    answers: HashMap<usize, Vec<u8>>,
    scratch: Vec<u8>,
}

struct Connection {
    socket: TcpStream,
    input: Vec<u8>,
    body_left: usize,
    answer: Answer,
    head: Vec<u8>,
    upgraded: bool,
    output: Vec<u8>,
    written: usize,
}

/// What the request line asked for.
#[derive(Clone, Copy)]
enum Answer {
    Sized(usize),
    Hold(usize),
    Open,
    Head,
    Upgrade,
}

impl Backend {
    fn bind(address: SocketAddr) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket
            .bind(&address.into())
            .with_context(|| format!("bind {address}"))?;
        socket.listen(4096)?;
        let mut listener = TcpListener::from_std(socket.into());
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            connections: Vec::new(),
            free: Vec::new(),
            open: 0,
            held: Vec::new(),
            answers: HashMap::new(),
            scratch: vec![0; 64 << 10],
        })
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            socket.set_nodelay(true)?;
            let index = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            self.poll.registry().register(
                &mut socket,
                Token(index),
                Interest::READABLE | Interest::WRITABLE,
            )?;
            self.connections[index] = Some(Connection::new(socket));
            self.open += 1;
        }
    }

    fn ready(&mut self, token: Token) {
        let index = token.0;
        if self.serve_connection(index).is_err()
            && let Some(slot) = self.connections.get_mut(index)
            && slot.take().is_some()
        {
            self.free.push(index);
            self.held.retain(|held| *held != index);
            self.open -= 1;
        }
    }

    fn serve_connection(&mut self, index: usize) -> io::Result<()> {
        let Some(Some(connection)) = self.connections.get_mut(index) else {
            return Ok(());
        };
        connection.flush()?;
        loop {
            let Some(Some(connection)) = self.connections.get_mut(index) else {
                return Ok(());
            };
            let read = match connection.socket.read(&mut self.scratch) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if connection.upgraded {
                connection.send(&self.scratch[..read])?;
                continue;
            }
            connection.input.extend_from_slice(&self.scratch[..read]);
            while let Some(Some(connection)) = self.connections.get_mut(index) {
                let Some(answer) = connection.next_request()? else {
                    break;
                };
                self.answer(index, answer)?;
            }
            // Edge-triggered, yet a short read has drained the socket.
            if read < self.scratch.len() {
                return Ok(());
            }
        }
    }

    fn answer(&mut self, index: usize, answer: Answer) -> io::Result<()> {
        match answer {
            Answer::Sized(bytes) => self.send_sized(index, bytes),
            Answer::Hold(count) => {
                self.held.push(index);
                if self.held.len() < count {
                    return Ok(());
                }
                for held in std::mem::take(&mut self.held) {
                    self.send_sized(held, 512)?;
                }
                Ok(())
            }
            Answer::Open => {
                let open = (self.open - 1).to_string();
                self.send(index, &response(open.as_bytes()))
            }
            Answer::Head => {
                let head = match self.connections.get_mut(index) {
                    Some(Some(connection)) => std::mem::take(&mut connection.head),
                    _ => Vec::new(),
                };
                self.send(index, &response(&head))
            }
            Answer::Upgrade => {
                if let Some(Some(connection)) = self.connections.get_mut(index) {
                    connection.upgraded = true;
                }
                self.send(index, SWITCHING)
            }
        }
    }

    fn send_sized(&mut self, index: usize, bytes: usize) -> io::Result<()> {
        let answer = self
            .answers
            .entry(bytes)
            .or_insert_with(|| response(&vec![b'x'; bytes]));
        match self.connections.get_mut(index) {
            Some(Some(connection)) => connection.send(answer),
            _ => Ok(()),
        }
    }

    fn send(&mut self, index: usize, bytes: &[u8]) -> io::Result<()> {
        match self.connections.get_mut(index) {
            Some(Some(connection)) => connection.send(bytes),
            _ => Ok(()),
        }
    }
}

impl Connection {
    fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            input: Vec::new(),
            body_left: 0,
            answer: Answer::Sized(0),
            head: Vec::new(),
            upgraded: false,
            output: Vec::new(),
            written: 0,
        }
    }

    /// Takes one whole request off the input, head and body.
    fn next_request(&mut self) -> io::Result<Option<Answer>> {
        if self.body_left == 0 {
            let Some(end) = memmem::find(&self.input, b"\r\n\r\n") else {
                return if self.input.len() > MAX_HEAD {
                    Err(io::ErrorKind::InvalidData.into())
                } else {
                    Ok(None)
                };
            };
            let head = &self.input[..end];
            self.answer = asked(head).ok_or(io::ErrorKind::InvalidData)?;
            let body = content_length(head)?;
            if matches!(self.answer, Answer::Head) {
                self.head = head.to_vec();
            }
            self.input.drain(..end + 4);
            self.body_left = body;
        }
        let taken = self.body_left.min(self.input.len());
        self.input.drain(..taken);
        self.body_left -= taken;
        Ok((self.body_left == 0).then_some(self.answer))
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.output.is_empty() {
            self.output.extend_from_slice(bytes);
            return Ok(());
        }
        let mut written = 0;
        while written < bytes.len() {
            match self.socket.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.output = bytes[written..].to_vec();
                    self.written = 0;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.output.len() {
            match self.socket.write(&self.output[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(())
    }
}

fn asked(head: &[u8]) -> Option<Answer> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let target = line.split(|byte| *byte == b' ').nth(1)?;
    let target = std::str::from_utf8(target).ok()?;
    let mut segments = target.rsplit('/');
    let last = segments.next()?;
    if last == "open" {
        return Some(Answer::Open);
    }
    if last == "head" {
        return Some(Answer::Head);
    }
    if last == "upgrade" {
        return Some(Answer::Upgrade);
    }
    let number: usize = last.parse().unwrap_or(0);
    match segments.next() {
        Some("hold") => Some(Answer::Hold(number)),
        _ if number <= MAX_ANSWER => Some(Answer::Sized(number)),
        _ => None,
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            return std::str::from_utf8(&value[1..])
                .ok()
                .and_then(|value| value.trim().parse().ok())
                .ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Err(io::ErrorKind::Unsupported.into());
        }
    }
    Ok(0)
}

fn response(body: &[u8]) -> Vec<u8> {
    let mut response = format!(
        "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Sun, 22 Nov 2026 22:00:00 GMT\r\n\
         Content-Type: text/plain\r\nCache-Control: no-cache\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    response.extend_from_slice(body);
    response
}
