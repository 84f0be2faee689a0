//! The text front: what people with `telnet` or `nc` type and read.
//!
//! Every line says where it belongs: `[09:30] #tea bob: text` is a message, `-- ` the server, `-! ` a refusal.

mod arguments;
mod clock;
mod entry;
mod help;
mod mistake;
mod page;
mod parse;
mod refusal;
mod render;
mod table;

pub use clock::Clock;
pub use entry::{Entry, parse as parse_entry};
pub use help::{HELP_MAX_COLUMNS, HelpTopic, before_login as help_before_login};
pub use mistake::{Form, Mistake, Quote};
pub use page::{message_bytes, page};
pub use parse::{BareWord, Typed, parse};
pub use refusal::refusal_text;
pub use render::{event, message, new_day, notice, refused};

/// What everybody is told when the store cannot be trusted any more.
pub const STORE_FAILED: &str = "The server cannot write to its disk any more, so it stops. \
     Lines of yours from the last moments may not be saved; nobody has seen those.";
/// What everybody is told when the server stops.
pub const STOPPING: &str = "The server stops now. Everything you sent is saved. Come back in a while.";
