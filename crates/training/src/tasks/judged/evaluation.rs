//! All that is said of a finished run on a data set: scores, their intervals, and each class.

use semiseq_analysis::{Bootstrap, wilson};
use semiseq_datasets::{Dataset, Processor};
use semiseq_schema::{Intervals, Scores};
use serde::Serialize;

use crate::tasks::measures::Confusion;
use crate::tasks::outputs::Outputs;
use crate::tasks::task::Task;

/// Draws of the bootstrap.
const DRAWS: usize = 1000;
/// Values that all draws together look at, at most: a second or two.
const MOST_VALUES: usize = 400_000_000;
/// Draws without which there are no percentiles to speak of.
const FEWEST_DRAWS: usize = 100;
/// Seeds them, so that an interval is the same whoever asks.
const SEED: u64 = 95;

/// All that is said of a run on a data set. As JSON an object with the scores, and `intervals`, `per_class` and
/// `confusion` beside them, each where there is something to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// Scores in the units in which they are told.
    #[serde(flatten)]
    pub scores: Scores,
    /// 95 % intervals of scores: Wilson's for shares of independent rows, else of the bootstrap over sequences. A score
    /// without one is missing.
    #[serde(skip_serializing_if = "Intervals::is_empty")]
    pub intervals: Intervals,
    /// Each class, in their order.
    #[serde(rename = "per_class", skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassEvaluation>,
    /// Counts of true against predicted classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
}

/// How well one class is told from the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClassEvaluation {
    /// Its name.
    pub class: String,
    /// Rows of the class.
    pub support: usize,
    /// Predictions of the class.
    pub predicted: usize,
    /// Precision, recall, F1, AUROC, average precision and sensitivity, each where it is defined.
    #[serde(flatten)]
    pub scores: Scores,
    /// Their 95 % intervals.
    #[serde(skip_serializing_if = "Intervals::is_empty")]
    pub intervals: Intervals,
}

/// Scores beside those of [`Task::score`], in the units in which they are told; of metrics that `wanted` names.
pub(crate) fn further(
    task: &dyn Task,
    outputs: &Outputs,
    dataset: &Dataset,
    processor: &Processor,
    wanted: &dyn Fn(&str) -> bool,
) -> Scores {
    let measures = task.judged(outputs, dataset, processor).map(|judged| judged.measure(None)).unwrap_or_default();
    let of_all = measures.into_iter().filter(|measure| measure.class.is_none() && wanted(measure.metric));
    let scores = of_all.filter_map(|measure| Some((measure.metric.to_string(), measure.value?))).collect();
    task.scores_in_units(scores, processor)
}

/// The intervals of the scores of all classes together, and each class of `classes` by itself.
pub(crate) fn intervals(
    task: &dyn Task,
    outputs: &Outputs,
    dataset: &Dataset,
    processor: &Processor,
) -> (Intervals, Vec<ClassEvaluation>) {
    let Some(judged) = task.judged(outputs, dataset, processor) else { return Default::default() };
    let draws = DRAWS.min(MOST_VALUES / judged.cost().max(1));
    let draws = if draws < FEWEST_DRAWS { 0 } else { draws };
    let bootstrap = Bootstrap { rows: judged.rows(), block: judged.block(), draws, seed: SEED };
    let measures = judged.measure(None);
    let drawn =
        bootstrap.intervals(|weights| judged.measure(Some(weights)).into_iter().map(|measure| measure.value).collect());
    let counts = judged.class_counts().into_iter().zip(&dataset.classes);
    let mut classes: Vec<ClassEvaluation> = counts
        .map(|((support, predicted), name)| ClassEvaluation {
            class: name.clone(),
            support,
            predicted,
            ..ClassEvaluation::default()
        })
        .collect();
    let mut found = Intervals::new();
    let shares = judged.proportions();
    for (measure, interval) in measures.into_iter().zip(drawn) {
        let Some(value) = measure.value else { continue };
        let share = shares.iter().find(|share| (share.metric, share.class) == (measure.metric, measure.class));
        let interval = share.map_or(interval, |share| wilson(share.right, share.all));
        let name = measure.metric.to_string();
        let of_class = measure.class.and_then(|class| classes.get_mut(class));
        if let Some(class) = of_class {
            class.scores.insert(name.clone(), value);
            class.intervals.extend(interval.map(|interval| (name, interval)));
        } else if measure.class.is_none() {
            found.extend(interval.map(|interval| (name, interval)));
        }
    }
    (in_units(task, found, processor), classes)
}

