//! The bodies of requests: those that are read, and those that are of no use.
//!
//! Invariant: what is held of all bodies together is bounded; what is not held is let go as it comes.
//!
//! Bounds: [`BODY`] bytes and [`VALUES`] values, [`BODIES`] bytes of them together; [`DISCARDED`] bytes of a
//! body that is of no use.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

/// Bytes of a review. An object has at most 1.5 MiB, and an update brings two.
pub const BODY: usize = 3 << 20;
/// Bytes of all reviews that are held.
pub(super) const BODIES: usize = 8 * BODY;
/// Values of a review, at least: each may take some hundred bytes of memory once it is read.
const VALUES: usize = 100_000;
/// Bytes that are taken of a request which is refused.
const DISCARDED: usize = 2 * BODY;

/// Reads a body, and keeps its room for as long as what it gives is kept. Room is taken for all of it at
/// once: whoever waited for more would keep what others wait for.
pub(super) async fn read(
    body: &mut Incoming,
    bodies: &Semaphore,
) -> Result<(Bytes, impl Sized), (StatusCode, String)> {
    let refuse = |status, reason: String| Err((status, reason));
    let Some(length) = body.size_hint().exact() else {
        let reason = "a review says how long it is".to_owned();
        return refuse(StatusCode::LENGTH_REQUIRED, reason);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let Some(permits) = u32::try_from(length).ok().filter(|_| length <= BODY) else {
        let reason = format!("a review has at most {BODY} bytes");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, reason);
    };
    let Ok(room) = bodies.try_acquire_many(permits) else {
        let reason = "too many reviews come at a time".to_owned();
        return refuse(StatusCode::SERVICE_UNAVAILABLE, reason);
    };
    let mut all = BytesMut::with_capacity(length);
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => all.extend_from_slice(&data),
            Ok(Err(_)) => {}
            Err(error) => return refuse(StatusCode::BAD_REQUEST, error.to_string()),
        }
    }
    // What each value but the first follows on.
    let values = all.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{'));
    if values.count() > VALUES {
        let reason = format!("a review has at most {VALUES} values");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, reason);
    }
    Ok((all.freeze(), room))
}

/// Takes what follows of a body and lets it go, up to a bound and a time. Whoever is still sending when
/// the connection is closed is told that it was reset, and may lose the answer over it.
pub(super) async fn discard(body: &mut (impl Body<Data = Bytes> + Unpin), until: Instant) {
    let discarded = async {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.into_data().map_or(0, |data| data.len());
            match left.checked_sub(length) {
                Some(less) => left = less,
                None => break,
            }
        }
    };
    // The bytes that are too many, or too late, are the sender's own loss.
    let _ = timeout_at(until, discarded).await;
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures_util::{StreamExt as _, stream};
    use http_body_util::StreamBody;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_of_no_use_is_taken_up_to_a_bound_and_a_time() {
        const PIECE: usize = 1 << 16;
        let piece = Bytes::from(vec![0; PIECE]);
        let start = Instant::now();
        let until = start + Duration::from_secs(10);
        let mut taken = 0;
        let endless = stream::repeat_with(|| {
            taken += 1;
            Ok::<_, Infallible>(Frame::data(piece.clone()))
        });
        discard(&mut StreamBody::new(endless), until).await;
        assert_eq!(taken, DISCARDED / PIECE + 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
        let one = stream::once(async { Ok::<_, Infallible>(Frame::data(piece.clone())) });
        discard(
            &mut StreamBody::new(Box::pin(one.chain(stream::pending()))),
            until,
        )
        .await;
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }
}
