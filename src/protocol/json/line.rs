//! Lines: one object each, with the reference of the request that it is, or answers.
//!
//! A line that comes in is bounded before it is parsed: in bytes by its decoder, in depth here.

use serde_json::Value as Json;

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

/// The fields of a line that is one object.
pub fn fields(line: &[u8]) -> Result<Fields, Wrong> {
    if depth(line) > DEPTH_MAX {
        return Err(Wrong::new("too_deep", format!("Objects and lists may be {DEPTH_MAX} deep. Nothing was done.")));
    }
    match serde_json::from_slice(line) {
        Ok(Json::Object(fields)) => Ok(Fields(fields)),
        Ok(_) => Err(Wrong::new("bad_json", "A line must be one JSON object. Nothing was done.")),
        Err(error) => {
            // The library tells where, and what it expected, without repeating what may be a secret.
            let text = format!("That line is not JSON: {error}. Nothing was done.");
            Err(Wrong::new("bad_json", Text::from(&*text).as_str()))
        }
    }
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
}
