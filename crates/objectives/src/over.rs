//! What the mean of a term is over. With it the means of several batches make the mean over all their rows: gradients
//! that are gathered over batches equal those of one large batch, and an epoch's mean is one over its tokens, steps or
//! labels.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use semiseq_datasets::{Batch, Target};

/// Which rows of a batch a mean is over.
#[derive(Clone, Default)]
pub enum Over {
    /// Rows of the model's output for the unlabelled part that are no padding: sequences, or steps of a tagger. Of the
    /// labelled part where there is no unlabelled one.
    #[default]
    Rows,
    /// Rows of the model's output for the labelled part that are no padding.
    LabeledRows,
    /// The rows of both parts that are no padding.
    BothRows,
    /// Known labels, each with its class's weight.
    Labels(Option<Arc<[f32]>>),
    /// Sequences of the unlabelled part, or of the labelled one where there is no unlabelled one.
    Sequences,
    /// Real steps of the unlabelled part, without so many of the first of each sequence.
    Steps(usize),
    /// Real steps of the labelled part.
    LabeledSteps,
    /// Steps of the target sequences that are known.
    TargetSteps,
    /// As much of the unlabelled part as the objective counts.
    Counted(Arc<dyn Fn(&Batch) -> f64 + Send + Sync>),
    /// The batch as a whole: no sum over its rows, such as a penalty on weights or the distance of two batches' means.
    /// Each batch counts as much as another.
    Batch,
}

impl Debug for Over {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Rows => "Rows",
            Self::LabeledRows => "LabeledRows",
            Self::BothRows => "BothRows",
            Self::Labels(_) => "Labels",
            Self::Sequences => "Sequences",
            Self::Steps(from) => return write!(formatter, "Steps({from})"),
            Self::LabeledSteps => "LabeledSteps",
            Self::TargetSteps => "TargetSteps",
            Self::Counted(_) => "Counted",
            Self::Batch => "Batch",
        };
        formatter.write_str(name)
    }
}

/// The batches of a step on the host, as [`Over`] counts them.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    /// The labelled part.
    pub labeled: Option<&'a Batch>,
    /// The unlabelled part.
    pub unlabeled: Option<&'a Batch>,
    /// Whether the model's output has a row per step.
    pub per_step: bool,
}

impl Over {
    /// How many rows of a step the mean is over, each with its weight.
    pub fn count(&self, step: Counted<'_>) -> f64 {
        let Counted { labeled, unlabeled, per_step } = step;
        let rows = |batch: &Batch| if per_step { steps(batch, 0) } else { batch.size as f64 };
        let count = match self {
            Self::Rows => unlabeled.or(labeled).map(rows),
            Self::LabeledRows => labeled.map(rows),
            Self::BothRows => Some([labeled, unlabeled].into_iter().flatten().map(rows).sum()),
            Self::Labels(weights) => labeled.map(|batch| labels(batch, weights.as_deref())),
            Self::Sequences => unlabeled.or(labeled).map(|batch| batch.size as f64),
            Self::Steps(from) => unlabeled.map(|batch| steps(batch, *from)),
            Self::LabeledSteps => labeled.map(|batch| steps(batch, 0)),
            Self::TargetSteps => labeled.map(target_steps),
            Self::Counted(count) => unlabeled.map(|batch| count(batch)),
            Self::Batch => Some(1.0),
        };
        count.unwrap_or(0.0)
    }
}

fn steps(batch: &Batch, from: usize) -> f64 {
    batch.lengths.iter().map(|length| length.saturating_sub(from)).sum::<usize>() as f64
}

fn labels(batch: &Batch, weights: Option<&[f32]>) -> f64 {
    let weight = |class: usize| weights.map_or(1.0, |weights| weights.get(class).copied().map_or(0.0, f64::from));
    let of = |target: &Target| match target {
        Target::Missing => 0.0,
        Target::Class(class) => weight(*class),
        Target::Steps(classes) => classes.iter().take(batch.time).map(|class| weight(*class)).sum(),
        Target::Labels(_) | Target::Number(_) | Target::Sequence(_) => 1.0,
    };
    batch.targets.iter().map(of).sum()
}

fn target_steps(batch: &Batch) -> f64 {
    let length = |target: &Target| if let Target::Sequence(sequence) = target { sequence.len() } else { 0 };
    batch.targets.iter().map(length).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use semiseq_datasets::{Dataset, Sequence};

    use super::*;

    #[test]
    fn rows_steps_and_labels_of_a_batch_are_counted() {
        let tokens = |length: usize| Sequence::Tokens(vec![1; length]);
        let batch = |targets: Vec<Target>, lengths: &[usize]| {
            let sequences: Vec<Sequence> = lengths.iter().map(|length| tokens(*length)).collect();
            let indices: Vec<usize> = (0..lengths.len()).collect();
            let dataset = Dataset { targets, ..Dataset::default() };
            Batch::collate(&dataset, &indices, &sequences)
        };
        let classes = vec![Target::Class(1), Target::Missing, Target::Class(0)];
        let (labeled, unlabeled) = (batch(classes, &[4, 2, 1]), batch(vec![Target::Missing; 2], &[5, 1]));
        let count = |over: Over, per_step: bool| {
            over.count(Counted { labeled: Some(&labeled), unlabeled: Some(&unlabeled), per_step })
        };
        assert_eq!([count(Over::Rows, false), count(Over::Rows, true)], [2.0, 6.0]);
        assert_eq!([count(Over::LabeledRows, false), count(Over::LabeledRows, true)], [3.0, 7.0]);
        assert_eq!(
            [count(Over::Steps(0), false), count(Over::Steps(1), false), count(Over::Steps(3), true)],
            [6.0, 4.0, 2.0]
        );
        assert_eq!([count(Over::BothRows, false), count(Over::BothRows, true)], [5.0, 13.0]);
        assert_eq!(count(Over::Labels(None), false), 2.0);
        assert_eq!(count(Over::Labels(Some(Arc::from([0.5, 3.0]))), false), 3.5);
        assert_eq!(
            [count(Over::Sequences, true), count(Over::LabeledSteps, false), count(Over::Batch, false)],
            [2.0, 7.0, 1.0]
        );
        let tagged = batch(vec![Target::Steps(vec![1, 0, 1]), Target::Missing], &[3, 2]);
        let of = |over: Over| over.count(Counted { labeled: Some(&tagged), unlabeled: None, per_step: true });
        assert_eq!(of(Over::Labels(Some(Arc::from([0.5, 3.0])))), 6.5);
        // Where there is no unlabelled part the labelled one stands for it.
        assert_eq!([of(Over::Rows), of(Over::Sequences), of(Over::Steps(0))], [5.0, 2.0, 0.0]);
        let targets = vec![Target::Sequence(tokens(3)), Target::Missing, Target::Sequence(tokens(1))];
        let paired = batch(targets, &[1, 1, 1]);
        let of = |over: Over| over.count(Counted { labeled: Some(&paired), unlabeled: None, per_step: false });
        assert_eq!([of(Over::TargetSteps), of(Over::Labels(None))], [4.0, 2.0]);
    }
}
