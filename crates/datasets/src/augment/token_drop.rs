//! Token drop (Iyyer et al. 2015): tokens are left out at random, never all of them.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of `token-drop`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenDropConfig {
    /// How often a token is left out, in [0, 1). Default 0.1.
    pub rate: f64,
}

impl Default for TokenDropConfig {
    fn default() -> Self {
        Self { rate: 0.1 }
    }
}

impl TokenDropConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("rate", self.rate, 0.0, 0.99)
    }

    pub(super) fn apply(&self, tokens: &mut Vec<u32>, rng: &mut impl Rng) {
        let kept: Vec<u32> = tokens.iter().copied().filter(|_| rng.random::<f64>() >= self.rate).collect();
        if kept.is_empty() {
            tokens.truncate(1);
        } else {
            *tokens = kept;
        }
    }
}
