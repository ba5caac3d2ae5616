//! Folds of the labelled part: a score of labels that a run did not learn from, without a label beyond the budget.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::DataError;
use crate::preparation::groups as whole_groups;
use crate::preparation::labels::Fold;
use crate::preparation::split::groups;
use crate::prepared::{AsRead, Prepared};
use crate::random::{generator, shuffle};
use crate::sequence::Dataset;

const FOLDS: u64 = 17;
/// Folds where every class has as many labels.
const MOST: usize = 5;

impl Prepared {
    /// How many folds the labelled part is cut into: five, or as many as the rarest class of several labels has.
    ///
    /// # Errors
    ///
    /// Where no class has two labels.
    pub fn fold_count(&self) -> Result<usize, DataError> {
        let sizes = || groups(&self.train, &self.labeled).into_values().map(|rows| rows.len());
        let (fewest, each) = match self.train.keys.groups.is_empty() {
            true => (sizes().filter(|size| *size > 1).min(), "class"),
            false => (whole_groups::fewest_groups(&self.train, &self.labeled), "class and group"),
        };
        fewest.map(|size| size.min(MOST)).ok_or_else(|| {
            DataError::new(
                format!("{} labels, one per {each}, cannot be cut into folds", self.labeled.len()),
                "give a class two labels or more, or write `validation = \"none\"` in `[data]`",
            )
        })
    }

    /// The data of a run that is judged by one fold of the labels: its rows are the validation part, neither learned
    /// from nor in the pool, and there is no test part to look at. The preprocessing stays as it was fitted on the
    /// whole training part.
    ///
    /// # Errors
    ///
    /// Where the labelled part cannot be cut into so many folds.
    pub fn holding_out(&self, fold: Fold) -> Result<Self, DataError> {
        let Fold { number, of } = fold;
        // More folds than labels would take memory for nothing.
        let parts = match of <= self.labeled.len() {
            true => folds(&self.train, &self.labeled, of, self.split.seed),
            false => Vec::new(),
        };
        let held = parts.get(number.wrapping_sub(1)).filter(|rows| !rows.is_empty()).ok_or_else(|| {
            DataError::new(
                format!(
                    "`data.labels.fold`: there is no label in fold {number} of {of} of the {} labels",
                    self.labeled.len()
                ),
                "ask for fewer folds, or for more labels",
            )
        })?;
        let out: HashSet<usize> = held.iter().copied().collect();
        let groups = self.train.keys.groups_of(held.iter().copied());
        let apart = |row: &usize| self.train.keys.group(*row).is_some_and(|group| groups.contains(group));
        let labeled = self.labeled.iter().copied().filter(|row| !out.contains(row) && !apart(row)).collect();
        let mut split = self.split.clone();
        // The record counts rows of the source, in the order of the labelled rows here.
        let of_source = self.labeled.iter().copied().zip(self.split.labeled.iter().copied());
        let (held_there, kept_there): (Vec<_>, Vec<_>) = of_source.partition(|(row, _)| out.contains(row));
        split.labeled = kept_there.into_iter().map(|(_, row)| row).collect();
        split.valid = held_there.into_iter().map(|(_, row)| row).collect();
        let as_read = AsRead { train: self.as_read.train.clone(), test: Vec::new() };
        Ok(Self {
            train: Arc::clone(&self.train),
            valid: self.train.select(held),
            test: Dataset::default(),
            calibration: Dataset::default(),
            labeled,
            // Of a group that is held out nothing is learned.
            unlabeled: self.unlabeled.iter().copied().filter(|row| !apart(row)).collect(),
            processor: self.processor.clone(),
            split,
            warnings: self.warnings.clone(),
            as_read,
        })
    }
}

/// `count` folds of rows, each class dealt out in turn; the only row of a class is in none, since nothing else teaches
/// it.
fn folds(dataset: &Dataset, rows: &[usize], count: usize, seed: u64) -> Vec<Vec<usize>> {
    if !dataset.keys.groups.is_empty() {
        return whole_groups::folds(dataset, rows, count, seed);
    }
    let mut rng = generator(seed, FOLDS);
    let mut folds = vec![Vec::new(); count];
    let mut next = 0;
    for mut group in groups(dataset, rows).into_values().filter(|group| group.len() > 1) {
        shuffle(&mut group, &mut rng);
        for row in group {
            folds[next % count].push(row);
            next += 1;
        }
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DataConfig;
    use crate::preparation::labels::LabelsConfig;
    use crate::prepare::prepare;
    use crate::sequence::Target;
    use crate::target_kind::TargetKind;

    fn cbf(fold: Option<Fold>) -> Result<Prepared, DataError> {
        let labels = LabelsConfig { per_class: Some(5), fold, ..Default::default() };
        prepare(
            &DataConfig { source: "cbf".into(), size: Some(90), labels, ..Default::default() },
            TargetKind::Classify,
        )
    }

    #[test]
    fn each_label_is_held_out_once_and_every_class_stays() {
        let whole = cbf(None).unwrap();
        assert_eq!(whole.fold_count().unwrap(), 5);
        let mut held = Vec::new();
        for number in 1..=5 {
            let part = cbf(Some(Fold { number, of: 5 })).unwrap();
            assert_eq!((part.labeled.len(), part.valid.len(), part.test.len()), (12, 3, 0));
            assert_eq!(part.unlabeled, whole.unlabeled);
            assert!(part.labeled.iter().all(|row| whole.labeled.contains(row)));
            for class in 0..3 {
                assert_eq!(part.valid.targets.iter().filter(|target| **target == Target::Class(class)).count(), 1);
            }
            // What is held out is what the record says, of the source's rows.
            let rows: Vec<usize> = part.split.valid.clone();
            assert!(rows.iter().all(|row| whole.split.labeled.contains(row) && !part.split.labeled.contains(row)));
            held.extend(rows);
        }
        held.sort_unstable();
        assert_eq!(held, whole.split.labeled);
    }

    #[test]
    fn a_class_with_one_label_is_always_learned_from() {
        let dataset = Dataset { targets: [0, 0, 0, 1, 2, 2].map(Target::Class).to_vec(), ..Default::default() };
        let parts = folds(&dataset, &[0, 1, 2, 3, 4, 5], 2, 0);
        assert!(!parts.concat().contains(&3) && parts.concat().len() == 5);
    }

    #[test]
    fn folds_that_would_be_empty_are_refused() {
        for of in [16, usize::MAX] {
            let message = cbf(Some(Fold { number: of, of })).unwrap_err().in_full();
            assert!(message.contains(&format!("no label in fold {of} of {of} of the 15 labels")), "{message}");
        }
    }
}
