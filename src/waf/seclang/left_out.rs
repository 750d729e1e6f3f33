//! What the language has elsewhere and not here, and what tenants may not use.
//!
//! Nothing is ignored in silence: a name of [`LEFT_OUT`] is an error where a rule would mean less
//! than it says, else a warning. One operator is neither: the rule that has it is skipped as a whole,
//! since a rule set that is widely used, Debian's Core Rule Set 3.3, has it beside all others. `docs/waf/seclang.md` shows these tables, and a test holds it to
//! them. Non-goal: names that nobody ever had; those are typing errors.

use super::error::{Effect, NameKind};
use super::text::Text;

use Effect::{Error, Skip, Warning};
use NameKind::{Action, Ctl, Directive, Operator, Variable};

/// Something that is not supported.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut {
    /// What it is.
    pub kind: NameKind,
    /// Its name, as the reference manuals write it.
    pub name: &'static str,
    /// What follows where it is used.
    pub effect: Effect,
    /// Why, or what it is that does not happen.
    pub reason: &'static str,
    /// Values that ask for what is the case anyway: they pass without a word.
    pub harmless: &'static [&'static str],
}

/// Something that only the operator may use.
#[derive(Clone, Copy, Debug)]
pub struct Confined {
    /// What it is.
    pub kind: NameKind,
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
}

const fn row(kind: NameKind, name: &'static str, effect: Effect, reason: &'static str) -> LeftOut {
    LeftOut {
        kind,
        name,
        effect,
        reason,
        harmless: &[],
    }
}

/// Stands for every section.
const SECTION: &str = "<IfModule>";

impl LeftOut {
    /// Whether this is the row of a name.
    pub(super) fn covers(&self, kind: NameKind, name: Text<'_>) -> bool {
        let section = self.name == SECTION && name.first() == Some(b'<');
        self.kind == kind && (section || name.is(self.name))
    }

    const fn unless(self, harmless: &'static [&'static str]) -> Self {
        Self { harmless, ..self }
    }
}

const NO_PROCESS: &str = "rules start no process and run no script";
const NO_NETWORK: &str = "rules use no network";
const NO_HASHES: &str = "links and forms are not signed";
const NO_FILES: &str = "nothing is written to temporary files";
const NO_DEBUG_LOG: &str = "what the process logs is set on its command line";
const NO_AUDIT_FILES: &str = "audit entries go to one file, whose owner and mode the system sets";
const NO_DATASETS: &str = "word lists are files, for `@pmFromFile` and `@ipMatchFromFile`";
const NO_CHANGES: &str = "responses are inspected and not rewritten";
const NO_STATES: &str = "how many connections a client may have is the proxy's business";
const NO_MASK: &str = "what the log masks is set for the process, not by rules";
const NOT_KEPT: &str =
    "nothing is kept from one exchange to the next: persistent collections stay empty";
const NO_COUNTRIES: &str = "no database of countries is read";
const NO_MEASURES: &str = "the time that phases take is in the metrics";
const NO_SCRIPT: &str = "a proxy has no files that requests name";
const NO_STREAM: &str = "bodies are inspected as a whole, in REQUEST_BODY and RESPONSE_BODY";
const NO_RESPONSE_PARTS: &str = "response bodies are not parsed, but inspected as a whole";
const NO_SCHEMA: &str = "XML is not validated";

