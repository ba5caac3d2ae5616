//! Whether raw data fit a task.

use crate::error::DataError;
use crate::formats::table::layout::Layout;
use crate::preparation::transform::TransformConfig;
use crate::sequence::{Dataset, Sequence, Target};
use crate::target_kind::TargetKind;

/// Whether all targets that are there fit the task.
pub(crate) fn check_targets(dataset: &Dataset, task: TargetKind) -> Result<(), DataError> {
    let fits = |target: &Target| {
        task == TargetKind::Unsupervised
            || matches!(
                (task, target),
                (_, Target::Missing)
                    | (TargetKind::Classify, Target::Class(_))
                    | (TargetKind::MultiLabel, Target::Labels(_))
                    | (TargetKind::Tag, Target::Steps(_))
                    | (TargetKind::Regress, Target::Number(_))
                    | (TargetKind::SequenceToSequence | TargetKind::Forecast, Target::Sequence(_))
                    | (TargetKind::Transcribe, Target::Sequence(Sequence::Text(_) | Sequence::Tokens(_)))
            )
    };
    if dataset.targets.iter().all(fits) {
        return Ok(());
    }
    if task == TargetKind::SequenceToSequence {
        return Err(DataError::new(
            format!("{} has no sequences as targets", dataset.name),
            "`sequence-to-sequence` needs a text for each text; name its column with `data.target`",
        ));
    }
    if task == TargetKind::Transcribe {
        return Err(DataError::new(
            format!("{} has no transcripts as targets", dataset.name),
            "`ctc` needs a text for each sequence; name its column with `data.target`",
        ));
    }
    if task == TargetKind::Forecast {
        return Err(DataError::new(
            format!("{} is not cut into windows, and a forecaster forecasts what follows a window", dataset.name),
            "add a `[data.windows]` table with `input` and `horizon`",
        ));
    }
    let (found, model) = match dataset.targets.iter().find(|target| !fits(target)) {
        Some(Target::Class(_)) => ("a class each sequence", "classifier"),
        Some(Target::Labels(_)) => {
            return Err(DataError::new(
                format!("{} has any number of labels each sequence, which this model cannot learn", dataset.name),
                "write `output = \"multi-label\"` in `[model.classifier]`",
            ));
        }
        Some(Target::Steps(_)) => ("a class each step", "tagger"),
        Some(Target::Sequence(_)) => {
            return Err(DataError::new(
                format!("{} has sequences as targets, which this model cannot learn", dataset.name),
                "use `[stage.objective.sequence-to-sequence]`, or `[stage.objective.ctc]` where targets are the shorter \
                 ones",
            ));
        }
        _ => ("numbers", "regressor"),
    };
    Err(DataError::new(
        format!("{} has {found} as targets, which this model cannot learn", dataset.name),
        format!("use `[model.{model}]`"),
    ))
}

/// Refuses a table that says what sound is read as, where there is none: whoever wrote it expects an effect.
pub(crate) fn check_sound(name: &str, transform: &TransformConfig, layout: Option<&Layout>) -> Result<(), DataError> {
    match transform.sound().filter(|_| layout.and_then(Layout::frames).is_none()) {
        None => Ok(()),
        Some(sound) => Err(DataError::new(
            format!("`data.transform.{}` is for sound, and {name} holds none", sound.key()),
            "remove the table: it would have no effect; WAV and FLAC files are sound",
        )),
    }
}

/// Unlabelled sequences are of the kind of the training part: they are prepared together, and what is wrong is named by
/// the file that holds it.
pub(crate) fn check_pool(train: &Dataset, pool: &Dataset) -> Result<(), DataError> {
    let Some(wanted) = train.sequences.first().map(kind) else { return Ok(()) };
    // Rows of a packed file are of one kind.
    let told = |row: usize, sequence: &Sequence| row == 0 || !matches!(sequence, Sequence::Packed(_));
    let other = pool.sequences.iter().enumerate().filter(|(row, sequence)| told(*row, sequence));
    match other.map(|(row, sequence)| (row, kind(sequence))).find(|(_, found)| *found != wanted) {
        None => Ok(()),
        Some((row, found)) => Err(DataError::new(
            format!("{}: row {} holds {}, and {} {}", pool.name, row + 1, shown(found), train.name, shown(wanted)),
            "`data.unlabeled` names sequences of the kind that the training part holds",
        )),
    }
}

/// What a sequence holds, and its channels.
fn kind(sequence: &Sequence) -> (&'static str, usize) {
    match &*sequence.loaded() {
        Sequence::Series(series) => ("values", series.channels),
        Sequence::Window(window) => ("values", window.recording().channels),
        Sequence::Tokens(_) => ("tokens", 0),
        Sequence::Text(_) | Sequence::Packed(_) => ("text", 0),
    }
}

fn shown((what, channels): (&str, usize)) -> String {
    match channels {
        0 => what.into(),
        1 => format!("{what} of one channel"),
        _ => format!("{what} of {channels} channels"),
    }
}

/// Empty sequences, by row.
pub(crate) fn check_lengths(dataset: &Dataset) -> Result<(), DataError> {
    let is_text = |sequence: &Sequence| match sequence {
        Sequence::Packed(row) => row.is_text(),
        other => matches!(other, Sequence::Text(_)),
    };
    let empty = |sequence: &Sequence| !is_text(sequence) && sequence.is_empty();
    let bad: Vec<String> = dataset
        .sequences
        .iter()
        .enumerate()
        .filter(|(_, sequence)| empty(sequence))
        .map(|(row, _)| format!("{}: row {}: the sequence has no step", dataset.name, row + 1))
        .collect();
    if bad.is_empty() { Ok(()) } else { Err(DataError::several(bad, "remove these rows")) }
}
