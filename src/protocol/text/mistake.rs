//! What was wrong with a typed line, and the sentence that says so: what happened, what did not, and one next step.

use std::fmt;

use crate::chat::{NAME_MAX_CHARS, NAME_MIN_CHARS, Name, NameError, Text};

use super::table::Verb;

/// What is wrong with a line. Nothing of the line is done.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "typed: the word that is wrong; form: how the command is written")]
pub enum Mistake {
    /// There is no such command. `suggestion` is what to type instead, as far as it is known.
    Unknown { typed: Quote, suggestion: Option<String> },
    /// The beginning of several commands.
    Ambiguous { typed: Quote, candidates: Vec<String> },
    /// Starts with a slash but is not like a command: a path, a smiley.
    NoCommand { typed: Quote },
    /// Something is not there that the command needs.
    Missing { what: &'static str, form: Form },
    /// There is more than the command takes.
    Extra { typed: Quote, form: Form },
    /// A word that the command does not know where it takes certain words only.
    Choice { typed: Quote, known: Vec<&'static str>, form: Form },
    /// No name can be like this.
    BadName { typed: Quote, error: NameError, form: Form },
    /// Neither a name nor an address.
    BadTarget { typed: Quote, form: Form },
    /// Not a number from 1 on.
    BadNumber { typed: Quote, form: Form },
    /// Message numbers the wrong way round.
    BadRange { typed: Quote, form: Form },
    /// Not a time for which somebody can be banned.
    BadDuration { typed: Quote, form: Form },
    /// A text for one person behind a command that only opens the talk.
    TextBesideDm { with: Name },
    /// A password behind `/password`.
    PasswordShown,
    /// Something behind `/account delete`.
    DeletionPasswordShown,
    /// `/login` or `/register` by somebody who is logged in.
    LoggedInAlready,
    /// No help has that name.
    NoSuchHelp { typed: Quote, suggestion: Option<&'static str> },

    // Before the login. What was typed may be a password there, so little of it is repeated.
    /// No command that works before the login, and not like one.
    NotAtLogin,
    /// A command of the chat.
    LogInFirst { word: &'static str },
    /// `login` or `register` without a name.
    LoginName { word: &'static str },
    /// `login` or `register` with what cannot be a name.
    LoginBadName { error: NameError },
}

/// A word of somebody's line as it may be repeated: safe to show, and short.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quote(String);

impl Quote {
    /// Longest text between the quotation marks.
    const MAX_CHARS: usize = 40;

    /// The quotation of `typed`.
    pub fn of(typed: &str) -> Quote {
        let text = Text::from(typed);
        if text.as_str().chars().count() <= Quote::MAX_CHARS {
            return Quote(text.as_str().to_owned());
        }
        let start = text.as_str().chars().take(Quote::MAX_CHARS - 3);
        Quote(start.chain("...".chars()).collect())
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The form of a command that was tried: how it is written, and a line that works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Form {
    verb: Verb,
    pub(super) usage: &'static str,
    pub(super) example: &'static str,
}

impl Form {
    /// The usual form of a command.
    pub(super) fn of(verb: Verb) -> Form {
        Form { verb, usage: verb.row().usages[0], example: verb.row().examples[0] }
    }

    /// The form of the same command in which `word` stands.
    pub(super) fn with(self, word: &str) -> Form {
        let has_word = |line: &&&str| line.split_whitespace().skip(1).any(|other| other == word);
        let usage = self.verb.row().usages.iter().find(has_word).unwrap_or(&self.usage);
        Form { verb: self.verb, usage, example: self.example_with(&[word]) }
    }

    /// An example in which one of `words` stands.
    pub(super) fn example_with(self, words: &[&str]) -> &'static str {
        let has_word = |line: &&&str| line.split_whitespace().skip(1).any(|other| words.contains(&other));
        self.verb.row().examples.iter().find(has_word).unwrap_or(&self.example)
    }

    fn word(self) -> &'static str {
        self.verb.row().word
    }

    /// What did not happen.
    fn undone(self) -> &'static str {
        match self.verb {
            Verb::Say | Verb::Me | Verb::Msg | Verb::Reply | Verb::Dm => "Nothing was sent.",
            _ => "Nothing was done.",
        }
    }

    /// The one next step.
    fn next_step(self) -> String {
        if self.usage == self.example {
            return format!("Type {}", self.usage);
        }
        format!("Usage: {} - for example {}", self.usage, self.example)
    }
}

impl Mistake {
    /// What to tell, without the `-! ` in front: what happened, what did not, and one next step.
    pub fn text(&self) -> String {
        match self {
            Mistake::Unknown { typed, suggestion: Some(suggestion) } => {
                let colon = if suggestion.starts_with('/') { "" } else { ":" };
                format!("Unknown command {typed}. Did you mean{colon} {suggestion} ? Nothing was done.")
            }
            Mistake::Unknown { typed, suggestion: None } => {
                format!("Unknown command {typed}. Nothing was done. /help all lists the commands.")
            }
            Mistake::Ambiguous { typed, candidates } => {
                format!("{typed} may mean {}. Nothing was done. Type a little more of it.", list(candidates, "or"))
            }
            Mistake::NoCommand { typed } => {
                let line = &typed.0;
                format!("{typed} is not a command. Nothing was sent. To say it, put one more slash in front: /{line}")
            }
            Mistake::Missing { what, form } => {
                format!("/{} needs {what}. {} {}", form.word(), form.undone(), form.next_step())
            }
            Mistake::Extra { typed, form } => {
                format!("{typed} is too much for /{}. {} {}", form.word(), form.undone(), form.next_step())
            }
            Mistake::Choice { typed, known, form } => {
                let example = form.example_with(known);
                let known = list(known, "and");
                format!("/{} does not know {typed}. Nothing was done. It knows {known}, as in {example}", form.word())
            }
            Mistake::BadName { typed, error, form } => {
                let rule = name_rule(*error);
                format!("{typed} cannot be a name: {rule}. {} Usage: {}", form.undone(), form.usage)
            }
            Mistake::BadTarget { typed, form } => {
                format!("{typed} is neither a name nor an address. Nothing was done. {}", form.next_step())
            }
            Mistake::BadNumber { typed, form } => {
                let next = form.next_step();
                format!("{typed} does not work: numbers here are whole and start at 1. Nothing was done. {next}")
            }
            Mistake::BadRange { typed, form } => {
                format!(
                    "{typed} is the wrong way round. Nothing was done. The smaller number is first: {}",
                    form.example
                )
            }
            Mistake::BadDuration { typed, form } => {
                let undone = if form.verb == Verb::Token { form.undone() } else { "Nobody was banned." };
                let times = "a time from 1s to 10 years, such as 30m, 2h, 2d or 1w";
                format!("{typed} is not {times}. {undone} {}", form.next_step())
            }
            Mistake::TextBesideDm { with } => {
                format!("/dm only opens the talk with {with}. Your text was not sent. To send it: /msg {with} TEXT")
            }
            Mistake::DeletionPasswordShown => {
                "The password you typed was shown, and was not used: nothing was deleted. \
                                       Type /account delete alone, and you are asked for it without showing it."
                    .to_owned()
            }
            Mistake::PasswordShown => "The password you typed was shown, and was not used: nothing was changed. \
                                       Type /password alone, and you are asked for a new one without showing it."
                .to_owned(),
            Mistake::LoggedInAlready => {
                "You are logged in already. Nothing was done. To log in under another name type /logout first."
                    .to_owned()
            }
            Mistake::NoSuchHelp { typed, suggestion: Some(suggestion) } => {
                format!("There is no help on {typed}. Did you mean /help {suggestion} ?")
            }
            Mistake::NoSuchHelp { typed, suggestion: None } => {
                format!("There is no help on {typed}. /help all lists what there is.")
            }
            Mistake::NotAtLogin => {
                "That is not a command here. Nothing was done. Type: login NAME, register NAME, help, or quit"
                    .to_owned()
            }
            Mistake::LogInFirst { word } => {
                format!("/{word} works after you log in. Nothing was done. Type: login NAME, or register NAME")
            }
            Mistake::LoginName { word } => {
                format!("{word} needs a name. Nothing was done. Type: {word} NAME, for example: {word} ana")
            }
            Mistake::LoginBadName { error } => {
                let rule = name_rule(*error);
                format!("That cannot be a name: {rule}. Nothing was done. Type: login NAME, or register NAME")
            }
        }
    }
}

/// The rule that a word broke which should have been a name.
fn name_rule(error: NameError) -> String {
    match error {
        NameError::Length => format!("names have {NAME_MIN_CHARS} to {NAME_MAX_CHARS} characters"),
        NameError::Character => "names are letters a to z, digits, - and _, starting with a letter or digit".to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn list(words: &[impl AsRef<str>], last: &str) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        match index {
            0 => {}
            _ if index + 1 == words.len() => text.push_str(&format!(" {last} ")),
            _ => text.push_str(", "),
        }
        text.push_str(word.as_ref());
    }
    text
}