/// Everything that is left out, by kind and name.
pub const LEFT_OUT: &[LeftOut] = &[
    row(
        Directive,
        SECTION,
        Error,
        "Apache's sections are not read; what stands in them can stand alone",
    ),
    row(Directive, "SecAuditLog2", Warning, "there is one audit log"),
    row(Directive, "SecAuditLogDirMode", Warning, NO_AUDIT_FILES),
    row(Directive, "SecAuditLogFileMode", Warning, NO_AUDIT_FILES),
    row(Directive, "SecAuditLogStorageDir", Warning, NO_AUDIT_FILES),
    row(
        Directive,
        "SecCacheTransformations",
        Warning,
        "there is a cache, and it needs no settings",
    ),
    row(
        Directive,
        "SecChrootDir",
        Error,
        "the process does not change its root",
    ),
    row(Directive, "SecCollectionTimeout", Warning, NOT_KEPT),
    row(Directive, "SecConnEngine", Warning, NO_STATES).unless(&["Off"]),
    row(Directive, "SecConnReadStateLimit", Warning, NO_STATES),
    row(Directive, "SecConnWriteStateLimit", Warning, NO_STATES),
    row(Directive, "SecContentInjection", Warning, NO_CHANGES).unless(&["Off"]),
    row(
        Directive,
        "SecCookieV0Separator",
        Warning,
        "cookies are separated by semicolons",
    )
    .unless(&[";"]),
    row(Directive, "SecDataDir", Warning, NOT_KEPT),
    row(Directive, "SecDataset", Error, NO_DATASETS),
    row(Directive, "SecDebugLog", Warning, NO_DEBUG_LOG),
    row(Directive, "SecDebugLogLevel", Warning, NO_DEBUG_LOG),
    row(
        Directive,
        "SecDisableBackendCompression",
        Warning,
        "what an upstream may compress is decided by what can be inspected",
    ),
    row(Directive, "SecGeoLookupDb", Warning, NO_COUNTRIES),
    row(
        Directive,
        "SecGsbLookupDb",
        Warning,
        "no database of addresses is read",
    ),
    row(Directive, "SecGuardianLog", Error, NO_PROCESS),
    row(Directive, "SecHashEngine", Error, NO_HASHES).unless(&["Off"]),
    row(Directive, "SecHashKey", Warning, NO_HASHES),
    row(Directive, "SecHashMethodPm", Warning, NO_HASHES),
    row(Directive, "SecHashMethodRx", Warning, NO_HASHES),
    row(Directive, "SecHashParam", Warning, NO_HASHES),
    row(Directive, "SecHttpBlKey", Warning, NO_NETWORK),
    row(
        Directive,
        "SecIgnoreRuleCompilationErrors",
        Error,
        "rules are loaded whole or not at all",
    )
    .unless(&["Off"]),
    row(
        Directive,
        "SecInterceptOnError",
        Warning,
        "what an error leads to is the policy's business",
    )
    .unless(&["Off"]),
    row(
        Directive,
        "SecParseXmlIntoArgs",
        Error,
        "XML is in the variable XML alone",
    )
    .unless(&["Off"]),
    row(Directive, "SecReadStateLimit", Warning, NO_STATES),
    row(Directive, "SecRemoteRules", Error, NO_NETWORK),
    row(Directive, "SecRemoteRulesFailAction", Warning, NO_NETWORK),
    row(
        Directive,
        "SecRuleInheritance",
        Warning,
        "what a route inherits is the policy's business",
    )
    .unless(&["On"]),
    row(Directive, "SecRulePerfTime", Warning, NO_MEASURES),
    row(Directive, "SecRuleScript", Error, NO_PROCESS),
    row(
        Directive,
        "SecRxPreFilter",
        Warning,
        "patterns are always filtered by their literals",
    )
    .unless(&["On"]),
    row(
        Directive,
        "SecSensorId",
        Warning,
        "audit entries name no sensor",
    ),
    row(Directive, "SecServerSignature", Warning, NO_CHANGES),
    row(
        Directive,
        "SecStatusEngine",
        Warning,
        "nothing is reported to anyone",
    )
    .unless(&["Off"]),
    row(Directive, "SecStreamInBodyInspection", Warning, NO_STREAM).unless(&["Off"]),
    row(Directive, "SecStreamOutBodyInspection", Warning, NO_STREAM).unless(&["Off"]),
    row(Directive, "SecTmpDir", Warning, NO_FILES),
    row(Directive, "SecTmpSaveUploadedFiles", Warning, NO_FILES).unless(&["Off"]),
    row(Directive, "SecUploadDir", Warning, NO_FILES),
    row(Directive, "SecUploadFileMode", Warning, NO_FILES),
    row(Directive, "SecUploadKeepFiles", Warning, NO_FILES).unless(&["Off"]),
    row(Directive, "SecWriteStateLimit", Warning, NO_STATES),
    row(Variable, "ARGS_PATH", Error, "paths have no templates here"),
    row(Variable, "GEO", Warning, NO_COUNTRIES),
    row(Variable, "GLOBAL", Warning, NOT_KEPT),
    row(Variable, "IP", Warning, NOT_KEPT),
    row(
        Variable,
        "JSON",
        Error,
        "the members of JSON bodies are in ARGS",
    ),
    row(Variable, "PERF_ALL", Error, NO_MEASURES),
    row(Variable, "PERF_COMBINED", Error, NO_MEASURES),
    row(Variable, "PERF_GC", Error, NO_MEASURES),
    row(Variable, "PERF_LOGGING", Error, NO_MEASURES),
    row(Variable, "PERF_PHASE1", Error, NO_MEASURES),
    row(Variable, "PERF_PHASE2", Error, NO_MEASURES),
    row(Variable, "PERF_PHASE3", Error, NO_MEASURES),
    row(Variable, "PERF_PHASE4", Error, NO_MEASURES),
    row(Variable, "PERF_PHASE5", Error, NO_MEASURES),
    row(Variable, "PERF_RULES", Error, NO_MEASURES),
    row(Variable, "PERF_SREAD", Error, NO_MEASURES),
    row(Variable, "PERF_SWRITE", Error, NO_MEASURES),
    row(Variable, "REQUEST_XML", Error, "this is XML"),
    row(Variable, "RESOURCE", Warning, NOT_KEPT),
    row(Variable, "RESPONSE_ARGS", Error, NO_RESPONSE_PARTS),
    row(Variable, "RESPONSE_XML", Error, NO_RESPONSE_PARTS),
    row(Variable, "RES_BODY_ERROR", Error, NO_RESPONSE_PARTS),
    row(Variable, "RES_BODY_ERROR_MSG", Error, NO_RESPONSE_PARTS),
    row(Variable, "RES_BODY_PROCESSOR", Error, NO_RESPONSE_PARTS),
    row(
        Variable,
        "RES_BODY_PROCESSOR_ERROR",
        Error,
        NO_RESPONSE_PARTS,
    ),
    row(
        Variable,
        "RES_BODY_PROCESSOR_ERROR_MSG",
        Error,
        NO_RESPONSE_PARTS,
    ),
    row(Variable, "SCRIPT_BASENAME", Error, NO_SCRIPT),
    row(Variable, "SCRIPT_FILENAME", Error, NO_SCRIPT),
    row(Variable, "SCRIPT_GID", Error, NO_SCRIPT),
    row(Variable, "SCRIPT_GROUPNAME", Error, NO_SCRIPT),
    row(Variable, "SCRIPT_MODE", Error, NO_SCRIPT),
    row(Variable, "SCRIPT_UID", Error, NO_SCRIPT),
    row(Variable, "SCRIPT_USERNAME", Error, NO_SCRIPT),
    row(Variable, "SDBM_DELETE_ERROR", Error, NOT_KEPT),
    row(Variable, "SESSION", Warning, NOT_KEPT),
    row(Variable, "STATUS", Error, "this is RESPONSE_STATUS"),
    row(Variable, "STREAM_INPUT_BODY", Error, NO_STREAM),
    row(Variable, "STREAM_OUTPUT_BODY", Error, NO_STREAM),
    row(Variable, "USER", Warning, NOT_KEPT),
    row(
        Variable,
        "USERAGENT_IP",
        Error,
        "this is REMOTE_ADDR: the proxy knows which proxies to trust",
    ),
    row(
        Variable,
        "WEBSERVER_ERROR_LOG",
        Error,
        "the process's log is not for rules",
    ),
    row(
        Operator,
        "fuzzyHash",
        Error,
        "no hashes of malware are read",
    ),
    row(
        Operator,
        "geoLookup",
        Warning,
        "no database of countries is read, so that it never matches",
    ),
    row(
        Operator,
        "gsbLookup",
        Error,
        "no database of addresses is read",
    ),
    row(Operator, "inspectFile", Error, NO_PROCESS),
    row(Operator, "ipMatchFromDataset", Error, NO_DATASETS),
    row(Operator, "pmFromDataset", Error, NO_DATASETS),
    row(
        Operator,
        "rbl",
        Skip,
        "rules use no network, so that no list of addresses is asked",
    ),
    row(Operator, "restpath", Error, "paths have no templates here"),
    row(Operator, "rsub", Error, NO_CHANGES),
    row(Operator, "validateDTD", Error, NO_SCHEMA),
    row(Operator, "validateHash", Error, NO_HASHES),
    row(
        Operator,
        "validateNid",
        Error,
        "`@rx`, `@verifySSN` and `@verifyCPF` are there",
    ),
    row(Operator, "validateSchema", Error, NO_SCHEMA),
    row(Action, "append", Error, NO_CHANGES),
    row(Action, "deprecatevar", Warning, NOT_KEPT),
    row(Action, "exec", Error, NO_PROCESS),
    row(Action, "expirevar", Warning, NOT_KEPT),
    row(Action, "initcol", Warning, NOT_KEPT),
    row(Action, "pause", Warning, "no exchange is delayed"),
    row(Action, "prepend", Error, NO_CHANGES),
    row(
        Action,
        "proxy",
        Error,
        "where a request goes is the route's business",
    ),
    row(Action, "sanitiseArg", Error, NO_MASK),
    row(Action, "sanitiseMatched", Error, NO_MASK),
    row(Action, "sanitiseMatchedBytes", Error, NO_MASK),
    row(Action, "sanitiseRequestHeader", Error, NO_MASK),
    row(Action, "sanitiseResponseHeader", Error, NO_MASK),
    row(Action, "setrsc", Warning, NOT_KEPT),
    row(Action, "setsid", Warning, NOT_KEPT),
    row(Action, "setuid", Warning, NOT_KEPT),
    row(
        Action,
        "xmlns",
        Warning,
        "the two XPath expressions that are supported name no namespace",
    ),
    row(Ctl, "debugLogLevel", Warning, NO_DEBUG_LOG),
    row(Ctl, "hashEnforcement", Warning, NO_HASHES).unless(&["Off"]),
    row(Ctl, "hashEngine", Warning, NO_HASHES).unless(&["Off"]),
    row(
        Ctl,
        "parseXmlIntoArgs",
        Error,
        "XML is in the variable XML alone",
    )
    .unless(&["Off"]),
];

