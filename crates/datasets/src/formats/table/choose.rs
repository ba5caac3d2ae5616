//! Which column of a training table is what, where the config does not say: by names first, then by what the cells look like.
//! What could be meant otherwise is told.

use std::collections::HashSet;

use csv::StringRecord;
use semiseq_schema::nearest;

use crate::formats::table::layout::Kind;
use crate::formats::table::profile::Profile;
use crate::formats::table::{Columns, TARGETS, TEXT, is_target, listed};

use crate::error::DataError;
use crate::formats::{ReadOptions, is_missing};

/// Rows from which a column of words that never come again is no column of classes.
const ENOUGH: usize = 5;

/// A table with what its columns look like.
struct View<'a> {
    file: &'a str,
    names: &'a [String],
    named: bool,
    profiles: Vec<Profile>,
    /// The columns of names of rows and of groups, where the config tells them.
    id: Option<usize>,
    group: Option<usize>,
}

/// Where the column stands that `data.KEY` names.
pub(crate) fn column_place(file: &str, names: &[String], key: &str, wanted: &str) -> Result<usize, DataError> {
    let count = names.iter().filter(|name| *name == wanted).count();
    if count > 1 {
        return Err(DataError::new(
            format!("{file}: {count} columns are called `{wanted}`, which `data.{key}` names"),
            "give each its own name",
        ));
    }
    names.iter().position(|name| name == wanted).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = match nearest(wanted, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("columns: {}", known.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
        };
        DataError::new(format!("{file}: there is no column `{wanted}`, which `data.{key}` names"), hint)
    })
}

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
    let place = |key: &str, wanted: &str| column_place(file, names, key, wanted);
    let profiles = (0..names.len()).map(|column| Profile::of(records, column)).collect();
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
    // What goes by a label's name is no input: it would tell the label.
    let label = |column: &usize| Some(*column) == target || (named && target.is_some() && is_target(&names[*column]));
    let rest: Vec<usize> = rest.into_iter().filter(|column| !label(column)).collect();

    let mut columns = if named_inputs.is_empty() {
        view.by_content(rest, target, options.supervised, &mut beside, notes)
    } else {
        let texts = text.is_some() || given.iter().any(|column| !view.profiles[*column].is_numeric());
        let target = target.or_else(|| view.target_beside(&named_inputs, text, &rest, notes));
        Columns {
            target,
            inputs: named_inputs,
            kind: if texts { Kind::Text } else { Kind::Wide },
            ..Columns::default()
        }
    };
    if columns.kind == Kind::Wide && columns.inputs.len() == 1 && records.len() >= ENOUGH {
        notes.push(format!(
            "{file}: each row is read as a series of one step; where a row is a step, name the columns that tell series and step with \
             `data.id` and `data.time`, or add `[data.windows]`"
        ));
    }
    // The UCR archive's tables have no names, or those that a data frame gives, begin with the class and fill short series up.
    let nameless = !named || names.first().is_some_and(|name| name == "0");
    columns.id = view.id.or_else(|| {
        let free = |column: &usize| Some(*column) != columns.target && !columns.inputs.contains(column);
        identifier_of_rows(names, named, records, free)
    });
    columns.padded = columns.kind == Kind::Wide && nameless && columns.target == Some(0);
    if options.text.is_none() && given.is_empty() && !beside.is_empty() {
        let shown: Vec<String> =
            beside.iter().map(|(column, what)| format!("{} ({what})", view.shown(*column))).collect();
        notes.push(format!("{file}: left out: {}; `data.features` chooses other columns", shown.join(", ")));
    }
    Ok(columns)
}

