//! The class of the nearest points (k nearest neighbours, Cover & Hart 1967), for vectors of an encoder that stands
//! still.

use linfa_nn::distance::L2Dist;
use linfa_nn::{CommonNearestNeighbour, NearestNeighbour};

use crate::{AnalysisError, matrix};

/// The class that most of the `k` nearest known points have, for each point; of two classes with as many, the one whose
/// points are nearer.
///
/// # Errors
///
/// Where there is no known point, `k` is 0, or points differ in length.
pub fn nearest_class(
    known: &[Vec<f64>],
    classes: &[usize],
    points: &[Vec<f64>],
    k: usize,
) -> Result<Vec<usize>, AnalysisError> {
    if k == 0 || known.len() != classes.len() {
        return Err(AnalysisError::new("k must be at least 1, and each known point needs a class"));
    }
    let known = matrix(known)?;
    let failed = |error: String| AnalysisError::new(error);
    let index =
        CommonNearestNeighbour::LinearSearch.from_batch(&known, L2Dist).map_err(|error| failed(error.to_string()))?;
    let points = matrix(points)?;
    let count = classes.iter().max().map_or(0, |most| most + 1);
    points
        .rows()
        .into_iter()
        .map(|point| {
            let near = index.k_nearest(point, k).map_err(|error| failed(error.to_string()))?;
            let mut votes = vec![0; count];
            near.iter().for_each(|(_, place)| votes[classes[*place]] += 1);
            let most = votes.iter().copied().max().unwrap_or(0);
            let class = near.iter().map(|(_, place)| classes[*place]).find(|class| votes[*class] == most);
            class.ok_or_else(|| AnalysisError::new("there is no known point"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_votes_win_and_the_nearer_class_a_tie() {
        let known = [[0.0], [1.0], [1.2], [5.0]].map(|point| point.to_vec());
        let classes = [0, 1, 1, 0];
        let ask = |point: f64, k: usize| nearest_class(&known, &classes, &[vec![point]], k).unwrap()[0];
        assert_eq!(ask(0.3, 1), 0);
        assert_eq!(ask(0.3, 3), 1, "two of three");
        assert_eq!(ask(0.3, 2), 0, "one each, and 0 is nearer");
        assert!(nearest_class(&known, &classes, &[vec![0.0]], 0).is_err());
    }
}
