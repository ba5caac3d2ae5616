//! Runs a model over a data set without autodiff, in large batches, and gathers what it said.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use semiseq_datasets::{Dataset, Pool, Processor, Series, Target, Task, evaluation_batches};
use semiseq_models::{SequenceModel, Sequences};
use semiseq_objectives::{Counted, Objective, Part, losses::class_logits};
use semiseq_schema::Scores;

use crate::metrics::{ClassPredictions, Confusion, regression_scores};

/// Sequences in an evaluation batch. Larger ones gain nothing on CPU and cost memory.
pub const EVALUATION_BATCH: usize = 256;

/// What a model said about each sequence of a data set.
#[derive(Clone, Debug)]
pub enum Outputs {
    /// A distribution over the classes for each sequence.
    Classes(Vec<Vec<f64>>),
    /// A distribution for each step of each sequence.
    Steps(Vec<Vec<Vec<f64>>>),
    /// A number for each sequence.
    Numbers(Vec<f64>),
    /// What follows each window: steps before channels.
    Forecasts(Vec<Vec<f64>>),
    /// Another sequence for each sequence: tokens without their end.
    Answers(Vec<Vec<u32>>),
}

/// Outputs that differ by less are the same.
const SAME: f64 = 1e-7;

impl Outputs {
    /// Whether all outputs are numbers.
    pub fn finite(&self) -> bool {
        let all = |rows: &[Vec<f64>]| rows.iter().flatten().all(|value| value.is_finite());
        match self {
            Self::Classes(rows) | Self::Forecasts(rows) => all(rows),
            Self::Steps(sequences) => sequences.iter().all(|rows| all(rows)),
            Self::Numbers(numbers) => numbers.iter().all(|number| number.is_finite()),
            Self::Answers(_) => true,
        }
    }

