//! Which mark parts the cells of a file called CSV: a comma, or the semicolon of programs in countries that write
//! decimals with a comma, a tab, a vertical bar.

use csv::StringRecord;

use crate::formats::delimited::reader;
use crate::formats::regular::Regular;
use crate::formats::{number, numerals};

/// How a table is parted.
pub(super) struct Separator {
    pub(super) mark: u8,
    /// Bytes before the first row: the line `sep=;` that Excel reads.
    pub(super) skipped: usize,
    /// Whether quotes enclose cells: tab-separated text is written without, and a quote in it is a letter.
    pub(super) quoted: bool,
}

/// Marks beside the comma.
const OTHERS: [u8; 3] = [b';', b'\t', b'|'];
/// Rows that are looked at.
pub(super) const ROWS: usize = 200;

/// The mark as it stands in a message.
pub(super) fn shown(mark: u8) -> String {
    if mark == b'\t' { "tabs".into() } else { format!("`{}`", char::from(mark)) }
}

/// Finds the mark of a table whose name promises one: that, unless another makes a better table.
pub(super) fn find(text: &str, promised: u8) -> Separator {
    let first = text.lines().next().unwrap_or("").trim_matches('"');
    if let Some([mark]) = first.strip_prefix("sep=").map(str::as_bytes) {
        let skipped = text.find('\n').map_or(text.len(), |end| end + 1);
        return Separator { mark: *mark, skipped, quoted: true };
    }
    if promised == b'\t' {
        return not_by_tabs(text).unwrap_or(Separator { mark: promised, skipped: 0, quoted: false });
    }
    let commas = Parted::by(text, b',');
    let best = OTHERS.into_iter().map(|mark| Parted::by(text, mark)).filter(|other| other.better_than(&commas));
    let best = best.max_by_key(|parted| parted.width);
    Separator { mark: best.map_or(b',', |parted| parted.mark), skipped: 0, quoted: true }
}

/// The mark of a table whose name promises tabs, where its rows hold none: a column of texts has commas, too, so that
/// cells between them must have something in common.
fn not_by_tabs(text: &str) -> Option<Separator> {
    if text.lines().take(ROWS).any(|line| line.contains('\t')) {
        return None;
    }
    let others = [b',', b';', b'|'].map(|mark| Parted::by(text, mark)).into_iter();
    let tables = others.filter(|parted| parted.width > 0 && parted.rows > 1 && parted.known > 0);
    // Decimal commas between semicolons part cells in halves.
    let best = tables.max_by_key(|parted| (parted.decimals, parted.known, parted.width))?;
    Some(Separator { mark: best.mark, skipped: 0, quoted: true })
}

/// Whether lines are rows of a table most of whose cells are numbers, which commas, semicolons or bars part; the first
/// may hold names.
pub(super) fn part_numbers(lines: &[&str]) -> bool {
    let text = lines.join("\n");
    let mark = find(&text, b',').mark;
    let mut records: Vec<StringRecord> = reader(true, mark).from_reader(text.as_bytes()).records().flatten().collect();
    let width = records.first().map_or(0, StringRecord::len);
    if records.len() < 2 || width < 2 || records.iter().any(|record| record.len() != width) {
        return false;
    }
    numerals::replace(&mut records, mark);
    let rows = &records[1..];
    let is_number = |cell: &str| !cell.trim().is_empty() && number(cell).is_ok();
    let columns: Vec<usize> =
        (0..width).filter(|column| rows.iter().all(|record| number(&record[*column]).is_ok())).collect();
    let filled = columns.iter().any(|column| rows.iter().any(|record| is_number(&record[*column])));
    let decimals = columns.iter().any(|column| rows.iter().any(|record| record[*column].contains('.')));
    filled && (2 * columns.len() > width || (2 * columns.len() == width && decimals))
}

/// The first rows of a text by one mark.
struct Parted {
    mark: u8,
    rows: usize,
    /// Cells of most rows, the first among them; 0 where there is no such number, or it is one.
    width: usize,
    /// Columns whose cells have something in common.
    known: usize,
    decimals: bool,
}

