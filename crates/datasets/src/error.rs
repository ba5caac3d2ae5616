//! What is wrong with data, in the user's words: which file, which line, what was expected.

use std::fmt;
use std::path::Path;

use semiseq_schema::nearest;

use crate::shown::one_line;

/// Data that cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataError {
    lines: Vec<String>,
    more: usize,
    hint: Option<String>,
}

/// Rows named in a message; the rest are counted.
const SHOWN: usize = 20;
/// Letters of a line, and of a hint, which may list names: the rest of a huge cell is counted too.
const LINE: usize = 1_000;
const HINT: usize = 2_000;

impl DataError {
    /// One mistake.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::several(vec![message.into()], hint)
    }

    /// Several mistakes of one kind, such as bad rows.
    pub fn several(mut lines: Vec<String>, hint: impl Into<String>) -> Self {
        let more = lines.len().saturating_sub(SHOWN);
        lines.truncate(SHOWN);
        let lines = lines.iter().map(|line| one_line(line, LINE)).collect();
        Self { lines, more, hint: Some(one_line(&hint.into(), HINT)) }
    }

    /// A file that cannot be read.
    pub fn file(path: &Path, error: &std::io::Error) -> Self {
        let near = path.parent().zip(path.file_name()).and_then(|(folder, name)| {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let names: Vec<String> = std::fs::read_dir(folder)
                .ok()?
                .flatten()
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            nearest(&name.to_string_lossy(), &names)
                .map(|name| format!("did you mean `{}`?", folder.join(name).display()))
        });
        let what = if error.kind() == std::io::ErrorKind::NotFound {
            "no such file or folder".to_string()
        } else {
            error.to_string()
        };
        Self::new(
            format!("{}: {what}", path.display()),
            near.unwrap_or_else(|| "check the path; `semiseq data list` shows the built-in names".into()),
        )
    }

    /// The mistakes that are named, without the hint.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Mistakes found, the unnamed ones counted in.
    pub fn count(&self) -> usize {
        self.lines.len() + self.more
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n       "))?;
        if self.more > 0 {
            write!(f, "\n       and {} more", self.more)?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_cell_is_not_printed_whole() {
        let error = DataError::new(format!("a.csv:7: `{}` is not a number", "9".repeat(3_000_000)), "mend it");
        let message = error.to_string();
        assert!(message.len() < 1_200 && message.starts_with("a.csv:7: `9"), "{}", message.len());
        assert!(message.contains("9` is not a number\n\nhint: mend it"));
        let error = DataError::new("a\u{1b}[2Jb.csv: bad\nerror: forged", "mend it").to_string();
        assert!(error.starts_with("a\\u{1b}[2Jb.csv: bad\\nerror: forged\n\nhint"), "{error}");
    }

    #[test]
    fn many_lines_are_counted() {
        let error = DataError::several((0..25).map(|line| format!("row {line}")).collect(), "mend them");
        assert!(error.to_string().contains("and 5 more\n\nhint: mend them"));
        assert_eq!(error.count(), 25);
    }
}
