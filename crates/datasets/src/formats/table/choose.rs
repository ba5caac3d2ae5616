//! Which column of a training table is what, where the config does not say: by names first, then by what the cells look
//! like. What could be meant otherwise is told.

use csv::StringRecord;

use crate::error::DataError;
use crate::formats::ReadOptions;
use crate::formats::table::label::ENOUGH;
use crate::formats::table::layout::LayoutKind;
use crate::formats::table::names::{are_names, column_place, identifier_of_rows, is_clock, is_identifier};
use crate::formats::table::profile::{Profile, are_one, sampled};
use crate::formats::table::view::View;
use crate::formats::table::{Columns, TEXT, is_target};

/// The columns of a table by the config, by names and by content.
///
/// # Errors
///
/// A column that the config names and the table lacks, or that it names for two things.
pub(crate) fn choose(
    file: &str,
    names: &[String],
    named: bool,
    records: &[StringRecord],
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Columns, DataError> {
    let profiles = (0..names.len()).map(|column| Profile::of(records, column)).collect();
    let identifier = |free: &dyn Fn(&usize) -> bool| identifier_of_rows(names, named, free, &are_names(records));
    let alike = |one: usize, other: usize| are_one(sampled(records), one, other);
    let rows = records.len();
    by_looks(Looks { file, names, named, rows, profiles, identifier: &identifier, alike: &alike }, options, notes)
}

/// What tells the columns of a table: their names, and what their cells look like.
pub(in crate::formats) struct Looks<'a> {
    pub(in crate::formats) file: &'a str,
    pub(in crate::formats) names: &'a [String],
    pub(in crate::formats) named: bool,
    pub(in crate::formats) rows: usize,
    pub(in crate::formats) profiles: Vec<Profile>,
    /// The column of what rows are called, among those that are free.
    pub(in crate::formats) identifier: Identifier<'a>,
    /// Whether two columns say the same in other words.
    pub(in crate::formats) alike: &'a dyn Fn(usize, usize) -> bool,
}

/// Finds a column among those that are free.
type Identifier<'a> = &'a dyn Fn(&dyn Fn(&usize) -> bool) -> Option<usize>;

