//! Preprocessing, fitted on the training part and kept with the model, so that `predict` does the same.

mod apply;
pub(crate) mod changed;
mod check;
pub(crate) mod forecast;
pub(crate) mod numbers;
pub(crate) mod target_vocabulary;
mod targets;

use std::borrow::Cow;

use semiseq_schema::InputSize;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::formats::table::layout::Layout;
use crate::preparation::labels::ClassOrder;
pub use crate::preparation::processor::forecast::Forecast;
use crate::preparation::processor::numbers::NumberScale;
use crate::preparation::processor::target_vocabulary::TargetVocabulary;
use crate::preparation::scaling::{channel_statistics, restored};
use crate::preparation::text::Tokenizer;
use crate::preparation::transform::{Normalize, TransformConfig};
use crate::sequence::{Dataset, Sequence, Target};
use crate::series::Series;

/// Fitted preprocessing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Processor {
    config: TransformConfig,
    input: InputSize,
    classes: Vec<String>,
    /// Whether the classes stand in their order, lowest first.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    ordered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenizer: Option<Tokenizer>,
    /// Mean and deviation of each channel of the training part.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    channels: Vec<(f32, f32)>,
    /// What is taken off each channel before, in double precision, where the training part lies on a large number.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    levels: Vec<f64>,
    /// How the words of target sequences are numbered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    targets: Option<TargetVocabulary>,
    /// Where windows of recordings are read, and their futures forecast.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    forecast: Option<Forecast>,
    /// Where the targets are numbers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    numbers: Option<NumberScale>,
    /// Which columns of the training table were read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    layout: Option<Layout>,
}

impl Processor {
    /// Fits on training sequences (labelled or not; labels are not looked at but for their names).
    ///
    /// # Errors
    ///
    /// Where there is no sequence, or the channels of the sequences differ.
    pub fn fit(config: &TransformConfig, train: &Dataset) -> Result<Self, DataError> {
        let Some(first) = train.sequences.first().map(Sequence::loaded) else {
            return Err(DataError::new(
                format!("{}: the training part is empty", train.name),
                "check the path and the split",
            ));
        };
        config.check_effect(&train.name, &first)?;
        let mut processor = Self {
            config: config.clone(),
            input: InputSize::Values(0),
            classes: train.classes.clone(),
            ordered: false,
            tokenizer: None,
            channels: Vec::new(),
            levels: Vec::new(),
            targets: TargetVocabulary::fit(config, train)?,
            forecast: None,
            numbers: None,
            layout: None,
        };
        match &*first {
            Sequence::Text(_) => {
                let texts = train.sequences.iter().filter_map(|sequence| match sequence.loaded() {
                    Cow::Borrowed(Sequence::Text(text)) => Some(Cow::Borrowed(text.as_str())),
                    Cow::Owned(Sequence::Text(text)) => Some(Cow::Owned(text)),
                    _ => None,
                });
                let tokenizer = Tokenizer::fit(config, texts)?;
                processor.input = InputSize::Tokens(tokenizer.size());
                processor.tokenizer = Some(tokenizer);
            }
            Sequence::Tokens(_) => {
                let largest = train
                    .sequences
                    .iter()
                    .flat_map(|sequence| {
                        if let Sequence::Tokens(tokens) = &*sequence.loaded() {
                            tokens.iter().copied().max()
                        } else {
                            None
                        }
                    })
                    .max()
                    .unwrap_or(0);
                processor.input = InputSize::Tokens(largest as usize + 1);
            }
            Sequence::Series(Series { channels, .. }) => processor.fit_values(train, *channels),
            Sequence::Window(window) => processor.fit_values(train, window.recording().channels),
            // What is loaded is none.
            Sequence::Packed(_) => {}
        }
        Ok(processor)
    }

    fn fit_values(&mut self, train: &Dataset, channels: usize) {
        self.input = InputSize::Values(channels);
        self.levels = train.levels.common(channels);
        self.channels = channel_statistics(train, channels, &self.levels);
    }

    /// What the model reads.
    pub fn input(&self) -> InputSize {
        self.input
    }

    /// The words of the vocabulary by their number, where texts are cut into words.
    pub fn words(&self) -> Option<&[String]> {
        self.tokenizer.as_ref()?.words()
    }

    /// The first number that stands for a word, or for a token that the data numbered itself.
    pub fn first_word(&self) -> u32 {
        self.tokenizer.as_ref().map_or(1, Tokenizer::first_word)
    }

    /// The words of a prepared text, for people to read; nothing for values, and for tokens that the data numbered
    /// itself.
    pub fn text(&self, sequence: &Sequence) -> Option<String> {
        match (sequence, &self.tokenizer) {
            (Sequence::Tokens(numbers), Some(tokenizer)) => Some(tokenizer.text(numbers)),
            _ => None,
        }
    }

    /// The name of an item of sessions; of a token that has no name its number.
    pub fn item(&self, number: u32) -> String {
        let named = self.tokenizer.as_ref().and_then(|tokenizer| tokenizer.token(number));
        named.map_or_else(|| number.to_string(), String::from)
    }

    /// What is forecast, where the data is windows of recordings.
    pub fn forecast(&self) -> Option<&Forecast> {
        self.forecast.as_ref()
    }

    pub(crate) fn set_forecast(&mut self, forecast: Forecast) {
        self.forecast = Some(forecast);
    }

    /// The same, for targets that are numbers, scaled by the mean and the deviation of these labels: those that
    /// training sees.
    #[must_use]
    pub fn with_labels(self, labels: &[Target]) -> Self {
        Self { numbers: NumberScale::fit(labels), ..self }
    }

