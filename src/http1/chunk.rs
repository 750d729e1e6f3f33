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
    trailers: Option<Box<Trailers>>,
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

/// Where in `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` a size line stands
/// (RFC 9112 section 7.1.1). Blanks before the first semicolon are refused: parsers are known to
/// disagree on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    Quoted,
    Escaped,
    AfterQuoted,
    AfterValue,
}

impl State {
    fn after_size(size: u64) -> Self {
        if size == 0 {
            Self::Trailers
        } else {
            Self::Data
        }
    }
}

impl Chunks {
    pub(super) fn new(limits: ChunkLimits) -> Self {
        Self {
            state: State::Size,
            size: 0,
            digits: 0,
            extensions: 0,
            limits,
            trailers: None,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(super) fn trailers(&self) -> Fields<'_> {
        self.trailers
            .as_deref()
            .map(Trailers::fields)
            .unwrap_or_default()
    }

    pub(super) fn decode(&mut self, input: &[u8]) -> Result<Decoded, BodyError> {
        let mut data = None;
        let mut rest = input;
        loop {
            rest = self.framing(rest)?;
            if self.state != State::Data || data.is_some() {
                break;
            }
            let start = input.len() - rest.len();
            let length = usize::try_from(self.size).map_or(rest.len(), |n| n.min(rest.len()));
            rest = rest.get(length..).unwrap_or_default();
            data = Some(start..start + length);
            self.size -= length as u64;
            if self.size > 0 {
                break;
            }
            self.state = State::DataCr;
        }
        Ok(Decoded {
            consumed: input.len() - rest.len(),
            data: data.unwrap_or(0..0),
            done: self.is_done(),
        })
    }

    /// Takes framing from the front of `rest`, up to data, the end of the body or that of `rest`.
    fn framing<'a>(&mut self, mut rest: &'a [u8]) -> Result<&'a [u8], BodyError> {
        loop {
            if let (State::DataCr, [b'\r', b'\n', more @ ..]) = (self.state, rest) {
                self.start_size();
                rest = more;
            }
            if let State::Size = self.state
                && self.digits == 0
                && let Some((size, more)) = plain_size(rest)
            {
                self.size = size;
                self.state = State::after_size(size);
                rest = more;
            }
            rest = match (self.state, rest) {
                (State::Trailers, _) => return self.trailer_section(rest),
                (State::Data | State::Done, _) | (_, []) => return Ok(rest),
                (_, [byte, more @ ..]) => {
                    self.state = self.step(*byte)?;
                    more
                }
            };
        }
    }

    fn trailer_section<'a>(&mut self, rest: &'a [u8]) -> Result<&'a [u8], BodyError> {
        if let (None, [b'\r', b'\n', more @ ..]) = (&self.trailers, rest) {
            self.state = State::Done;
            return Ok(more);
        }
        if rest.is_empty() {
            return Ok(rest);
        }
        let trailers = self.trailers.get_or_insert_default();
        let (used, complete) = trailers.take(rest, &self.limits)?;
        if complete {
            self.state = State::Done;
        }
        Ok(rest.get(used..).unwrap_or_default())
    }

    fn start_size(&mut self) {
        self.size = 0;
        self.digits = 0;
        self.state = State::Size;
    }

    /// Takes one byte of framing.
    fn step(&mut self, byte: u8) -> Result<State, BodyError> {
        match (self.state, byte) {
            (State::Size, _) => self.size_byte(byte),
            (State::SizeLf, b'\n') => Ok(State::after_size(self.size)),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => {
                self.start_size();
                Ok(State::Size)
            }
            (State::SizeLf | State::DataCr | State::DataLf, _) => Err(BodyError::ChunkEnd),
            (State::Extension(place), _) => self.extension_byte(place, byte),
            // `framing` stops at these.
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
            b';' => self.extension_byte(Extension::AfterValue, byte),
            _ => Err(BodyError::ChunkSize),
        }
    }

    fn extension_byte(&mut self, place: Extension, byte: u8) -> Result<State, BodyError> {
        use Extension::*;
        self.extensions += usize::from(byte != b'\r');
        if self.extensions > self.limits.max_extensions {
            return Err(BodyError::ChunkExtensionsTooLong);
        }
        let blank = matches!(byte, b' ' | b'\t');
        let token = scan::is_token(&[byte]);
        let next = match (place, byte) {
            (Name | Value | AfterQuoted, b'\r') => return Ok(State::SizeLf),
            (Name | AfterName | Value | AfterQuoted | AfterValue, b';') => BeforeName,
            (BeforeName | AfterName | BeforeValue | AfterValue, _) if blank => place,
            (Name, _) if blank => AfterName,
            (Value | AfterQuoted, _) if blank => AfterValue,
            (BeforeName | Name, _) if token => Name,
            (Name | AfterName, b'=') => BeforeValue,
            (BeforeValue, b'"') => Quoted,
            (BeforeValue | Value, _) if token => Value,
            (Quoted, b'"') => AfterQuoted,
            (Quoted, b'\\') => Escaped,
            (Quoted | Escaped, _) if scan::is_value_byte(byte) => Quoted,
            _ => return Err(BodyError::ChunkExtension),
        };
        Ok(State::Extension(next))
    }
}

/// The size on a size line without extensions that is here as a whole, and what follows the line.
fn plain_size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut size = 0;
    for (digits, &byte) in bytes
        .iter()
        .take(usize::from(MAX_SIZE_DIGITS) + 1)
        .enumerate()
    {
        match char::from(byte).to_digit(16) {
            Some(digit) if digits < usize::from(MAX_SIZE_DIGITS) => {
                size = size << 4 | u64::from(digit);
            }
            None if digits > 0 => {
                let more = bytes.get(digits..)?.strip_prefix(b"\r\n")?;
                return Some((size, more));
            }
            _ => return None,
        }
    }
    None
}
