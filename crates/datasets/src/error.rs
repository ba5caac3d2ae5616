//! What is wrong with data, in the user's words: which file, which line, what was expected.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use semiseq_schema::nearest;

use crate::shown::one_line;

/// Data that cannot be used as it is. `Display` says it in one line; [`DataError::in_full`] adds further mistakes and
/// the hint.
#[derive(Clone, Debug)]
pub struct DataError {
    lines: Vec<String>,
    more: usize,
    hint: String,
    source: Option<Arc<io::Error>>,
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
        Self { lines, more, hint: one_line(&hint.into(), HINT), source: None }
    }

    /// A file that cannot be read.
    pub fn file(path: &Path, error: &io::Error) -> Self {
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
        let what = if error.kind() == io::ErrorKind::NotFound {
            "no such file or folder".to_string()
        } else {
            error.to_string()
        };
        let error = error
            .raw_os_error()
            .map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error);
        let told = Self::new(
            format!("{}: {what}", path.display()),
            near.unwrap_or_else(|| match error.kind() {
                io::ErrorKind::TimedOut => "name a file, or start the program that writes to the pipe first".into(),
                _ => "check the path; `semiseq data list` shows the built-in names".into(),
            }),
        );
        Self { source: Some(Arc::new(error)), ..told }
    }

    /// The first mistakes, a line each: file, row or line, and what was expected there.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// How to mend it.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// The first mistakes and the hint, in several lines, as the program prints them.
    pub fn in_full(&self) -> String {
        let mut lines = self.lines.clone();
        if self.more > 0 {
            lines.push(format!("and {} more", self.more));
        }
        format!("{}\n\nhint: {}", lines.join("\n       "), self.hint)
    }

    /// Mistakes found, the unnamed ones counted in.
    pub fn count(&self) -> usize {
        self.lines.len() + self.more
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lines.first().map_or("", String::as_str))?;
        match self.count() {
            0 | 1 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_cell_is_not_printed_whole() {
        let error = DataError::new(format!("a.csv:7: `{}` is not a number", "9".repeat(3_000_000)), "mend it");
        let message = error.in_full();
        assert!(message.len() < 1_200 && message.starts_with("a.csv:7: `9"), "{}", message.len());
        assert!(message.contains("9` is not a number\n\nhint: mend it"));
        let error = DataError::new("a\u{1b}[2Jb.csv: bad\nerror: forged", "mend it").in_full();
        assert!(error.starts_with("a\\u{1b}[2Jb.csv: bad\\nerror: forged\n\nhint"), "{error}");
    }

    #[test]
    fn many_lines_are_counted() {
        let error = DataError::several((0..25).map(|line| format!("row {line}")).collect(), "mend them");
        assert!(error.in_full().contains("row 19\n       and 5 more\n\nhint: mend them"));
        assert_eq!(error.to_string(), "row 0 (and 24 more)");
        assert_eq!(error.count(), 25);
    }

    #[test]
    fn what_the_system_said_is_the_source() {
        let path = Path::new("nowhere/a.csv");
        let error = DataError::file(path, &std::fs::read(path).unwrap_err());
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::NotFound));
        assert_eq!(error.to_string(), "nowhere/a.csv: no such file or folder");
    }
}
