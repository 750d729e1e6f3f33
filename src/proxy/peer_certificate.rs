//! The certificate of a client that was asked for one.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::SystemTime};

use rustls::ServerConnection;
use rustls_pki_types::CertificateDer;

use crate::policy::{ClientCertificatePolicy, Judgement};

/// What a client has sent, and what it came to under the policy that was asked last: the requests of a
/// connection mostly have one.
#[derive(Clone, Debug)]
pub(super) struct PeerCertificate {
    chain: Vec<CertificateDer<'static>>,
    last: RefCell<Option<(Arc<ClientCertificatePolicy>, Rc<Judgement>)>>,
}

impl PeerCertificate {
    /// What was sent in a handshake that is over, or in the one that the session was resumed from.
    pub(super) fn new(session: &ServerConnection) -> Self {
        let chain = session.peer_certificates().unwrap_or_default();
        Self {
            chain: chain
                .iter()
                .cloned()
                .map(CertificateDer::into_owned)
                .collect(),
            last: RefCell::default(),
        }
    }

    /// The client's own, DER; empty if it sent none.
    pub(super) fn leaf(&self) -> &[u8] {
        self.chain.first().map_or(b"", |leaf| leaf)
    }

    /// What it comes to under `policy`.
    pub(super) fn judge(&self, policy: &Arc<ClientCertificatePolicy>) -> Rc<Judgement> {
        let mut last = self.last.borrow_mut();
        if let Some((known, judgement)) = &*last
            && Arc::ptr_eq(known, policy)
        {
            return Rc::clone(judgement);
        }
        let judgement = Rc::new(policy.judge(&self.chain, SystemTime::now()));
        *last = Some((Arc::clone(policy), Rc::clone(&judgement)));
        judgement
    }
}
