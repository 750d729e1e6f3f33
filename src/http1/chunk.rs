//! The chunked coding (RFC 9112 section 7.1).

use crate::message::Fields;

use super::body::Decoded;
use super::trailers::Trailers;
use super::{BodyError, scan};

/// How much besides data a chunked body may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Bytes of chunk extensions in the whole body.
    pub max_extensions: usize,
    /// Bytes of the trailer section.
    pub max_trailers: usize,
    /// Trailer fields.
    pub max_trailer_fields: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self {
            max_extensions: 16 << 10,
            max_trailers: 8 << 10,
            max_trailer_fields: 32,
        }
    }
}

/// Most digits of a chunk size: what fits 64 bits.
const MAX_SIZE_DIGITS: u8 = 16;

/// The state of a chunked body.
#[derive(Clone, Debug)]
pub struct Chunks {
    state: State,
    /// Of the size line: the size so far. Then: bytes of data to come.
    size: u64,
    digits: u8,
    extensions: usize,
    limits: ChunkLimits,
    trailers: Trailers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size,
    Extension(Extension),
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    Done,
}

/// Where in `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` a size line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    BeforeSemicolon,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    Quoted,
    Escaped,
    AfterQuoted,
}

impl Chunks {
    pub(super) fn new(limits: ChunkLimits) -> Self {
        Self {
            state: State::Size,
            size: 0,
            digits: 0,
            extensions: 0,
            limits,
            trailers: Trailers::default(),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn trailers(&self) -> Fields<'_> {
        self.trailers.fields()
    }

    pub(super) fn decode(&mut self, input: &[u8]) -> Result<Decoded, BodyError> {
        let mut at = 0;
        let mut data = None;
        while self.state != State::Done {
            if self.state == State::Trailers {
                let rest = input.get(at..).unwrap_or_default();
                let (used, complete) = self.trailers.take(rest, &self.limits)?;
                at += used;
                if complete {
                    self.state = State::Done;
                }
                break;
            }
            if self.state == State::Data {
                if data.is_some() {
                    break;
                }
                let here = input.len() - at;
                let length = usize::try_from(self.size).map_or(here, |n| n.min(here));
                data = Some(at..at + length);
                at += length;
                self.size -= length as u64;
                if self.size > 0 {
                    break;
                }
                self.state = State::DataCr;
            }
            let Some(&byte) = input.get(at) else { break };
            self.state = self.step(byte)?;
            at += 1;
        }
        Ok(Decoded {
            consumed: at,
            data: data.unwrap_or(0..0),
            done: self.is_done(),
        })
    }

    /// Takes one byte of framing.
    fn step(&mut self, byte: u8) -> Result<State, BodyError> {
        match (self.state, byte) {
            (State::Size, _) => self.size_byte(byte),
            (State::SizeLf, b'\n') if self.size == 0 => Ok(State::Trailers),
            (State::SizeLf, b'\n') => Ok(State::Data),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => {
                self.digits = 0;
                Ok(State::Size)
            }
            (State::SizeLf | State::DataCr | State::DataLf, _) => Err(BodyError::ChunkEnd),
            (State::Extension(place), _) => self.extension_byte(place, byte),
            // `decode` handles these without steps.
            (State::Data | State::Trailers | State::Done, _) => Ok(self.state),
        }
    }

    fn size_byte(&mut self, byte: u8) -> Result<State, BodyError> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            if self.digits >= MAX_SIZE_DIGITS {
                return Err(BodyError::ChunkSizeTooLong);
            }
            self.digits += 1;
            self.size = self.size << 4 | u64::from(digit);
            return Ok(State::Size);
        }
        match byte {
            _ if self.digits == 0 => Err(BodyError::ChunkSize),
            b'\r' => Ok(State::SizeLf),
            b';' => self.extension_byte(Extension::BeforeSemicolon, byte),
            _ => Err(BodyError::ChunkSize),
        }
    }

    fn extension_byte(&mut self, place: Extension, byte: u8) -> Result<State, BodyError> {
        use Extension::*;
        self.extensions += 1;
        if self.extensions > self.limits.max_extensions {
            return Err(BodyError::ChunkExtensionsTooLong);
        }
        let blank = matches!(byte, b' ' | b'\t');
        let token = scan::is_token(&[byte]);
        let next = match (place, byte) {
            (Name | AfterName | Value | AfterQuoted, b'\r') => return Ok(State::SizeLf),
            (BeforeSemicolon | Name | AfterName | Value | AfterQuoted, b';') => BeforeName,
            (BeforeName | AfterName | BeforeValue | AfterQuoted, _) if blank => place,
            (Name, _) if blank => AfterName,
            (Value, _) if blank => AfterQuoted,
            (BeforeName | Name, _) if token => Name,
            (Name | AfterName, b'=') => BeforeValue,
            (BeforeValue, b'"') => Quoted,
            (BeforeValue | Value, _) if token => Value,
            (Quoted, b'"') => AfterQuoted,
            (Quoted, b'\\') => Escaped,
            (Quoted, _) if scan::is_value_byte(byte) => Quoted,
            (Escaped, _) if scan::is_value_byte(byte) => Quoted,
            _ => return Err(BodyError::ChunkExtension),
        };
        Ok(State::Extension(next))
    }
}
