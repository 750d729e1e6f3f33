//! One coarse clock a worker: time limits that cost a store to arm.
//!
//! A tokio timer re-arms the reactor's wake-up on every request; here a time limit is a number in a
//! flat list which one tick every 100 ms compares with the time. Invariant: a limit never ends early
//! and at most one tick late. Non-goal: precision.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Length of a tick.
pub(crate) const TICK: Duration = Duration::from_millis(100);

const NEVER: u32 = u32::MAX;

/// The clock and every slot that hangs on it. One for each worker.
#[derive(Debug, Default)]
pub(crate) struct Ticker {
    now: Cell<u32>,
    draining: Cell<bool>,
    aborting: Cell<bool>,
    slots: RefCell<Slots>,
}

/// Kept apart from the wakers so that a tick reads four bytes a slot.
#[derive(Debug, Default)]
struct Slots {
    deadlines: Vec<u32>,
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Ticker {
    /// A slot for one task. The number of slots is bounded by the number of connections.
    pub(crate) fn slot(self: &Rc<Self>) -> Slot {
        let mut slots = self.slots.borrow_mut();
        let index = slots.free.pop().unwrap_or_else(|| {
            slots.deadlines.push(NEVER);
            slots.wakers.push(None);
            u32::try_from(slots.deadlines.len() - 1).expect("fewer connections than 2^32")
        });
        drop(slots);
        Slot {
            ticker: Rc::clone(self),
            index,
            deadline: Cell::new(NEVER),
        }
    }

    /// Moves the clock by one tick and wakes the tasks whose time is over.
    pub(crate) fn tick(&self) {
        let now = self.now.get() + 1;
        self.now.set(now);
        let mut slots = self.slots.borrow_mut();
        let Slots {
            deadlines,
            wakers,
            free: _,
        } = &mut *slots;
        for (deadline, waker) in deadlines.iter_mut().zip(wakers) {
            if *deadline <= now {
                *deadline = NEVER;
                if let Some(waker) = waker.take() {
                    waker.wake();
                }
            }
        }
    }

    /// Tells every task, now and later, that the worker is on its way out.
    pub(crate) fn start_draining(&self) {
        self.draining.set(true);
        self.wake_all();
    }

    /// Ends everything that has a slot, now and later: all time is over.
    pub(crate) fn start_aborting(&self) {
        self.aborting.set(true);
        self.wake_all();
    }

    fn wake_all(&self) {
        for waker in self
            .slots
            .borrow_mut()
            .wakers
            .iter_mut()
            .filter_map(Option::take)
        {
            waker.wake();
        }
    }

    /// Whether the worker is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }
}

/// One task's time limit.
#[derive(Debug)]
pub(crate) struct Slot {
    ticker: Rc<Ticker>,
    index: u32,
    deadline: Cell<u32>,
}

impl Slot {
    /// Sets the limit to `after` from now, rounded up to whole ticks.
    pub(crate) fn arm(&self, after: Duration) {
        let ticks = after.as_millis().div_ceil(TICK.as_millis());
        // The running tick has begun at an unknown time: one more keeps the limit from ending early.
        let ticks = u32::try_from(ticks).unwrap_or(NEVER / 2) + 1;
        self.set(self.ticker.now.get().saturating_add(ticks).min(NEVER - 1));
    }

    fn set(&self, deadline: u32) {
        self.deadline.set(deadline);
        if let Some(kept) = self
            .ticker
            .slots
            .borrow_mut()
            .deadlines
            .get_mut(self.index as usize)
        {
            *kept = deadline;
        }
    }

    /// Whether the limit has passed.
    pub(crate) fn has_expired(&self) -> bool {
        self.deadline.get() <= self.ticker.now.get() || self.is_aborting()
    }

    /// Whether everything has to end now.
    pub(crate) fn is_aborting(&self) -> bool {
        self.ticker.aborting.get()
    }

