//! What a model reads at each step.

use serde::{Deserialize, Serialize};

/// What a model reads at each step. In the JSON of a run folder `{"values": {"channels": 3}}` or
/// `{"tokens": {"vocabulary": 500}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum InputSize {
    /// A vector of so many values.
    Values(usize),
    /// A token of a vocabulary of so many, the padding token included.
    Tokens(usize),
}

impl InputSize {
    /// Channels of values.
    pub fn channels(self) -> Option<usize> {
        match self {
            Self::Values(channels) => Some(channels),
            Self::Tokens(_) => None,
        }
    }

    /// Tokens of the vocabulary, the padding token included.
    pub fn vocabulary(self) -> Option<usize> {
        match self {
            Self::Values(_) => None,
            Self::Tokens(vocabulary) => Some(vocabulary),
        }
    }
}

/// The two ways in which run folders hold it: a processor names the number, the target of a generator does not.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stored {
    Values(Number<Channels>),
    Tokens(Number<Vocabulary>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number<T> {
    Named(T),
    Bare(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Channels {
    channels: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vocabulary {
    vocabulary: usize,
}

impl From<Stored> for InputSize {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Values(Number::Named(Channels { channels }) | Number::Bare(channels)) => Self::Values(channels),
            Stored::Tokens(Number::Named(Vocabulary { vocabulary }) | Number::Bare(vocabulary)) => {
                Self::Tokens(vocabulary)
            }
        }
    }
}

impl From<InputSize> for Stored {
    fn from(size: InputSize) -> Self {
        match size {
            InputSize::Values(channels) => Self::Values(Number::Named(Channels { channels })),
            InputSize::Tokens(vocabulary) => Self::Tokens(Number::Named(Vocabulary { vocabulary })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_earlier_run_folders_are_read_and_one_is_written() {
        for text in [r#"{"values":{"channels":3}}"#, r#"{"values":3}"#] {
            assert_eq!(serde_json::from_str::<InputSize>(text).unwrap(), InputSize::Values(3));
        }
        for text in [r#"{"tokens":{"vocabulary":9}}"#, r#"{"tokens":9}"#] {
            assert_eq!(serde_json::from_str::<InputSize>(text).unwrap(), InputSize::Tokens(9));
        }
        assert_eq!(serde_json::to_string(&InputSize::Values(3)).unwrap(), r#"{"values":{"channels":3}}"#);
        assert!(serde_json::from_str::<InputSize>(r#"{"values":{"vocabulary":3}}"#).is_err());
    }
}
