//! Where the values of a variable come from.

use crate::waf::Variable;

/// A list of names and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum List {
    /// Arguments of the query string.
    Query,
    /// Arguments of the body.
    Form,
    Cookies,
    RequestHeaders,
    /// Form field to file name, of uploads.
    Files,
    /// Form field to size in bytes.
    FileSizes,
    /// Form field to content.
    FileContents,
    /// Part to header line.
    PartHeaders,
    ResponseHeaders,
    /// `/*` to text.
    XmlTexts,
    /// `//@*` to value.
    XmlAttributes,
    /// What `setenv` has set.
    Environment,
}

impl List {
    /// How many there are.
    pub(crate) const COUNT: usize = 12;
}

/// A source of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The values of a list.
    Values(List),
    /// The names of a list, each under itself.
    Names(List),
    /// The one value of a variable.
    One(Variable),
}

impl Source {
    /// How many there are.
    pub(crate) const COUNT: usize = 2 * List::COUNT + Variable::COUNT;

    /// A number below [`COUNT`](Self::COUNT), its own.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Values(list) => list as usize,
            Self::Names(list) => List::COUNT + list as usize,
            Self::One(variable) => 2 * List::COUNT + variable as usize,
        }
    }
}

/// The sources of a variable that lies in [`Values`](super::Values), in the order in which rules
/// see them; none for one that lies elsewhere.
pub(crate) const fn sources(variable: Variable) -> [Option<Source>; 2] {
    use List as L;
    use Source::{Names, One, Values};
    let one = match variable {
        Variable::Args => return [Some(Values(L::Query)), Some(Values(L::Form))],
        Variable::ArgsNames => return [Some(Names(L::Query)), Some(Names(L::Form))],
        Variable::Xml => return [Some(Values(L::XmlTexts)), Some(Values(L::XmlAttributes))],
        Variable::ArgsGet => Values(L::Query),
        Variable::ArgsGetNames => Names(L::Query),
        Variable::ArgsPost => Values(L::Form),
        Variable::ArgsPostNames => Names(L::Form),
        Variable::RequestCookies => Values(L::Cookies),
        Variable::RequestCookiesNames => Names(L::Cookies),
        Variable::RequestHeaders => Values(L::RequestHeaders),
        Variable::RequestHeadersNames => Names(L::RequestHeaders),
        Variable::ResponseHeaders => Values(L::ResponseHeaders),
        Variable::ResponseHeadersNames => Names(L::ResponseHeaders),
        Variable::Files => Values(L::Files),
        Variable::FilesNames => Names(L::Files),
        Variable::FilesSizes => Values(L::FileSizes),
        Variable::FilesTmpContent => Values(L::FileContents),
        Variable::MultipartPartHeaders => Values(L::PartHeaders),
        Variable::Env => Values(L::Environment),
        // Written by rules, or not kept.
        Variable::Tx
        | Variable::MatchedVar
        | Variable::MatchedVarName
        | Variable::MatchedVars
        | Variable::MatchedVarsNames
        | Variable::Rule
        | Variable::FilesTmpnames
        | Variable::Geo
        | Variable::Global
        | Variable::Ip
        | Variable::Resource
        | Variable::Session
        | Variable::User => return [None, None],
        other => One(other),
    };
    [Some(one), None]
}
