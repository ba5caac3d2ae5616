//! What a model said of each sequence of a data set.

use burn::tensor::Tensor;
use semiseq_models::NumberHead;

use crate::tasks::measures::argmax;

/// What a model said of each sequence of a data set, in its order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outputs {
    /// A distribution over the classes for each sequence.
    Classes(Vec<Vec<f64>>),
    /// The probability of each label, of which a sequence has any number.
    Labels(Vec<Vec<f64>>),
    /// A distribution for each step of each sequence.
    Steps(Vec<Vec<Vec<f64>>>),
    /// A distribution for each step of each sequence, and the tags that are most probable together.
    Paths {
        /// As [`Outputs::Steps`].
        steps: Vec<Vec<Vec<f64>>>,
        /// A class for each step.
        paths: Vec<Vec<usize>>,
    },
    /// A number for each sequence.
    Numbers(Vec<f64>),
    /// A number for each sequence with quantiles: the number first, then the quantile of each level of the head.
    Quantiles {
        /// What the columns of the head meant.
        head: NumberHead,
        /// A row per sequence.
        rows: Vec<Vec<f64>>,
    },
    /// What follows each window: steps before channels.
    Forecasts(Vec<Vec<f64>>),
    /// Another sequence for each sequence: tokens without their end.
    Answers(Vec<Vec<u32>>),
    /// Nothing: no head was asked.
    Nothing,
}

/// Outputs that differ by less are the same.
const SAME: f64 = 1e-7;

