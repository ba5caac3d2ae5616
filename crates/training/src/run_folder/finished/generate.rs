//! Sequences that a finished run makes, answers or rebuilds.

use semiseq_datasets::{Dataset, Sequence};

use crate::error::Error;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::finished::FinishedRun;
use crate::run_folder::generator::{self, Generator, Order};

impl<M: ModelSettings, O: ObjectiveSettings> FinishedRun<M, O> {
    /// Samples of the run's last stage, as sequences in the model's units.
    ///
    /// # Errors
    ///
    /// Where that stage makes no samples.
    pub fn generate(&self, order: &Order) -> Result<Vec<Sequence>, Error> {
        self.maker()?.make(&self.model, order)
    }

    /// The sequence that answers each prepared sequence; `None` where the run's last stage writes none.
    pub fn answers(&self, dataset: &Dataset) -> Option<Vec<Sequence>> {
        self.generator.as_ref()?.answer(&self.model, dataset)
    }

    /// Each prepared sequence as it is rebuilt from its vector alone; `None` where the run's last stage rebuilds none.
    pub fn rebuilt(&self, dataset: &Dataset) -> Option<Vec<Sequence>> {
        self.maker().ok()?.rebuild(&self.model, dataset)
    }

    /// How badly each prepared sequence is rebuilt from its vector: the mean squared error of values, or the share of
    /// wrong words.
    ///
    /// # Errors
    ///
    /// Where the run's last stage rebuilds nothing.
    pub fn reconstruction_errors(&self, dataset: &Dataset) -> Result<Vec<f64>, Error> {
        self.maker()?.errors(&self.model, dataset)
    }

    /// The last stage's objective, where there is something to see of it.
    fn maker(&self) -> Result<&Generator<M::Model, O>, Error> {
        let shows = self.generator.as_ref().filter(|generator| generator.shows());
        shows.ok_or_else(|| generator::missing(&self.folder))
    }

    /// Whether samples can be asked for by class.
    pub fn generates_by_class(&self) -> bool {
        self.generator.as_ref().is_some_and(|generator| generator.by_class())
    }
}
