//! What the columns of a head mean that says numbers and not classes.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use semiseq_schema::{Problem, problem};
use serde::{Deserialize, Serialize};

/// Levels of the quantiles that are told unless a config names others: an interval of 90 %, and the median.
const LEVELS: [f64; 3] = [0.05, 0.5, 0.95];
/// Levels at most.
const MOST_LEVELS: usize = 99;
/// The level whose quantile is the prediction.
const MEDIAN: f64 = 0.5;

/// `output` of `[model.regressor]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NumberOutput {
    /// One number, trained by squared error.
    #[default]
    Mean,
    /// A mean and a log variance, trained by the negative log likelihood of the normal distribution (Nix & Weigend
    /// 1994).
    Gaussian,
    /// A column for each quantile, trained by the pinball loss (Koenker & Bassett 1978).
    Quantiles,
}

/// What the columns of a head mean that says numbers and not classes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NumberHead {
    /// Expected values, each column another: of a number, or of the steps and channels of a forecast.
    Means,
    /// The mean and the log variance of a normal distribution, of which the quantiles at these levels are told.
    Gaussian(Vec<f64>),
    /// The quantiles at these levels.
    Quantiles(Vec<f64>),
}

impl NumberHead {
    /// Of the keys of a config.
    pub(crate) fn new(output: NumberOutput, levels: Option<&[f64]>) -> Self {
        let levels = levels.unwrap_or(&LEVELS).to_vec();
        match output {
            NumberOutput::Mean => Self::Means,
            NumberOutput::Gaussian => Self::Gaussian(levels),
            NumberOutput::Quantiles => Self::Quantiles(levels),
        }
    }

    /// Columns for one number.
    pub fn columns(&self) -> usize {
        match self {
            Self::Means => 1,
            Self::Gaussian(_) => 2,
            Self::Quantiles(levels) => levels.len(),
        }
    }

    /// The levels of the quantiles that are told, rising; none of expected values.
    pub fn levels(&self) -> &[f64] {
        match self {
            Self::Means => &[],
            Self::Gaussian(levels) | Self::Quantiles(levels) => levels,
        }
    }

    /// Those columns that are predictions in the scale of the targets, which can be compared by squared error: all but
    /// a log variance.
    ///
    /// # Shapes
    ///
    /// - from `[rows, columns]` to `[rows, predictions]`
    pub fn predictions(&self, logits: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Gaussian(_) => logits.narrow(1, 0, 1),
            Self::Means | Self::Quantiles(_) => logits,
        }
    }

    /// How many of so many columns those are.
    pub fn prediction_columns(&self, outputs: usize) -> usize {
        match self {
            Self::Gaussian(_) => 1,
            Self::Means | Self::Quantiles(_) => outputs,
        }
    }
}

/// Notes levels that are out of range or have no use; `path` is the key of the model's table.
pub(crate) fn check_levels(path: &str, output: NumberOutput, levels: Option<&[f64]>, problems: &mut Vec<Problem>) {
    let Some(levels) = levels else { return };
    let mut note = |message: String, hint| problems.push(problem(format!("{path}.quantiles"), message, Some(hint)));
    if output == NumberOutput::Mean {
        let hint = "write `output = \"gaussian\"` or `output = \"quantiles\"`, or leave it out";
        return note("needs a head that says more than the mean".into(), hint);
    }
    let hint = "`[0.05, 0.5, 0.95]`, the default, is an interval of 90 % and the median";
    if !levels.iter().all(|level| *level > 0.0 && *level < 1.0) || !levels.windows(2).all(|two| two[0] < two[1]) {
        note(format!("must be levels above 0 and below 1 that rise, got {levels:?}"), hint);
    } else if !(3..=MOST_LEVELS).contains(&levels.len()) || !levels.contains(&MEDIAN) {
        note(format!("must be 3 to {MOST_LEVELS} levels, 0.5 among them, got {levels:?}"), hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(output: NumberOutput, levels: &[f64]) -> bool {
        let mut problems = Vec::new();
        check_levels("model.regressor", output, Some(levels), &mut problems);
        !problems.is_empty()
    }

    #[test]
    fn levels_rise_within_0_and_1_around_the_median() {
        use NumberOutput::{Gaussian, Mean, Quantiles};
        assert!(!refused(Quantiles, &[0.1, 0.5, 0.6]) && !refused(Gaussian, &[0.01, 0.25, 0.5, 0.75, 0.99]));
        for levels in [&[0.1, 0.5][..], &[0.1, 0.4, 0.9], &[0.5, 0.1, 0.9], &[0.0, 0.5, 0.9], &[0.1, 0.5, f64::NAN]] {
            assert!(refused(Quantiles, levels), "{levels:?}");
        }
        assert!(refused(Mean, &LEVELS), "squared error has no quantiles");
    }
}
