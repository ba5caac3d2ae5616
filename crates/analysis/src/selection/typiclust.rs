//! TypiClust (Hacohen et al. 2022), for the first labels: of each group of rows that has no label yet the most typical
//! one, whose neighbours are nearest.

use crate::selection::chosen::Chosen;
use crate::selection::distance::{check, squared};
use crate::{AnalysisError, Method, cluster, different};

/// As in the authors' code: neighbours that count, groups at most, and the size that a group must exceed.
const NEIGHBOURS: usize = 20;
const MOST_CLUSTERS: usize = 500;
const SMALL: usize = 5;

/// `n` rows of `points`; the score of each is its typicality, 1 through the mean distance to its nearest neighbours.
/// Groups are those of k-means, as many as there will be labels; those with the fewest labels come first, then the
/// largest, and groups of five or fewer only where there are no others.
///
/// # Errors
///
/// Where points differ in length, or hold what is no finite number.
pub fn typiclust(points: &[Vec<f64>], labeled: &[Vec<f64>], n: usize, seed: u64) -> Result<Vec<Chosen>, AnalysisError> {
    check(points.iter().chain(labeled))?;
    let n = n.min(points.len());
    if n == 0 {
        return Ok(Vec::new());
    }
    let all: Vec<Vec<f64>> = points.iter().chain(labeled).cloned().collect();
    let count = (labeled.len() + n).min(MOST_CLUSTERS).min(different(&all));
    let groups = cluster(&all, Method::KMeans, count, seed)?;
    let mut clusters: Vec<Cluster> = (0..count).map(|_| Cluster::default()).collect();
    for (row, group) in groups.iter().enumerate() {
        let Some(cluster) = group.and_then(|group| clusters.get_mut(group)) else { continue };
        cluster.size += 1;
        match row < points.len() {
            true => cluster.rows.push(row),
            false => cluster.labels += 1,
        }
    }
    if clusters.iter().any(|cluster| cluster.size > SMALL && !cluster.rows.is_empty()) {
        clusters.retain(|cluster| cluster.size > SMALL);
    }
    clusters.sort_by_key(|cluster| (cluster.labels, std::cmp::Reverse(cluster.size)));
    let mut chosen = Vec::new();
    // Round by round, one of each group, until there are enough or none is left.
    while chosen.len() < n && clusters.iter().any(|cluster| !cluster.rows.is_empty()) {
        for cluster in &mut clusters {
            if chosen.len() < n
                && let Some(found) = most_typical(points, &cluster.rows)
            {
                cluster.rows.retain(|row| *row != found.row);
                chosen.push(found);
            }
        }
    }
    Ok(chosen)
}

#[derive(Default)]
struct Cluster {
    size: usize,
    labels: usize,
    /// Those without a label that were not chosen yet.
    rows: Vec<usize>,
}

/// The row whose nearest neighbours among these are nearest, the first of equal ones.
fn most_typical(points: &[Vec<f64>], rows: &[usize]) -> Option<Chosen> {
    let neighbours = NEIGHBOURS.min(rows.len() / 2).max(1);
    let mut found: Option<Chosen> = None;
    for row in rows {
        let others = rows.iter().filter(|other| *other != row);
        let mut distances: Vec<f64> = others.map(|other| squared(&points[*row], &points[*other]).sqrt()).collect();
        distances.sort_by(f64::total_cmp);
        distances.truncate(neighbours);
        let score = match distances.len() {
            // A row that is alone is typical of nothing.
            0 => 0.0,
            count => 1.0 / (distances.iter().sum::<f64>() / count as f64 + 1e-5),
        };
        if found.is_none_or(|most| score > most.score) {
            found = Some(Chosen { row: *row, score });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven points in a row, `step` apart, from `start`.
    fn group(start: f64, step: f64) -> Vec<Vec<f64>> {
        (0..7).map(|place| vec![start + step * f64::from(place)]).collect()
    }

    #[test]
    fn the_middle_of_each_group_without_a_label_comes_first() {
        let points = [group(0.0, 0.1), group(100.0, 0.2), group(200.0, 0.1)].concat();
        let chosen = typiclust(&points, &[], 3, 0).unwrap();
        let mut rows: Vec<usize> = chosen.iter().map(|chosen| chosen.row).collect();
        rows.sort_unstable();
        // Of three neighbours at 0.1, 0.1 and 0.2 the mean is 0.4 / 3; it is the first row to have them.
        assert!(rows.iter().zip([0, 7, 14]).all(|(row, start)| (start + 1..start + 6).contains(row)), "{rows:?}");
        let first = chosen.iter().find(|chosen| chosen.row < 7).unwrap();
        assert!((first.score - 1.0 / (0.4 / 3.0 + 1e-5)).abs() < 1e-6, "{first:?}");

        // A group with a label waits for the others.
        let chosen = typiclust(&points, &[vec![0.35], vec![200.35]], 1, 0).unwrap();
        assert!((7..14).contains(&chosen[0].row), "{chosen:?}");
    }

    #[test]
    fn small_groups_are_left_out_where_there_are_others() {
        let points = [group(0.0, 0.1), vec![vec![50.0]], group(100.0, 0.1)].concat();
        let chosen = typiclust(&points, &[], 3, 0).unwrap();
        assert!(chosen.len() == 3 && chosen.iter().all(|chosen| chosen.row != 7), "{chosen:?}");
        // Where all are small, or all points one, they do.
        assert_eq!(typiclust(&points[..3], &[], 2, 0).unwrap().len(), 2);
        assert_eq!(typiclust(&vec![vec![1.0]; 4], &[], 3, 0).unwrap().len(), 3);
        assert!(typiclust(&[], &[], 3, 0).unwrap().is_empty());
    }
}
