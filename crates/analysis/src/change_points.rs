//! Change points: the steps at which the mean of a series of vectors changes (PELT, Killick, Fearnhead & Eckley 2012,
//! "Optimal detection of changepoints with a linear computational cost"), by squared error.

use crate::AnalysisError;

/// Steps between two change points at least.
const LEAST: usize = 2;

/// The first steps of new pieces, so that the sum over pieces of the squared distances to their means, plus `penalty`
/// for each change, is least (eq. 1). `[time, width]`; `penalty` > 0. The least sum is found exactly; the time is
/// between that of the length and its square, the fewer changes the more.
///
/// # Errors
///
/// For vectors that differ in length or hold a number that is not finite, and a penalty that is not above 0.
pub fn change_points(steps: &[Vec<f64>], penalty: f64) -> Result<Vec<usize>, AnalysisError> {
    let width = steps.first().map_or(0, Vec::len);
    if steps.iter().any(|step| step.len() != width || step.iter().any(|value| !value.is_finite())) {
        return Err(AnalysisError::new("change points need steps of one and the same length, and finite numbers"));
    }
    if !(penalty.is_finite() && penalty > 0.0) {
        return Err(AnalysisError::new(format!("the penalty of a change must be a number above 0, got {penalty}")));
    }
    let sums = Sums::of(steps, width);
    let time = steps.len();
    // The least cost of the first so many steps, and where their last piece begins.
    let mut least = vec![f64::INFINITY; time + 1];
    let mut begins = vec![0; time + 1];
    least[0] = -penalty;
    let mut candidates = vec![0];
    for end in LEAST..=time {
        for &start in candidates.iter().filter(|start| end - **start >= LEAST) {
            let cost = least[start] + sums.cost(start, end) + penalty;
            if cost < least[end] {
                (least[end], begins[end]) = (cost, start);
            }
        }
        // A start that is worse than a change as many steps ago as a piece has is worse for ever (theorem 3.1).
        let before = end + 1 - LEAST;
        candidates.retain(|start| {
            before.saturating_sub(*start) < LEAST || least[*start] + sums.cost(*start, before) <= least[before]
        });
        candidates.push(before);
    }
    let mut found = Vec::new();
    let mut end = time;
    while end > 0 && begins[end] > 0 {
        end = begins[end];
        found.push(end);
    }
    found.reverse();
    Ok(found)
}

/// Sums over the first so many steps, so that the cost of any piece is a difference.
struct Sums {
    /// `[time + 1, width]`.
    values: Vec<f64>,
    /// Of squared norms, `[time + 1]`.
    squares: Vec<f64>,
    width: usize,
}

impl Sums {
    fn of(steps: &[Vec<f64>], width: usize) -> Self {
        // About their mean, so that differences lose no digits where all values are large.
        let count = steps.len().max(1) as f64;
        let mean: Vec<f64> =
            (0..width).map(|column| steps.iter().map(|step| step[column]).sum::<f64>() / count).collect();
        let mut sums = Self { values: vec![0.0; width], squares: vec![0.0], width };
        for (place, step) in steps.iter().enumerate() {
            let mut square = 0.0;
            for column in 0..width {
                let value = step[column] - mean[column];
                square += value * value;
                sums.values.push(sums.values[place * width + column] + value);
            }
            sums.squares.push(sums.squares[place] + square);
        }
        sums
    }

    /// Squared distances of the steps `start..end` to their mean.
    fn cost(&self, start: usize, end: usize) -> f64 {
        let (first, last) = (&self.values[start * self.width..], &self.values[end * self.width..]);
        let squared: f64 = first[..self.width].iter().zip(last).map(|(first, last)| (last - first).powi(2)).sum();
        self.squares[end] - self.squares[start] - squared / (end - start) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_where_they_begin() {
        let level = |step: usize| {
            if step < 10 {
                0.0
            } else if step < 25 {
                3.0
            } else {
                -1.0
            }
        };
        let steps: Vec<Vec<f64>> =
            (0..40).map(|step| vec![1e6 + level(step) + 0.1 * (step as f64 * 2.3).sin(), 0.0]).collect();
        assert_eq!(change_points(&steps, 2.0).unwrap(), [10, 25]);
        assert!(change_points(&steps, 1e4).unwrap().is_empty(), "each change costs too much");
    }

    #[test]
    fn nothing_changes_in_what_is_short_or_stands_still() {
        assert!(change_points(&[], 1.0).unwrap().is_empty());
        assert!(change_points(&[vec![1.0]], 1.0).unwrap().is_empty());
        assert!(change_points(&vec![vec![1.0, 2.0]; 50], 0.1).unwrap().is_empty());
        assert!(change_points(&[vec![0.0], vec![f64::NAN]], 1.0).is_err());
        assert!(change_points(&[vec![0.0]], 0.0).unwrap_err().message.contains("above 0"));
    }
}
