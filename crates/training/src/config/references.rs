//! `[references]`: what plain methods give on the same labels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a run also says what scikit-learn's kind of methods give on the same labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReferencesConfig {
    /// Compute them, before the first stage. Default: for classes and numbers of whole sequences, where the data are
    /// small enough that it takes seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl ReferencesConfig {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
