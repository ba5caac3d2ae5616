//! The first pass over a table.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use csv::{ByteRecord, Reader, StringRecord};

use crate::error::DataError;
use crate::formats::delimited::reader;
use crate::formats::limit::{GZIP, Limited, check_size};
use crate::formats::streamed::watch::Watch;
use crate::formats::table::names::may_name_rows;
use crate::formats::table::profile::Profile;
use crate::formats::{decode, is_missing, numerals, separators};

/// Bytes that tell the mark between cells, by the first rows.
const BEGINNING: u64 = 16 << 20;
/// Rows of which the place of one is kept.
const EACH: usize = 64;
/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A table as it is, or why it has to be read as a whole.
pub(super) enum Found {
    Plain(Box<Scan>),
    Other(&'static str),
}

/// What all rows of a table are like.
pub(super) struct Scan {
    /// What parts the cells.
    pub(super) mark: u8,
    quoted: bool,
    /// Bytes before the first row.
    pub(super) start: u64,
    /// Rows, that of names included.
    pub(super) records: usize,
    /// The first.
    pub(super) first: StringRecord,
    /// Whether it stands again below.
    pub(super) names_again: bool,
    /// Lines without a letter, by number; and all lines.
    pub(super) blank: Vec<usize>,
    pub(super) lines: usize,
    /// Where every so-manieth row begins.
    places: Vec<u64>,
    columns: Columns,
}

impl Scan {
    pub(super) fn of(path: &Path, delimiter: u8) -> Result<Found, DataError> {
        let broken = |error: std::io::Error| DataError::file(path, &error);
        let mut file = File::open(path).map_err(broken)?;
        check_size(path, &mut file)?;
        let mut beginning = Vec::new();
        (&file).take(BEGINNING).read_to_end(&mut beginning).map_err(broken)?;
        if beginning.starts_with(&GZIP) || decode::check_kind(&beginning, "").is_err() {
            return Ok(Found::Other("packed by gzip, or no text"));
        }
        if beginning.len() as u64 == BEGINNING {
            beginning.truncate(beginning.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        }
        let skipped = if beginning.starts_with(MARK) { MARK.len() } else { 0 };
        let Ok(text) = std::str::from_utf8(&beginning[skipped..]) else {
            return Ok(Found::Other("another encoding than UTF-8"));
        };
        let separator = separators::find(text, delimiter);
        let whole = std::fs::metadata(path).is_ok_and(|file| file.len() == beginning.len() as u64);
        if !whole && text.lines().count() < 2 * separators::ROWS {
            return Ok(Found::Other("rows of many kilobytes"));
        }
        let start = (skipped + separator.skipped) as u64;
        drop(beginning);
        let scan = Self {
            mark: separator.mark,
            quoted: separator.quoted,
            start,
            records: 0,
            first: StringRecord::new(),
            names_again: false,
            blank: Vec::new(),
            lines: 0,
            places: Vec::new(),
            columns: Columns::default(),
        };
        scan.rows(path, separator.skipped)
    }

    fn rows(mut self, path: &Path, skipped: usize) -> Result<Found, DataError> {
        let broken = |error: std::io::Error| DataError::file(path, &error);
        let mut file = File::open(path).map_err(broken)?;
        file.seek(SeekFrom::Start(self.start)).map_err(broken)?;
        let watched = Watch::new(Limited::file(file, true), self.quoted, self.mark);
        let mut cells = reader(self.quoted, self.mark).buffer_capacity(BUFFER).from_reader(watched);
        let mut record = ByteRecord::new();
        let mut first = Vec::new();
        loop {
            let place = self.start + cells.position().byte();
            let more = cells
                .read_byte_record(&mut record)
                .map_err(|error| DataError::new(format!("{}: {error}", path.display()), "check the file"))?;
            if !more {
                break;
            }
            if self.records.is_multiple_of(EACH) {
                self.places.push(place);
            }
            if self.records == 0 {
                let Ok(names) = StringRecord::from_byte_record(record.clone()) else {
                    return Ok(Found::Other("another encoding than UTF-8"));
                };
                first = names.iter().map(|cell| cell.trim().as_bytes().to_vec()).collect();
                self.columns = Columns::new(&names, !self.quoted);
                self.first = names;
            } else if record.len() != first.len() {
                return Ok(Found::Other("rows of unequal width"));
            } else if first.len() > 1 && record.iter().zip(&first).all(|(cell, name)| cell.trim_ascii() == name) {
                self.names_again = true;
            }
            if record.len() > 1 && is_blank(record.as_slice()) {
                return Ok(Found::Other("rows of nothing but empty cells"));
            }
            self.columns.look(&record, self.records);
            self.records += 1;
        }
        let seen = &cells.get_ref().seen;
        if let Some(why) = seen.other {
            return Ok(Found::Other(why));
        }
        // The line `sep=;` stands before the first row.
        let above = usize::from(skipped > 0);
        self.blank = seen.blank.iter().map(|line| line + above).collect();
        self.lines = seen.lines() + above;
        if self.records == 0 {
            return Ok(Found::Other("there is no row"));
        }
        if self.columns.all_quoted() {
            return Ok(Found::Other("quotes around the cells of a table that tabs part"));
        }
        Ok(Found::Plain(Box::new(self)))
    }

    /// A reader of the rows from a kept place on.
    pub(super) fn reader(&self, path: &Path, kept: usize) -> Result<Reader<File>, DataError> {
        let broken = |error: std::io::Error| DataError::file(path, &error);
        let mut file = File::open(path).map_err(broken)?;
        let place = if kept == 0 { self.start } else { self.places.get(kept).copied().unwrap_or(self.start) };
        file.seek(SeekFrom::Start(place)).map_err(broken)?;
        Ok(reader(self.quoted, self.mark).buffer_capacity(BUFFER).from_reader(file))
    }

    /// The rows of these numbers, which rise.
    pub(super) fn sample(
        &self,
        path: &Path,
        rows: impl Iterator<Item = usize>,
    ) -> Result<Vec<StringRecord>, DataError> {
        let mut sample = Vec::new();
        let mut open: Option<(Reader<File>, usize)> = None;
        for row in rows {
            let (mut cells, mut next) = match open.take() {
                Some((cells, next)) if row - next < EACH => (cells, next),
                _ => (self.reader(path, row / EACH)?, row / EACH * EACH),
            };
            let mut record = StringRecord::new();
            while next <= row {
                let read = cells.read_record(&mut record);
                if !read.is_ok_and(|more| more && record.len() == self.first.len()) {
                    return Err(DataError::new(
                        format!("{}: the file has changed while it was read", path.display()),
                        "read it when it is whole",
                    ));
                }
                next += 1;
            }
            sample.push(record);
            open = Some((cells, next));
        }
        Ok(sample)
    }

    /// Whether the cells of a whole column are 0, 1, 2 … or 1, 2, 3 …
    pub(super) fn counts(&self, named: bool, column: usize) -> bool {
        let counting = &self.columns.counting[usize::from(named)];
        self.records - usize::from(named) >= 3 && counting.iter().any(|(own, _)| *own == column)
    }

    /// Whether each row below the names has a cell of its own in a column, whose name tells that it names rows.
    pub(super) fn names_rows(&self, column: usize) -> bool {
        self.columns.distinct.iter().any(|(own, _)| *own == column)
    }

    /// Whether numbers of a column are written otherwise than with a point, and are more than a few cells of a column
    /// of texts.
    pub(super) fn has_other_numbers(&self, profiles: &[Profile]) -> bool {
        let few = |column: usize, count: usize| {
            100 * count < self.records && 4 * profiles[column].numbers < profiles[column].cells
        };
        self.columns.otherwise.iter().enumerate().any(|(column, count)| *count > 0 && !few(column, *count))
    }
}

/// What the cells of columns are like.
#[derive(Default)]
struct Columns {
    /// Columns that count from the first row on, or from the second, with what they count from.
    counting: [Vec<(usize, u64)>; 2],
    /// Columns whose names tell that they name rows, with digests of the cells; those with a cell twice are gone.
    distinct: Vec<(usize, HashSet<u64>)>,
    /// Cells of numbers written otherwise than with a point.
    otherwise: Vec<usize>,
    /// Columns of which each cell so far is quoted, where quotes are letters.
    quoted: Vec<usize>,
    names_quoted: bool,
}

impl Columns {
    fn new(first: &StringRecord, quotes: bool) -> Self {
        let named = (0..first.len()).filter(|column| may_name_rows(&first[*column]));
        Self {
            distinct: named.map(|column| (column, HashSet::new())).collect(),
            otherwise: vec![0; first.len()],
            quoted: if quotes { (0..first.len()).collect() } else { Vec::new() },
            ..Self::default()
        }
    }