/// As [`choose`], of a table whose cells have been looked at.
///
/// # Errors
///
/// As those of [`choose`].
pub(in crate::formats) fn by_looks(
    looks: Looks<'_>,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Columns, DataError> {
    let Looks { file, names, named, rows, profiles, identifier, alike } = looks;
    let place = |key: &str, wanted: &str| column_place(file, names, key, wanted);
    let id = options.id.as_ref().map(|name| place("id", name)).transpose()?;
    let group = options.group.as_ref().map(|name| column_place(file, names, "labels.group", name)).transpose()?;
    let view = View { file, names, named, profiles, id, group };
    let given: Vec<usize> = options.features.iter().map(|name| place("features", name)).collect::<Result<_, _>>()?;
    let text = match &options.text {
        Some(name) => Some(place("text", name)?),
        None if !given.is_empty() => None,
        None => (0..names.len())
            .find(|column| names[*column].eq_ignore_ascii_case(TEXT) && !view.profiles[*column].is_numeric()),
    };
    let named_inputs: Vec<usize> = text.iter().chain(&given).copied().collect();
    let target = options.target.as_ref().map(|name| place("target", name)).transpose()?;
    if let Some(column) = target.filter(|column| named_inputs.contains(column)) {
        let key = if text == Some(column) { "text" } else { "features" };
        return Err(DataError::new(
            format!("{file}: `data.target` and `data.{key}` both name the column `{}`", names[column]),
            format!("leave it out of one of them: what is to be learned cannot be read from `data.{key}`"),
        ));
    }
    let mut beside = Vec::new();
    let rest = view.rest(&named_inputs, target, &mut beside);
    let target = target.or_else(|| view.named_target(&rest, notes));
    // What goes by a label's name is no input: it would tell the label. Numbers may be called `y` or `target`, too.
    let (labels, rest): (Vec<usize>, Vec<usize>) = match target {
        Some(target) => {
            let value = |column: usize| view.may_be_value(column) && !alike(column, target);
            let label = |column: &usize| named && is_target(&names[*column]) && !value(*column);
            rest.into_iter().filter(|column| *column != target).partition(label)
        }
        None => (Vec::new(), rest),
    };
    beside.extend(labels.into_iter().map(|column| (column, "another label")));
    beside.sort_unstable_by_key(|(column, _)| *column);

    let mut columns = if named_inputs.is_empty() {
        view.by_content(rest, target, options.supervised, &mut beside, notes)
    } else {
        let texts = text.is_some() || given.iter().any(|column| !view.profiles[*column].is_numeric());
        let target = target.or_else(|| view.target_beside(&named_inputs, text, &rest, notes));
        Columns {
            target,
            inputs: named_inputs,
            kind: if texts { LayoutKind::Text } else { LayoutKind::Wide },
            ..Columns::default()
        }
    };
    if columns.kind == LayoutKind::Wide && columns.inputs.len() == 1 && rows >= ENOUGH {
        notes.push(format!(
            "{file}: each row is read as a series of one step; where a row is a step, name the columns that tell \
             series and step with `data.id` and `data.time`, or add `[data.windows]`"
        ));
    }
    if text.is_none() && given.is_empty() {
        notes.extend(view.measured(&columns, &beside));
    }
    if columns.kind == LayoutKind::Wide && given.is_empty() {
        notes.extend(view.clock_of_rows(&columns, rows).or_else(|| view.tells_rows(&columns.inputs)));
    }
    // The UCR archive's tables have no names, or those that a data frame gives, begin with the class and fill short
    // series up.
    let nameless = !named || names.first().is_some_and(|name| name == "0");
    columns.padded = columns.kind == LayoutKind::Wide && nameless && columns.target == Some(0);
    columns.id = view.id.or_else(|| {
        let free = |column: &usize| Some(*column) != columns.target && !columns.inputs.contains(column);
        identifier(&free)
    });
    if options.text.is_none() && given.is_empty() && !beside.is_empty() {
        let shown: Vec<String> =
            beside.iter().map(|(column, what)| format!("{} ({what})", view.shown(*column))).collect();
        notes.push(format!("{file}: left out: {}; `data.features` chooses other columns", shown.join(", ")));
    }
    Ok(columns)
}

