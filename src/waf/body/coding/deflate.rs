//! `deflate`: the zlib format (RFC 1950), or DEFLATE without it (RFC 1951), which some clients send.

use flate2::{Decompress, FlushDecompress, Status};

use super::CodingError;
use super::decoder::Step;

/// A DEFLATE stream, whose format the first two bytes tell.
#[derive(Default)]
pub(super) struct Deflate {
    /// The first byte, while the second has not come.
    first: Option<u8>,
    inflate: Option<Inflate>,
}

impl Deflate {
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        if let Some(inflate) = &mut self.inflate {
            return match (inflate.done, input) {
                (true, []) => Ok(Step::default()),
                (true, _) => Err(CodingError::Trailing),
                (false, _) => inflate.step(input, output),
            };
        }
        let (first, rest, taken) = match (self.first, input) {
            (Some(first), rest) => (first, rest, 0),
            (None, [first, rest @ ..]) => (*first, rest, 1),
            (None, []) => return Ok(Step::default()),
        };
        self.first = Some(first);
        let Some(&second) = rest.first() else {
            return Ok(Step { taken, written: 0 });
        };
        let inflate = self.inflate.insert(Inflate::new(is_zlib(first, second)));
        inflate.step(&[first], &mut [])?;
        let step = self.step(rest, output)?;
        Ok(Step {
            taken: taken + step.taken,
            ..step
        })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.inflate.as_ref().is_some_and(|inflate| inflate.done)
    }
}

/// Whether a zlib header begins so (RFC 1950 section 2.2): its method is DEFLATE and its check holds.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0xf == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// The decompressor, and whether its stream has ended.
pub(super) struct Inflate {
    decompress: Decompress,
    pub(super) done: bool,
}

impl Inflate {
    /// Of a zlib stream, or of DEFLATE without a header.
    pub(super) fn new(zlib: bool) -> Self {
        Self {
            decompress: Decompress::new(zlib),
            done: false,
        }
    }

    /// Takes input up to the end of the stream; what follows it is left.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let before = (self.decompress.total_in(), self.decompress.total_out());
        let status = self
            .decompress
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| CodingError::Malformed)?;
        self.done = status == Status::StreamEnd;
        Ok(Step {
            taken: (self.decompress.total_in() - before.0) as usize,
            written: (self.decompress.total_out() - before.1) as usize,
        })
    }
}
