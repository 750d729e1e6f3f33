//! `zstd` (RFC 8878): frames one after the other.
//!
//! Headers and blocks are cut out here and handed to the decoder one at a time: given more it would
//! decode all of it at once, and a few kilobytes of blocks that repeat a byte come to gigabytes.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::CodingError;
use super::decoder::Step;

/// Largest window, in bytes: what RFC 9659 allows for HTTP.
const LARGEST_WINDOW: u64 = 8 << 20;

/// Largest content of a block, in bytes (RFC 8878 section 3.1.1.2.4).
const LARGEST_BLOCK: usize = 128 << 10;

const MAGIC: u32 = 0xfd2f_b528;

/// A sequence of frames.
pub(super) struct Zstd {
    decoder: Box<FrameDecoder>,
    /// Of a header or block, what has come.
    piece: Vec<u8>,
    place: Place,
    /// Whether the frame has a checksum (RFC 8878 section 3.1.1.1.1.6).
    checksum: bool,
    /// Whether a frame has ended.
    seen_frame: bool,
}

/// What the next piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Header,
    Block,
    /// Output that is left after the last block.
    Rest,
    /// Bytes of a skippable frame that are left.
    Skip(u32),
}

impl Default for Zstd {
    fn default() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Self {
            decoder: Box::new(decoder),
            piece: Vec::new(),
            place: Place::Header,
            checksum: false,
            seen_frame: false,
        }
    }
}

impl Zstd {
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let mut step = Step::default();
        loop {
            let room = output.get_mut(step.written..).unwrap_or_default();
            if self.decoder.can_collect() > 0 {
                let read = self.decoder.read(room);
                step.written += read.map_err(|_| CodingError::Malformed)?;
                if step.written == output.len() {
                    return Ok(step);
                }
                continue;
            }
            let rest = input.get(step.taken..).unwrap_or_default();
            match self.place {
                Place::Rest => self.end_frame()?,
                Place::Skip(0) => self.place = Place::Header,
                _ if rest.is_empty() => return Ok(step),
                Place::Skip(left) => {
                    let count = u32::try_from(rest.len()).unwrap_or(left).min(left);
                    self.place = Place::Skip(left - count);
                    step.taken += count as usize;
                }
                Place::Header | Place::Block => step.taken += self.fill(rest)?,
            }
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        let between = matches!(self.place, Place::Header | Place::Skip(0));
        self.seen_frame && between && self.piece.is_empty()
    }

    /// Adds input to the piece, and decodes that when it is whole. Returns how many bytes it took.
    fn fill(&mut self, input: &[u8]) -> Result<usize, CodingError> {
        let mut taken = 0;
        loop {
            let wanted = self.wanted()?;
            if self.piece.len() >= wanted {
                break;
            }
            let rest = input.get(taken..).unwrap_or_default();
            let missing = wanted - self.piece.len();
            let more = rest.get(..missing).unwrap_or(rest);
            if more.is_empty() {
                return Ok(taken);
            }
            self.piece.extend_from_slice(more);
            taken += more.len();
        }
        let piece = std::mem::take(&mut self.piece);
        self.decode(&piece)?;
        self.piece = piece;
        self.piece.clear();
        Ok(taken)
    }

    /// How long the piece is, as far as its first bytes tell.
    fn wanted(&self) -> Result<usize, CodingError> {
        match (self.place, self.piece.as_slice()) {
            (Place::Block, [a, b, c, ..]) => {
                let header = u32::from_le_bytes([*a, *b, *c, 0]);
                let size = (header >> 3) as usize;
                let length = match header >> 1 & 3 {
                    _ if size > LARGEST_BLOCK => return Err(CodingError::Malformed),
                    // One byte that is repeated.
                    1 => 1,
                    _ => size,
                };
                let last = header & 1 == 1;
                Ok(3 + length + if last && self.checksum { 4 } else { 0 })
            }
            (Place::Block, _) => Ok(3),
            (_, [a, b, c, d, descriptor, ..]) if is_frame([*a, *b, *c, *d]) => {
                let single_segment = descriptor & 1 << 5 != 0;
                let dictionary = [0, 1, 2, 4];
                let content = [usize::from(single_segment), 2, 4, 8];
                Ok(5 + usize::from(!single_segment)
                    + pick(dictionary, descriptor & 3)
                    + pick(content, descriptor >> 6))
            }
            (_, [a, b, c, d]) => match is_frame([*a, *b, *c, *d]) {
                true => Ok(5),
                false if is_skippable([*a, *b, *c, *d]) => Ok(8),
                false if self.seen_frame => Err(CodingError::Trailing),
                false => Err(CodingError::Malformed),
            },
            (_, [_, _, _, _, ..]) => Ok(8),
            _ => Ok(4),
        }
    }

    /// Decodes a whole header or block.
    fn decode(&mut self, piece: &[u8]) -> Result<(), CodingError> {
        match (self.place, piece) {
            (Place::Header, [a, b, c, d, rest @ ..]) if is_skippable([*a, *b, *c, *d]) => {
                let size = rest.first_chunk::<4>().copied().unwrap_or_default();
                self.place = Place::Skip(u32::from_le_bytes(size));
                self.seen_frame = true;
            }
            (Place::Header, [_, _, _, _, descriptor, ..]) => {
                self.checksum = descriptor & 1 << 2 != 0;
                self.decoder
                    .reset(piece)
                    .map_err(|_| CodingError::Malformed)?;
                self.place = Place::Block;
            }
            _ => {
                let last = self
                    .decoder
                    .decode_blocks(piece, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|_| CodingError::Malformed)?;
                if last {
                    self.place = Place::Rest;
                }
            }
        }
        Ok(())
    }

    fn end_frame(&mut self) -> Result<(), CodingError> {
        let sent = self.decoder.get_checksum_from_data();
        if self.checksum && sent != self.decoder.get_calculated_checksum() {
            return Err(CodingError::Checksum);
        }
        self.seen_frame = true;
        self.place = Place::Header;
        Ok(())
    }
}

fn is_frame(magic: [u8; 4]) -> bool {
    u32::from_le_bytes(magic) == MAGIC
}

/// RFC 8878 section 3.1.2.
fn is_skippable(magic: [u8; 4]) -> bool {
    u32::from_le_bytes(magic) & 0xffff_fff0 == 0x184d_2a50
}

fn pick(lengths: [usize; 4], index: u8) -> usize {
    lengths.get(usize::from(index)).copied().unwrap_or_default()
}
