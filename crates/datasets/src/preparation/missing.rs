//! Values that are missing in a series.

use crate::series::Series;

/// Missing values lie on a straight line between their neighbours; at the ends the nearest is repeated.
pub(crate) fn fill_missing(series: &mut Series) {
    if series.values.iter().all(|value| value.is_finite()) {
        return;
    }
    let steps = series.time();
    for channel in 0..series.channels {
        let at = |step: usize| step * series.channels + channel;
        let known: Vec<usize> = (0..steps).filter(|step| series.values[at(*step)].is_finite()).collect();
        let (Some(first), Some(last)) = (known.first().copied(), known.last().copied()) else {
            (0..steps).for_each(|step| series.values[at(step)] = 0.0);
            continue;
        };
        (0..first).for_each(|step| series.values[at(step)] = series.values[at(first)]);
        (last + 1..steps).for_each(|step| series.values[at(step)] = series.values[at(last)]);
        for pair in known.windows(2) {
            let (left, right) = (pair[0], pair[1]);
            for step in left + 1..right {
                let share = (step - left) as f32 / (right - left) as f32;
                series.values[at(step)] = series.values[at(left)] * (1.0 - share) + series.values[at(right)] * share;
            }
        }
    }
}
