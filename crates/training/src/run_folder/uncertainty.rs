//! How sure a finished run is beyond its probabilities: passes with dropout, and how far sequences lie from the classes
//! that it learned.

use burn::module::Module;
use semiseq_analysis::ClassGaussians;
use semiseq_analysis::selection::{bald, entropy};
use semiseq_datasets::{Dataset, Target, TargetKind};

use crate::error::Error;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::run_folder::finished::FinishedRun;
use crate::tasks::Outputs;
use crate::tasks::evaluate::{device_of, energies, voted_outputs};

/// What several passes say of the same sequences.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sampled {
    /// The mean of the passes, in the units of the data.
    pub outputs: Outputs,
    /// What `spread` holds of each sequence: of classes `predictive_entropy` and `mutual_information`, of numbers
    /// `deviation`.
    pub names: &'static [&'static str],
    /// A row per sequence.
    pub spread: Vec<Vec<f64>>,
}

/// How little a sequence looks like one of the classes that a run learned; the higher each is, the less.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutOfClass {
    /// 1 less the largest probability (Hendrycks & Gimpel 2017).
    pub max_softmax: f64,
    /// `-ln Σ exp(logit)` (Liu et al. 2020, eq. 4 at temperature 1).
    pub energy: f64,
    /// The squared distance of the pooled representation to the nearest class ([`ClassGaussians`]).
    pub mahalanobis: f64,
}

impl OutOfClass {
    /// Their names.
    pub const NAMES: [&'static str; 3] = ["max_softmax", "energy", "mahalanobis"];

    /// Their values, in that order.
    pub fn values(self) -> [f64; 3] {
        [self.max_softmax, self.energy, self.mahalanobis]
    }
}

impl<M: ModelSettings, O: ObjectiveSettings> FinishedRun<M, O> {
    /// What the models of an ensemble each say of prepared sequences; of one model what it says with its dropout left
    /// on, in `passes` passes: Monte Carlo dropout (Gal & Ghahramani 2016).
    pub fn sampled_outputs(&self, dataset: &Dataset, passes: usize, seed: u64) -> Vec<Outputs> {
        let task = self.purpose().task();
        if self.member_count() > 1 {
            return self.each_member().map(|member| member.own_outputs(dataset, task, &|| false)).collect();
        }
        let model = self.model().clone().train();
        let objective = self.objective().map(|objective| objective.clone().train());
        device_of(&model).seed(seed);
        (0..passes).map(|_| voted_outputs(objective.as_ref(), &model, dataset, task)).collect()
    }

    /// The mean of [`FinishedRun::sampled_outputs`], and how far the passes are apart. Of classes that is the entropy
    /// of the mean, in nats, and how much of it the passes do not share, their mutual information with the model's
    /// weights (Houlsby et al. 2011); of numbers the standard deviation of what is predicted.
    ///
    /// # Errors
    ///
    /// As [`FinishedRun::predict`], or where the run predicts neither a class nor a number of a sequence.
    pub fn predict_sampled(&self, dataset: &Dataset, passes: usize, seed: u64) -> Result<Sampled, Error> {
        self.check_predicts()?;
        let all = self.sampled_outputs(dataset, passes, seed);
        let unit = self.processor().number_unit();
        let (names, spread): (&[_], _) = match all.first() {
            Some(Outputs::Classes(_)) => (&["predictive_entropy", "mutual_information"], of_classes(&all)),
            Some(Outputs::Numbers(_) | Outputs::Quantiles { .. }) => (&["deviation"], of_numbers(&all, unit)),
            _ => {
                return Err(Error::input(
                    format!("{}: passes are compared by one class or number per sequence", self.folder().display()),
                    "leave the samples out, or use a run with a `[model.classifier]` or a `[model.regressor]`",
                ));
            }
        };
        let outputs = self.finite_in_units(self.mean_of(all), dataset)?;
        Ok(Sampled { outputs, names, spread })
    }

