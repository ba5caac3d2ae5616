//! What an objective sees of a step: sequences and targets as tensors.

use std::mem::take;

use burn::tensor::{Device, Int, Tensor, TensorData};
use semiseq_datasets::{Batch, BatchInputs, StepBatches, Target, ViewBatches};
use semiseq_models::{Input, Sequences};

/// The labelled and the unlabelled part of one step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Present unless the objective asked for [`semiseq_datasets::Pool::All`].
    pub labeled: Option<Part>,
    /// Absent where the objective uses labels only, or no unlabelled sequence exists.
    pub unlabeled: Option<Part>,
    /// Labelled sequences drawn class by class, where a method against imbalance asks for them beside the others.
    pub balanced: Option<Part>,
}

/// Rows of the training part in the views that the objective asked for.
#[derive(Clone, Debug)]
pub struct Part {
    /// The weak view; the plain sequences where no augmentation is set.
    pub weak: Sequences,
    /// Another draw of the weak view.
    pub second: Option<Sequences>,
    /// The strong view.
    pub strong: Option<Sequences>,
    /// Another draw of the strong view.
    pub second_strong: Option<Sequences>,
    /// The sequences as they are, the same at every visit.
    pub plain: Option<Sequences>,
    /// Positions in the training part, one per sequence.
    pub indices: Vec<usize>,
    /// The labels; for unlabelled rows the hidden truth, for monitors only.
    pub targets: Targets,
}

/// Targets, one per row of the model's output: a row per sequence, or a row per step for a tagger.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one per batch; a box would only hide it")]
pub enum Targets {
    /// Class of each row; rows without one have weight 0.
    Classes {
        /// `[rows]`, 0 where unknown.
        classes: Tensor<1, Int>,
        /// `[rows]`, 1 where known and 0 where not.
        known: Tensor<1>,
    },
    /// Which labels each row has, of which it may have any number.
    Labels {
        /// `[rows, classes]`, 1 for each label that the row has; 0 where unknown.
        labels: Tensor<2>,
        /// `[rows]`, 1 where known and 0 where not.
        known: Tensor<1>,
    },
    /// A number per row.
    Numbers {
        /// `[rows]`, 0 where unknown.
        numbers: Tensor<1>,
        /// `[rows]`, 1 where known and 0 where not.
        known: Tensor<1>,
    },
    /// Another sequence for each sequence.
    Sequences {
        /// The target sequences, as long as the longest of them.
        target: Sequences,
        /// `[batch]`, 1 where known and 0 where not.
        known: Tensor<1>,
        /// Of windows of recordings, the channels that are forecast as they are in the windows themselves,
        /// `[batch, time, channels]`.
        past: Option<Tensor<3>>,
    },
}

/// Where in the stage a step stands, or in the generation where an objective cuts the stage into some.
#[derive(Clone, Copy, Debug)]
pub struct StepContext {
    /// Optimiser steps done in this stage.
    pub step: usize,
    /// Optimiser steps in the whole stage.
    pub total_steps: usize,
    /// Epoch, counted from 1.
    pub epoch: usize,
}

impl StepContext {
    /// Fraction of the stage that is done, in [0, 1).
    pub fn progress(&self) -> f64 {
        self.step as f64 / self.total_steps.max(1) as f64
    }
}

impl Step {
    /// Uploads a step's batches, for a model with a row per sequence or (`per_step`) a row per step. Their steps go to
    /// the device without a copy; what stays tells channels, lengths and targets as before.
    pub fn upload(batches: &mut StepBatches, per_step: bool, device: &Device) -> Self {
        Self {
            labeled: batches.labeled.as_mut().map(|views| Part::upload(views, per_step, device)),
            unlabeled: batches.unlabeled.as_mut().map(|views| Part::upload(views, per_step, device)),
            balanced: batches.balanced.as_mut().map(|views| Part::upload(views, per_step, device)),
        }
    }
}

impl Part {
    /// Uploads one batch in its views, as [`Step::upload`] does.
    pub fn upload(views: &mut ViewBatches, per_step: bool, device: &Device) -> Self {
        let weak = sequences(&mut views.weak, device);
        let uploaded = |view: &mut Option<Batch>| view.as_mut().map(|batch| sequences(batch, device));
        Self {
            targets: targets(&views.weak, &weak, per_step, device),
            weak,
            second: uploaded(&mut views.second),
            strong: uploaded(&mut views.strong),
            second_strong: uploaded(&mut views.second_strong),
            plain: uploaded(&mut views.plain),
            indices: views.weak.indices.clone(),
        }
    }

    /// Uploads a plain batch, without views, as [`Step::upload`] does.
    pub fn plain(batch: &mut Batch, device: &Device) -> Self {
        let weak = sequences(batch, device);
        Self {
            targets: targets(batch, &weak, false, device),
            weak,
            second: None,
            strong: None,
            second_strong: None,
            plain: None,
            indices: batch.indices.clone(),
        }
    }

    /// The second weak view, or the first where none was asked for.
    pub fn second_or_weak(&self) -> Sequences {
        self.second.clone().unwrap_or_else(|| self.weak.clone())
    }

    /// The strong view, or the weak one where none was asked for.
    pub fn strong_or_weak(&self) -> Sequences {
        self.strong.clone().unwrap_or_else(|| self.weak.clone())
    }

    /// The plain sequences, or the weak view where they were not asked for.
    pub fn plain_or_weak(&self) -> Sequences {
        self.plain.clone().unwrap_or_else(|| self.weak.clone())
    }

