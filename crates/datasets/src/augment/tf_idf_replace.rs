//! TF-IDF word replacement (Xie et al. 2020, UDA, section 2 and appendix): words that say little about a text give way
//! to other words that say little, so that what the text is about stays.
//!
//! A word is replaced with probability `min(rate · (C - TFIDF) / Z, 1)`, `C` the largest TF-IDF of the text and `Z` the
//! mean of `C - TFIDF` over it; its replacement is drawn with a probability in proportion to `max S - S`, `S` being
//! frequency times inverse document frequency over the corpus.

use std::collections::HashMap;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::corpus::Corpus;

/// Settings of `tf-idf-replace`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TfIdfReplaceConfig {
    /// Words that are replaced on average, as a part of the text, in [0, 1]. Default 0.3; the paper's settings lie
    /// between 0.1 and 0.9.
    pub rate: f64,
}

impl Default for TfIdfReplaceConfig {
    fn default() -> Self {
        Self { rate: 0.3 }
    }
}

impl TfIdfReplaceConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("rate", self.rate, 0.0, 1.0)
    }

    pub(super) fn apply(&self, tokens: &mut [u32], corpus: &Corpus, rng: &mut impl Rng) {
        let mut counts: HashMap<u32, f64> = HashMap::new();
        tokens.iter().for_each(|token| *counts.entry(*token).or_default() += 1.0);
        let length = tokens.len() as f64;
        let scores: Vec<f64> =
            tokens.iter().map(|token| counts[token] / length * corpus.inverse_document_frequency(*token)).collect();
        let largest = scores.iter().copied().fold(0.0, f64::max);
        let mean = scores.iter().map(|score| largest - score).sum::<f64>() / length.max(1.0);
        for (token, score) in tokens.iter_mut().zip(scores) {
            // Where all words say the same, all are as likely.
            let chance = if mean > 0.0 { self.rate * (largest - score) / mean } else { self.rate };
            if rng.random::<f64>() < chance {
                *token = corpus.draw_common(rng).unwrap_or(*token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;
    use crate::sequence::Sequence;

    #[test]
    fn words_of_every_text_give_way_and_rare_ones_stay() {
        // Tokens 2 and 3 stand in every text, tokens 10 and up in one each.
        let texts: Vec<Sequence> = (0..50).map(|text| Sequence::Tokens(vec![2, 3, 2, 10 + text])).collect();
        let corpus = Corpus::of(&texts);
        let config = TfIdfReplaceConfig { rate: 0.5 };
        let (mut common, mut rare) = (0, 0);
        for seed in 0..200 {
            let mut tokens = vec![2, 2, 2, 10];
            config.apply(&mut tokens, &corpus, &mut generator(seed, 0));
            common += tokens[..3].iter().filter(|token| **token != 2).count();
            rare += usize::from(tokens[3] != 10);
        }
        assert_eq!(rare, 0, "the word with the largest score never goes");
        assert!(common > 50, "{common}");
    }
}