/// Both ends of each interval in the units in which scores are told.
fn in_units(task: &dyn Task, intervals: Intervals, processor: &Processor) -> Intervals {
    let ends = |place: usize| -> Scores {
        let scores = intervals.iter().map(|(name, ends)| (name.clone(), ends[place])).collect();
        task.scores_in_units(scores, processor)
    };
    let (low, high) = (ends(0), ends(1));
    low.into_iter().filter_map(|(name, low)| Some((name.clone(), [low, *high.get(&name)?]))).collect()
}

#[cfg(test)]
mod tests {
    use semiseq_datasets::{Sequence, Series, Target, TransformConfig};

    use super::*;
    use crate::tasks::{Classification, Tagging};

    /// Forty sequences of two classes, of which every fifth is taken for the other; as steps, all steps of a sequence
    /// are right or wrong together.
    fn data(steps: bool) -> (Outputs, Dataset, Processor) {
        let says = |row: usize| {
            if (row + usize::from(row.is_multiple_of(5))).is_multiple_of(2) { [0.7, 0.3] } else { [0.2, 0.8] }
        };
        let target = |row: usize| if steps { Target::Steps(vec![row % 2; 10]) } else { Target::Class(row % 2) };
        let dataset = Dataset {
            sequences: vec![Sequence::Series(Series { values: vec![0.0; 10], channels: 1 }); 40],
            targets: (0..40).map(target).collect(),
            classes: vec!["a".into(), "b".into()],
            ..Dataset::default()
        };
        let rows = (0..40).map(|row| says(row).to_vec());
        let outputs = match steps {
            true => Outputs::Steps(rows.map(|row| vec![row; 10]).collect()),
            false => Outputs::Classes(rows.collect()),
        };
        let processor = Processor::fit(&TransformConfig::default(), &dataset).expect("values");
        (outputs, dataset, processor)
    }

    #[test]
    fn shares_have_wilsons_interval_and_other_scores_that_of_a_bootstrap() {
        let (outputs, dataset, processor) = data(false);
        let (found, classes) = intervals(&Classification, &outputs, &dataset, &processor);
        assert_eq!(found["accuracy"], wilson(32, 40).unwrap());
        let more = further(&Classification, &outputs, &dataset, &processor, &|_| true);
        for name in ["auroc", "balanced_accuracy", "cohen_kappa", "brier", "loss"] {
            let [low, high] = found[name];
            assert!(low < more[name] && more[name] < high, "{name}: {} in {:?}", more[name], found[name]);
        }
        assert!(!found.contains_key("ece") && !found.contains_key("top_3_accuracy"));
        assert_eq!((classes[1].class.as_str(), classes[1].support, classes[1].predicted), ("b", 20, 20));
        assert_eq!(classes[1].intervals["recall"], wilson(16, 20).unwrap());
        assert_eq!(intervals(&Classification, &outputs, &dataset, &processor).0, found, "seeded");
    }

    /// Ten equal steps say no more than one: the interval is that of the sequences.
    #[test]
    fn steps_of_a_sequence_are_drawn_together() {
        let width = |(outputs, dataset, processor): &(Outputs, Dataset, Processor), task: &dyn Task| {
            let [low, high] = intervals(task, outputs, dataset, processor).0["accuracy"];
            high - low
        };
        let (of_steps, of_sequences) = (width(&data(true), &Tagging), width(&data(false), &Classification));
        assert!((of_steps - of_sequences).abs() < 0.03, "{of_steps} {of_sequences}");
    }

    #[test]
    fn an_evaluation_is_one_object_of_what_there_is() {
        let scores = Scores::from([("mse".into(), 1.0)]);
        let json = serde_json::to_string(&Evaluation { scores, ..Evaluation::default() }).unwrap();
        assert_eq!(json, r#"{"mse":1.0}"#);
    }
}
