//! An operator as the matcher takes it.

use std::sync::Arc;

use crate::waf::{ByteSet, matcher::Test, operators::Operator};

/// The bytes of words.
const WORD: ByteSet = ByteSet::range(b'0', b'9')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .with(b'_');

/// The test of an operator. `None` where it does not depend on the value alone, or costs no more than
/// asking.
pub(super) fn test(operator: &Arc<Operator>) -> Option<Test> {
    let is_trivial = matches!(
        &**operator,
        Operator::Number(_) | Operator::Always | Operator::Never
    );
    if operator.expands() || is_trivial {
        return None;
    }
    let mut test = Test::from(operator.as_ref().clone());
    if matches!(&**operator, Operator::DetectSqli) {
        // A word alone is no injection: see `libinjection::may_be_sqli`.
        test.requires.bytes = Some(WORD.complement());
        test.requires.min_len = 1;
    }
    Some(test)
}