    /// Runs a future, whatever its limit, until everything has to end; `None` if that came first.
    ///
    /// The caller pins it, as with `catch_panic`.
    pub(crate) fn unless_aborting<T>(
        &self,
        mut future: Pin<&mut impl Future<Output = T>>,
    ) -> impl Future<Output = Option<T>> {
        poll_fn(move |cx| {
            if self.is_aborting() {
                return Poll::Ready(None);
            }
            let polled = future.as_mut().poll(cx);
            if polled.is_pending() {
                self.register(cx);
            }
            polled.map(Some)
        })
    }

    /// Whether the worker is on its way out.
    pub(crate) fn is_draining(&self) -> bool {
        self.ticker.is_draining()
    }

    /// Ready once the limit has passed.
    pub(crate) fn poll_expired(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_expired() {
            return Poll::Ready(());
        }
        self.register(cx);
        Poll::Pending
    }

    /// Ready once the limit has passed or the worker is on its way out.
    pub(crate) fn poll_expired_or_draining(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_draining() {
            Poll::Ready(())
        } else {
            self.poll_expired(cx)
        }
    }

    fn register(&self, cx: &Context<'_>) {
        let mut slots = self.ticker.slots.borrow_mut();
        if let Some(kept) = slots.wakers.get_mut(self.index as usize)
            && !kept
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            *kept = Some(cx.waker().clone());
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut slots = self.ticker.slots.borrow_mut();
        let index = self.index as usize;
        if let Some(deadline) = slots.deadlines.get_mut(index) {
            *deadline = NEVER;
        }
        if let Some(waker) = slots.wakers.get_mut(index) {
            *waker = None;
        }
        slots.free.push(self.index);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_limit_never_ends_early_and_wakes_its_task_once() {
        let ticker = Rc::new(Ticker::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let slot = ticker.slot();
        slot.arm(Duration::from_millis(250));
        for _ in 0..3 {
            assert!(slot.poll_expired(&mut cx).is_pending());
            ticker.tick();
        }
        assert!(
            slot.poll_expired(&mut cx).is_pending(),
            "three ticks may be only 200 ms and a bit"
        );
        ticker.tick();
        assert!(slot.poll_expired(&mut cx).is_ready());
        ticker.tick();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_slot_that_is_given_back_is_used_again_and_wakes_nobody() {
        let ticker = Rc::new(Ticker::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let first = ticker.slot();
        first.arm(Duration::ZERO);
        assert!(first.poll_expired(&mut cx).is_pending());
        let index = first.index;
        drop(first);
        let second = ticker.slot();
        assert_eq!(second.index, index);
        assert!(
            second.poll_expired(&mut cx).is_pending(),
            "a new slot has no limit"
        );
        ticker.tick();
        ticker.tick();
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn draining_wakes_every_task_that_waits() {
        let ticker = Rc::new(Ticker::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let slots = [ticker.slot(), ticker.slot()];
        for slot in &slots {
            assert!(slot.poll_expired_or_draining(&mut cx).is_pending());
        }
        ticker.start_draining();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert!(
            slots
                .iter()
                .all(|slot| slot.poll_expired_or_draining(&mut cx).is_ready())
        );
    }

    #[test]
    fn all_time_is_over_once_everything_has_to_end() {
        let ticker = Rc::new(Ticker::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let (limited, free) = (ticker.slot(), ticker.slot());
        limited.arm(Duration::from_secs(60));
        assert!(limited.poll_expired(&mut cx).is_pending());
        let mut never = std::pin::pin!(std::future::pending::<()>());
        let mut running = free.unless_aborting(never.as_mut());
        assert!(Pin::new(&mut running).poll(&mut cx).is_pending());
        ticker.start_aborting();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert!(limited.poll_expired(&mut cx).is_ready());
        assert_eq!(Pin::new(&mut running).poll(&mut cx), Poll::Ready(None));
        let mut ready = std::pin::pin!(std::future::ready(()));
        let late = ticker.slot();
        late.arm(Duration::from_secs(60));
        assert!(late.has_expired());
        let mut begins = late.unless_aborting(ready.as_mut());
        assert_eq!(Pin::new(&mut begins).poll(&mut cx), Poll::Ready(None));
    }
}
