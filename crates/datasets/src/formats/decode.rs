//! From the bytes of a file to its text: unpacked where they are packed, whatever the name says, and in the encoding
//! that they are written in: UTF-8, UTF-16 by its byte-order mark, or Windows-1252 where the file as a whole is that.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use semiseq_schema::open;

use crate::error::DataError;
use crate::formats::limit::{self, GZIP, Limited};

/// How files begin that hold no text; semiseq unpacks gzip alone.
const MAGIC: [(&[u8], &str, &str); 11] = [
    (
        b"PK\x03\x04",
        "a ZIP archive, such as a workbook of Excel",
        "unpack it, or export it as CSV; NumPy's end in `.npz`",
    ),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "unpack it with `zstd -d`"),
    (b"\xfd7zXZ\x00", "packed by xz", "unpack it with `xz -d`"),
    (b"BZh", "packed by bzip2", "unpack it with `bzip2 -d`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old workbook of Excel", "export it as CSV"),
    (b"\x93NUMPY", "an array of NumPy", "call it `.npy`"),
    (b"PAR1", "a Parquet file", "call it `.parquet`"),
    (b"ARROW1", "an Arrow file", "call it `.arrow`"),
    (b"\x89HDF", "an HDF5 file", "write it as CSV or JSON lines"),
    (b"%PDF", "a PDF", "give the table or the text that it shows"),
];

/// Lines named in a message; the rest are counted.
const SHOWN: usize = 5;

/// All bytes of a file, unpacked.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let name = path.display().to_string();
    if let Some(held) = held(path).map_err(|error| broken(&name, &error))? {
        return unpacked(&held[..], &name);
    }
    let mut file = open(path).map_err(|error| DataError::file(path, &error))?;
    limit::check_size(path, &mut file)?;
    let is_plain = file.metadata().is_ok_and(|kind| kind.is_file());
    unpacked(BufReader::new(Limited::file(file, is_plain)), &name)
}

/// The bytes of a file, which is not held where it is a plain one, and how many there are.
pub(super) fn seekable(path: &Path) -> Result<(Box<dyn Seekable>, u64), DataError> {
    let is_plain = |file: &mut File| {
        let mut first = Vec::new();
        file.take(GZIP.len() as u64).read_to_end(&mut first)?;
        file.rewind()?;
        Ok::<bool, std::io::Error>(first != GZIP)
    };
    if fs::metadata(path).is_ok_and(|kind| kind.is_file()) {
        let failed = |error: std::io::Error| DataError::file(path, &error);
        let mut file = File::open(path).map_err(failed)?;
        limit::check_size(path, &mut file)?;
        if is_plain(&mut file).map_err(failed)? {
            let size = file.metadata().map_err(failed)?.len();
            return Ok((Box::new(BufReader::with_capacity(1 << 16, file)), size));
        }
    }
    let bytes = bytes(path)?;
    let size = bytes.len() as u64;
    Ok((Box::new(Cursor::new(bytes)), size))
}

/// What can be read at any place.
pub(super) trait Seekable: Read + Seek {}

impl<R: Read + Seek> Seekable for R {}

/// What pipes held: each can be read once, and a look at its beginning would take that away.
static HELD: Mutex<BTreeMap<PathBuf, Held>> = Mutex::new(BTreeMap::new());

/// What a pipe held, or why it could not be read.
type Held = Result<Arc<Vec<u8>>, (ErrorKind, String)>;

/// All that a pipe or another device holds, or held when it was read; `None` for a file or a folder.
fn held(path: &Path) -> std::io::Result<Option<Arc<Vec<u8>>>> {
    if !fs::metadata(path).is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) {
        return Ok(None);
    }
    let mut all = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    // To open one again would wait for another writer.
    let read = || {
        let mut bytes = Vec::new();
        Limited::file(open(path)?, false).read_to_end(&mut bytes).map(|_| Arc::new(bytes))
    };
    let known = all
        .entry(path.to_path_buf())
        .or_insert_with(|| read().map_err(|error: std::io::Error| (error.kind(), error.to_string())));
    match known {
        Ok(bytes) => Ok(Some(Arc::clone(bytes))),
        Err((kind, reason)) => Err(std::io::Error::new(*kind, reason.clone())),
    }
}

