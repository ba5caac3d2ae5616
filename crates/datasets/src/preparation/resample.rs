//! Series at other places than their steps.

use crate::series::Series;

/// The series read at fractional places, by straight lines.
pub(crate) fn sample_at(series: &Series, places: impl Iterator<Item = f32>) -> Vec<f32> {
    let last = series.time().saturating_sub(1);
    let mut values = Vec::with_capacity(series.values.len());
    for place in places {
        let place = place.clamp(0.0, last as f32);
        let left = place as usize;
        let right = (left + 1).min(last);
        let share = place - left as f32;
        for channel in 0..series.channels {
            let at = |step: usize| series.values[step * series.channels + channel];
            values.push(at(left) * (1.0 - share) + at(right) * share);
        }
    }
    values
}
