//! NumPy's legacy generator, so that the same seed draws what scikit-learn and aeon draw.

use rand_mt::Mt19937GenRand32;

/// `numpy.random.RandomState`.
pub(crate) struct NumpyRandom {
    generator: Mt19937GenRand32,
    /// Normal numbers come in pairs.
    spare: Option<f64>,
}

impl NumpyRandom {
    pub(crate) fn new(seed: u32) -> Self {
        Self { generator: Mt19937GenRand32::new(seed), spare: None }
    }

    /// Of a seed of 64 bits: NumPy's of the same number where it fits into 32.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self::new((seed ^ (seed >> 32)) as u32)
    }

    /// A number in [0, 1): `random_sample`.
    pub(crate) fn uniform(&mut self) -> f64 {
        let (high, low) = (self.generator.next_u32() >> 5, self.generator.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// A number of the normal distribution: `standard_normal`, by the polar method.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (first, second) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = first * first + second * second;
            if square < 1.0 && square > 0.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(scale * first);
                return scale * second;
            }
        }
    }

    /// A number below `count`: `randint`, as many bits as it takes, drawn until they fit.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        let mask = u32::MAX >> (count as u32 - 1).leading_zeros();
        loop {
            let drawn = (self.generator.next_u32() & mask) as usize;
            if drawn < count {
                return drawn;
            }
        }
    }

    /// The numbers below `count` in an order that is drawn: `permutation`.
    pub(crate) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for place in (1..count).rev() {
            order.swap(place, self.below(place + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.random.RandomState(0)`, NumPy 2.3.
    #[test]
    fn numbers_are_numpys() {
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-8, "{found}, {expected}");
        let mut random = NumpyRandom::new(0);
        for expected in [0.5488135, 0.71518937, 0.60276338] {
            close(random.uniform(), expected);
        }
        let mut random = NumpyRandom::new(0);
        for expected in [1.76405235, 0.40015721, 0.97873798, 2.2408932] {
            close(random.normal(), expected);
        }
        let mut random = NumpyRandom::new(0);
        assert_eq!([10, 10, 10, 10].map(|count| random.below(count)), [5, 0, 3, 3]);
        assert_eq!(NumpyRandom::new(0).permutation(6), [5, 2, 1, 3, 0, 4]);
    }
}
