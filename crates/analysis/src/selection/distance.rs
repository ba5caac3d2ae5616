//! Distances between points.

use crate::AnalysisError;

/// The square of the Euclidean distance.
pub(super) fn squared(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| (left - right).powi(2)).sum()
}

/// The sum of the products.
pub(super) fn product(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Where the largest of some numbers stands, the first of equal ones; `None` for no numbers.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> Option<usize> {
    let mut found: Option<(usize, f64)> = None;
    for (place, value) in values.into_iter().enumerate() {
        if found.is_none_or(|(_, most)| value > most) {
            found = Some((place, value));
        }
    }
    found.map(|(place, _)| place)
}

/// Refuses points of different lengths, and numbers that are none.
pub(super) fn check<'a>(points: impl IntoIterator<Item = &'a Vec<f64>>) -> Result<(), AnalysisError> {
    let mut width = None;
    for point in points {
        if *width.get_or_insert(point.len()) != point.len() {
            return Err(AnalysisError::new("points of one and the same length are needed"));
        }
        if point.iter().any(|value| !value.is_finite()) {
            return Err(AnalysisError::new("a point has a value that is no finite number"));
        }
    }
    Ok(())
}
