//! One watch: a list, then what changes, again and again.
//!
//! Invariant: an event that cannot be read is never passed over: everything is listed anew. Non-goal:
//! giving up.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use futures_util::StreamExt;
use kube::{
    Api,
    core::DeserializeGuard,
    runtime::watcher::{self, Event, watcher},
};

use super::{Backoff, events::Receiver, kinds::Watched, scope::Scope, source::Shared};
use crate::control::Edit;

/// Seconds that the server is asked to let a watch last; kube takes a watch for dead 5 s later.
const WATCH_SECONDS: u32 = 120;
/// Objects of one page of a list.
const PAGE: u32 = 500;
/// Before another try where nothing but an administrator's doing can help.
const REFUSED: Duration = Duration::from_secs(20);

/// What of a refusal lets the start go on without the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Optional {
    /// Nothing: the kind has to be read.
    No,
    /// The server does not have the kind: its definition is not installed.
    WhereUnknown,
    /// That, and no right to read it: roles in namespaces give none to what is in no namespace.
    WhereForbidden,
    /// That, and whatever else the server says is wrong with the request: for what others name.
    WhereRefused,
}

/// Follows the objects of `api` for as long as it is polled. `first` is called once: within the edit of
/// the first list, or of none where the kind may be missing and is.
pub(super) async fn follow<K: Watched>(
    api: Api<DeserializeGuard<K>>,
    (scope, fields): (Scope, Option<String>),
    optional: Optional,
    shared: Arc<Shared>,
    first: impl Fn(&mut Edit<'_>),
) -> Infallible {
    let mut config = config();
    config.field_selector = fields;
    let mut receiver = Receiver::new(K::KIND, scope, Arc::clone(&shared));
    let mut backoff = Backoff::new();
    let mut is_first = true;
    let mut complaint = Complaint::default();
    loop {
        let mut events = pin!(watcher(api.clone(), config.clone()));
        let mut listing = Vec::new();
        while let Some(event) = events.next().await {
            let error = match event {
                // A list begins; the server has not answered yet.
                Ok(Event::Init) => {
                    listing.clear();
                    continue;
                }
                Ok(event) => {
                    shared.contact.heard();
                    match event {
                        Event::Init => {}
                        Event::InitApply(object) => listing.push(object),
                        Event::InitDone => {
                            let first_time = std::mem::take(&mut is_first);
                            receiver.list(std::mem::take(&mut listing), |edit| {
                                if first_time {
                                    first(edit);
                                }
                            });
                            shared.progress.tell();
                        }
                        Event::Apply(object) => receiver.apply(object),
                        Event::Delete(object) => receiver.delete(&object),
                    }
                    complaint.resolved::<K>();
                    backoff.reset();
                    continue;
                }
                Err(error) => error,
            };
            shared.contact.failed(K::KIND);
            complaint.about::<K>(&error);
            let refusal = Refusal::of(&error);
            if is_first && refusal.is_no_obstacle(optional) {
                is_first = false;
                shared.store.edit(&first);
                shared.progress.tell();
            }
            tokio::time::sleep(pause(&error, &mut backoff)).await;
            // What was lost can only be found by another list.
            if matches!(error, watcher::Error::WatchFailed(_)) {
                break;
            }
        }
    }
}

/// How every kind is watched.
pub(super) fn config() -> watcher::Config {
    watcher::Config::default()
        .timeout(WATCH_SECONDS)
        .page_size(PAGE)
}

/// How long to wait after an error.
pub(super) fn pause(error: &watcher::Error, backoff: &mut Backoff) -> Duration {
    match Refusal::of(error) {
        Refusal::Unknown | Refusal::Forbidden => REFUSED,
        Refusal::Other | Refusal::None => backoff.delay(),
    }
}

/// What the server will not do, as opposed to what it cannot do at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Unknown,
    Forbidden,
    /// For instance since it takes the name of an object for malformed.
    Other,
    None,
}

impl Refusal {
    fn of(error: &watcher::Error) -> Self {
        let code = match error {
            watcher::Error::InitialListFailed(kube::Error::Api(status))
            | watcher::Error::WatchStartFailed(kube::Error::Api(status))
            | watcher::Error::WatchFailed(kube::Error::Api(status)) => status.code,
            watcher::Error::WatchError(status) => status.code,
            _ => return Self::None,
        };
        match code {
            404 => Self::Unknown,
            401 | 403 => Self::Forbidden,
            // Too slow, too old, too many: another try may do.
            408 | 410 | 429 => Self::None,
            400..=499 => Self::Other,
            _ => Self::None,
        }
    }

    fn is_no_obstacle(self, optional: Optional) -> bool {
        match self {
            Self::Unknown => optional != Optional::No,
            Self::Forbidden => {
                matches!(optional, Optional::WhereForbidden | Optional::WhereRefused)
            }
            Self::Other => optional == Optional::WhereRefused,
            Self::None => false,
        }
    }
}

/// What is wrong, without words of a parser, which may quote what it read.
fn words(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(kube::Error::SerdeError(_))
        | watcher::Error::WatchFailed(kube::Error::SerdeError(_)) => {
            "the answer cannot be understood".to_owned()
        }
        error => error.to_string(),
    }
}

/// Says what is wrong once, and when it is over.
#[derive(Debug, Default)]
struct Complaint {
    last: Option<String>,
}

impl Complaint {
    fn about<K: Watched>(&mut self, error: &watcher::Error) {
        let text = words(error);
        let kind = K::KIND.as_str();
        // A watch that is too old is the way of things: it is listed anew.
        let is_usual = matches!(error, watcher::Error::WatchError(status) if status.code == 410);
        if is_usual || self.last.as_ref() == Some(&text) {
            tracing::debug!(kind, error = text, "the API server did not answer as hoped");
        } else {
            tracing::warn!(
                kind,
                error = text,
                "the API server did not answer as hoped; what is known stays in force"
            );
            self.last = Some(text);
        }
    }

    fn resolved<K: Watched>(&mut self) {
        if self.last.take().is_some() {
            tracing::info!(kind = K::KIND.as_str(), "the API server answers again");
        }
    }
}
