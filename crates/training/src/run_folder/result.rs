//! What the last stage left, as it stands in the checkpoints of the baseline.

use burn::module::{Module, ModuleDisplay};
use burn::store::ModuleRecord;
use burn::tensor::Bytes;

use crate::error::Error;
use crate::learner::Learned;
use crate::learner::checkpoint;

/// Its file in a checkpoint.
pub(crate) const RESULT: &str = "result.burnpack";

/// A model and an objective, with all that it remembers, as bytes.
pub(crate) fn learned_bytes<M: Module + ModuleDisplay, O: Module + ModuleDisplay>(
    model: &M,
    objective: &O,
) -> Result<Vec<u8>, Error> {
    let learned = Learned { model: model.clone(), objective: objective.clone(), average: None::<M> };
    let bytes = learned.into_record().into_bytes();
    bytes.map(|bytes| bytes.to_vec()).map_err(|error| {
        Error::runtime(
            format!("the model cannot be recorded: {error}"),
            "this is a defect of semiseq; please report it",
        )
    })
}

/// A model and an objective with the values of [`learned_bytes`].
pub(crate) fn load_learned<M: Module + ModuleDisplay, O: Module + ModuleDisplay>(
    model: M,
    objective: O,
    bytes: &[u8],
) -> Result<(M, O), Error> {
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()))
        .map_err(|error| checkpoint::damaged(RESULT, &error.to_string()))?;
    let learned = Learned { model, objective, average: None::<M> };
    let learned =
        learned.try_load_record(record).map_err(|error| checkpoint::damaged(RESULT, &format!("{error:?}")))?;
    Ok((learned.model, learned.objective))
}
