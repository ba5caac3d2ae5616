//! The mask of dropout, made where it is applied: forward and back make the same one from the same seed.

use rayon::prelude::*;

use crate::ops::Drops;

/// Values that one counter's 64 bits decide on, and bits for each.
const VALUES: usize = 4;
const BITS: u32 = 16;
/// Counters of a thread's turn.
const TURN: usize = 4096;

/// Drops values in place: what each becomes depends on the seed and its place alone.
pub(crate) fn drop_values(values: &mut [f32], drops: Drops) {
    let least = (drops.probability * f64::from(1 << BITS)).round() as u64;
    values.par_chunks_mut(TURN * VALUES).enumerate().for_each(|(turn, values)| {
        for (index, values) in values.chunks_mut(VALUES).enumerate() {
            let mut bits = split_mix(drops.seed.wrapping_add((turn * TURN + index) as u64));
            for value in values {
                *value = if bits % (1 << BITS) >= least { *value * drops.scale } else { 0.0 };
                bits >>= BITS;
            }
        }
    });
}

/// 64 random bits for a counter (SplitMix64, Steele et al. 2014).
fn split_mix(counter: u64) -> u64 {
    let bits = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