    /// Whether there are several sequences, and all outputs are the same.
    pub fn constant(&self) -> bool {
        let same =
            |first: &[f64], row: &[f64]| first.iter().zip(row).all(|(first, value)| (first - value).abs() < SAME);
        let constant = |rows: &[&[f64]]| rows.len() > 1 && rows.iter().all(|row| same(rows[0], row));
        match self {
            Self::Classes(rows) | Self::Forecasts(rows) => {
                constant(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Self::Answers(_) => false,
            Self::Steps(rows) => constant(&rows.iter().flatten().map(Vec::as_slice).collect::<Vec<_>>()),
            Self::Numbers(numbers) => constant(&numbers.iter().map(std::slice::from_ref).collect::<Vec<_>>()),
        }
    }
}

/// What the numbers of a model mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Classes, of the whole sequence or of each step.
    Classes,
    /// A real number.
    Number,
    /// The steps that follow.
    Forecast,
    /// Nothing: the objective measures itself, and no head was trained.
    Nothing,
}

impl Kind {
    /// What a model of the task says.
    pub fn of(task: Task) -> Self {
        match task {
            Task::Regress => Self::Number,
            Task::Forecast => Self::Forecast,
            Task::Classify | Task::Tag | Task::Unsupervised | Task::SequenceToSequence => Self::Classes,
        }
    }
}

/// The model's outputs in the order of the data set, numbers and forecasts scaled as prepared targets are. `model` must live off
/// the autodiff device.
pub fn outputs<M: SequenceModel>(model: &M, dataset: &Dataset, kind: Kind) -> Outputs {
    outputs_by(model, dataset, kind, &|| false, |sequences| model.forward(sequences))
}

/// As [`outputs`], with what the objective's own layers have to say ([`Objective::vote`]).
pub fn voted_outputs<M: SequenceModel, O: Objective<M>>(
    objective: Option<&O>,
    model: &M,
    dataset: &Dataset,
    kind: Kind,
) -> Outputs {
    voted_outputs_until(objective, model, dataset, kind, &|| false)
}

/// As [`voted_outputs`], given up where `stop` says so: what it gives then is to be thrown away.
pub(crate) fn voted_outputs_until<M: SequenceModel, O: Objective<M>>(
    objective: Option<&O>,
    model: &M,
    dataset: &Dataset,
    kind: Kind,
    stop: &dyn Fn() -> bool,
) -> Outputs {
    outputs_by(model, dataset, kind, stop, |sequences| {
        let voted = objective.filter(|_| kind == Kind::Classes).and_then(|objective| objective.vote(model, &sequences));
        voted.unwrap_or_else(|| model.forward(sequences))
    })
}

fn outputs_by<M: SequenceModel>(
    model: &M,
    dataset: &Dataset,
    kind: Kind,
    stop: &dyn Fn() -> bool,
    forward: impl Fn(Sequences) -> Tensor<2>,
) -> Outputs {
    let device = first_device(model);
    let count = dataset.sequences.len();
    let mut classes = vec![Vec::new(); count];
    let mut steps = vec![Vec::new(); count];
    let mut numbers = vec![0.0; count];
    for batch in evaluation_batches(dataset, EVALUATION_BATCH).take_while(|_| !stop()) {
        let part = Part::plain(&batch, &device);
        let logits = match kind {
            // Of the forecasts from each step only those from the window's end are asked for.
            Kind::Forecast if model.per_step() => model.head(model.summary(part.weak)),
            _ => forward(part.weak),
        };
        if kind == Kind::Number {
            for (index, number) in batch.indices.iter().zip(host(logits)) {
                numbers[*index] = number;
            }
            continue;
        }
        if kind == Kind::Forecast {
            let [_, width] = logits.dims();
            for (index, row) in batch.indices.iter().zip(host(logits).chunks(width)) {
                classes[*index] = row.to_vec();
            }
            continue;
        }
        let probabilities = softmax(class_logits(logits), 1);
        let [_, width] = probabilities.dims();
        let values = host(probabilities);
        let rows: Vec<Vec<f64>> = values.chunks(width).map(<[f64]>::to_vec).collect();
        if model.per_step() {
            for (position, (index, length)) in batch.indices.iter().zip(&batch.lengths).enumerate() {
                steps[*index] = rows[position * batch.time..position * batch.time + length].to_vec();
            }
        } else {
            for (index, row) in batch.indices.iter().zip(rows) {
                classes[*index] = row;
            }
        }
    }
    match (kind, model.per_step()) {
        (Kind::Number, _) => Outputs::Numbers(numbers),
        (Kind::Forecast, _) => Outputs::Forecasts(classes),
        (Kind::Classes | Kind::Nothing, true) => Outputs::Steps(steps),
        (Kind::Classes | Kind::Nothing, false) => Outputs::Classes(classes),
    }
}

/// The pooled vector of each sequence, in the order of the data set.
pub fn summaries<M: SequenceModel>(model: &M, dataset: &Dataset) -> Vec<Vec<f64>> {
    let device = first_device(model);
    let mut vectors = vec![Vec::new(); dataset.sequences.len()];
    for batch in evaluation_batches(dataset, EVALUATION_BATCH) {
        let part = Part::plain(&batch, &device);
        let summary = model.summary(part.weak);
        let [_, width] = summary.dims();
        for (index, row) in batch.indices.iter().zip(host(summary).chunks(width)) {
            vectors[*index] = row.to_vec();
        }
    }
    vectors
}

impl Outputs {
    /// Numbers and forecasts in the units of the data.
    #[must_use]
    pub fn in_units(self, processor: &Processor) -> Self {
        match (self, processor.forecast()) {
            (Self::Numbers(numbers), _) => {
                Self::Numbers(numbers.into_iter().map(|number| processor.number(number)).collect())
            }
            (Self::Forecasts(rows), Some(forecast)) => {
                let restored = rows.iter().map(|row| {
                    let values = row.iter().map(|value| *value as f32).collect();
                    processor.restored(&Series { values, channels: forecast.columns.len() })
                });
                Self::Forecasts(restored.collect())
            }
            (other, _) => other,
        }
    }
}

/// As [`score`], with the errors of numbers in the units of the data, but for the loss, which is of the numbers of deviation 1
/// that the model learns. Errors of forecasts are of series as they were prepared, as forecasters are compared.
pub fn score_in_units(outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> (Scores, Option<Confusion>) {
    let (mut scores, confusion) = score(outputs, dataset);
    if matches!(outputs, Outputs::Numbers(_)) {
        let unit = processor.number_unit();
        for (name, factor) in [("mse", unit * unit), ("mae", unit)] {
            scores.entry(name.into()).and_modify(|value| *value *= factor);
        }
    }
    (scores, confusion)
}

/// Scores of outputs against the targets of the data set, both as they were prepared; sequences without a target do not
/// count. Empty where no sequence has one.
pub fn score(outputs: &Outputs, dataset: &Dataset) -> (Scores, Option<Confusion>) {
    match outputs {
        Outputs::Numbers(numbers) => {
            let pairs = numbers.iter().zip(&dataset.targets).filter_map(|(number, target)| match target {
                Target::Number(truth) => Some((*number, f64::from(*truth))),
                _ => None,
            });
            let (predictions, truth): (Vec<f64>, Vec<f64>) = pairs.unzip();
            if truth.is_empty() { (Scores::new(), None) } else { (regression_scores(&predictions, &truth), None) }
        }
        Outputs::Forecasts(rows) => (forecast_scores(rows, dataset), None),
        // An objective that answers measures itself.
        Outputs::Answers(_) => (Scores::new(), None),
        Outputs::Classes(rows) => {
            let mut gathered = ClassPredictions::default();
            for (row, target) in rows.iter().zip(&dataset.targets) {
                if let Target::Class(class) = target {
                    gathered.probabilities.push(row.clone());
                    gathered.truth.push(*class);
                }
            }
            finish(gathered, &dataset.classes)
        }
        Outputs::Steps(sequences) => {
            let mut gathered = ClassPredictions::default();
            for (rows, target) in sequences.iter().zip(&dataset.targets) {
                if let Target::Steps(classes) = target {
                    for (row, class) in rows.iter().zip(classes) {
                        gathered.probabilities.push(row.clone());
                        gathered.truth.push(*class);
                    }
                }
            }
            finish(gathered, &dataset.classes)
        }
    }
}

/// Mean squared and mean absolute error over all steps and channels of the futures that are known.
pub fn forecast_scores(forecasts: &[Vec<f64>], dataset: &Dataset) -> Scores {
    let (mut squared, mut absolute, mut count) = (0.0, 0.0, 0usize);
    for (forecast, target) in forecasts.iter().zip(&dataset.targets) {
        if let Target::Sequence(future) = target
            && let Some((future, _)) = future.values()
        {
            for (forecast, truth) in forecast.iter().zip(future) {
                let error = forecast - f64::from(*truth);
                squared += error * error;
                absolute += error.abs();
                count += 1;
            }
        }
    }
    match count {
        0 => Scores::new(),
        count => {
            let (mse, mae) = (squared / count as f64, absolute / count as f64);
            Scores::from([("mse".into(), mse), ("mae".into(), mae), ("loss".into(), mse)])
        }
    }
}

fn finish(gathered: ClassPredictions, classes: &[String]) -> (Scores, Option<Confusion>) {
    if gathered.truth.is_empty() {
        return (Scores::new(), None);
    }
    (gathered.scores(classes), Some(gathered.confusion(classes)))
}

/// What the objective itself measures over a data set, where it does: means over all its steps, tokens or sequences, however
/// they stand in batches. Batches of which it says nothing (one step long, say) are left out. Empty where it leaves validation
/// to the task's scores.
pub fn measured<M: SequenceModel, O: Objective<M>>(objective: &O, model: &M, dataset: &Dataset) -> Scores {
    measured_until(objective, model, dataset, &|| false)
}

/// As [`measured`], given up where `stop` says so: what it gives then is to be thrown away.
pub(crate) fn measured_until<M: SequenceModel, O: Objective<M>>(
    objective: &O,
    model: &M,
    dataset: &Dataset,
    stop: &dyn Fn() -> bool,
) -> Scores {
    let device = first_device(model);
    let mut sums: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    for batch in evaluation_batches(dataset, EVALUATION_BATCH).take_while(|_| !stop()) {
        let part = Part::plain(&batch, &device);
        let measures = objective.measure(model, &part);
        if measures.is_empty() {
            match objective.needs().pool {
                Pool::All => continue,
                // One that looks at labels has no loss of its own for any batch.
                _ => return Scores::new(),
            }
        }
        let counted = Counted { labeled: Some(&batch), unlabeled: Some(&batch), per_step: model.per_step() };
        let values = host(Tensor::cat(measures.iter().map(|measure| measure.mean.clone()).collect(), 0));
        for (measure, value) in measures.iter().zip(values) {
            let rows = measure.over.count(counted);
            if rows > 0.0 {
                let (sum, count) = sums.entry(measure.name).or_default();
                *sum += value * rows;
                *count += rows;
            }
        }
    }
    sums.into_iter().map(|(name, (sum, count))| (name.to_string(), sum / count)).collect()
}

fn first_device<M: SequenceModel>(model: &M) -> burn::tensor::Device {
    model.devices().into_iter().next().unwrap_or_default()
}

/// The values of a tensor on the host.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use semiseq_datasets::{DataConfig, Sequence, TransformConfig, WindowsConfig, prepare};
    use semiseq_models::{HeadSize, InputSize, ModelConfig};

    use super::*;
    use semiseq_objectives::ObjectiveConfig;
    use semiseq_objectives::Setting;

    #[test]
    fn one_output_for_all_is_told_from_outputs_that_differ() {
        assert!(Outputs::Numbers(vec![0.5; 3]).constant());
        assert!(!Outputs::Numbers(vec![0.5, 0.5, 0.6]).constant());
        assert!(!Outputs::Numbers(vec![0.5]).constant(), "one sequence says nothing");
        assert!(!Outputs::Steps(vec![vec![vec![0.3, f64::NAN]]]).finite() && Outputs::Numbers(vec![0.5]).finite());
        assert!(Outputs::Classes(vec![vec![0.3, 0.7]; 2]).constant());
        assert!(!Outputs::Steps(vec![vec![vec![0.3, 0.7], vec![0.4, 0.6]]]).constant());
    }

    /// A processor of two channels, of which both are forecast: one around 100, one around -5.
    #[test]
    fn numbers_and_forecasts_are_told_in_the_units_of_the_data() {
        let path = std::env::temp_dir().join(format!("semiseq-units-{}.csv", std::process::id()));
        let rows: String =
            (0..60).map(|row| format!("{},{}\n", 98 + 4 * (row % 2), -5.0 + f64::from(row % 2))).collect();
        std::fs::write(&path, format!("a,b\n{rows}")).expect("a recording");
        let windows = WindowsConfig { input: 4, horizon: 2, ..WindowsConfig::default() };
        let config = DataConfig { source: path.display().to_string(), windows: Some(windows), ..DataConfig::default() };
        let data = prepare(&config, Task::Forecast).expect("windows");
        let _ = std::fs::remove_file(&path);
        let Outputs::Forecasts(rows) = Outputs::Forecasts(vec![vec![0.0, 0.0, 1.0, -1.0]]).in_units(&data.processor)
        else {
            panic!("forecasts")
        };
        // Means 100 and -4.5, deviations 2 and 0.5.
        for (found, expected) in rows[0].iter().zip([100.0, -4.5, 102.0, -5.0]) {
            assert!((found - expected).abs() < 1e-4, "{rows:?}");
        }

        let targets = [1996.0f32, 2004.0].map(Target::Number).to_vec();
        let raw = Dataset { sequences: vec![Sequence::Tokens(vec![1]); 2], targets, ..Dataset::default() };
        let processor = Processor::fit(&TransformConfig::default(), &raw).expect("fits").with_labels(&raw.targets);
        let prepared = processor.apply(raw).expect("tokens");
        // The second is half a deviation, 2 years, too early.
        let said = Outputs::Numbers(vec![-1.0, 0.5]);
        let (scores, _) = score_in_units(&said, &prepared, &processor);
        assert_eq!([scores["mse"], scores["mae"], scores["loss"]], [2.0, 1.0, 0.125]);
        assert!((scores["r2"] - (1.0 - 4.0 / 32.0)).abs() < 1e-12);
        let Outputs::Numbers(years) = said.in_units(&processor) else { panic!("numbers") };
        assert_eq!(years, [1996.0, 2002.0]);
    }

    /// Short and long sequences in batches sorted by length: the mean over both parts weighs each by its tokens or steps.
    #[test]
    fn what_an_objective_measures_is_a_mean_over_steps_and_not_over_batches() {
        let device = Device::flex();
        device.seed(2);
        let sequence = |row: usize, length: usize, tokens: bool| match tokens {
            true => Sequence::Tokens((0..length).map(|step| (1 + (row * 5 + step * step) % 4) as u32).collect()),
            false => Sequence::Series(Series {
                values: (0..length).map(|step| ((row * 7 + step * 3) % 11) as f32 - 2.0).collect(),
                channels: 1,
            }),
        };
        let part = |rows: usize, length: usize, tokens: bool| Dataset {
            sequences: (0..rows).map(|row| sequence(row, length, tokens)).collect(),
            targets: vec![Target::Missing; rows],
            ..Dataset::default()
        };
        let model: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"encoder": {"gru": {"hidden": 3}}}}"#).expect("a model");
        for (objective, tokens, skipped) in [
            (r#"{"language-model": {}}"#, true, 1),
            (r#"{"next-step": {"ahead": 2}}"#, false, 2),
            (r#"{"autoencoder": {"hidden": 3}}"#, false, 0),
            (r#"{"autoencoder": {"hidden": 3}}"#, true, 0),
        ] {
            let input = if tokens { InputSize::Tokens(5) } else { InputSize::Values(1) };
            let model = model.init(input, HeadSize::Logits(2), &device);
            let setting =
                Setting { model: &model, train_size: 1, class_counts: &[1, 1], target: None, device: &device };
            let config: ObjectiveConfig = serde_json::from_str(objective).expect("an objective");
            let objective = config.init(&setting);
            let loss = |dataset: &Dataset| measured(&objective, &model, dataset)["loss"];
            let (short, long) = (part(300, 3, tokens), part(280, 12, tokens));
            let both = short.clone().join(long.clone());
            let counts = [300.0 * f64::from(3 - skipped), 280.0 * f64::from(12 - skipped)];
            let expected = (counts[0] * loss(&short) + counts[1] * loss(&long)) / (counts[0] + counts[1]);
            let (found, name) = (loss(&both), config.name());
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{name}: {found} against {expected}");
        }
    }
}
