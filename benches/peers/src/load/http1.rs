//! HTTP/1.1 keep-alive load: one request at a time on each connection.

use std::io::{self, Read, Write};

use anyhow::{Context, Result, bail};
use mio::{Interest, net::TcpStream};

use super::{
    request::LoadArgs,
    response::Response,
    window::{Budget, Session, Turn},
};

/// One keep-alive connection.
pub(super) struct Http1 {
    socket: TcpStream,
    registered: bool,
    requests: Vec<Vec<u8>>,
    next: usize,
    written: Option<usize>,
    outstanding: bool,
    expected: usize,
    response: Response,
}

impl Http1 {
    /// Connects the connection at `index`.
    pub(super) fn new(args: &LoadArgs, index: usize) -> Result<Self> {
        Ok(Self {
            socket: connect(args)?,
            registered: false,
            requests: args.http1_requests(index),
            next: index,
            written: None,
            outstanding: false,
            expected: args.answer,
            response: Response::default(),
        })
    }

    fn request(&mut self, budget: &mut Budget) -> Result<()> {
        if budget.take() {
            self.next = (self.next + 1) % self.requests.len();
            self.outstanding = true;
            self.written = Some(0);
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let request = &self.requests[self.next];
        while let Some(written) = self.written {
            if written == request.len() {
                self.written = None;
                break;
            }
            match self.socket.write(&request[written..]) {
                Ok(count) => self.written = Some(written + count),
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(error).context("write a request"),
            }
        }
        Ok(())
    }
}

impl Session for Http1 {
    fn begin(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        if !self.registered {
            let interest = Interest::READABLE | Interest::WRITABLE;
            turn.registry
                .register(&mut self.socket, turn.token, interest)?;
            self.registered = true;
        }
        self.request(turn.budget)
    }

    fn advance(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        self.write()?;
        loop {
            let read = match self.socket.read(turn.scratch) {
                Ok(0) => bail!("the proxy closed a keep-alive connection"),
                Ok(read) => read,
                Err(error) if would_block(&error) => return Ok(()),
                Err(error) => return Err(error).context("read an answer"),
            };
            if !self.outstanding {
                bail!("bytes without a request");
            }
            if self.response.feed(&turn.scratch[..read], self.expected)? {
                self.outstanding = false;
                turn.budget.complete();
                self.request(turn.budget)?;
            }
            // Edge-triggered, yet a short read has drained the socket.
            if read < turn.scratch.len() {
                return Ok(());
            }
        }
    }
}

/// Connects to the target, blocking, so that a refusal shows at once.
pub(super) fn connect(args: &LoadArgs) -> Result<TcpStream> {
    let socket = std::net::TcpStream::connect(args.target)
        .with_context(|| format!("connect to {}", args.target))?;
    socket.set_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(TcpStream::from_std(socket))
}

/// Whether `error` only says that the socket is not ready.
pub(super) fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
