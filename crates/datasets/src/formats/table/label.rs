//! Which column of a training table holds the labels, where the config does not say: by its name first, then by what
//! its cells look like beside the others.

use crate::formats::table::names::stem;
use crate::formats::table::view::View;
use crate::formats::table::{TARGETS, listed};

/// Rows from which a column of words that never come again is no column of classes.
pub(super) const ENOUGH: usize = 5;

impl View<'_> {
    /// The column that goes by a usual name of labels; of several the likeliest.
    pub(super) fn named_target(&self, rest: &[usize], notes: &mut Vec<String>) -> Option<usize> {
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

    /// The label beside columns that the config names: the last column of a table of numbers; beside a text the only
    /// other one, or the first of a few classes.
    pub(super) fn target_beside(
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

    /// The column of a few classes that come again and again, of several that of the fewest; one that is filled in most
    /// rows comes before one that is not, which may be a remark.
    pub(super) fn class_among(&self, columns: &[usize], notes: &mut Vec<String>) -> Option<usize> {
        let all: Vec<usize> =
            columns.iter().copied().filter(|column| self.profiles[*column].may_be_classes()).collect();
        let target = self.fewest_classes(&all, |all| all.first().copied())?;
        if all.len() > 1 {
            self.tell(target, notes);
        }
        Some(target)
    }

    /// Of columns that may be labels that of the fewest classes, of those that are filled where any is; `tie` chooses
    /// between equals.
    fn fewest_classes(&self, all: &[usize], tie: impl Fn(&[usize]) -> Option<usize>) -> Option<usize> {
        let filled = all.iter().any(|column| self.profiles[*column].is_filled());
        let likely = || all.iter().copied().filter(|column| !filled || self.profiles[*column].is_filled());
        let fewest = likely().map(|column| self.profiles[column].distinct).min()?;
        tie(&likely().filter(|column| self.profiles[*column].distinct == fewest).collect::<Vec<_>>())
    }

    /// The label of a table of numbers with columns of words beside them: a column of words that come again, or the
    /// first or last number where it looks like classes and most others do not; of several that of the fewest classes,
    /// of equals the last.
    pub(super) fn target_beside_words(
        &self,
        numbers: &[usize],
        texts: &[usize],
        notes: &mut Vec<String>,
    ) -> Option<usize> {
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
        // A few rows do not show what comes again; names that count in the first column are those of the rows.
        let names_rows = |one: usize| one == 0 && self.profiles[one].is_code() && self.profiles[one].is_distinct();
        target.or_else(|| match texts[..] {
            [one] if names_rows(one) => None,
            [one] if self.profiles[one].cells < ENOUGH && self.profiles[one].is_filled() => Some(one),
            [one] if !self.profiles[one].is_distinct() && !self.profiles[one].is_prose() => {
                let outside = numbers.iter().all(|column| one < *column) || numbers.iter().all(|column| *column < one);
                (outside && self.profiles[one].distinct >= 2).then_some(one)
            }
            _ => None,
        })
    }

    pub(super) fn tell(&self, target: usize, notes: &mut Vec<String>) {
        notes.push(format!(
            "{}: {} is taken for the label; `data.target` names another",
            self.file,
            self.shown(target)
        ));
    }

    /// The label of a table of numbers: the first or the last column, where it holds a few whole numbers and the others
    /// do not, or where its name tells it from steps `t0`, `t1` …
    pub(super) fn target_of_numbers(
        &self,
        numbers: &[usize],
        supervised: bool,
        notes: &mut Vec<String>,
    ) -> Option<usize> {
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
                    "{}: {} holds a few whole numbers and is taken for the label{at_the_other_end}; `data.target` \
                     names another",
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

#[cfg(test)]
mod tests {
    use crate::formats::ReadOptions;
    use crate::formats::table::tests::{first, rows, rows_of, table, told};
    use crate::sequence::Sequence;

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
}
