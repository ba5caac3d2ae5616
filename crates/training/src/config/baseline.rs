//! The baseline: the same model on the labelled part alone, for as many steps as the last stage.

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

/// Whether the run also trains the comparison that tells what the unlabelled data bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BaselineConfig {
    /// Train the baseline too. It starts from the same initial weights, and uses the last stage's
    /// batch size, optimiser, schedule, number of steps, steps between validations and rule for the best of them.
    pub enabled: bool,
}

impl BaselineConfig {
    pub(crate) fn check(&self, _path: &str, _problems: &mut Vec<Problem>) {}
}