    /// How little prepared sequences look like the classes that the run learned. The energy is that of the model, the
    /// mean over an ensemble; the classes are those of the labelled training sequences, by the vectors of the first
    /// model.
    ///
    /// # Errors
    ///
    /// Where the run predicts no class of a sequence, the vectors are not finite, or its data can no longer be read.
    pub fn out_of_class(&self, dataset: &Dataset) -> Result<Vec<OutOfClass>, Error> {
        // Clusters have distributions too, and no labels that would say what is known.
        let classes = self.targets() == TargetKind::Classify;
        let said = if classes { self.predict(dataset)? } else { Outputs::Nothing };
        let Outputs::Classes(distributions) = said else {
            return Err(Error::input(
                format!("{}: the run learned no classes of whole sequences", self.folder().display()),
                "use a run with a `[model.classifier]`",
            ));
        };
        let data = self.data()?;
        let labeled = data.train.select(&data.labeled);
        let (rows, classes): (Vec<usize>, Vec<usize>) = (0..labeled.len())
            .filter_map(|row| match labeled.targets[row] {
                Target::Class(class) => Some((row, class)),
                _ => None,
            })
            .unzip();
        let wrong = |error: semiseq_analysis::AnalysisError| {
            Error::input(error.message, "look at the vectors with `semiseq embed`")
        };
        let gaussians = ClassGaussians::fit(&self.embed(&labeled.select(&rows)), &classes).map_err(wrong)?;
        let distances = gaussians.distances(&self.embed(dataset)).map_err(wrong)?;
        let energies = self.mean_energies(dataset);
        let rows = distributions.iter().zip(energies).zip(distances);
        let of = |((row, energy), mahalanobis): ((&Vec<f64>, f64), f64)| OutOfClass {
            max_softmax: 1.0 - row.iter().copied().fold(0.0, f64::max),
            energy,
            mahalanobis,
        };
        Ok(rows.map(of).collect())
    }

    fn mean_energies(&self, dataset: &Dataset) -> Vec<f64> {
        let mut sums = vec![0.0; dataset.len()];
        for member in self.each_member() {
            let found = energies(member.objective(), member.model(), dataset);
            sums.iter_mut().zip(found).for_each(|(sum, energy)| *sum += energy);
        }
        sums.into_iter().map(|sum| sum / self.member_count() as f64).collect()
    }
}

/// Predictive entropy and mutual information of each sequence.
fn of_classes(passes: &[Outputs]) -> Vec<Vec<f64>> {
    let passes: Vec<&Vec<Vec<f64>>> =
        passes.iter().filter_map(|pass| if let Outputs::Classes(rows) = pass { Some(rows) } else { None }).collect();
    let count = passes.len() as f64;
    let of = |row: usize| {
        let said: Vec<&[f64]> = passes.iter().map(|pass| pass[row].as_slice()).collect();
        let mean = (0..said[0].len()).map(|class| said.iter().map(|pass| pass[class]).sum::<f64>() / count);
        vec![entropy(&mean.collect::<Vec<f64>>()), bald(&said)]
    };
    (0..passes.first().map_or(0, |rows| rows.len())).map(of).collect()
}

/// The standard deviation of what is predicted of each sequence, in the units of the data.
fn of_numbers(passes: &[Outputs], unit: f64) -> Vec<Vec<f64>> {
    let count = passes.len() as f64;
    let number = |pass: &Outputs, row: usize| match pass {
        Outputs::Numbers(numbers) => numbers[row],
        Outputs::Quantiles { rows, .. } => rows[row][0],
        _ => f64::NAN,
    };
    let of = |row: usize| {
        let said: Vec<f64> = passes.iter().map(|pass| number(pass, row)).collect();
        let mean = said.iter().sum::<f64>() / count;
        let squares: f64 = said.iter().map(|value| (value - mean).powi(2)).sum();
        vec![unit * (squares / count).sqrt()]
    };
    (0..passes.first().map_or(0, Outputs::len)).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_that_are_sure_of_different_classes_know_different_things() {
        let pass = |first: [f64; 2], second: [f64; 2]| Outputs::Classes(vec![first.to_vec(), second.to_vec()]);
        let found = of_classes(&[pass([1.0, 0.0], [0.5, 0.5]), pass([0.0, 1.0], [0.5, 0.5])]);
        let bit = 2f64.ln();
        assert!((found[0][0] - bit).abs() < 1e-12 && (found[0][1] - bit).abs() < 1e-12, "{found:?}");
        assert!((found[1][0] - bit).abs() < 1e-12 && found[1][1] < 1e-12, "{found:?}");
    }

    #[test]
    fn numbers_deviate_in_the_units_of_the_data() {
        let passes = [1.0, 3.0].map(|number| Outputs::Numbers(vec![number, 0.0]));
        assert_eq!(of_numbers(&passes, 10.0), [[10.0], [0.0]]);
    }
}
