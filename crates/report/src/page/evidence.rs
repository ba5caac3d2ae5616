//! What a report shows beside the scores: predictions and vectors of the test part, and the unlabelled sequences that
//! the model is surest and least sure of.

use semiseq_analysis::{pca, tsne};
use semiseq_datasets::{Dataset, Prepared, Processor, Sequence, Series, Target};
use semiseq_training::tasks::measures::{ClassPredictions, Confusion, argmax};
use semiseq_training::{FinishedRun, Judge, ModelSettings, ObjectiveSettings, Outputs};

use crate::mattered::{Mattered, mattered};
use crate::page::labels::{LabelRow, label_rows};
use crate::sample::{drawn, stratified};
use crate::shown::{SHOWN, Shown};

/// Dots of a map at most: more hide each other, and t-SNE takes seconds.
const DOTS: usize = 300;
/// Unlabelled sequences that are looked at, at most.
const CANDIDATES: usize = 2000;
/// Channels whose errors are drawn, at most.
const CHANNELS: usize = 8;
/// Examples of each kind.
const EXAMPLES: usize = 6;

/// What the model says about data, gathered for a report.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Predictions for the labelled sequences of the test part; empty where a class of the whole sequence is not what
    /// the model says.
    pub(crate) predictions: ClassPredictions,
    pub(crate) dots: Vec<Dot>,
    /// Places of the dots by principal components and by t-SNE, where both could be made.
    pub(crate) maps: Vec<(&'static str, Vec<[f64; 2]>)>,
    pub(crate) surest: Vec<Example>,
    pub(crate) least_sure: Vec<Example>,
    pub(crate) mattered: Vec<Mattered>,
    /// Where a sequence has any number of labels.
    pub(crate) labels: Vec<LabelRow>,
    pub(crate) shown: Shown,
    /// The same, as many as a sheet of images holds.
    pub(crate) drawn: Shown,
    pub(crate) forecasts: Vec<ForecastExample>,
    pub(crate) horizons: Vec<Horizon>,
    /// Test sequences, the texts that should answer them, and those that do.
    pub(crate) answers: Vec<Answer>,
    /// Texts of `shown`, in the order of its sequences: rebuilt pairs, samples, real ones; empty for values.
    pub(crate) texts: Vec<String>,
}

/// A sequence on a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dot {
    pub truth: Option<usize>,
    pub predicted: Option<usize>,
}

/// A window of the test part and what follows it: the first channel.
#[derive(Clone, Debug)]
pub(crate) struct ForecastExample {
    pub past: Vec<f64>,
    pub truth: Vec<f64>,
    pub forecast: Vec<f64>,
}

/// The mean absolute error of each step ahead, of one channel.
#[derive(Clone, Debug)]
pub(crate) struct Horizon {
    pub column: String,
    pub errors: Vec<f64>,
    /// Of the last value of each window.
    pub naive: Vec<f64>,
}

impl ForecastExample {
    fn of(window: &Series, truth: &Series, forecast: &Series, processor: &Processor) -> Self {
        let first = |series: &Series| -> Vec<f64> {
            processor.restored(series).into_iter().step_by(series.channels.max(1)).collect()
        };
        Self { past: first(window), truth: first(truth), forecast: first(forecast) }
    }
}

/// The numbers of tokens that have no words.
fn numbers(sequence: &Sequence) -> String {
    match sequence {
        Sequence::Tokens(tokens) => tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

/// A test sequence with the text that should answer it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Values or a text.
    pub source: Sequence,
    pub target: String,
    pub written: String,
}

/// An unlabelled sequence.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub sequence: Sequence,
    /// Where the sequence is a text.
    pub text: Option<String>,
    pub predicted: usize,
    pub confidence: f64,
    /// The label that training did not see, where there is one.
    pub truth: Option<usize>,
}

impl Evidence {
    /// Asks a finished run about its data; `None` where `stop` says to give it up.
    pub(crate) fn gather<M: ModelSettings, O: ObjectiveSettings>(
        run: &FinishedRun<M, O>,
        data: &Prepared,
        seed: u64,
        stop: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let mut evidence = Self::default();
        // No predictions where they are not what the run is about.
        let predicts = run.purpose().scored_by == Judge::Predictions;
        let outputs = if predicts { run.outputs_until(&data.test, stop) } else { Outputs::Nothing };
        if stop() {
            return None;
        }
        match &outputs {
            Outputs::Classes(_) if !data.processor.classes().is_empty() => {
                evidence.predictions = run.class_predictions(&outputs, &data.test);
                (evidence.surest, evidence.least_sure) = examples(run, data, seed, stop)?;
                evidence.mattered = mattered(run, data, seed);
            }
            Outputs::Labels(_) => {
                let task = run.purpose().task();
                evidence.labels = label_rows(task, &outputs, &data.test, &data.processor);
            }
            Outputs::Forecasts(_) => {
                evidence.forecasts = forecasts(run, data);
                evidence.horizons = horizons(&outputs, &data.test, &data.processor);
            }
            _ => {}
        }
        if stop() {
            return None;
        }
        evidence.draw_maps(run, &data.test, &outputs, seed);
        Some(evidence).filter(|_| !stop())
    }

