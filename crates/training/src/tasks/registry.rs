//! The tasks that there are.

use semiseq_datasets::TargetKind;

use crate::tasks::classification::Classification;
use crate::tasks::forecasting::Forecasting;
use crate::tasks::multi_label::MultiLabel;
use crate::tasks::nothing::Nothing;
use crate::tasks::regression::Regression;
use crate::tasks::sequence_to_sequence::SequenceToSequenceTask;
use crate::tasks::tagging::Tagging;
use crate::tasks::task::Task;
use crate::tasks::transcription::Transcription;

/// The task of some targets.
pub fn task_of(targets: TargetKind) -> &'static dyn Task {
    match targets {
        TargetKind::Classify => &Classification,
        TargetKind::MultiLabel => &MultiLabel,
        TargetKind::Tag => &Tagging,
        TargetKind::Regress => &Regression,
        TargetKind::Forecast => &Forecasting,
        TargetKind::SequenceToSequence => &SequenceToSequenceTask,
        TargetKind::Transcribe => &Transcription,
        TargetKind::Unsupervised => &Nothing,
    }
}
