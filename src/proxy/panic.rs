//! A panic in one request costs that request, not its worker.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// Runs a future; `None` if it panicked. What it was at work on is to be thrown away then: nothing
/// that it had borrowed may be trusted to be consistent.
pub(super) async fn catch_panic<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_none_and_everything_else_passes() {
        assert_eq!(catch_panic(async { 1 }).await, Some(1));
        let panics = catch_panic(async {
            tokio::task::yield_now().await;
            assert_eq!(1, 2, "this panic is part of the test");
        });
        assert_eq!(panics.await, None);
    }
}