    fn look(&mut self, record: &ByteRecord, row: usize) {
        for (begin, counting) in self.counting.iter_mut().enumerate() {
            let number = |column: usize| text(&record[column]).trim().parse::<u64>().ok();
            match row.checked_sub(begin) {
                Some(0) => {
                    let first = |column: usize| number(column).filter(|first| *first <= 1);
                    counting.extend((0..record.len()).filter_map(|column| Some((column, first(column)?))));
                }
                Some(place) => counting.retain(|(column, first)| number(*column) == Some(first + place as u64)),
                None => {}
            }
        }
        if row > 0 {
            self.distinct.retain_mut(|(column, seen)| {
                let cell = text(&record[*column]).trim();
                let mut hasher = DefaultHasher::new();
                cell.hash(&mut hasher);
                !is_missing(cell) && seen.insert(hasher.finish())
            });
        }
        if !self.quoted.is_empty() {
            let is_quoted = |cell: &[u8]| cell.len() >= 2 && cell.starts_with(b"\"") && cell.ends_with(b"\"");
            match row {
                0 => self.names_quoted = record.iter().all(|cell| is_quoted(cell) || cell.is_empty()),
                _ => self.quoted.retain(|column| record[*column].is_empty() || is_quoted(&record[*column])),
            }
        }
        if record.as_slice().iter().any(|byte| matches!(byte, b',' | b'%')) {
            for (cell, count) in record.iter().zip(&mut self.otherwise) {
                *count += usize::from(numerals::is_written_otherwise(text(cell)));
            }
        }
    }

    /// Whether quotes enclose all cells of a column, or all names.
    fn all_quoted(&self) -> bool {
        self.names_quoted || !self.quoted.is_empty()
    }
}

/// The watch has seen to it that it is text.
fn text(cell: &[u8]) -> &str {
    std::str::from_utf8(cell).unwrap_or_default()
}

/// Whether cells hold blanks alone.
fn is_blank(cells: &[u8]) -> bool {
    match cells.first() {
        Some(first) if first.is_ascii_graphic() => false,
        _ => text(cells).trim().is_empty(),
    }
}
