//! Forecasts of windows.

use semiseq_datasets::{Dataset, Processor, Series, Target};

use crate::tasks::judged::{Judged, JudgedScore};

/// Errors of the forecast of each window, as sums and counts.
pub(in crate::tasks) struct JudgedForecasts {
    windows: Vec<[Mean; 4]>,
    horizon: usize,
    /// The metrics of the four sums.
    metrics: Vec<&'static str>,
}

/// A sum of so many values.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }
}

impl JudgedForecasts {
    /// Squared and absolute errors of prepared series; scaled and percentual ones in the units of the data, where there
    /// is a way back to them. `None` where no future is known.
    pub fn new(forecasts: &[Vec<f64>], dataset: &Dataset, processor: &Processor) -> Option<Self> {
        let forecast = processor.forecast()?;
        let (channels, naive_errors) = (forecast.columns.len().max(1), &forecast.naive_errors);
        let in_units = |values: Vec<f32>| processor.restored(&Series { values, channels });
        let mut windows = Vec::new();
        for (said, target) in forecasts.iter().zip(&dataset.targets) {
            let Target::Sequence(future) = target else { continue };
            let Some((truth, _)) = future.values() else { continue };
            let mut window = [Mean::default(); 4];
            for (said, truth) in said.iter().zip(truth) {
                let error = said - f64::from(*truth);
                window[0].add(error * error);
                window[1].add(error.abs());
            }
            if processor.restores() {
                let pairs = in_units(said.iter().map(|value| *value as f32).collect());
                let pairs = pairs.into_iter().zip(in_units(truth.to_vec()));
                for (place, (said, truth)) in pairs.enumerate() {
                    let error = (said - truth).abs();
                    if let Some(naive) = naive_errors.get(place % channels).filter(|naive| **naive > 0.0) {
                        window[2].add(error / naive);
                    }
                    let size = said.abs() + truth.abs();
                    window[3].add(if size > 0.0 { 200.0 * error / size } else { 0.0 });
                }
            }
            windows.push(window);
        }
        let known = |place: usize| windows.iter().any(|window| window[place].count > 0.0);
        let metrics = ["mse", "mae", "mase", "smape"];
        let metrics = (0..4).filter(|place| known(*place)).map(|place| metrics[place]).collect();
        (!windows.is_empty()).then_some(Self { windows, horizon: forecast.windows.horizon, metrics })
    }
}

impl Judged for JudgedForecasts {
    fn rows(&self) -> usize {
        self.windows.len()
    }

    /// A window begins a step after the one before it, so that their futures overlap.
    fn block(&self) -> usize {
        self.horizon
    }

    fn cost(&self) -> usize {
        4 * self.windows.len()
    }

    fn measure(&self, weights: Option<&[u32]>) -> Vec<JudgedScore> {
        let mut sums = [Mean::default(); 4];
        for (row, window) in self.windows.iter().enumerate() {
            let weight = weights.map_or(1.0, |weights| f64::from(weights[row]));
            for (sum, of_window) in sums.iter_mut().zip(window) {
                sum.sum += weight * of_window.sum;
                sum.count += weight * of_window.count;
            }
        }
        let names = ["mse", "mae", "mase", "smape"].into_iter().zip(sums);
        let known = names.filter(|(name, _)| self.metrics.contains(name));
        known.map(|(name, sum)| JudgedScore::of_all(name, (sum.count > 0.0).then(|| sum.sum / sum.count))).collect()
    }
}
