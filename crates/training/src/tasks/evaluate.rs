//! Runs a model over a data set without autodiff, in large batches, and gathers what it said.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use semiseq_datasets::{Batch, Dataset, Pool, Processor, evaluation_batches};
use semiseq_models::{Crf, SequenceModel, Sequences};
use semiseq_objectives::losses::class_logits;
use semiseq_objectives::{Counted, Gathered, Objective, Part};
use semiseq_schema::Scores;

use crate::tasks::measures::Confusion;
use crate::tasks::outputs::{Outputs, host, rows};
use crate::tasks::task::Task;

/// What is made of sums over all batches.
type Number = fn(&[f64]) -> f64;

/// Sequences in an evaluation batch. Larger ones gain nothing on CPU and cost memory.
pub const EVALUATION_BATCH: usize = 256;

/// The model's outputs in the order of the data set, numbers and forecasts scaled as prepared targets are. `model` must
/// live off the autodiff device.
pub fn outputs<M: SequenceModel>(model: &M, dataset: &Dataset, task: &dyn Task) -> Outputs {
    outputs_by(model, dataset, task, &|| false, |sequences| model.forward(sequences))
}

/// As [`outputs`], with what the objective's own layers have to say ([`Objective::vote`]).
pub fn voted_outputs<M: SequenceModel, O: Objective<M>>(
    objective: Option<&O>,
    model: &M,
    dataset: &Dataset,
    task: &dyn Task,
) -> Outputs {
    voted_outputs_until(objective, model, dataset, task, &|| false)
}

/// As [`voted_outputs`], given up where `stop` says so: what it gives then is to be thrown away.
pub fn voted_outputs_until<M: SequenceModel, O: Objective<M>>(
    objective: Option<&O>,
    model: &M,
    dataset: &Dataset,
    task: &dyn Task,
    stop: &dyn Fn() -> bool,
) -> Outputs {
    outputs_by(model, dataset, task, stop, |sequences| {
        let voted = objective.filter(|_| task.takes_votes()).and_then(|objective| objective.vote(model, &sequences));
        voted.unwrap_or_else(|| model.forward(sequences))
    })
}

fn outputs_by<M: SequenceModel>(
    model: &M,
    dataset: &Dataset,
    task: &dyn Task,
    stop: &dyn Fn() -> bool,
    forward: impl Fn(Sequences) -> Tensor<2>,
) -> Outputs {
    let device = device_of(model);
    let mut outputs = task.outputs(dataset.len(), model.numbers());
    if outputs == Outputs::Nothing {
        return outputs;
    }
    for mut batch in evaluation_batches(dataset, EVALUATION_BATCH).take_while(|_| !stop()) {
        let part = Part::plain(&mut batch, &device);
        let logits = match model.per_step() && task.asks_at_end() {
            true => model.head(model.pooled(part.weak)),
            false => forward(part.weak),
        };
        match model.crf() {
            Some(crf) => {
                let (probabilities, paths) = chained(crf, &logits, &batch);
                task.take(&mut outputs, &batch, probabilities);
                task.take_paths(&mut outputs, &batch, paths);
            }
            None => task.take(&mut outputs, &batch, logits),
        }
    }
    outputs
}

/// What a conditional random field makes of the logits `[batch * time, classes]` of a batch: the logarithms of the
/// probabilities of single steps, of the same shape, and the most probable classes of each sequence together.
fn chained(crf: &Crf, logits: &Tensor<2>, batch: &Batch) -> (Tensor<2>, Vec<Vec<usize>>) {
    let [rows, classes] = logits.dims();
    let transitions = crf.transitions();
    let said = host(logits.clone());
    let mut logs = vec![0.0f32; said.len()];
    let of_sequence = |(row, length): (usize, &usize)| {
        let begin = row * batch.time * classes;
        let emissions = &said[begin..begin + length * classes];
        let shares = transitions.marginals(emissions).steps;
        let to = logs[begin..].iter_mut().zip(shares);
        to.for_each(|(log, share)| *log = share.max(f64::from(f32::MIN_POSITIVE)).ln() as f32);
        transitions.best_path(emissions)
    };
    let paths = batch.lengths.iter().enumerate().map(of_sequence).collect();
    (Tensor::from_data(TensorData::new(logs, [rows, classes]), &logits.device()), paths)
}