/// The text of a file. What is read otherwise than it may be meant is told in `notes`.
pub(super) fn text(path: &Path, notes: &mut Vec<String>) -> Result<String, DataError> {
    decoded(bytes(path)?, &path.display().to_string(), notes)
}

/// Letters of the beginning that tell a format.
pub(super) const BEGINNING: u64 = 16 * 1024;

/// The beginning of a file as text, for a look at what it is; nothing where it cannot be read.
pub(super) fn beginning(path: &Path) -> String {
    let mut bytes = Vec::new();
    let mut whole: Box<dyn BufRead> = match held(path) {
        Ok(Some(held)) => Box::new(Cursor::new(held.to_vec())),
        Ok(None) => match File::open(path) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(_) => return String::new(),
        },
        Err(_) => return String::new(),
    };
    let packed = whole.fill_buf().is_ok_and(|bytes| bytes.starts_with(&GZIP));
    // A packed file that is damaged further on is told when it is read.
    let _ = match packed {
        true => MultiGzDecoder::new(whole).take(BEGINNING).read_to_end(&mut bytes),
        false => whole.take(BEGINNING).read_to_end(&mut bytes),
    };
    match Encoding::for_bom(&bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned(),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// The text of a config, a tokenizer or another small file that is meant to be UTF-8: a byte-order mark is left out,
/// UTF-16 is read by its own.
///
/// # Errors
///
/// Where the file cannot be read, or is no text.
pub fn read_text(path: &Path) -> Result<String, DataError> {
    let read = |file: File| {
        let (mut bytes, is_plain) = (Vec::new(), file.metadata().is_ok_and(|kind| kind.is_file()));
        Limited::file(file, is_plain).read_to_end(&mut bytes).map(|_| bytes)
    };
    let bytes = open(path).and_then(read).map_err(|error| broken(&path.display().to_string(), &error))?;
    text_of(bytes, &path.display().to_string())
}

/// As [`read_text`], of bytes in memory; `name` stands in messages.
///
/// # Errors
///
/// Where they are no text.
pub fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, DataError> {
    let mut notes = Vec::new();
    let text = decoded(bytes, name, &mut notes)?;
    match notes.pop() {
        Some(note) => Err(DataError::new(note, "save the file as UTF-8")),
        None => Ok(text),
    }
}

/// The error of a file that cannot be read on.
fn broken(name: &str, error: &std::io::Error) -> DataError {
    match error.kind() {
        ErrorKind::FileTooLarge => limit::too_large(name, &error.to_string()),
        _ => DataError::file(Path::new(name), error),
    }
}

/// All that `source` holds, unpacked where its first bytes are those of gzip; `name` stands in messages.
pub(super) fn unpacked(mut source: impl Read, name: &str) -> Result<Vec<u8>, DataError> {
    let broken = |error: std::io::Error| broken(name, &error);
    let mut head = Vec::new();
    source.by_ref().take(GZIP.len() as u64).read_to_end(&mut head).map_err(broken)?;
    let packed = head == GZIP;
    let mut whole = Cursor::new(head).chain(source);
    let mut bytes = Vec::new();
    if !packed {
        whole.read_to_end(&mut bytes).map_err(broken)?;
        return Ok(bytes);
    }
    Limited::open_ended(MultiGzDecoder::new(whole)).read_to_end(&mut bytes).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => broken(error),
        _ => DataError::new(
            format!("{name}: the packed file is cut short or damaged: {error}"),
            "download it again and compare the checksum",
        ),
    })?;
    Ok(bytes)
}