    /// Adds what an objective makes.
    pub(crate) fn with(mut self, mut shown: Shown, processor: &Processor) -> Self {
        self.drawn = shown.clone();
        shown.rebuilt.truncate(SHOWN);
        shown.made.truncate(SHOWN);
        shown.real.truncate(SHOWN);
        for [window, truth, forecast] in &shown.answered {
            match (window, truth, forecast) {
                (Sequence::Series(window), Sequence::Series(truth), Sequence::Series(forecast)) => {
                    self.forecasts.push(ForecastExample::of(window, truth, forecast, processor));
                }
                (source, Sequence::Tokens(truth), Sequence::Tokens(answer)) => self.answers.push(Answer {
                    source: match source {
                        Sequence::Series(_) => source.clone(),
                        tokens => Sequence::Text(processor.text(tokens).unwrap_or_else(|| numbers(tokens))),
                    },
                    target: processor.target_text(truth),
                    written: processor.target_text(answer),
                }),
                _ => {}
            }
        }
        let pairs = shown.rebuilt.iter().flat_map(|(real, made)| [real, made]);
        self.texts =
            pairs.chain(&shown.made).chain(&shown.real).filter_map(|sequence| processor.text(sequence)).collect();
        self.shown = shown;
        self
    }

    /// Without any sequence, neither of the data nor made by the model: scores and places on a map are left.
    #[must_use]
    pub(crate) fn without_examples(self) -> Self {
        let Self { predictions, dots, maps, horizons, .. } = self;
        Self { predictions, dots, maps, horizons, ..Self::default() }
    }

    /// The confusion matrix of the predictions; `None` where there are none.
    pub(crate) fn confusion(&self, classes: &[String]) -> Option<Confusion> {
        (!self.predictions.truth.is_empty()).then(|| self.predictions.confusion(classes))
    }

    fn draw_maps<M: ModelSettings, O: ObjectiveSettings>(
        &mut self,
        run: &FinishedRun<M, O>,
        test: &Dataset,
        outputs: &Outputs,
        seed: u64,
    ) {
        let chosen = stratified(test, DOTS, seed);
        let vectors = run.embed(&test.select(&chosen));
        let maps = [("Principal components", pca(&vectors)), ("t-SNE", tsne(&vectors, seed))];
        // Too few points, or vectors that are all the same, leave a map out.
        self.maps = maps.into_iter().filter_map(|(name, map)| Some((name, map.ok()?))).collect();
        let dot = |&row: &usize| Dot {
            truth: class(&test.targets[row]),
            predicted: match outputs {
                Outputs::Classes(rows) if !rows[row].is_empty() => Some(self.predictions.decided(&rows[row])),
                _ => None,
            },
        };
        self.dots = chosen.iter().map(dot).collect();
    }
}

/// The mean absolute error of each step ahead over the test part, a channel each, beside that of the last value of the
/// window; in the units of the data.
fn horizons(outputs: &Outputs, test: &Dataset, processor: &Processor) -> Vec<Horizon> {
    let (Outputs::Forecasts(rows), Some(forecast)) = (outputs, processor.forecast()) else { return Vec::new() };
    let channels = forecast.columns.len().max(1);
    let in_units = |values: Vec<f32>| processor.restored(&Series { values, channels });
    let places = forecast.windows.horizon * channels;
    let (mut errors, mut naive, mut count) = (vec![0.0; places], vec![0.0; places], 0.0);
    for ((said, target), window) in rows.iter().zip(&test.targets).zip(&test.sequences) {
        let Target::Sequence(future) = target else { continue };
        let (Some((truth, _)), Some((past, width))) = (future.values(), window.values()) else { continue };
        if said.len() != places || truth.len() != places || past.len() < width {
            continue;
        }
        let said = in_units(said.iter().map(|value| *value as f32).collect());
        let truth = in_units(truth.to_vec());
        let last = in_units(past[past.len() - width..][..channels].to_vec());
        for place in 0..places {
            errors[place] += (said[place] - truth[place]).abs();
            naive[place] += (last[place % channels] - truth[place]).abs();
        }
        count += 1.0;
    }
    if count == 0.0 {
        return Vec::new();
    }
    let of_channel = |sums: &[f64], channel: usize| -> Vec<f64> {
        sums.iter().skip(channel).step_by(channels).map(|sum| sum / count).collect()
    };
    let one = |(channel, column): (usize, &String)| Horizon {
        column: column.clone(),
        errors: of_channel(&errors, channel),
        naive: of_channel(&naive, channel),
    };
    forecast.columns.iter().enumerate().take(CHANNELS).map(one).collect()
}

