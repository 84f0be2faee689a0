//! Which words may be names: a few bits for each name, so that the words of a message, of which nearly none is one,
//! need not be searched for among all names.

/// So many bits for each name: one word in twenty that is none seems to be one.
const BITS_PER_NAME: usize = 20;

/// A set that may take a word for one of its names, but never a name for none.
#[derive(Debug, Default)]
pub(super) struct NameFilter {
    /// A power of two of them, or none.
    bits: Vec<u64>,
    /// Names added since the bits were laid out.
    names: usize,
}

impl NameFilter {
    /// Adds a folded name. `all`: every name there is, this one included, for when the bits become too few.
    pub fn add<'a>(&mut self, folded: &str, all: impl ExactSizeIterator<Item = &'a str>) {
        self.names += 1;
        if self.names * BITS_PER_NAME > self.bits.len() * 64 {
            self.names = all.len();
            self.bits = vec![0; (2 * self.names * BITS_PER_NAME).div_ceil(64).next_power_of_two()];
            all.for_each(|name| self.set(name.as_bytes()));
        } else {
            self.set(folded.as_bytes());
        }
    }

    /// Whether a word may be a name. A name that was taken away may still seem to be one.
    pub fn may_have(&self, folded: &[u8]) -> bool {
        let Some((index, bit)) = self.place(folded) else { return false };
        self.bits[index] & bit != 0
    }

    fn set(&mut self, folded: &[u8]) {
        if let Some((index, bit)) = self.place(folded) {
            self.bits[index] |= bit;
        }
    }

    fn place(&self, folded: &[u8]) -> Option<(usize, u64)> {
        let bits = self.bits.len() * 64;
        // FNV-1a, whose upper bits are mixed better.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        let hash = folded.iter().copied().fold(0xCBF2_9CE4_8422_2325, step);
        let place = (hash >> 20) as usize & bits.checked_sub(1)?;
        Some((place / 64, 1 << (place % 64)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_found_and_few_words_are_taken_for_one() {
        let (mut filter, mut names) = (NameFilter::default(), BTreeSet::new());
        assert!(!filter.may_have(b"ana"));
        for number in 0..5000 {
            let name = format!("name-{number}");
            names.insert(name.clone());
            filter.add(&name, names.iter().map(String::as_str));
            assert!(filter.may_have(name.as_bytes()));
        }
        assert!(names.iter().all(|name| filter.may_have(name.as_bytes())));
        let mistaken = (0..5000).filter(|number| filter.may_have(format!("word-{number}").as_bytes())).count();
        assert!(mistaken < 500, "{mistaken}");
    }
}
