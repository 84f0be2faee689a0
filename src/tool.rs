//! Tools for the keeper: what the program does besides serving. Each ends with a report and an exit code.

use std::path::Path;

use crate::config::{Config, Tool};
use crate::store::{self, BackupError};

/// The exit codes of tools; those of the same meaning are the server's.
const USAGE: u8 = 2;
const UNUSABLE: u8 = 4;
const NOT_WRITTEN: u8 = 6;

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

fn verify(path: &Path) -> Report {
    let findings = store::verify(path);
    match findings.is_empty() {
        true => Report { code: 0, lines: vec![format!("{} is sound", path.display())] },
        false => Report { code: UNUSABLE, lines: findings },
    }
}
