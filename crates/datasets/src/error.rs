//! What is wrong with data, in the user's words: which file, which line, what was expected.

use std::fmt;
use std::path::Path;

use crate::shown::one_line;

/// A mistake in a config: the key, what is wrong with its value, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path of the key, such as `data.valid_fraction`.
    pub key: String,
    /// What is wrong; reads on after the key.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

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

/// The known name nearest to `name` by edit distance, if it is near enough to be meant. Capitals, `_`, `-` and spaces make no
/// difference: `MeanTeacher` means `mean-teacher`.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = plain(name);
    // An endless name is no slip of the pen, and its table of distances would be as endless.
    if plain.is_empty() || plain.len() > LONGEST_NAME {
        return None;
    }
    let others = known.iter().filter(|known| **known != name && known.len() <= LONGEST_NAME);
    let best = others.map(|known| (edit_distance(&plain, &self::plain(known)), *known)).min()?;
    (best.0 <= (plain.len() / 3).max(1)).then_some(best.1)
}

/// Letters of a name that may be meant for another.
const LONGEST_NAME: usize = 80;

/// A name without what people write in more than one way.
pub fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Levenshtein's distance, two neighbours swapped counting one.
fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // Row and column 0: so many letters are added or left out.
    let mut rows: Vec<Vec<usize>> = (0..=left.len()).map(|row| (row..=row + right.len()).collect()).collect();
    for row in 1..=left.len() {
        for column in 1..=right.len() {
            let change = usize::from(left[row - 1] != right[column - 1]);
            let mut best =
                (rows[row - 1][column] + 1).min(rows[row][column - 1] + 1).min(rows[row - 1][column - 1] + change);
            if row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1] {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_a_swap_and_refuses_a_stranger() {
        assert_eq!(nearest("weigth", &["weight", "ramp_up"]), Some("weight"));
        assert_eq!(nearest("banana", &["weight", "ramp_up"]), None);
    }

    #[test]
    fn capitals_and_the_marks_between_words_make_no_difference() {
        let known = ["mean-teacher", "temporal-ensembling", "batch_size"];
        assert_eq!(nearest("MeanTeacher", &known), Some("mean-teacher"));
        assert_eq!(nearest("Temporal Ensembling", &known), Some("temporal-ensembling"));
        assert_eq!(nearest("batch-size", &known), Some("batch_size"));
        assert_eq!(nearest(&"m".repeat(3_000_000), &known), None);
    }

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
