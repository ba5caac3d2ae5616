//! What a finished run predicts, and how good that is.

use semiseq_datasets::{Batch, Dataset, Processor, Sequence, Target, TargetKind};
use semiseq_models::{SequenceModel, State};
use semiseq_objectives::sequences as upload;

use crate::attribution::{Asked, normalised};
use crate::error::Error;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::finished::{FinishedRun, Scored};
use crate::run_folder::generator::Generator;
use crate::tasks::evaluate::{device_of, score, voted_outputs_until};
use crate::tasks::{Evaluation, Judge, Outputs, Prediction, Predictor, Task, further, intervals};

impl<M: ModelSettings, O: ObjectiveSettings> FinishedRun<M, O> {
    /// Whether there is something to predict with.
    ///
    /// # Errors
    ///
    /// Where no stage trained the model's head.
    pub fn check_predicts(&self) -> Result<(), Error> {
        match self.file.purpose.predictor {
            Predictor::Head | Predictor::Objective | Predictor::Clusters => Ok(()),
            Predictor::Nothing => Err(Error::input(
                format!(
                    "{}: no stage of this run trained the head of `[model.{}]`, so there is nothing to predict with",
                    self.folder.display(),
                    self.file.model.name()
                ),
                "`embed` gives the encoder's vectors, `eval` what the objective measures; to predict, add a stage with \
                 labels and a `[model.classifier]`",
            )),
        }
    }

    /// What the run predicts of prepared sequences, in their order; numbers and forecasts in the units of the data.
    ///
    /// # Errors
    ///
    /// Where no stage trained the model's head, or a prediction is no number.
    pub fn predict(&self, dataset: &Dataset) -> Result<Outputs, Error> {
        self.check_predicts()?;
        self.finite_in_units(self.outputs_until(dataset, &|| false), dataset)
    }

    /// Outputs in the units of the data.
    ///
    /// # Errors
    ///
    /// Where one of them is no number.
    pub(crate) fn finite_in_units(&self, outputs: Outputs, dataset: &Dataset) -> Result<Outputs, Error> {
        if outputs.finite() {
            return Ok(self.task().in_units(outputs, &self.file.processor));
        }
        Err(Error::runtime(
            format!("{}: what the model predicts of {} is not finite", self.folder.display(), dataset.name),
            "look for values far out of range with `data check`, and train with a lower learning rate if there are \
             none",
        ))
    }

    /// What the run predicts of one sequence as it was read: the class with all probabilities, a number or a forecast
    /// in the units of the data, or the text of an answer.
    ///
    /// # Errors
    ///
    /// As [`FinishedRun::predict`], or where the sequence is none that the run can read.
    pub fn predict_one(&self, sequence: Sequence) -> Result<Prediction, Error> {
        let raw = Dataset { sequences: vec![sequence], targets: vec![Target::Missing], ..Dataset::default() };
        let outputs = self.predict(&self.processor().apply(raw)?)?;
        Ok(self.prediction(&outputs, 0))
    }

    /// What a tagger says of each step of a sequence as it was read that goes on where an earlier one ended: from the
    /// states that that left, and with those after it.
    ///
    /// # Errors
    ///
    /// As [`FinishedRun::predict_one`], or where the model carries no states, or a step's preparation depends on
    /// others.
    pub fn predict_on(
        &self,
        sequence: Sequence,
        states: Option<Vec<State>>,
    ) -> Result<(Prediction, Vec<State>), Error> {
        self.check_predicts()?;
        let carries_none = |why: &str| {
            Err(Error::input(format!("{}: {why}", self.folder.display()), "give whole sequences, without a session"))
        };
        if !self.members.is_empty() {
            return carries_none("the members of an ensemble each have states of their own");
        }
        if self.targets() != TargetKind::Tag || !self.processor().keeps_steps() {
            return carries_none("this run does not tell of a step what it is by that and the earlier ones alone");
        }
        if self.model.crf().is_some() {
            return carries_none("its tags are decided over a whole sequence (`output = \"crf\"`)");
        }
        let raw = Dataset { sequences: vec![sequence], targets: vec![Target::Missing], ..Dataset::default() };
        let data = self.processor().apply(raw)?;
        let mut batch = Batch::of(&data.sequences);
        let read = upload(&mut batch, &device_of(&self.model));
        let Some((logits, states)) = self.model.forward_from(read, states) else {
            return carries_none("its encoder carries no state from one sequence to the next, or reads backwards too");
        };
        let task = self.file.purpose.task();
        let mut outputs = task.outputs(1, self.model.numbers());
        task.take(&mut outputs, &batch, logits);
        match outputs.finite() {
            true => Ok((self.prediction(&outputs, 0), states)),
            false => Err(Error::runtime("what the model predicts is not finite", "look at the values of the sequence")),
        }
    }

    /// One of the outputs of [`FinishedRun::predict`], in words.
    pub fn prediction(&self, outputs: &Outputs, index: usize) -> Prediction {
        self.task().prediction(outputs, index, &self.file.processor)
    }

    /// What the run says of prepared sequences, in the units of prepared targets; given up where `stop` says so. Of an
    /// ensemble it is the mean of what its members say, and then calibrated.
    pub fn outputs_until(&self, dataset: &Dataset, stop: &dyn Fn() -> bool) -> Outputs {
        if self.members.is_empty() {
            return self.own_outputs(dataset, self.task(), stop);
        }
        let all = self.each_member();
        self.mean_of(all.map(|member| member.own_outputs(dataset, member.file.purpose.task(), stop)).collect())
    }

