//! What does each layer cost alone: deciding, parsing, encoding, storing, reading?
//!
//! `cargo bench --bench layers -- commit` runs those whose names contain `commit`.

mod chat;
mod encode;
mod lines;
mod store;
#[allow(dead_code, reason = "the load has more of it")]
#[path = "../load/words.rs"]
mod words;

fn main() {
    divan::main();
}
