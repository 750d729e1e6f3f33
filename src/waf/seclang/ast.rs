//! The AST: directives as they were written, in order, files included in place.
//!
//! Values are bytes, since patterns and messages may hold any. Names that the language knows are
//! enumerations already; what they refer to (other rules, files of words) is not looked up.

use super::Span;
use crate::waf::{Transformation, Variable};

/// A directive and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Directive {
    /// From the directive's name to the end of its last argument.
    pub span: Span,
    /// What it says.
    pub kind: DirectiveKind,
}

/// What a directive says.
#[derive(Clone, Debug, PartialEq)]
pub enum DirectiveKind {
    /// `SecRule`
    Rule(Box<RuleDirective>),
    /// `SecAction`
    Action(Vec<Action>),
    /// `SecMarker`
    Marker(Box<[u8]>),
    /// `SecDefaultAction`
    DefaultAction(Vec<Action>),
    /// `SecComponentSignature`
    ComponentSignature(Box<[u8]>),
    /// `SecRuleRemoveById`
    RemoveById(Vec<IdRange>),
    /// `SecRuleRemoveByTag`: a regular expression.
    RemoveByTag(Box<[u8]>),
    /// `SecRuleRemoveByMsg`: a regular expression.
    RemoveByMsg(Box<[u8]>),
    /// `SecRuleUpdateTargetById`
    UpdateTargetById(Vec<IdRange>, Vec<Target>),
    /// `SecRuleUpdateTargetByTag`: a regular expression, and targets.
    UpdateTargetByTag(Box<[u8]>, Vec<Target>),
    /// `SecRuleUpdateTargetByMsg`: a regular expression, and targets.
    UpdateTargetByMsg(Box<[u8]>, Vec<Target>),
    /// `SecRuleUpdateActionById`: the id, which link of the chain (0 is the first), and actions.
    UpdateActionById(u64, usize, Vec<Action>),
    /// A setting of the engine.
    Setting(Setting),
}

/// `SecRule`
#[derive(Clone, Debug, PartialEq)]
pub struct RuleDirective {
    /// What it looks at, exclusions (`!`) among them, in the order written.
    pub targets: Vec<Target>,
    /// How it looks.
    pub operator: OperatorCall,
    /// What follows.
    pub actions: Vec<Action>,
}

/// Rule ids from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// The first id.
    pub first: u64,
    /// The last id.
    pub last: u64,
}

/// One target of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Where it stands.
    pub span: Span,
    /// `&`: how many there are, rather than each.
    pub count: bool,
    /// `!`: not this one.
    pub exclude: bool,
    /// The variable.
    pub variable: Variable,
    /// Which of its members; all where there is none.
    pub selector: Option<Selector>,
}

/// Which members of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The members of this name, in any case.
    Name(Box<[u8]>),
    /// The members whose names match this regular expression, in any case.
    Regex(Box<[u8]>),
    /// `XML:/*`: the text of every element.
    XmlText,
    /// `XML://@*`: the value of every attribute.
    XmlAttributes,
}

/// `"@operator argument"`
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorCall {
    /// Where it stands, inside of the quotes.
    pub span: Span,
    /// `!`: a match is none, and none is one.
    pub negated: bool,
    /// The name in the spelling of the reference manual, for example `pmFromFile`; `rx` where none is written.
    pub name: &'static str,
    /// Its argument, unquoted; macros not yet expanded.
    pub argument: Box<[u8]>,
    /// Where the argument stands.
    pub argument_span: Span,
}

/// An action and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// From its name to the end of its argument.
    pub span: Span,
    /// What it says.
    pub kind: ActionKind,
}

