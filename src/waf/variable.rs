//! The variables of the rule language: what a rule looks at.

/// A variable, as the ModSecurity reference manual names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Variable {
    /// `ARGS`
    Args,
    /// `ARGS_COMBINED_SIZE`
    ArgsCombinedSize,
    /// `ARGS_GET`
    ArgsGet,
    /// `ARGS_GET_NAMES`
    ArgsGetNames,
    /// `ARGS_NAMES`
    ArgsNames,
    /// `ARGS_POST`
    ArgsPost,
    /// `ARGS_POST_NAMES`
    ArgsPostNames,
    /// `AUTH_TYPE`
    AuthType,
    /// `DURATION`
    Duration,
    /// `ENV`
    Env,
    /// `FILES`
    Files,
    /// `FILES_COMBINED_SIZE`
    FilesCombinedSize,
    /// `FILES_NAMES`
    FilesNames,
    /// `FILES_SIZES`
    FilesSizes,
    /// `FILES_TMPNAMES`
    FilesTmpnames,
    /// `FILES_TMP_CONTENT`
    FilesTmpContent,
    /// `FULL_REQUEST`
    FullRequest,
    /// `FULL_REQUEST_LENGTH`
    FullRequestLength,
    /// `GEO`
    Geo,
    /// `GLOBAL`
    Global,
    /// `HIGHEST_SEVERITY`
    HighestSeverity,
    /// `INBOUND_DATA_ERROR`
    InboundDataError,
    /// `IP`
    Ip,
    /// `MATCHED_VAR`
    MatchedVar,
    /// `MATCHED_VARS`
    MatchedVars,
    /// `MATCHED_VARS_NAMES`
    MatchedVarsNames,
    /// `MATCHED_VAR_NAME`
    MatchedVarName,
    /// `MODSEC_BUILD`
    ModsecBuild,
    /// `MSC_PCRE_ERROR`
    MscPcreError,
    /// `MSC_PCRE_LIMITS_EXCEEDED`
    MscPcreLimitsExceeded,
    /// `MULTIPART_BOUNDARY_QUOTED`
    MultipartBoundaryQuoted,
    /// `MULTIPART_BOUNDARY_WHITESPACE`
    MultipartBoundaryWhitespace,
    /// `MULTIPART_CRLF_LF_LINES`
    MultipartCrlfLfLines,
    /// `MULTIPART_DATA_AFTER`
    MultipartDataAfter,
    /// `MULTIPART_DATA_BEFORE`
    MultipartDataBefore,
    /// `MULTIPART_FILENAME`
    MultipartFilename,
    /// `MULTIPART_FILE_LIMIT_EXCEEDED`
    MultipartFileLimitExceeded,
    /// `MULTIPART_HEADER_FOLDING`
    MultipartHeaderFolding,
    /// `MULTIPART_INVALID_HEADER_FOLDING`
    MultipartInvalidHeaderFolding,
    /// `MULTIPART_INVALID_PART`
    MultipartInvalidPart,
    /// `MULTIPART_INVALID_QUOTING`
    MultipartInvalidQuoting,
    /// `MULTIPART_LF_LINE`
    MultipartLfLine,
    /// `MULTIPART_MISSING_SEMICOLON`
    MultipartMissingSemicolon,
    /// `MULTIPART_NAME`
    MultipartName,
    /// `MULTIPART_PART_HEADERS`
    MultipartPartHeaders,
    /// `MULTIPART_STRICT_ERROR`
    MultipartStrictError,
    /// `MULTIPART_UNMATCHED_BOUNDARY`
    MultipartUnmatchedBoundary,
    /// `OUTBOUND_DATA_ERROR`
    OutboundDataError,
    /// `PATH_INFO`
    PathInfo,
    /// `QUERY_STRING`
    QueryString,
    /// `REMOTE_ADDR`
    RemoteAddr,
    /// `REMOTE_HOST`
    RemoteHost,
    /// `REMOTE_PORT`
    RemotePort,
    /// `REMOTE_USER`
    RemoteUser,
    /// `REQBODY_ERROR`
    ReqbodyError,
    /// `REQBODY_ERROR_MSG`
    ReqbodyErrorMsg,
    /// `REQBODY_PROCESSOR`
    ReqbodyProcessor,
    /// `REQBODY_PROCESSOR_ERROR`
    ReqbodyProcessorError,
    /// `REQBODY_PROCESSOR_ERROR_MSG`
    ReqbodyProcessorErrorMsg,
    /// `REQUEST_BASENAME`
    RequestBasename,
    /// `REQUEST_BODY`
    RequestBody,
    /// `REQUEST_BODY_LENGTH`
    RequestBodyLength,
    /// `REQUEST_COOKIES`
    RequestCookies,
    /// `REQUEST_COOKIES_NAMES`
    RequestCookiesNames,
    /// `REQUEST_FILENAME`
    RequestFilename,
    /// `REQUEST_HEADERS`
    RequestHeaders,
    /// `REQUEST_HEADERS_NAMES`
    RequestHeadersNames,
    /// `REQUEST_LINE`
    RequestLine,
    /// `REQUEST_METHOD`
    RequestMethod,
    /// `REQUEST_PROTOCOL`
    RequestProtocol,
    /// `REQUEST_URI`
    RequestUri,
    /// `REQUEST_URI_RAW`
    RequestUriRaw,
    /// `RESOURCE`
    Resource,
    /// `RESPONSE_BODY`
    ResponseBody,
    /// `RESPONSE_CONTENT_LENGTH`
    ResponseContentLength,
    /// `RESPONSE_CONTENT_TYPE`
    ResponseContentType,
    /// `RESPONSE_HEADERS`
    ResponseHeaders,
    /// `RESPONSE_HEADERS_NAMES`
    ResponseHeadersNames,
    /// `RESPONSE_PROTOCOL`
    ResponseProtocol,
    /// `RESPONSE_STATUS`
    ResponseStatus,
    /// `RULE`
    Rule,
    /// `SERVER_ADDR`
    ServerAddr,
    /// `SERVER_NAME`
    ServerName,
    /// `SERVER_PORT`
    ServerPort,
    /// `SESSION`
    Session,
    /// `SESSIONID`
    Sessionid,
    /// `STATUS_LINE`
    StatusLine,
    /// `TIME`
    Time,
    /// `TIME_DAY`
    TimeDay,
    /// `TIME_EPOCH`
    TimeEpoch,
    /// `TIME_HOUR`
    TimeHour,
    /// `TIME_MIN`
    TimeMin,
    /// `TIME_MON`
    TimeMon,
    /// `TIME_SEC`
    TimeSec,
    /// `TIME_WDAY`
    TimeWday,
    /// `TIME_YEAR`
    TimeYear,
    /// `TX`
    Tx,
    /// `UNIQUE_ID`
    UniqueId,
    /// `URLENCODED_ERROR`
    UrlencodedError,
    /// `USER`
    User,
    /// `USERID`
    Userid,
    /// `WEBAPPID`
    Webappid,
    /// `XML`
    Xml,
}

