//! Tools for the keeper: what the program does besides serving. Each ends with a report and an exit code.

use std::path::Path;

use crate::broker::wall_clock;
use crate::chat::{Code, Name, Notice, PASSWORD_CODE_LIFETIME_S, Record, SYSTEM, Timestamp};
use crate::config::{Config, Tool};
use crate::protocol::Clock;
use crate::store::{self, BackupError, Folder, OpenError, Store};
use crate::token;

/// The exit codes of tools; those of the same meaning are the server's.
const USAGE: u8 = 2;
const UNUSABLE: u8 = 4;
const IN_USE: u8 = 5;
const NOT_WRITTEN: u8 = 6;
const INTERNAL: u8 = 7;

/// How a tool ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The exit code of the process; 0 if it did what it was for.
    pub code: u8,
    /// For the keeper.
    pub lines: Vec<String>,
}

/// Uses a tool on the data folder of `config`.
pub fn run(config: &Config, tool: &Tool) -> Report {
    match tool {
        Tool::Backup { file } => backup(&config.data, file),
        Tool::Password { name } => password(&config.data, name),
        Tool::Verify { path } => verify(path.as_deref().unwrap_or(&config.data)),
    }
}

fn backup(data: &Path, file: &Path) -> Report {
    let (code, line) = match store::backup(data, file) {
        Ok(made) => {
            let file = file.display();
            (0, format!("copied to {file}: {} messages, {} bytes, checked and sound", made.messages, made.bytes))
        }
        Err(error) => {
            let code = match error {
                BackupError::Exists(_) => USAGE,
                BackupError::Unusable(_) => UNUSABLE,
                BackupError::NotCopied(_) => NOT_WRITTEN,
            };
            (code, error.to_string())
        }
    };
    Report { code, lines: vec![line] }
}

/// Makes a code for a new password of the account called `name`, also of an operator. The account is told at its next login.
fn password(data: &Path, name: &str) -> Report {
    let (code, line) = match make_password_code(data, name) {
        Ok((code, until)) => {
            let clock = Clock::system().unwrap_or_else(|_| Clock::utc());
            let until = clock.until(Some(until), wall_clock());
            (0, format!("one-time code for a new password of {name}, valid {until}: {code}"))
        }
        Err((code, line)) => (code, line),
    };
    Report { code, lines: vec![line] }
}

fn make_password_code(data: &Path, name: &str) -> Result<(Code, Timestamp), (u8, String)> {
    let unusable = |error: OpenError| match error {
        OpenError::Unusable(line) => (UNUSABLE, line),
        OpenError::InUse(line) => (IN_USE, format!("{line}, or ask an operator for /server password {name}")),
    };
    let missing = || (USAGE, format!("nobody is called {name} in {}", data.display()));
    // A folder or a store is not created by asking for somebody in it.
    if !data.exists() {
        return Err(missing());
    }
    let name = Name::parse(name).map_err(|_| missing())?;
    let folder = Folder::open(data).map_err(unusable)?;
    let (mut writer, _reader) = store::open(&folder, 1).map_err(unusable)?;
    let accounts = writer.load().map_err(|error| (UNUSABLE, error.to_string()))?.accounts;
    let account = accounts.iter().find(|account| account.id != SYSTEM && account.name.as_ref() == Some(&name));
    let account = account.map(|account| account.id).ok_or_else(missing)?;
    let (code, digest) = token::draw_code().map_err(|error| (INTERNAL, error.to_string()))?;
    let now = wall_clock();
    let until = now.plus_seconds(PASSWORD_CODE_LIFETIME_S);
    let notice = Notice::PasswordCode { by: None };
    let records =
        [Record::PasswordCodeMade { account, digest, until }, Record::NoticeLeft { account, at: now, notice }];
    writer.commit(&records).map_err(|error| (NOT_WRITTEN, error.to_string()))?;
    writer.close().map_err(|error| (NOT_WRITTEN, error.to_string()))?;
    Ok((code, until))
}

fn verify(path: &Path) -> Report {
    let findings = store::verify(path);
    match findings.is_empty() {
        true => Report { code: 0, lines: vec![format!("{} is sound", path.display())] },
        false => Report { code: UNUSABLE, lines: findings },
    }
}