fn class(target: &Target) -> Option<usize> {
    if let Target::Class(class) = target { Some(*class) } else { None }
}

/// Windows spread over the test part, in the units of the data.
fn forecasts<M: ModelSettings, O: ObjectiveSettings>(run: &FinishedRun<M, O>, data: &Prepared) -> Vec<ForecastExample> {
    let count = data.test.len().min(EXAMPLES);
    let chosen: Vec<usize> = (0..count).map(|place| place * data.test.len() / count).collect();
    let windows = data.test.select(&chosen);
    let Outputs::Forecasts(rows) = run.outputs_until(&windows, &|| false) else { return Vec::new() };
    let one = |((window, target), row): ((&Sequence, &Target), &Vec<f64>)| {
        let Target::Sequence(truth) = target else { return None };
        match (window.clone().owned(), truth.clone().owned()) {
            (Sequence::Series(window), Sequence::Series(truth)) => {
                let values = row.iter().map(|value| *value as f32).collect();
                let forecast = Series { values, channels: truth.channels };
                Some(ForecastExample::of(&window, &truth, &forecast, &data.processor))
            }
            _ => None,
        }
    };
    windows.sequences.iter().zip(&windows.targets).zip(&rows).filter_map(one).collect()
}

/// The unlabelled sequences with the largest and the smallest confidence; `None` where `stop` says to give it up.
fn examples<M: ModelSettings, O: ObjectiveSettings>(
    run: &FinishedRun<M, O>,
    data: &Prepared,
    seed: u64,
    stop: &dyn Fn() -> bool,
) -> Option<(Vec<Example>, Vec<Example>)> {
    let chosen: Vec<usize> =
        drawn(data.unlabeled.len(), CANDIDATES, seed).into_iter().map(|place| data.unlabeled[place]).collect();
    let candidates = data.train.select(&chosen);
    let outputs = run.outputs_until(&candidates, stop);
    if stop() {
        return None;
    }
    let decided = run.class_predictions(&outputs, &candidates);
    let Outputs::Classes(rows) = outputs else { return Some(Default::default()) };
    let example = |row: usize| {
        let predicted = decided.decided(&rows[row]);
        Example {
            sequence: candidates.sequences[row].clone(),
            text: data.processor.text(&candidates.sequences[row]),
            predicted,
            confidence: rows[row][predicted],
            truth: class(&candidates.targets[row]),
        }
    };
    let confidence = |row: &usize| rows[*row][argmax(&rows[*row])];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|left, right| confidence(right).total_cmp(&confidence(left)));
    let predicted = |row: usize| decided.decided(&rows[row]);
    let surest = in_turn(&order, data.processor.classes().len(), predicted);
    let least: Vec<usize> =
        order.iter().rev().copied().take(EXAMPLES.min(order.len().saturating_sub(EXAMPLES))).collect();
    Some((surest.into_iter().map(example).collect(), least.into_iter().map(example).collect()))
}

/// The first ones of each class in turn, so that the easiest class does not fill all places.
fn in_turn(order: &[usize], classes: usize, predicted: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut of_class: Vec<_> = (0..classes)
        .map(|class| {
            order.iter().filter({
                let predicted = &predicted;
                move |row| predicted(**row) == class
            })
        })
        .collect();
    let mut chosen = Vec::new();
    loop {
        let before = chosen.len();
        for rows in &mut of_class {
            chosen.extend(rows.next().filter(|_| chosen.len() < EXAMPLES));
        }
        if chosen.len() == before {
            return chosen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_take_turns() {
        // Rows 0 to 5 are of class 0, row 6 of class 1; there is none of class 2.
        let chosen = in_turn(&[0, 1, 2, 3, 4, 5, 6], 3, |row| usize::from(row == 6));
        assert_eq!(chosen, [0, 6, 1, 2, 3, 4]);
    }
}
