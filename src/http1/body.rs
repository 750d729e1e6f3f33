//! Finding the body's bytes in what comes after a head.

use std::ops::Range;

use crate::message::Fields;

use super::chunk::{ChunkLimits, Chunks};
use super::{BodyError, BodyLength};

/// Takes a body out of a byte stream. One value serves one body.
#[derive(Clone, Debug)]
pub enum BodyDecoder {
    /// This many bytes are to come yet.
    Sized(u64),
    /// Chunks are to come.
    Chunked(Chunks),
    /// Everything is body until the connection closes.
    UntilClose,
}

/// What one call of [`BodyDecoder::decode`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// How many bytes of the input are used up.
    pub consumed: usize,
    /// Which bytes of the input are body bytes; may be empty.
    pub data: Range<usize>,
    /// Whether the body has ended, trailers included.
    pub done: bool,
}

impl BodyDecoder {
    /// A decoder for a body of this length.
    pub fn new(length: BodyLength, limits: ChunkLimits) -> Self {
        match length {
            BodyLength::Empty => Self::Sized(0),
            BodyLength::Sized(length) => Self::Sized(length),
            BodyLength::Chunked => Self::Chunked(Chunks::new(limits)),
            BodyLength::UntilClose => Self::UntilClose,
        }
    }

    /// Takes from the front of `input` up to the end of one range of body bytes and of the framing
    /// that follows it. If less than all is consumed and the body is not done, the caller calls
    /// again with the rest; once all is consumed, it reads more.
    ///
    /// # Errors
    /// When the chunks or trailers are malformed or exceed a limit; the decoder then is of no
    /// further use.
    pub fn decode(&mut self, input: &[u8]) -> Result<Decoded, BodyError> {
        match self {
            Self::Sized(left) => {
                let length = usize::try_from(*left).map_or(input.len(), |n| n.min(input.len()));
                *left -= length as u64;
                Ok(Decoded {
                    consumed: length,
                    data: 0..length,
                    done: *left == 0,
                })
            }
            Self::Chunked(chunks) => chunks.decode(input),
            Self::UntilClose => Ok(Decoded {
                consumed: input.len(),
                data: 0..input.len(),
                done: false,
            }),
        }
    }

    /// Whether the body has ended. A body that ends with the connection never has.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Sized(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
            Self::UntilClose => false,
        }
    }

    /// How many bytes are to come, if the length was given.
    pub fn remaining(&self) -> Option<u64> {
        match self {
            Self::Sized(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// The trailer fields, complete once the body is done.
    pub fn trailers(&self) -> Fields<'_> {
        match self {
            Self::Chunked(chunks) => chunks.trailers(),
            Self::Sized(_) | Self::UntilClose => Fields::default(),
        }
    }

    /// Tells the decoder that the stream has ended.
    ///
    /// # Errors
    /// [`BodyError::Truncated`] when the body has not.
    pub fn on_eof(&self) -> Result<(), BodyError> {
        match self {
            Self::UntilClose => Ok(()),
            Self::Sized(_) | Self::Chunked(_) if self.is_done() => Ok(()),
            Self::Sized(_) | Self::Chunked(_) => Err(BodyError::Truncated),
        }
    }
}