impl Parted {
    fn by(text: &str, mark: u8) -> Self {
        let mut records: Vec<StringRecord> =
            reader(true, mark).from_reader(text.as_bytes()).records().take(ROWS).flatten().collect();
        let rows = records.len();
        let first = records.first().map_or(0, StringRecord::len);
        // A bad row does not make the table another one.
        let alike = records.iter().filter(|record| record.len() == first).count();
        let width = if first > 1 && 5 * alike >= 4 * rows { first } else { 0 };
        let decimals = width > 0 && numerals::replace(&mut records, mark).decimal_commas;
        Self { mark, rows, width, known: Regular::of(records.into_iter()).known(), decimals }
    }

    fn better_than(&self, commas: &Self) -> bool {
        // One row alone says little.
        let table = self.width > 0 && (self.rows > 1 || self.width > 2);
        // Where both make a table, commas that are decimals leave cells such as `5;0`.
        table && (commas.width == 0 || self.decimals || self.known > commas.known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> char {
        char::from(find(text, b',').mark)
    }

    #[test]
    fn other_marks_under_a_name_that_promises_tabs_are_found() {
        let under_tabs = |text: &str| {
            let found = find(text, b'\t');
            (char::from(found.mark), found.quoted)
        };
        assert_eq!(under_tabs("t0,t1,label\n0.5,1,a\n1.5,2,b\n2.5,3,a\n"), (',', true));
        assert_eq!(under_tabs("t0;t1;label\n0,5;1,25;a\n1,5;2,5;b\n2,5;3,5;a\n"), (';', true));
        assert_eq!(under_tabs("t0|t1\n0.5|1\n1.5|2\n"), ('|', true));
        assert_eq!(under_tabs("sep=;\nt0;t1\n0.5;1\n"), (';', true));
        assert_eq!(under_tabs("text,label\n\"so, so\",a\nwell,b\nno,a\nyes,b\n"), (',', true));
        for texts in [
            "a fine day, so it was\nno more, please\nnot again, never\n",
            "text\nso, so\nwell; well\n",
            "so, so\ta\nwell, well\tb\n",
            "0,5\t1,5\n2,5\t3,5\n",
            "one\ntwo\n",
        ] {
            assert_eq!(under_tabs(texts), ('\t', false), "{texts}");
        }
    }

    #[test]
    fn semicolons_are_found_with_and_without_commas_in_the_cells() {
        assert_eq!(mark("label;text\nbad;a b, c\ngood;d\n"), ';');
        assert_eq!(mark("label;text\nbad;a b\ngood;d\n"), ';');
        assert_eq!(mark("0,5;0,25;a\n1,5;2,25;b\n3,5;1,25;a\n"), ';');
        assert_eq!(mark("0.5;0.25;a\n1.5;2.25;b\n"), ';');
        // No header, one comma in each text.
        assert_eq!(mark("bad;a, b\ngood;c, d\nbad;e f, g\ngood;h, i\n"), ';');
    }

    #[test]
    fn a_bad_row_does_not_change_the_mark() {
        let rows = |row: &str| row.repeat(6);
        assert_eq!(mark(&format!("label;text\n{}bad\n", rows("bad;a b\n"))), ';');
        assert_eq!(mark(&format!("label,text\n{}bad;x\n", rows("bad,a b\n"))), ',');
        assert_eq!(mark(&format!("label;a;b\n{}x;0,5\n", rows("x;1,5;2,5\n"))), ';');
        // Texts with a semicolon each under a name without one.
        assert_eq!(mark(&format!("text\n{}", rows("well; yes\n"))), ',');
    }

    #[test]
    fn tabs_and_bars_under_a_name_that_promises_commas_are_found() {
        assert_eq!(mark("label\ttext\nbad\ta, b\ngood\tc\n"), '\t');
        assert_eq!(mark("a|b|label\n1|2|x\n3|4|y\n"), '|');
    }

    #[test]
    fn a_table_of_commas_stays_one() {
        assert_eq!(mark("text,label\n\"a; b\",x\nc,y\n"), ',');
        assert_eq!(mark("bad,so; so\ngood,well; well\nbad,no; never\ngood,yes; always\n"), ',');
        assert_eq!(mark("text\nhello; you\nbye\n"), ',');
        assert_eq!(mark("hello; you\n"), ',');
        assert_eq!(mark("a,b\n1,2\n"), ',');
    }
}
