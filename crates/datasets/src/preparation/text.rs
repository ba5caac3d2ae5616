//! From text to tokens: words, characters, or a Hugging Face `tokenizer.json`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;

use schemars::JsonSchema;
use semiseq_schema::Problem;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::events::BETWEEN_ITEMS;
use crate::formats::decode::read_text;
use crate::preparation::counting::counted;
use crate::preparation::hugging_face::{self, HuggingFace};
use crate::preparation::target_unit::TargetUnit;
use crate::preparation::transform::{TextUnit, TransformConfig};
use crate::preparation::unicode;
use crate::shown::shown;

/// Stands for tokens that the vocabulary lacks; 0 is padding.
pub const UNKNOWN: u32 = 1;
const SPECIALS: [&str; 2] = ["<pad>", "<unk>"];

/// Numbers of a vocabulary at most: the largest in use have a quarter of a million.
pub(crate) const MOST_TOKENS: usize = 1 << 22;

/// Numbers the tokens of a text.
///
/// # Errors
///
/// Why the tokenizer cannot cut a text: a word-level vocabulary without its unknown token, for example.
pub type Encode<'a> = Box<dyn Fn(&str) -> Result<Vec<u32>, String> + 'a>;

/// Cuts text into tokens and numbers them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tokenizer {
    /// Words and characters with a vocabulary of the training part.
    Vocabulary {
        /// Characters in place of words.
        characters: bool,
        /// Tokens by number; the first two are `<pad>` and `<unk>`.
        tokens: Vec<String>,
    },
    /// Items of sessions, an item per line of a text. Items that the training part lacks are left out.
    Items {
        /// Items by number; the first two are `<pad>` and `<unk>`, which stands for a session without a known item.
        tokens: Vec<String>,
    },
    /// A Hugging Face tokenizer, whole; its numbers are moved up by one to make room for padding.
    HuggingFace {
        /// The text of `tokenizer.json`.
        json: String,
        /// One above the largest number of its vocabulary.
        size: usize,
    },
}

impl Tokenizer {
    /// Fits a tokenizer on the training texts.
    ///
    /// # Errors
    ///
    /// Where `data.transform.tokenize` names no file and is neither `word` nor `character`.
    pub fn fit(
        config: &TransformConfig,
        texts: impl Iterator<Item = impl AsRef<str> + Sync>,
    ) -> Result<Self, DataError> {
        Self::fit_unit(&config.tokenize, "tokenize", config, texts)
    }

    /// As [`Tokenizer::fit`], by the unit that `data.transform` names under another key.
    pub(crate) fn fit_unit(
        unit: &TextUnit,
        key: &str,
        config: &TransformConfig,
        texts: impl Iterator<Item = impl AsRef<str> + Sync>,
    ) -> Result<Self, DataError> {
        let unit = match unit.0.as_str() {
            _ if *unit == TextUnit::item() => Unit::Items,
            "word" => Unit::Words,
            "character" => Unit::Characters,
            path if path.ends_with(".json") => return of_file(Path::new(path)),
            other => {
                return Err(DataError::new(
                    format!(
                        "`data.transform.{key}` must be `word`, `character` or the path of a `tokenizer.json`, got \
                         `{other}`"
                    ),
                    "words are the usual choice, and characters for transcripts",
                ));
            }
        };
        let Ok(counts) = counted(texts, |text, count| {
            cut(text, unit).into_iter().for_each(count);
            Ok::<(), Infallible>(())
        });
        let least = config.min_frequency.unwrap_or(1);
        let mut counted: Vec<(String, usize)> = counts.into_iter().filter(|(_, count)| *count >= least).collect();
        counted.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        counted.truncate(config.vocabulary.unwrap_or(usize::MAX));
        let tokens =
            SPECIALS.iter().map(ToString::to_string).chain(counted.into_iter().map(|(token, _)| token)).collect();
        Ok(match unit {
            Unit::Items => Self::Items { tokens },
            _ => Self::Vocabulary { characters: unit == Unit::Characters, tokens },
        })
    }

    /// Tokens of the vocabulary, padding included.
    pub fn size(&self) -> usize {
        match self {
            Self::Vocabulary { tokens, .. } | Self::Items { tokens } => tokens.len(),
            Self::HuggingFace { size, .. } => size + 1,
        }
    }

    /// The words by number, where the vocabulary is one of words.
    pub fn words(&self) -> Option<&[String]> {
        match self {
            Self::Vocabulary { characters: false, tokens } => Some(tokens),
            Self::Vocabulary { .. } | Self::Items { .. } | Self::HuggingFace { .. } => None,
        }
    }

