//! Random values of all that the codec knows, for tests: drawn from bytes, so that a failure shrinks to few of them.

/// Where samples come from. When the bytes are used up, everything is the smallest of its kind.
pub struct Source<'a>(pub &'a [u8]);

impl Source<'_> {
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn number(&mut self) -> u64 {
        match self.byte() {
            255 => i64::MAX as u64,
            n => u64::from(n) * u64::from(self.byte()),
        }
    }

    pub fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    pub fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()].clone()
    }

    /// Up to three.
    pub fn several<T>(&mut self, sample: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.byte() % 4).map(|_| sample(self)).collect()
    }
}
