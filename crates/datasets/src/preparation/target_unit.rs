//! What the tokens of target sequences are, by which errors are named.

use serde::{Deserialize, Serialize};

/// What a token of a target sequence is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetUnit {
    /// A character of a text.
    Character {
        /// The token of the space between words; `None` where no target of the training part has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        space: Option<u32>,
    },
    /// A word of a text.
    Word,
    /// An entry of a `tokenizer.json`, or a number that the data gave itself.
    #[default]
    Other,
}
