//! The tasks that there are.

use semiseq_datasets::Task as Targets;

use crate::tasks::classification::Classification;
use crate::tasks::forecasting::Forecasting;
use crate::tasks::nothing::Nothing;
use crate::tasks::regression::Regression;
use crate::tasks::sequence_to_sequence::SequenceToSequence;
use crate::tasks::tagging::Tagging;
use crate::tasks::task::Task;
use crate::tasks::transcription::Transcription;

/// The task of some targets.
pub fn task_of(targets: Targets) -> &'static dyn Task {
    match targets {
        Targets::Classify => &Classification,
        Targets::Tag => &Tagging,
        Targets::Regress => &Regression,
        Targets::Forecast => &Forecasting,
        Targets::SequenceToSequence => &SequenceToSequence,
        Targets::Transcribe => &Transcription,
        Targets::Unsupervised => &Nothing,
    }
}
