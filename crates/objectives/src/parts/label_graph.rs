//! Labels that spread over the graph of nearest neighbours (Iscen et al. 2019, equations 9 to 11, and their code).

use burn::tensor::Tensor;

/// Rows that are compared with all others at once.
const BLOCK: usize = 256;
/// Part of what a row hears that is not its own label.
const ALPHA: f64 = 0.99;
/// Steps of conjugate gradients at most, and the part of the first residual at which they end before.
const STEPS: usize = 20;
const ENOUGH: f64 = 1e-6;

/// What is said of each row.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadLabels {
    /// The class; of a row with a label its own.
    pub classes: Vec<usize>,
    /// How sure that is, in [0, 1]: 1 for a row with a label, 0 for one that no label reaches.
    pub certainty: Vec<f64>,
    /// What a row counts by its class, so that classes weigh alike.
    pub class_weights: Vec<f64>,
}

/// Spreads the labels that are known to all rows of `vectors` `[rows, width]`, over the `neighbours` nearest of each by
/// the cosine.
pub fn spread(vectors: Tensor<2>, known: &[Option<usize>], classes: usize, neighbours: usize) -> SpreadLabels {
    let graph = Graph::new(vectors, neighbours);
    let scores: Vec<Vec<f64>> = (0..classes).map(|class| graph.heard(known, class)).collect();
    let mut said = Vec::with_capacity(known.len());
    let mut certainty = Vec::with_capacity(known.len());
    for row in 0..known.len() {
        // What is below zero is rounding.
        let scores: Vec<f64> = scores.iter().map(|scores| scores[row].max(0.0)).collect();
        let sum: f64 = scores.iter().sum();
        let best =
            (0..classes).rev().max_by(|left, right| scores[*left].total_cmp(&scores[*right])).unwrap_or_default();
        said.push(best);
        certainty.push(if sum > 0.0 { 1.0 - entropy(&scores, sum) / (classes as f64).ln() } else { 0.0 });
    }
    let most = certainty.iter().copied().fold(0.0, f64::max);
    if most > 0.0 {
        certainty.iter_mut().for_each(|one| *one = (*one / most).clamp(0.0, 1.0));
    }
    for (row, known) in known.iter().enumerate() {
        if let Some(class) = *known {
            (said[row], certainty[row]) = (class, 1.0);
        }
    }
    let counts = (0..classes).map(|class| said.iter().filter(|said| **said == class).count());
    let alike = known.len() as f64 / classes.max(1) as f64;
    let class_weights = counts.map(|count| if count > 0 { alike / count as f64 } else { 0.0 }).collect();
    SpreadLabels { classes: said, certainty, class_weights }
}

fn entropy(scores: &[f64], sum: f64) -> f64 {
    -scores.iter().map(|score| score / sum).filter(|share| *share > 0.0).map(|share| share * share.ln()).sum::<f64>()
}

/// `D^(-1/2) W D^(-1/2)` of the symmetric weights of neighbours, by rows.
struct Graph(Vec<Vec<(usize, f64)>>);

impl Graph {
    fn new(vectors: Tensor<2>, neighbours: usize) -> Self {
        let [rows, _] = vectors.dims();
        let lengths = vectors.clone().powi_scalar(2).sum_dim(1).sqrt();
        let unit = vectors / lengths.clamp_min(1e-12);
        let mut edges: Vec<Vec<(usize, f64)>> = vec![Vec::new(); rows];
        for first in (0..rows).step_by(BLOCK) {
            let last = (first + BLOCK).min(rows);
            let block = unit.clone().narrow(0, first, last - first).matmul(unit.clone().transpose());
            let cosines: Vec<f32> = block.into_data().iter::<f32>().collect();
            for (row, cosines) in (first..last).zip(cosines.chunks_exact(rows)) {
                for (other, cosine) in nearest(cosines, row, neighbours) {
                    // A row of which another is a neighbour hears it too.
                    let weight = f64::from(cosine).max(0.0).powi(3);
                    edges[row].push((other, weight));
                    edges[other].push((row, weight));
                }
            }
        }
        let mut edges: Vec<Vec<(usize, f64)>> = edges.into_iter().map(merged).collect();
        let degrees = edges.iter().map(|edges| edges.iter().map(|(_, weight)| weight).sum::<f64>());
        let scales: Vec<f64> = degrees.map(|degree| if degree > 0.0 { degree.sqrt().recip() } else { 1.0 }).collect();
        for (row, edges) in edges.iter_mut().enumerate() {
            edges.iter_mut().for_each(|(other, weight)| *weight *= scales[row] * scales[*other]);
        }
        Self(edges)
    }

    /// What each row hears of a class: the solution of `(I - αW) z = y`, the class's labels sharing one unit.
    fn heard(&self, known: &[Option<usize>], class: usize) -> Vec<f64> {
        let count = known.iter().filter(|known| **known == Some(class)).count();
        let share = |known: &Option<usize>| if *known == Some(class) { 1.0 / count as f64 } else { 0.0 };
        let mut residual: Vec<f64> = known.iter().map(share).collect();
        let mut found = vec![0.0; known.len()];
        let mut way = residual.clone();
        let mut left = product(&residual, &residual);
        let enough = ENOUGH * ENOUGH * left;
        for _ in 0..STEPS {
            if left <= enough {
                break;
            }
            let turned = self.turned(&way);
            let length = left / product(&way, &turned);
            found.iter_mut().zip(&way).for_each(|(found, way)| *found += length * way);
            residual.iter_mut().zip(&turned).for_each(|(residual, turned)| *residual -= length * turned);
            let before = std::mem::replace(&mut left, product(&residual, &residual));
            way.iter_mut().zip(&residual).for_each(|(way, residual)| *way = residual + left / before * *way);
        }
        found
    }

    /// `(I - αW) v`.
    fn turned(&self, values: &[f64]) -> Vec<f64> {
        let heard =
            |edges: &Vec<(usize, f64)>| edges.iter().map(|(other, weight)| weight * values[*other]).sum::<f64>();
        values.iter().zip(&self.0).map(|(own, edges)| own - ALPHA * heard(edges)).collect()
    }
}

fn product(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// The rows with the largest cosines but the row itself, of equals the first.
fn nearest(cosines: &[f32], row: usize, count: usize) -> Vec<(usize, f32)> {
    let mut others: Vec<(usize, f32)> =
        cosines.iter().copied().enumerate().filter(|(other, _)| *other != row).collect();
    let order = |left: &(usize, f32), right: &(usize, f32)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
    if count < others.len() {
        others.select_nth_unstable_by(count, order);
        others.truncate(count);
    }
    others
}

/// Each neighbour once, with the sum of its weights.
fn merged(mut edges: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
    edges.sort_by_key(|(other, _)| *other);
    let mut merged: Vec<(usize, f64)> = Vec::with_capacity(edges.len());
    for (other, weight) in edges {
        match merged.last_mut() {
            Some((last, sum)) if *last == other => *sum += weight,
            _ => merged.push((other, weight)),
        }
    }
    merged
}
