//! Status codes as a bounded set of label values.

/// The label values: codes that have a name, then classes for those that have none.
pub(super) const LABELS: [&str; 75] = [
    "100", "101", "102", "103", "200", "201", "202", "203", "204", "205", "206", "207", "208",
    "226", "300", "301", "302", "303", "304", "305", "307", "308", "400", "401", "402", "403",
    "404", "405", "406", "407", "408", "409", "410", "411", "412", "413", "414", "415", "416",
    "417", "418", "421", "422", "423", "424", "425", "426", "428", "429", "431", "444", "451",
    "499", "500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511", "520",
    "521", "522", "523", "524",
    // Every other code of the class; a request that ended without a status.
    "1xx", "2xx", "3xx", "4xx", "5xx", "none",
];

const CODES: usize = LABELS.len() - 6;

/// For each code from 100 to 599 its place in [`LABELS`].
const PLACES: [u8; 500] = places();

/// The place of a status in [`LABELS`].
#[inline]
pub(super) fn place(status: u16) -> usize {
    let place = usize::from(status)
        .checked_sub(100)
        .and_then(|offset| PLACES.get(offset));
    place.map_or(LABELS.len() - 1, |place| *place as usize)
}

#[allow(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks every index"
)]
const fn places() -> [u8; 500] {
    let mut places = [0; 500];
    let mut offset = 0;
    while offset < places.len() {
        places[offset] = (CODES + offset / 100) as u8;
        offset += 1;
    }
    let mut place = 0;
    while place < CODES {
        let digits = LABELS[place].as_bytes();
        let code = (digits[0] - b'0') as usize * 100
            + (digits[1] - b'0') as usize * 10
            + (digits[2] - b'0') as usize;
        places[code - 100] = place as u8;
        place += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_its_own_label_or_its_class() {
        for (status, label) in [
            (100, "100"),
            (200, "200"),
            (226, "226"),
            (299, "2xx"),
            (499, "499"),
            (511, "511"),
            (599, "5xx"),
            (199, "1xx"),
            (600, "none"),
            (999, "none"),
            (99, "none"),
            (0, "none"),
        ] {
            assert_eq!(LABELS[place(status)], label, "{status}");
        }
    }
}
