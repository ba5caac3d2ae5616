//! Mean 0 and deviation 1 for each channel of a series, and back. Series that had a large number taken off are scaled
//! as they stand, near to a number that all share.

use std::borrow::{Borrow, Cow};

use crate::levels::moved;
use crate::sequence::{Dataset, Sequence};
use crate::series::Series;

/// Deviations below this part of the mean are of a constant: it is centred and not blown up.
const CONSTANT: f32 = 1e-6;
/// And below this part of a number in double precision.
const CONSTANT_IN_DOUBLE: f64 = 1e-12;

/// Mean and deviation of each channel of all series, over all values that are there, less `common` a channel.
pub(crate) fn channel_statistics(train: &Dataset, channels: usize, common: &[f64]) -> Vec<(f32, f32)> {
    let series = train.sequences.iter().enumerate().filter_map(|(row, sequence)| match sequence {
        Sequence::Packed(packed) => match packed.read() {
            Sequence::Series(mut series) if series.channels == channels => {
                moved(&mut series, train.levels.of(row), common);
                Some(Cow::Owned(series))
            }
            _ => None,
        },
        Sequence::Series(series) if series.channels != channels => None,
        Sequence::Series(series) if common.is_empty() => Some(Cow::Borrowed(series)),
        Sequence::Series(series) => {
            let mut series = series.clone();
            moved(&mut series, train.levels.of(row), common);
            Some(Cow::Owned(series))
        }
        Sequence::Window(_) => match sequence.clone().owned() {
            Sequence::Series(mut series) if series.channels == channels => {
                moved(&mut series, train.levels.of(row), common);
                Some(Cow::Owned(series))
            }
            _ => None,
        },
        _ => None,
    });
    statistics(series, channels)
}

/// Mean and deviation of each channel over all values that are there.
pub(crate) fn statistics(all: impl Iterator<Item = impl Borrow<Series>>, channels: usize) -> Vec<(f32, f32)> {
    let mut sums = vec![(0.0f64, 0.0f64, 0.0f64); channels];
    for series in all {
        for step in series.borrow().values.chunks(channels.max(1)) {
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

/// Gives each channel a mean of 0 and a deviation of 1; `taken` is what was taken off each.
pub(crate) fn scale(series: &mut Series, channels: &[(f32, f32)], taken: &[f64]) {
    for step in series.values.chunks_mut(series.channels.max(1)) {
        for (channel, (value, (mean, deviation))) in step.iter_mut().zip(channels).enumerate() {
            *value = (*value - mean) / unit(*mean, *deviation, taken.get(channel));
        }
    }
}

/// Gives each channel its mean and deviation back, and what was taken off it.
pub(crate) fn restored(series: &Series, channels: &[(f32, f32)], taken: &[f64]) -> Vec<f64> {
    let width = series.channels.max(1);
    let one = |(place, value): (usize, &f32)| {
        let channel = place % width;
        let Some((mean, deviation)) = channels.get(channel) else { return f64::from(*value) };
        let (unit, taken) = (unit(*mean, *deviation, taken.get(channel)), taken.get(channel).unwrap_or(&0.0));
        f64::from(*value * unit + mean) + taken
    };
    series.values.iter().enumerate().map(one).collect()
}

/// What a deviation of 1 stands for: the deviation, unless the channel is constant.
fn unit(mean: f32, deviation: f32, taken: Option<&f64>) -> f32 {
    let rounding = taken.is_some_and(|taken| f64::from(deviation) <= CONSTANT_IN_DOUBLE * taken.abs());
    if deviation <= CONSTANT * mean.abs() || rounding { 1.0 } else { deviation }
}
