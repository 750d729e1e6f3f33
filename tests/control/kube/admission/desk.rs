//! Reviews that wait for their turn.

use std::sync::Arc;

use portcullis::control::admission::{NoRuling, Ruled, Unread, attend, desk};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    super::support::{settings, spawn},
    support::{ingress, judge_of, review, store, web},
};

const ROOM: usize = 1 << 20;

fn unread(text: &str, room: &Arc<Semaphore>) -> Unread {
    let permits = u32::try_from(text.len()).unwrap();
    let permit = Arc::clone(room).try_acquire_many_owned(permits).unwrap();
    Unread::new(text.to_owned().into(), permit)
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bytes_with_their_room_and_what_was_given_up_is_dropped() {
    let room = Arc::new(Semaphore::new(ROOM));
    let (desk, waiting) = desk();
    let good = review("CREATE", &ingress("new", "a.example", "/"), &Value::Null).to_string();
    let given_up = spawn({
        let (desk, review) = (desk.clone(), unread(&good, &room));
        async move { desk.ask(review).await }
    });
    let asked = spawn({
        let (desk, review) = (desk.clone(), unread(&good, &room));
        async move { desk.ask(review).await }
    });
    tokio::task::yield_now().await;
    given_up.abort();
    assert!(given_up.await.is_err());
    assert_eq!(room.available_permits(), ROOM - 2 * good.len());
    let store = store(&web());
    let judge = judge_of(&store, settings());
    let attending = spawn(async move { match attend(judge, waiting).await {} });
    let Ruled { uid, ruling } = asked.await.unwrap().unwrap();
    assert_eq!(uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
    assert!(ruling.is_allowed());
    assert_eq!(room.available_permits(), ROOM);
    let counts = [("allowed", 1), ("refused", 0), ("failed", 0)];
    assert_eq!(desk.counts().by_outcome(), counts);
    // What is none is nobody's failure.
    let refused = desk.ask(unread("{}", &room)).await.unwrap_err();
    assert!(matches!(refused, NoRuling::NoReview(_)), "{refused}");
    assert_eq!(desk.counts().by_outcome(), counts);
    attending.abort();
    assert!(attending.await.is_err());
    let refused = desk.ask(unread(&good, &room)).await.unwrap_err();
    assert_eq!(refused, NoRuling::Failed);
    assert_eq!(room.available_permits(), ROOM);
}

#[tokio::test(start_paused = true)]
async fn no_more_reviews_wait_than_there_are_places() {
    let room = Arc::new(Semaphore::new(ROOM));
    let (desk, waiting) = desk();
    let asked: Vec<_> = (0..32)
        .map(|_| {
            let (desk, review) = (desk.clone(), unread("{}", &room));
            spawn(async move { desk.ask(review).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let refused = desk.ask(unread("{}", &room)).await.unwrap_err();
    assert_eq!(refused, NoRuling::TooMany);
    drop(waiting);
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Err(NoRuling::Failed));
    }
    assert_eq!(room.available_permits(), ROOM);
}