/// Every variable with its name, in the order of the enumeration.
const NAMES: [(Variable, &str); Variable::COUNT] = [
    (Variable::Args, "ARGS"),
    (Variable::ArgsCombinedSize, "ARGS_COMBINED_SIZE"),
    (Variable::ArgsGet, "ARGS_GET"),
    (Variable::ArgsGetNames, "ARGS_GET_NAMES"),
    (Variable::ArgsNames, "ARGS_NAMES"),
    (Variable::ArgsPost, "ARGS_POST"),
    (Variable::ArgsPostNames, "ARGS_POST_NAMES"),
    (Variable::AuthType, "AUTH_TYPE"),
    (Variable::Duration, "DURATION"),
    (Variable::Env, "ENV"),
    (Variable::Files, "FILES"),
    (Variable::FilesCombinedSize, "FILES_COMBINED_SIZE"),
    (Variable::FilesNames, "FILES_NAMES"),
    (Variable::FilesSizes, "FILES_SIZES"),
    (Variable::FilesTmpnames, "FILES_TMPNAMES"),
    (Variable::FilesTmpContent, "FILES_TMP_CONTENT"),
    (Variable::FullRequest, "FULL_REQUEST"),
    (Variable::FullRequestLength, "FULL_REQUEST_LENGTH"),
    (Variable::Geo, "GEO"),
    (Variable::Global, "GLOBAL"),
    (Variable::HighestSeverity, "HIGHEST_SEVERITY"),
    (Variable::InboundDataError, "INBOUND_DATA_ERROR"),
    (Variable::Ip, "IP"),
    (Variable::MatchedVar, "MATCHED_VAR"),
    (Variable::MatchedVars, "MATCHED_VARS"),
    (Variable::MatchedVarsNames, "MATCHED_VARS_NAMES"),
    (Variable::MatchedVarName, "MATCHED_VAR_NAME"),
    (Variable::ModsecBuild, "MODSEC_BUILD"),
    (Variable::MscPcreError, "MSC_PCRE_ERROR"),
    (Variable::MscPcreLimitsExceeded, "MSC_PCRE_LIMITS_EXCEEDED"),
    (
        Variable::MultipartBoundaryQuoted,
        "MULTIPART_BOUNDARY_QUOTED",
    ),
    (
        Variable::MultipartBoundaryWhitespace,
        "MULTIPART_BOUNDARY_WHITESPACE",
    ),
    (Variable::MultipartCrlfLfLines, "MULTIPART_CRLF_LF_LINES"),
    (Variable::MultipartDataAfter, "MULTIPART_DATA_AFTER"),
    (Variable::MultipartDataBefore, "MULTIPART_DATA_BEFORE"),
    (Variable::MultipartFilename, "MULTIPART_FILENAME"),
    (
        Variable::MultipartFileLimitExceeded,
        "MULTIPART_FILE_LIMIT_EXCEEDED",
    ),
    (Variable::MultipartHeaderFolding, "MULTIPART_HEADER_FOLDING"),
    (
        Variable::MultipartInvalidHeaderFolding,
        "MULTIPART_INVALID_HEADER_FOLDING",
    ),
    (Variable::MultipartInvalidPart, "MULTIPART_INVALID_PART"),
    (
        Variable::MultipartInvalidQuoting,
        "MULTIPART_INVALID_QUOTING",
    ),
    (Variable::MultipartLfLine, "MULTIPART_LF_LINE"),
    (
        Variable::MultipartMissingSemicolon,
        "MULTIPART_MISSING_SEMICOLON",
    ),
    (Variable::MultipartName, "MULTIPART_NAME"),
    (Variable::MultipartPartHeaders, "MULTIPART_PART_HEADERS"),
    (Variable::MultipartStrictError, "MULTIPART_STRICT_ERROR"),
    (
        Variable::MultipartUnmatchedBoundary,
        "MULTIPART_UNMATCHED_BOUNDARY",
    ),
    (Variable::OutboundDataError, "OUTBOUND_DATA_ERROR"),
    (Variable::PathInfo, "PATH_INFO"),
    (Variable::QueryString, "QUERY_STRING"),
    (Variable::RemoteAddr, "REMOTE_ADDR"),
    (Variable::RemoteHost, "REMOTE_HOST"),
    (Variable::RemotePort, "REMOTE_PORT"),
    (Variable::RemoteUser, "REMOTE_USER"),
    (Variable::ReqbodyError, "REQBODY_ERROR"),
    (Variable::ReqbodyErrorMsg, "REQBODY_ERROR_MSG"),
    (Variable::ReqbodyProcessor, "REQBODY_PROCESSOR"),
    (Variable::ReqbodyProcessorError, "REQBODY_PROCESSOR_ERROR"),
    (
        Variable::ReqbodyProcessorErrorMsg,
        "REQBODY_PROCESSOR_ERROR_MSG",
    ),
    (Variable::RequestBasename, "REQUEST_BASENAME"),
    (Variable::RequestBody, "REQUEST_BODY"),
    (Variable::RequestBodyLength, "REQUEST_BODY_LENGTH"),
    (Variable::RequestCookies, "REQUEST_COOKIES"),
    (Variable::RequestCookiesNames, "REQUEST_COOKIES_NAMES"),
    (Variable::RequestFilename, "REQUEST_FILENAME"),
    (Variable::RequestHeaders, "REQUEST_HEADERS"),
    (Variable::RequestHeadersNames, "REQUEST_HEADERS_NAMES"),
    (Variable::RequestLine, "REQUEST_LINE"),
    (Variable::RequestMethod, "REQUEST_METHOD"),
    (Variable::RequestProtocol, "REQUEST_PROTOCOL"),
    (Variable::RequestUri, "REQUEST_URI"),
    (Variable::RequestUriRaw, "REQUEST_URI_RAW"),
    (Variable::Resource, "RESOURCE"),
    (Variable::ResponseBody, "RESPONSE_BODY"),
    (Variable::ResponseContentLength, "RESPONSE_CONTENT_LENGTH"),
    (Variable::ResponseContentType, "RESPONSE_CONTENT_TYPE"),
    (Variable::ResponseHeaders, "RESPONSE_HEADERS"),
    (Variable::ResponseHeadersNames, "RESPONSE_HEADERS_NAMES"),
    (Variable::ResponseProtocol, "RESPONSE_PROTOCOL"),
    (Variable::ResponseStatus, "RESPONSE_STATUS"),
    (Variable::Rule, "RULE"),
    (Variable::ServerAddr, "SERVER_ADDR"),
    (Variable::ServerName, "SERVER_NAME"),
    (Variable::ServerPort, "SERVER_PORT"),
    (Variable::Session, "SESSION"),
    (Variable::Sessionid, "SESSIONID"),
    (Variable::StatusLine, "STATUS_LINE"),
    (Variable::Time, "TIME"),
    (Variable::TimeDay, "TIME_DAY"),
    (Variable::TimeEpoch, "TIME_EPOCH"),
    (Variable::TimeHour, "TIME_HOUR"),
    (Variable::TimeMin, "TIME_MIN"),
    (Variable::TimeMon, "TIME_MON"),
    (Variable::TimeSec, "TIME_SEC"),
    (Variable::TimeWday, "TIME_WDAY"),
    (Variable::TimeYear, "TIME_YEAR"),
    (Variable::Tx, "TX"),
    (Variable::UniqueId, "UNIQUE_ID"),
    (Variable::UrlencodedError, "URLENCODED_ERROR"),
    (Variable::User, "USER"),
    (Variable::Userid, "USERID"),
    (Variable::Webappid, "WEBAPPID"),
    (Variable::Xml, "XML"),
];

