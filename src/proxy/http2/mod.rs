//! HTTP/2 on both sides: connections from clients, and exchanges with upstreams that speak it.
//!
//! Towards clients this is `h2`, hyper's own engine, without hyper's server around it: an exchange
//! stays one future that reads the body, talks to the upstream and writes the answer, where hyper
//! polls an answer only while the client takes it, and upload and time limits would rest as long. It
//! also gives what hyper keeps to itself: interim answers, reset codes and the budget for small
//! frames. Towards upstreams it is hyper's client, which `upstream` pools.
//!
//! Invariant: heads become the same message types as HTTP/1's, through the same checks, so routing and
//! policies cannot tell the protocols apart; what is sent on is made from the same lines. Non-goal:
//! server push, extended CONNECT, priorities.
//!
//! Memory, at most: a connection holds [`limits::CONNECTION_WINDOW`] bytes of bodies that were not
//! read yet, and of that a stream [`limits::STREAM_WINDOW`]; a stream holds [`limits::SEND_BUFFER`]
//! bytes of its answer besides the buffers that an HTTP/1 exchange has. Streams in flight are counted
//! for the whole worker, see [`limits::STREAMS_OF_A_WORKER`].

mod attempt;
mod channel;
mod connection;
mod exchange;
mod fields;
mod gathered;
mod incoming;
mod limits;
mod outgoing;
mod preface;

pub(super) use attempt::Http2Attempt;
pub(super) use connection::serve;
pub(super) use limits::StreamCount;
pub(super) use preface::{Preface, Replayed, preface_in};
