//! Who of several replicas writes: the one that holds a Lease.
//!
//! Invariant: whether another one's time is over is told by this machine's monotonic clock alone, from
//! when its last renewal was seen; clocks that disagree cannot make two leaders, as long as they run at
//! about the same rate. Non-goal: anything on the way of a request; all replicas serve.

use std::{future::Future, sync::Arc, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Error, api::PostParams};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::source::kube::{Client, Contact};

/// How long a holder that says nothing stays the holder, in seconds.
const DURATION: i32 = 15;
/// A holder that could not renew for so long stops acting as one: before anybody else can begin.
const DEADLINE: Duration = Duration::from_secs(10);
/// Between tries and renewals.
const PERIOD: Duration = Duration::from_secs(2);
/// For one request.
const REQUEST: Duration = Duration::from_secs(4);

/// The Lease that replicas compete for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What this replica calls itself; no two replicas may have the same.
    pub identity: String,
}

/// Takes part until `stop` is ready, then lets go. `leads` says whether this replica is the one.
pub async fn elect(
    client: Client,
    election: Election,
    contact: Arc<Contact>,
    leads: watch::Sender<bool>,
    stop: impl Future<Output = ()>,
) {
    let mut candidate = Candidate {
        leases: Api::namespaced(client, &election.namespace),
        election,
        leads,
        renewed: None,
        seen: None,
    };
    let mut stop = std::pin::pin!(stop);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut complained = false;
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = ticks.tick() => {}
        }
        let patience = candidate.patience();
        match timeout(patience, candidate.compete()).await {
            Ok(Ok(())) => {
                contact.heard();
                complained = false;
            }
            Ok(Err(error)) if !std::mem::replace(&mut complained, true) => {
                tracing::warn!(%error, "the Lease cannot be read or written");
            }
            Ok(Err(error)) => tracing::debug!(%error, "the Lease cannot be read or written"),
            Err(_) => tracing::debug!("the Lease could not be read or written in time"),
        }
        candidate.step_down_in_time();
    }
    if let Ok(Err(error)) = timeout(REQUEST, candidate.let_go()).await {
        tracing::warn!(%error, "the Lease could not be given back");
    }
}

struct Candidate {
    leases: Api<Lease>,
    election: Election,
    leads: watch::Sender<bool>,
    /// When this replica renewed last, if it holds the Lease: the time before the request.
    renewed: Option<Instant>,
    /// The version of another's Lease, and when it was first seen.
    seen: Option<(String, Instant)>,
}

impl Candidate {
    /// Takes the Lease if it is free or over, and renews it if it is held.
    async fn compete(&mut self) -> Result<(), Error> {
        let before = Instant::now();
        let Some(mut lease) = self.leases.get_opt(&self.election.name).await? else {
            let lease = Lease {
                metadata: ObjectMeta {
                    name: Some(self.election.name.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(self.held(None)),
            };
            let created = self.leases.create(&PostParams::default(), &lease).await;
            return self.settle(created, before);
        };
        if !self.may_take(&lease) {
            self.resign();
            return Ok(());
        }
        lease.spec = Some(self.held(lease.spec.as_ref()));
        let options = PostParams::default();
        let name = self.election.name.clone();
        let replaced = self.leases.replace(&name, &options, &lease).await;
        self.settle(replaced, before)
    }

    fn settle(&mut self, written: Result<Lease, Error>, before: Instant) -> Result<(), Error> {
        match written {
            Ok(_) => {
                self.renewed = Some(before);
                self.seen = None;
                if !self.leads.send_replace(true) {
                    tracing::info!(identity = self.election.identity, "this replica leads");
                }
                Ok(())
            }
            // Somebody was faster, and is seen the next time.
            Err(Error::Api(status)) if status.code == 409 => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the Lease is this replica's, free, or over by this machine's clock.
    fn may_take(&mut self, lease: &Lease) -> bool {
        let nothing = LeaseSpec::default();
        let spec = lease.spec.as_ref().unwrap_or(&nothing);
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder.is_empty() || holder == self.election.identity {
            return true;
        }
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        let now = Instant::now();
        let since = match &self.seen {
            Some((seen, since)) if *seen == version => *since,
            _ => {
                self.seen = Some((version, now));
                now
            }
        };
        let seconds = spec.lease_duration_seconds.unwrap_or(DURATION).max(1);
        now.duration_since(since) > Duration::from_secs(seconds.unsigned_abs().into())
    }

    fn held(&self, before: Option<&LeaseSpec>) -> LeaseSpec {
        let now = Some(MicroTime(Timestamp::now()));
        let is_mine = before.is_some_and(|spec| {
            spec.holder_identity.as_deref() == Some(self.election.identity.as_str())
        });
        let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or(0);
        LeaseSpec {
            holder_identity: Some(self.election.identity.clone()),
            lease_duration_seconds: Some(DURATION),
            acquire_time: match before {
                Some(spec) if is_mine => spec.acquire_time.clone(),
                _ => now.clone(),
            },
            renew_time: now,
            lease_transitions: Some(match before {
                Some(_) if !is_mine => transitions.saturating_add(1),
                _ => transitions,
            }),
            ..LeaseSpec::default()
        }
    }

    /// How long a request may take: a leader has to know in time that it is none any more.
    fn patience(&self) -> Duration {
        let left = self.renewed.map(|at| DEADLINE.saturating_sub(at.elapsed()));
        left.map_or(REQUEST, |left| left.min(REQUEST))
    }

    fn step_down_in_time(&mut self) {
        if self.renewed.is_some_and(|at| at.elapsed() >= DEADLINE) {
            self.resign();
        }
    }

    fn resign(&mut self) {
        self.renewed = None;
        if self.leads.send_replace(false) {
            tracing::warn!(
                identity = self.election.identity,
                "this replica does not lead any more"
            );
        }
    }

    /// Says that the Lease is free, so that nobody has to wait until it is over.
    async fn let_go(&mut self) -> Result<(), Error> {
        self.leads.send_replace(false);
        if self.renewed.take().is_none() {
            return Ok(());
        }
        let Some(mut lease) = self.leases.get_opt(&self.election.name).await? else {
            return Ok(());
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(self.election.identity.as_str()) {
            return Ok(());
        }
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        spec.renew_time = Some(MicroTime(Timestamp::now()));
        let name = self.election.name.clone();
        self.leases
            .replace(&name, &PostParams::default(), &lease)
            .await?;
        Ok(())
    }
}
