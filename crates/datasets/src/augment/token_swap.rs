//! Token swap (Wei & Zou 2019): neighbours change places at random.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `token-swap`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSwapConfig {
    /// How often a token changes places with its neighbour, in [0, 1]. Default 0.1, the paper's.
    pub rate: f64,
}

impl Default for TokenSwapConfig {
    fn default() -> Self {
        Self { rate: 0.1 }
    }
}

impl TokenSwapConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("rate", self.rate, 0.0, 1.0)
    }

    pub(super) fn apply(&self, tokens: &mut [u32], rng: &mut impl Rng) {
        for place in 1..tokens.len() {
            if rng.random::<f64>() < self.rate {
                tokens.swap(place - 1, place);
            }
        }
    }
}
