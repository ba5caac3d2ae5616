//! Targets that are sequences of tokens.

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::preparation::target_unit::TargetUnit;
use crate::preparation::text::Tokenizer;
use crate::preparation::transform::TransformConfig;
use crate::sequence::{Dataset, Sequence, Target};

/// The tokens of target sequences: those of the data, and one more that ends a sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TargetVocabulary {
    /// Of texts; tokens that the data numbered itself have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tokenizer: Option<Tokenizer>,
    /// Tokens, padding included and the end left out: the end's number.
    pub(super) size: usize,
}

impl TargetVocabulary {
    pub(super) fn fit(config: &TransformConfig, train: &Dataset) -> Result<Option<Self>, DataError> {
        let sequences = train.targets.iter().filter_map(|target| match target {
            Target::Sequence(sequence) => Some(sequence),
            _ => None,
        });
        let sequences: Vec<&Sequence> = sequences.collect();
        if config.tokenize_target.is_some() && !matches!(sequences.first(), Some(Sequence::Text(_))) {
            return Err(DataError::new(
                format!("`data.transform.tokenize_target` cuts targets that are texts, and {} has none", train.name),
                "remove the key: it would have no effect; `ctc` and `sequence-to-sequence` learn texts",
            ));
        }
        Ok(match sequences.first() {
            Some(Sequence::Text(_)) => {
                let texts = sequences.iter().filter_map(|sequence| {
                    if let Sequence::Text(text) = sequence { Some(text.as_str()) } else { None }
                });
                let tokenizer = match &config.tokenize_target {
                    Some(unit) => Tokenizer::fit_unit(unit, "tokenize_target", config, texts)?,
                    None => Tokenizer::fit(config, texts)?,
                };
                Some(Self { size: tokenizer.size(), tokenizer: Some(tokenizer) })
            }
            Some(Sequence::Tokens(_)) => {
                let numbers = sequences.iter().flat_map(|sequence| match sequence {
                    Sequence::Tokens(tokens) => tokens.as_slice(),
                    _ => &[],
                });
                Some(Self { tokenizer: None, size: numbers.max().map_or(1, |largest| *largest as usize + 1) })
            }
            _ => None,
        })
    }

    pub(super) fn unit(&self) -> TargetUnit {
        self.tokenizer.as_ref().map_or(TargetUnit::Other, Tokenizer::unit)
    }
}
