//! Zeros that are handed out as a tensor, and so cannot come from the pool of buffers.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// Values that one thread clears by itself: waking another takes longer.
const ALONE: usize = 1 << 19;

/// So many zeros. The system clears a page when it is first touched, which for large tensors is a good part of an
/// operation: all threads touch their part.
pub(super) fn zeros(length: usize) -> Vec<f32> {
    if length < ALONE {
        return vec![0.0; length];
    }
    let mut values = Vec::with_capacity(length);
    let part = length.div_ceil(rayon::current_num_threads());
    values.spare_capacity_mut()[..length].par_chunks_mut(part).for_each(|values| values.fill(MaybeUninit::new(0.0)));
    // SAFETY: the first `length` values have just been written.
    unsafe { values.set_len(length) };
    values
}
