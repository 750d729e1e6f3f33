//! The validating admission webhook: says of an Ingress or a policy, before the API server takes it, what
//! `portcullis check` would say of it afterwards.
//!
//! The way: an AdmissionReview comes in over TLS (`server`, `body`), waits for its turn (`desk`), and is read
//! (`review`, `object`); the object takes its place among those of the store, what these would come to is
//! worked out, and what is wrong with the object is what differs (`judge`). The certificate is given in files
//! (`files`), or made by the leader and kept in a Secret (`made`, `issuer`), after the API server was told of its
//! authority (`authorities`, `told`).
//!
//! Invariant: a review changes nothing: not the store, not what is served, nothing in the cluster. What is
//! reviewed is data; no part of it is rendered into text that anybody executes. Non-goal: keeping harm
//! away: an object that gets past is a Problem of its own and of nobody else's, with or without this.

mod authorities;
mod body;
mod counts;
mod desk;
mod files;
mod issuer;
mod judge;
mod made;
mod object;
mod review;
mod ruling;
mod server;
mod shown;
mod told;

pub use body::{BODY, Unread};
pub use counts::Counts;
pub use desk::{Desk, NoRuling, Ruled, Waiting, attend, desk};
pub use files::{FileCertificate, FileCertificateError};
pub use issuer::{Clock, Issuer};
pub use judge::{Judge, JudgeSettings, NotReady};
pub use review::{Review, ReviewError};
pub use ruling::Ruling;
pub use server::serve;
pub use shown::ShownCertificate;
