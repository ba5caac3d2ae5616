//! Word vectors that others have trained: GloVe's text, word2vec's text and binary, fastText's `.vec`; packed with gzip
//! or not.
//!
//! A line of text holds a word and its numbers (GloVe); word2vec and fastText begin with a line of how many words and
//! numbers there are. The binary has that line too, and then of each word its letters, a space and its numbers as
//! `f32`, little-endian. Files are read as a stream, and only the words that are asked for are kept.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::DataError;

/// Bytes that begin a packed file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Numbers of a vector at most, and letters of a word: more is no such file.
const WIDEST: usize = 10_000;
const LONGEST: usize = 10_000;

/// Vectors by word.
#[derive(Clone, Debug, PartialEq)]
pub struct WordVectors {
    width: usize,
    places: HashMap<String, usize>,
    values: Vec<f32>,
}

impl WordVectors {
    /// Reads the vectors of those words that `wanted` asks for; of a word that stands twice the first.
    ///
    /// # Errors
    ///
    /// Where the file is none of words and vectors, with its line.
    pub fn read(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Self, DataError> {
        let mut reader = reader(path)?;
        let begin = reader.fill_buf().map_err(|error| DataError::file(path, &error))?;
        let first = &begin[..begin.iter().position(|byte| *byte == b'\n').unwrap_or(begin.len())];
        let header = header(first);
        // Behind a header, numbers of the binary are hardly ever text.
        let rest = &begin[(first.len() + 1).min(begin.len())..];
        let rest = &rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()).min(400)];
        let binary =
            header.is_some() && rest.iter().any(|byte| (*byte < b' ' && !byte.is_ascii_whitespace()) || *byte == 0x7f);
        match (header, binary) {
            (Some((words, width)), true) => Self::binary(path, reader, words, width, wanted),
            (header, _) => Self::text(path, reader, header.map(|(_, width)| width), wanted),
        }
    }

    /// How many numbers a vector of the file has.
    ///
    /// # Errors
    ///
    /// As [`WordVectors::read`].
    pub fn width_of(path: &Path) -> Result<usize, DataError> {
        let mut reader = reader(path)?;
        let mut line = Vec::new();
        read_line(&mut reader, &mut line).map_err(|error| DataError::file(path, &error))?;
        match header(&line) {
            Some((_, width)) => Ok(width),
            None => {
                let text = String::from_utf8_lossy(&line).into_owned();
                let width = text.split_whitespace().rev().take_while(|cell| cell.parse::<f32>().is_ok()).count();
                if width > 1 { Ok(width) } else { Err(strange(path, 1, "a word and its numbers", &text)) }
            }
        }
    }

    fn text(
        path: &Path,
        mut reader: Box<dyn BufRead>,
        mut width: Option<usize>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, DataError> {
        let headed = width.is_some();
        let (mut places, mut values, mut line) = (HashMap::new(), Vec::new(), Vec::new());
        for number in 1.. {
            line.clear();
            if read_line(&mut reader, &mut line).map_err(|error| DataError::file(path, &error))? == 0 {
                break;
            }
            if (number == 1 && headed) || line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // A few words of the large files are no UTF-8.
            let text = String::from_utf8_lossy(&line);
            let cells: Vec<&str> = text.trim_end().split([' ', '\t']).collect();
            let width = *width.get_or_insert_with(|| {
                cells.iter().skip(1).rev().take_while(|cell| cell.parse::<f32>().is_ok()).count()
            });
            let expected = || format!("a word and {width} numbers");
            if !(2..=WIDEST).contains(&width) || cells.len() <= width {
                return Err(strange(path, number, &expected(), &text));
            }
            // A few words of the largest GloVe files hold spaces.
            let (word, numbers) = cells.split_at(cells.len() - width);
            let word = word.join(" ");
            if !wanted(&word) || places.contains_key(&word) {
                continue;
            }
            let before = values.len();
            values.extend(numbers.iter().filter_map(|cell| cell.parse::<f32>().ok().filter(|value| value.is_finite())));
            if values.len() - before != width {
                return Err(strange(path, number, &expected(), &text));
            }
            places.insert(word, before / width);
        }
        let width = width.ok_or_else(|| strange(path, 1, "a word and its numbers", "an empty file"))?;
        Ok(Self { width, places, values })
    }

    fn binary(
        path: &Path,
        mut reader: Box<dyn BufRead>,
        words: usize,
        width: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Self, DataError> {
        let broken = |word: usize| {
            DataError::new(
                format!("{}: it ends within word {word} of {words}", path.display()),
                "the file is cut off: load it down again",
            )
        };
        let (mut places, mut values) = (HashMap::new(), Vec::new());
        read_line(&mut reader, &mut Vec::new()).map_err(|error| DataError::file(path, &error))?;
        let mut numbers = vec![0u8; 4 * width];
        for place in 1..=words {
            let mut word = Vec::new();
            (&mut reader)
                .take(LONGEST as u64)
                .read_until(b' ', &mut word)
                .map_err(|error| DataError::file(path, &error))?;
            if word.pop() != Some(b' ') {
                return Err(broken(place));
            }
            reader.read_exact(&mut numbers).map_err(|_| broken(place))?;
            // Some writers end each vector with a line break.
            let word = String::from_utf8_lossy(&word).trim_start_matches('\n').to_string();
            if wanted(&word) && !places.contains_key(&word) {
                places.insert(word, values.len() / width);
                values.extend(
                    numbers.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
                );
            }
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(DataError::new(
                format!("{}: a vector holds a value that is not finite", path.display()),
                "the file is no word2vec binary, or it is damaged",
            ));
        }
        Ok(Self { width, places, values })
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many words were found.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no word was found.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The vector of a word.
    pub fn get(&self, word: &str) -> Option<&[f32]> {
        self.places.get(word).map(|place| &self.values[place * self.width..(place + 1) * self.width])
    }
}

fn reader(path: &Path) -> Result<Box<dyn BufRead>, DataError> {
    let failed = |error: &std::io::Error| DataError::file(path, error);
    let mut plain = BufReader::with_capacity(1 << 16, semiseq_schema::open(path).map_err(|error| failed(&error))?);
    let packed = plain.fill_buf().map_err(|error| failed(&error))?.starts_with(&GZIP);
    Ok(if packed { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(plain))) } else { Box::new(plain) })
}

