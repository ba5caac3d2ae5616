//! Buffers that stand step by step, cut into the rows of each thread.

use std::ops::Range;

/// `parts` ranges of nearly equal length that cover `0..count`.
pub(super) fn parts(count: usize, parts: usize) -> Vec<Range<usize>> {
    (0..parts).map(|part| part * count / parts..(part + 1) * count / parts).collect()
}

/// Cuts a `[steps, batch, width]` buffer: for each part of the batch its rows at each step, empty where the width
/// is 0.
pub(super) fn by_rows<'a>(
    mut buffer: &'a mut [f32],
    steps: usize,
    width: usize,
    parts: &[Range<usize>],
) -> Vec<Vec<&'a mut [f32]>> {
    let mut cut: Vec<Vec<&mut [f32]>> = parts.iter().map(|_| Vec::new()).collect();
    for _ in 0..steps {
        for (cut, part) in cut.iter_mut().zip(parts) {
            let (rows, rest) = buffer.split_at_mut(part.len() * width);
            cut.push(rows);
            buffer = rest;
        }
    }
    cut
}

/// Cuts a `[batch, …]` buffer of `width` values a row.
pub(super) fn by_batch<'a>(mut buffer: &'a mut [f32], width: usize, parts: &[Range<usize>]) -> Vec<&'a mut [f32]> {
    let cut = |part: &Range<usize>| {
        let (rows, rest) = std::mem::take(&mut buffer).split_at_mut(part.len() * width);
        buffer = rest;
        rows
    };
    parts.iter().map(cut).collect()
}