impl View<'_> {
    /// A column by its name, or by its number.
    fn shown(&self, column: usize) -> String {
        let name = &self.names[column];
        if self.named && !name.is_empty() { format!("`{name}`") } else { format!("column {}", column + 1) }
    }

    /// Columns that may be read or be the label: without row numbers, identifiers and dates, which are noted in `beside`.
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

    /// The column that goes by a usual name of labels; of several the likeliest.
    fn named_target(&self, rest: &[usize], notes: &mut Vec<String>) -> Option<usize> {
        let all: Vec<usize> = TARGETS
            .iter()
            .flat_map(|name| {
                rest.iter().copied().filter(move |column| self.names[*column].trim().eq_ignore_ascii_case(name))
            })
            .collect();
        let target = *all.first().filter(|_| self.named)?;
        if all.len() > 1 {
            let names: Vec<String> = all[1..].iter().map(|column| self.names[*column].clone()).collect();
            notes.push(format!(
                "{}: `{}` is taken for the label, and not {}; `data.target` names another",
                self.file,
                self.names[target],
                listed(&names)
            ));
        }
        Some(target)
    }

    /// The label beside columns that the config names: the last column of a table of numbers; beside a text the only other one,
    /// or the first of a few classes.
    fn target_beside(
        &self,
        inputs: &[usize],
        text: Option<usize>,
        rest: &[usize],
        notes: &mut Vec<String>,
    ) -> Option<usize> {
        let texts = text.is_some() || inputs.iter().any(|column| !self.profiles[*column].is_numeric());
        if !texts {
            return rest.last().copied().filter(|column| column + 1 == self.names.len());
        }
        match rest[..] {
            [one] => Some(one),
            _ => self.class_among(rest, notes),
        }
    }

    /// The column of a few classes that come again and again, of several that of the fewest; one that is filled in most rows comes
    /// before one that is not, which may be a remark.
    fn class_among(&self, columns: &[usize], notes: &mut Vec<String>) -> Option<usize> {
        let all: Vec<usize> =
            columns.iter().copied().filter(|column| self.profiles[*column].may_be_classes()).collect();
        let target = self.fewest_classes(&all, |all| all.first().copied())?;
        if all.len() > 1 {
            self.tell(target, notes);
        }
        Some(target)
    }

    /// Of columns that may be labels that of the fewest classes, of those that are filled where any is; `tie` chooses between
    /// equals.
    fn fewest_classes(&self, all: &[usize], tie: impl Fn(&[usize]) -> Option<usize>) -> Option<usize> {
        let filled = all.iter().any(|column| self.profiles[*column].is_filled());
        let likely = || all.iter().copied().filter(|column| !filled || self.profiles[*column].is_filled());
        let fewest = likely().map(|column| self.profiles[column].distinct).min()?;
        tie(&likely().filter(|column| self.profiles[*column].distinct == fewest).collect::<Vec<_>>())
    }

    /// The label of a table of numbers with columns of words beside them: a column of words that come again, or the first or last
    /// number where it looks like classes and most others do not; of several that of the fewest classes, of equals the last.
    fn target_beside_words(&self, numbers: &[usize], texts: &[usize], notes: &mut Vec<String>) -> Option<usize> {
        let classes = |column: &usize| self.profiles[*column].may_be_classes();
        let values = numbers.iter().filter(|column| !classes(column)).count();
        let counted = |column: &usize| self.named && stem(&self.names[*column]).is_some();
        let ends = [numbers.first(), numbers.last()].into_iter().flatten().copied();
        let ends = ends.filter(|column| (numbers.len() == 1 || 2 * values > numbers.len()) && !counted(column));
        let mut all: Vec<usize> = texts.iter().copied().chain(ends).filter(classes).collect();
        all.sort_unstable();
        all.dedup();
        let target = self.fewest_classes(&all, |all| all.last().copied());
        if let Some(target) = target.filter(|_| all.len() > 1) {
            let others: Vec<String> =
                all.iter().filter(|column| **column != target).map(|column| self.shown(*column)).collect();
            notes.push(format!(
                "{}: {} is taken for the label, and not {}; `data.target` names another",
                self.file,
                self.shown(target),
                others.join(", ")
            ));
        }
        // A few rows do not show what comes again.
        target.or_else(|| match texts[..] {
            [one] if self.profiles[one].cells < ENOUGH && self.profiles[one].is_filled() => Some(one),
            [one] if !self.profiles[one].is_distinct() && !self.profiles[one].is_prose() => {
                let outside = numbers.iter().all(|column| one < *column) || numbers.iter().all(|column| *column < one);
                (outside && self.profiles[one].distinct >= 2).then_some(one)
            }
            _ => None,
        })
    }

    fn tell(&self, target: usize, notes: &mut Vec<String>) {
        notes.push(format!(
            "{}: {} is taken for the label; `data.target` names another",
            self.file,
            self.shown(target)
        ));
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
        let words = texts.iter().any(|column| !self.profiles[*column].repeats());
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
        let found = target.or_else(|| match rest {
            [] | [_] => None,
            _ => self.class_among(rest, notes),
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
        Columns { target, inputs, kind: Kind::Text, ..Columns::default() }
    }

    /// The label of a table of numbers: the first or the last column, where it holds a few whole numbers and the others do not,
    /// or where its name tells it from steps `t0`, `t1` …
    fn target_of_numbers(&self, numbers: &[usize], supervised: bool, notes: &mut Vec<String>) -> Option<usize> {
        let (&first, &last) = (numbers.first()?, numbers.last()?);
        let between = numbers.get(1..numbers.len() - 1).filter(|between| !between.is_empty());
        let Some(between) = between else {
            return self.last_if(last, supervised && numbers.len() > 1, notes);
        };
        let stem = |column: usize| self.named.then(|| stem(&self.names[column])).flatten();
        let steps = between.iter().all(|column| stem(*column).is_some() && stem(*column) == stem(between[0]));
        if steps {
            // Names t0, t1 … tell the steps; another name tells the label.
            let target = match (stem(first) == stem(between[0]), stem(last) == stem(between[0])) {
                (true, true) => return None,
                (false, true) => first,
                _ => last,
            };
            self.tell(target, notes);
            return Some(target);
        }
        if let Some(target) = self.other_than_steps(numbers) {
            self.tell(target, notes);
            return Some(target);
        }
        let classes = |column: usize| self.profiles[column].is_like_classes();
        let values = between.iter().filter(|column| !classes(**column)).count();
        if 2 * values > between.len() {
            let target = match (classes(first), classes(last)) {
                (_, true) => Some(last),
                (true, false) => Some(first),
                (false, false) => None,
            };
            if let Some(target) = target {
                let at_the_other_end = if target == last && classes(first) { ", and not the first column" } else { "" };
                notes.push(format!(
                    "{}: {} holds a few whole numbers and is taken for the label{at_the_other_end}; `data.target` names another",
                    self.file,
                    self.shown(target)
                ));
                return Some(target);
            }
        }
        self.last_if(last, supervised, notes)
    }

    /// The one column amid steps `t0`, `t1` … that has another name.
    fn other_than_steps(&self, numbers: &[usize]) -> Option<usize> {
        let step = |column: usize| {
            let name = self.names[column].trim();
            stem(name).and_then(|stem| Some((stem, name[stem.len()..].parse::<u64>().ok()?)))
        };
        // Of any two columns one at least is a step.
        let known = |name: Option<(&str, u64)>| {
            numbers
                .iter()
                .filter(|column| name.is_some() && step(**column).map(|own| own.0) == name.map(|own| own.0))
                .count()
        };
        let first = *numbers
            .get(..2)
            .filter(|_| self.named && numbers.len() > 3)?
            .iter()
            .max_by_key(|column| known(step(**column)))?;
        let own = step(first)?.0;
        let (steps, others): (Vec<usize>, Vec<usize>) =
            numbers.iter().partition(|column| step(**column).is_some_and(|(stem, _)| stem == own));
        let places: Vec<u64> = steps.iter().filter_map(|column| Some(step(*column)?.1)).collect();
        match others[..] {
            [one] if places.windows(2).all(|pair| pair[0] < pair[1]) => Some(one),
            _ => None,
        }
    }

    /// The last column as the label, where there has to be one.
    fn last_if(&self, last: usize, wanted: bool, notes: &mut Vec<String>) -> Option<usize> {
        let shown = self.shown(last);
        notes.push(match wanted {
            true => {
                format!("{}: the last column, {shown}, is taken for the label; `data.target` names another", self.file)
            }
            false => format!(
                "{}: no column is taken for the label, the last, {shown}, is a value; `data.target` names one",
                self.file
            ),
        });
        wanted.then_some(last)
    }
}

/// A name without its number: of `t12`, `V3`, `value_07` or `2001`. `None` where it ends in no digit, or is a place alone.
pub(crate) fn stem(name: &str) -> Option<&str> {
    let stem = name.trim().trim_end_matches(|letter: char| letter.is_ascii_digit());
    (stem.len() < name.trim().len() && !stem.is_empty()).then_some(stem)
}

/// The column of what rows are called: an identifier by its name that no two rows have. Row numbers say nothing new.
pub(crate) fn identifier_of_rows(
    names: &[String],
    named: bool,
    records: &[StringRecord],
    free: impl Fn(&usize) -> bool,
) -> Option<usize> {
    const NUMBERS: [&str; 7] = ["index", "idx", "row", "rownum", "no", "nr", "#"];
    let fits = |column: &usize| {
        let name = names[*column].trim().to_lowercase();
        let mut seen = HashSet::new();
        is_identifier(&name)
            && !NUMBERS.contains(&name.trim_end_matches('.'))
            && records.iter().all(|record| !is_missing(&record[*column]) && seen.insert(record[*column].trim()))
    };
    let mut all = (0..names.len()).filter(|_| named).filter(free).filter(fits).collect::<Vec<_>>().into_iter();
    let plain = all.clone().find(|column| names[*column].trim().eq_ignore_ascii_case("id"));
    plain.or_else(|| all.next())
}

/// Whether a name is one of rows: `id`, `PassengerId`, `patient_id`, `index`, `row`.
pub(super) fn is_identifier(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "id",
        "ids",
        "index",
        "idx",
        "row",
        "rowid",
        "row_id",
        "rownum",
        "rowname",
        "rownames",
        "row.names",
        "row_names",
        "no",
        "no.",
        "nr",
        "nr.",
        "#",
        "uuid",
        "guid",
        "level_0",
    ];
    let lower = name.trim().to_lowercase();
    let camel = name.trim().strip_suffix("Id").or_else(|| name.trim().strip_suffix("ID"));
    NAMES.contains(&lower.as_str())
        || ["_id", " id", "-id", ".id"].iter().any(|end| lower.ends_with(end))
        || camel.is_some_and(|before| before.ends_with(|letter: char| letter.is_lowercase()))
}