    /// 1 for each row of the model's output that is no padding, `[rows]`; `None` where all count.
    pub fn row_mask(&self, per_step: bool) -> Option<Tensor<1>> {
        let mask = self.weak.mask.clone().filter(|_| per_step)?;
        let [batch, time] = mask.dims();
        Some(mask.reshape([batch * time]))
    }
}

/// The steps of a host batch, taken out of it, as tensors; the mask is left out where nothing is padded.
pub fn sequences(batch: &mut Batch, device: &Device) -> Sequences {
    let (size, time) = (batch.size, batch.time);
    let input = match &mut batch.inputs {
        BatchInputs::Values { values, channels } => {
            Input::Values(Tensor::from_data(TensorData::new(take(values), [size, time, *channels]), device))
        }
        BatchInputs::Tokens(tokens) => {
            Input::Tokens(Tensor::from_data(TensorData::new(take(tokens), [size, time]), device))
        }
    };
    let padded = batch.lengths.iter().any(|length| *length < time);
    let mask = padded.then(|| {
        let values: Vec<f32> = batch
            .lengths
            .iter()
            .flat_map(|length| (0..time).map(move |step| f32::from(u8::from(step < *length))))
            .collect();
        Tensor::from_data(TensorData::new(values, [size, time]), device)
    });
    Sequences { input, mask }
}

/// Target sequences, padded as inputs are; `read` is the batch itself.
fn target_sequences(batch: &Batch, read: &Sequences, device: &Device) -> Targets {
    // Where a target is not known any sequence may stand: it has no weight.
    let stand_in = batch.targets.iter().find_map(|target| match target {
        Target::Sequence(sequence) => Some(sequence.clone()),
        _ => None,
    });
    let known: Vec<f32> =
        batch.targets.iter().map(|target| f32::from(u8::from(matches!(target, Target::Sequence(_))))).collect();
    let rows = batch.targets.iter().filter_map(|target| match target {
        Target::Sequence(sequence) => Some(sequence.clone()),
        _ => stand_in.clone(),
    });
    let target = sequences(&mut Batch::of(&rows.collect::<Vec<_>>()), device);
    let past = match (&target.input, &read.input) {
        (Input::Values(target), Input::Values(values)) if target.dims()[2] <= values.dims()[2] => {
            let channels = target.dims()[2];
            Some(values.clone().narrow(2, 0, channels))
        }
        _ => None,
    };
    Targets::Sequences { target, known: Tensor::from_data(known.as_slice(), device), past }
}

/// Which labels each sequence has.
fn label_sets(batch: &Batch, device: &Device) -> Targets {
    let mut labels = vec![0.0f32; batch.size * batch.classes];
    for (row, target) in labels.chunks_mut(batch.classes.max(1)).zip(&batch.targets) {
        target.classes().iter().for_each(|class| row[*class] = 1.0);
    }
    let known: Vec<f32> =
        batch.targets.iter().map(|target| f32::from(u8::from(matches!(target, Target::Labels(_))))).collect();
    Targets::Labels {
        labels: Tensor::from_data(TensorData::new(labels, [batch.size, batch.classes]), device),
        known: Tensor::from_data(known.as_slice(), device),
    }
}

/// A row without a label has as many unknown classes as the model has rows for it, though no other of the batch tells
/// how many.
fn targets(batch: &Batch, read: &Sequences, per_step: bool, device: &Device) -> Targets {
    if batch.targets.iter().any(|target| matches!(target, Target::Sequence(_))) {
        return target_sequences(batch, read, device);
    }
    if batch.targets.iter().any(|target| matches!(target, Target::Labels(_))) {
        return label_sets(batch, device);
    }
    if batch.targets.iter().any(|target| matches!(target, Target::Number(_))) {
        let numbers: Vec<f32> = batch
            .targets
            .iter()
            .map(|target| if let Target::Number(number) = target { *number as f32 } else { 0.0 })
            .collect();
        let known: Vec<f32> =
            batch.targets.iter().map(|target| f32::from(u8::from(matches!(target, Target::Number(_))))).collect();
        return Targets::Numbers {
            numbers: Tensor::from_data(numbers.as_slice(), device),
            known: Tensor::from_data(known.as_slice(), device),
        };
    }
    let per_step = per_step || batch.targets.iter().any(|target| matches!(target, Target::Steps(_)));
    let mut classes: Vec<i32> = Vec::new();
    let mut known: Vec<f32> = Vec::new();
    for target in &batch.targets {
        match target {
            Target::Steps(steps) => {
                let padding = batch.time - steps.len().min(batch.time);
                classes.extend(steps.iter().take(batch.time).map(|class| *class as i32));
                known.extend(steps.iter().take(batch.time).map(|_| 1.0));
                classes.extend(std::iter::repeat_n(0, padding));
                known.extend(std::iter::repeat_n(0.0, padding));
            }
            Target::Class(class) => {
                classes.push(*class as i32);
                known.push(1.0);
            }
            _ => {
                let rows = if per_step { batch.time } else { 1 };
                classes.extend(std::iter::repeat_n(0, rows));
                known.extend(std::iter::repeat_n(0.0, rows));
            }
        }
    }
    Targets::Classes {
        classes: Tensor::from_data(classes.as_slice(), device),
        known: Tensor::from_data(known.as_slice(), device),
    }
}
