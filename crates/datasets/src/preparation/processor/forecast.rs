//! What is forecast from what.

use serde::{Deserialize, Serialize};

use crate::preparation::windows::WindowsConfig;
use crate::sequence::Sequence;

/// What is forecast from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Forecast {
    /// How recordings are cut.
    pub windows: WindowsConfig,
    /// Names of the channels that are forecast: the first of the input.
    pub columns: Vec<String>,
    /// Mean absolute difference of each of them from its value a season earlier (a step, where no season is named) over
    /// the training part, in the units of the data: what errors are scaled by (Hyndman & Koehler 2006). Empty for runs
    /// of before this was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub naive_errors: Vec<f64>,
}

impl Forecast {
    /// Of the first channels of recordings, whose training parts are `read`, as they were read.
    pub(crate) fn new(windows: &WindowsConfig, columns: Vec<String>, read: &[Sequence]) -> Self {
        let season = windows.season.unwrap_or(1).max(1);
        let naive_error = |column: usize| {
            let (mut sum, mut count) = (0.0, 0usize);
            for (values, channels) in read.iter().filter_map(Sequence::values) {
                let channel = || values.iter().skip(column).step_by(channels);
                for (before, value) in channel().zip(channel().skip(season)) {
                    sum += (f64::from(*value) - f64::from(*before)).abs();
                    count += 1;
                }
            }
            if count == 0 { 0.0 } else { sum / count as f64 }
        };
        let naive_errors = (0..columns.len()).map(naive_error).collect();
        Self { windows: windows.clone(), columns, naive_errors }
    }
}