/// Whether a name is one of times, with a unit behind it or none (`time`, `Time (s)`, `timestamp_ms`), where a column of numbers
/// may be one.
pub(crate) fn is_clock(name: &str) -> bool {
    const UNITS: [&str; 10] = ["s", "sec", "secs", "second", "seconds", "ms", "us", "ns", "min", "h"];
    let name = name.trim().to_lowercase();
    let known = |name: &str| {
        ["time", "timestamp", "datetime", "date", "year", "unix", "epoch", "ds"].contains(&name.trim_end())
    };
    let bare = name.trim_end_matches([')', ']']);
    let unit = bare.rsplit_once(['(', '[', '_', ' ']).filter(|(_, unit)| UNITS.contains(unit));
    known(&name) || unit.is_some_and(|(name, _)| known(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::file;
    use crate::formats::{Rows, read};
    use crate::sequence::Sequence;
    use crate::series::Series;

    fn rows_of(name: &str, text: &str, options: &ReadOptions) -> Rows {
        read(&file(name, text), None, options).unwrap()
    }

    fn rows(name: &str, text: &str) -> Rows {
        rows_of(name, text, &ReadOptions::default())
    }

    fn first(rows: &Rows) -> &[f32] {
        let Sequence::Series(Series { values, .. }) = &rows.sequences[0] else { panic!("a series") };
        values
    }

    fn told(rows: &Rows, part: &str) {
        assert!(rows.notes.iter().any(|note| note.contains(part)), "`{part}` is not in {:?}", rows.notes);
    }

    /// `cells(row)` six times, below names.
    fn table(names: &str, cells: impl Fn(usize) -> String) -> String {
        let rows: String = (0..6).map(|row| cells(row) + "\n").collect();
        if names.is_empty() { rows } else { format!("{names}\n{rows}") }
    }

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
    fn names_of_steps_tell_that_the_last_column_is_no_label() {
        for (name, names) in [("pool.csv", "t0,t1,t2"), ("numbers.csv", "0,1,2"), ("bare-pool.csv", "")] {
            let rows = rows(name, &table(names, |row| format!("0.5,{row}.25,1.5{row}")));
            assert_eq!((first(&rows), &rows.labels[0][..]), (&[0.5, 0.25, 1.5][..], ""), "{name}");
        }
        // Where there has to be a label and names do not tell, it is the last.
        let options = ReadOptions { supervised: true, ..Default::default() };
        let rows = rows_of("price.csv", &table("rooms,size,price", |row| format!("0.5,{row}.25,1.5{row}")), &options);
        assert_eq!((first(&rows), &rows.labels[1][..]), (&[0.5, 0.25][..], "1.51"));
        told(&rows, "the last column, `price`, is taken for the label; `data.target` names another");
    }

    #[test]
    fn a_label_comes_first_under_any_name_where_the_looks_tell() {
        for (name, names) in [("first.csv", ""), ("first.tsv", ""), ("header.csv", "0,1,2,3"), ("v.csv", "V1,V2,V3,V4")]
        {
            let mark = if name.ends_with("tsv") { "\t" } else { "," };
            let text =
                table(&names.replace(',', mark), |row| format!("{},0.5,{row}.25,1.5{row}", row % 2).replace(',', mark));
            let rows = rows(name, &text);
            if name == "v.csv" {
                // Names of one kind count through all columns.
                assert_eq!(first(&rows), [0.0, 0.5, 0.25, 1.5], "{name}");
                continue;
            }
            assert_eq!(
                (first(&rows), &rows.labels[..2]),
                (&[0.5, 0.25, 1.5][..], &["0".to_string(), "1".into()][..]),
                "{name}"
            );
            told(&rows, "holds a few whole numbers and is taken for the label; `data.target` names another");
        }
        let rows = rows("mood.csv", &table("mood,t0,t1,t2", |row| format!("{},0.5,{row}.25,1", row % 2)));
        assert_eq!((first(&rows), &rows.labels[1][..]), (&[0.5, 0.25, 1.0][..], "1"));
        // As in the UCR archive, missing values at the end fill a shorter series up.
        let padded = rows_of(
            "padded.csv",
            &table("", |row| format!("{},0.5,{row}.25,{}", row % 2, if row == 0 { "NaN" } else { "1.5" })),
            &ReadOptions::default(),
        );
        assert_eq!(first(&padded), [0.5, 0.25]);
    }

    #[test]
    fn the_label_of_texts_is_the_column_of_a_few_classes() {
        let text = |row: usize| format!("the day in brief {row}");
        for (name, table) in [
            ("last.csv", table("review,sentiment", |row| format!("{},{}", text(row), ["pos", "neg"][row % 2]))),
            ("none.csv", table("", |row| format!("{},{}", text(row), ["pos", "neg"][row % 2]))),
            ("before.csv", table("", |row| format!("{},{}", ["pos", "neg"][row % 2], text(row)))),
            ("saved.csv", table(",review,sentiment", |row| format!("{row},{},{}", text(row), ["pos", "neg"][row % 2]))),
            (
                "stars.csv",
                table("user,stars,review,sentiment", |row| {
                    format!("u{row},{row}.5,{},{}", text(row), ["pos", "neg"][row % 2])
                }),
            ),
        ] {
            let rows = rows(name, &table);
            assert_eq!(rows.sequences[0], Sequence::Text(text(0)), "{name}");
            assert_eq!(rows.labels[..2], ["pos", "neg"], "{name}");
        }
        let news = rows("news-numbers.csv", &table("", |row| format!("{},team {row} wins,{}", 1 + row % 2, text(row))));
        assert_eq!(
            (&news.sequences[0], &news.labels[1][..]),
            (&Sequence::Text(format!("team 0 wins {}", text(0))), "2")
        );
    }

    #[test]
    fn of_two_columns_of_labels_the_likelier_is_taken_and_told() {
        let rows = rows("two.csv", &table("t0,category,t1,label", |row| format!("0.5,{row},{row}.25,{}", row % 2)));
        assert_eq!((first(&rows), &rows.labels[..2]), (&[0.5, 0.25][..], &["0".to_string(), "1".into()][..]));
        told(&rows, "`label` is taken for the label, and not `category`");
    }

    #[test]
    fn a_column_of_words_is_not_the_label_where_a_number_is_likelier() {
        let sex = |row: usize| ["m", "f"][row / 2 % 2].to_string();
        let name = |row: usize| format!("Mr Smith {}", row / 2 * 2);
        let comment = |row: usize| if row % 6 < 1 { "late".to_string() } else { String::new() };
        for (file, word) in
            [("sex.csv", &sex as &dyn Fn(usize) -> String), ("name.csv", &name), ("remark.csv", &comment)]
        {
            let lines: String =
                (0..24).map(|row| format!("1.{row},0.5,{row}.25,{},{}\n", word(row), row % 2)).collect();
            let found = rows(file, &format!("age,ldl,bmi,extra,outcome\n{lines}"));
            assert_eq!(found.labels[..2], ["0", "1"], "{file}");
            assert_eq!(first(&found), [1.0, 0.5, 0.25], "{file}");
        }
        let lines: String = (0..24).map(|row| format!("1.{row},0.5,{row}.25,{},{}\n", sex(row), row % 2)).collect();
        let found = rows("tie.csv", &format!("age,ldl,bmi,sex,outcome\n{lines}"));
        told(&found, "`outcome` is taken for the label, and not `sex`; `data.target` names another");
        // One column of words alone is the label still.
        let lines: String = (0..24).map(|row| format!("1.{row},0.5,{row}.25,{}\n", sex(row))).collect();
        assert_eq!(rows("alone.csv", &format!("age,ldl,bmi,kind\n{lines}")).labels[1..3], ["m", "f"]);
    }

    #[test]
    fn a_formula_beside_one_number_is_the_text_and_the_number_the_label() {
        let lines: String = (0..24).map(|row| format!("C{}N,{}\n", row / 4, row % 2)).collect();
        let found = rows("formula.csv", &format!("smiles,active\n{lines}"));
        assert_eq!(found.sequences[4], Sequence::Text("C1N".into()));
        assert_eq!(found.labels[..2], ["0", "1"]);
    }

    #[test]
    fn a_constant_or_nearly_empty_column_is_no_label() {
        let lines: String = (0..24)
            .map(|row| {
                format!(
                    "1.{row},0.5,A,{},{}\n",
                    ["", "x", "y"][[0, 1, 2][row % 12 % 3] * usize::from(row % 12 < 3)],
                    ["ill", "well", "so"][row % 3]
                )
            })
            .collect();
        let found = rows("constant.csv", &format!("t0,t1,site,remark,diagnosis\n{lines}"));
        assert_eq!(found.labels[..3], ["ill", "well", "so"]);
        told(&found, "`site` (no numbers), `remark` (no numbers)");
        // Where most labels are missing, the name tells them.
        let lines: String = (0..24)
            .map(|row| {
                format!("1.{row},0.5,{},{}\n", ["m", "f"][row % 2], if row < 4 { ["up", "down"][row % 2] } else { "" })
            })
            .collect();
        let found = rows("few-labels.csv", &format!("t0,t1,sex,label\n{lines}"));
        assert_eq!(found.labels[..5], ["up", "down", "up", "down", ""]);
    }

    #[test]
    fn a_label_amid_steps_is_found_by_its_name() {
        for (file, names, label) in [
            ("amid.csv", "t0,t1,quality,t2,t3", 2),
            ("second.csv", "t0,quality,t1,t2,t3", 1),
            ("before-last.csv", "t0,t1,t2,quality,t3", 3),
        ] {
            let cells = |row: usize, column: usize| {
                if column == label { format!("{}", row % 2) } else { format!("{column}.{row}5") }
            };
            let text = table(names, |row| (0..5).map(|column| cells(row, column)).collect::<Vec<_>>().join(","));
            let rows = rows(file, &text);
            assert_eq!((first(&rows).len(), &rows.labels[..2]), (4, &["0".to_string(), "1".into()][..]), "{file}");
            told(&rows, "`quality` is taken for the label");
        }
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
        assert!(!is_clock("times (x)") && !is_clock("rate_s") && is_clock("epoch"));
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
        assert!(empty.unwrap_err().to_string().contains("no-value.csv:3: no column holds a value"));
    }
}
