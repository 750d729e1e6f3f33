//! What of an exchange may be shown.
//!
//! Where a value is from decides: a member of a collection by its name, a variable that holds others
//! (`REQUEST_LINE`, `REQUEST_BODY`) by whether any of these is masked, a copy (`TX`) by whether it
//! holds a secret of the exchange. Whatever is shown has what it assigns to masked names replaced.
//! Invariant: in doubt, masked.

use std::{borrow::Cow, cell::OnceCell};

use super::{About, Masks, assignments, masks::MASK, secrets::Secrets, templates};
use crate::waf::{
    Match, Transaction, Variable,
    ruleset::{Expand, Expansion, Rule, Select},
    values::{List, Source, sources},
};

/// What of an exchange may be shown.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) transaction: &'a Transaction,
    pub(super) about: &'a About<'a>,
    masks: &'a Masks,
    /// The request's target, masked.
    pub(super) target: Vec<u8>,
    target_hides: bool,
    path_hides: bool,
    form_hides: OnceCell<bool>,
    secrets: OnceCell<Secrets>,
}

/// A match as it may be shown.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) msg: Cow<'a, [u8]>,
    pub(super) data: Cow<'a, [u8]>,
    pub(super) tags: Vec<Cow<'a, [u8]>>,
    /// Empty for `SecAction`, which looks at nothing.
    pub(super) variable: Cow<'a, [u8]>,
    pub(super) value: Cow<'a, [u8]>,
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

    /// A match as it may be shown.
    pub(super) fn shown<'m>(&self, found: &Match<'m>) -> Shown<'m> {
        let Some(rule) = self.transaction.rule_of(found) else {
            // A match of another transaction: nothing is known of it.
            return Shown {
                msg: Cow::Borrowed(MASK),
                data: Cow::Borrowed(MASK),
                tags: Vec::new(),
                variable: Cow::Borrowed(MASK),
                value: Cow::Borrowed(MASK),
                masked: true,
            };
        };
        let hides = self.hides_match(found.variable, found.value);
        let expanded = |template, text| self.expanded(rule, template, text, hides);
        let data = expanded(&rule.logdata, found.data);
        let looks = rule
            .links
            .last()
            .is_some_and(|link| !link.targets.is_empty());
        let (variable, value) = match looks {
            false => (Cow::Borrowed(&b""[..]), Cow::Borrowed(&b""[..])),
            true if hides => (self.variable(found.variable), Cow::Borrowed(MASK)),
            true => (self.variable(found.variable), self.text(found.value)),
        };
        let tags = rule.tags.iter().zip(found.tags);
        Shown {
            msg: expanded(&rule.msg, found.msg),
            masked: *value == *MASK || *data == *MASK,
            data,
            tags: tags
                .map(|(template, tag)| expanded(template, tag))
                .collect(),
            variable,
            value,
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

    /// The body of a request with masked fields replaced. `None`: it cannot be shown.
    pub(super) fn query(&self, text: &[u8]) -> Vec<u8> {
        let separator = self.transaction.policy().settings().argument_separator;
        let mut out = Vec::with_capacity(text.len());
        assignments::query(self.masks, text, separator, &mut out);
        out
    }

    fn hides_match(&self, variable: &[u8], value: &[u8]) -> bool {
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
            _ => self.hides(known, member),
        }
    }

    /// Whether the member of a variable is masked. Copies are not decided here.
    fn hides(&self, variable: Variable, member: &[u8]) -> bool {
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
    fn hides_any(&self, variable: Variable) -> bool {
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
                || self.mentions(body)
                || attributes.any(|(name, _)| self.masks.name(name)))
    }

    /// A text as it was expanded from `template`. `subject`: whether what matched is masked.
    fn expanded<'m>(
        &self,
        rule: &Rule,
        template: &Expansion,
        text: &'m [u8],
        subject: bool,
    ) -> Cow<'m, [u8]> {
        if template.literal().is_some() {
            return Cow::Borrowed(text);
        }
        let mut copies = false;
        for piece in &template.pieces {
            let hides = match piece {
                Expand::Literal(_) => false,
                Expand::Tx(slot) => {
                    copies = true;
                    let name = self.transaction.policy().names.name(*slot);
                    match name {
                        [b'0'..=b'9'] => subject || self.captures(rule),
                        name => self.masks.name(name),
                    }
                }
                Expand::Variable(variable, member) => match (variable, member) {
                    (Variable::MatchedVar, _) => subject,
                    (Variable::MatchedVars, _) => subject || self.captures(rule),
                    (Variable::MatchedVarName | Variable::MatchedVarsNames, _) => {
                        copies = true;
                        false
                    }
                    (Variable::Tx | Variable::Env, member) => {
                        copies = true;
                        self.masks.name(member.as_deref().unwrap_or_default())
                    }
                    (variable, Some(member)) => self.hides(*variable, member),
                    (variable, None) => self.hides_any(*variable),
                },
            };
            if hides {
                return Cow::Borrowed(MASK);
            }
        }
        let pieces = templates::expanded(template, text);
        if copies && pieces.iter().any(|piece| self.secrets().touch(piece)) {
            return Cow::Borrowed(MASK);
        }
        self.text(text)
    }

    /// Whether an earlier link of a chain may have looked at what is masked.
    fn captures(&self, rule: &Rule) -> bool {
        let earlier = rule
            .links
            .split_last()
            .map_or(&[][..], |(_, earlier)| earlier);
        let mut targets = earlier.iter().flat_map(|link| &link.targets);
        targets.any(|target| match &target.select {
            Select::Name(name) => self.hides(target.variable, name),
            Select::All | Select::Regex(_) | Select::TxRegex(..) => self.hides_any(target.variable),
            Select::Tx(_) => false,
        })
    }

    fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| {
            let list = |list| self.transaction.list(list).iter();
            let arguments = [List::Query, List::Form, List::Files, List::FileContents];
            let arguments = arguments.into_iter().flat_map(list);
            let arguments = arguments.filter(|(name, _)| self.masks.name(name));
            let cookies = list(List::Cookies).filter(|(name, _)| self.masks.cookie(name));
            let headers = list(List::RequestHeaders).chain(list(List::ResponseHeaders));
            let headers = headers.filter(|(name, _)| {
                // Its cookies are there one by one.
                self.masks.header(name) && !name.eq_ignore_ascii_case(b"cookie")
            });
            let all = arguments.chain(cookies).chain(headers);
            Secrets::of(all.map(|(_, value)| value))
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
