//! Targets that are numbers.

use serde::{Deserialize, Serialize};

use crate::sequence::Target;

/// Numbers whose deviation is a smaller part of their mean are one number with rounding errors.
const SAME: f64 = 1e-9;

/// Mean and deviation of the labels that training saw. A model learns numbers of mean 0 and deviation 1, whatever their
/// unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NumberScale {
    pub(super) mean: f32,
    pub(super) deviation: f32,
}

impl NumberScale {
    /// `None` where no label is a number.
    pub(super) fn fit(labels: &[Target]) -> Option<Self> {
        let numbers: Vec<f64> = labels
            .iter()
            .filter_map(|target| if let Target::Number(number) = target { Some(f64::from(*number)) } else { None })
            .collect();
        let count = numbers.len().max(1) as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let deviation = (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count).sqrt();
        // Of labels that are all the same only the mean is taken.
        let deviation = if deviation > SAME * mean.abs() { deviation } else { 1.0 };
        (!numbers.is_empty()).then_some(Self { mean: mean as f32, deviation: deviation as f32 })
    }

    pub(super) fn scaled(self, number: f32) -> f32 {
        ((f64::from(number) - f64::from(self.mean)) / f64::from(self.deviation)) as f32
    }
}
