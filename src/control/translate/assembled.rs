//! All Ingresses together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    conflict::{self, Precedence},
    host,
    ingress::{self, CompiledIngress},
    report::Reporter,
    tls::Bound,
};
use crate::{
    config::{Problem, Route},
    message::HostMatch,
    tls::CertificateBinding,
};

/// What all Ingresses together come to, in order of precedence.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub(super) routes: Vec<Arc<Route>>,
    pub(super) certificates: Vec<Arc<CertificateBinding>>,
    /// Hosts that ask clients for certificates, sorted.
    pub(super) certificate_hosts: Vec<HostMatch>,
    /// Hosts whose key is withheld, sorted.
    pub(super) refused_hosts: Vec<HostMatch>,
    pub(super) problems: Vec<Problem>,
}

impl Assembled {
    pub(super) fn of(order: &BTreeMap<Precedence, Arc<CompiledIngress>>) -> Self {
        let ingresses: Vec<&Arc<CompiledIngress>> = order.values().collect();
        let mut assembled = Self::default();
        for rank in [ingress::EXPLICIT, ingress::DEFAULT, ingress::LAST] {
            let routes = ingresses
                .iter()
                .filter_map(|it| it.ranks.get(rank))
                .flatten();
            assembled.routes.extend(routes.cloned());
        }
        assembled
            .problems
            .extend(ingresses.iter().flat_map(|it| &it.problems).cloned());
        assembled.certificates(&ingresses);
        let asking: BTreeSet<&HostMatch> = ingresses.iter().flat_map(|it| &it.asking).collect();
        assembled.certificate_hosts = asking.into_iter().cloned().collect();
        let refused: BTreeSet<&HostMatch> = ingresses
            .iter()
            .flat_map(|it| &it.bindings.refused)
            .collect();
        assembled.refused_hosts = refused.into_iter().cloned().collect();
        for loss in conflict::losses(&ingresses) {
            let mut reporter = Reporter::new(loss.loser.object.clone(), loss.loser.places.clone());
            reporter.error(loss.field, loss.message, "this rule gets no requests");
            assembled.problems.append(&mut reporter.finish());
        }
        assembled
    }

    /// The first certificate for a host is served; another one later is worth a word.
    fn certificates(&mut self, ingresses: &[&Arc<CompiledIngress>]) {
        let mut owners: HashMap<&HostMatch, &Bound> = HashMap::new();
        let own = ingresses
            .iter()
            .flat_map(|it| it.bindings.own.iter().map(move |b| (it, b)));
        let further = ingresses
            .iter()
            .flat_map(|it| it.bindings.further.iter().map(move |b| (it, b)));
        for (ingress, bound) in own.chain(further) {
            self.certificates.push(Arc::clone(&bound.binding));
            for host in &bound.binding.hosts {
                let owner = *owners.entry(host).or_insert(bound);
                if owner.binding.certificate == bound.binding.certificate {
                    continue;
                }
                let mut reporter = Reporter::new(ingress.object.clone(), ingress.places.clone());
                reporter.warning(
                    bound.field.as_str(),
                    format!(
                        "{} has the certificate in Secret {} already",
                        host::described(host),
                        owner.binding.secret
                    ),
                    "that certificate is served for it",
                );
                self.problems.append(&mut reporter.finish());
            }
        }
    }
}