    /// What a token of the vocabulary is.
    pub(crate) fn unit(&self) -> TargetUnit {
        match self {
            Self::Vocabulary { characters: true, tokens } => TargetUnit::Character {
                space: (0..).zip(tokens).find(|(_, token)| *token == " ").map(|(number, _)| number),
            },
            Self::Vocabulary { .. } => TargetUnit::Word,
            Self::Items { .. } | Self::HuggingFace { .. } => TargetUnit::Other,
        }
    }

    /// The token of a number, where the vocabulary is one of tokens; nothing beyond its end.
    pub(crate) fn token(&self, number: u32) -> Option<&str> {
        match self {
            Self::Vocabulary { tokens, .. } | Self::Items { tokens } => tokens.get(number as usize).map(String::as_str),
            Self::HuggingFace { .. } => None,
        }
    }

    /// Whether sequences are sessions, of which the last items tell more than the first.
    pub(crate) fn is_of_items(&self) -> bool {
        matches!(self, Self::Items { .. })
    }

    /// Notes what cannot be; `path` is where the tokenizer stands in a file of a run folder.
    pub(crate) fn check(&self, path: &str, problems: &mut Vec<Problem>) {
        let mut note =
            |key: &str, message: String| problems.push(Problem { key: format!("{path}.{key}"), message, hint: None });
        match self {
            Self::Vocabulary { tokens, .. } | Self::Items { tokens } => {
                let kind = if self.is_of_items() { "items" } else { "vocabulary" };
                if tokens.len() < SPECIALS.len() || tokens.iter().zip(SPECIALS).any(|(token, special)| token != special)
                {
                    note(&format!("{kind}.tokens"), format!("must begin with {}", SPECIALS.join(" and ")));
                }
                let distinct: std::collections::HashSet<&String> = tokens.iter().collect();
                if distinct.len() < tokens.len() {
                    note(&format!("{kind}.tokens"), "holds a token twice".into());
                }
            }
            Self::HuggingFace { json, size } => match HuggingFace::parse(json).map(|tokenizer| tokenizer.size()) {
                Ok(real) if real == *size && *size <= MOST_TOKENS => {}
                Ok(real) => note("hugging-face.size", format!("is {size}, and its tokens end before {real}")),
                Err(reason) => note("hugging-face.json", format!("cannot be read: {reason}")),
            },
        }
    }

    /// The first number that stands for a word: 0 is padding, and in a vocabulary of our own 1 is the unknown word.
    pub fn first_word(&self) -> u32 {
        match self {
            Self::Vocabulary { .. } | Self::Items { .. } => 2,
            Self::HuggingFace { .. } => 1,
        }
    }

    /// The tokens that stand behind numbers, for people to read; padding is left out.
    pub fn text(&self, numbers: &[u32]) -> String {
        let numbers = numbers.iter().filter(|number| **number > 0);
        match self {
            Self::Vocabulary { characters, tokens } => {
                let tokens: Vec<&str> =
                    numbers.filter_map(|number| tokens.get(*number as usize)).map(String::as_str).collect();
                if *characters { tokens.concat() } else { unicode::joined(&tokens) }
            }
            Self::Items { tokens } => {
                let items: Vec<&str> =
                    numbers.filter_map(|number| tokens.get(*number as usize)).map(String::as_str).collect();
                items.join(", ")
            }
            Self::HuggingFace { json, .. } => {
                let numbers: Vec<u32> = numbers.map(|number| number - 1).collect();
                // A tokenizer that cannot be read has been refused when the run began.
                HuggingFace::parse(json).ok().and_then(|tokenizer| tokenizer.decode(&numbers)).unwrap_or_default()
            }
        }
    }

    /// The number of all tokens that the vocabulary lacks; `None` for a Hugging Face tokenizer that cuts every text
    /// into known pieces.
    pub fn unknown(&self) -> Option<u32> {
        match self {
            Self::Vocabulary { .. } => Some(UNKNOWN),
            // Left out, and not read as anything.
            Self::Items { .. } => None,
            Self::HuggingFace { json, .. } => {
                let known = ["[UNK]", "<unk>", "<UNK>", "<|unk|>"];
                HuggingFace::parse(json).ok()?.number_of_first(&known).map(|number| number + 1)
            }
        }
    }

