//! A panic in one request costs that request, not its worker.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

/// Runs a future; `None` if it panicked. What it was at work on is to be thrown away then: nothing
/// that it had borrowed may be trusted to be consistent.
///
/// The caller pins it: a connection would have room for it twice if it were moved in here.
pub(super) fn catch_panic<T>(
    mut future: Pin<&mut impl Future<Output = T>>,
) -> impl Future<Output = Option<T>> {
    poll_fn(
        move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        },
    )
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_none_and_everything_else_passes() {
        assert_eq!(catch_panic(pin!(async { 1 })).await, Some(1));
        let panics = pin!(async {
            tokio::task::yield_now().await;
            assert_eq!(1, 2, "this panic is part of the test");
        });
        assert_eq!(catch_panic(panics).await, None);
    }
}
