//! The raw parts of a data set.

use crate::digest::DataMark;
use crate::duplicates::{self, Seen};
use crate::formats::table::layout::Layout;
use crate::sequence::{Dataset, Target};
use crate::sources::synthetic::FORMULAS;

/// Labelled rows from which classes are counted against them.
const ENOUGH: usize = 10;

/// The raw parts of a data set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Source {
    /// The training part, from which validation (and perhaps test) rows are taken.
    pub train: Dataset,
    /// The validation part, if the data has one.
    pub valid: Option<Dataset>,
    /// The test part, if the data has one.
    pub test: Option<Dataset>,
    /// More sequences without labels.
    pub unlabeled: Option<Dataset>,
    /// Which columns of the training table were read.
    pub layout: Option<Layout>,
}

impl Source {
    /// Data in memory; the test part is drawn from it as the config says.
    pub fn new(train: Dataset) -> Self {
        Self { train, valid: None, test: None, unlabeled: None, layout: None }
    }

    /// What was read otherwise than it may be meant, a line each.
    pub fn notes(&self) -> Vec<String> {
        let parts = [Some(&self.train), self.valid.as_ref(), self.test.as_ref(), self.unlabeled.as_ref()];
        parts.into_iter().flatten().flat_map(|part| part.notes.iter().cloned()).collect()
    }

    /// A line on rows that stand twice: in the training and the test part, or in a file that is not split yet.
    pub fn duplicates(&self) -> Option<String> {
        match &self.test {
            Some(test) => {
                let share = Seen::of(&self.train, 0..self.train.len()).share(test, "test");
                duplicates::told(&share.into_iter().collect::<Vec<_>>())
            }
            None => duplicates::within(&self.train),
        }
    }

    /// A line on classes of the training part that look like something else: nearly as many as rows.
    pub fn doubtful_classes(&self) -> Option<String> {
        let labelled = self.train.targets.iter().filter(|target| matches!(target, Target::Class(_))).count();
        let classes = self.train.classes.len();
        if labelled < ENOUGH || 2 * classes <= labelled {
            return None;
        }
        let column = self
            .layout
            .as_ref()
            .and_then(Layout::target_name)
            .map_or(String::new(), |name| format!(", column `{name}`"));
        let as_many = if self.one_class_a_row() {
            "as many classes as rows with a label"
        } else {
            "nearly as many classes as rows"
        };
        Some(format!(
            "{}: {as_many} ({classes} of {labelled}){column}: is it the label? `data.target` names another; numbers \
             are for `[model.regressor]`, transcripts for `[stage.objective.ctc]`",
            self.train.name
        ))
    }

    /// Whether each of many rows has a class of its own, so that there is nothing to learn.
    pub fn one_class_a_row(&self) -> bool {
        let labelled = self.train.targets.iter().filter(|target| matches!(target, Target::Class(_))).count();
        labelled >= ENOUGH && self.train.classes.len() == labelled
    }

    /// Training and test part as one, to be split anew.
    pub(crate) fn joined(self) -> Self {
        match self.test {
            Some(test) => Self { train: self.train.join(test), test: None, ..self },
            None => self,
        }
    }

    /// A mark of each part in turn: training, validation, test, unlabelled. What a formula makes is left out: it
    /// follows from the config, and its sines may differ in their last digit between machines.
    pub(crate) fn marks(&self) -> Vec<DataMark> {
        let parts = [Some(&self.train), self.valid.as_ref(), self.test.as_ref(), self.unlabeled.as_ref()];
        let read = parts.into_iter().flatten().filter(|part| !FORMULAS.iter().any(|formula| formula.name == part.name));
        read.map(DataMark::of).collect()
    }
}
