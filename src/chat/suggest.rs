//! "Did you mean ...?"

use std::collections::BTreeMap;

use super::Name;

/// Greatest edit distance of a suggestion: letters changed, added, left out or swapped.
const DISTANCE_MAX: usize = 2;
/// Most names that are compared on each side of a wrong one, so that it costs the same however many names there are.
const NEIGHBOURS_MAX: usize = 100;

/// The values of the names that stand next to `name` in alphabetical order and have its first character: in a long list
/// those that also have its beginning.
pub(super) fn near<'a, T>(name: &Name, names: &'a BTreeMap<String, T>) -> impl Iterator<Item = &'a T> {
    let folded = name.folded();
    let first = folded.bytes().next();
    let is_alike = move |(other, _): &(&String, &T)| other.bytes().next() == first;
    let before = names.range(..folded.clone()).rev().take(NEIGHBOURS_MAX).take_while(is_alike);
    let after = names.range(folded..).take(NEIGHBOURS_MAX).take_while(is_alike);
    before.chain(after).map(|(_, value)| value)
}

/// The candidate closest to `name`, if one is close enough; of several the one of the same length, then the first in
/// alphabetical order. The caller passes
/// only names that the reader may know of.
pub(super) fn closest(name: &Name, candidates: impl Iterator<Item = Name>) -> Option<Name> {
    let folded = name.folded();
    let measured = candidates.map(|other| (strsim::osa_distance(&folded, &other.folded()), other));
    let near = measured.filter(|(distance, other)| *distance <= DISTANCE_MAX && *distance < other.as_str().len());
    let by_closeness =
        |(distance, other): &(usize, Name)| (*distance, other.as_str().len().abs_diff(folded.len()), other.clone());
    near.min_by_key(by_closeness).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_of_near_names_is_suggested() {
        let names = ["general", "genera", "tea", "garden"].map(|name| Name::parse(name).unwrap());
        let check = |written: &str, expected: Option<&str>| {
            let found = closest(&Name::parse(written).unwrap(), names.iter().cloned());
            assert_eq!(found.as_ref().map(Name::as_str), expected, "{written}");
        };
        check("genral", Some("general"));
        check("GENERAK", Some("general"));
        check("grden", Some("garden"));
        check("kitchen", None);
        check("xy", None);
    }

    #[test]
    fn among_very_many_names_those_with_the_same_beginning_are_compared() {
        let names: BTreeMap<String, usize> = (0..100_000).map(|number| (format!("room{number:06}"), number)).collect();
        let candidates: Vec<usize> = near(&Name::parse("Room05000").unwrap(), &names).copied().collect();
        assert_eq!(candidates.len(), 2 * NEIGHBOURS_MAX);
        assert!(candidates.contains(&50_000));
        assert_eq!(near(&Name::parse("soom050000").unwrap(), &names).count(), 0);
    }
}
