//! What an objective sees of all training sequences between two steps.

use burn::tensor::{Tensor, TensorData};
use semiseq_datasets::Target;
use semiseq_models::SequenceModel;
use semiseq_objectives::Survey;

use crate::learner::options::StageOptions;
use crate::tasks::evaluate::pooled_until;

/// The vectors of the whole training part, and the classes of its labelled sequences; `None` where `stop` says to give
/// it up.
pub(super) fn survey<M: SequenceModel>(
    model: &M,
    options: &StageOptions<'_>,
    generation: usize,
    stop: &dyn Fn() -> bool,
) -> Option<Survey> {
    let vectors = pooled_until(&model.valid(), &options.train, stop);
    if stop() {
        return None;
    }
    let shape = [vectors.len(), model.pooled_size()];
    let values: Vec<f32> = vectors.into_iter().flatten().map(|value| value as f32).collect();
    let mut classes = vec![None; options.train.len()];
    for row in options.labeled {
        if let Target::Class(class) = options.train.targets[*row] {
            classes[*row] = Some(class);
        }
    }
    let vectors = Tensor::from_data(TensorData::new(values, shape), options.device);
    let logits = model.clone().freeze().head(vectors.clone()).detach();
    Some(Survey { vectors, logits, generation, classes })
}
