//! What plain methods say of series whose targets are numbers.

use crate::AnalysisError;
use crate::references::SEED;
use crate::references::coreg::{coreg, cost, nearest_numbers};
use crate::references::grid::{self, SeriesView};

/// Distances of one value to another that take seconds.
const MOST: usize = 3_000_000_000;

/// One method's numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumberReference {
    /// Features and method.
    pub name: String,
    /// A number for each row.
    pub said: Vec<f64>,
}

/// The three nearest neighbours of the raw values, and their co-training where that takes seconds. The first rows have
/// `numbers`, rows up to `training` help, others are only asked.
///
/// # Errors
///
/// Where no row has a number, series differ in their channels, or there are more rows than can be compared in seconds.
pub fn references_of_numbers(
    series: &[SeriesView<'_>],
    numbers: &[f64],
    training: usize,
) -> Result<Vec<NumberReference>, AnalysisError> {
    if numbers.is_empty() || numbers.len() > training || training > series.len() {
        return Err(AnalysisError::new("rows with a number are needed"));
    }
    let channels = series[0].channels;
    if channels == 0 || series.iter().any(|series| series.channels != channels || series.values.is_empty()) {
        return Err(AnalysisError::new("series of at least one step, all with the same channels, are needed"));
    }
    let rows = grid::on_grid(series, grid::places(series)).mapv(f64::from);
    if numbers.len().saturating_mul(rows.len()) > MOST {
        return Err(AnalysisError::new("there are more rows than can be compared in seconds"));
    }
    let named = |method: &str, said| NumberReference { name: format!("raw values: {method}"), said };
    let mut found = vec![named("nearest neighbours", nearest_numbers(&rows, numbers))];
    if cost(numbers.len(), rows.ncols()) <= MOST {
        found.push(named("COREG", coreg(&rows, numbers, training, SEED)));
    }
    Ok(found)
}