/// What an action says.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionKind {
    /// `id`
    Id(u64),
    /// `phase`: 1 to 5, names (`request`, `response`, `logging`) resolved.
    Phase(u8),
    /// `msg`
    Msg(Template),
    /// `logdata`
    LogData(Template),
    /// `tag`
    Tag(Template),
    /// `rev`
    Rev(Box<[u8]>),
    /// `ver`
    Ver(Box<[u8]>),
    /// `maturity`
    Maturity(u8),
    /// `accuracy`
    Accuracy(u8),
    /// `severity`: 0 (emergency) to 7 (debug), names resolved.
    Severity(u8),
    /// `status`
    Status(u16),
    /// `log`
    Log,
    /// `nolog`
    NoLog,
    /// `auditlog`
    AuditLog,
    /// `noauditlog`
    NoAuditLog,
    /// `pass`
    Pass,
    /// `block`
    Block,
    /// `deny`
    Deny,
    /// `drop`
    Drop,
    /// `allow`
    Allow(AllowScope),
    /// `redirect`
    Redirect(Template),
    /// `chain`
    Chain,
    /// `capture`
    Capture,
    /// `multiMatch`
    MultiMatch,
    /// `skip`
    Skip(u32),
    /// `skipAfter`: the marker's or the rule's name.
    SkipAfter(Box<[u8]>),
    /// `t:none`: forget the transformations so far, those of the defaults included.
    TransformNone,
    /// `t`
    Transform(Transformation),
    /// `setvar`
    SetVar(SetVar),
    /// `expirevar`: collection, member, seconds.
    ExpireVar(Variable, Template, Template),
    /// `initcol`: collection and key.
    InitCol(Variable, Template),
    /// `setuid`
    SetUid(Template),
    /// `setsid`
    SetSid(Template),
    /// `setrsc`
    SetRsc(Template),
    /// `setenv`: name and value.
    SetEnv(Template, Template),
    /// `xmlns`: prefix and namespace.
    XmlNs(Box<[u8]>, Box<[u8]>),
    /// `ctl`
    Ctl(Ctl),
}

/// How far `allow` reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowScope {
    /// The whole exchange but the logging phase.
    Exchange,
    /// The current phase.
    Phase,
    /// The phases of the request.
    Request,
}

/// `setvar`
#[derive(Clone, Debug, PartialEq)]
pub struct SetVar {
    /// The collection; `Tx`, or one that is persistent.
    pub collection: Variable,
    /// The member's name.
    pub name: Template,
    /// What happens to it.
    pub change: Change,
}

/// What `setvar` does.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `=value`; 1 where no value is written.
    Set(Template),
    /// `=+value`
    Add(Template),
    /// `=-value`
    Subtract(Template),
    /// `!name`
    Unset,
}

/// Text with macros: `%{tx.score}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Its pieces, in order. Empty: the empty text.
    pub pieces: Vec<Piece>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Literal(Box<[u8]>),
    /// The value of a variable, or of the first member of this name.
    Macro(Variable, Option<Box<[u8]>>),
}

/// `ctl`
#[derive(Clone, Debug, PartialEq)]
pub enum Ctl {
    /// `ruleEngine`
    RuleEngine(EngineMode),
    /// `ruleRemoveById`
    RemoveById(Vec<IdRange>),
    /// `ruleRemoveByTag`: a regular expression.
    RemoveByTag(Box<[u8]>),
    /// `ruleRemoveByMsg`: a regular expression.
    RemoveByMsg(Box<[u8]>),
    /// `ruleRemoveTargetById`
    RemoveTargetById(Vec<IdRange>, Target),
    /// `ruleRemoveTargetByTag`: a regular expression.
    RemoveTargetByTag(Box<[u8]>, Target),
    /// `ruleRemoveTargetByMsg`: a regular expression.
    RemoveTargetByMsg(Box<[u8]>, Target),
    /// `requestBodyProcessor`
    RequestBodyProcessor(BodyProcessor),
    /// `responseBodyProcessor`
    ResponseBodyProcessor(BodyProcessor),
    /// `requestBodyAccess`
    RequestBodyAccess(bool),
    /// `responseBodyAccess`
    ResponseBodyAccess(bool),
    /// `requestBodyLimit`, in bytes
    RequestBodyLimit(u64),
    /// `responseBodyLimit`, in bytes
    ResponseBodyLimit(u64),
    /// `forceRequestBodyVariable`
    ForceRequestBodyVariable(bool),
    /// `forceResponseBodyVariable`
    ForceResponseBodyVariable(bool),
    /// `auditEngine`
    AuditEngine(AuditMode),
    /// `auditLogParts`: parts to add (`+`), to take away (`-`), or to have alone.
    AuditLogParts(PartsChange, AuditParts),
    /// `debugLogLevel`
    DebugLogLevel(u8),
}

