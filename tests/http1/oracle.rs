//! Parsers that are plainly right, if slow and without a word on what is wrong: they see all bytes
//! at once and say yes or no.

use portcullis::message::FieldId;

const MAX_HEAD: usize = 32 << 10;
const MAX_FIELDS: usize = 100;
const MAX_TARGET: usize = 8 << 10;
const MAX_METHOD: usize = 32;
const MAX_EMPTY_LINES: usize = 2;
const MAX_EXTENSIONS: usize = 16 << 10;
const MAX_TRAILERS: usize = 8 << 10;
const MAX_TRAILER_FIELDS: usize = 32;

/// A start line in three parts, the fields, and the length of the whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) start: [Vec<u8>; 3],
    pub(crate) fields: Vec<Field>,
    pub(crate) length: usize,
}

pub(crate) type Field = (FieldId, Vec<u8>, Vec<u8>);

/// Reads the request head at the front of `bytes`, which hold a whole one or a faulty one.
pub(crate) fn request(bytes: &[u8]) -> Option<Head> {
    let mut text = bytes;
    for _ in 0..MAX_EMPTY_LINES {
        text = text.strip_prefix(b"\r\n").unwrap_or(text);
    }
    let (lines, length) = lines(text)?;
    let (line, fields) = lines.split_first()?;
    let [method, target, version] = line
        .split(|&b| b == b' ')
        .collect::<Vec<_>>()
        .try_into()
        .ok()?;
    let is_target = |b: &u8| b.is_ascii_graphic() && *b != b'#';
    let fits = is_token(method)
        && method.len() <= MAX_METHOD
        && !target.is_empty()
        && target.iter().all(is_target)
        && target.len() <= MAX_TARGET
        && [&b"HTTP/1.1"[..], b"HTTP/1.0"].contains(&version);
    let head = Head {
        start: [method, target, version].map(<[u8]>::to_vec),
        fields: fields
            .iter()
            .map(|line| field(line))
            .collect::<Option<_>>()?,
        length: bytes.len() - text.len() + length,
    };
    (fits && is_within_limits(&head)).then_some(head)
}

/// Reads the response head at the front of `bytes`, which hold a whole one or a faulty one.
pub(crate) fn response(bytes: &[u8]) -> Option<Head> {
    let (lines, length) = lines(bytes)?;
    let (line, fields) = lines.split_first()?;
    let (version, rest) = line.split_at_checked(9)?;
    let (status, reason) = rest.split_at_checked(3)?;
    let fits = [&b"HTTP/1.1 "[..], b"HTTP/1.0 "].contains(&version)
        && status.iter().all(u8::is_ascii_digit)
        && status[0] != b'0'
        && (reason.is_empty() || reason[0] == b' ')
        && reason.iter().all(is_value_byte);
    let reason = reason.strip_prefix(b" ").unwrap_or_default();
    let head = Head {
        start: [version.trim_ascii_end(), status, reason].map(<[u8]>::to_vec),
        fields: fields
            .iter()
            .map(|line| field(line))
            .collect::<Option<_>>()?,
        length,
    };
    (fits && is_within_limits(&head)).then_some(head)
}

/// Reads the chunked body at the front of `bytes`: its data, its trailers and its length.
pub(crate) fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Field>, usize)> {
    let (mut rest, mut data, mut extension_bytes) = (bytes, Vec::new(), 0);
    loop {
        let (line, after) = cut(rest, b"\r\n")?;
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, extensions) = line.split_at(digits);
        if !(1..=16).contains(&digits) || !are_extensions(extensions) {
            return None;
        }
        let size = u64::from_str_radix(std::str::from_utf8(size).unwrap(), 16).unwrap();
        extension_bytes += extensions.len();
        rest = after;
        if size == 0 {
            break;
        }
        let (chunk, after) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        data.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
    let (trailers, length) = match rest.strip_prefix(b"\r\n") {
        Some(_) => (Vec::new(), 2),
        None => lines(rest)?,
    };
    let fields = trailers
        .iter()
        .map(|line| field(line))
        .collect::<Option<Vec<_>>>()?;
    let allowed = [
        FieldId::Accept,
        FieldId::AcceptEncoding,
        FieldId::Date,
        FieldId::Other,
        FieldId::Referer,
        FieldId::Server,
        FieldId::UserAgent,
    ];
    let fits = fields.iter().all(|(id, _, _)| allowed.contains(id))
        && fields.len() <= MAX_TRAILER_FIELDS
        && length <= MAX_TRAILERS
        && extension_bytes <= MAX_EXTENSIONS;
    fits.then_some((data, fields, bytes.len() - rest.len() + length))
}

