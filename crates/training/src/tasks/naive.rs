//! The forecasts that any other has to beat: the last step again and again, and the last season again and again
//! (Hyndman & Athanasopoulos 2021, section 5.2).

use semiseq_datasets::{Dataset, Prepared, Sequence};
use semiseq_schema::Scores;

use crate::tasks::judged::{Judged, JudgedForecasts};

/// Scores of the naive forecast of the test part, `season` steps back; with 1 the last step. `None` where nothing is
/// forecast.
pub(super) fn scores(data: &Prepared, season: usize) -> Option<Scores> {
    let forecast = data.processor.forecast()?;
    let channels = forecast.columns.len();
    let said = forecasts(&data.test, season, forecast.windows.horizon, channels);
    let judged = JudgedForecasts::new(&said, &data.test, &data.processor)?;
    let known = judged.measure(None).into_iter();
    Some(known.filter_map(|measure| Some((measure.metric.to_string(), measure.value?))).collect())
}

/// For each window, steps before channels. A season is no longer than a window.
fn forecasts(dataset: &Dataset, season: usize, horizon: usize, channels: usize) -> Vec<Vec<f64>> {
    let one = |sequence: &Sequence| {
        let Some((values, width)) = sequence.values() else { return Vec::new() };
        let last = sequence.len().saturating_sub(season);
        let step = |ahead: usize| {
            let row = (last + ahead % season) * width;
            values[row..row + channels].iter().map(|value| f64::from(*value))
        };
        (0..horizon).flat_map(step).collect()
    };
    dataset.sequences.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use semiseq_datasets::Series;

    #[test]
    fn the_last_step_and_the_last_season_are_repeated() {
        let window = Series { values: vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0], channels: 2 };
        let dataset = Dataset { sequences: vec![Sequence::Series(window)], ..Dataset::default() };
        assert_eq!(forecasts(&dataset, 1, 3, 2), [[4.0, 40.0, 4.0, 40.0, 4.0, 40.0]]);
        assert_eq!(forecasts(&dataset, 3, 4, 1), [[2.0, 3.0, 4.0, 2.0]]);
    }
}
