//! The adding problem (Hochreiter & Schmidhuber 1997, experiment 4; as in Le et al. 2015): 100 steps of a
//! value uniform in [0, 1] and a marker that is 1 at one step of each half; the target is the sum of the
//! two marked values.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::sequence::{Sequence, Target};
use crate::series::Series;
use crate::sources::synthetic::Formula;

pub(super) const FORMULA: Formula = Formula {
    name: "adding",
    summary: "sum of two marked values, 100 steps of 2 channels, regression (Hochreiter & Schmidhuber 1997)",
    classes: &[],
    train: 2000,
    test: 500,
    sample,
};

const HALF: usize = 50;

fn sample(_index: usize, rng: &mut ChaCha8Rng) -> (Sequence, Target) {
    let marked = [rng.random_range(0..HALF), HALF + rng.random_range(0..HALF)];
    let mut values = Vec::with_capacity(4 * HALF);
    let mut sum = 0.0;
    for step in 0..2 * HALF {
        let value = rng.random::<f32>();
        let marker = marked.contains(&step);
        sum += if marker { value } else { 0.0 };
        values.extend([value, f32::from(u8::from(marker))]);
    }
    (Sequence::Series(Series { values, channels: 2 }), Target::Number(f64::from(sum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_sum_of_the_marked_values() {
        let dataset = FORMULA.train_part(Some(3), 0);
        let (Sequence::Series(series), Target::Number(sum)) = (&dataset.sequences[2], &dataset.targets[2]) else {
            panic!("a series and a number")
        };
        let marked: f32 = series.values.chunks(2).map(|step| step[0] * step[1]).sum();
        assert!((f64::from(marked) - sum).abs() < 1e-6);
    }
}
