//! `gzip` (RFC 1952): members one after the other.
//!
//! A member's name and comment are skipped, and a checksum of its header is not compared: decoders
//! differ about it. Whoever forwards a body that was decoded here and obeys what was found in it forwards what
//! came of it, since an application that heeds no codings reads the header as well.

use flate2::Crc;

use super::CodingError;
use super::decoder::Step;
use super::deflate::Inflate;

/// A sequence of members.
#[derive(Default)]
pub(super) struct Gzip {
    place: Place,
    /// The flags of the member's header.
    flags: u8,
    inflate: Option<Inflate>,
    crc: Crc,
    /// The trailer, as far as it came.
    trailer: [u8; 8],
    /// Whether a member has ended.
    seen_member: bool,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Byte of the fixed header.
    Fixed(u8),
    /// Low byte of the length of the extra field.
    ExtraLow,
    /// High byte, the low one being this.
    ExtraHigh(u8),
    /// Bytes of the extra field that are left.
    Extra(u16),
    Name,
    Comment,
    /// Byte of the header's checksum.
    HeaderCrc(u8),
    Data,
    /// Byte of the trailer.
    Trailer(u8),
}

impl Default for Place {
    fn default() -> Self {
        Self::Fixed(0)
    }
}

const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

impl Gzip {
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let mut step = Step::default();
        loop {
            let rest = input.get(step.taken..).unwrap_or_default();
            if self.place == Place::Data {
                let output = output.get_mut(step.written..).unwrap_or_default();
                let data = self.data(rest, output)?;
                step.taken += data.taken;
                step.written += data.written;
                if self.place == Place::Data {
                    return Ok(step);
                }
            } else if let [byte, ..] = rest {
                self.place = self.framing(*byte)?;
                step.taken += 1;
            } else {
                return Ok(step);
            }
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.seen_member && self.place == Place::Fixed(0)
    }

    fn data(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let inflate = self.inflate.get_or_insert_with(|| Inflate::new(false));
        let step = inflate.step(input, output)?;
        self.crc
            .update(output.get(..step.written).unwrap_or_default());
        if inflate.done {
            self.place = Place::Trailer(0);
        }
        Ok(step)
    }

    /// Takes a byte of a header or trailer.
    fn framing(&mut self, byte: u8) -> Result<Place, CodingError> {
        let next = match (self.place, byte) {
            (Place::Fixed(0), 0x1f) | (Place::Fixed(1), 0x8b) | (Place::Fixed(2), 8) => None,
            (Place::Fixed(0), _) if self.seen_member => return Err(CodingError::Trailing),
            (Place::Fixed(0..=2), _) => return Err(CodingError::Malformed),
            (Place::Fixed(3), _) if byte & RESERVED != 0 => return Err(CodingError::Malformed),
            (Place::Fixed(3), _) => {
                self.flags = byte;
                None
            }
            (Place::Fixed(9), _) => Some(EXTRA),
            (Place::Fixed(_), _) => None,
            (Place::ExtraLow, _) => return Ok(Place::ExtraHigh(byte)),
            (Place::ExtraHigh(low), _) => match u16::from_le_bytes([low, byte]) {
                0 => Some(NAME),
                length => return Ok(Place::Extra(length)),
            },
            (Place::Extra(1), _) => Some(NAME),
            (Place::Extra(left), _) => return Ok(Place::Extra(left - 1)),
            (Place::Name, 0) => Some(COMMENT),
            (Place::Comment, 0) => Some(HEADER_CRC),
            (Place::Name | Place::Comment, _) => return Ok(self.place),
            (Place::HeaderCrc(0), _) => return Ok(Place::HeaderCrc(1)),
            (Place::HeaderCrc(_), _) => return Ok(Place::Data),
            (Place::Trailer(index), _) => return self.trailer(index, byte),
            // `step` does not come here with these.
            (Place::Data, _) => return Ok(self.place),
        };
        match (next, self.place) {
            (Some(field), _) => Ok(self.field(field)),
            (None, Place::Fixed(index)) => Ok(Place::Fixed(index + 1)),
            (None, place) => Ok(place),
        }
    }

    /// The first optional field of the header that is there, from this one on.
    fn field(&self, from: u8) -> Place {
        const FIELDS: [(u8, Place); 4] = [
            (EXTRA, Place::ExtraLow),
            (NAME, Place::Name),
            (COMMENT, Place::Comment),
            (HEADER_CRC, Place::HeaderCrc(0)),
        ];
        FIELDS
            .iter()
            .skip_while(|(flag, _)| *flag != from)
            .find(|(flag, _)| self.flags & flag != 0)
            .map_or(Place::Data, |(_, place)| *place)
    }

    /// Takes a byte of the trailer, and at its end compares that with the data.
    fn trailer(&mut self, index: u8, byte: u8) -> Result<Place, CodingError> {
        if let Some(slot) = self.trailer.get_mut(usize::from(index)) {
            *slot = byte;
        }
        if index < 7 {
            return Ok(Place::Trailer(index + 1));
        }
        let [a, b, c, d, e, f, g, h] = self.trailer;
        let crc = u32::from_le_bytes([a, b, c, d]);
        let size = u32::from_le_bytes([e, f, g, h]);
        // The CRC's amount is the size modulo 2^32, as the trailer's is (RFC 1952 section 2.3.1).
        if crc != self.crc.sum() || size != self.crc.amount() {
            return Err(CodingError::Checksum);
        }
        self.crc.reset();
        self.inflate = None;
        self.seen_member = true;
        Ok(Place::Fixed(0))
    }
}
