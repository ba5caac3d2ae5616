//! What an objective sees of all training sequences between two steps.

use burn::tensor::{Tensor, TensorData};
use semiseq_datasets::{Target, evaluation_batches};
use semiseq_models::SequenceModel;
use semiseq_objectives::{Survey, sequences};

use crate::learner::options::StageOptions;
use crate::tasks::evaluate::{EVALUATION_BATCH, device_of};

/// The vectors of the whole training part, and the classes of its labelled sequences; `None` where `stop` says to give
/// it up.
pub(super) fn survey<M: SequenceModel>(
    model: &M,
    options: &StageOptions<'_>,
    stop: &dyn Fn() -> bool,
) -> Option<Survey> {
    let (model, width) = (model.valid(), model.summary_size());
    let device = device_of(&model);
    let mut values = vec![0.0f32; options.train.len() * width];
    for batch in evaluation_batches(&options.train, EVALUATION_BATCH) {
        if stop() {
            return None;
        }
        let vectors = model.summary(sequences(&batch, &device)).into_data();
        let vectors: Vec<f32> = vectors.iter::<f32>().collect();
        for (row, vector) in batch.indices.iter().zip(vectors.chunks_exact(width)) {
            values[row * width..(row + 1) * width].copy_from_slice(vector);
        }
    }
    let mut classes = vec![None; options.train.len()];
    for row in options.labeled {
        if let Target::Class(class) = options.train.targets[*row] {
            classes[*row] = Some(class);
        }
    }
    let vectors = Tensor::from_data(TensorData::new(values, [options.train.len(), width]), options.device);
    Some(Survey { vectors, classes })
}
