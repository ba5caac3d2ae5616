//! What a step does to gradients and weights value by value, in place and with all threads.

use rayon::prelude::*;

use super::isa::arch;

/// Values whose squares are summed at a time, whoever does it.
const TURN: usize = 1 << 14;
/// Values that one thread takes by itself at least: waking another takes longer.
const ALONE: usize = 1 << 16;

/// `old = keep old + add new`
pub(crate) fn blend(old: &mut [f32], new: &[f32], keep: f32, add: f32) {
    let arch = arch();
    old.par_chunks_mut(ALONE).zip(new.par_chunks(ALONE)).for_each(|(old, new)| {
        arch.dispatch(|| old.iter_mut().zip(new).for_each(|(old, new)| *old = keep * *old + add * new));
    });
}

/// `values = factor values`
pub(crate) fn scale(values: &mut [f32], factor: f32) {
    let arch = arch();
    values.par_chunks_mut(ALONE).for_each(|values| {
        arch.dispatch(|| values.iter_mut().for_each(|value| *value *= factor));
    });
}

/// The sum of all squares; in an order that does not depend on the threads.
pub(crate) fn sum_of_squares(values: &[f32]) -> f32 {
    /// Sums that run beside each other, as in a vector.
    const LANES: usize = 16;
    let arch = arch();
    let of_turn = |values: &[f32]| {
        let mut sums = [0.0f32; LANES];
        arch.dispatch(|| {
            let (whole, rest) = values.as_chunks::<LANES>();
            for values in whole.iter().map(<[f32; LANES]>::as_slice).chain([rest]) {
                values.iter().zip(&mut sums).for_each(|(value, sum)| *sum += value * value);
            }
        });
        sums.iter().map(|sum| f64::from(*sum)).sum::<f64>()
    };
    let turns: Vec<f64> = values.par_chunks(TURN).with_min_len(ALONE / TURN).map(of_turn).collect();
    turns.iter().sum::<f64>() as f32
}