/// Refuses archives, workbooks and other files of programs by their names.
pub(super) fn check_kind(bytes: &[u8], name: &str) -> Result<(), DataError> {
    match MAGIC.iter().find(|(magic, _, _)| bytes.starts_with(magic)) {
        Some((_, what, remedy)) => Err(DataError::new(format!("{name}: the file is {what}"), *remedy)),
        None => Ok(()),
    }
}

/// Bytes as text.
///
/// # Errors
///
/// Where they are no text, or in an encoding that nothing tells.
pub(super) fn decoded(bytes: Vec<u8>, name: &str, notes: &mut Vec<String>) -> Result<String, DataError> {
    check_kind(&bytes, name)?;
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(DataError::new(format!("{name}: the file is UTF-32"), "save it as UTF-8"));
    }
    if let Some((encoding, mark)) =
        Encoding::for_bom(&bytes).filter(|(encoding, _)| [UTF_16LE, UTF_16BE].contains(encoding))
    {
        return utf_16(encoding, &bytes[mark..], name, notes).map(one_line_end);
    }
    if let Some(place) = bytes.iter().position(|byte| *byte == 0) {
        return Err(not_text(&bytes, place, name));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => not_utf_8(error.as_bytes(), name, notes)?,
    };
    Ok(one_line_end(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_string(),
        None => text,
    }))
}

fn utf_16(encoding: &'static Encoding, bytes: &[u8], name: &str, notes: &mut Vec<String>) -> Result<String, DataError> {
    let (text, odd) = encoding.decode_without_bom_handling(bytes);
    if odd {
        let line = text.find('\u{fffd}').map_or(1, |place| line_of(text.as_bytes(), place));
        notes.push(format!(
            "{name}:{line}: what is not {} is read as `\u{fffd}`: is the file cut short?",
            encoding.name()
        ));
    }
    match text.find('\0') {
        Some(place) => Err(not_text(text.as_bytes(), place, name)),
        None => Ok(text.into_owned()),
    }
}

/// A byte 0 stands in no text, but in every second place of UTF-16.
fn not_text(bytes: &[u8], place: usize, name: &str) -> DataError {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    if 3 * zeros >= bytes.len() && 3 * zeros <= 2 * bytes.len() && bytes.len() >= 8 {
        return DataError::new(
            format!("{name}: the file looks like UTF-16, but does not begin with a byte-order mark"),
            "save it as UTF-8",
        );
    }
    DataError::new(
        format!("{name}:{}: a byte 0, which stands in no text: the file is binary, or damaged", line_of(bytes, place)),
        "give a text file; the formats are shown by `semiseq data list`",
    )
}

/// Text with bytes that are not UTF-8: those alone are read as Windows-1252 where all else is UTF-8.
fn not_utf_8(bytes: &[u8], name: &str, notes: &mut Vec<String>) -> Result<String, DataError> {
    let sound: usize =
        bytes.utf8_chunks().map(|chunk| chunk.valid().chars().filter(|letter| !letter.is_ascii()).count()).sum();
    let bad = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    if bad >= 3 * sound {
        if !looks_western(bytes) {
            return Err(DataError::new(
                format!(
                    "{name}: the text is neither UTF-8 nor, by its looks, Windows-1252 (perhaps GBK, Shift JIS, \
                     Windows-1251?)"
                ),
                "save it as UTF-8: `iconv -f ENCODING -t UTF-8 FILE`",
            ));
        }
        notes.push(format!(
            "{name}: the text is not UTF-8 and is read as Windows-1252; save it as UTF-8 if letters look wrong"
        ));
        return Ok(windows_1252(bytes).into_owned());
    }
    let mut text = String::with_capacity(bytes.len());
    let mut lines = Vec::new();
    let mut line = 1;
    for chunk in bytes.utf8_chunks() {
        line += chunk.valid().matches('\n').count();
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(&windows_1252(chunk.invalid()));
            lines.push(line);
        }
    }
    lines.dedup();
    notes.push(format!("{name}:{}: a byte that is not UTF-8 is read as Windows-1252", listed(&lines)));
    Ok(text)
}

