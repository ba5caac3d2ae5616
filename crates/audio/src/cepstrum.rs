//! The orthonormal discrete cosine transform (type II), which turns log-mel bands into cepstral coefficients.

use std::f64::consts::PI;

/// Row-major `[coefficients, mels]`.
pub(crate) fn matrix(coefficients: usize, mels: usize) -> Vec<f64> {
    let entry = |row: usize, band: usize| {
        let scale = if row == 0 { 1.0 } else { 2.0f64 } / mels as f64;
        scale.sqrt() * (PI * row as f64 * (band as f64 + 0.5) / mels as f64).cos()
    };
    (0..coefficients).flat_map(|row| (0..mels).map(move |band| entry(row, band))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_orthonormal() {
        let all = matrix(5, 5);
        for (left, a) in all.chunks(5).enumerate() {
            for (right, b) in all.chunks(5).enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(left == right))).abs() < 1e-12);
            }
        }
    }
}
