//! Steps in the order of their times: what is unsorted, repeated or missing.

use semiseq_files::time::{self, DateOrder, Times};

use crate::error::DataError;
use crate::formats::table::Columns;
use crate::formats::table::cells_of_file::Table;

/// Of a thousand times so many may stand twice, as the hour does when summer time ends.
const REPEATED: usize = 10;

/// One line on a column of dates whose days and months could be meant the other way round.
pub(in crate::formats) fn date_doubt(file: &str, column: &str, cell: &str, order: DateOrder) -> String {
    let (first, form) = match order {
        DateOrder::DayFirst => ("day", "`MM/DD/YYYY`"),
        DateOrder::MonthFirst => ("month", "`DD/MM/YYYY`"),
    };
    format!(
        "{file}: no date of `{column}` tells the day from the month, such as `{}`: they are read with the {first} \
         first; if {form} is meant, write the dates as `YYYY-MM-DD`",
        cell.trim()
    )
}

/// The steps of several series by their times.
pub(crate) struct Clock<'a> {
    table: &'a Table,
    /// The column of times, or of dates where the hours have a column of their own.
    column: usize,
    times: Vec<f64>,
}

impl<'a> Clock<'a> {
    /// `None` where there is no column of times, and, which is told, where a cell of it is no time.
    pub(in crate::formats) fn read(table: &'a Table, columns: &Columns, notes: &mut Vec<String>) -> Option<Self> {
        let column = columns.time?;
        let cells: Vec<String> = match columns.hours {
            Some(hours) => {
                table.records.iter().map(|row| format!("{} {}", row[column].trim(), row[hours].trim())).collect()
            }
            None => table.records.iter().map(|row| row[column].to_string()).collect(),
        };
        match time::read(cells.iter().map(String::as_str)) {
            Ok(Times { seconds, doubt }) => {
                let of = doubt.map(|(order, row)| date_doubt(&table.name, &table.names[column], &cells[row], order));
                notes.extend(of);
                Some(Self { table, column, times: seconds })
            }
            Err(row) => {
                notes.push(format!(
                    "{}:{}: `{}` is `{}`, which is read as no time: all rows are taken in the order they stand in",
                    table.name,
                    table.lines[row],
                    table.names[column],
                    cells[row].trim()
                ));
                None
            }
        }
    }

    /// The time of a row.
    pub(crate) fn time(&self, row: usize) -> f64 {
        self.times[row]
    }