/// What a change of audit log parts does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartsChange {
    /// These and no others.
    Set,
    /// These too.
    Add,
    /// Not these.
    Remove,
}

/// Parts of an audit log entry, a bit a letter: bit 0 is `A`, bit 25 `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditParts(pub u32);

/// `SecRuleEngine`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules are evaluated and obeyed.
    On,
    /// Rules are not evaluated.
    Off,
    /// Rules are evaluated, and nothing is refused.
    DetectionOnly,
}

/// `SecAuditEngine`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditMode {
    /// Every exchange is logged.
    On,
    /// None is.
    Off,
    /// Those with a relevant status or a rule that asks for it are.
    RelevantOnly,
}

/// What reads a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyProcessor {
    /// `URLENCODED`
    Urlencoded,
    /// `MULTIPART`
    Multipart,
    /// `XML`
    Xml,
    /// `JSON`
    Json,
    /// `RAW`: the body is a value of its own, whatever its type.
    Raw,
}

/// What happens where a body is longer than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitAction {
    /// The message is refused.
    Reject,
    /// What lies within the limit is inspected.
    ProcessPartial,
}

/// `SecAuditLogFormat`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFormat {
    /// JSON lines.
    Json,
    /// ModSecurity's sections.
    Native,
}

/// `SecAuditLogType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditLogType {
    /// One file, entry after entry.
    Serial,
    /// A file an entry.
    Concurrent,
}

/// A setting of the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// `SecRuleEngine`
    RuleEngine(EngineMode),
    /// `SecRequestBodyAccess`
    RequestBodyAccess(bool),
    /// `SecRequestBodyLimit`, in bytes
    RequestBodyLimit(u64),
    /// `SecRequestBodyNoFilesLimit`, in bytes
    RequestBodyNoFilesLimit(u64),
    /// `SecRequestBodyInMemoryLimit`, in bytes
    RequestBodyInMemoryLimit(u64),
    /// `SecRequestBodyLimitAction`
    RequestBodyLimitAction(LimitAction),
    /// `SecRequestBodyJsonDepthLimit`
    RequestBodyJsonDepthLimit(u64),
    /// `SecArgumentsLimit`
    ArgumentsLimit(u64),
    /// `SecArgumentSeparator`
    ArgumentSeparator(u8),
    /// `SecCookieFormat`: 0 (Netscape) or 1 (RFC 2109).
    CookieFormat(u8),
    /// `SecResponseBodyAccess`
    ResponseBodyAccess(bool),
    /// `SecResponseBodyMimeType`: added to those before.
    ResponseBodyMimeType(Vec<Box<[u8]>>),
    /// `SecResponseBodyMimeTypesClear`
    ResponseBodyMimeTypesClear,
    /// `SecResponseBodyLimit`, in bytes
    ResponseBodyLimit(u64),
    /// `SecResponseBodyLimitAction`
    ResponseBodyLimitAction(LimitAction),
    /// `SecPcreMatchLimit`
    PcreMatchLimit(u64),
    /// `SecPcreMatchLimitRecursion`
    PcreMatchLimitRecursion(u64),
    /// `SecUploadFileLimit`
    UploadFileLimit(u64),
    /// `SecAuditEngine`
    AuditEngine(AuditMode),
    /// `SecAuditLog`: a path.
    AuditLog(Box<[u8]>),
    /// `SecAuditLogFormat`
    AuditLogFormat(AuditFormat),
    /// `SecAuditLogType`
    AuditLogType(AuditLogType),
    /// `SecAuditLogParts`
    AuditLogParts(AuditParts),
    /// `SecAuditLogRelevantStatus`: a regular expression.
    AuditLogRelevantStatus(Box<[u8]>),
    /// `SecCollectionTimeout`, in seconds
    CollectionTimeout(u64),
    /// `SecWebAppId`
    WebAppId(Box<[u8]>),
    /// `SecXmlExternalEntity`: `On` is refused when it is parsed.
    XmlExternalEntityOff,
    /// `SecUnicodeMapFile` and `SecUnicodeMap`: the code page to map by, of those built in.
    UnicodeCodePage(u32),
}
