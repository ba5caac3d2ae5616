//! Targets as the model learns them: classes and tokens by number, numbers and futures scaled.

use std::collections::HashMap;

use crate::error::DataError;
use crate::label_names;
use crate::levels::moved;
use crate::preparation::processor::Processor;
use crate::preparation::processor::changed::ChangedRecordings;
use crate::preparation::processor::target_vocabulary::TargetVocabulary;
use crate::preparation::scaling::scale;
use crate::preparation::target_unit::TargetUnit;
use crate::preparation::text::Tokenizer;
use crate::preparation::transform::Normalize;
use crate::sequence::{Dataset, Sequence, Target};
use crate::series::Series;

impl Processor {
    /// Futures scaled as their windows, texts cut into words and ended.
    pub(super) fn target_sequences(&self, raw: &Dataset) -> Result<Vec<Target>, DataError> {
        let tokenizer = self.targets.as_ref().and_then(|targets| targets.tokenizer.as_ref());
        let encode = tokenizer.map(Tokenizer::encoder).transpose()?;
        let end = self.targets.as_ref().map_or(0, |targets| targets.size) as u32;
        let ended = |tokens: Vec<u32>| {
            let mut tokens = self.cut(tokens);
            tokens.push(end);
            Target::Sequence(Sequence::Tokens(tokens))
        };
        let wrong = |row: usize, found: &str| {
            DataError::new(
                format!("{}: row {}: {found}, unlike in training", raw.name, row + 1),
                "give targets of the kind that the model was trained on",
            )
        };
        let scaled = |mut series: Series, level: &[f64]| {
            if self.config.normalize == Normalize::Channel {
                moved(&mut series, level, &self.levels);
                scale(&mut series, &self.channels, &self.levels);
            } else {
                moved(&mut series, level, &[]);
            }
            series
        };
        let mut recordings = ChangedRecordings::default();
        let one = |(row, target): (usize, &Target)| match target {
            Target::Sequence(Sequence::Series(series)) => {
                Ok(Target::Sequence(Sequence::Series(scaled(series.clone(), raw.levels.of(row)))))
            }
            Target::Sequence(Sequence::Window(window)) => {
                let level = raw.levels.of(row);
                Ok(Target::Sequence(Sequence::Window(recordings.window(window, |series| scaled(series, level)))))
            }
            Target::Sequence(Sequence::Text(text)) => match &encode {
                Some(encode) => encode(text).map(ended).map_err(|reason| wrong(row, &reason)),
                None => Err(wrong(row, "the target is a text")),
            },
            Target::Sequence(Sequence::Tokens(tokens)) => match tokens.iter().all(|token| *token < end) {
                true => Ok(ended(tokens.clone())),
                false => Err(wrong(row, "a token of the target is not in the vocabulary")),
            },
            other => Ok(other.clone()),
        };
        raw.targets.iter().enumerate().map(one).collect()
    }

    /// Tokens of target sequences, padding and the end of a sequence included, which is the last; `None` where the data
    /// has no target sequences of tokens.
    pub fn target_vocabulary(&self) -> Option<usize> {
        self.targets.as_ref().map(|targets| targets.size + 1)
    }

    /// What a token of a target sequence is; `None` where the data has no target sequences of tokens.
    pub fn target_unit(&self) -> Option<TargetUnit> {
        self.targets.as_ref().map(TargetVocabulary::unit)
    }

    /// The words of a target sequence up to its end, for people to read: its text, or numbers where the data numbered
    /// its tokens itself.
    pub fn target_text(&self, tokens: &[u32]) -> String {
        let end = self.targets.as_ref().map_or(u32::MAX, |targets| targets.size as u32);
        let tokens: Vec<u32> = tokens.iter().copied().take_while(|token| *token != end).collect();
        match self.targets.as_ref().and_then(|targets| targets.tokenizer.as_ref()) {
            Some(tokenizer) => tokenizer.text(&tokens),
            None => tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// Targets with the classes numbered as in training.
    pub(super) fn targets(&self, raw: &Dataset) -> Result<Vec<Target>, DataError> {
        if let Some(numbers) = self.numbers {
            let scaled = |target: &Target| match target {
                Target::Number(number) => Target::Number(numbers.scaled(*number)),
                other => other.clone(),
            };
            return Ok(raw.targets.iter().map(scaled).collect());
        }
        if raw.classes == self.classes || self.classes.is_empty() {
            return Ok(raw.targets.clone());
        }
        let numbers: HashMap<String, usize> =
            self.classes.iter().zip(0..).map(|(name, number)| (label_names::key(name), number)).collect();
        let mut strangers = Vec::new();
        let mut number = |class: usize, row: usize| {
            let name = raw.classes.get(class).map_or("?", String::as_str);
            numbers.get(&label_names::key(name)).copied().unwrap_or_else(|| {
                strangers.push(format!("{}: row {}: the label `{name}` was never seen in training", raw.name, row + 1));
                0
            })
        };
        let targets = raw
            .targets
            .iter()
            .enumerate()
            .map(|(row, target)| match target {
                Target::Class(class) => Target::Class(number(*class, row)),
                Target::Labels(classes) => {
                    let mut classes: Vec<usize> = classes.iter().map(|class| number(*class, row)).collect();
                    classes.sort_unstable();
                    classes.dedup();
                    Target::Labels(classes)
                }
                Target::Steps(steps) => Target::Steps(steps.iter().map(|class| number(*class, row)).collect()),
                other => other.clone(),
            })
            .collect();
        if strangers.is_empty() {
            return Ok(targets);
        }
        Err(DataError::several(strangers, format!("labels of the training part: {}", self.classes.join(", "))))
    }
}