    /// A function that numbers the tokens of a text; a text without any becomes one `<unk>`.
    ///
    /// # Errors
    ///
    /// Where the recorded `tokenizer.json` cannot be read.
    pub fn encoder(&self) -> Result<Encode<'_>, DataError> {
        let never_empty = |tokens: Vec<u32>| if tokens.is_empty() { vec![UNKNOWN] } else { tokens };
        match self {
            Self::Vocabulary { characters, tokens } => {
                let numbers = numbers_of(tokens);
                let unit = if *characters { Unit::Characters } else { Unit::Words };
                Ok(Box::new(move |text| {
                    Ok(never_empty(
                        cut(text, unit)
                            .iter()
                            .map(|token| numbers.get(token.as_str()).copied().unwrap_or(UNKNOWN))
                            .collect(),
                    ))
                }))
            }
            Self::Items { tokens } => {
                let numbers = numbers_of(tokens);
                Ok(Box::new(move |text| {
                    let known = text.split(BETWEEN_ITEMS).filter_map(|item| numbers.get(item).copied());
                    Ok(never_empty(known.collect()))
                }))
            }
            Self::HuggingFace { json, size } => {
                let wrong = |error: String| {
                    DataError::new(format!("the tokenizer cannot be read: {error}"), hugging_face::HINT)
                };
                // Batches are padded, and texts cut, as the config says.
                let tokenizer = HuggingFace::parse(json).and_then(HuggingFace::bare).map_err(wrong)?;
                Ok(Box::new(move |text| {
                    let ids = tokenizer.encode(unicode::composed(text).as_ref())?;
                    if let Some(id) = ids.iter().find(|id| **id as usize >= *size) {
                        return Err(format!("it gives the number {id}, which is not in its vocabulary"));
                    }
                    Ok(never_empty(ids.iter().map(|id| id + 1).collect()))
                }))
            }
        }
    }
}

/// What a token is.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Words,
    Characters,
    Items,
}

fn cut(text: &str, unit: Unit) -> Vec<String> {
    match unit {
        Unit::Words => unicode::words(text),
        Unit::Characters => unicode::characters(text),
        Unit::Items => text.split(BETWEEN_ITEMS).map(String::from).collect(),
    }
}

fn numbers_of(tokens: &[String]) -> HashMap<&str, u32> {
    tokens.iter().zip(0..).map(|(token, number)| (token.as_str(), number)).collect()
}

