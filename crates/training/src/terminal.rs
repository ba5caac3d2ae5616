//! The way out to people and programs: results on standard output, everything else on standard error.
//!
//! A reader that goes away (`| head -1`, a closed terminal) ends nothing: what it no longer reads is dropped, and a run
//! goes on to its checkpoint. Names and cells of foreign files reach the terminal as letters, never as commands to it.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use semiseq_datasets::harmless;

use crate::error::Error;

/// Letters of a message: what is longer holds somebody's file and not news.
const LONGEST: usize = 100_000;

/// What the program was called as, where that is not `semiseq`: `cargo xtask` says so.
pub const CALLED_AS: &str = "SEMISEQ_CALLED_AS";

/// A message's commands as the user gave theirs: messages speak of `semiseq COMMAND`.
fn as_called(message: String) -> String {
    match std::env::var(CALLED_AS) {
        Ok(name) if message.contains("`semiseq ") => message.replace("`semiseq ", &format!("`{name} ")),
        _ => message,
    }
}

/// How much stands on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Warnings and errors alone.
    Quiet,
    /// Progress and notes too.
    Normal,
    /// And what only somebody who looks for something wants to know.
    Verbose,
}

/// [`Verbosity`] of this process.
static VERBOSITY: AtomicU8 = AtomicU8::new(Verbosity::Normal as u8);

/// Says how much stands on standard error from here on.
pub fn set_verbosity(verbosity: Verbosity) {
    VERBOSITY.store(verbosity as u8, Ordering::Relaxed);
}

/// How much stands on standard error.
pub fn verbosity() -> Verbosity {
    match VERBOSITY.load(Ordering::Relaxed) {
        quiet if quiet == Verbosity::Quiet as u8 => Verbosity::Quiet,
        normal if normal == Verbosity::Normal as u8 => Verbosity::Normal,
        _ => Verbosity::Verbose,
    }
}

/// Progress, or a note: a line on standard error, unless it is to be quiet.
pub fn tell(message: impl Display) {
    if verbosity() >= Verbosity::Normal {
        line(message);
    }
}

/// A line on standard error for those who ask for more.
pub fn detail(message: impl Display) {
    if verbosity() == Verbosity::Verbose {
        line(message);
    }
}

/// What is probably not meant, behind `warning: ` on standard error, however quiet it is to be.
pub fn warn(message: impl Display) {
    line(format_args!("warning: {message}"));
}

/// Why a command ends: lines on standard error, however quiet it is to be.
pub fn fail(message: impl Display) {
    line(message);
}

fn line(message: impl Display) {
    let message = as_called(message.to_string());
    let kept = message.char_indices().nth(LONGEST).map_or(message.as_str(), |(end, _)| &message[..end]);
    // Where nobody reads any more, there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(format!("{}\n", harmless(kept)).as_bytes());
}

/// A line of text for people on standard output.
///
/// # Errors
///
/// Where it cannot be written (a full disk); a reader that has gone has what it wanted.
pub fn print(text: impl Display) -> Result<(), Error> {
    write(format!("{}\n", harmless(&text.to_string())).as_bytes())
}

/// A file on standard output, byte for byte; on a terminal, text that the terminal cannot take for commands.
///
/// # Errors
///
/// As [`print()`].
pub fn write(bytes: &[u8]) -> Result<(), Error> {
    let mut output = std::io::stdout().lock();
    let bytes = match std::str::from_utf8(bytes) {
        Ok(text) if output.is_terminal() => match harmless(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        _ => Cow::Borrowed(bytes),
    };
    match output.write_all(&bytes).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::write(Path::new("standard output"), error)),
        _ => Ok(()),
    }
}

/// JSON without a letter that a terminal would obey: C0 is escaped in JSON already, the others become `\\u009b`.
pub fn escaped_json(text: &str) -> String {
    let escape = |letter: char| match harmless(letter.encode_utf8(&mut [0; 4])) {
        Cow::Owned(_) => format!("\\u{:04x}", u32::from(letter)),
        Cow::Borrowed(_) => letter.to_string(),
    };
    if matches!(harmless(text), Cow::Borrowed(_)) { text.to_string() } else { text.chars().map(escape).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json_and_says_the_same() {
        let name = "a\u{1b}[2J\u{9b}31m\u{202e}\u{7f}ß";
        let text = escaped_json(&serde_json::json!({ "name": name }).to_string());
        assert!(text.chars().all(|letter| !letter.is_control() && letter != '\u{202e}'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["name"], name);
    }
}