/// A line with its end, no longer than the longest that such a file has.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    reader.take((WIDEST * 24) as u64).read_until(b'\n', line)
}

/// `words width`, as word2vec and fastText begin.
fn header(line: &[u8]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(line).ok()?;
    let mut cells = text.split_whitespace();
    let (words, width) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    (cells.next().is_none() && width > 1 && width <= WIDEST).then_some((words, width))
}

fn strange(path: &Path, line: usize, expected: &str, found: &str) -> DataError {
    let start: String = found.trim_end().chars().take(60).collect();
    DataError::new(
        format!("{}:{line}: expected {expected}, found `{start}`", path.display()),
        "word vectors are GloVe's text, word2vec's text or binary, or fastText's `.vec`, packed with gzip or not",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::fixtures::file;

    fn read(path: &Path) -> Result<WordVectors, DataError> {
        WordVectors::read(path, |word| word != "skip")
    }

    #[test]
    fn four_kinds_of_files_hold_the_same() {
        let glove = "the 0.5 -1 2\nskip 1 1 1\nnew york 1e-1 0 3\nthe 9 9 9\n";
        let headed = format!("3 3\n{}", glove.replace("new york", "york"));
        let mut binary = b"3 3\n".to_vec();
        for (word, vector) in [("the", [0.5f32, -1.0, 2.0]), ("skip", [1.0; 3]), ("york", [0.1, 0.0, 3.0])] {
            binary.extend(word.as_bytes());
            binary.push(b' ');
            vector.iter().for_each(|value| binary.extend(value.to_le_bytes()));
            binary.push(b'\n');
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(glove.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        for (name, bytes, word) in [
            ("glove.txt", glove.as_bytes(), "new york"),
            ("glove.txt.gz", &packed, "new york"),
            ("fast.vec", headed.as_bytes(), "york"),
            ("word2vec.bin", &binary, "york"),
        ] {
            let path = file(name, bytes);
            let found = read(&path).unwrap();
            assert_eq!((found.width(), found.len(), WordVectors::width_of(&path).unwrap()), (3, 2, 3), "{name}");
            assert_eq!(found.get("the"), Some(&[0.5f32, -1.0, 2.0][..]), "{name}");
            assert_eq!(found.get(word), Some(&[0.1f32, 0.0, 3.0][..]), "{name}");
            assert_eq!(found.get("skip"), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_named_with_its_line() {
        let message = |name: &str, bytes: &[u8]| read(&file(name, bytes)).unwrap_err().in_full();
        let short = message("short.txt", b"the 1 2 3\nof 1 2\n");
        assert!(short.contains("short.txt:2: expected a word and 3 numbers, found `of 1 2`"), "{short}");
        let words = message("words.txt", b"the 1 2 3\nof 1 two 3\n");
        assert!(words.contains("words.txt:2: expected a word and 3 numbers"), "{words}");
        assert!(message("prose.txt", b"a text of words\n").contains("prose.txt:1: expected"));
        assert!(message("empty.txt", b"").contains("an empty file"));
        let cut = message("cut.bin", b"2 2\nthe \x00\x00\x80\x3f\x00\x00\x00\x40\nof \x00\x01");
        assert!(cut.contains("it ends within word 2 of 2"), "{cut}");
        let gone = read(Path::new("nowhere/a.txt")).unwrap_err().in_full();
        assert!(gone.contains("no such file"), "{gone}");
    }
}
