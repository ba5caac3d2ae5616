//! Which mark parts the cells of a file called CSV: a comma, or the semicolon of programs in countries that write
//! decimals with a comma, a tab, a vertical bar.

use csv::StringRecord;

use crate::formats::delimited::reader;
use crate::formats::numerals;
use crate::formats::regular::Regular;

/// How a table is parted.
pub(super) struct Separator {
    pub(super) mark: u8,
    /// Bytes before the first row: the line `sep=;` that Excel reads.
    pub(super) skipped: usize,
}

/// Marks beside the comma.
const OTHERS: [u8; 3] = [b';', b'\t', b'|'];
/// Rows that are looked at.
pub(super) const ROWS: usize = 200;

/// The mark as it stands in a message.
pub(super) fn shown(mark: u8) -> String {
    if mark == b'\t' { "tabs".into() } else { format!("`{}`", char::from(mark)) }
}

/// Finds the mark of a table whose name promises commas: the comma, unless another makes a better table.
pub(super) fn find(text: &str) -> Separator {
    let first = text.lines().next().unwrap_or("").trim_matches('"');
    if let Some([mark]) = first.strip_prefix("sep=").map(str::as_bytes) {
        let skipped = text.find('\n').map_or(text.len(), |end| end + 1);
        return Separator { mark: *mark, skipped };
    }
    let commas = Parted::by(text, b',');
    let best = OTHERS.into_iter().map(|mark| Parted::by(text, mark)).filter(|other| other.better_than(&commas));
    let best = best.max_by_key(|parted| parted.width);
    Separator { mark: best.map_or(b',', |parted| parted.mark), skipped: 0 }
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
        char::from(find(text).mark)
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