/// `-ln Σ exp(logit)` over the classes of each sequence, in the order of the data set (Liu et al. 2020); of a sigmoid
/// over the two-class logits that it stands for.
pub(crate) fn energies<M: SequenceModel, O: Objective<M>>(
    objective: Option<&O>,
    model: &M,
    dataset: &Dataset,
) -> Vec<f64> {
    let device = device_of(model);
    let mut energies = vec![0.0; dataset.len()];
    for mut batch in evaluation_batches(dataset, EVALUATION_BATCH) {
        let read = Part::plain(&mut batch, &device).weak;
        let voted = objective.and_then(|objective| objective.vote(model, &read));
        let logits = rows(class_logits(voted.unwrap_or_else(|| model.forward(read))));
        for (index, row) in batch.indices.iter().zip(logits) {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            energies[*index] = -largest - row.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln();
        }
    }
    energies
}

/// The pooled representation of each sequence, in the order of the data set.
pub fn pooled<M: SequenceModel>(model: &M, dataset: &Dataset) -> Vec<Vec<f64>> {
    pooled_until(model, dataset, &|| false)
}

/// As [`pooled`], given up where `stop` says so: what it gives then is to be thrown away.
pub fn pooled_until<M: SequenceModel>(model: &M, dataset: &Dataset, stop: &dyn Fn() -> bool) -> Vec<Vec<f64>> {
    let device = device_of(model);
    let mut vectors = vec![Vec::new(); dataset.sequences.len()];
    for mut batch in evaluation_batches(dataset, EVALUATION_BATCH).take_while(|_| !stop()) {
        let part = Part::plain(&mut batch, &device);
        for (index, row) in batch.indices.iter().zip(rows(model.pooled(part.weak))) {
            vectors[*index] = row;
        }
    }
    vectors
}

/// The vectors of each sequence's steps, `[sequences][time][pooled_size]`, in the order of the data set and without
/// padding.
pub(crate) fn states<M: SequenceModel>(model: &M, dataset: &Dataset) -> Vec<Vec<Vec<f64>>> {
    let device = device_of(model);
    let mut all = vec![Vec::new(); dataset.sequences.len()];
    for mut batch in evaluation_batches(dataset, EVALUATION_BATCH) {
        let part = Part::plain(&mut batch, &device);
        let states = model.states(part.weak);
        let [size, time, width] = states.dims();
        let steps = rows(states.reshape([size * time, width]));
        for ((index, length), steps) in batch.indices.iter().zip(&batch.lengths).zip(steps.chunks(time.max(1))) {
            all[*index] = steps[..time.min(*length)].to_vec();
        }
    }
    all
}

/// Scores of outputs in the units in which they are told; see [`Task::score`] and [`Task::scores_in_units`].
pub fn score(
    task: &dyn Task,
    outputs: &Outputs,
    dataset: &Dataset,
    processor: &Processor,
) -> (Scores, Option<Confusion>) {
    let (scores, confusion) = task.score(outputs, dataset);
    (task.scores_in_units(scores, processor), confusion)
}

/// What the objective itself measures over a data set, where it does: means over all its steps, tokens or sequences,
/// however they stand in batches. Batches of which it says nothing (one step long, say) are left out. Empty where it
/// leaves validation to the task's scores.
pub fn measured<M: SequenceModel, O: Objective<M>>(objective: &O, model: &M, dataset: &Dataset) -> Scores {
    measured_until(objective, model, dataset, &|| false)
}

