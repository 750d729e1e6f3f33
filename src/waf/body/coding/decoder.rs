//! A stack of codings.

use super::CodingError;
use super::brotli::Brotli;
use super::deflate::Deflate;
use super::gzip::Gzip;
use super::zstd::Zstd;

/// How much a coded body may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodingLimits {
    /// Codings on top of each other; `identity` is none.
    pub codings: usize,
    /// Bytes that come of one byte. The first 64 KiB are free.
    pub ratio: u64,
    /// Bytes of the decoded body.
    pub size: u64,
}

impl Default for CodingLimits {
    /// Two codings, 200 bytes for one, and 12.5 MiB: ModSecurity's default limit of a request body.
    fn default() -> Self {
        Self {
            codings: 2,
            ratio: 200,
            size: 13_107_200,
        }
    }
}

/// Bytes that may come of whatever came in: the ratio means nothing for a few bytes.
const FREE: u64 = 64 << 10;

/// Bytes that a coding gives at once.
const CHUNK: usize = 16 << 10;

/// Decodes a body, piece by piece.
pub struct Decoder {
    /// The outermost coding first, which was applied last.
    layers: Vec<Layer>,
    limits: CodingLimits,
    /// Bytes that came in.
    taken: u64,
    /// Bytes that went out.
    given: u64,
}

struct Layer {
    coding: Coding,
    chunk: Box<[u8]>,
    given: u64,
}

enum Coding {
    Gzip(Gzip),
    Deflate(Deflate),
    Brotli(Brotli),
    Zstd(Zstd),
}

/// What a coding did with some input. It takes all of it unless its output is full or its data ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes of input taken.
    pub(super) taken: usize,
    /// Bytes of output written.
    pub(super) written: usize,
}

impl Coding {
    /// By its name in the registry of codings.
    fn of(name: &[u8]) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match () {
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip(Gzip::default())),
            () if is("deflate") => Some(Self::Deflate(Deflate::default())),
            () if is("br") => Some(Self::Brotli(Brotli::default())),
            () if is("zstd") => Some(Self::Zstd(Zstd::default())),
            () => None,
        }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        match self {
            Self::Gzip(gzip) => gzip.step(input, output),
            Self::Deflate(deflate) => deflate.step(input, output),
            Self::Brotli(brotli) => brotli.step(input, output),
            Self::Zstd(zstd) => zstd.step(input, output),
        }
    }

    /// Whether the data may end here.
    fn is_complete(&self) -> bool {
        match self {
            Self::Gzip(gzip) => gzip.is_complete(),
            Self::Deflate(deflate) => deflate.is_complete(),
            Self::Brotli(brotli) => brotli.is_complete(),
            Self::Zstd(zstd) => zstd.is_complete(),
        }
    }
}

impl Decoder {
    /// A decoder for what a `Content-Encoding` header names, a list with the coding that was applied
    /// last at its end.
    ///
    /// # Errors
    /// When a coding is not known, or there are too many.
    pub fn new(header: &[u8], limits: CodingLimits) -> Result<Self, CodingError> {
        let mut layers = Vec::new();
        for name in header.rsplit(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            let coding = Coding::of(name).ok_or(CodingError::Unknown)?;
            if layers.len() >= limits.codings {
                return Err(CodingError::TooMany);
            }
            layers.push(Layer {
                coding,
                chunk: vec![0; CHUNK].into_boxed_slice(),
                given: 0,
            });
        }
        Ok(Self {
            layers,
            limits,
            taken: 0,
            given: 0,
        })
    }

    /// Whether the body is not coded at all.
    pub fn is_identity(&self) -> bool {
        self.layers.is_empty()
    }

    /// Decodes some more, and appends what comes of it to `out`.
    ///
    /// # Errors
    /// When the data is malformed or comes to too much. What was decoded before is in `out`; the
    /// decoder is of no use from then on.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), CodingError> {
        self.taken = self.taken.saturating_add(input.len() as u64);
        let mut sink = Sink {
            most: self.taken.saturating_mul(self.limits.ratio).max(FREE),
            size: self.limits.size,
            given: &mut self.given,
            out,
        };
        decode(&mut self.layers, input, &mut sink)
    }

    /// Ends the body.
    ///
    /// # Errors
    /// When the data goes on. A body of no bytes at all is complete.
    pub fn finish(&self) -> Result<(), CodingError> {
        let complete = self.layers.iter().all(|layer| layer.coding.is_complete());
        if complete || self.taken == 0 {
            Ok(())
        } else {
            Err(CodingError::Truncated)
        }
    }
}

/// Where decoded bytes go.
struct Sink<'a> {
    /// Bytes that a layer may give by the ratio.
    most: u64,
    size: u64,
    given: &'a mut u64,
    out: &'a mut Vec<u8>,
}

impl Sink<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), CodingError> {
        let room = usize::try_from(self.size - *self.given).unwrap_or(usize::MAX);
        let fitting = bytes.get(..room).unwrap_or(bytes);
        self.out.extend_from_slice(fitting);
        *self.given += fitting.len() as u64;
        match fitting.len() == bytes.len() {
            true => Ok(()),
            false => Err(CodingError::TooLarge),
        }
    }
}

fn decode(layers: &mut [Layer], input: &[u8], sink: &mut Sink<'_>) -> Result<(), CodingError> {
    let Some((layer, inner)) = layers.split_first_mut() else {
        return sink.push(input);
    };
    let mut rest = input;
    loop {
        let step = layer.coding.step(rest, &mut layer.chunk)?;
        rest = rest.get(step.taken..).unwrap_or_default();
        let output = layer.chunk.get(..step.written).unwrap_or_default();
        layer.given += output.len() as u64;
        decode(inner, output, sink)?;
        if layer.given > sink.most {
            return Err(CodingError::Bomb);
        }
        if layer.given > sink.size {
            return Err(CodingError::TooLarge);
        }
        if rest.is_empty() && step.written < CHUNK {
            return Ok(());
        }
        // Whatever is at its end refuses more input; nothing else leaves some for no output.
        if step == Step::default() {
            return Err(CodingError::Malformed);
        }
    }
}