    /// The same, for classes that stand in this order, lowest first.
    ///
    /// # Errors
    ///
    /// Where the order is none of these classes.
    pub(crate) fn in_order(self, order: Option<&ClassOrder>, name: &str) -> Result<Self, DataError> {
        match order {
            Some(order) => Ok(Self { classes: order.of(&self.classes, name)?, ordered: true, ..self }),
            None => Ok(self),
        }
    }

    /// Whether the classes stand in their order, lowest first.
    pub fn ordered(&self) -> bool {
        self.ordered
    }

    /// A number that the model says in the units of the data.
    pub fn number(&self, scaled: f64) -> f64 {
        self.numbers.map_or(scaled, |numbers| scaled * numbers.deviation + numbers.mean)
    }

    /// What a difference of 1 between two of the model's numbers is in the units of the data.
    pub fn number_unit(&self) -> f64 {
        self.numbers.map_or(1.0, |numbers| numbers.deviation)
    }

    /// Which columns of the training table were read, by which later tables are read.
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// The same, of data that were read by this layout: defaults for sound differ from those for other series.
    #[must_use]
    pub fn with_layout(self, layout: Option<Layout>) -> Self {
        Self { layout, ..self }
    }

    /// Class names in order; empty for numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// A series in the units of the data, from the model's, where each channel was scaled by its own mean and
    /// deviation; a series that was scaled by its own stays as it is.
    pub fn restore(&self, series: Series) -> Series {
        let values = self.restored(&series).into_iter().map(|value| value as f32).collect();
        Series { values, ..series }
    }

    /// Whether [`Processor::restored`] gives the units of the data: not where each series was scaled by its own mean.
    pub fn restores(&self) -> bool {
        self.config.normalize != Normalize::Series
    }

    /// As [`Processor::restore`], in double precision: `f32` has no digits left for small changes on a large number.
    pub fn restored(&self, series: &Series) -> Vec<f64> {
        match self.config.normalize {
            Normalize::Channel => restored(series, &self.channels, &self.levels),
            _ => series.values.iter().copied().map(f64::from).collect(),
        }
    }

    /// A line on words that the vocabulary lacks, where most tokens of prepared data are such; `kind` says of which
    /// part.
    pub fn mostly_unknown(&self, data: &Dataset, kind: &str) -> Option<String> {
        let number = self.tokenizer.as_ref()?.unknown()?;
        let (mut tokens, mut unknown) = (0, 0);
        for sequence in &data.sequences {
            if let Sequence::Tokens(numbers) = &*sequence.loaded() {
                tokens += numbers.len();
                unknown += numbers.iter().filter(|token| **token == number).count();
            }
        }
        (2 * unknown > tokens).then(|| {
            format!(
                "{unknown} of {tokens} tokens of the {kind} part are unknown (`<unk>`): lower \
                 `data.transform.min_frequency`, or set `data.transform.tokenize = \"character\"`"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn series(values: &[f32]) -> Dataset {
        Dataset {
            name: "t".into(),
            sequences: vec![Sequence::Series(Series { values: values.to_vec(), channels: 1 })],
            targets: vec![Target::Missing],
            ..Dataset::default()
        }
    }

    #[test]
    fn numbers_are_scaled_by_the_labels_that_training_sees_and_restored() {
        let train = Dataset { targets: vec![Target::Number(1998.0)], ..series(&[0.0]) };
        let processor = Processor::fit(&TransformConfig::default(), &train).unwrap();
        assert_eq!((processor.number(0.5), processor.number_unit()), (0.5, 1.0));
        // Mean 2000, deviation 2.
        let labels = [Target::Number(1998.0), Target::Missing, Target::Number(2002.0)];
        let processor = processor.with_labels(&labels);
        let one = |number: f64| {
            let raw = Dataset { targets: vec![Target::Number(number)], ..series(&[0.0]) };
            processor.apply(raw).unwrap().targets.remove(0)
        };
        assert_eq!([one(1998.0), one(2005.0)], [Target::Number(-1.0), Target::Number(2.5)]);
        assert_eq!((processor.number(2.5), processor.number_unit()), (2005.0, 2.0));
        let kept: Processor = serde_json::from_str(&serde_json::to_string(&processor).unwrap()).unwrap();
        assert_eq!(kept, processor);
        let problems = |numbers: NumberScale| {
            let mut problems = Vec::new();
            Processor { numbers: Some(numbers), ..processor.clone() }.check("processor", &mut problems);
            problems.into_iter().map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert!(problems(NumberScale { mean: 2000.0, deviation: 2.0 }).is_empty());
        assert_eq!(problems(NumberScale { mean: 2000.0, deviation: 0.0 }), ["processor.numbers"]);
        assert_eq!(problems(NumberScale { mean: f64::NAN, deviation: 2.0 }), ["processor.numbers"]);
        // Sums of 0.1 are rounded, and yet all are the same.
        let same = Processor { numbers: NumberScale::fit(&vec![Target::Number(0.1); 7]), ..processor };
        assert!((same.number(0.0) - 0.1).abs() < 1e-7 && same.number_unit() == 1.0);
    }

    #[test]
    fn what_was_scaled_is_restored() {
        let data = series(&[1.0, 5.0]);
        let processor = Processor::fit(&TransformConfig::default(), &data).unwrap();
        let scaled = Series { values: vec![-1.0, 0.0, 1.0], channels: 1 };
        assert_eq!(processor.restore(scaled).values, [1.0, 3.0, 5.0]);
    }
}
