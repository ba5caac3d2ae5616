//! Series on one grid: each channel read at so many even places by straight lines, so that series of unequal lengths
//! become rows of one width.

use ndarray::Array2;

/// Places of a grid at most.
const MOST: usize = 512;

/// A series: values `[time, channels]`, row by row.
#[derive(Clone, Copy, Debug)]
pub struct SeriesView<'a> {
    /// Row-major `[time, channels]`.
    pub values: &'a [f32],
    /// Channels of a step.
    pub channels: usize,
}

impl SeriesView<'_> {
    /// Steps.
    pub fn time(&self) -> usize {
        self.values.len() / self.channels.max(1)
    }
}

/// The places of the grid for series of these lengths: as many as the longest has steps, and no more than 512.
pub fn places(series: &[SeriesView<'_>]) -> usize {
    series.iter().map(SeriesView::time).max().unwrap_or(1).clamp(1, MOST)
}

/// Series on a grid of `places`, `[series, channels · places]`, channel by channel.
pub fn on_grid(series: &[SeriesView<'_>], places: usize) -> Array2<f32> {
    let channels = series.first().map_or(1, |series| series.channels);
    let mut grid = Array2::zeros((series.len(), channels * places));
    for (series, mut row) in series.iter().zip(grid.rows_mut()) {
        let last = series.time().saturating_sub(1);
        for place in 0..places {
            let at = if places > 1 { last as f64 * place as f64 / (places - 1) as f64 } else { 0.0 };
            let left = (at as usize).min(last);
            let (right, share) = ((left + 1).min(last), at - left as f64);
            for channel in 0..channels {
                let value = |step: usize| f64::from(series.values[step * channels + channel]);
                row[channel * places + place] = (value(left) * (1.0 - share) + value(right) * share) as f32;
            }
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_unequal_lengths_become_rows_of_one_width() {
        let (short, long) = ([0.0f32, 10.0, 2.0, 30.0], [1.0f32, 1.0, 2.0, 2.0, 3.0, 3.0]);
        let series = [SeriesView { values: &short, channels: 2 }, SeriesView { values: &long, channels: 2 }];
        let grid = on_grid(&series, places(&series));
        assert_eq!(grid, ndarray::array![[0.0f32, 1.0, 2.0, 10.0, 20.0, 30.0], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]]);
    }
}
