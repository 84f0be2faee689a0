//! What must hold for any bytes, on stable Rust: the properties of the fuzz targets, fed at random and with the inputs
//! that were worth keeping. `make fuzz` goes deeper.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[path = "../fuzz/src/lib.rs"]
mod properties;

use properties::PROPERTIES;

/// What lines are made of, so that random ones get beyond the first word.
const WORDS: &[&str] = &[
    "/create ",
    "/join ",
    "/invite ",
    "/accept ",
    "/msg ",
    "/kick ",
    "/ban ",
    "/op ",
    "/room ",
    "/history ",
    "/who ",
    "/topic ",
    "/server ",
    "/leave ",
    "/say ",
    "/away ",
    "/unban ",
    "/catchup",
    "/unread",
    "login ",
    "register ",
    "#tea ",
    "#general ",
    "tea ",
    "@bob ",
    "ana ",
    "bob ",
    "cho ",
    "private ",
    "public ",
    "delete ",
    "rename ",
    "owner ",
    "1-9 ",
    "2d ",
    "-",
    "quit",
    "\u{202e}",
    "\x1b[2J",
    "é",
    "\n0",
    "\n1",
    "\n2",
    "\n3",
    "\r\n",
    "\x08",
    "\x15",
    "\0",
];

fn made_of_words() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_property_holds_for_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        PROPERTIES.iter().for_each(|(_, property)| property(&bytes));
    }

    #[test]
    fn every_property_holds_for_bytes_that_look_like_lines(bytes in made_of_words()) {
        PROPERTIES.iter().for_each(|(_, property)| property(&bytes));
    }
}

#[test]
fn every_property_holds_for_what_the_fuzzers_kept() {
    for (name, property) in PROPERTIES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let inputs = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for input in inputs {
            property(&fs::read(input.expect("it can be read").path()).expect("it can be read"));
            count += 1;
        }
        assert!(count > 0, "{name}");
    }
}
