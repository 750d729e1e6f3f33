//! What of an exchange may be shown.
//!
//! Where a value is from decides: a member of a collection by its name, a variable that holds others
//! (`REQUEST_LINE`, `REQUEST_BODY`) by whether any of these is masked, a copy (`TX`) by whether it
//! holds a secret of the exchange. Whatever is shown has what it assigns to masked names replaced.
//! Invariant: in doubt, masked.

use std::{borrow::Cow, cell::OnceCell};

use super::{About, Masks, assignments, masks::MASK, origin::Subject, secrets::Secrets};
use crate::waf::{
    Match, Transaction, Variable,
    values::{List, Source, sources},
};

/// What of an exchange may be shown.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) about: &'a About<'a>,
    pub(super) masks: &'a Masks,
    /// The request's target, masked.
    pub(super) target: Vec<u8>,
    target_hides: bool,
    path_hides: bool,
    form_hides: OnceCell<bool>,
    secrets: OnceCell<Secrets>,
}

/// A text as it may be shown: cut, then masked.
#[derive(Clone, Debug)]
pub(super) struct Cut<'a> {
    pub(super) text: Cow<'a, [u8]>,
    /// How many bytes were cut off.
    pub(super) missing: usize,
}

impl Cut<'_> {
    /// All of it is masked.
    pub(super) const MASKED: Self = Cut {
        text: Cow::Borrowed(MASK),
        missing: 0,
    };

    /// Nothing.
    pub(super) const EMPTY: Self = Cut {
        text: Cow::Borrowed(b""),
        missing: 0,
    };
}

