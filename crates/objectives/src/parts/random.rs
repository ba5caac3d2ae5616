//! Random numbers of objectives that draw on the host: a function of the device's seed, so that a resumed run draws the
//! same ones, or of a number of their own where a validation must not change from epoch to epoch.

use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution as _, Open01, StandardNormal};

/// Bits of a seed that one number in single precision carries.
const BITS: u32 = 24;

/// The seed of a step, drawn from the device's generator.
pub(crate) fn step_seed(device: &Device) -> u64 {
    let drawn: Tensor<1> = Tensor::random([2], Distribution::Uniform(0.0, f64::from(1 << BITS)), device);
    drawn.into_data().iter::<f32>().fold(0, |seed: u64, part| (seed << BITS) ^ part as u64)
}

/// Draws of one step.
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Standard normal numbers.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| StandardNormal.sample(&mut self.0)).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Numbers in (0, 1).
    pub fn uniform(&mut self, shape: [usize; 2], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| Open01.sample(&mut self.0)).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Numbers of the standard Gumbel distribution.
    pub fn gumbel(&mut self, shape: [usize; 2], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| {
                let uniform: f32 = Open01.sample(&mut self.0);
                -(-uniform.ln()).ln()
            })
            .collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// 1 with probability `rate`, otherwise 0.
    pub fn coins(&mut self, rate: f64, shape: [usize; 2], device: &Device) -> Tensor<2> {
        let mut coin = || f32::from(u8::from(rand::Rng::random_bool(&mut self.0, rate)));
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| coin()).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// A number of the Beta distribution with both parameters `alpha`.
    pub fn beta(&mut self, alpha: f64) -> f64 {
        // Checked with the config to be above 0.
        let beta = Beta::new(alpha, alpha).unwrap_or_else(|_| Beta::new(1.0, 1.0).expect("ones are in range"));
        beta.sample(&mut self.0)
    }

    /// Shares `max(λ, 1 - λ)` with `λ ~ Beta(alpha, alpha)`, `[rows, 1]`: how much of a mixture is the first part.
    pub fn shares(&mut self, alpha: f64, rows: usize, device: &Device) -> Tensor<2> {
        let mut share = || {
            let drawn = self.beta(alpha);
            drawn.max(1.0 - drawn) as f32
        };
        let values: Vec<f32> = (0..rows).map(|_| share()).collect();
        Tensor::from_data(TensorData::new(values, [rows, 1]), device)
    }

    /// The numbers below `rows` in random order.
    pub fn order(&mut self, rows: usize, device: &Device) -> Tensor<1, Int> {
        let mut order: Vec<i32> = (0..rows as i32).collect();
        order.shuffle(&mut self.0);
        Tensor::from_data(order.as_slice(), device)
    }

    /// Places drawn in proportion to weights, whose sums from the first on are given; a place may come several times.
    pub fn places(&mut self, sums: &[f64], count: usize) -> Vec<i32> {
        let all = sums.last().copied().unwrap_or(0.0);
        let mut place = || {
            let drawn: f64 = Open01.sample(&mut self.0);
            sums.partition_point(|sum| *sum <= drawn * all).min(sums.len().saturating_sub(1)) as i32
        };
        (0..count).map(|_| place()).collect()
    }

    /// The numbers below `rows` in random order, on the host.
    pub fn shuffled(&mut self, rows: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows).collect();
        order.shuffle(&mut self.0);
        order
    }

    /// A number below `count`, which is at least 1.
    pub fn below(&mut self, count: usize) -> usize {
        rand::Rng::random_range(&mut self.0, 0..count)
    }

    /// Numbers below `count`, `[rows]`.
    pub fn choices(&mut self, count: usize, rows: usize, device: &Device) -> Tensor<1, Int> {
        let values: Vec<i32> = (0..rows).map(|_| rand::Rng::random_range(&mut self.0, 0..count as i32)).collect();
        Tensor::from_data(values.as_slice(), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_from_the_seed_alone() {
        let device = Device::flex();
        let host = |tensor: Tensor<2>| tensor.into_data().iter::<f32>().collect::<Vec<f32>>();
        let normal = |seed| host(Draws::new(seed).normal([50, 40], &device));
        assert_eq!(normal(3), normal(3));
        assert_ne!(normal(3), normal(4));
        let mean = normal(3).iter().sum::<f32>() / 2000.0;
        assert!(mean.abs() < 0.1, "{mean}");
        let shares = host(Draws::new(1).shares(0.75, 200, &device));
        assert!(shares.iter().all(|share| (0.5..=1.0).contains(share)));
        let order = Draws::new(1).order(9, &device).into_data().iter::<i32>().collect::<Vec<i32>>();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..9).collect::<Vec<i32>>());
        assert_ne!(order, sorted);
        // Weights 0, 3, 0 and 1.
        let places = Draws::new(2).places(&[0.0, 3.0, 3.0, 4.0], 4000);
        let share = |place| places.iter().filter(|found| **found == place).count() as f64 / 4000.0;
        assert!((share(1) - 0.75).abs() < 0.03 && (share(3) - 0.25).abs() < 0.03);
    }
}