fn windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    WINDOWS_1252.decode_without_bom_handling(bytes).0
}

/// Western letters with accents stand alone among those of ASCII; other scripts write whole words beyond it.
fn looks_western(bytes: &[u8]) -> bool {
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let pairs = bytes.windows(2).filter(|pair| !pair[0].is_ascii() && !pair[1].is_ascii()).count();
    let plain = bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    high < 20 || 2 * pairs < high || plain > 4 * high
}

/// Lines by number, the first few of them: `7`, or `7 (also in lines 9, 12 and 3 more)`.
pub(super) fn listed(lines: &[usize]) -> String {
    let Some((first, rest)) = lines.split_first() else { return String::new() };
    if rest.is_empty() {
        return first.to_string();
    }
    let shown: Vec<String> = rest.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if rest.len() > SHOWN { format!(" and {} more", rest.len() - SHOWN) } else { String::new() };
    format!("{first} (and in line {}{more})", shown.join(", "))
}

/// Tells of blank lines between rows, which readers leave out; those at the end of a file are none.
pub(super) fn note_blank_lines(blank: &[usize], lines: usize, name: &str, notes: &mut Vec<String>) {
    // The last lines of the file, one after the other.
    let trailing = blank.iter().rev().zip((1..=lines).rev()).take_while(|(blank, line)| **blank == *line).count();
    let between = &blank[..blank.len() - trailing];
    if !between.is_empty() {
        notes.push(format!("{name}:{}: a blank line is no row and is left out", listed(between)));
    }
}

