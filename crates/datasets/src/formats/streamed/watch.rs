//! A reader that looks at what goes through it: whether it is text that can be read row by row, and where lines are
//! blank.

use std::io::{self, Read};

/// Looks at the bytes of a table.
pub(super) struct Watch<R> {
    inner: R,
    pub(super) seen: Seen,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct Seen {
    /// Whether quotes enclose cells, which `mark` parts.
    quotes: bool,
    mark: u8,
    /// Why the text cannot be read row by row.
    pub(super) other: Option<&'static str>,
    /// Lines without a letter.
    pub(super) blank: Vec<usize>,
    /// Ends of lines.
    ends: usize,
    /// Whether something stands behind the last end.
    rest: bool,
    state: State,
    last: u8,
    /// Bytes of a letter whose others are to come.
    letter: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Beginning,
    Bare,
    Quoted,
    /// Behind a quote within a quoted cell.
    Behind,
}

impl<R> Watch<R> {
    pub(super) fn new(inner: R, quotes: bool, mark: u8) -> Self {
        Self { inner, seen: Seen { quotes, mark, last: b'\n', ..Seen::default() } }
    }
}

impl<R: Read> Read for Watch<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if self.seen.other.is_none() {
            self.seen.look(&buffer[..read]);
            if read == 0 {
                self.seen.end();
            }
        }
        // Nothing more is needed of what is read another way.
        Ok(if self.seen.other.is_some() { 0 } else { read })
    }
}

impl Seen {
    /// Lines of the text.
    pub(super) fn lines(&self) -> usize {
        self.ends + usize::from(self.rest)
    }

    fn look(&mut self, bytes: &[u8]) {
        self.letters(bytes);
        for &byte in bytes {
            if byte == b'\n' {
                // A line of nothing, or of a carriage return.
                if !self.rest && self.state != State::Quoted {
                    self.blank.push(self.ends + 1);
                }
                if self.state == State::Quoted {
                    self.other = Some("a quoted cell of several lines");
                }
                self.ends += 1;
                self.rest = false;
            } else if self.last == b'\r' {
                self.other = Some("lines that end by a carriage return alone");
            } else if byte != b'\r' {
                self.rest = true;
                if byte == 0 {
                    self.other = Some("a byte 0");
                }
            }
            if self.quotes {
                self.state = self.next(byte);
            }
            self.last = byte;
        }
    }

    /// Follows quotes as the reader of cells does.
    fn next(&mut self, byte: u8) -> State {
        let ends = byte == self.mark || byte == b'\n' || byte == b'\r';
        match (self.state, byte) {
            (State::Beginning, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::Behind,
            (State::Behind, b'"') | (State::Quoted, _) => State::Quoted,
            _ if ends => State::Beginning,
            _ => State::Bare,
        }
    }

    /// Whether the bytes are UTF-8.
    fn letters(&mut self, bytes: &[u8]) {
        if self.letter.is_empty() && bytes.is_ascii() {
            return;
        }
        let mut all = std::mem::take(&mut self.letter);
        all.extend_from_slice(bytes);
        if let Err(error) = std::str::from_utf8(&all) {
            match error.error_len() {
                Some(_) => self.other = Some("another encoding than UTF-8"),
                None => self.letter = all.split_off(error.valid_up_to()),
            }
        }
    }

    fn end(&mut self) {
        if !self.letter.is_empty() {
            self.other = Some("another encoding than UTF-8");
        } else if self.state == State::Quoted {
            self.other = Some("a quote that is never closed");
        } else if self.last == b'\r' {
            self.other = Some("lines that end by a carriage return alone");
        }
    }
}
