//! A request's body on its way to hyper's client, which asks for it from a task of its own.
//!
//! Invariant: at most one piece waits. A sender that is dropped before the end breaks the body off, so
//! that the upstream never takes a part for the whole.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use h2::Reason;
use http::HeaderMap;
use http_body::{Body, Frame};

use crate::upstream::BodyError;

/// What the two ends share.
#[derive(Debug, Default)]
struct State {
    piece: Option<Bytes>,
    end: Option<End>,
    /// The task that waits: there is one at a time, on either side.
    reader: Option<Waker>,
    writer: Option<Waker>,
    reader_gone: bool,
}

#[derive(Debug)]
enum End {
    Whole(Option<HeaderMap>),
    Broken,
    Told,
}

/// The end that is given the body.
#[derive(Debug)]
pub(super) struct BodySender(Rc<RefCell<State>>);

/// The end that hyper reads.
#[derive(Debug)]
pub(super) struct ChannelBody(Rc<RefCell<State>>);

/// Two ends; `first` is the first piece, if there is one.
pub(super) fn channel(first: Bytes) -> (BodySender, ChannelBody) {
    let state = Rc::new(RefCell::new(State {
        piece: (!first.is_empty()).then_some(first),
        ..State::default()
    }));
    (BodySender(Rc::clone(&state)), ChannelBody(state))
}

impl BodySender {
    /// Ready when a piece may be sent; `false` if nobody reads any more.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.0.borrow_mut();
        if state.reader_gone {
            Poll::Ready(false)
        } else if state.piece.is_none() {
            Poll::Ready(true)
        } else {
            state.writer = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    /// Sends a piece, once there is room.
    pub(super) fn send(&self, piece: Bytes) {
        self.set(|state| state.piece = Some(piece));
    }

    /// Ends the body.
    pub(super) fn finish(self, trailers: Option<HeaderMap>) {
        self.set(|state| state.end = Some(End::Whole(trailers)));
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.borrow_mut();
        change(&mut state);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Drop for BodySender {
    fn drop(&mut self) {
        self.set(|state| {
            state.end.get_or_insert(End::Broken);
        });
    }
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut state = self.0.borrow_mut();
        if let Some(piece) = state.piece.take() {
            let writer = state.writer.take();
            drop(state);
            if let Some(writer) = writer {
                writer.wake();
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match state.end {
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(_) => Poll::Ready(match state.end.replace(End::Told) {
                Some(End::Whole(Some(trailers))) => Some(Ok(Frame::trailers(trailers))),
                Some(End::Broken) => Some(Err(h2::Error::from(Reason::CANCEL).into())),
                Some(End::Whole(None) | End::Told) | None => None,
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        let state = self.0.borrow();
        state.piece.is_none() && matches!(state.end, Some(End::Whole(None) | End::Told))
    }
}

impl Drop for ChannelBody {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.reader_gone = true;
        state.piece = None;
        let writer = state.writer.take();
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
    }
}
