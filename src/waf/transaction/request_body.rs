//! The request's body.

use super::{BodyWish, Transaction, Verdict};
use crate::waf::{
    Variable,
    body::{self, BodyError, charset::CharsetOutcome},
    seclang::BodyProcessor,
    values::List,
};

impl Transaction {
    /// What the rules want of the request's body. Asked after phase 1.
    pub fn request_body_wish(&self) -> BodyWish {
        let settings = &self.policy.settings;
        let set = &self.state.set;
        if set.request_access.unwrap_or(settings.request_body_access) {
            BodyWish::Inspect {
                limit: set.request_limit.unwrap_or(settings.request_body_limit),
                over: settings.request_body_limit_action,
            }
        } else {
            BodyWish::Skip
        }
    }

    /// Takes over the request's body; `whole` unless it was cut at the limit.
    pub fn request_body(&mut self, content: &[u8], whole: bool) {
        let length = i64::try_from(content.len()).unwrap_or(i64::MAX);
        let scalars = &mut self.values.scalars;
        scalars.set_number(Variable::RequestBodyLength, length);
        if !whole {
            scalars.set(Variable::InboundDataError, b"1");
        }
        if content.is_empty() {
            return;
        }
        let processor = self
            .state
            .set
            .request_processor
            .or_else(|| self.processor_by_type());
        if let Some(processor) = processor {
            let scalars = &mut self.values.scalars;
            scalars.set(Variable::ReqbodyProcessor, processor.name());
        }
        self.read(processor, content);
        let shown = match processor {
            Some(BodyProcessor::Urlencoded | BodyProcessor::Raw) => true,
            Some(_) | None => self.state.set.force_request_body,
        };
        if shown && self.uses(Variable::RequestBody) {
            self.values.scalars.set(Variable::RequestBody, content);
        }
        if self.uses(Variable::FullRequest) || self.uses(Variable::FullRequestLength) {
            self.full_request(content);
        }
        self.combined_size();
    }

    /// Runs phase 2.
    pub fn run_request_body(&mut self) -> Verdict {
        self.run(2)
    }

