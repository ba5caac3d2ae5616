//! Quotes of a table. A quote that nothing closes, or that a later row's quote closes, makes one long text of all rows
//! between; genuine text of several lines is written the same way, and is told by what its lines hold.

use std::collections::HashSet;

use crate::error::DataError;
use crate::formats::delimited::reader;
use crate::formats::regular::Regular;

const HINT: &str = "close the quote; one that belongs to the text is written twice (`\"\"`) in a quoted cell";

/// What the quotes of a text enclose, by line numbers.
#[derive(Debug, Default, PartialEq)]
struct Quotes {
    /// Where the quote begins that is never closed.
    open: Option<usize>,
    /// First and last line of quoted cells that something other than the end of the cell follows.
    broken: Vec<(usize, usize)>,
    /// First and last line of all other quoted cells of several lines.
    long: Vec<(usize, usize)>,
    /// Lines without a letter, outside of quotes.
    blank: Vec<usize>,
}

/// Checks all quotes, and returns the lines that are blank.
///
/// # Errors
///
/// Names the lines on which quotes begin that swallow rows.
pub(super) fn check(name: &str, text: &str, mark: u8) -> Result<Vec<usize>, DataError> {
    let quotes = scan(text, mark);
    let mut bad: Vec<String> = quotes
        .broken
        .iter()
        .map(|(first, last)| {
            format!("{name}:{first}: a quote begins here, and the next one, in line {last}, does not end its cell")
        })
        .collect();
    if !quotes.long.is_empty() {
        let regular = Regular::of(reader(true, mark).from_reader(text.as_bytes()).records().flatten());
        let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        // Lines of a text seldom have the columns of the table, each with what all rows have there.
        let is_row = |line: &str| {
            let cells: Vec<&str> = line.split(char::from(mark)).map(|cell| cell.trim_matches('"')).collect();
            regular.fits(&cells)
        };
        // The row whose quote was forgotten is whole in its first line; that of a text of several lines goes on in its
        // last.
        let begins_whole = |line: &str| {
            let record = reader(true, mark).from_reader(line.as_bytes()).records().flatten().next();
            is_row(line) || record.is_some_and(|record| regular.fits(&record.iter().collect::<Vec<_>>()))
        };
        let swallowed = quotes.long.iter().filter(|(first, last)| {
            begins_whole(lines[*first - 1]) && lines[*first..*last].iter().all(|line| is_row(line))
        });
        bad.extend(swallowed.map(|(first, last)| {
            format!("{name}:{first}: a quote begins here and ends in line {last}, and the lines between look like rows")
        }));
    }
    bad.extend(quotes.open.map(|line| format!("{name}:{line}: a quote begins here and is never closed")));
    if bad.is_empty() { Ok(quotes.blank) } else { Err(DataError::several(bad, HINT)) }
}

enum State {
    Beginning,
    Bare,
    Quoted,
    /// Behind a quote within a quoted cell.
    Behind,
}

