//! Preprocessing, fitted on the training part and kept with the model, so that `predict` does the same.

pub(crate) mod changed;
mod check;
pub(crate) mod forecast;
pub(crate) mod numbers;
pub(crate) mod target_vocabulary;
mod targets;

use semiseq_schema::InputSize;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::formats::table::layout::Layout;
use crate::levels::moved;
use crate::preparation::missing::fill_missing;
use crate::preparation::processor::changed::ChangedRecordings;
pub use crate::preparation::processor::forecast::Forecast;
use crate::preparation::processor::numbers::NumberScale;
use crate::preparation::processor::target_vocabulary::TargetVocabulary;
use crate::preparation::resample::sample_at;
use crate::preparation::scaling::{channel_statistics, restored, scale, statistics};
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
        let Some(first) = train.sequences.first() else {
            return Err(DataError::new(
                format!("{}: the training part is empty", train.name),
                "check the path and the split",
            ));
        };
        config.check_effect(&train.name, first)?;
        let mut processor = Self {
            config: config.clone(),
            input: InputSize::Values(0),
            classes: train.classes.clone(),
            tokenizer: None,
            channels: Vec::new(),
            levels: Vec::new(),
            targets: TargetVocabulary::fit(config, train)?,
            forecast: None,
            numbers: None,
            layout: None,
        };
        match first {
            Sequence::Text(_) => {
                let texts = train.sequences.iter().filter_map(|sequence| {
                    if let Sequence::Text(text) = sequence { Some(text.as_str()) } else { None }
                });
                let tokenizer = Tokenizer::fit(config, texts)?;
                processor.input = InputSize::Tokens(tokenizer.size());
                processor.tokenizer = Some(tokenizer);
            }
            Sequence::Tokens(_) => {
                let largest =
                    train
                        .sequences
                        .iter()
                        .flat_map(|sequence| {
                            if let Sequence::Tokens(tokens) = sequence { tokens.iter().copied().max() } else { None }
                        })
                        .max()
                        .unwrap_or(0);
                processor.input = InputSize::Tokens(largest as usize + 1);
            }
            Sequence::Series(Series { channels, .. }) => processor.fit_values(train, *channels),
            Sequence::Window(window) => processor.fit_values(train, window.recording().channels),
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

    /// The words of a prepared text, for people to read; nothing for values, and for tokens that the data numbered itself.
    pub fn text(&self, sequence: &Sequence) -> Option<String> {
        match (sequence, &self.tokenizer) {
            (Sequence::Tokens(numbers), Some(tokenizer)) => Some(tokenizer.text(numbers)),
            _ => None,
        }
    }

    /// What is forecast, where the data is windows of recordings.
    pub fn forecast(&self) -> Option<&Forecast> {
        self.forecast.as_ref()
    }

    pub(crate) fn set_forecast(&mut self, forecast: Forecast) {
        self.forecast = Some(forecast);
    }

    /// The same, for targets that are numbers, scaled by the mean and the deviation of these labels: those that training sees.
    #[must_use]
    pub fn with_labels(self, labels: &[Target]) -> Self {
        Self { numbers: NumberScale::fit(labels), ..self }
    }

    /// A number that the model says in the units of the data.
    pub fn number(&self, scaled: f64) -> f64 {
        self.numbers.map_or(scaled, |numbers| scaled * f64::from(numbers.deviation) + f64::from(numbers.mean))
    }

    /// What a difference of 1 between two of the model's numbers is in the units of the data.
    pub fn number_unit(&self) -> f64 {
        self.numbers.map_or(1.0, |numbers| f64::from(numbers.deviation))
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

    /// Prepares raw data as the training part was prepared: targets too, where they are numbers.
    ///
    /// # Errors
    ///
    /// A label never seen in training, another kind of data, another number of channels.
    pub fn apply(&self, raw: Dataset) -> Result<Dataset, DataError> {
        let targets = match raw.targets.iter().any(|target| matches!(target, Target::Sequence(_))) {
            true => self.target_sequences(&raw)?,
            false => self.targets(&raw)?,
        };
        let encode = self.tokenizer.as_ref().map(Tokenizer::encoder).transpose()?;
        let mut recordings = ChangedRecordings::default();
        let mut sequences = Vec::with_capacity(raw.len());
        for (row, sequence) in raw.sequences.into_iter().enumerate() {
            let wrong = |found: &str| {
                DataError::new(
                    format!(
                        "{}: row {} holds {found}; the model was trained on {}",
                        raw.name,
                        row + 1,
                        self.expected()
                    ),
                    "give data of the kind that the model was trained on",
                )
            };
            sequences.push(match (sequence, self.input) {
                (Sequence::Series(series), InputSize::Values(channels)) if series.channels == channels => {
                    Sequence::Series(self.series(series, raw.levels.of(row)))
                }
                (Sequence::Window(window), InputSize::Values(channels)) if window.recording().channels == channels => {
                    match self.keeps_steps() {
                        true => {
                            let level = raw.levels.of(row);
                            Sequence::Window(recordings.window(&window, |series| self.series(series, level)))
                        }
                        false => match Sequence::Window(window).owned() {
                            Sequence::Series(series) => Sequence::Series(self.series(series, raw.levels.of(row))),
                            other => other,
                        },
                    }
                }
                (Sequence::Window(window), _) => {
                    return Err(wrong(&format!("values of {} channels", window.recording().channels)));
                }
                (Sequence::Series(series), _) => return Err(wrong(&format!("values of {} channels", series.channels))),
                (Sequence::Text(text), _) => match &encode {
                    Some(encode) => Sequence::Tokens(self.cut(encode(&text).map_err(|reason| {
                        DataError::new(
                            format!("{}: row {}: the tokenizer cannot cut the text: {reason}", raw.name, row + 1),
                            "the `tokenizer.json` that `data.transform.tokenize` names must hold its own unknown token",
                        )
                    })?)),
                    None => return Err(wrong("text")),
                },
                (Sequence::Tokens(tokens), InputSize::Tokens(vocabulary))
                    if tokens.iter().all(|token| (*token as usize) < vocabulary) =>
                {
                    Sequence::Tokens(self.cut(tokens))
                }
                (Sequence::Tokens(_), _) => return Err(wrong("tokens that are not in the vocabulary")),
            });
        }
        let classes = self.classes.clone();
        Ok(Dataset { name: raw.name, sequences, targets, classes, keys: raw.keys, ..Dataset::default() })
    }

    /// A series in the units of the data, from the model's, where each channel was scaled by its own mean and deviation; a
    /// series that was scaled by its own stays as it is.
    pub fn restore(&self, series: Series) -> Series {
        let values = self.restored(&series).into_iter().map(|value| value as f32).collect();
        Series { values, ..series }
    }

    /// As [`Processor::restore`], in double precision: `f32` has no digits left for small changes on a large number.
    pub fn restored(&self, series: &Series) -> Vec<f64> {
        match self.config.normalize {
            Normalize::Channel => restored(series, &self.channels, &self.levels),
            _ => series.values.iter().copied().map(f64::from).collect(),
        }
    }

    /// A line on words that the vocabulary lacks, where most tokens of prepared data are such; `kind` says of which part.
    pub fn mostly_unknown(&self, data: &Dataset, kind: &str) -> Option<String> {
        let number = self.tokenizer.as_ref()?.unknown()?;
        let (mut tokens, mut unknown) = (0, 0);
        for sequence in &data.sequences {
            if let Sequence::Tokens(numbers) = sequence {
                tokens += numbers.len();
                unknown += numbers.iter().filter(|token| **token == number).count();
            }
        }
        (2 * unknown > tokens).then(|| {
            format!(
                "{unknown} of {tokens} tokens of the {kind} part are unknown (`<unk>`): lower `data.transform.min_frequency`, or set \
                 `data.transform.tokenize = \"character\"`"
            )
        })
    }

    fn expected(&self) -> String {
        match self.input {
            InputSize::Values(channels) => format!("values of {channels} channels"),
            InputSize::Tokens(_) if self.tokenizer.is_some() => "text".into(),
            InputSize::Tokens(vocabulary) => format!("tokens below {vocabulary}"),
        }
    }

    pub(super) fn cut<T>(&self, mut items: Vec<T>) -> Vec<T> {
        items.truncate(self.config.truncate.unwrap_or(usize::MAX));
        items
    }

    /// Whether each prepared step depends on that step alone, so that a recording can be prepared before it is cut.
    fn keeps_steps(&self) -> bool {
        let config = &self.config;
        config.resample.is_none()
            && config.truncate.is_none()
            && config.pad.is_none()
            && config.normalize != Normalize::Series
    }

    /// Prepares a series, which `level` was taken off.
    fn series(&self, mut series: Series, level: &[f64]) -> Series {
        fill_missing(&mut series);
        if let Some(steps) = self.config.resample {
            let scale = series.time().saturating_sub(1) as f32 / steps.saturating_sub(1).max(1) as f32;
            series.values = sample_at(&series, (0..steps).map(|step| step as f32 * scale));
        }
        series.values.truncate(self.config.truncate.unwrap_or(usize::MAX).saturating_mul(series.channels));
        match self.config.normalize {
            Normalize::None => moved(&mut series, level, &[]),
            Normalize::Channel => {
                moved(&mut series, level, &self.levels);
                scale(&mut series, &self.channels, &self.levels);
            }
            // By its own mean, which what was taken off does not change.
            Normalize::Series => {
                let own = statistics(std::iter::once(&series), series.channels);
                scale(&mut series, &own, level);
            }
        }
        let least = self.config.pad.unwrap_or(0) * series.channels;
        if series.values.len() < least {
            series.values.resize(least, 0.0);
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f32]) -> Dataset {
        Dataset {
            name: "t".into(),
            sequences: vec![Sequence::Series(Series { values: values.to_vec(), channels: 1 })],
            targets: vec![Target::Missing],
            ..Dataset::default()
        }
    }

    fn applied(config: &TransformConfig, values: &[f32]) -> Vec<f32> {
        let data = series(values);
        let Sequence::Series(series) = Processor::fit(config, &data).unwrap().apply(data).unwrap().sequences.remove(0)
        else {
            panic!("a series")
        };
        series.values
    }

    #[test]
    fn channels_get_mean_zero_and_deviation_one() {
        // Mean 3, deviation 2.
        assert_eq!(applied(&TransformConfig::default(), &[1.0, 5.0]), [-1.0, 1.0]);
    }

    #[test]
    fn small_units_are_scaled_as_large_ones_and_a_constant_is_centred() {
        let small = applied(&TransformConfig::default(), &[1e-7, 5e-7]);
        assert!((small[0] + 1.0).abs() < 1e-3 && (small[1] - 1.0).abs() < 1e-3, "{small:?}");
        assert_eq!(applied(&TransformConfig::default(), &[3.0, 3.0]), [0.0, 0.0]);
        assert_eq!(applied(&TransformConfig::default(), &[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn numbers_are_scaled_by_the_labels_that_training_sees_and_restored() {
        let train = Dataset { targets: vec![Target::Number(1998.0)], ..series(&[0.0]) };
        let processor = Processor::fit(&TransformConfig::default(), &train).unwrap();
        assert_eq!((processor.number(0.5), processor.number_unit()), (0.5, 1.0));
        // Mean 2000, deviation 2.
        let labels = [Target::Number(1998.0), Target::Missing, Target::Number(2002.0)];
        let processor = processor.with_labels(&labels);
        let one = |number: f32| {
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
        assert_eq!(problems(NumberScale { mean: f32::NAN, deviation: 2.0 }), ["processor.numbers"]);
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

    /// Changes on a large number: two rows of four steps, read as double precision.
    fn on(number: f64) -> Dataset {
        let rows = [[0.25, -0.5, 1.0, 0.5], [-1.0, 0.75, 0.0, -0.25]];
        let mut data = Dataset { targets: vec![Target::Missing; 2], ..Dataset::default() };
        for (row, changes) in rows.iter().enumerate() {
            let values: Vec<f64> = changes.iter().map(|change| number + change * (1.0 + row as f64)).collect();
            let (series, level) = crate::levels::leveled(&values, 1);
            data.levels.push(row, level);
            data.sequences.push(Sequence::Series(series));
        }
        data
    }

    #[test]
    fn small_changes_on_a_large_number_are_scaled_as_those_near_zero() {
        for normalize in [Normalize::Channel, Normalize::Series] {
            let config = TransformConfig { normalize, ..Default::default() };
            let values = |number: f64| -> Vec<f32> {
                let processor = Processor::fit(&config, &on(number)).unwrap();
                // As a later process reads it.
                let processor: Processor = serde_json::from_str(&serde_json::to_string(&processor).unwrap()).unwrap();
                let read = processor.apply(on(number)).unwrap();
                let steps = |sequence: &Sequence| {
                    if let Sequence::Series(series) = sequence { series.values.clone() } else { vec![] }
                };
                read.sequences.iter().flat_map(steps).collect()
            };
            let (large, small) = (values(1.6e9 + 0.125), values(0.0));
            assert!(large.iter().zip(&small).all(|(large, small)| (large - small).abs() < 1e-5), "{large:?} {small:?}");
        }
    }

    #[test]
    fn what_is_read_later_lies_on_its_own_number() {
        let processor = Processor::fit(&TransformConfig::default(), &on(1.6e9)).unwrap();
        let values = |data: Dataset| {
            let Sequence::Series(series) = processor.apply(data).unwrap().sequences.remove(0) else {
                panic!("a series")
            };
            series.values
        };
        let (same, above) = (values(on(1.6e9)), values(on(1.6e9 + 4.0)));
        let deviation = processor.channels[0].1;
        let moved = |(same, above): (&f32, &f32)| ((above - same) * deviation - 4.0).abs() < 1e-4;
        assert!(same.iter().zip(&above).all(moved), "{same:?} {above:?}");
        assert_eq!(processor.restored(&Series { values: same, channels: 1 })[1], 1.6e9 - 0.5);
    }

    #[test]
    fn rounding_errors_on_a_constant_are_not_blown_up() {
        let (steps, level) = crate::levels::leveled(&[0.3, 0.1 + 0.2], 1);
        let mut data = series(&steps.values);
        data.levels.push(0, level);
        let processor = Processor::fit(&TransformConfig::default(), &data).unwrap();
        let Sequence::Series(series) = processor.apply(data).unwrap().sequences.remove(0) else { panic!("a series") };
        assert!(series.values.iter().all(|value| value.abs() < 1e-6), "{:?}", series.values);
    }

    #[test]
    fn missing_values_are_interpolated() {
        let config = TransformConfig { normalize: Normalize::None, ..Default::default() };
        assert_eq!(applied(&config, &[f32::NAN, 1.0, f32::NAN, 3.0, f32::NAN]), [1.0, 1.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    fn resampling_keeps_the_ends() {
        let config = TransformConfig { normalize: Normalize::None, resample: Some(3), ..Default::default() };
        assert_eq!(applied(&config, &[0.0, 1.0, 2.0, 3.0, 4.0]), [0.0, 2.0, 4.0]);
    }

    #[test]
    fn a_class_is_known_by_its_number_however_it_is_written() {
        let data = |labels: [&str; 2]| {
            let sequences = vec![Sequence::Tokens(vec![1]); 2];
            Dataset::from_labels("t.csv".into(), sequences, labels.map(String::from).to_vec())
        };
        let processor = Processor::fit(&TransformConfig::default(), &data(["1.0", "2.0"])).unwrap();
        let applied = processor.apply(data(["2", "1"])).unwrap();
        assert_eq!(
            (applied.classes, applied.targets),
            (vec!["1.0".into(), "2.0".into()], [1, 0].map(Target::Class).to_vec())
        );
    }

    #[test]
    fn a_strange_label_is_named_with_its_row() {
        let data =
            |label: &str| Dataset::from_labels("t.csv".into(), vec![Sequence::Tokens(vec![1])], vec![label.into()]);
        let processor = Processor::fit(&TransformConfig::default(), &data("cat")).unwrap();
        let message = processor.apply(data("dog")).unwrap_err().to_string();
        assert!(
            message.contains("t.csv: row 1: the label `dog` was never seen in training")
                && message.contains("hint: labels of the training part: cat"),
            "{message}"
        );
    }
}
