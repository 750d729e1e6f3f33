//! The settings of the engine, every one with its value.

use std::sync::Arc;

use super::{
    body,
    log::RelevantStatus,
    operators::OperatorError,
    seclang::{AuditFormat, AuditMode, AuditParts, EngineMode, LimitAction, Setting},
};

/// The settings of the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `SecRuleEngine`
    pub engine: EngineMode,
    /// `SecRequestBodyAccess`
    pub request_body_access: bool,
    /// `SecRequestBodyLimit`, in bytes.
    pub request_body_limit: u64,
    /// `SecRequestBodyNoFilesLimit`, in bytes.
    pub request_body_no_files_limit: u64,
    /// `SecRequestBodyLimitAction`
    pub request_body_limit_action: LimitAction,
    /// `SecResponseBodyAccess`
    pub response_body_access: bool,
    /// `SecResponseBodyMimeType`, in lower case.
    pub response_body_types: Vec<Box<[u8]>>,
    /// `SecResponseBodyLimit`, in bytes.
    pub response_body_limit: u64,
    /// `SecResponseBodyLimitAction`
    pub response_body_limit_action: LimitAction,
    /// `SecArgumentsLimit`, `SecRequestBodyJsonDepthLimit`, `SecUploadFileLimit` and their like.
    pub limits: body::Limits,
    /// `SecArgumentSeparator`
    pub argument_separator: u8,
    /// `SecCookieFormat`
    pub cookie_format: body::cookies::CookieFormat,
    /// `SecAuditEngine`
    pub audit_engine: AuditMode,
    /// `SecAuditLogFormat`
    pub audit_format: AuditFormat,
    /// `SecAuditLog`: a path.
    pub audit_log: Option<Box<[u8]>>,
    /// `SecAuditLogParts`
    pub audit_parts: AuditParts,
    /// `SecAuditLogRelevantStatus`, what it matches.
    pub audit_relevant_status: Arc<RelevantStatus>,
    /// `SecComponentSignature`, each.
    pub components: Vec<Box<[u8]>>,
    /// `SecWebAppId`
    pub web_app_id: Box<[u8]>,
}

impl Default for Settings {
    /// ModSecurity's recommended configuration, but for request bodies up to 1 MiB.
    fn default() -> Self {
        Self {
            engine: EngineMode::DetectionOnly,
            request_body_access: true,
            request_body_limit: 1 << 20,
            request_body_no_files_limit: 128 << 10,
            request_body_limit_action: LimitAction::Reject,
            response_body_access: false,
            response_body_types: Vec::new(),
            response_body_limit: 512 << 10,
            response_body_limit_action: LimitAction::ProcessPartial,
            limits: body::Limits::default(),
            argument_separator: b'&',
            cookie_format: body::cookies::CookieFormat::default(),
            audit_engine: AuditMode::RelevantOnly,
            audit_format: AuditFormat::Json,
            audit_log: None,
            audit_parts: AuditParts::of(b"ABDEFHIJZ"),
            audit_relevant_status: Arc::default(),
            components: Vec::new(),
            web_app_id: Box::default(),
        }
    }
}

impl Settings {
    /// Takes over what a directive says. Returns `false` for a setting that has no effect here.
    ///
    /// # Errors
    /// When it holds an expression that is none.
    pub(crate) fn apply(&mut self, setting: &Setting) -> Result<bool, OperatorError> {
        match setting {
            Setting::RuleEngine(mode) => self.engine = *mode,
            Setting::RequestBodyAccess(on) => self.request_body_access = *on,
            Setting::RequestBodyLimit(bytes) => self.request_body_limit = *bytes,
            Setting::RequestBodyNoFilesLimit(bytes) => self.request_body_no_files_limit = *bytes,
            Setting::RequestBodyLimitAction(action) => self.request_body_limit_action = *action,
            Setting::RequestBodyJsonDepthLimit(depth) => self.limits.depth = count(*depth),
            Setting::ArgumentsLimit(arguments) => self.limits.arguments = count(*arguments),
            Setting::UploadFileLimit(files) => self.limits.files = count(*files),
            Setting::ArgumentSeparator(byte) => self.argument_separator = *byte,
            Setting::CookieFormat(format) => {
                self.cookie_format = match format {
                    0 => body::cookies::CookieFormat::Netscape,
                    _ => body::cookies::CookieFormat::Version1,
                }
            }
            Setting::ResponseBodyAccess(on) => self.response_body_access = *on,
            Setting::ResponseBodyMimeType(types) => {
                let lower = types.iter().map(|kind| kind.to_ascii_lowercase().into());
                self.response_body_types.extend(lower);
            }
            Setting::ResponseBodyMimeTypesClear => self.response_body_types.clear(),
            Setting::ResponseBodyLimit(bytes) => self.response_body_limit = *bytes,
            Setting::ResponseBodyLimitAction(action) => self.response_body_limit_action = *action,
            Setting::AuditEngine(mode) => self.audit_engine = *mode,
            Setting::AuditLog(path) => self.audit_log = Some(path.clone()),
            Setting::AuditLogFormat(format) => self.audit_format = *format,
            Setting::AuditLogParts(parts) => self.audit_parts = *parts,
            Setting::AuditLogRelevantStatus(pattern) => {
                self.audit_relevant_status = Arc::new(RelevantStatus::matching(pattern)?);
            }
            Setting::WebAppId(id) => self.web_app_id = id.clone(),
            // Bodies are kept in memory, patterns take linear time, nothing is kept between
            // exchanges, and no document names what lies outside of it.
            Setting::RequestBodyInMemoryLimit(_)
            | Setting::PcreMatchLimit(_)
            | Setting::PcreMatchLimitRecursion(_)
            | Setting::AuditLogType(_)
            | Setting::CollectionTimeout(_)
            | Setting::XmlExternalEntityOff
            | Setting::UnicodeCodePage(_) => return Ok(false),
        }
        Ok(true)
    }
}

impl AuditParts {
    /// The parts of these letters, `A` to `Z`.
    pub const fn of(letters: &[u8]) -> Self {
        let mut parts = 0;
        let mut rest = letters;
        while let [letter, more @ ..] = rest {
            if letter.is_ascii_uppercase() {
                parts |= 1 << (*letter - b'A');
            }
            rest = more;
        }
        Self(parts)
    }

    /// Whether the part of a letter is among them.
    pub const fn has(self, letter: u8) -> bool {
        letter.is_ascii_uppercase() && self.0 >> (letter - b'A') & 1 != 0
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
