//! Numbers as the rule language writes them.

/// A number's decimal digits, without an allocation.
#[derive(Default)]
pub(crate) struct Decimal(itoa::Buffer);

impl Decimal {
    /// The digits of `number`.
    pub(crate) fn of(&mut self, number: i64) -> &[u8] {
        self.0.format(number).as_bytes()
    }
}
