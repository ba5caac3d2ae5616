//! The mask of dropout, made where it is applied: forward and back make the same one from the same seed.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::isa::arch;
use crate::ops::Drops;

/// Values that one counter's 64 bits decide on, 16 each.
const VALUES: usize = 4;
/// Counters at a time: as many as a vector has, or some.
const COUNTERS: usize = 8;
/// Values of a thread's turn.
const TURN: usize = 1 << 14;

/// Drops values in place: what each becomes depends on the seed and its place alone.
pub(crate) fn drop_values(values: &mut [f32], drops: Drops) {
    let arch = arch();
    // The values of a counter that begins before the first of these.
    let within = drops.first % VALUES;
    let begun = if within == 0 { 0 } else { (VALUES - within).min(values.len()) };
    let (begun, values) = values.split_at_mut(begun);
    if !begun.is_empty() {
        let bits = split_mix(drops.seed.wrapping_add((drops.first / VALUES) as u64)) >> (16 * within);
        drop_by(begun, [bits; COUNTERS], least(drops.probability), drops.scale);
    }
    let seed = drops.seed.wrapping_add(drops.first.div_ceil(VALUES) as u64);
    values.par_chunks_mut(TURN).enumerate().for_each(|(turn, values)| {
        let seed = seed.wrapping_add((turn * TURN / VALUES) as u64);
        arch.dispatch(Turn { values, drops: Drops { seed, ..drops } });
    });
}

/// What 16 bits have to be for a value to stay.
fn least(probability: f64) -> u32 {
    (probability * f64::from(1 << 16)).round() as u32
}

struct Turn<'a> {
    values: &'a mut [f32],
    drops: Drops,
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { values, drops: Drops { seed, probability, scale, .. } } = self;
        let least = least(probability);
        for (index, values) in values.chunks_mut(COUNTERS * VALUES).enumerate() {
            let bits: [u64; COUNTERS] =
                std::array::from_fn(|at| split_mix(seed.wrapping_add((index * COUNTERS + at) as u64)));
            // Whole chunks have a length that the compiler knows.
            match <&mut [f32; COUNTERS * VALUES]>::try_from(&mut *values) {
                Ok(values) => drop_by(values, bits, least, scale),
                Err(_) => drop_by(values, bits, least, scale),
            }
        }
    }
}

/// Drops the values whose 16 bits are below `least`.
#[inline(always)]
fn drop_by(values: &mut [f32], bits: [u64; COUNTERS], least: u32, scale: f32) {
    for (at, value) in values.iter_mut().enumerate() {
        let bits = (bits[at / VALUES] >> (16 * (at % VALUES))) as u32 & 0xffff;
        *value = if bits >= least { *value * scale } else { 0.0 };
    }
}

/// 64 random bits for a counter (SplitMix64, Steele et al. 2014).
#[inline(always)]
fn split_mix(counter: u64) -> u64 {
    let bits = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_drop_what_the_whole_drops_wherever_they_are_cut() {
        let drops = Drops { seed: 11, first: 0, probability: 0.4, scale: 1.0 };
        let mut whole = vec![1.0; 3 * TURN + 5];
        drop_values(&mut whole, drops);
        for cuts in [[1, 2, 3], [4, 6, 9], [0, TURN + 3, 2 * TURN + 8], [5, 5, 3 * TURN]] {
            let mut parts = vec![1.0; whole.len()];
            let [first, second, third] = cuts;
            for (from, to) in [(0, first), (first, second), (second, third), (third, whole.len())] {
                drop_values(&mut parts[from..to], Drops { first: from, ..drops });
            }
            assert!(parts == whole, "cut at {cuts:?}");
        }
    }
}
