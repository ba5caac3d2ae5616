//! Pieces of a config's text.

use std::path::Path;

/// The run's name, from that of the config's file or, where it has none, of the data.
pub(super) fn run_name(path: &Path) -> String {
    path.file_stem().map_or("run".into(), |stem| {
        stem.to_string_lossy()
            .chars()
            .map(|letter| if letter.is_alphanumeric() || letter == '-' || letter == '_' { letter } else { '-' })
            .collect()
    })
}

/// A name as a TOML string on one line, be it in a comment: a line break in a column's name must not begin a line of
/// the config.
pub(super) fn quoted(name: &str) -> String {
    let escape = |letter: char| match letter {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        letter if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", name.chars().map(escape).collect::<String>())
}

/// A time as one says it before it has passed.
pub(super) fn about(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 15.0 => "about ten seconds".into(),
        seconds if seconds < 100.0 => format!("about {} seconds", (seconds / 10.0).ceil() * 10.0),
        seconds => format!("about {} minutes", (seconds / 60.0).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up() {
        assert_eq!(
            [3.0, 41.0, 99.0, 130.0].map(about).join(", "),
            "about ten seconds, about 50 seconds, about 100 seconds, about 3 minutes"
        );
    }

    #[test]
    fn a_name_is_plain() {
        assert_eq!(run_name(Path::new("data/my set.v2.csv")), "my-set-v2");
    }
}
