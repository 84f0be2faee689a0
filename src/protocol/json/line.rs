//! Lines: one object each, with the reference of the request that it is, or answers.
//!
//! A line that comes in is bounded before it is parsed: in bytes by its decoder, in depth here. What libraries get wrong
//! without changing what is meant is understood: a byte order mark, half of a surrogate pair.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use super::DEPTH_MAX;
use super::codec::{Fields, Table, Writer, Wrong, bad};
use crate::chat::Text;
use crate::protocol::{Context, Reference};

/// Appends an object with its reference, and the line end.
pub fn write<T: Table>(object: &T, reference: Option<&Reference>, context: Option<Context>, out: &mut Vec<u8>) {
    let mut writer = Writer { out, context };
    writer.object(|writer| {
        object.write(writer);
        if let Some(reference) = reference {
            writer.field("ref", reference);
        }
    });
    out.push(b'\n');
}

/// Whether a line has nothing but white space, which is no request.
pub fn is_blank(line: &[u8]) -> bool {
    without_mark(line).trim_ascii().is_empty()
}

/// The fields of a line that is one object.
pub fn fields(line: &[u8]) -> Result<Fields, Wrong> {
    let line = without_mark(line);
    if depth(line) > DEPTH_MAX {
        return Err(Wrong::new("too_deep", format!("Objects and lists may be {DEPTH_MAX} deep. Nothing was done.")));
    }
    let whole = with_whole_characters(line);
    match serde_json::from_slice(whole.as_ref().map_or(line, |whole| whole)) {
        Ok(Json::Object(fields)) if whole.is_some() => with_exact_fields(fields),
        Ok(Json::Object(fields)) => Ok(Fields(fields)),
        Ok(_) => Err(Wrong::new("bad_json", "A line must be one JSON object. Nothing was done.")),
        Err(error) => {
            // The library tells where, and what it expected, without repeating what may be a secret.
            let text = format!("That line is not JSON: {error}. Nothing was done.");
            Err(Wrong::new("bad_json", Text::from(&*text).as_str()))
        }
    }
}

/// The fields of a line in which half a character was replaced. Where a word counts and not what it says, two different
/// ones must not become one.
fn with_exact_fields(fields: Map<String, Json>) -> Result<Fields, Wrong> {
    const EXACT: [&str; 6] = ["key", "password", "old", "new", "token", "code"];
    let is_spoiled =
        |field: &&&str| fields.get(**field).and_then(Json::as_str).is_some_and(|text| text.contains('\u{FFFD}'));
    match EXACT.iter().find(is_spoiled) {
        Some(field) => Err(bad(field, "a text of whole characters, without half of a surrogate pair")),
        None => Ok(Fields(fields)),
    }
}

/// The line without a byte order mark, which some libraries write first.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// The line with `\ufffd` in place of each half of a surrogate pair, which a program sends that cut a text in the middle
/// of a character; `None` if it has none. The copy may contain a password.
fn with_whole_characters(line: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut whole = None;
    let mut at = 0;
    while at < line.len() {
        let len = match (unit(line, at), unit(line, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                let copy = whole.get_or_insert_with(|| Zeroizing::new(line.to_vec()));
                copy[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            (Some(_), _) => 6,
            (None, _) if line[at] == b'\\' => 2,
            (None, _) => 1,
        };
        at += len;
    }
    whole
}

/// The UTF-16 code unit that is escaped at `at`, as in `\u00e9`.
fn unit(line: &[u8], at: usize) -> Option<u16> {
    let digits = line.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// How deeply objects and lists are nested, outside of strings. A line that is no JSON may give anything.
fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The reference among the fields.
pub fn reference(fields: &mut Fields) -> Result<Option<Reference>, Wrong> {
    let text: Option<String> = fields.get("ref")?;
    text.map(|text| Reference::of(&text).ok_or_else(|| bad("ref", "a string of up to 64 bytes"))).transpose()
}

/// The reference of a line that could not be decoded, so that its sender can tell which request was refused: the last
/// string that stands under `"ref"` in the outermost object.
pub fn reference_of_broken(line: &[u8]) -> Option<Reference> {
    let (mut depth, mut at, mut found) = (0_usize, 0, None);
    while at < line.len() {
        match line[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            b'"' => {
                let Some(key) = quoted(&line[at..]) else { break };
                at += key.len();
                if depth == 1 && key == b"\"ref\"" {
                    found = value_of_reference(&line[at..]).or(found);
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// What stands behind a colon, if it is a string that may be a reference.
fn value_of_reference(rest: &[u8]) -> Option<Reference> {
    let value = quoted(rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())?;
    let value = with_whole_characters(value).map_or(Cow::Borrowed(value), |whole| Cow::Owned(whole.to_vec()));
    Reference::of(&serde_json::from_slice::<String>(&value).ok()?)
}

/// The string at the beginning of `rest`, with its quotation marks.
fn quoted(rest: &[u8]) -> Option<&[u8]> {
    let mut escaped = false;
    let end = rest.strip_prefix(b"\"")?.iter().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        byte => {
            escaped = *byte == b'\\';
            *byte == b'"'
        }
    })?;
    Some(&rest[..end + 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let check = |line: &str, expected| assert_eq!(depth(line.as_bytes()), expected, "{line}");
        check("1", 0);
        check("{}", 1);
        check(r#"{"a":[],"b":[],"c":{}}"#, 2);
        check(r#"{"a":[[{}]],"b":1}"#, 4);
        check(r#"{"a":"[[[","b":"{{{"}"#, 1);
        check(r#"{"a":"\"[[","b":"\\"}"#, 1);
        check(r#"{"a":"\\","b":[[]]}"#, 3);
        check("]]}[", 1);
    }

    #[test]
    fn halves_of_characters_become_placeholders_and_pairs_stay() {
        let check = |line: &str, expected: Option<&str>| {
            let whole = with_whole_characters(line.as_bytes());
            assert_eq!(whole.map(|whole| String::from_utf8(whole.to_vec()).unwrap()), expected.map(str::to_owned));
        };
        check(r#"{"a":"plain \u00e9 \\ud83d"}"#, None);
        check(r#""\ud83d\udc4b""#, None);
        check(r#""\ud83d""#, Some(r#""\ufffd""#));
        check(r#""\uDC4B\ud83d""#, Some(r#""\ufffd\ufffd""#));
        check(r#""\ud83d\ud83d\udc4b""#, Some(r#""\ufffd\ud83d\udc4b""#));
        check(r#""\ud83dx\udc4"#, Some(r#""\ufffdx\udc4"#));
    }

    #[test]
    fn the_reference_of_a_broken_line_is_found() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(reference_of_broken(line.as_bytes()), expected.and_then(Reference::of), "{line}");
        };
        check(r#"{"type":"ping","ref":"a",}"#, Some("a"));
        check(r#"{"ref" : "a\"b\u00e9", "page": NaN}"#, Some("a\"bé"));
        check(r#"{"ref":"1","x":{"ref":"2"},"ref":"3","text":"cut"#, Some("3"));
        check(r#"{"ref":"\ud83d","x":}"#, Some("\u{fffd}"));
        check(r#"{"text":"\"ref\":\"x\"","x":}"#, None);
        check(r#"{"x":"ref","y":"z","ref":17,}"#, None);
        check(r#"{"x":{"ref":"in there"},}"#, None);
        check(r#"["ref","a"]"#, None);
        check("\"ref\"", None);
        check("hello", None);
    }
}