    /// The mean of what several models or passes say, before calibration, and then calibrated.
    pub(crate) fn mean_of(&self, all: Vec<Outputs>) -> Outputs {
        let mean = Outputs::mean(all);
        match self.calibration() {
            Some(calibration) => mean.with_distributions(|row| calibration.tempered(row)),
            None => mean,
        }
    }

    /// What mattered to a class of each prepared sequence: for each step gradient × input of the class's logit, of
    /// which the strongest is 1 or -1, above 0 where the step speaks for the class. The members of an ensemble add up.
    /// `None` where the model's head alone does not say a class of the whole sequence.
    pub fn attributions(&self, sequences: &[Sequence], classes: &[usize]) -> Option<Vec<Vec<f64>>> {
        let says = self.targets() == TargetKind::Classify && self.file.purpose.predictor == Predictor::Head;
        if !says || self.votes() {
            return None;
        }
        let all: Vec<Asked<M::Model>> =
            std::iter::once(self).chain(&self.members).map(|member| Asked::new(&member.model)).collect();
        let one = |(sequence, class): (&Sequence, &usize)| {
            let mut sum = vec![0.0; sequence.len()];
            for asked in &all {
                let shares = asked.attributions(sequence, *class);
                sum.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
            normalised(sum)
        };
        Some(sequences.iter().zip(classes).map(one).collect())
    }

    /// What this model says, without other members.
    pub(crate) fn own_outputs(&self, dataset: &Dataset, task: &dyn Task, stop: &dyn Fn() -> bool) -> Outputs {
        let answers = match self.file.purpose.predictor {
            Predictor::Objective => self.answers(dataset),
            Predictor::Head | Predictor::Clusters | Predictor::Nothing => None,
        };
        let Some(answers) = answers else {
            let objective = self.generator.as_ref().map(Generator::objective);
            return voted_outputs_until(objective, &self.model, dataset, task, stop);
        };
        if self.targets() == TargetKind::Forecast {
            let values = answers.into_iter().map(|answer| match answer {
                Sequence::Series(series) => series.values.into_iter().map(f64::from).collect(),
                _ => Vec::new(),
            });
            return Outputs::Forecasts(values.collect());
        }
        let tokens = answers.into_iter().map(|answer| match answer {
            Sequence::Tokens(tokens) => tokens,
            _ => Vec::new(),
        });
        Outputs::Answers(tokens.collect())
    }

    /// Scores against the targets of a prepared data set: of numbers in the units of the data, of forecasts in those of
    /// the prepared series.
    pub fn score(&self, dataset: &Dataset) -> Scored {
        self.score_until(dataset, &|| false).0
    }

    /// As [`FinishedRun::score`], and whether all outputs are finite; given up where `stop` says so.
    pub(crate) fn score_until(&self, dataset: &Dataset, stop: &dyn Fn() -> bool) -> (Scored, bool) {
        let judges = self.file.purpose.scored_by == Judge::Objective;
        if let Some(generator) = self.generator.as_ref().filter(|_| judges) {
            return ((generator.scores(&self.model, dataset, stop), None), true);
        }
        let outputs = self.outputs_until(dataset, stop);
        if stop() {
            return (Scored::default(), false);
        }
        (scored(self.task(), &outputs, dataset, &self.file.processor), outputs.finite())
    }

    /// As [`FinishedRun::score`], with 95 % intervals and each class by itself.
    pub fn evaluate(&self, dataset: &Dataset) -> Evaluation {
        self.evaluate_until(dataset, &|| false).0
    }

    /// As [`FinishedRun::evaluate`], and whether all outputs are finite; given up where `stop` says so.
    pub(crate) fn evaluate_until(&self, dataset: &Dataset, stop: &dyn Fn() -> bool) -> (Evaluation, bool) {
        if self.file.purpose.scored_by == Judge::Objective {
            let ((scores, confusion), finite) = self.score_until(dataset, stop);
            return (Evaluation { scores, confusion, ..Evaluation::default() }, finite);
        }
        let outputs = self.outputs_until(dataset, stop);
        if stop() {
            return (Evaluation::default(), false);
        }
        let (scores, confusion) = scored(self.task(), &outputs, dataset, &self.file.processor);
        let finite = outputs.finite();
        if !finite {
            return (Evaluation { scores, confusion, ..Evaluation::default() }, finite);
        }
        let (mut intervals, classes) = intervals(self.task(), &outputs, dataset, &self.file.processor);
        intervals.retain(|name, _| scores.contains_key(name));
        (Evaluation { scores, intervals, classes, confusion }, finite)
    }
}

/// Scores of outputs as a finished run tells them.
pub(crate) fn scored(task: &dyn Task, outputs: &Outputs, dataset: &Dataset, processor: &Processor) -> Scored {
    let (mut scores, confusion) = score(task, outputs, dataset, processor);
    let more = further(task, outputs, dataset, processor, &|name| !scores.contains_key(name));
    scores.extend(more);
    if !task.tells_loss() {
        scores.remove("loss");
    }
    (scores, confusion)
}
