//! Core-set (Sener & Savarese 2018), greedily: each next row is the one that is farthest from all that have a label or
//! were chosen (k-centre).

use crate::AnalysisError;
use crate::selection::chosen::Chosen;
use crate::selection::distance::{check, largest, squared};

/// `n` rows of `points`; the score of each is its distance to the nearest of `labeled` and of those chosen before it.
/// Without labelled points the first is the point nearest to the mean of all.
///
/// # Errors
///
/// Where points differ in length, or hold what is no finite number.
pub fn coreset(points: &[Vec<f64>], labeled: &[Vec<f64>], n: usize) -> Result<Vec<Chosen>, AnalysisError> {
    check(points.iter().chain(labeled))?;
    let mut nearest: Vec<f64> = points
        .iter()
        .map(|point| labeled.iter().map(|other| squared(point, other)).fold(f64::INFINITY, f64::min))
        .collect();
    let mut chosen: Vec<Chosen> = Vec::new();
    let mut free = vec![true; points.len()];
    while chosen.len() < n.min(points.len()) {
        let first = chosen.is_empty() && labeled.is_empty();
        let row = match first {
            true => central(points),
            // What was chosen is at no distance, and never comes again.
            false => largest(nearest.iter().zip(&free).map(|(nearest, free)| if *free { *nearest } else { -1.0 })),
        };
        let Some(row) = row else { break };
        let score = if first { 0.0 } else { nearest[row].sqrt() };
        chosen.push(Chosen { row, score });
        free[row] = false;
        for (nearest, point) in nearest.iter_mut().zip(points) {
            *nearest = nearest.min(squared(point, &points[row]));
        }
    }
    Ok(chosen)
}

/// The point nearest to the mean.
fn central(points: &[Vec<f64>]) -> Option<usize> {
    let width = points.first()?.len();
    let mean = |place: usize| points.iter().map(|point| point[place]).sum::<f64>() / points.len() as f64;
    let mean: Vec<f64> = (0..width).map(mean).collect();
    largest(points.iter().map(|point| -squared(point, &mean)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: &[f64]) -> Vec<Vec<f64>> {
        places.iter().map(|place| vec![*place]).collect()
    }

    fn rows(chosen: &[Chosen]) -> Vec<(usize, f64)> {
        chosen.iter().map(|chosen| (chosen.row, chosen.score)).collect()
    }

    #[test]
    fn each_is_the_farthest_from_those_before() {
        let points = line(&[0.0, 1.0, 4.0, 10.0]);
        // From 0: 10 is farthest; then 4, at 4 from 0; then 1.
        let chosen = coreset(&points, &line(&[0.0]), 3).unwrap();
        assert_eq!(rows(&chosen), [(3, 10.0), (2, 4.0), (1, 1.0)]);
        // Without labels the mean, 3.75, is nearest to 4; then 10, at 6, then 0, at 4.
        let chosen = coreset(&points, &[], 3).unwrap();
        assert_eq!(rows(&chosen), [(2, 0.0), (3, 6.0), (0, 4.0)]);
        assert_eq!(coreset(&points, &[], 9).unwrap().len(), 4);
        assert!(coreset(&points, &[vec![0.0, 1.0]], 1).is_err());
        assert!(coreset(&[vec![f64::NAN]], &[], 1).is_err());
    }

    #[test]
    fn equal_points_are_chosen_but_once_each() {
        let chosen = coreset(&line(&[2.0, 2.0, 2.0]), &line(&[2.0]), 3).unwrap();
        assert_eq!(rows(&chosen), [(0, 0.0), (1, 0.0), (2, 0.0)]);
    }
}
