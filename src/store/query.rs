//! The statements in `sql/queries`, by their names.
//!
//! A file holds the statements of one noun. Each begins with a line `-- name: ...` and ends at a semicolon that ends a
//! line. The compiler looks them up: a name that is in no file does not compile, and nothing is parsed at run time.

/// All files, concatenated.
const ALL: &str = concat!(
    include_str!("../../sql/queries/account.sql"),
    include_str!("../../sql/queries/registration.sql"),
    include_str!("../../sql/queries/token.sql"),
    include_str!("../../sql/queries/room.sql"),
    include_str!("../../sql/queries/member.sql"),
    include_str!("../../sql/queries/message.sql"),
    include_str!("../../sql/queries/invitation.sql"),
    include_str!("../../sql/queries/ban.sql"),
    include_str!("../../sql/queries/check.sql"),
    include_str!("../../sql/queries/stop.sql"),
);

/// Precedes the name of a statement.
const HEADER: &str = "-- name: ";
/// Follows a statement.
const END: &str = ";\n";

/// The statement with this name.
macro_rules! query {
    ($name:literal) => {
        const { $crate::store::query::find(concat!($name, "\n")) }
    };
}
pub(super) use query;

/// The statement with this name. `name` must end with a line feed, so that it does not match the start of a longer one.
pub(super) const fn find(name: &str) -> &'static str {
    let mut rest = ALL;
    loop {
        let Some(header) = position(rest, HEADER) else { panic!("there is no statement with this name") };
        rest = rest.split_at(header + HEADER.len()).1;
        if starts_with(rest.as_bytes(), 0, name) {
            rest = rest.split_at(name.len()).1;
            let Some(end) = position(rest, END) else { panic!("the statement has no end") };
            return rest.split_at(end).0;
        }
    }
}

/// The position of the first `word` in `text`.
const fn position(text: &str, word: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if starts_with(text.as_bytes(), at, word) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Whether `text` has `word` at position `at`.
const fn starts_with(text: &[u8], at: usize, word: &str) -> bool {
    let word = word.as_bytes();
    let mut index = 0;
    while index < word.len() {
        if at + index >= text.len() || text[at + index] != word[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::{DATABASE, Folder, open};
    use super::*;

    /// The name and the text of each statement.
    fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        ALL.split(HEADER).skip(1).map(|part| part.split_once(END).unwrap().0.split_once('\n').unwrap())
    }

    #[test]
    fn a_statement_is_found_by_its_name() {
        assert!(all().all(|(name, query)| find(&format!("{name}\n")) == query));
        assert_eq!(query!("acks_set"), "UPDATE account SET acks = ?2 WHERE id = ?1");
        assert_eq!(query!("credential").matches("WHERE name").count(), 1, "another name begins with this one");
        assert_eq!(query!("credential_of").matches("WHERE id").count(), 1);
    }

    #[test]
    fn each_name_is_given_once() {
        let mut names: Vec<_> = all().map(|(name, _)| name).collect();
        names.sort_unstable();
        let number = names.len();
        names.dedup();
        assert_eq!(names.len(), number);
    }

    #[test]
    fn no_query_of_a_client_reads_a_whole_table() {
        let temporary = tempfile::tempdir().unwrap();
        let (writer, _reader) = open(&Folder::open(temporary.path()).unwrap(), 1).unwrap();
        writer.close().unwrap();
        let connection = Connection::open(temporary.path().join(DATABASE)).unwrap();
        let mut checked = 0;
        for (name, query) in all() {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            let plan: Vec<String> = statement
                .raw_query()
                .mapped(|row| row.get(3))
                .collect::<Result<_, _>>()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            checked += 1;
            // These run once, at the start.
            if name.starts_with("load_") || name.starts_with("check_") {
                let reads_messages = plan.iter().any(|step| step.starts_with("SCAN message"));
                assert!(
                    !reads_messages || ["check_numbers", "check_messages", "check_count"].contains(&name),
                    "{name}: {plan:?}"
                );
            } else {
                assert!(
                    !plan.iter().any(|step| step.contains("SCAN") || step.contains("TEMP B-TREE")),
                    "{name}: {plan:?}"
                );
            }
        }
        assert!(checked > 40, "{checked}");
    }
}