/// A match as it may be shown.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) msg: Cut<'a>,
    pub(super) data: Cut<'a>,
    pub(super) tags: Vec<Cut<'a>>,
    /// Empty for `SecAction`, which looks at nothing.
    pub(super) variable: Cow<'a, [u8]>,
    pub(super) value: Cut<'a>,
    /// Whether the value or the data is masked as a whole.
    pub(super) masked: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(
        transaction: &'a Transaction,
        about: &'a About<'a>,
        masks: &'a Masks,
    ) -> Self {
        let separator = transaction.policy().settings().argument_separator;
        let raw = transaction.value(Variable::RequestUriRaw);
        let mut target = Vec::with_capacity(raw.len());
        let target_hides = assignments::target(masks, raw, separator, &mut target);
        let before = raw.split(|byte| *byte == b'?').next().unwrap_or_default();
        let path_hides = assignments::path(masks, before, &mut Vec::new());
        Self {
            transaction,
            about,
            masks,
            target,
            target_hides,
            path_hides,
            form_hides: OnceCell::new(),
            secrets: OnceCell::new(),
        }
    }

    /// A match as it may be shown, its texts cut after `limit` bytes.
    pub(super) fn shown<'m>(&self, found: &Match<'m>, limit: usize) -> Shown<'m> {
        let Some(rule) = self.transaction.rule_of(found) else {
            // A match of another transaction: nothing is known of it.
            return Shown {
                msg: Cut::MASKED,
                data: Cut::MASKED,
                tags: Vec::new(),
                variable: Cow::Borrowed(MASK),
                value: Cut::MASKED,
                masked: true,
            };
        };
        let hides = self.hides_match(found.variable, found.value);
        let subject = Subject {
            hides,
            hides_piece: hides || assignments::hides(self.masks, found.value),
            hides_name: matches!(self.variable(found.variable), Cow::Owned(_)),
        };
        let expanded = |template, text| self.expanded(rule, template, text, &subject, limit);
        let data = expanded(&rule.logdata, found.data);
        let last = rule.links.last();
        let looks = last.is_some_and(|link| !link.targets.is_empty());
        let (variable, value) = match looks {
            false => (Cow::Borrowed(&b""[..]), Cut::EMPTY),
            true if subject.hides => (self.variable(found.variable), Cut::MASKED),
            true => {
                let value = self.cut(found.value, limit);
                (self.variable(found.variable), value)
            }
        };
        let tags = rule.tags.iter().zip(found.tags);
        Shown {
            msg: expanded(&rule.msg, found.msg),
            masked: *value.text == *MASK || *data.text == *MASK,
            data,
            tags: tags
                .map(|(template, tag)| expanded(template, tag))
                .collect(),
            variable,
            value,
        }
    }

    /// The first `limit` bytes of a text, with what they assign to masked names replaced.
    pub(super) fn cut<'m>(&self, text: &'m [u8], limit: usize) -> Cut<'m> {
        let shown = text.get(..limit).unwrap_or(text);
        Cut {
            text: self.text(shown),
            missing: text.len() - shown.len(),
        }
    }

    /// The name of a variable and its member. What a client sends as a name may be a document.
    pub(super) fn variable<'m>(&self, variable: &'m [u8]) -> Cow<'m, [u8]> {
        let (_, name, member) = split(variable);
        if !member.is_empty() && self.hides_name(member) {
            let mut out = name.to_vec();
            out.push(b':');
            out.extend_from_slice(MASK);
            return Cow::Owned(out);
        }
        Cow::Borrowed(variable)
    }

    /// A text with what it assigns to masked names replaced.
    pub(super) fn text<'m>(&self, text: &'m [u8]) -> Cow<'m, [u8]> {
        let mut out = Vec::with_capacity(text.len());
        match assignments::text(self.masks, text, &mut out) {
            true => Cow::Owned(out),
            false => Cow::Borrowed(text),
        }
    }

    /// The path, decoded, without the query.
    pub(super) fn path(&self) -> Cow<'a, [u8]> {
        self.text(self.transaction.value(Variable::RequestFilename))
    }

    /// The value of a header.
    pub(super) fn header<'m>(&self, name: &[u8], value: &'m [u8]) -> Cow<'m, [u8]> {
        if self.masks.header(name) {
            return Cow::Borrowed(MASK);
        }
        let mut out = Vec::with_capacity(value.len());
        match assignments::target(self.masks, value, b'&', &mut out) {
            true => Cow::Owned(out),
            false => Cow::Borrowed(value),
        }
    }

    /// The value of a header of an exchange. What is sent back may hold what was sent.
    pub(super) fn header_of<'m>(&self, list: List, name: &[u8], value: &'m [u8]) -> Cow<'m, [u8]> {
        match list == List::ResponseHeaders && self.holds_secret(value) {
            true => Cow::Borrowed(MASK),
            false => self.header(name, value),
        }
    }

    /// The name and value of an argument.
    pub(super) fn argument<'m>(
        &self,
        name: &'m [u8],
        value: &'m [u8],
    ) -> (Cow<'m, [u8]>, Cow<'m, [u8]>) {
        let shown = match self.masks.name(name) {
            true => Cow::Borrowed(MASK),
            false => self.text(value),
        };
        match self.hides_name(name) {
            true => (Cow::Borrowed(MASK), shown),
            false => (Cow::Borrowed(name), shown),
        }
    }

    /// Whether a text that no field is known of may hold a secret.
    pub(super) fn mentions(&self, text: &[u8]) -> bool {
        self.masks.name(text)
    }

    /// Whether a text holds a secret of the exchange.
    pub(super) fn holds_secret(&self, text: &[u8]) -> bool {
        self.secrets().are_in(text)
    }

    /// Whether a field of the body is masked.
    pub(super) fn form_hides(&self) -> bool {
        *self.form_hides.get_or_init(|| {
            let lists = [List::Form, List::Files];
            let mut names = lists
                .iter()
                .flat_map(|list| self.transaction.list(*list).iter());
            names.any(|(name, _)| self.masks.name(name))
        })
    }

    /// Pairs of names and values, as queries and forms have them, with those of masked names replaced.
    pub(super) fn query(&self, text: &[u8]) -> Vec<u8> {
        let separator = self.transaction.policy().settings().argument_separator;
        let mut out = Vec::with_capacity(text.len());
        assignments::query(self.masks, text, separator, &mut out);
        out
    }

    pub(super) fn hides_match(&self, variable: &[u8], value: &[u8]) -> bool {
        let (counted, name, member) = split(variable);
        if counted {
            return false;
        }
        let known = std::str::from_utf8(name).ok().and_then(Variable::by_name);
        let Some(known) = known else { return true };
        match known {
            Variable::MatchedVars => self.hides_match(member, value) || self.secrets().touch(value),
            Variable::Tx | Variable::Env | Variable::MatchedVar => {
                self.masks.name(member) || self.secrets().touch(value)
            }
            // What is sent back may hold what was sent.
            Variable::ResponseBody | Variable::ResponseHeaders => {
                self.hides(known, member) || self.holds_secret(&self.text(value))
            }
            _ => self.hides(known, member),
        }
    }

    /// Whether the member of a variable is masked. Copies are not decided here.
    pub(super) fn hides(&self, variable: Variable, member: &[u8]) -> bool {
        match variable {
            Variable::Args
            | Variable::ArgsGet
            | Variable::ArgsPost
            | Variable::Files
            | Variable::FilesTmpContent
            | Variable::MultipartPartHeaders
            | Variable::Tx
            | Variable::Env => self.masks.name(member),
            Variable::ArgsNames
            | Variable::ArgsGetNames
            | Variable::ArgsPostNames
            | Variable::FilesNames
            | Variable::RequestHeadersNames
            | Variable::ResponseHeadersNames
            | Variable::RequestCookiesNames
            | Variable::MatchedVarsNames => self.hides_name(member),
            Variable::RequestCookies => self.masks.cookie(member),
            Variable::RequestHeaders => self.hides_header(List::RequestHeaders, member),
            Variable::ResponseHeaders => self.hides_header(List::ResponseHeaders, member),
            Variable::RequestUri
            | Variable::RequestUriRaw
            | Variable::RequestLine
            | Variable::QueryString => self.target_hides,
            Variable::RequestFilename | Variable::RequestBasename | Variable::PathInfo => {
                self.path_hides
            }
            Variable::RequestBody => self.body_hides(self.transaction.value(variable)),
            Variable::FullRequest => {
                let cookies = self.transaction.list(List::Cookies).iter();
                let headers = self.transaction.list(List::RequestHeaders).iter();
                self.target_hides
                    || cookies.into_iter().any(|(name, _)| self.masks.cookie(name))
                    || headers.into_iter().any(|(name, _)| self.masks.header(name))
                    || self.body_hides(self.transaction.value(variable))
            }
            Variable::Xml => self.xml_hides(),
            Variable::RemoteUser => self.masks.header(b"authorization"),
            Variable::Sessionid | Variable::Session => self.masks.name(b"sessionid"),
            _ => false,
        }
    }

    /// Whether a header is masked, or an address in it carries what is.
    fn hides_header(&self, list: List, member: &[u8]) -> bool {
        let headers = self.transaction.list(list).iter();
        let mut headers = headers.filter(|(name, _)| name.eq_ignore_ascii_case(member));
        self.masks.header(member)
            || headers.any(|(name, value)| matches!(self.header(name, value), Cow::Owned(_)))
    }

    /// Whether any member of a variable that the exchange has is masked.
    pub(super) fn hides_any(&self, variable: Variable) -> bool {
        let members = sources(variable).into_iter().flatten();
        let lists = members.filter_map(|source| match source {
            Source::Values(list) | Source::Names(list) => Some(list),
            Source::One(_) => None,
        });
        let mut lists = lists.peekable();
        if lists.peek().is_none() || variable == Variable::Xml {
            return self.hides(variable, b"");
        }
        lists
            .flat_map(|list| self.transaction.list(list).iter())
            .any(|(name, _)| self.hides(variable, name))
    }

    /// Whether a name is more than a name, and holds what is masked.
    fn hides_name(&self, name: &[u8]) -> bool {
        !assignments::is_plain(name) && self.masks.name(name)
    }

    fn body_hides(&self, content: &[u8]) -> bool {
        let processor = self.transaction.value(Variable::ReqbodyProcessor);
        self.form_hides() || processor != b"URLENCODED" && self.mentions(content)
    }

    /// Names of elements stand in the body alone.
    fn xml_hides(&self) -> bool {
        let body = self.about.request_body;
        let mut attributes = self.transaction.xml_attributes().iter();
        !self.masks.is_empty()
            && (body.is_empty()
                || self.about.request_body_cut
                || self.mentions(body)
                || attributes.any(|(name, _)| self.masks.name(name)))
    }

    pub(super) fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| {
            let list = |list| self.transaction.list(list).iter();
            let arguments = [List::Query, List::Form, List::Files, List::FileContents];
            let arguments = arguments.into_iter().flat_map(list);
            let arguments = arguments.map(|(name, value)| (self.masks.name(name), value));
            let cookies = list(List::Cookies);
            let cookies = cookies.map(|(name, value)| (self.masks.cookie(name), value));
            let headers = list(List::RequestHeaders).chain(list(List::ResponseHeaders));
            // Its cookies are there one by one.
            let headers = headers.filter(|(name, _)| !name.eq_ignore_ascii_case(b"cookie"));
            let headers = headers.map(|(name, value)| (self.masks.header(name), value));
            let attributes = self.transaction.xml_attributes().iter();
            let attributes = attributes.map(|(name, value)| (self.masks.name(name), value));
            let texts = self.transaction.xml_texts();
            let texts = texts.map(|text| (self.xml_hides(), text));
            let others = [
                Variable::RequestUriRaw,
                Variable::RequestBody,
                Variable::ResponseBody,
            ];
            let others = others.into_iter().map(|variable| {
                let value = self.transaction.value(variable);
                let whole = variable == Variable::RequestBody && self.body_hides(value);
                (whole, value)
            });
            let fields = arguments.chain(cookies).chain(headers);
            let all = fields.chain(attributes).chain(texts).chain(others);
            Secrets::of(all.flat_map(|(masked, value)| match masked {
                true => vec![Cow::Borrowed(value)],
                false => {
                    let assigned = assignments::assigned(self.masks, value);
                    assigned.into_iter().map(Cow::Owned).collect()
                }
            }))
        })
    }
}

/// Whether a name is a count's, the variable, and the member, empty where it has none.
fn split(variable: &[u8]) -> (bool, &[u8], &[u8]) {
    let (counted, rest) = match variable {
        [b'&', rest @ ..] => (true, rest),
        _ => (false, variable),
    };
    let colon = memchr::memchr(b':', rest).unwrap_or(rest.len());
    let (name, member) = rest.split_at_checked(colon).unwrap_or((rest, b""));
    (counted, name, member.get(1..).unwrap_or_default())
}
