//! Token mask (Xie et al. 2017, "blank noise"): tokens become `<unk>` at random.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::preparation::text::UNKNOWN;

/// Settings of `token-mask`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenMaskConfig {
    /// How often a token is replaced, in [0, 1]. Default 0.1.
    pub rate: f64,
}

impl Default for TokenMaskConfig {
    fn default() -> Self {
        Self { rate: 0.1 }
    }
}

impl TokenMaskConfig {
    pub(super) fn check(&self) -> Option<String> {
        super::check_in("rate", self.rate, 0.0, 1.0)
    }

    pub(super) fn apply(&self, tokens: &mut [u32], rng: &mut impl Rng) {
        for token in tokens {
            if rng.random::<f64>() < self.rate {
                *token = UNKNOWN;
            }
        }
    }
}
