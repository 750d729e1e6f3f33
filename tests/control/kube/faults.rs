//! What API servers do.

use std::time::Duration;

use super::support::{Following, ingress};
use crate::api_server::{ApiServer, Faults};

fn count(view: &portcullis::control::View) -> usize {
    view.objects.ingresses.len()
}

async fn following() -> Following {
    let server = ApiServer::new();
    server.put(ingress("default", "a", "a.com"));
    let following = Following::start(server);
    following.synced().await;
    following
}

#[tokio::test(start_paused = true)]
async fn changes_arrive_in_spite_of_what_goes_wrong_with_watches() {
    type Fault = (&'static str, fn(&ApiServer), u64);
    let faults: [Fault; 5] = [
        ("dropped once", ApiServer::cut_watches, 1),
        (
            "too old",
            |server| {
                server.compact();
                server.cut_watches();
            },
            5,
        ),
        (
            "a storm of answers that it is too old",
            |server| {
                server.fault(|faults| faults.gone = 40);
                server.cut_watches();
            },
            30,
        ),
        (
            "events that are cut in the middle",
            |server| server.fault(|faults| faults.truncated = 5),
            5,
        ),
        (
            "slow",
            |server| {
                server.fault(|faults| faults.latency = Duration::from_secs(30));
                server.cut_watches();
            },
            100,
        ),
    ];
    for (what, fault, seconds) in faults {
        let following = following().await;
        fault(&following.server);
        following.server.put(ingress("default", "b", "b.com"));
        following.server.put(ingress("default", "c", "c.com"));
        let took = following.until(what, |view| count(view) == 3).await;
        assert!(took <= Duration::from_secs(seconds), "{what}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn watches_that_end_at_once_are_no_flood_of_requests() {
    let following = following().await;
    following.server.fault(|faults| faults.drop_watches = true);
    let before = following.server.requests().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let requests = following.server.requests().len() - before;
    assert!(requests <= 8 * 10 * 61, "{requests}");
    following.server.put(ingress("default", "b", "b.com"));
    following.server.fault(|faults| faults.drop_watches = false);
    following.until("it is read", |view| count(view) == 2).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_away_or_fails_everything_stays_and_then_catches_up_within_seconds() {
    let outages: [fn(&mut Faults); 2] = [
        |faults| faults.absent = true,
        |faults| faults.status = Some(500),
    ];
    for outage in outages {
        let following = following().await;
        let before = following.view();
        following.server.fault(outage);
        following.server.cut_watches();
        following.server.put(ingress("default", "b", "b.com"));
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let view = following.view();
            assert!(view.synced);
            assert_eq!(count(&view), count(&before));
        }
        following.server.fault(|faults| *faults = Faults::default());
        let took = following.until("it is read", |view| count(view) == 2).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_late_is_read_within_seconds() {
    let server = ApiServer::new();
    server.put(ingress("default", "a", "a.com"));
    server.fault(|faults| faults.absent = true);
    let following = Following::start(server);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!following.view().synced);
    assert_eq!(following.contact.last(), None);
    following.server.fault(|faults| faults.absent = false);
    let took = following.synced().await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(count(&following.view()), 1);
    assert!(following.contact.last().is_some());
}
