//! What does each layer cost by itself: deciding, parsing, putting into words, storing, reading back?
//!
//! `cargo bench --bench layers -- commit` runs those whose name has `commit` in it.

mod chat;
mod lines;
mod store;
#[allow(dead_code, reason = "the load has more of it")]
#[path = "../load/words.rs"]
mod words;
mod wording;

fn main() {
    divan::main();
}
