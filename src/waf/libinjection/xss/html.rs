//! A tokenizer of HTML that is as lax as old browsers were.
//!
//! It follows the states of the HTML standard (section 13.2.5) with the exceptions that libinjection
//! makes of it. It takes input apart from any of five places, does not decode, and knows nothing of
//! what elements mean.

use memchr::{memchr, memmem};

/// Where input is taken to land.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between elements.
    Text,
    /// Within a tag, where an attribute may start.
    Tag,
    /// Within the value of an attribute behind this quote.
    Quoted(u8),
}

/// What a piece of input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text between tags.
    Text,
    /// The name behind `<`.
    TagName,
    /// The `>` of a tag.
    TagEnd,
    /// The `/>` of a tag.
    EmptyTagEnd,
    /// The name of a closing tag.
    ClosingTag,
    /// The name of an attribute.
    AttributeName,
    /// The value of an attribute, without quotes.
    AttributeValue,
    /// What is within a comment, or what is skipped like one.
    Comment,
    /// A document type.
    Doctype,
}

/// A piece of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub kind: Kind,
    pub text: &'a [u8],
}

/// A place in the input from which pieces are taken.
#[derive(Clone, Debug)]
pub(super) struct Pieces<'a> {
    rest: &'a [u8],
    state: State,
    /// Whether the tag is a closing one, as far as can be told.
    closing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    TagOpen,
    TagEnd,
    BeforeAttributeName,
    AfterAttributeName,
    BeforeAttributeValue,
    /// At the first byte of a value in this quote.
    Quoted(u8),
    AfterQuoted,
    /// Behind a `/` in a tag.
    SelfClosing,
    End,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(input: &'a [u8], place: Place) -> Self {
        Self {
            rest: input,
            state: match place {
                Place::Text => State::Text,
                Place::Tag => State::BeforeAttributeName,
                Place::Quoted(quote) => State::Quoted(quote),
            },
            closing: false,
        }
    }

    /// What no piece was made of yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Makes a piece of the next `length` bytes and goes on behind the `skipped` ones after it.
    fn take(&mut self, kind: Kind, length: usize, skipped: usize, state: State) -> Piece<'a> {
        let (text, behind) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = behind.get(skipped..).unwrap_or_default();
        self.state = state;
        Piece { kind, text }
    }

    /// Makes a piece of all that is left.
    fn take_rest(&mut self, kind: Kind) -> Piece<'a> {
        self.take(kind, self.rest.len(), 0, State::End)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skips blanks; the byte behind them, if there is one. C takes 255 for the end of the input,
    /// and so does this.
    fn skip_blanks(&mut self) -> Option<u8> {
        let blanks = self.rest.iter().position(|&byte| !is_blank(byte))?;
        self.skip(blanks);
        self.rest.first().copied().filter(|&byte| byte != 0xFF)
    }

    fn text(&mut self) -> Option<Piece<'a>> {
        match memchr(b'<', self.rest) {
            Some(0) => {
                self.skip(1);
                self.tag_open()
            }
            Some(length) => Some(self.take(Kind::Text, length, 1, State::TagOpen)),
            None if self.rest.is_empty() => None,
            None => Some(self.take_rest(Kind::Text)),
        }
    }

    fn tag_open(&mut self) -> Option<Piece<'a>> {
        Some(match self.rest {
            [] => return None,
            [b'!', ..] => {
                self.skip(1);
                self.declaration()
            }
            [b'/', behind @ ..] => {
                self.skip(1);
                // `</>` leaves this set, and then the next name counts as a closing tag's.
                self.closing = true;
                match behind {
                    [] => return None,
                    [b'>', ..] => return self.text(),
                    [b'a'..=b'z' | b'A'..=b'Z', ..] => self.tag_name(),
                    _ => {
                        self.closing = false;
                        self.bogus_comment()
                    }
                }
            }
            [b'?', ..] => {
                self.skip(1);
                self.bogus_comment()
            }
            [b'%', ..] => {
                // An ancient form of comments, `<% ... %>`.
                self.skip(1);
                self.until(b"%>", Kind::Comment)
            }
            [b'a'..=b'z' | b'A'..=b'Z' | 0, ..] => self.tag_name(),
            _ => {
                self.state = State::Text;
                Piece {
                    kind: Kind::Text,
                    text: b"<",
                }
            }
        })
    }

    fn tag_name(&mut self) -> Piece<'a> {
        let end = |&byte: &u8| matches!(byte, b'/' | b'>') || (byte != 0 && is_blank(byte));
        let Some(length) = self.rest.iter().position(end) else {
            return self.take_rest(Kind::TagName);
        };
        match self.rest.get(length) {
            Some(b'/') => self.take(Kind::TagName, length, 1, State::SelfClosing),
            Some(b'>') if self.closing => {
                self.closing = false;
                self.take(Kind::ClosingTag, length, 1, State::Text)
            }
            Some(b'>') => self.take(Kind::TagName, length, 0, State::TagEnd),
            _ => self.take(Kind::TagName, length, 1, State::BeforeAttributeName),
        }
    }

    fn tag_end(&mut self) -> Piece<'a> {
        self.closing = false;
        self.take(Kind::TagEnd, 1, 0, State::Text)
    }

    fn before_attribute_name(&mut self) -> Option<Piece<'a>> {
        loop {
            match self.skip_blanks()? {
                b'/' => match self.rest {
                    [_] => return None,
                    [_, b'>', ..] => return Some(self.empty_tag_end(2)),
                    _ => self.skip(1),
                },
                b'>' => return Some(self.take(Kind::TagEnd, 1, 0, State::Text)),
                _ => return Some(self.attribute_name()),
            }
        }
    }

    /// A `/` was skipped.
    fn self_closing(&mut self) -> Option<Piece<'a>> {
        match self.rest {
            [] => None,
            [b'>', ..] => Some(self.empty_tag_end(1)),
            _ => self.before_attribute_name(),
        }
    }

    /// So many bytes of `/>` are still ahead.
    fn empty_tag_end(&mut self, ahead: usize) -> Piece<'a> {
        self.skip(ahead);
        self.state = State::Text;
        Piece {
            kind: Kind::EmptyTagEnd,
            text: b"/>",
        }
    }

    /// The first byte belongs to the name, whatever it is.
    fn attribute_name(&mut self) -> Piece<'a> {
        let behind = self.rest.get(1..).unwrap_or_default();
        let end = |&byte: &u8| is_blank(byte) || matches!(byte, b'/' | b'=' | b'>');
        let Some(more) = behind.iter().position(end) else {
            return self.take_rest(Kind::AttributeName);
        };
        let (skipped, state) = match behind.get(more) {
            Some(b'/') => (1, State::SelfClosing),
            Some(b'=') => (1, State::BeforeAttributeValue),
            Some(b'>') => (0, State::TagEnd),
            _ => (1, State::AfterAttributeName),
        };
        self.take(Kind::AttributeName, 1 + more, skipped, state)
    }

    fn after_attribute_name(&mut self) -> Option<Piece<'a>> {
        match self.skip_blanks()? {
            b'/' => {
                self.skip(1);
                self.self_closing()
            }
            b'=' => {
                self.skip(1);
                self.before_attribute_value()
            }
            b'>' => Some(self.tag_end()),
            _ => Some(self.attribute_name()),
        }
    }

    fn before_attribute_value(&mut self) -> Option<Piece<'a>> {
        let first = self.skip_blanks()?;
        Some(match first {
            b'"' | b'\'' | b'`' => {
                self.skip(1);
                self.quoted(first)
            }
            _ => self.unquoted(),
        })
    }

    fn quoted(&mut self, quote: u8) -> Piece<'a> {
        match memchr(quote, self.rest) {
            Some(length) => self.take(Kind::AttributeValue, length, 1, State::AfterQuoted),
            None => self.take_rest(Kind::AttributeValue),
        }
    }

    fn unquoted(&mut self) -> Piece<'a> {
        let end = |&byte: &u8| is_blank(byte) || byte == b'>';
        let Some(length) = self.rest.iter().position(end) else {
            return self.take_rest(Kind::AttributeValue);
        };
        match self.rest.get(length) {
            Some(b'>') => self.take(Kind::AttributeValue, length, 0, State::TagEnd),
            _ => self.take(Kind::AttributeValue, length, 1, State::BeforeAttributeName),
        }
    }

    fn after_quoted(&mut self) -> Option<Piece<'a>> {
        match self.rest {
            [] => None,
            [b'/', ..] => {
                self.skip(1);
                self.self_closing()
            }
            _ => self.before_attribute_name(),
        }
    }

    /// What follows `<!`.
    fn declaration(&mut self) -> Piece<'a> {
        let start = self.rest.get(..7).unwrap_or_default();
        if start.eq_ignore_ascii_case(b"DOCTYPE") {
            self.until(b">", Kind::Doctype)
        } else if start == b"[CDATA[" {
            self.skip(7);
            self.until(b"]]>", Kind::Text)
        } else if self.rest.starts_with(b"--") {
            self.skip(2);
            self.comment()
        } else {
            self.bogus_comment()
        }
    }

    fn bogus_comment(&mut self) -> Piece<'a> {
        self.until(b">", Kind::Comment)
    }

    /// A piece up to `end`, which is left behind.
    fn until(&mut self, end: &[u8], kind: Kind) -> Piece<'a> {
        match memmem::find(self.rest, end) {
            Some(length) => self.take(kind, length, end.len(), State::Text),
            None => self.take_rest(kind),
        }
    }

    /// A comment ends with `-->` or `-!>`, and zero bytes may stand behind the first dash.
    fn comment(&mut self) -> Piece<'a> {
        let mut from = 0;
        while let Some(found) = memchr(b'-', self.rest.get(from..).unwrap_or_default()) {
            let dash = from + found;
            let behind = self.rest.get(dash + 1..).unwrap_or_default();
            let zeros = behind.iter().take_while(|&&byte| byte == 0).count();
            if let Some([b'-' | b'!', b'>', ..]) = behind.get(zeros..) {
                return self.take(Kind::Comment, dash, 1 + zeros + 2, State::Text);
            }
            from = dash + 1;
        }
        self.take_rest(Kind::Comment)
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let piece = match self.state {
            State::Text => self.text(),
            State::TagOpen => self.tag_open(),
            State::TagEnd => Some(self.tag_end()),
            State::BeforeAttributeName => self.before_attribute_name(),
            State::AfterAttributeName => self.after_attribute_name(),
            State::BeforeAttributeValue => self.before_attribute_value(),
            State::Quoted(quote) => Some(self.quoted(quote)),
            State::AfterQuoted => self.after_quoted(),
            State::SelfClosing => self.self_closing(),
            State::End => None,
        };
        if piece.is_none() {
            self.state = State::End;
        }
        piece
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ')
}
