//! A table that looks long, and what is said where it may be none.

use crate::formats::table::cells_of_file::Table;

/// The columns that look like those of a long table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Guess {
    /// `None` where no one column parts the rows.
    pub(super) id: Option<usize>,
    /// `None` where a name tells the series, and nothing the step.
    pub(super) time: Option<usize>,
    pub(super) doubt: Option<Doubt>,
    /// Whether a label holds through each series.
    pub(super) labelled: bool,
}

impl Guess {
    pub(super) fn with(id: usize, time: Option<usize>, doubt: Doubt) -> Self {
        Self { id: Some(id), time, doubt: Some(doubt), labelled: false }
    }

    /// One line for people, in which each row is a series.
    pub(super) fn told(&self, table: &Table) -> String {
        let Table { name: file, names, records, lines, .. } = table;
        let series = self.id.map_or(String::new(), |id| format!("`{}`", names[id]));
        let time = self.time.map_or(String::new(), |time| format!("`{}`", names[time]));
        let alone = "each row is read as a series by itself";
        match self.doubt {
            Some(Doubt::Label { column, row }) => format!(
                "{file}:{}: `{}` is `{}`, and another before in the same series by {series}, so that {alone}; \
                 `data.id` and `data.time` make a long table of it, without this label",
                lines[row],
                names[column],
                records[row][column].trim()
            ),
            Some(Doubt::Twice { row, before }) => format!(
                "{file}:{}: {time} is as in line {} of the same series by {series}, and not only there: {alone}; \
                 what tells series and step of a long table is named with `data.id` and `data.time`",
                lines[row], lines[before]
            ),
            _ if self.id.is_none() => format!(
                "{file}: {time} begins again and again as in a long table, and no one column tells the series: \
                 {alone}; what tells series and step is named with `data.id` and `data.time`; `[data.windows]` cuts \
                 one recording"
            ),
            _ => format!(
                "{file}: {series} may tell the series and {time} the step of a long table: {alone}; name the two with \
                 `data.id` and `data.time`, or write `data.format = \"csv\"`"
            ),
        }
    }
}

/// Why a table that looks long may be none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Doubt {
    /// Neither names nor a label say so.
    Looks,
    /// A label is another in this row than before in the same series.
    Label { column: usize, row: usize },
    /// Series have a time twice, as this row and the one before.
    Twice { row: usize, before: usize },
}
