//! The normal part of the HiPPO-LegS matrix (Gu et al. 2020; Gu et al. 2022, appendix B.1) and its eigenvectors, with
//! which S5 begins.

/// Half of the eigenvalues and eigenvectors of a real matrix: of each conjugate pair the one with a positive imaginary
/// part.
pub(super) struct Eigen {
    /// Real and imaginary parts.
    pub values: Vec<[f64; 2]>,
    /// `vectors[row][column]`, of length 1, a column each: real and imaginary parts.
    pub vectors: Vec<Vec<[f64; 2]>>,
}

/// Of the `size × size` matrix `-1/2 I + K`, `K` skew-symmetric with `K_{nk} = -√(n + 1/2) √(k + 1/2)` for `n > k`; an
/// even size has no eigenvalue without a partner.
pub(super) fn legs(size: usize) -> Eigen {
    let root = |index: usize| (index as f64 + 0.5).sqrt();
    // `-i K` is Hermitian; its eigenvalues are real and come in pairs ±w.
    let mut matrix = vec![vec![[0.0; 2]; size]; size];
    for (row, values) in matrix.iter_mut().enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            value[1] = root(row) * root(column) * (row as f64 - column as f64).clamp(-1.0, 1.0);
        }
    }
    let (values, vectors) = hermitian(matrix);
    let mut chosen: Vec<usize> = (0..size).filter(|index| values[*index] > 0.0).collect();
    chosen.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    Eigen {
        values: chosen.iter().map(|index| [-0.5, values[*index]]).collect(),
        vectors: vectors.iter().map(|row| chosen.iter().map(|index| row[*index]).collect()).collect(),
    }
}

/// Eigenvalues and eigenvectors (columns) of a Hermitian matrix by rotations that each clear one pair of places
/// (Jacobi).
fn hermitian(mut matrix: Vec<Vec<[f64; 2]>>) -> (Vec<f64>, Vec<Vec<[f64; 2]>>) {
    /// Sweeps at most: a dozen are enough, and each after the first few squares what is left.
    const SWEEPS: usize = 60;
    let size = matrix.len();
    let mut vectors: Vec<Vec<[f64; 2]>> =
        (0..size).map(|row| (0..size).map(|column| [f64::from(u8::from(row == column)), 0.0]).collect()).collect();
    for _ in 0..SWEEPS {
        let off = |matrix: &[Vec<[f64; 2]>], same: bool| -> f64 {
            let places = (0..size).flat_map(|row| (0..size).map(move |column| (row, column)));
            let chosen = places.filter(|(row, column)| (row == column) == same);
            chosen.map(|(row, column)| square(matrix[row][column])).sum()
        };
        let left = off(&matrix, false);
        if left <= 1e-28 * (left + off(&matrix, true)) {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                let place = matrix[p][q];
                let length = square(place).sqrt();
                if length < 1e-300 {
                    continue;
                }
                let phase = [place[0] / length, place[1] / length];
                let theta = (matrix[q][q][0] - matrix[p][p][0]) / (2.0 * length);
                let sign = if theta < 0.0 { -1.0 } else { 1.0 };
                let tangent = sign / (theta.abs() + (theta * theta + 1.0).sqrt());
                let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
                let sine = tangent * cosine;
                // Columns: p' = c p - s e^{-iφ} q, q' = s e^{iφ} p + c q; rows of the matrix the conjugate.
                for row in 0..size {
                    let (of_p, of_q) = rotated(matrix[row][p], matrix[row][q], phase, cosine, sine);
                    (matrix[row][p], matrix[row][q]) = (of_p, of_q);
                    let (of_p, of_q) = rotated(vectors[row][p], vectors[row][q], phase, cosine, sine);
                    (vectors[row][p], vectors[row][q]) = (of_p, of_q);
                }
                let conjugate = [phase[0], -phase[1]];
                let (above, below) = matrix.split_at_mut(q);
                for (of_p, of_q) in above[p].iter_mut().zip(&mut below[0]) {
                    (*of_p, *of_q) = rotated(*of_p, *of_q, conjugate, cosine, sine);
                }
            }
        }
    }
    ((0..size).map(|index| matrix[index][index][0]).collect(), vectors)
}

fn square([re, im]: [f64; 2]) -> f64 {
    re * re + im * im
}

/// `c p - s e^{-iφ} q` and `s e^{iφ} p + c q`.
fn rotated(p: [f64; 2], q: [f64; 2], phase: [f64; 2], cosine: f64, sine: f64) -> ([f64; 2], [f64; 2]) {
    let times = |[re, im]: [f64; 2], [a, b]: [f64; 2]| [re * a - im * b, re * b + im * a];
    let turned_q = times(q, [phase[0], -phase[1]]);
    let turned_p = times(p, phase);
    (
        [cosine * p[0] - sine * turned_q[0], cosine * p[1] - sine * turned_q[1]],
        [sine * turned_p[0] + cosine * q[0], sine * turned_p[1] + cosine * q[1]],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.linalg.eigvals` of the normal part of HiPPO-LegS of 8 numbers, imaginary parts above 0.
    const OF_EIGHT: [f64; 4] =
        [0.427_488_712_285_860_9, 1.957_794_150_902_806_3, 5.354_208_515_030_869, 19.857_410_370_970_58];

    #[test]
    fn eigenvalues_are_those_of_numpy() {
        let found = legs(8);
        for (value, expected) in found.values.iter().zip(OF_EIGHT) {
            assert!((value[1] - expected).abs() < 1e-9 * expected && value[0] == -0.5, "{value:?}, {expected}");
        }
        assert_eq!(found.values.len(), 4);
    }

    #[test]
    fn the_matrix_times_a_vector_is_the_value_times_it() {
        let size = 64;
        let Eigen { values, vectors } = legs(size);
        let root = |index: usize| (index as f64 + 0.5).sqrt();
        for (number, [_, w]) in values.iter().enumerate() {
            for row in 0..size {
                let mut sum = [0.0; 2];
                for column in (0..size).filter(|column| *column != row) {
                    let k = root(row) * root(column) * if row > column { -1.0 } else { 1.0 };
                    let vector = vectors[column][number];
                    sum = [sum[0] + k * vector[0], sum[1] + k * vector[1]];
                }
                // K v = i w v
                let [re, im] = vectors[row][number];
                let off = (sum[0] + w * im).abs() + (sum[1] - w * re).abs();
                assert!(off < 1e-9 * (1.0 + w), "{number} {row}: {off}");
            }
        }
    }
}