impl Outputs {
    /// Of how many sequences something is said.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(rows) | Self::Labels(rows) | Self::Forecasts(rows) | Self::Quantiles { rows, .. } => {
                rows.len()
            }
            Self::Steps(sequences) | Self::Paths { steps: sequences, .. } => sequences.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Answers(answers) => answers.len(),
            Self::Nothing => 0,
        }
    }

    /// Whether nothing is said of any sequence.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all outputs are numbers.
    pub fn finite(&self) -> bool {
        self.first_not_finite().is_none()
    }

    /// The first row of numbers that holds one that is not finite; of distributions for steps, those of all sequences
    /// are counted together.
    pub fn first_not_finite(&self) -> Option<usize> {
        let strange = |row: &Vec<f64>| row.iter().any(|value| !value.is_finite());
        match self {
            Self::Classes(rows) | Self::Labels(rows) | Self::Forecasts(rows) | Self::Quantiles { rows, .. } => {
                rows.iter().position(strange)
            }
            Self::Steps(sequences) | Self::Paths { steps: sequences, .. } => {
                sequences.iter().flatten().position(strange)
            }
            Self::Numbers(numbers) => numbers.iter().position(|number| !number.is_finite()),
            Self::Answers(_) | Self::Nothing => None,
        }
    }

    /// Whether there are several sequences, and all outputs are the same.
    pub fn constant(&self) -> bool {
        let same =
            |first: &[f64], row: &[f64]| first.iter().zip(row).all(|(first, value)| (first - value).abs() < SAME);
        let constant = |rows: &[&[f64]]| rows.len() > 1 && rows.iter().all(|row| same(rows[0], row));
        match self {
            Self::Classes(rows) | Self::Labels(rows) | Self::Forecasts(rows) | Self::Quantiles { rows, .. } => {
                constant(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Self::Steps(rows) | Self::Paths { steps: rows, .. } => {
                constant(&rows.iter().flatten().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Self::Numbers(numbers) => constant(&numbers.iter().map(std::slice::from_ref).collect::<Vec<_>>()),
            Self::Answers(_) | Self::Nothing => false,
        }
    }
}

impl Outputs {
    /// The mean of what several models said of the same sequences; what has none is the first's.
    pub(crate) fn mean(all: Vec<Self>) -> Self {
        let count = all.len() as f64;
        let mut all = all.into_iter();
        let mut sum = all.next().unwrap_or(Self::Nothing);
        for more in all {
            let pairs = sum.values_mut().into_iter().zip(more.values());
            pairs.for_each(|(value, more)| *value += more);
        }
        sum.values_mut().into_iter().for_each(|value| *value /= count);
        if let Self::Paths { steps, paths } = &mut sum
            && count > 1.0
        {
            // Of several models no path is the most probable one: the likeliest class of each step by all.
            *paths = steps.iter().map(|rows| rows.iter().map(|row| argmax(row)).collect()).collect();
        }
        sum
    }

    fn values(&self) -> Vec<f64> {
        match self {
            Self::Classes(rows) | Self::Labels(rows) | Self::Forecasts(rows) | Self::Quantiles { rows, .. } => {
                rows.iter().flatten().copied().collect()
            }
            Self::Steps(sequences) | Self::Paths { steps: sequences, .. } => {
                sequences.iter().flatten().flatten().copied().collect()
            }
            Self::Numbers(numbers) => numbers.clone(),
            Self::Answers(_) | Self::Nothing => Vec::new(),
        }
    }

    fn values_mut(&mut self) -> Vec<&mut f64> {
        match self {
            Self::Classes(rows) | Self::Labels(rows) | Self::Forecasts(rows) | Self::Quantiles { rows, .. } => {
                rows.iter_mut().flatten().collect()
            }
            Self::Steps(sequences) | Self::Paths { steps: sequences, .. } => {
                sequences.iter_mut().flatten().flatten().collect()
            }
            Self::Numbers(numbers) => numbers.iter_mut().collect(),
            Self::Answers(_) | Self::Nothing => Vec::new(),
        }
    }

    /// Each distribution over classes, changed.
    pub(crate) fn with_distributions(mut self, change: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let rows: Vec<&mut Vec<f64>> = match &mut self {
            Self::Classes(rows) => rows.iter_mut().collect(),
            Self::Steps(sequences) | Self::Paths { steps: sequences, .. } => sequences.iter_mut().flatten().collect(),
            _ => Vec::new(),
        };
        rows.into_iter().for_each(|row| *row = change(row));
        self
    }
}

/// The values of a tensor on the host.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The rows of a matrix on the host.
pub(crate) fn rows(matrix: Tensor<2>) -> Vec<Vec<f64>> {
    let [_, width] = matrix.dims();
    host(matrix).chunks(width.max(1)).map(<[f64]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_taken_value_by_value() {
        let steps = |value: f64| Outputs::Steps(vec![vec![vec![value, 1.0 - value]], Vec::new()]);
        assert_eq!(Outputs::mean(vec![steps(0.25), steps(0.75), steps(0.5)]), steps(0.5));
        let numbers = |value: f64| Outputs::Numbers(vec![value, -value]);
        assert_eq!(Outputs::mean(vec![numbers(1.0), numbers(4.0)]), numbers(2.5));
        assert_eq!(Outputs::mean(vec![numbers(1.5)]), numbers(1.5));
        let swapped = steps(0.25).with_distributions(|row| row.iter().rev().copied().collect());
        assert_eq!(swapped, steps(0.75));
    }

    #[test]
    fn one_output_for_all_is_told_from_outputs_that_differ() {
        assert!(Outputs::Numbers(vec![0.5; 3]).constant());
        assert!(!Outputs::Numbers(vec![0.5, 0.5, 0.6]).constant());
        assert!(!Outputs::Numbers(vec![0.5]).constant(), "one sequence says nothing");
        assert!(!Outputs::Steps(vec![vec![vec![0.3, f64::NAN]]]).finite() && Outputs::Numbers(vec![0.5]).finite());
        assert!(Outputs::Classes(vec![vec![0.3, 0.7]; 2]).constant());
        assert!(!Outputs::Steps(vec![vec![vec![0.3, 0.7], vec![0.4, 0.6]]]).constant());
        assert_eq!(Outputs::Forecasts(vec![vec![0.0], vec![f64::INFINITY]]).first_not_finite(), Some(1));
    }
}
