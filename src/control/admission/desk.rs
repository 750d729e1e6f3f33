//! Where reviews wait for their turn.
//!
//! One thread reads and judges, one review after another, since each goes on from what the last one left.
//! What waits is the bytes.
//!
//! Bounds: [`WAITING`] reviews.

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{Counts, Judge, NotReady, Review, ReviewError, Ruling, Unread};

/// Most reviews that wait.
const WAITING: usize = 32;
/// Least time between two looks at the store that nobody waits for. They keep the next review short.
const PERIOD: Duration = Duration::from_secs(1);

/// Takes reviews in; clones are the same one.
#[derive(Clone, Debug)]
pub struct Desk {
    waiting: mpsc::Sender<Asked>,
    counts: Arc<Counts>,
}

/// The reviews that wait, for whoever judges.
#[derive(Debug)]
pub struct Waiting(mpsc::Receiver<Asked>);

#[derive(Debug)]
struct Asked {
    review: Unread,
    answer: oneshot::Sender<Result<Ruled, NoRuling>>,
}

/// What is answered to a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// What the answer has to repeat.
    pub uid: String,
    /// Whether the object may come in.
    pub ruling: Ruling,
}

/// Why a review is not answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NoRuling {
    /// It is none.
    #[error(transparent)]
    NoReview(#[from] ReviewError),
    /// Not yet.
    #[error("not ready: {0}")]
    NotReady(#[from] NotReady),
    /// There are too many.
    #[error("too many reviews wait")]
    TooMany,
    /// Nobody judges any more, or something went wrong in this one.
    #[error("the review has failed")]
    Failed,
}

/// Both sides.
pub fn desk() -> (Desk, Waiting) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let desk = Desk {
        waiting: sender,
        counts: Arc::default(),
    };
    (desk, Waiting(receiver))
}

impl Desk {
    /// Has an object judged. A review that is given up before its turn keeps its bytes until then.
    ///
    /// # Errors
    /// Nobody can say.
    pub async fn ask(&self, review: Unread) -> Result<Ruled, NoRuling> {
        let ruled = self.wait(review).await;
        self.counts.note(&ruled);
        ruled
    }

    /// How those that were asked for have ended.
    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    async fn wait(&self, review: Unread) -> Result<Ruled, NoRuling> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked { review, answer };
        self.waiting.try_send(asked).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NoRuling::TooMany,
            mpsc::error::TrySendError::Closed(_) => NoRuling::Failed,
        })?;
        answered.await.unwrap_or(Err(NoRuling::Failed))
    }
}

/// Answers reviews for as long as it is polled. Blocks the thread while it does.
pub async fn attend(mut judge: Judge, Waiting(mut waiting): Waiting) -> Infallible {
    let mut next_look = Instant::now();
    loop {
        let look = async {
            sleep_until(next_look).await;
            judge.news().await;
        };
        tokio::select! {
            biased;
            Some(asked) = waiting.recv() => answer(&mut judge, asked),
            () = look => {
                let looked = guarded(&mut judge, |judge| judge.keep_up().map_err(Into::into));
                if let Err(reason) = looked {
                    tracing::debug!(%reason, "reviews are not answered yet");
                }
                next_look = Instant::now() + PERIOD;
            }
        }
    }
}

fn answer(judge: &mut Judge, Asked { review, answer }: Asked) {
    // Whoever asked has gone: nobody reads it.
    if answer.is_closed() {
        return;
    }
    let ruled = guarded(judge, |judge| {
        let read = Review::parse(review.bytes())?;
        drop(review);
        let ruling = judge.rule(&read)?;
        if let Some(object) = read.object() {
            let allowed = ruling.is_allowed();
            tracing::debug!(%object, allowed, "reviewed");
        }
        let uid = read.uid;
        Ok(Ruled { uid, ruling })
    });
    // So have they meanwhile.
    let _ = answer.send(ruled);
}

/// An object that nobody thought of ends its own review and no other.
fn guarded<T>(
    judge: &mut Judge,
    work: impl FnOnce(&mut Judge) -> Result<T, NoRuling>,
) -> Result<T, NoRuling> {
    catch_unwind(AssertUnwindSafe(|| work(judge))).unwrap_or_else(|_| {
        tracing::error!("a review has ended in a panic");
        judge.start_anew();
        Err(NoRuling::Failed)
    })
}
