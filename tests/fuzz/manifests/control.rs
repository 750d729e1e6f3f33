//! Objects, and their way from text.

#[path = "../../../src/control/field_path.rs"]
mod field_path;
#[path = "../../../src/control/objects.rs"]
mod objects;
#[path = "source.rs"]
pub mod source;
#[path = "../../../src/control/store.rs"]
mod store;
#[path = "../../../src/control/waf_policy.rs"]
mod waf_policy;

pub use field_path::{FieldPath, Segment};
pub use objects::{Key, Objects, Places, Stored};
pub use store::{Edit, Object, Store, View};
pub use waf_policy::WafPolicy;