/// The tokenizer of a `tokenizer.json`.
fn of_file(path: &Path) -> Result<Tokenizer, DataError> {
    let json = read_text(path)?;
    let wrong =
        |error: String| DataError::new(format!("{}: not a tokenizer: {error}", path.display()), hugging_face::HINT);
    let tokenizer = HuggingFace::parse(&json).map_err(wrong)?;
    let size = tokenizer.size();
    if size == 0 {
        return Err(wrong("its vocabulary is empty".into()));
    }
    let last = tokenizer.last_token();
    if let Some((token, number)) = last.filter(|_| size > MOST_TOKENS) {
        return Err(DataError::new(
            format!(
                "{}: the token `{}` has the number {number}; at most {MOST_TOKENS} tokens are learned",
                path.display(),
                shown(&token)
            ),
            "each number up to the last one has a vector, whether a token has it or not: number the tokens from 0 on",
        ));
    }
    let described: serde_json::Value = serde_json::from_str(&json).map_err(|error| wrong(error.to_string()))?;
    if described["model"]["dropout"].as_f64().is_some_and(|share| share > 0.0) {
        return Err(DataError::new(
            format!("{}: `model.dropout` cuts a text differently each time", path.display()),
            "set it to null: views of a text are `[data.augment]`'s, which draws them by the run's seed",
        ));
    }
    Ok(Tokenizer::HuggingFace { size, json })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::file;

    #[test]
    fn words_are_numbered_by_how_common_they_are() {
        let tokenizer = Tokenizer::fit(&TransformConfig::default(), ["A cat, a dog", "a bird"].into_iter()).unwrap();
        let Tokenizer::Vocabulary { tokens, .. } = &tokenizer else { panic!("a vocabulary") };
        assert_eq!(tokens[..4], ["<pad>", "<unk>", "a", ","]);
        let encode = tokenizer.encoder().unwrap();
        assert_eq!(encode("a cow,").unwrap(), [2, UNKNOWN, 3]);
        assert_eq!(encode("  ").unwrap(), [UNKNOWN]);
        assert_eq!(tokenizer.text(&[2, UNKNOWN, 3, 0]), "a <unk> ,");
    }

    #[test]
    fn letters_are_known_however_they_were_composed_and_chinese_has_no_spaces() {
        let tokenizer = Tokenizer::fit(&TransformConfig::default(), ["café 电影"].into_iter()).unwrap();
        let encode = tokenizer.encoder().unwrap();
        assert_eq!(encode("cafe\u{301} 影电").unwrap(), [2, 3, 4]);
        assert_eq!(tokenizer.text(&[2, 4, 3]), "café 电影");
    }

    #[test]
    fn rare_words_become_unknown() {
        let config = TransformConfig { min_frequency: Some(2), ..Default::default() };
        let tokenizer = Tokenizer::fit(&config, ["b b c"].into_iter()).unwrap();
        assert_eq!(tokenizer.size(), 3);
        assert_eq!(tokenizer.encoder().unwrap()("b c").unwrap(), [2, UNKNOWN]);
    }

    fn tokenized_by(path: &Path) -> TransformConfig {
        let tokenize = crate::preparation::transform::TextUnit(path.display().to_string());
        TransformConfig { tokenize, ..Default::default() }
    }

    fn hugging_face(name: &str, padding: &str, vocabulary: &str) -> Tokenizer {
        let json = format!(
            r#"{{"version":"1.0","truncation":null,"padding":{padding},"added_tokens":[],"normalizer":{{"type":"Lowercase"}},"pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,"model":{{"type":"WordLevel","vocab":{vocabulary},"unk_token":"[UNK]"}}}}"#
        );
        Tokenizer::fit(&tokenized_by(&file(&format!("{name}.json"), json)), std::iter::empty::<&str>()).unwrap()
    }

    #[test]
    fn a_hugging_face_tokenizer_is_read_and_padding_stays_free() {
        let tokenizer = hugging_face("plain", "null", r#"{"[UNK]":0,"cat":1,"dog":2}"#);
        assert_eq!((tokenizer.size(), tokenizer.unknown()), (4, Some(1)));
        assert_eq!(tokenizer.encoder().unwrap()("Dog cow cat").unwrap(), [3, 1, 2]);
        assert_eq!(hugging_face("pieces", "null", r#"{"cat":0}"#).unknown(), None);
    }

    #[test]
    fn a_tokenizer_may_begin_with_a_byte_order_mark() {
        let Tokenizer::HuggingFace { json, .. } = hugging_face("unmarked", "null", r#"{"[UNK]":0,"é":1}"#) else {
            panic!()
        };
        let tokenizer = super::of_file(&file("marked.json", format!("\u{feff}{json}"))).unwrap();
        // Composed as its vocabulary is.
        assert_eq!(tokenizer.encoder().unwrap()("e\u{301}").unwrap(), [2]);
    }

    #[test]
    fn a_tokenizers_own_padding_is_left_out() {
        let padding = r#"{"strategy":{"Fixed":16},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"}"#;
        let tokenizer = hugging_face("padding", padding, r#"{"[UNK]":0,"cat":1,"dog":2}"#);
        assert_eq!(tokenizer.encoder().unwrap()("cat dog").unwrap(), [2, 3]);
    }

    #[test]
    fn a_vocabulary_with_holes_is_as_large_as_its_last_number() {
        assert_eq!(hugging_face("holes", "null", r#"{"[UNK]":0,"cat":1,"dog":9}"#).size(), 11);
    }

    #[test]
    fn a_number_beyond_all_vocabularies_is_refused() {
        let fit = |model: &str| {
            let json = format!(
                r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,"model":{model}}}"#
            );
            Tokenizer::fit(&tokenized_by(&file("vast.json", json)), std::iter::empty::<&str>()).unwrap_err().in_full()
        };
        for last in ["4294967294", "4294967295"] {
            let message =
                fit(&format!(r#"{{"type":"WordLevel","vocab":{{"[UNK]":0,"a":{last}}},"unk_token":"[UNK]"}}"#));
            assert!(message.contains(&format!("the token `a` has the number {last}; at most 4194304")), "{message}");
        }
        let message = fit(r#"{"type":"BPE","dropout":0.1,"vocab":{"a":0,"b":1},"merges":[]}"#);
        assert!(message.contains("`model.dropout` cuts a text differently each time"), "{message}");
    }

    #[test]
    fn a_text_that_cannot_be_cut_is_an_error() {
        let tokenizer = hugging_face("unknown", "null", r#"{"cat":1}"#);
        let reason = tokenizer.encoder().unwrap()("dog").unwrap_err();
        assert!(reason.contains("[UNK]"), "{reason}");
    }
}
