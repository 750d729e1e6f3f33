//! Watches.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use http_body::Frame;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{
    objects::Change,
    request::Target,
    serve::{ApiServer, status},
};

const BOOKMARKS: Duration = Duration::from_secs(60);

struct Watch {
    server: ApiServer,
    target: Target,
    version: u64,
    /// Lines that are ready to be sent.
    lines: Vec<String>,
    /// The watch ends when the server has cut watches more often than this.
    cut: u64,
    ends: Instant,
    next_bookmark: Instant,
    is_over: bool,
}

/// The lines of a watch.
pub(super) fn events(
    server: ApiServer,
    target: Target,
) -> impl Stream<Item = std::io::Result<Frame<Bytes>>> {
    let now = Instant::now();
    let seconds = target.number("timeoutSeconds").unwrap_or(300);
    let state = Watch {
        version: target.number("resourceVersion").unwrap_or_default(),
        cut: server.cuts(),
        server,
        target,
        lines: Vec::new(),
        ends: now + Duration::from_secs(seconds),
        next_bookmark: now + BOOKMARKS,
        is_over: false,
    };
    unfold(state, |mut state| async move {
        let mut line = state.next().await?;
        let faults = state.server.faults();
        if faults.truncated > 0 && line.contains("\"object\"") && !line.contains("BOOKMARK") {
            state.server.fault(|faults| faults.truncated -= 1);
            state.is_over = true;
            state.lines.clear();
            line.truncate(line.len() / 2);
        }
        Some((Ok(Frame::data(line.into())), state))
    })
}

impl Watch {
    async fn next(&mut self) -> Option<String> {
        let mut changes = self.server.subscribe();
        loop {
            if !self.lines.is_empty() {
                return Some(self.lines.remove(0));
            }
            if self.is_over {
                return None;
            }
            changes.borrow_and_update();
            let faults = self.server.faults();
            if faults.absent || faults.drop_watches || self.server.cuts() > self.cut {
                return None;
            }
            if faults.gone > 0 {
                self.server.fault(|faults| faults.gone -= 1);
                return Some(self.too_old());
            }
            if self.version < self.server.oldest() {
                return Some(self.too_old());
            }
            let (changed, version) = self.server.changes_since(self.version);
            for change in changed {
                self.lines.extend(self.line(&change));
            }
            self.version = version;
            if !self.lines.is_empty() {
                continue;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep_until(self.ends) => return None,
                () = sleep_until(self.next_bookmark) => {
                    self.next_bookmark += BOOKMARKS;
                    if self.target.query.get("allowWatchBookmarks").is_some_and(|it| it == "true") {
                        let object = json!({
                            "apiVersion": self.target.api_version,
                            "kind": "Bookmark",
                            "metadata": {"resourceVersion": self.version.to_string()},
                        });
                        return Some(event("BOOKMARK", &object));
                    }
                }
            }
        }
    }

    fn too_old(&mut self) -> String {
        self.is_over = true;
        event("ERROR", &status(410, "Expired"))
    }

    fn line(&self, change: &Change) -> Option<String> {
        let Change {
            version,
            name,
            before,
            after,
        } = change;
        let selected = |object: &Option<Value>| {
            let selected = object
                .as_ref()
                .filter(|object| self.target.selects(name, object));
            selected.cloned()
        };
        match (selected(before), selected(after)) {
            (None, None) => None,
            (None, Some(after)) => Some(event("ADDED", &after)),
            (Some(_), Some(after)) => Some(event("MODIFIED", &after)),
            (Some(mut before), None) => {
                before["metadata"]["resourceVersion"] = version.to_string().into();
                Some(event("DELETED", &before))
            }
        }
    }
}

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}
