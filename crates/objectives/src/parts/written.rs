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

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};

    use super::*;

    #[test]
    fn edits_are_summed_over_what_should_have_been_written() {
        let device = Device::flex();
        // `ab a`, `b`, and nothing; 9 is the space.
        let truth = [vec![1, 2, 9, 1], vec![2], vec![]];
        let written = [vec![1, 9, 1, 2], vec![2], vec![1]];
        let known = Tensor::<1>::from_data([1.0f32, 1.0, 1.0], &device);
        let value = |measure: Measure| measure.values.into_data().iter::<f32>().next();
        let pairs = known_pairs(&written, &truth, &known);
        assert_eq!(value(exact_match(&pairs, &device)), Some(1.0 / 3.0));
        // `ab a` to `a ab`: one deletion and one insertion; one more in the last row.
        assert_eq!(value(token_errors("character_error_rate", &pairs, &device)), Some(3.0 / 5.0));
        // Two words of two are wrong, and one is too much.
        assert_eq!(value(word_errors(&pairs, 9, &device)), Some(3.0 / 3.0));
        let first = known_pairs(&written, &truth, &Tensor::from_data([0.0f32, 1.0, 0.0], &device)).len();
        assert_eq!(first, 1);
    }

    #[test]
    fn tokens_end_at_their_end_or_at_padding() {
        let tokens = Tensor::<2, Int>::from_data([[3, 4, 7, 0], [5, 0, 0, 0], [7, 0, 0, 0]], &Device::flex());
        let target = Sequences { input: Input::Tokens(tokens), mask: None };
        assert_eq!(tokens_of(&target, 7), [vec![3, 4], vec![5], vec![]]);
    }
}