impl Variable {
    /// How many there are.
    pub const COUNT: usize = 103;

    /// The name as rules write it, in upper case.
    pub fn name(self) -> &'static str {
        NAMES.get(self as usize).map_or("", |row| row.1)
    }

    /// The variable of a name, in any case.
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|row| row.1.eq_ignore_ascii_case(name))
            .map(|row| row.0)
    }

    /// Every variable.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|row| row.0)
    }

    /// Whether it is what has matched.
    pub(crate) const fn is_match(self) -> bool {
        matches!(
            self,
            Self::MatchedVar | Self::MatchedVarName | Self::MatchedVars | Self::MatchedVarsNames
        )
    }

    /// Whether it has members that a selector (`VARIABLE:member`) can choose.
    pub const fn is_collection(self) -> bool {
        matches!(
            self,
            Self::Args
                | Self::ArgsGet
                | Self::ArgsGetNames
                | Self::ArgsNames
                | Self::ArgsPost
                | Self::ArgsPostNames
                | Self::Env
                | Self::Files
                | Self::FilesNames
                | Self::FilesSizes
                | Self::FilesTmpnames
                | Self::FilesTmpContent
                | Self::Geo
                | Self::Global
                | Self::Ip
                | Self::MatchedVars
                | Self::MatchedVarsNames
                | Self::MultipartPartHeaders
                | Self::RequestCookies
                | Self::RequestCookiesNames
                | Self::RequestHeaders
                | Self::RequestHeadersNames
                | Self::Resource
                | Self::ResponseHeaders
                | Self::ResponseHeadersNames
                | Self::Rule
                | Self::Session
                | Self::Tx
                | Self::User
                | Self::Xml
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_at_its_own_place() {
        for (index, (variable, name)) in NAMES.iter().enumerate() {
            assert_eq!(*variable as usize, index, "{name}");
            assert_eq!(
                Variable::by_name(&name.to_ascii_lowercase()),
                Some(*variable)
            );
        }
        assert_eq!(Variable::by_name("ARGS_NOT"), None);
    }
}
