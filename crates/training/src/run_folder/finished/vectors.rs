//! Vectors of sequences and of their steps, by a finished run.

use semiseq_analysis::nearest_class;
use semiseq_datasets::{Dataset, Prepared, Target};
use semiseq_models::SequenceModel;

use crate::error::Error;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::finished::FinishedRun;
use crate::tasks::evaluate::{pooled, states};

impl<M: ModelSettings, O: ObjectiveSettings> FinishedRun<M, O> {
    /// The pooled representation of each prepared sequence.
    pub fn embed(&self, dataset: &Dataset) -> Vec<Vec<f64>> {
        pooled(&self.model, dataset)
    }

    /// Values of the vector of a step, and of the pooled representation.
    pub fn width(&self) -> usize {
        self.model.pooled_size()
    }

    /// The encoder's vector of each step of each prepared sequence, `[sequences][time][width]`. `None` where the
    /// encoder reads a sequence at once and has none.
    pub fn states(&self, dataset: &Dataset) -> Option<Vec<Vec<Vec<f64>>>> {
        self.model.image().is_none().then(|| states(&self.model, dataset))
    }

    /// Accuracy on the test part of the class of the `k` nearest labelled training sequences, by their vectors.
    ///
    /// # Errors
    ///
    /// Where there are no classes, or fewer vectors than that takes.
    pub fn nearest_accuracy(&self, data: &Prepared, k: usize) -> Result<f64, Error> {
        let wrong =
            |message: String| Error::input(message, "it needs a class for each sequence, and labelled sequences");
        let of_class = |dataset: &Dataset| -> (Vec<usize>, Vec<usize>) {
            let classes = dataset.targets.iter().enumerate();
            let classes = classes.filter_map(|(row, target)| match target {
                Target::Class(class) => Some((row, *class)),
                _ => None,
            });
            classes.unzip()
        };
        let labeled = data.train.select(&data.labeled);
        let (rows, classes) = of_class(&labeled);
        let (test_rows, truth) = of_class(&data.test);
        if rows.is_empty() || truth.is_empty() {
            return Err(wrong("there are no labelled sequences to be near to, or none to test".into()));
        }
        let known = self.embed(&labeled.select(&rows));
        let found = nearest_class(&known, &classes, &self.embed(&data.test.select(&test_rows)), k)
            .map_err(|error| wrong(error.to_string()))?;
        let right = found.iter().zip(&truth).filter(|(found, truth)| found == truth).count();
        Ok(right as f64 / truth.len() as f64)
    }
}