/// The canonical form of a path, step by step, each on the whole path.
pub(crate) fn canonical_path(path: &[u8], merge_slashes: bool) -> Option<Vec<u8>> {
    let mut escaped = String::new();
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let (decoded, was_escaped) = if byte == b'%' {
            let digits = after
                .get(..2)
                .filter(|d| d.iter().all(u8::is_ascii_hexdigit))?;
            rest = &after[2..];
            let digits = std::str::from_utf8(digits).unwrap();
            (u8::from_str_radix(digits, 16).unwrap(), true)
        } else {
            (byte, false)
        };
        let is_unreserved = decoded.is_ascii_alphanumeric() || b"-._~".contains(&decoded);
        let stands = is_unreserved || !was_escaped && b"!$&'()*+,;=:@/".contains(&decoded);
        match decoded {
            0 => return None,
            b'\\' if !was_escaped => return None,
            _ if stands => escaped.push(char::from(decoded)),
            _ => escaped.push_str(&format!("%{decoded:02X}")),
        }
    }
    let mut folders: Vec<&str> = Vec::new();
    let (above, file) = escaped.rsplit_once('/').unwrap();
    for folder in above.split('/').skip(1) {
        match folder {
            "" if merge_slashes => {}
            "." => {}
            ".." => drop(folders.pop()),
            _ => folders.push(folder),
        }
    }
    if file == ".." {
        folders.pop();
    }
    let file = if matches!(file, "." | "..") { "" } else { file };
    let mut canonical = "/".to_owned();
    folders
        .iter()
        .for_each(|folder| canonical += &format!("{folder}/"));
    canonical += file;
    Some(canonical.into_bytes())
}

/// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`, and no blank before the
/// first semicolon.
fn are_extensions(mut rest: &[u8]) -> bool {
    let mut is_first = true;
    while !rest.is_empty() {
        let before = if is_first { rest } else { skip_blanks(rest) };
        let Some(after) = before.strip_prefix(b";") else {
            return false;
        };
        let Some(after) = skip_token(skip_blanks(after)) else {
            return false;
        };
        rest = after;
        if let Some(value) = skip_blanks(rest).strip_prefix(b"=") {
            let value = skip_blanks(value);
            let Some(after) = skip_token(value).or_else(|| skip_quoted(value)) else {
                return false;
            };
            rest = after;
        }
        is_first = false;
    }
    true
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let blanks = bytes
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count();
    &bytes[blanks..]
}

fn skip_token(bytes: &[u8]) -> Option<&[u8]> {
    let length = bytes.iter().take_while(|&&b| is_token(&[b])).count();
    (length > 0).then(|| &bytes[length..])
}

fn skip_quoted(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(b"\"")?;
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', byte, after @ ..] if is_value_byte(byte) => rest = after,
            [byte, after @ ..] if *byte != b'\\' && is_value_byte(byte) => rest = after,
            _ => return None,
        }
    }
}

/// The lines before the first empty one, and the length of it all.
fn lines(text: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    let (mut lines, mut rest) = (Vec::new(), text);
    loop {
        let (line, after) = cut(rest, b"\r\n")?;
        rest = after;
        if line.is_empty() {
            return Some((lines, text.len() - rest.len()));
        }
        if line.contains(&b'\r') || line.contains(&b'\n') {
            return None;
        }
        lines.push(line);
    }
}

fn field(line: &[u8]) -> Option<Field> {
    let (name, value) = cut(line, b":")?;
    if !is_token(name) || !value.iter().all(is_value_byte) {
        return None;
    }
    let known = FieldId::KNOWN
        .iter()
        .find(|(_, known)| name.eq_ignore_ascii_case(known.as_bytes()));
    let mut value = value;
    while let [b' ' | b'\t', inner @ ..] | [inner @ .., b' ' | b'\t'] = value {
        value = inner;
    }
    let id = known.map_or(FieldId::Other, |(id, _)| *id);
    Some((id, name.to_vec(), value.to_vec()))
}

fn cut<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|w| w == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

fn is_value_byte(byte: &u8) -> bool {
    *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f)
}

fn is_within_limits(head: &Head) -> bool {
    head.fields.len() <= MAX_FIELDS && head.length <= MAX_HEAD
}