/// Follows the quotes of a text as the reader of cells does.
fn scan(text: &str, mark: u8) -> Quotes {
    let mut quotes = Quotes::default();
    let mut state = State::Beginning;
    let (mut line, mut first, mut begin) = (1, 1, 0);
    for (place, byte) in text.bytes().enumerate() {
        let ends = byte == mark || byte == b'\n' || byte == b'\r';
        state = match (state, byte) {
            (State::Beginning, b'"') => {
                first = line;
                State::Quoted
            }
            (State::Quoted, b'"') => State::Behind,
            (State::Behind, b'"') | (State::Quoted, _) => State::Quoted,
            (State::Behind, _) => {
                if line > first {
                    let list = if ends { &mut quotes.long } else { &mut quotes.broken };
                    list.push((first, line));
                }
                if ends { State::Beginning } else { State::Bare }
            }
            (State::Beginning | State::Bare, _) => {
                if byte == b'\n' && text[begin..place].trim_end_matches('\r').is_empty() {
                    quotes.blank.push(line);
                }
                if ends { State::Beginning } else { State::Bare }
            }
        };
        if byte == b'\n' {
            line += 1;
            begin = place + 1;
        }
    }
    match state {
        State::Quoted => quotes.open = Some(first),
        State::Behind if line > first => quotes.long.push((first, line)),
        _ => {}
    }
    // A line that a quote of several lines leaves is none of its own.
    let inside: HashSet<usize> =
        quotes.long.iter().chain(&quotes.broken).flat_map(|(first, last)| *first..=*last).collect();
    quotes.blank.retain(|line| !inside.contains(line));
    quotes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check("x.csv", text, b',').unwrap_err().in_full()
    }

    #[test]
    fn a_quote_that_is_never_closed_is_named_by_its_line() {
        assert!(
            refused("label,text\nbad,a\ngood,\"b\nbad,c\n")
                .contains("x.csv:3: a quote begins here and is never closed")
        );
        assert!(refused("label,text\r\nbad,\"\"\"a\r\n").contains("x.csv:2: a quote begins here and is never closed"));
    }

    #[test]
    fn a_quote_that_the_quote_of_a_later_row_closes_is_named_by_its_line() {
        let begins = refused("label,text\nbad,\"a cold room\ngood,b\ngood,\"so\" she said\n");
        assert!(
            begins.contains("x.csv:2: a quote begins here, and the next one, in line 4, does not end its cell"),
            "{begins}"
        );
        // Where it ends a cell, the lines between tell.
        let ends = refused(
            "label,text\nbad,a\ngood,b\nbad,\"8 feet and 5\ngood,c\nbad,d\ngood,a bed of \
             7\"\nbad,e\ngood,f\nbad,g\ngood,h\n",
        );
        assert!(
            ends.contains("x.csv:4: a quote begins here and ends in line 7, and the lines between look like rows"),
            "{ends}"
        );
        let numbers = refused("a,b,c\n1,2,x\n3,4,\"y\n5,6,z\n7,8,v\"\n9,1,w\n");
        assert!(numbers.contains("x.csv:3: a quote begins here and ends in line 5"), "{numbers}");
    }

    #[test]
    fn all_are_named_at_once() {
        let message = refused("a,\"b\nc,\"d\" e\nf,\"g\n");
        assert!(message.contains("x.csv:1: ") && message.contains("x.csv:3: "), "{message}");
    }

    #[test]
    fn text_of_several_lines_is_no_mistake() {
        let text = "label,text\nbad,\"one, two\n\nsaid \"\"she\"\", twice\"\ngood,\"a\r\nb, c\"\nbad,\"c\ngood \
                    morning, all\"\ngood,d";
        assert_eq!(check("x.csv", text, b',').unwrap(), [0; 0]);
        assert_eq!(check("x.csv", "a,5\" pipe\nb,\"ends here\"", b',').unwrap(), [0; 0]);
        assert_eq!(check("x.csv", "a,\"\"\n\nb,\"x\ny\"", b',').unwrap(), [2]);
    }

    #[test]
    fn a_text_of_two_lines_may_end_as_a_row_does() {
        // The last line has the table's columns, and the first does not.
        let rows: String = (0..6).map(|row| format!("plain words {row},{}\n", ["pos", "neg"][row % 2])).collect();
        let checked = |text: &str| check("x.csv", &format!("text,label\n{rows}{text}\n"), b',');
        assert_eq!(checked("\"first line\nsecond line\",pos").unwrap(), [0; 0]);
        assert_eq!(checked("\"first, as it is\nsecond line\",neg").unwrap(), [0; 0]);
        // A quote that was forgotten leaves the first line a row, also with a comma in its text.
        let swallowed = checked("\"first line,pos\nplain,neg\nsecond line\",pos").unwrap_err().in_full();
        assert!(swallowed.contains("x.csv:8: a quote begins here and ends in line 10"), "{swallowed}");
        let rows: String = (0..6).map(|row| format!("{},plain words {row}\n", ["bad", "good"][row % 2])).collect();
        let behind = refused(&format!("label,text\n{rows}bad,\"cold, grim\ngood,warm\nbad,a bed of 7\"\n"));
        assert!(behind.contains("x.csv:8: a quote begins here and ends in line 10"), "{behind}");
    }

    #[test]
    fn a_list_in_a_text_is_no_row() {
        let rows: String = (0..6).map(|row| format!("{},plain words\n", ["bad", "good"][row % 2])).collect();
        assert!(
            check("x.csv", &format!("label,text\n{rows}bad,\"shopping:\neggs, milk\nsalt, rice\"\n"), b',').is_ok()
        );
    }
}
