//! `br` (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::CodingError;
use super::decoder::Step;

/// A brotli stream. Windows over 16 MiB, which the RFC does not have, are refused; the window grows
/// with the output.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    done: bool,
}

impl Default for Brotli {
    fn default() -> Self {
        let [bytes, words, codes] = [(); 3].map(|()| StandardAlloc::default());
        Self {
            state: Box::new(BrotliState::new_strict(bytes, words, codes)),
            done: false,
        }
    }
}

impl Brotli {
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        if self.done {
            return match input {
                [] => Ok(Step::default()),
                _ => Err(CodingError::Trailing),
            };
        }
        let mut step = Step::default();
        let mut total = 0;
        let result = BrotliDecompressStream(
            &mut { input.len() },
            &mut step.taken,
            input,
            &mut { output.len() },
            &mut step.written,
            output,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err(CodingError::Malformed),
            BrotliResult::ResultSuccess => self.done = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(step)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.done
    }
}
