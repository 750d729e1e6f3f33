//! The way down: unready, draining, aborted.
//!
//! Invariant: every task that is tracked has a deadline. Non-goal: what a task does on its way out;
//! it watches the stage and decides.

use std::{future::Future, io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::timeout,
};
use tokio_util::task::TaskTracker;

/// How far on its way down the process is; stages only go up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Serving.
    #[default]
    Running,
    /// Not ready any more, and still accepting, so that whoever sends requests here can turn away.
    Unready,
    /// Not accepting; what is idle is closed, what is under way may come to its end.
    Draining,
    /// Whatever is still open ends now.
    Aborted,
}

/// How long the stages last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Of [`Stage::Unready`].
    pub delay: Duration,
    /// Of [`Stage::Draining`], at most.
    pub grace: Duration,
}

/// How the way down ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything came to its end by itself.
    Drained,
    /// The grace was over first, and some exchanges were aborted.
    GraceOver,
    /// A second signal did not want to wait.
    Forced,
}

/// Time for aborted tasks to let go.
const ABORT: Duration = Duration::from_secs(1);

/// The process' way down: says the stage, and waits for tasks.
#[derive(Debug, Default)]
pub struct Shutdown {
    stage: watch::Sender<Stage>,
    tasks: TaskTracker,
}

/// Sees how far on its way down the process is.
#[derive(Clone, Debug)]
pub struct StageWatch(watch::Receiver<Stage>);

impl Shutdown {
    /// A process that is serving.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sees the stage, now and later.
    pub fn watch(&self) -> StageWatch {
        StageWatch(self.stage.subscribe())
    }

    /// What has to end before the process does. Futures from any runtime can be tracked.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Goes all the way down. `second` is ready when somebody does not want to wait any longer.
    pub async fn run(&self, schedule: Schedule, second: impl Future<Output = ()>) -> Ended {
        let Schedule { delay, grace } = schedule;
        self.enter(Stage::Unready);
        let orderly = async {
            tokio::time::sleep(delay).await;
            self.enter(Stage::Draining);
            self.tasks.close();
            timeout(grace, self.tasks.wait()).await
        };
        let ended = tokio::select! {
            biased;
            () = second => Ended::Forced,
            drained = orderly => match drained {
                Ok(()) => Ended::Drained,
                Err(_) => Ended::GraceOver,
            },
        };
        self.enter(Stage::Aborted);
        self.tasks.close();
        // What does not even let go now ends with the process.
        let _ = timeout(ABORT, self.tasks.wait()).await;
        ended
    }

    fn enter(&self, stage: Stage) {
        tracing::info!(?stage, "shutting down");
        self.stage.send_replace(stage);
    }
}

impl StageWatch {
    /// The stage of the moment.
    pub fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Waits until `stage` or a later one is reached; at once when the process has let go already.
    pub async fn reached(&mut self, stage: Stage) {
        // An error means that nobody can say anything any more, which is as late as it gets.
        let _ = self.0.wait_for(|now| *now >= stage).await;
    }
}

/// SIGTERM and SIGINT: the process should end.
#[derive(Debug)]
pub struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    /// Listens from now on; needs a runtime with its I/O driver.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// SIGHUP and SIGUSR1: log files were moved away and should be opened again.
#[derive(Debug)]
pub struct ReopenSignals {
    hang_up: Signal,
    user: Signal,
}

impl ReopenSignals {
    /// Listens from now on; needs a runtime with its I/O driver.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.hang_up.recv() => {}
            _ = self.user.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::{Instant, sleep};

    use super::*;

    const SCHEDULE: Schedule = Schedule {
        delay: Duration::from_secs(5),
        grace: Duration::from_secs(20),
    };

    /// When each stage was reached, in seconds since the start.
    async fn times(mut watch: StageWatch, start: Instant) -> [u64; 3] {
        let mut times = [0; 3];
        for (time, stage) in times
            .iter_mut()
            .zip([Stage::Unready, Stage::Draining, Stage::Aborted])
        {
            watch.reached(stage).await;
            *time = start.elapsed().as_secs();
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_end_by_themselves_end_the_grace_early() {
        let shutdown = Shutdown::new();
        let mut watch = shutdown.watch();
        assert_eq!(watch.stage(), Stage::Running);
        shutdown.tasks().spawn(async move {
            watch.reached(Stage::Draining).await;
            sleep(Duration::from_secs(3)).await;
        });
        let watch = shutdown.watch();
        let start = Instant::now();
        let (ended, times) = tokio::join!(shutdown.run(SCHEDULE, pending()), times(watch, start));
        assert_eq!((ended, times), (Ended::Drained, [0, 5, 8]));
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_do_not_end_are_aborted_after_the_grace() {
        let shutdown = Shutdown::new();
        let mut watch = shutdown.watch();
        shutdown
            .tasks()
            .spawn(async move { watch.reached(Stage::Aborted).await });
        shutdown.tasks().spawn(pending::<()>());
        let watch = shutdown.watch();
        let start = Instant::now();
        let (ended, times) = tokio::join!(shutdown.run(SCHEDULE, pending()), times(watch, start));
        assert_eq!((ended, times), (Ended::GraceOver, [0, 5, 25]));
        assert_eq!(
            start.elapsed(),
            Duration::from_secs(26),
            "the end does not wait for ever"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_aborts_at_once() {
        let shutdown = Shutdown::new();
        let mut watch = shutdown.watch();
        shutdown
            .tasks()
            .spawn(async move { watch.reached(Stage::Aborted).await });
        let start = Instant::now();
        assert_eq!(shutdown.run(SCHEDULE, ready(())).await, Ended::Forced);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