impl View<'_> {
    /// Columns that may be read or be the label: without row numbers, identifiers and dates, which are noted in
    /// `beside`.
    fn rest(&self, inputs: &[usize], target: Option<usize>, beside: &mut Vec<(usize, &'static str)>) -> Vec<usize> {
        let free: Vec<usize> =
            (0..self.names.len()).filter(|column| !inputs.contains(column) && Some(*column) != target).collect();
        let others_count =
            free.iter().all(|column| self.profiles[*column].counts || !self.profiles[*column].is_numeric());
        let what = |column: usize| -> Option<&'static str> {
            let (profile, name) = (&self.profiles[column], self.names[column].as_str());
            if Some(column) == self.id || Some(column) == self.group {
                return Some(if Some(column) == self.id { "an identifier" } else { "groups" });
            }
            if self.named && is_target(name) {
                return None;
            }
            if profile.is_empty() {
                return Some("empty");
            }
            let unnamed = self.named && (name.is_empty() || name.starts_with("Unnamed:"));
            if unnamed && (profile.is_whole() || profile.is_distinct()) {
                return Some("no name: row numbers");
            }
            if column == 0 && profile.counts && free.len() > 2 && !others_count {
                return Some("row numbers");
            }
            if self.named && is_identifier(name) && (profile.is_whole() || !profile.is_numeric()) {
                return Some("an identifier");
            }
            if profile.is_time() || (self.named && is_clock(name) && profile.is_like_clock()) {
                return Some("dates");
            }
            None
        };
        let (out, rest): (Vec<usize>, Vec<usize>) = free.iter().copied().partition(|column| what(*column).is_some());
        // A table of nothing else is read as it is.
        if rest.is_empty() && inputs.is_empty() {
            return out;
        }
        beside.extend(out.into_iter().filter_map(|column| Some((column, what(column)?))));
        rest
    }

    /// Whether a column that goes by a label's name may be one of values: coordinates are called `y`, sensors `target`.
    fn may_be_value(&self, column: usize) -> bool {
        let name = self.names[column].trim().to_lowercase();
        self.profiles[column].is_numeric() && ["y", "target"].contains(&name.as_str())
    }

    /// Numbers are a series, texts a text; of both together what there is more of.
    fn by_content(
        &self,
        rest: Vec<usize>,
        target: Option<usize>,
        supervised: bool,
        beside: &mut Vec<(usize, &'static str)>,
        notes: &mut Vec<String>,
    ) -> Columns {
        let (numbers, texts): (Vec<usize>, Vec<usize>) =
            rest.iter().partition(|column| self.profiles[**column].is_numeric());
        let prose = texts.iter().filter(|column| self.profiles[**column].is_prose()).count();
        if texts.is_empty() {
            let target = target.or_else(|| self.target_of_numbers(&numbers, supervised, notes));
            let inputs = numbers.into_iter().filter(|column| Some(*column) != target).collect();
            return Columns { target, inputs, ..Columns::default() };
        }
        let word = |column: &usize| !self.profiles[*column].repeats() && !self.profiles[*column].is_code();
        let words = texts.iter().any(word);
        if numbers.len() <= 4 * prose || numbers.is_empty() || (numbers.len() == 1 && words) {
            return self.of_texts(&rest, target, supervised, beside, notes);
        }
        let target = target.or_else(|| self.target_beside_words(&numbers, &texts, notes));
        if numbers.iter().all(|column| Some(*column) == target) {
            return self.of_texts(&rest, target, supervised, beside, notes);
        }
        let target = target.or_else(|| self.target_of_numbers(&numbers, supervised, notes));
        beside.extend(texts.into_iter().filter(|column| Some(*column) != target).map(|column| (column, "no numbers")));
        beside.sort_unstable_by_key(|(column, _)| *column);
        let inputs = numbers.into_iter().filter(|column| Some(*column) != target).collect();
        Columns { target, inputs, ..Columns::default() }
    }

    /// The label of a table of texts, and its texts.
    fn of_texts(
        &self,
        rest: &[usize],
        target: Option<usize>,
        supervised: bool,
        beside: &mut Vec<(usize, &'static str)>,
        notes: &mut Vec<String>,
    ) -> Columns {
        // Only in a series a number that goes by a label's name is a value.
        let label = |column: &usize| target.is_some() && self.named && is_target(&self.names[*column]);
        let (labels, rest): (Vec<usize>, Vec<usize>) = rest.iter().copied().partition(label);
        beside.extend(labels.into_iter().map(|column| (column, "another label")));
        let found = target.or_else(|| match rest[..] {
            [] | [_] => None,
            _ => self.class_among(&rest, notes),
        });
        let target = found.or_else(|| {
            // A few rows do not tell.
            let first = *rest
                .first()
                .filter(|first| rest.len() > 1 && (supervised || self.profiles[**first].cells < ENOUGH))?;
            self.tell(first, notes);
            Some(first)
        });
        if target.is_none() && rest.len() > 1 {
            notes.push(format!("{}: no column is taken for the label; `data.target` names one", self.file));
        }
        let others = || rest.iter().copied().filter(|column| Some(*column) != target);
        // Beside texts of several words, single words and numbers are something else.
        let any_prose = others().any(|column| self.profiles[column].is_prose());
        let (inputs, rest): (Vec<usize>, Vec<usize>) =
            others().partition(|column| !any_prose || self.profiles[*column].is_prose());
        beside.extend(rest.into_iter().map(|column| (column, "beside texts")));
        beside.sort_unstable_by_key(|(column, _)| *column);
        Columns { target, inputs, kind: LayoutKind::Text, ..Columns::default() }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixtures::file;
    use crate::formats::table::tests::{first, rows, rows_of, table, told};
    use crate::formats::{ReadOptions, read};

    #[test]
    fn row_numbers_of_other_programs_are_no_step() {
        let class = |row: usize| ["a", "b"][row % 2];
        for (name, names, from) in [
            ("pandas.csv", ",t0,t1,label", 0),
            ("again.csv", "Unnamed: 0,t0,t1,label", 0),
            ("r.csv", "\"\",\"t0\",\"t1\",\"label\"", 1),
            ("reset.csv", "index,t0,t1,label", 0),
            ("bare.csv", "", 0),
            ("named.csv", "sample,t0,t1,label", 0),
        ] {
            let rows = rows(name, &table(names, |row| format!("{},0.5,{row}.25,{}", row + from, class(row))));
            assert_eq!(first(&rows), [0.5, 0.25], "{name}");
            assert_eq!(rows.labels[..3], ["a", "b", "a"], "{name}");
            told(&rows, "left out: ");
        }
        // After a shuffle they count no more.
        let rows =
            rows("shuffled.csv", &table(",t0,t1,label", |row| format!("{},0.5,{row}.25,{}", row * 7 % 6, class(row))));
        assert_eq!(first(&rows), [0.5, 0.25]);
    }

    #[test]
    fn the_row_names_of_write_table_have_no_name_above_them() {
        let rows = rows(
            "write-table.csv",
            &table("\"t0\",\"t1\",\"label\"", |row| format!("\"{}\",0.5,{row}.25,\"{}\"", row + 1, row % 2)),
        );
        assert_eq!((first(&rows), &rows.labels[..2]), (&[0.5, 0.25][..], &["0".to_string(), "1".into()][..]));
    }

    #[test]
    fn identifiers_names_and_dates_beside_a_series_are_left_out_and_told() {
        let rows = rows(
            "beside.csv",
            &table("customer_id,Customer,since,Jan,Feb,Mar,target", |row| {
                format!("{},C{row:03},2020-01-0{},0.5,{row}.25,7,{}", 900 + row, row + 1, ["odd", "even"][row % 2])
            }),
        );
        assert_eq!((first(&rows), &rows.labels[1][..]), (&[0.5, 0.25, 7.0][..], "even"));
        told(
            &rows,
            "left out: `customer_id` (an identifier), `Customer` (no numbers), `since` (dates); `data.features`",
        );
    }

    #[test]
    fn a_table_of_numbers_stays_one_beside_a_column_of_words() {
        let text = table("place,t0,t1,t2,t3,t4,kind", |row| format!("the old town {row},1,2,3,4,5.5,{}", row % 2));
        let rows = rows("words.csv", &text);
        assert_eq!(first(&rows), [1.0, 2.0, 3.0, 4.0, 5.5]);
        assert_eq!(rows.labels[..2], ["0", "1"]);
        told(&rows, "`place` (no numbers)");
    }

    #[test]
    fn a_clock_of_fractions_is_left_out() {
        for name in ["time", "Time (s)", "timestamp [ms]", "time_s"] {
            let text =
                table(&format!("{name},t0,t1,label"), |row| format!("{}.0{row},0.5,{row}.25,{}", row / 3, row % 2));
            let rows = rows("fractions.csv", &text);
            assert_eq!(first(&rows), [0.5, 0.25], "{name}");
            told(&rows, "(dates)");
        }
    }

    #[test]
    fn dates_and_codes_beside_however_few_numbers_make_no_text() {
        type Cell = fn(usize) -> String;
        let first_cells: [(&str, Cell); 7] = [
            ("week", |row| format!("2020-W{:02}", 7 * row + 1)),
            ("quarter", |row| format!("Q{} {}", row % 4 + 1, 2000 + row / 4)),
            ("quarter", |row| format!("{}Q{}", 2000 + row / 4, row % 4 + 1)),
            ("month", |row| format!("2000-{:02}", row + 1)),
            ("when", |row| format!("slot-{}", row * 7 % 10)),
            ("weight", |row| format!("{row}.5kg")),
            ("took", |row| format!("{row}h {}m", row * 9)),
        ];
        for (name, cell) in first_cells {
            for numbers in 1..5 {
                for label in ["", ",label"] {
                    let names: String = (0..numbers).map(|number| format!(",v{number}")).collect();
                    let text = table(&format!("{name}{names}{label}"), |row| {
                        let values: String = (0..numbers).map(|number| format!(",{row}.{number}5")).collect();
                        let class = if label.is_empty() { "" } else { [",up", ",down"][row % 2] };
                        format!("{}{values}{class}", cell(row))
                    });
                    let rows = rows("narrow.csv", &text);
                    let expected: Vec<f32> =
                        (0..numbers).map(|number| format!("0.{number}5").parse().unwrap()).collect();
                    assert_eq!(first(&rows), expected, "{text}");
                    assert_eq!(rows.labels[1], if label.is_empty() { "" } else { "down" }, "{text}");
                    told(&rows, &format!("left out: `{name}` ("));
                }
            }
        }
    }

    #[test]
    fn texts_stay_texts_beside_an_identifier_and_a_score() {
        let short = |row: usize| ["good", "so so", "not again", "never", "fine", "I like it"][row];
        for (name, names) in
            [("s.csv", "text,label"), ("o.csv", "opinion,score,mood"), ("i.csv", "no,opinion,score,mood")]
        {
            let rows = rows(
                name,
                &table(names, |row| {
                    let id = if names.starts_with("no") { format!("r{row},") } else { String::new() };
                    let score = if names.contains("score") { format!("0.{row},") } else { String::new() };
                    format!("{id}{},{score}{}", short(row), ["pos", "neg"][row % 2])
                }),
            );
            let crate::sequence::Sequence::Text(text) = &rows.sequences[1] else { panic!("{name}: a text") };
            assert!(text.contains("so so"), "{name}: {text}");
            assert_eq!(rows.labels[..2], ["pos", "neg"], "{name}");
        }
    }

    #[test]
    fn numbers_called_y_or_target_are_values_beside_another_label() {
        let class = |row: usize| ["up", "down"][row % 2];
        for (name, names, label) in [
            ("coordinates.csv", "x,y,z,class", "class"),
            ("target.csv", "a,b,target,label", "label"),
            ("first.csv", "label,y,x,z", "label"),
            ("numbers.csv", "x,y,z,label", "label"),
        ] {
            let cells = |row: usize| match names.starts_with("label") {
                true => format!("{},0.5,{row}.25,{}", class(row), row % 4),
                false => format!("0.5,{row}.25,{},{}", row % 4, class(row)),
            };
            let rows = rows(name, &table(names, cells));
            assert_eq!((first(&rows), &rows.labels[1][..]), (&[0.5, 0.25, 0.0][..], "down"), "{name}");
            told(&rows, &format!("`{label}` is taken for the label, and not "));
            assert!(!rows.notes.iter().any(|note| note.contains("left out")), "{:?}", rows.notes);
        }
        let options = ReadOptions { target: Some("class".into()), ..Default::default() };
        let rows =
            rows_of("asked.csv", &table("x,y,class", |row| format!("{row}.5,{row}.25,{}", class(row))), &options);
        assert_eq!(first(&rows), [0.5, 0.25]);
    }

    #[test]
    fn a_label_in_other_words_is_no_value_and_told() {
        let text = table("x,z,y,class", |row| format!("0.5,{row}.25,{},{}", row % 2, ["up", "down"][row % 2]));
        let found = rows("twice.csv", &text);
        assert_eq!((first(&found), &found.labels[1][..]), (&[0.5, 0.25][..], "down"));
        told(&found, "left out: `y` (another label)");
        let text = table("t0,category,t1,label", |row| format!("0.5,{row},{row}.25,{}", row % 2));
        told(&rows("category.csv", &text), "left out: `category` (another label)");
        // Beside texts a number is no part of them.
        let text = table("text,y,label", |row| format!("what a day {row},0.{row},{}", row % 2));
        let found = rows("score.csv", &text);
        assert_eq!(found.sequences[1], crate::sequence::Sequence::Text("what a day 1".into()));
    }

    #[test]
    fn missing_cells_are_missing_values() {
        for mark in ["NaN", "", "?", "NA", "null", "-", "N/A", "#N/A", "None"] {
            let rows = rows(
                "missing.csv",
                &table("t0,t1,label", |row| format!("{},{row}.5,{}", if row == 0 { mark } else { "2" }, row % 2)),
            );
            assert!(first(&rows)[0].is_nan() && first(&rows)[1] == 0.5, "{mark}");
        }
        let empty = read(&file("no-value.csv", "t0,t1,label\n1,2,a\nNA,NA,b\n"), None, &ReadOptions::default());
        assert!(empty.unwrap_err().in_full().contains("no-value.csv:3: no column holds a value"));
    }
}
