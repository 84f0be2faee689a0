//! "Did you mean ...?"

use super::Name;

/// Greatest edit distance of a suggestion: letters changed, added, left out or swapped.
const DISTANCE_MAX: usize = 2;
/// Most names that are compared, so that a wrong name costs a bounded time.
const CANDIDATES_MAX: usize = 1000;

/// The candidate closest to `name`, if one is close enough; the first of several. The caller passes only names that the
/// reader may know of.
pub(super) fn closest(name: &Name, candidates: impl Iterator<Item = Name>) -> Option<Name> {
    let folded = name.folded();
    let measured = candidates.take(CANDIDATES_MAX).map(|other| (strsim::osa_distance(&folded, &other.folded()), other));
    let near = measured.filter(|(distance, other)| *distance <= DISTANCE_MAX && *distance < other.as_str().len());
    near.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
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
}
