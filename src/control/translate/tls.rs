//! The TLS section of an Ingress: which certificate each host gets.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::networking::v1::IngressTLS;

use super::{
    host, names,
    report::Reporter,
    secret::{self, Certificates, SecretFault},
};
use crate::{
    control::{Key, Objects},
    message::HostMatch,
    tls::{Certificate, CertificateBinding},
};

/// The certificates of one Ingress.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// For hosts of its rules.
    pub(super) own: Vec<Bound>,
    /// For names that it has no rules for: they give way to those who have.
    pub(super) further: Vec<Bound>,
    /// The Secrets asked for, those that do not exist included.
    pub(super) secrets: BTreeSet<Key>,
    /// Hosts whose key is withheld: better no certificate than one that is not theirs.
    pub(super) refused: Vec<HostMatch>,
}

/// A binding and the field that asked for it.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) binding: Arc<CertificateBinding>,
    pub(super) field: String,
}

/// Binds certificates as ingress-nginx does: a host that an entry lists gets that entry's Secret,
/// any other host of the rules the first certificate that is for it. Whatever cannot be used leaves
/// its hosts with the default certificate.
pub(super) fn bind(
    entries: &[IngressTLS],
    rule_hosts: &[HostMatch],
    namespace: &Arc<str>,
    (objects, certificates): (&Objects, &mut Certificates),
    reporter: &mut Reporter,
) -> Bindings {
    let mut bindings = Bindings::default();
    let mut listed = BTreeSet::new();
    let mut usable = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let field = format!("spec.tls[{index}]");
        let hosts = listed_hosts(entry, &field, &mut listed, reporter);
        let Some(name) = entry.secret_name.as_deref().filter(|name| !name.is_empty()) else {
            continue;
        };
        let secret = Key {
            namespace: namespace.clone(),
            name: name.into(),
        };
        bindings.secrets.insert(secret.clone());
        match certificates.find(&secret, objects) {
            Ok(certificate) => {
                let lists_nothing = entry.hosts.as_ref().is_none_or(Vec::is_empty);
                usable.push(Usable {
                    secret,
                    certificate,
                    hosts,
                    field,
                    lists_nothing,
                });
            }
            Err(fault) => {
                let withheld = *fault == SecretFault::Withheld;
                if withheld {
                    let named = hosts.into_iter().map(|(host, _)| host);
                    bindings.refused.extend(named);
                    bindings.refused.extend(rule_hosts.iter().cloned());
                }
                reporter.awaits(
                    format!("{field}.secretName"),
                    format!("Secret {} {fault}", names::spelled(&secret)),
                    match withheld {
                        true => "TLS handshakes for its hosts are refused",
                        false => "its hosts get the default certificate",
                    },
                );
            }
        }
    }
    // Those that another entry lists do not depend on the key that is missing.
    bindings.refused.retain(|host| {
        let has_own = |entry: &Usable| entry.hosts.iter().any(|(listed, _)| listed == host);
        *host != HostMatch::Any && !usable.iter().any(has_own)
    });
    for candidate in &usable {
        bindings.add_listed(candidate, rule_hosts, reporter);
    }
    bindings.add_unlisted(&usable, rule_hosts, &listed, reporter);
    bindings
}

/// An entry whose certificate can be used.
struct Usable {
    secret: Key,
    certificate: Arc<Certificate>,
    /// The hosts that it lists, with their fields.
    hosts: Vec<(HostMatch, String)>,
    field: String,
    /// It lists no hosts at all, not even bad ones.
    lists_nothing: bool,
}

impl Usable {
    fn bound(&self, hosts: Vec<HostMatch>) -> Bound {
        let binding = CertificateBinding {
            hosts,
            certificate: Arc::clone(&self.certificate),
            secret: names::spelled(&self.secret).into(),
        };
        Bound {
            binding: Arc::new(binding),
            field: format!("{}.secretName", self.field),
        }
    }
}

fn listed_hosts(
    entry: &IngressTLS,
    field: &str,
    listed: &mut BTreeSet<HostMatch>,
    reporter: &mut Reporter,
) -> Vec<(HostMatch, String)> {
    let mut hosts = Vec::new();
    for (at, text) in entry.hosts.iter().flatten().enumerate() {
        let field = format!("{field}.hosts[{at}]");
        match host::parse(text) {
            // The first entry that lists a host has it.
            Ok(host) if host != HostMatch::Any => {
                if listed.insert(host.clone()) {
                    hosts.push((host, field));
                }
            }
            Ok(_) => reporter.error(field, "the host is empty", "no certificate is bound to it"),
            Err(message) => reporter.error(field, message, "no certificate is bound to it"),
        }
    }
    hosts
}

impl Bindings {
    /// Binds nothing to hosts that are somebody else's.
    pub(super) fn leave_out(&mut self, is_refused: impl Fn(&HostMatch) -> bool) {
        for bindings in [&mut self.own, &mut self.further] {
            for bound in bindings.iter_mut() {
                if bound.binding.hosts.iter().any(&is_refused) {
                    let binding = Arc::make_mut(&mut bound.binding);
                    binding.hosts.retain(|host| !is_refused(host));
                }
            }
            bindings.retain(|bound| !bound.binding.hosts.is_empty());
        }
    }

    fn add_listed(&mut self, entry: &Usable, rule_hosts: &[HostMatch], reporter: &mut Reporter) {
        let mut own = Vec::new();
        let mut further = Vec::new();
        for (host, field) in &entry.hosts {
            if !secret::covers(&entry.certificate, host) {
                reporter.awaits(
                    field.as_str(),
                    format!(
                        "the certificate in Secret {} is for {}, not for this host",
                        names::spelled(&entry.secret),
                        entry.certificate.names.join(", ")
                    ),
                    "the host gets the default certificate",
                );
            } else if rule_hosts.contains(host) {
                own.push(host.clone());
            } else {
                further.push(host.clone());
            }
        }
        if !own.is_empty() {
            self.own.push(entry.bound(own));
        }
        if !further.is_empty() {
            self.further.push(entry.bound(further));
        }
    }

    fn add_unlisted(
        &mut self,
        usable: &[Usable],
        rule_hosts: &[HostMatch],
        listed: &BTreeSet<HostMatch>,
        reporter: &mut Reporter,
    ) {
        let named = |host: &&HostMatch| **host != HostMatch::Any;
        for host in rule_hosts
            .iter()
            .filter(named)
            .filter(|host| !listed.contains(host))
        {
            match usable
                .iter()
                .find(|entry| secret::covers(&entry.certificate, host))
            {
                Some(entry) => self.own.push(entry.bound(vec![host.clone()])),
                None if !usable.is_empty() => reporter.warning(
                    "spec.tls",
                    format!(
                        "no entry lists {}, and no certificate is for it",
                        host::described(host)
                    ),
                    "the host gets the default certificate",
                ),
                // Said already, or what was asked for: an entry without a Secret.
                None => {}
            }
        }
        // Rules for every host: the certificate is for whatever it names.
        if rule_hosts.contains(&HostMatch::Any) {
            for entry in usable.iter().filter(|entry| entry.lists_nothing) {
                let hosts = secret::hosts_of(&entry.certificate);
                if !hosts.is_empty() {
                    self.further.push(entry.bound(hosts));
                }
            }
        }
    }
}
