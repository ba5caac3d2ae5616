//! Rows of a table by their numbers, and the gradient of the table.

use rayon::prelude::*;

use super::zeros::zeros;

/// Values that one thread adds by itself: waking another takes longer.
const ALONE: usize = 1 << 15;
/// Rows that a thread looks up at a time.
const TURN: usize = 64;

/// `[tokens, width]` from `[vocabulary, width]`.
pub(crate) fn look_up(table: &[f32], width: usize, tokens: &[usize]) -> Vec<f32> {
    let length = tokens.len() * width;
    let mut vectors = Vec::with_capacity(length);
    let places = vectors.spare_capacity_mut()[..length].par_chunks_mut(TURN * width);
    places.zip(tokens.par_chunks(TURN)).for_each(|(vectors, tokens)| {
        for (vector, token) in vectors.chunks_exact_mut(width).zip(tokens) {
            vector.write_copy_of_slice(&table[token * width..][..width]);
        }
    });
    // SAFETY: there are as many vectors as tokens, and each has just been written.
    unsafe { vectors.set_len(length) };
    vectors
}

/// `[vocabulary, width]`: the sum of the gradients, `[tokens, width]`, of each token, in the order of the tokens.
pub(crate) fn table_gradient(gradient: &[f32], width: usize, tokens: &[usize], vocabulary: usize) -> Vec<f32> {
    let mut table = zeros(vocabulary * width);
    let threads = if gradient.len() < ALONE { 1 } else { rayon::current_num_threads() };
    // Each thread takes some rows of the table and passes over all tokens.
    let rows = vocabulary.div_ceil(threads).max(1);
    table.par_chunks_mut(rows * width).enumerate().for_each(|(part, table)| {
        let own = part * rows..(part + 1) * rows;
        for (token, gradient) in
            tokens.iter().zip(gradient.chunks_exact(width)).filter(|(token, _)| own.contains(token))
        {
            let sums = &mut table[(token - own.start) * width..][..width];
            sums.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
    });
    table
}
