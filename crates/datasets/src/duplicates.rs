//! Rows that stand twice: a test row that is equal to a training row tells what the model remembers, not what it
//! learned.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::preparation::unicode::composed;
use crate::sequence::{Dataset, Sequence};

/// The digest of what a row holds; labels are not looked at.
fn digest(dataset: &Dataset, row: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &*dataset.sequences[row].loaded() {
        Sequence::Text(text) => composed(text.trim()).hash(&mut hasher),
        Sequence::Tokens(tokens) => tokens.hash(&mut hasher),
        sequence => {
            let (values, channels) = sequence.values().unwrap_or((&[], 0));
            channels.hash(&mut hasher);
            values.iter().for_each(|value| value.to_bits().hash(&mut hasher));
            dataset.levels.of(row).iter().for_each(|level| level.to_bits().hash(&mut hasher));
        }
    }
    hasher.finish()
}

/// The digests of the rows that are trained on.
pub(crate) struct Seen(HashSet<u64>);

impl Seen {
    pub(crate) fn of(training: &Dataset, rows: impl Iterator<Item = usize>) -> Self {
        Self(rows.map(|row| digest(training, row)).collect())
    }

    /// `3 of 20 test rows`, where rows of a part are among them.
    pub(crate) fn share(&self, part: &Dataset, kind: &str) -> Option<String> {
        let count = (0..part.len()).filter(|row| self.0.contains(&digest(part, *row))).count();
        (count > 0).then(|| format!("{count} of {} {kind} rows", part.len()))
    }
}

/// What is wrong with scores on rows that were trained on.
pub(crate) fn told(shares: &[String]) -> Option<String> {
    (!shares.is_empty()).then(|| {
        format!(
            "{} are equal to training rows (duplicates): a score on them tells what the model remembers; leave one of \
             each",
            shares.join(" and ")
        )
    })
}

/// A line on rows that are equal to a row before them.
pub(crate) fn within(dataset: &Dataset) -> Option<String> {
    let mut seen = HashSet::new();
    let count = (0..dataset.len()).filter(|row| !seen.insert(digest(dataset, *row))).count();
    (count > 0).then(|| {
        format!(
            "{}: {count} of {} rows are duplicates of rows before them; drawn at random, a test part will hold rows \
             that are trained on",
            dataset.name,
            dataset.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::Levels;
    use crate::series::Series;

    fn texts(texts: &[&str]) -> Dataset {
        let sequences = texts.iter().map(|text| Sequence::Text(text.to_string())).collect();
        Dataset::from_labels("t.csv".into(), sequences, vec![String::new(); texts.len()])
    }

    #[test]
    fn rows_of_two_parts_are_counted() {
        let (train, test) = (texts(&["a", "bé", "bé"]), texts(&["be\u{301} ", "c", "bé", "d"]));
        let seen = Seen::of(&train, 0..train.len());
        let line = told(&seen.share(&test, "test").into_iter().collect::<Vec<_>>()).unwrap();
        assert!(line.starts_with("2 of 4 test rows are equal to training rows"), "{line}");
        assert_eq!(seen.share(&texts(&["c"]), "test"), None);
    }

    #[test]
    fn rows_of_one_part_are_counted_and_missing_values_are_equal() {
        let line = within(&texts(&["a", "b", "a", "a"])).unwrap();
        assert!(line.starts_with("t.csv: 2 of 4 rows are duplicates"), "{line}");
        let series = |values: Vec<f32>, channels| Sequence::Series(Series { values, channels });
        let gap = || series(vec![1.0, f32::NAN], 1);
        let data = Dataset { sequences: vec![gap(), gap(), series(vec![1.0, f32::NAN], 2)], ..Dataset::default() };
        assert!(within(&data).unwrap().contains("1 of 3 rows"));
        // The same changes on another number are another series.
        let mut levels = Levels::default();
        levels.push(1, vec![1e9]);
        assert_eq!(within(&Dataset { levels, ..data }), None);
        assert_eq!(within(&texts(&["a", "b"])), None);
    }
}
