//! Mean 0 and deviation 1 for each channel of a series, and back.

use crate::sequence::{Dataset, Sequence, Series};

/// Deviations below this part of the mean are of a constant: it is centred and not blown up.
const CONSTANT: f32 = 1e-6;

/// Mean and deviation of each channel of all series, over all values that are there.
pub(crate) fn channel_statistics(train: &Dataset, channels: usize) -> Vec<(f32, f32)> {
    let series = train
        .sequences
        .iter()
        .filter_map(|sequence| if let Sequence::Series(series) = sequence { Some(series) } else { None });
    statistics(series.filter(|series| series.channels == channels), channels)
}

/// Mean and deviation of each channel over all values that are there.
pub(crate) fn statistics<'a>(all: impl Iterator<Item = &'a Series>, channels: usize) -> Vec<(f32, f32)> {
    let mut sums = vec![(0.0f64, 0.0f64, 0.0f64); channels];
    for series in all {
        for step in series.values.chunks(channels.max(1)) {
            for (value, (count, sum, square)) in step.iter().zip(&mut sums).filter(|(value, _)| value.is_finite()) {
                let value = f64::from(*value);
                *count += 1.0;
                *sum += value;
                *square += value * value;
            }
        }
    }
    let finish = |(count, sum, square): (f64, f64, f64)| {
        let mean = sum / count.max(1.0);
        (mean as f32, (square / count.max(1.0) - mean * mean).max(0.0).sqrt() as f32)
    };
    sums.into_iter().map(finish).collect()
}

/// Gives each channel a mean of 0 and a deviation of 1.
pub(crate) fn scale(series: &mut Series, channels: &[(f32, f32)]) {
    for step in series.values.chunks_mut(series.channels.max(1)) {
        for (value, (mean, deviation)) in step.iter_mut().zip(channels) {
            *value = (*value - mean) / unit(*mean, *deviation);
        }
    }
}

/// Gives each channel its mean and deviation back.
pub(crate) fn restore(series: &mut Series, channels: &[(f32, f32)]) {
    for step in series.values.chunks_mut(series.channels.max(1)) {
        for (value, (mean, deviation)) in step.iter_mut().zip(channels) {
            *value = *value * unit(*mean, *deviation) + mean;
        }
    }
}

/// What a deviation of 1 stands for: the deviation, unless the channel is constant.
fn unit(mean: f32, deviation: f32) -> f32 {
    if deviation <= CONSTANT * mean.abs() { 1.0 } else { deviation }
}
