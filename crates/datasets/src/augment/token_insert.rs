//! Random insertion (Wei & Zou 2019): words of the vocabulary come in at random places. The paper takes synonyms from
//! WordNet; here a word is drawn as often as it stands in the training texts.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::augment::corpus::Corpus;

/// Settings of `token-insert`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenInsertConfig {
    /// How often a word comes in behind a word, in [0, 1]. Default 0.1, the paper's.
    pub rate: f64,
}

impl Default for TokenInsertConfig {
    fn default() -> Self {
        Self { rate: 0.1 }
    }
}

impl TokenInsertConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("rate", self.rate, 0.0, 1.0)
    }

    pub(super) fn apply(&self, tokens: &mut Vec<u32>, corpus: &Corpus, rng: &mut impl Rng) {
        let mut longer = Vec::with_capacity(tokens.len() * 2);
        for token in tokens.iter() {
            longer.push(*token);
            if rng.random::<f64>() < self.rate {
                longer.extend(corpus.draw(rng));
            }
        }
        *tokens = longer;
    }
}