/// As [`measured`], given up where `stop` says so: what it gives then is to be thrown away.
pub fn measured_until<M: SequenceModel, O: Objective<M>>(
    objective: &O,
    model: &M,
    dataset: &Dataset,
    stop: &dyn Fn() -> bool,
) -> Scores {
    let device = device_of(model);
    let mut means: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    let mut others: BTreeMap<&'static str, (Vec<f64>, Number)> = BTreeMap::new();
    for mut batch in evaluation_batches(dataset, EVALUATION_BATCH).take_while(|_| !stop()) {
        let part = Part::plain(&mut batch, &device);
        let measures = objective.measure(model, &part);
        if measures.is_empty() {
            match objective.needs().pool {
                Pool::All => continue,
                // One that looks at labels has no loss of its own for any batch.
                _ => return Scores::new(),
            }
        }
        let counted = Counted { labeled: Some(&batch), unlabeled: Some(&batch), per_step: model.per_step() };
        let values = host(Tensor::cat(measures.iter().map(|measure| measure.values.clone()).collect(), 0));
        let mut values = values.into_iter();
        for measure in &measures {
            let values: Vec<f64> = values.by_ref().take(measure.values.dims()[0]).collect();
            match &measure.gathered {
                Gathered::Mean(over) => {
                    let rows = over.count(counted);
                    if rows > 0.0 {
                        let (sum, count) = means.entry(measure.name).or_default();
                        *sum += values.iter().sum::<f64>() * rows;
                        *count += rows;
                    }
                }
                Gathered::Sums(number) => {
                    let (sums, _) = others.entry(measure.name).or_insert((Vec::new(), *number));
                    sums.resize(sums.len().max(values.len()), 0.0);
                    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                }
            }
        }
    }
    let means = means.into_iter().map(|(name, (sum, count))| (name.to_string(), sum / count));
    means.chain(others.into_iter().map(|(name, (sums, number))| (name.to_string(), number(&sums)))).collect()
}

/// Where a model lives.
pub(crate) fn device_of<M: SequenceModel>(model: &M) -> Device {
    model.devices().into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use semiseq_datasets::{Sequence, Series, Target};
    use semiseq_models::{HeadSize, InputSize, ModelConfig};

    use super::*;
    use semiseq_objectives::ObjectiveConfig;
    use semiseq_objectives::Setting;

    /// Short and long sequences in batches sorted by length: the mean over both parts weighs each by its tokens or
    /// steps.
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
            let setting = Setting {
                model: &model,
                train_size: 1,
                class_counts: &[1, 1],
                token_counts: &[],
                target: None,
                teachers: &[],
                device: &device,
            };
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

    /// Deviations and counts of units are of all rows, not means over batches: the same rows five times give the same.
    #[test]
    fn what_is_no_mean_is_of_all_rows_together() {
        let device = Device::flex();
        device.seed(2);
        let rows = |times: usize| {
            let value = |row: usize, step: usize| ((row * 7 + step * 3) % 11) as f32 / 5.0 - 1.0;
            let series = |row: usize| {
                let length = 3 + row / 100;
                Sequence::Series(Series { values: (0..length).map(|step| value(row, step)).collect(), channels: 1 })
            };
            let sequences: Vec<Sequence> = (0..times).flat_map(|_| (0..200).map(series)).collect();
            Dataset { targets: vec![Target::Missing; sequences.len()], sequences, ..Dataset::default() }
        };
        let model: ModelConfig =
            serde_json::from_str(r#"{"classifier": {"encoder": {"gru": {"hidden": 8}}}}"#).expect("a model");
        let model = model.init(InputSize::Values(1), HeadSize::Logits(2), &device);
        let setting = Setting {
            model: &model,
            train_size: 1,
            class_counts: &[1, 1],
            token_counts: &[],
            target: None,
            teachers: &[],
            device: &device,
        };
        // Samples are drawn anew, posteriors' means are not.
        for (objective, name, most) in [
            (r#"{"vae": {"latent": 4}}"#, "active_units", 0.0),
            (r#"{"gan": {}}"#, "sample_spread", 0.05),
            (r#"{"gan": {}}"#, "loss", 0.05),
        ] {
            let config: ObjectiveConfig = serde_json::from_str(objective).expect("an objective");
            let objective = config.init(&setting);
            let [once, often] = [1, 5].map(|times| measured(&objective, &model, &rows(times))[name]);
            assert!((once - often).abs() <= most * once, "{name}: {once} against {often}");
        }
    }
}