    /// Reads a body by its processor, in the charset that its type declares.
    fn read(&mut self, processor: Option<BodyProcessor>, content: &[u8]) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let declared = body::media_type(&self.content_type).charset;
        let charset = match processor {
            Some(BodyProcessor::Multipart | BodyProcessor::Raw) | None => None,
            Some(BodyProcessor::Xml) => declared.or_else(|| body::xml::encoding(content)),
            Some(_) => declared,
        };
        let charset = charset.or_else(|| body::charset::sniff(content));
        let outcome = match charset {
            Some(charset) => body::charset::to_utf8(charset, content, &mut text),
            None => CharsetOutcome::AsIs,
        };
        let read = match outcome {
            CharsetOutcome::Decoded | CharsetOutcome::Malformed => text.as_slice(),
            CharsetOutcome::AsIs | CharsetOutcome::Unknown => content,
        };
        if outcome == CharsetOutcome::Malformed {
            self.body_error("the body is not in the charset that it declares");
        }
        let limit = self.policy.settings.request_body_no_files_limit;
        let settings = std::sync::Arc::clone(&self.policy.settings);
        let form = self.values.list_mut(List::Form);
        let mut files = 0;
        match processor {
            Some(BodyProcessor::Urlencoded) => {
                let separator = settings.argument_separator;
                let parsed = body::urlencoded::parse(read, separator, &settings.limits, form);
                if parsed.invalid_escapes {
                    self.values.scalars.set(Variable::UrlencodedError, b"1");
                }
                if parsed.over_limit {
                    self.processor_error(&BodyError::TooManyArguments);
                }
            }
            Some(BodyProcessor::Json) => {
                if let Err(error) = body::json::parse(read, &settings.limits, form) {
                    self.processor_error(&error.into());
                }
            }
            Some(BodyProcessor::Xml) => {
                let parsed = body::xml::parse(read, &settings.limits, &mut self.xml);
                let texts = self.values.list_mut(List::XmlTexts);
                texts.push(b"/*", &self.xml.content);
                let attributes = self.values.list_mut(List::XmlAttributes);
                for (_, value) in self.xml.attributes.iter() {
                    attributes.push(b"//@*", value);
                }
                if let Err(error) = parsed {
                    self.processor_error(&error.into());
                }
            }
            Some(BodyProcessor::Multipart) => {
                let parsed = body::multipart::parse(
                    &self.content_type,
                    read,
                    &settings.limits,
                    form,
                    &mut self.multipart,
                );
                files = self.multipart.combined_size();
                self.tell_multipart(read);
                if let Err(error) = parsed {
                    self.processor_error(&error.into());
                }
            }
            Some(BodyProcessor::Raw) | None => {}
        }
        if processor.is_some() && content.len().saturating_sub(files) as u64 > limit {
            self.body_error(
                "Request body no files data length is larger than the configured limit",
            );
        }
        self.text = text;
    }

    /// Gives the variables of a multipart body their values.
    fn tell_multipart(&mut self, content: &[u8]) {
        let contents_used = self.uses(Variable::FilesTmpContent);
        let multipart = &self.multipart;
        for (name, value) in multipart.files.iter() {
            self.values.list_mut(List::Files).push(name, value);
        }
        for file in &multipart.contents {
            let (name, _) = multipart.files.at(file.entry).unwrap_or_default();
            let mut digits = itoa::Buffer::new();
            let size = digits.format(file.content.len()).as_bytes();
            self.values.list_mut(List::FileSizes).push(name, size);
            if contents_used {
                let held = content.get(file.content.clone()).unwrap_or_default();
                self.values.list_mut(List::FileContents).push(name, held);
            }
        }
        for (name, line) in multipart.part_headers.iter() {
            self.values.list_mut(List::PartHeaders).push(name, line);
        }
        let scalars = &mut self.values.scalars;
        scalars.set(Variable::MultipartName, &multipart.name);
        scalars.set(Variable::MultipartFilename, &multipart.file_name);
        let size = i64::try_from(multipart.combined_size()).unwrap_or(i64::MAX);
        scalars.set_number(Variable::FilesCombinedSize, size);
        let flags = &multipart.flags;
        for (variable, raised) in [
            (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
            (
                Variable::MultipartBoundaryWhitespace,
                flags.boundary_whitespace,
            ),
            (Variable::MultipartDataBefore, flags.data_before),
            (Variable::MultipartDataAfter, flags.data_after),
            (Variable::MultipartHeaderFolding, flags.header_folding),
            (Variable::MultipartLfLine, flags.lf_line),
            (Variable::MultipartCrlfLfLines, flags.crlf_lf_lines()),
            (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
            (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
            (Variable::MultipartInvalidPart, flags.invalid_part),
            (
                Variable::MultipartInvalidHeaderFolding,
                flags.invalid_header_folding,
            ),
            (
                Variable::MultipartFileLimitExceeded,
                flags.file_limit_exceeded,
            ),
            (Variable::MultipartStrictError, flags.strict_error()),
        ] {
            if raised {
                scalars.set(variable, b"1");
            }
        }
        let unmatched = flags.unmatched_boundary as i64;
        scalars.set_number(Variable::MultipartUnmatchedBoundary, unmatched);
    }

    fn full_request(&mut self, content: &[u8]) {
        let mut full = Vec::new();
        let line = self.values.scalars.value(Variable::RequestLine);
        full.extend_from_slice(line.unwrap_or_default());
        full.extend_from_slice(b"\r\n");
        for (name, value) in self.values.list(List::RequestHeaders).iter() {
            for piece in [name, b": ", value, b"\r\n"] {
                full.extend_from_slice(piece);
            }
        }
        full.extend_from_slice(b"\r\n");
        full.extend_from_slice(content);
        let scalars = &mut self.values.scalars;
        scalars.set_number(
            Variable::FullRequestLength,
            i64::try_from(full.len()).unwrap_or(i64::MAX),
        );
        scalars.set(Variable::FullRequest, &full);
    }

    /// Notes why a body's processor could not read it.
    fn processor_error(&mut self, error: &BodyError) {
        let message = error.to_string();
        let scalars = &mut self.values.scalars;
        scalars.set(Variable::ReqbodyProcessorError, b"1");
        scalars.set(Variable::ReqbodyProcessorErrorMsg, message.as_bytes());
        self.body_error(&message);
    }

    /// Notes what is wrong with a body.
    pub(super) fn body_error(&mut self, message: &str) {
        let scalars = &mut self.values.scalars;
        scalars.set(Variable::ReqbodyError, b"1");
        scalars.set(Variable::ReqbodyErrorMsg, message.as_bytes());
    }
}
