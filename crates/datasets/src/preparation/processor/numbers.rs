//! Targets that are numbers.

use serde::{Deserialize, Serialize};

use crate::sequence::Target;

/// Numbers whose deviation is a smaller part of their mean are one number with rounding errors.
const SAME: f64 = 1e-12;

/// Mean and deviation of the labels that training saw. A model learns numbers of mean 0 and deviation 1, whatever their
/// unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NumberScale {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

impl NumberScale {
    /// `None` where no label is a number.
    pub(super) fn fit(labels: &[Target]) -> Option<Self> {
        let numbers: Vec<f64> = labels
            .iter()
            .filter_map(|target| if let Target::Number(number) = target { Some(*number) } else { None })
            .collect();
        let count = numbers.len().max(1) as f64;
        let rough = numbers.iter().sum::<f64>() / count;
        // What the sum of many large numbers has lost.
        let mean = rough + numbers.iter().map(|number| number - rough).sum::<f64>() / count;
        let deviation = (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count).sqrt();
        // Of labels that are all the same only the mean is taken.
        let deviation = if deviation > SAME * mean.abs() { deviation } else { 1.0 };
        (!numbers.is_empty()).then_some(Self { mean, deviation })
    }

    pub(super) fn scaled(self, number: f64) -> f64 {
        (number - self.mean) / self.deviation
    }
}
