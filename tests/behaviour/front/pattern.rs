//! Sentences with holes: `{}` holds one word, `{*}` any text.

/// What `line` has in the holes of `pattern`, if it fits; each as short as it can be, from the left.
pub fn fit<'a, const N: usize>(pattern: &str, line: &'a str) -> Option<[&'a str; N]> {
    let mut found = Vec::with_capacity(N);
    fill(pattern, line, &mut found).then(|| found.try_into().expect("the pattern has as many holes"))
}

/// Whether `line` fits `pattern`.
pub fn fits(pattern: &str, line: &str) -> bool {
    fill(pattern, line, &mut Vec::new())
}

fn fill<'a>(pattern: &str, line: &'a str, found: &mut Vec<&'a str>) -> bool {
    let Some((literal, rest)) = pattern.split_once('{') else { return pattern == line };
    let (hole, rest) = rest.split_once('}').expect("a hole has its end");
    let Some(line) = line.strip_prefix(literal) else { return false };
    let is_word = hole.is_empty();
    for end in line.char_indices().map(|(at, _)| at).chain([line.len()]) {
        let (held, after) = line.split_at(end);
        if is_word && held.contains(' ') {
            return false;
        }
        if is_word && held.is_empty() {
            continue;
        }
        found.push(held);
        if fill(rest, after, found) {
            return true;
        }
        found.pop();
    }
    false
}

#[test]
fn holes_hold_what_fits() {
    assert_eq!(fit("-- {} joined {}.", "-- bob joined #tea."), Some(["bob", "#tea"]));
    assert_eq!(fit::<2>("-- {} joined {}.", "-- bob joined #tea: x."), None);
    assert_eq!(fit("{} {*}: {*}", "a b: c: d"), Some(["a", "b", "c: d"]));
    assert_eq!(fit("{*} of {}", "x of y of z"), Some(["x of y", "z"]));
    assert_eq!(fit("a", "a"), Some([]));
    assert_eq!(fit("{*}", ""), Some([""]));
    assert_eq!(fit::<1>("{}", ""), None);
}
