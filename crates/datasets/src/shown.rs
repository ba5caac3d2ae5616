//! Foreign text made fit for a message: names and cells come from files, and a terminal obeys what is in them.

use std::borrow::Cow;

/// Letters that a message keeps of a foreign name or cell.
const LONGEST: usize = 120;

/// A foreign name or cell within a message: line breaks and control characters as `\n` or `\u{1b}`, and the middle of a
/// long text left out.
pub fn shown(text: &str) -> String {
    one_line(text, LONGEST)
}

/// As [`shown`], of at most so many letters.
pub fn one_line(text: &str, most: usize) -> String {
    shortened(&escaped(text, |letter| letter == '\t'), most)
}

/// A whole message without a letter that a terminal would obey: its own line breaks and tabs stay, other control
/// characters and marks that turn the direction of writing are spelled out.
pub fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| matches!(letter, '\n' | '\t'))
}

/// Control characters (C0, DEL, C1) and the marks that reorder what follows (Unicode's "Trojan source" marks).
fn commands(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, keep: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|letter| commands(letter) && !keep(letter)) {
        return Cow::Borrowed(text);
    }
    let spelled = |letter: char| match letter {
        letter if !commands(letter) || keep(letter) => letter.to_string(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        letter => letter.escape_unicode().to_string(),
    };
    Cow::Owned(text.chars().map(spelled).collect())
}

/// The beginning and the end of a text, with the number of letters between them.
fn shortened(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_string();
    }
    // A message begins with file and line and ends with what is wrong: of a long cell the middle tells least.
    let (head, tail) = (most * 3 / 4, most / 4);
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(count - tail).collect();
    format!("{first} … ({} more characters) … {last}", count - head - tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_command_a_terminal_or_begin_a_line() {
        assert_eq!(shown("a\u{1b}[31mb\r\nc\u{9b}1m\u{202e}d"), "a\\u{1b}[31mb\\r\\nc\\u{9b}1m\\u{202e}d");
        assert_eq!(shown("größe\t2 — “x”"), "größe\t2 — “x”");
        assert_eq!(harmless("one\ntwo\u{7f}"), "one\ntwo\\u{7f}");
    }

    #[test]
    fn a_long_cell_keeps_both_ends() {
        let text = one_line(&format!("a.csv:7: `{}` is not a number", "9".repeat(3_000_000)), 400);
        assert!(text.starts_with("a.csv:7: `9") && text.ends_with("9` is not a number"), "{text}");
        assert!(text.contains("(2999627 more characters)") && text.chars().count() < 450, "{text}");
    }
}