fn line_of(bytes: &[u8], place: usize) -> usize {
    bytes[..place].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Old programs of the Macintosh end a line by a carriage return alone.
fn one_line_end(text: String) -> String {
    if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{file, folder, packed};

    fn read(bytes: &[u8]) -> (String, Vec<String>) {
        let mut notes = Vec::new();
        (decoded(bytes.to_vec(), "x.csv", &mut notes).unwrap(), notes)
    }

    fn refused(bytes: &[u8]) -> String {
        decoded(bytes.to_vec(), "x.csv", &mut Vec::new()).unwrap_err().in_full()
    }

    fn utf_16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes_of).collect()
    }

    #[test]
    fn byte_order_marks_tell_the_encoding_and_are_no_text() {
        let text = "naïve,好\r\n😀,b\r\n";
        let sound = (text.to_string(), vec![]);
        assert_eq!(read(text.as_bytes()), sound);
        assert_eq!(read(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), sound);
        assert_eq!(read(&utf_16(text, u16::to_le_bytes)), sound);
        assert_eq!(read(&utf_16(text, u16::to_be_bytes)), sound);
    }

    #[test]
    fn utf_16_without_its_mark_and_utf_32_are_refused_by_name() {
        let bare = &utf_16("text,label\ngood,a\n", u16::to_le_bytes)[2..];
        assert!(refused(bare).contains("looks like UTF-16"), "{}", refused(bare));
        let wide: Vec<u8> = "\u{feff}text".chars().flat_map(|letter| (letter as u32).to_le_bytes()).collect();
        assert!(refused(&wide).contains("UTF-32"));
    }

    #[test]
    fn utf_16_that_is_cut_short_names_its_line() {
        let mut bytes = utf_16("a\nb\nc", u16::to_le_bytes);
        bytes.pop();
        let (text, notes) = read(&bytes);
        assert_eq!(text, "a\nb\n\u{fffd}");
        assert!(notes[0].contains("x.csv:3: what is not UTF-16LE"), "{notes:?}");
    }

    #[test]
    fn a_bad_byte_changes_its_own_letter_alone_and_is_named_by_line() {
        let mut bytes = "café ’a\n".repeat(5).into_bytes();
        bytes.extend(b"caf\xe9\nl\xe9 ");
        bytes.extend("é\n".as_bytes());
        let (text, notes) = read(&bytes);
        assert_eq!(text, format!("{}café\nlé é\n", "café ’a\n".repeat(5)));
        assert_eq!(notes, ["x.csv:6 (and in line 7): a byte that is not UTF-8 is read as Windows-1252"]);
    }

    #[test]
    fn a_file_that_is_windows_1252_as_a_whole_is_read_as_that() {
        let (text, notes) = read(b"l\x92h\xf4tel \x80 5\nna\xefve\n");
        assert_eq!(text, "l’hôtel € 5\nnaïve\n");
        assert_eq!(
            notes,
            ["x.csv: the text is not UTF-8 and is read as Windows-1252; save it as UTF-8 if letters look wrong"]
        );
    }

    #[test]
    fn another_script_in_an_old_encoding_is_not_taken_for_western_letters() {
        // "我们喜欢这个电影" in GBK, "хорошее кино" in Windows-1251.
        let chinese = b"\xce\xd2\xc3\xc7\xcf\xb2\xbb\xb6\xd5\xe2\xb8\xf6\xb5\xe7\xd3\xb0,good\n".repeat(3);
        let russian = b"\xf5\xee\xf0\xee\xf8\xe5\xe5 \xea\xe8\xed\xee,good\n".repeat(3);
        for bytes in [chinese, russian] {
            assert!(refused(&bytes).contains("neither UTF-8 nor, by its looks, Windows-1252"), "{}", refused(&bytes));
        }
    }

    #[test]
    fn binary_files_are_refused_by_name() {
        assert!(refused(b"PK\x03\x04\x14\x00").contains("ZIP archive, such as a workbook of Excel"));
        assert!(refused(b"PAR1\x15\x04").contains("Parquet"));
        let message = refused(b"a,b\n1,\x00\x01\n");
        assert!(message.contains("x.csv:2: a byte 0, which stands in no text"), "{message}");
    }

    #[test]
    fn gzip_is_told_by_its_first_bytes_whatever_the_name() {
        let path = folder("files").join("packed.csv");
        std::fs::write(&path, packed(b"a,b\n")).unwrap();
        assert_eq!(text(&path, &mut Vec::new()).unwrap(), "a,b\n");
        assert_eq!(text(&file("plain.csv.gz", "a,b\n"), &mut Vec::new()).unwrap(), "a,b\n");
        // Packed in two runs, as `cat a.gz b.gz` and many writers of large files do.
        std::fs::write(&path, [packed(b"a,b\n"), packed(b"1,2\n")].concat()).unwrap();
        assert_eq!(text(&path, &mut Vec::new()).unwrap(), "a,b\n1,2\n");
    }

    #[test]
    fn a_file_of_one_byte_is_read() {
        assert_eq!(text(&file("one.csv", "1"), &mut Vec::new()).unwrap(), "1");
    }

    #[test]
    fn carriage_returns_alone_end_lines() {
        assert_eq!(read(b"a,b\r1,2\r").0, "a,b\n1,2\n");
    }

    #[test]
    fn a_config_may_be_saved_as_windows_programs_save_it() {
        let path = folder("files").join("mark.toml");
        std::fs::write(&path, utf_16("name = \"é\"\n", u16::to_le_bytes)).unwrap();
        assert_eq!(read_text(&path).unwrap(), "name = \"é\"\n");
        std::fs::write(&path, b"name = \"\xe9\"\n").unwrap();
        assert!(read_text(&path).unwrap_err().in_full().contains("hint: save the file as UTF-8"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_looked_at_and_read() {
        let path = folder("pipes").join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let (there, written) = (path.clone(), "a,b,label\n1,2,x\n3,4,y\n");
        let writer = std::thread::spawn(move || fs::write(there, written));
        assert_eq!(beginning(&path), written);
        assert_eq!(text(&path, &mut Vec::new()).unwrap(), written);
        writer.join().unwrap().unwrap();
    }
}
