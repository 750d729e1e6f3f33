//! An operator as the matcher takes it.

use std::sync::Arc;

use crate::waf::{
    ByteSet,
    matcher::{Requires, Test},
    operators::{Caches, Operator, Validation},
};

/// The bytes of words.
const WORD: ByteSet = ByteSet::range(b'0', b'9')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .with(b'_');

/// The test of an operator. `None` where it does not depend on the value alone, or takes memory that
/// the matcher does not lend.
pub(super) fn test(operator: &Arc<Operator>) -> Option<Test> {
    if operator.expands() {
        return None;
    }
    let requires = match &**operator {
        Operator::Rx(rx) | Operator::RxGlobal(rx) => {
            return Some(Test::Regex {
                hir: rx.hir()?,
                regex: rx.automaton()?.clone(),
            });
        }
        Operator::Pm(pm) => Requires {
            words: Some(pm.words().iter().map(|word| word.to_vec()).collect()),
            ..Requires::default()
        },
        Operator::Validate(Validation::Bytes(allowed)) => Requires {
            bytes: Some(allowed.complement()),
            min_len: 1,
            ..Requires::default()
        },
        Operator::Validate(Validation::UrlEncoding) => Requires {
            bytes: Some(ByteSet::of(b"%")),
            min_len: 1,
            ..Requires::default()
        },
        Operator::Validate(Validation::Utf8Encoding) => Requires {
            bytes: Some(ByteSet::range(0x80, 0xff)),
            min_len: 1,
            ..Requires::default()
        },
        // What libinjection looks at is more than a word, and what it finds in HTML is a tag or an
        // attribute: see `may_be_sqli` and `may_be_xss`.
        Operator::DetectSqli => Requires {
            bytes: Some(WORD.complement()),
            min_len: 1,
            ..Requires::default()
        },
        Operator::DetectXss => Requires {
            bytes: Some(ByteSet::of(b"<=")),
            min_len: 1,
            ..Requires::default()
        },
        Operator::Text(_) | Operator::Address(_) => Requires::default(),
        Operator::Number(_) | Operator::Verify(_) | Operator::Always | Operator::Never => {
            return None;
        }
    };
    let operator = Arc::clone(operator);
    let holds = move |text: &[u8]| {
        // None of these keeps anything in the caches.
        let mut caches = Caches::default();
        operator.evaluate(text, b"", &mut caches, None).matched
    };
    Some(Test::Other {
        holds: Arc::new(holds),
        requires,
    })
}