const fn confined(kind: NameKind, name: &'static str, reason: &'static str) -> Confined {
    Confined { kind, name, reason }
}

const LOGS: &str = "it says where and how the process logs";
const FOLDERS: &str = "it names a place in the file system";
const ENVIRONMENT: &str = "it reaches the environment of the process";
const KEYS: &str = "it is a key to a service";

/// What tenants may not use, besides what nobody may.
pub const CONFINED: &[Confined] = &[
    confined(Directive, "SecAuditLog", LOGS),
    confined(Directive, "SecAuditLog2", LOGS),
    confined(Directive, "SecAuditLogDirMode", LOGS),
    confined(Directive, "SecAuditLogFileMode", LOGS),
    confined(Directive, "SecAuditLogFormat", LOGS),
    confined(Directive, "SecAuditLogStorageDir", LOGS),
    confined(Directive, "SecAuditLogType", LOGS),
    confined(Directive, "SecDataDir", FOLDERS),
    confined(Directive, "SecDebugLog", LOGS),
    confined(Directive, "SecDebugLogLevel", LOGS),
    confined(Directive, "SecGeoLookupDb", FOLDERS),
    confined(Directive, "SecGsbLookupDb", FOLDERS),
    confined(Directive, "SecHttpBlKey", KEYS),
    confined(Directive, "SecTmpDir", FOLDERS),
    confined(Directive, "SecTmpSaveUploadedFiles", FOLDERS),
    confined(Directive, "SecUploadDir", FOLDERS),
    confined(Directive, "SecUploadFileMode", FOLDERS),
    confined(Directive, "SecUploadKeepFiles", FOLDERS),
    confined(Variable, "ENV", ENVIRONMENT),
    confined(Action, "setenv", ENVIRONMENT),
    confined(Ctl, "debugLogLevel", LOGS),
];
