//! Sequences that were written beside those that should have been.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use semiseq_models::{Input, Sequences};
use strsim::generic_levenshtein;

use crate::objective::Measure;
use crate::over::Over;

/// The number of no token.
const PADDING: u32 = 0;

/// The tokens of each row before its end, or its padding.
pub(crate) fn tokens_of(target: &Sequences, end: u32) -> Vec<Vec<u32>> {
    let Input::Tokens(tokens) = &target.input else { return Vec::new() };
    let [_, time] = tokens.dims();
    let tokens: Vec<u32> = tokens.to_data().iter::<i64>().map(|token| token as u32).collect();
    let until_end = |row: &[u32]| row.iter().copied().take_while(|token| ![end, PADDING].contains(token)).collect();
    tokens.chunks(time.max(1)).map(until_end).collect()
}

/// A sequence that was written, and what should have been.
pub(crate) type Pair<'a> = (&'a Vec<u32>, &'a Vec<u32>);

/// The rows whose truth is known, `[batch]`.
pub(crate) fn known_pairs<'a>(written: &'a [Vec<u32>], truth: &'a [Vec<u32>], known: &Tensor<1>) -> Vec<Pair<'a>> {
    let pairs = written.iter().zip(truth).zip(known.to_data().iter::<f32>().collect::<Vec<f32>>());
    pairs.filter(|(_, known)| *known > 0.0).map(|(pair, _)| pair).collect()
}

/// The share of rows that are right from end to end.
pub(crate) fn exact_match(pairs: &[Pair<'_>], device: &Device) -> Measure {
    share("exact_match", pairs.iter().filter(|(written, truth)| written == truth).count(), pairs.len(), device)
}

/// Insertions, deletions and substitutions, over the tokens that should have been written.
pub(crate) fn token_errors(name: &'static str, pairs: &[Pair<'_>], device: &Device) -> Measure {
    let wrong = pairs.iter().map(|(written, truth)| generic_levenshtein(*written, *truth)).sum();
    share(name, wrong, pairs.iter().map(|(_, truth)| truth.len()).sum(), device)
}

/// The same of words, which a token stands between.
pub(crate) fn word_errors(pairs: &[Pair<'_>], between: u32, device: &Device) -> Measure {
    let words = |tokens: &[u32]| -> Vec<Vec<u32>> {
        let words = tokens.split(|token| *token == between).filter(|word| !word.is_empty());
        words.map(<[u32]>::to_vec).collect()
    };
    let pairs: Vec<_> = pairs.iter().map(|(written, truth)| (words(written), words(truth))).collect();
    let wrong = pairs.iter().map(|(written, truth)| generic_levenshtein(written, truth)).sum();
    share("word_error_rate", wrong, pairs.iter().map(|(_, truth)| truth.len()).sum(), device)
}

/// `part` of `all`; a data set's is that of the sums over its batches.
fn share(name: &'static str, part: usize, all: usize, device: &Device) -> Measure {
    let mean = Tensor::<1>::from_data([(part as f64 / all.max(1) as f64) as f32], device);
    Measure::new(name, mean, Over::Counted(Arc::new(move |_| all as f64)))
}
