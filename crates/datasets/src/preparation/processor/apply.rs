//! Prepares raw data as the training part was prepared.

use semiseq_schema::InputSize;

use crate::error::DataError;
use crate::levels::moved;
use crate::packed::Sink;
use crate::preparation::missing::fill_missing;
use crate::preparation::processor::Processor;
use crate::preparation::processor::changed::ChangedRecordings;
use crate::preparation::resample::sample_at;
use crate::preparation::scaling::{scale, statistics};
use crate::preparation::text::Tokenizer;
use crate::preparation::transform::Normalize;
use crate::sequence::{Dataset, Sequence, Target};
use crate::series::Series;

/// Whether a text was cut into as many tokens as it has labels.
fn check_steps(name: &str, row: usize, tokens: usize, target: &Target) -> Result<(), DataError> {
    match target {
        Target::Steps(labels) if labels.len() != tokens => Err(DataError::new(
            format!("{name}: row {}: the text is cut into {tokens} tokens, and has {} labels", row + 1, labels.len()),
            "give a label for each token, in the order in which `data.transform.tokenize` cuts the text",
        )),
        _ => Ok(()),
    }
}

impl Processor {
    /// Prepares raw data as the training part was prepared: targets too, where they are numbers.
    ///
    /// # Errors
    ///
    /// A label never seen in training, another kind of data, another number of channels.
    pub fn apply(&self, raw: Dataset) -> Result<Dataset, DataError> {
        self.apply_into(Sink::default(), raw)
    }

    /// As [`Processor::apply`]; the sequences go into `sink`.
    pub(crate) fn apply_into(&self, mut sink: Sink, raw: Dataset) -> Result<Dataset, DataError> {
        let targets = match raw.targets.iter().any(|target| matches!(target, Target::Sequence(_))) {
            true => self.target_sequences(&raw)?,
            false => self.targets(&raw)?,
        };
        let encode = self.tokenizer.as_ref().map(Tokenizer::encoder).transpose()?;
        let mut recordings = ChangedRecordings::default();
        for (row, sequence) in raw.sequences.into_iter().enumerate() {
            let sequence = match sequence {
                Sequence::Packed(packed) => packed.read(),
                other => other,
            };
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
            sink.push(match (sequence, self.input) {
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
                    Some(encode) => {
                        let tokens = encode(&text).map_err(|reason| {
                            DataError::new(
                                format!("{}: row {}: the tokenizer cannot cut the text: {reason}", raw.name, row + 1),
                                "the `tokenizer.json` that `data.transform.tokenize` names must hold its own unknown \
                                 token",
                            )
                        })?;
                        check_steps(&raw.name, row, tokens.len(), &targets[row])?;
                        Sequence::Tokens(self.cut(tokens))
                    }
                    None => return Err(wrong("text")),
                },
                (Sequence::Tokens(tokens), InputSize::Tokens(vocabulary))
                    if tokens.iter().all(|token| (*token as usize) < vocabulary) =>
                {
                    Sequence::Tokens(self.cut(tokens))
                }
                (Sequence::Tokens(_), _) => return Err(wrong("tokens that are not in the vocabulary")),
                (Sequence::Packed(_), _) => return Err(wrong("a row that is not read")),
            })?;
        }
        let sequences = sink.finish(&targets)?;
        let classes = self.classes.clone();
        Ok(Dataset { name: raw.name, sequences, targets, classes, keys: raw.keys, ..Dataset::default() })
    }

    fn expected(&self) -> String {
        match self.input {
            InputSize::Values(channels) => format!("values of {channels} channels"),
            InputSize::Tokens(_) if self.tokenizer.is_some() => "text".into(),
            InputSize::Tokens(vocabulary) => format!("tokens below {vocabulary}"),
        }
    }

    /// Cuts after so many steps; of a session, which goes on at its end, before the last so many.
    pub(super) fn cut<T>(&self, mut items: Vec<T>) -> Vec<T> {
        let most = self.config.truncate.unwrap_or(usize::MAX);
        match self.tokenizer.as_ref().is_some_and(Tokenizer::is_of_items) {
            true => items.split_off(items.len().saturating_sub(most)),
            false => {
                items.truncate(most);
                items
            }
        }
    }

    /// Whether each prepared step depends on that step alone, so that a recording can be prepared before it is cut.
    pub fn keeps_steps(&self) -> bool {
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
    use crate::preparation::processor::tests::series;
    use crate::preparation::transform::TransformConfig;

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
        let message = processor.apply(data("dog")).unwrap_err().in_full();
        assert!(
            message.contains("t.csv: row 1: the label `dog` was never seen in training")
                && message.contains("hint: labels of the training part: cat"),
            "{message}"
        );
    }
}