    /// Puts the rows of each series in the order of time, and tells what is not as it should be.
    ///
    /// # Errors
    ///
    /// Where many times of a series stand twice.
    pub(crate) fn sort(&self, series: &mut [Vec<usize>], notes: &mut Vec<String>) -> Result<(), DataError> {
        let (mut unsorted, mut repeated, mut gaps) = (0, Vec::new(), Vec::new());
        for rows in series.iter_mut() {
            if rows.windows(2).any(|pair| self.times[pair[1]] < self.times[pair[0]]) {
                unsorted += 1;
                rows.sort_by(|left, right| self.times[*left].total_cmp(&self.times[*right]));
            }
            let step = |pair: &[usize]| self.times[pair[1]] - self.times[pair[0]];
            repeated.extend(rows.windows(2).filter(|pair| step(pair) == 0.0).map(|pair| [pair[0], pair[1]]));
            let mut steps: Vec<f64> = rows.windows(2).map(step).filter(|step| *step > 0.0).collect();
            steps.sort_by(f64::total_cmp);
            if let Some(usual) = steps.get(steps.len() / 2) {
                // Months have 28 to 31 days.
                gaps.extend(rows.windows(2).filter(|pair| step(pair) > 1.5 * usual).map(|pair| [pair[0], pair[1]]));
            }
        }
        let Table { name: file, names, records, lines, .. } = self.table;
        let name = &names[self.column];
        if unsorted > 0 {
            let of =
                if series.len() > 1 { format!(" of {unsorted} of {} series", series.len()) } else { String::new() };
            notes.push(format!("{file}: the rows{of} are not in the order of `{name}`, and are sorted by it"));
        }
        if let Some([left, right]) = repeated.first() {
            let twice = format!(
                "{file}:{}: `{name}` is {} as in line {}",
                lines[*right],
                records[*right][self.column].trim(),
                lines[*left]
            );
            if repeated.len() * 1000 > records.len() * REPEATED {
                return Err(DataError::new(
                    format!("{twice}; {} times stand twice in a series", repeated.len()),
                    "remove one of the rows; or name the column that tells the series apart with `data.id`",
                ));
            }
            notes.push(format!("{twice}; both are read, one after the other (such times: {})", repeated.len()));
        }
        if let Some([left, right]) = gaps.first() {
            notes.push(format!(
                "{file}:{}: `{name}` leaves steps out behind line {} (such gaps: {}): what follows is read as the next \
                 step; rows with empty cells fill a gap",
                lines[*right],
                lines[*left],
                gaps.len()
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(cells: &[&str]) -> Result<(Vec<usize>, Vec<String>), String> {
        let table = Table {
            name: "x.csv".into(),
            names: vec!["date".into(), "hour".into()],
            named: true,
            records: cells.iter().map(|cell| cell.split(',').chain([""]).take(2).collect()).collect(),
            lines: (2..).take(cells.len()).collect(),
            notes: Vec::new(),
        };
        let mut notes = Vec::new();
        let mut series = [(0..cells.len()).collect::<Vec<_>>()];
        let hours = cells[0].contains(',').then_some(1);
        let columns = Columns { time: Some(0), hours, ..Columns::default() };
        if let Some(clock) = Clock::read(&table, &columns, &mut notes) {
            clock.sort(&mut series, &mut notes).map_err(|error| error.to_string())?;
        }
        Ok((series[0].clone(), notes))
    }

    #[test]
    fn even_steps_in_order_say_nothing() {
        assert_eq!(sorted(&["2021-01-31", "2021-02-28", "2021-03-31"]), Ok((vec![0, 1, 2], vec![])));
    }

    #[test]
    fn dates_that_either_order_fits_are_told() {
        let (rows, notes) = sorted(&["01/01/2024", "01/02/2024", "01/03/2024"]).unwrap();
        assert_eq!(rows, [0, 1, 2]);
        assert_eq!(
            notes,
            ["x.csv: no date of `date` tells the day from the month, such as `01/02/2024`: they are read with the \
                 day first; if `MM/DD/YYYY` is meant, write the dates as `YYYY-MM-DD`"]
        );
        assert_eq!(sorted(&["30/01/2024", "31/01/2024", "01/02/2024"]), Ok((vec![0, 1, 2], vec![])));
    }

    #[test]
    fn unsorted_rows_are_sorted_and_told() {
        let (rows, notes) = sorted(&["2021-01-03", "2021-01-02", "2021-01-01"]).unwrap();
        assert_eq!(rows, [2, 1, 0]);
        assert_eq!(notes, ["x.csv: the rows are not in the order of `date`, and are sorted by it"]);
    }

    #[test]
    fn hours_may_have_a_column_of_their_own() {
        let (rows, notes) = sorted(&["2021-01-02,00:00", "2021-01-01,23:00", "2021-01-02,01:00"]).unwrap();
        assert_eq!((rows, notes.len()), (vec![1, 0, 2], 1));
    }

    #[test]
    fn a_gap_is_told_by_its_lines() {
        let (_, notes) = sorted(&["2021-01-01", "2021-01-02", "2021-01-05", "2021-01-06"]).unwrap();
        assert!(notes[0].contains("x.csv:4: `date` leaves steps out behind line 3 (such gaps: 1)"), "{notes:?}");
    }

    #[test]
    fn repeated_times_are_refused_by_line_and_a_rare_one_is_told() {
        let message = sorted(&["2021-01-01", "2021-01-01", "2021-01-02"]).unwrap_err();
        assert!(message.contains("x.csv:3: `date` is 2021-01-01 as in line 2"), "{message}");
        let mut cells: Vec<String> =
            (0..200).map(|hour| format!("2021-01-{:02} {:02}:00", 1 + hour / 24, hour % 24)).collect();
        cells[3] = cells[2].clone();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let (rows, notes) = sorted(&cells).unwrap();
        assert_eq!(rows, (0..200).collect::<Vec<_>>());
        assert!(notes[0].contains("x.csv:5: `date` is 2021-01-01 02:00 as in line 4; both are read"), "{notes:?}");
    }

    #[test]
    fn what_is_no_time_is_told() {
        let (rows, notes) = sorted(&["2021-01-01", "soon"]).unwrap();
        assert_eq!(rows, [0, 1]);
        assert!(notes[0].contains("x.csv:3: `date` is `soon`, which is read as no time"), "{notes:?}");
    }
}
