//! The floor: bytes copied between two sockets, no protocol at all.
//!
//! Two reads and two writes a request, one upstream connection a client connection. What a proxy
//! costs above this is its own; what it shares with this is the kernel's. Not a proxy.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use anyhow::Result;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

const LISTENER: Token = Token(usize::MAX);

/// Relays every connection to `address` on to `upstream` until the process is ended.
pub(crate) fn serve(address: SocketAddr, upstream: SocketAddr) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(address)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut sides: Vec<Option<Side>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut scratch = vec![0; 64 << 10];
    loop {
        if let Err(error) = poll.poll(&mut events, None)
            && error.kind() != io::ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for event in &events {
            if event.token() != LISTENER {
                let index = event.token().0;
                if pump(&mut sides, index, &mut scratch).is_err() {
                    close(&mut sides, &mut free, index);
                }
                continue;
            }
            while let Ok((client, _)) = listener.accept() {
                let server = TcpStream::connect(upstream)?;
                let slots = [(); 2].map(|()| {
                    free.pop().unwrap_or_else(|| {
                        sides.push(None);
                        sides.len() - 1
                    })
                });
                let peers = [slots[1], slots[0]];
                for ((index, peer), mut socket) in
                    slots.into_iter().zip(peers).zip([client, server])
                {
                    socket.set_nodelay(true)?;
                    poll.registry().register(
                        &mut socket,
                        Token(index),
                        Interest::READABLE | Interest::WRITABLE,
                    )?;
                    sides[index] = Some(Side {
                        socket,
                        peer,
                        pending: Vec::new(),
                    });
                }
            }
        }
    }
}

/// One socket of a pair, and what could not yet be written to it.
struct Side {
    socket: TcpStream,
    peer: usize,
    pending: Vec<u8>,
}

fn pump(sides: &mut [Option<Side>], index: usize, scratch: &mut [u8]) -> io::Result<()> {
    flush(sides, index)?;
    loop {
        let Some(Some(side)) = sides.get_mut(index) else {
            return Ok(());
        };
        let peer = side.peer;
        let read = match side.socket.read(scratch) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(Some(other)) = sides.get_mut(peer) {
            let written = if other.pending.is_empty() {
                match other.socket.write(&scratch[..read]) {
                    Ok(written) => written,
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                        ) =>
                    {
                        0
                    }
                    Err(error) => return Err(error),
                }
            } else {
                0
            };
            other.pending.extend_from_slice(&scratch[written..read]);
        }
        if read < scratch.len() {
            return Ok(());
        }
    }
}

fn flush(sides: &mut [Option<Side>], index: usize) -> io::Result<()> {
    let Some(Some(side)) = sides.get_mut(index) else {
        return Ok(());
    };
    while !side.pending.is_empty() {
        match side.socket.write(&side.pending) {
            Ok(written) => drop(side.pending.drain(..written)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn close(sides: &mut [Option<Side>], free: &mut Vec<usize>, index: usize) {
    let Some(side) = sides.get_mut(index).and_then(Option::take) else {
        return;
    };
    free.push(index);
    if sides.get_mut(side.peer).and_then(Option::take).is_some() {
        free.push(side.peer);
    }
}
