//! What the data hold, as far as a config depends on it.

use semiseq::datasets::Description;
use semiseq::prelude::*;

/// What was found in the data.
pub(super) struct Found {
    /// The part with labels.
    pub(super) train: Description,
    /// Sequences without a label, those of `--unlabeled` included.
    pub(super) unlabeled: usize,
    /// What can be learned of it.
    pub(super) task: TargetKind,
    /// Whether it is text without spaces between words.
    pub(super) unspaced: bool,
    /// A file of word vectors, and the numbers of each.
    pub(super) vectors: Option<(String, usize)>,
}

impl Found {
    /// Whether sequences are texts.
    pub(super) fn text(&self) -> bool {
        self.train.kind == "text"
    }

    /// Sequences with a label.
    pub(super) fn labeled(&self) -> usize {
        self.train.sequences - self.train.unlabeled
    }

    /// Sequences of the training part.
    pub(super) fn sequences(&self) -> usize {
        self.labeled() + self.unlabeled
    }

    /// Whether there are classes to learn, from few labels beside many sequences without.
    pub(super) fn semi_supervised(&self) -> bool {
        self.task == TargetKind::Classify && self.unlabeled > 0
    }
}

/// Labelled sequences of which it can be told whether their labels are transcripts.
const ENOUGH: usize = 10;

/// Whether the labels of sequences that are no texts are texts themselves, which few of them share. Where their
/// column was not `named`, most have to be of several words: others may be names.
pub(super) fn transcripts(train: &Dataset, named: bool) -> bool {
    let labelled = train.targets.iter().filter(|target| matches!(target, Target::Class(_))).count();
    let lettered = |label: &&String| {
        label.chars().filter(|letter| letter.is_alphabetic()).count() > 1
            && label.chars().all(|letter| letter.is_alphabetic() || letter.is_whitespace() || "-',.?!".contains(letter))
    };
    let most = |holds: &dyn Fn(&&String) -> bool| 2 * train.classes.iter().filter(holds).count() > train.classes.len();
    let texts = train.sequences.iter().take(1).any(|first| matches!(&*first.loaded(), Sequence::Text(_)));
    !texts
        && labelled >= ENOUGH
        && 3 * train.classes.len() > labelled
        && most(&lettered)
        && (named || most(&|label| label.contains(' ')))
}
