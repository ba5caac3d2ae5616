//! Labelled rows that are set apart for the calibration of a trained model: nothing is learned from them, and nothing
//! chosen by them.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::preparation::groups::parted;
use crate::preparation::split::{groups, stratified};
use crate::prepared::Prepared;
use crate::sequence::{Dataset, Target};

const CALIBRATION: u64 = 23;

/// What calibration rows are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationPart {
    /// The validation part.
    #[default]
    Validation,
    /// The labels that would be learned from.
    Labels,
}

impl Prepared {
    /// With `fraction` of the labelled rows of a part set apart, class by class, or in whole groups where the data have
    /// groups: rows of that part no more, and in no pool.
    ///
    /// # Errors
    ///
    /// Where that leaves no row, or takes the last label of a class.
    pub fn with_calibration(mut self, from: CalibrationPart, fraction: f64) -> Result<Self, DataError> {
        let seed = self.split.seed ^ (CALIBRATION << 32);
        match from {
            CalibrationPart::Validation => {
                if self.valid.is_empty() {
                    return Err(DataError::new(
                        "`[calibrate]` takes a part of the validation part, and there is none",
                        "keep one with `data.validation = 0.2`, or take labels with `from = \"labels\"`",
                    ));
                }
                let all: Vec<usize> = (0..self.valid.len()).collect();
                let (chosen, rest) = drawn(&self.valid, &all, fraction, seed)?;
                // Where the part is a file of its own, its rows are counted by themselves.
                let record = std::mem::take(&mut self.split.valid);
                let of_source =
                    |rows: &[usize]| rows.iter().map(|row| record.get(*row).copied().unwrap_or(*row)).collect();
                self.split.calibration = of_source(&chosen);
                if !record.is_empty() {
                    self.split.valid = of_source(&rest);
                }
                self.calibration = self.valid.select(&chosen);
                self.valid = self.valid.select(&rest);
            }
            CalibrationPart::Labels => {
                let (chosen, rest) = drawn(&self.train, &self.labeled, fraction, seed)?;
                let before = groups(&self.train, &self.labeled);
                let after = groups(&self.train, &rest);
                if let Some(Some(class)) = before.keys().find(|class| !after.contains_key(*class)) {
                    return Err(DataError::new(
                        format!(
                            "`[calibrate]` would take all labels of the class `{}` from training",
                            self.train.classes.get(*class).map_or("", String::as_str)
                        ),
                        "lower `calibrate.fraction`, or give more labels",
                    ));
                }
                let held: HashSet<usize> = chosen.iter().copied().collect();
                let names = self.train.keys.groups_of(chosen.iter().copied());
                let apart = |row: &usize| self.train.keys.group(*row).is_some_and(|group| names.contains(group));
                self.unlabeled = self.unlabeled.iter().copied().filter(|row| !apart(row)).collect();
                let of_source = self.labeled.iter().copied().zip(self.split.labeled.iter().copied());
                let (there, kept): (Vec<_>, Vec<_>) = of_source.partition(|(row, _)| held.contains(row));
                self.split.calibration = there.into_iter().map(|(_, row)| row).collect();
                self.split.labeled = kept.into_iter().map(|(_, row)| row).collect();
                self.calibration = self.train.select(&chosen);
                self.labeled.retain(|row| !held.contains(row));
            }
        }
        Ok(self)
    }
}

/// A fraction of the rows whose labels are known, and the other rows.
fn drawn(dataset: &Dataset, rows: &[usize], fraction: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>), DataError> {
    let known: Vec<usize> = rows.iter().copied().filter(|row| dataset.targets[*row] != Target::Missing).collect();
    let chosen = match dataset.keys.groups.is_empty() {
        true => stratified(dataset, &known, fraction, seed).0,
        false => parted(dataset, rows, &known, fraction, seed)?.0,
    };
    let held: HashSet<usize> = chosen.iter().copied().collect();
    let rest: Vec<usize> = rows.iter().copied().filter(|row| !held.contains(row)).collect();
    if chosen.is_empty() || rest.is_empty() {
        let count = known.len();
        return Err(DataError::new(
            format!("`calibrate.fraction = {fraction}` parts {count} labels into {} and {}", chosen.len(), rest.len()),
            "both parts need some: choose a fraction between, or give more labels",
        ));
    }
    Ok((chosen, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DataConfig, Validation};
    use crate::preparation::labels::LabelsConfig;
    use crate::prepare::prepare;
    use crate::target_kind::TargetKind;

    fn cbf(validation: f64) -> Prepared {
        let labels = LabelsConfig { per_class: Some(5), ..Default::default() };
        let validation = Some(Validation::Fraction(validation));
        let config = DataConfig { source: "cbf".into(), size: Some(150), validation, labels, ..Default::default() };
        prepare(&config, TargetKind::Classify).unwrap()
    }

    #[test]
    fn what_is_set_apart_is_in_no_other_part() {
        let whole = cbf(0.2);
        let part = cbf(0.2).with_calibration(CalibrationPart::Validation, 0.5).unwrap();
        assert_eq!((whole.valid.len(), part.valid.len(), part.calibration.len()), (30, 15, 15));
        assert_eq!(part.calibration.class_counts(), [5, 5, 5]);
        let mut rows = [&part.split.valid[..], &part.split.calibration].concat();
        rows.sort_unstable();
        assert_eq!(rows, whole.split.valid);
        assert_eq!((&part.labeled, &part.unlabeled), (&whole.labeled, &whole.unlabeled));

        let part = cbf(0.2).with_calibration(CalibrationPart::Labels, 0.4).unwrap();
        assert_eq!((part.labeled.len(), part.calibration.len(), part.valid.len()), (9, 6, 30));
        assert!(part.split.calibration.iter().all(|row| whole.split.labeled.contains(row)));
        assert!(part.split.calibration.iter().all(|row| !part.split.labeled.contains(row)));
        assert_eq!(part.unlabeled, whole.unlabeled, "nor is it learned from without its label");
        assert_eq!(part.split, cbf(0.2).with_calibration(CalibrationPart::Labels, 0.4).unwrap().split);
    }

    #[test]
    fn a_part_without_rows_and_a_class_without_labels_are_refused() {
        let none = cbf(0.0).with_calibration(CalibrationPart::Validation, 0.5).unwrap_err().in_full();
        assert!(none.contains("there is none") && none.contains("from = \"labels\""), "{none}");
        let all = cbf(0.0).with_calibration(CalibrationPart::Labels, 0.95).unwrap_err().in_full();
        assert!(all.contains("into 15 and 0"), "{all}");
        let few = cbf(0.0).with_calibration(CalibrationPart::Labels, 0.05).unwrap_err().in_full();
        assert!(few.contains("into 0 and 15"), "{few}");
    }
}
