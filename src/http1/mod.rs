//! The HTTP/1.1 codec, both sides: heads, framing, chunks; strict RFC 9112, no I/O.
//!
//! Invariant: what is ambiguous is refused, never repaired. Non-goal: connections and time-outs;
//! those are `proxy` and `upstream`.
