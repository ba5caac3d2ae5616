//! What is probably not meant, though a run goes on with it: a line each, on standard error, in the log and in the
//! report.

use semiseq_datasets::{Dataset, Prepared, Target, TargetKind};

use crate::config::stage::default_ratio;
use crate::recipe::{ModelSettings, ObjectiveSettings};
use crate::tasks::measures::Confusion;

/// Names that a line lists at most.
const LISTED: usize = 5;
/// Predictions that say something about a habit, at least.
const ENOUGH: usize = 10;
/// How much of what lies above the majority's share a single answer may take.
const SINGLE_ANSWER: f64 = 0.9;

/// What can be seen before any training. `counts` holds the labels of each class that training sees.
pub(crate) fn before(
    model: &impl ModelSettings,
    data: &Prepared,
    targets: TargetKind,
    counts: &[usize],
) -> Vec<String> {
    let of_labels = [unseen_classes(data, counts), more_validation(data)];
    let reads = !matches!(targets, TargetKind::Unsupervised | TargetKind::Forecast);
    model.idle().into_iter().chain(of_labels.into_iter().flatten().filter(|_| reads)).collect()
}

/// A number of unlabelled sequences for each labelled one, where the objective pairs nothing.
pub(crate) fn idle_ratio(stage: usize, ratio: usize, objective: &impl ObjectiveSettings) -> Option<String> {
    let kind = objective.kind();
    let read = if kind.reads_labels { "labelled ones alone" } else { "all sequences alike" };
    (kind.unpaired && ratio != default_ratio()).then(|| {
        format!(
            "`stage.{stage}.unlabeled_ratio = {ratio}` does nothing: it counts unlabelled sequences beside labelled \
             ones, and `{}` reads {read}",
            objective.name()
        )
    })
}

/// A stage that pairs labelled with unlabelled sequences, where there are none of the latter.
pub(crate) fn no_unlabeled(label: &str) -> String {
    format!(
        "{label}: there are no unlabelled sequences, which this objective learns from beside the labelled ones; hide \
         labels with `[data.labels]`, or give sequences with `data.unlabeled`"
    )
}

/// Classes that occur in the data, and of which training sees no label.
fn unseen_classes(data: &Prepared, counts: &[usize]) -> Option<String> {
    let mut elsewhere = vec![[false; 3]; counts.len()];
    for (place, part) in [&data.train, &data.valid, &data.test].into_iter().enumerate() {
        each_class(part, |class| elsewhere[class][place] = true);
    }
    let lost: Vec<usize> =
        (0..counts.len()).filter(|class| counts[*class] == 0 && elsewhere[*class].contains(&true)).collect();
    if lost.is_empty() {
        return None;
    }
    let parts = ["hidden labels", "validation part", "test part"];
    let found: Vec<&str> = parts
        .into_iter()
        .enumerate()
        .filter(|(place, _)| lost.iter().any(|class| elsewhere[*class][*place]))
        .map(|(_, part)| part)
        .collect();
    let names = data.processor.classes();
    let mut listed: Vec<String> = lost.iter().take(LISTED).map(|class| format!("`{}`", names[*class])).collect();
    if lost.len() > LISTED {
        listed.push(format!("{} more", lost.len() - LISTED));
    }
    let (class, them) = if lost.len() == 1 { ("class", "it") } else { ("classes", "them") };
    Some(format!(
        "no labelled row of the {class} {} is left for training ({}): the model cannot learn {them}; lower \
         `data.validation`, ask for labels with `data.labels.per_class`, or give more rows",
        listed.join(", "),
        found.join(", ")
    ))
}

/// Calls `with` the class of each sequence or step.
fn each_class(part: &Dataset, mut with: impl FnMut(usize)) {
    for target in &part.targets {
        match target {
            Target::Steps(steps) => steps.iter().for_each(|class| with(*class)),
            whole => whole.classes().iter().for_each(|class| with(*class)),
        }
    }
}

fn more_validation(data: &Prepared) -> Option<String> {
    let valid = data.valid.targets.iter().filter(|target| **target != Target::Missing).count();
    let labeled = data.labeled.len();
    (valid > labeled && labeled > 0).then(|| {
        format!(
            "{valid} validation labels choose the best epoch of {labeled} training labels; somebody with so few labels \
             would not have them (lower `data.validation`)"
        )
    })
}

/// A model that says one class nearly always, more often than that class can be right; `part` is what it was asked
/// about. Classes that stand together in one row are no class.
pub(crate) fn single_answer(confusion: &Confusion, part: &str) -> Option<String> {
    let classes = confusion.per_class();
    let all: usize = confusion.counts.iter().flatten().sum();
    let (most_said, said) = classes.iter().map(|class| class.predicted).enumerate().max_by_key(|(_, said)| *said)?;
    let majority = classes.iter().map(|class| class.support).max()?;
    let share = |count: usize| count as f64 / all.max(1) as f64;
    let limit = share(majority) + SINGLE_ANSWER * (1.0 - share(majority));
    (all >= ENOUGH && majority < all && share(said) > limit).then(|| {
        format!(
            "the model says `{}` for {:.1} % of the {part} part, whose largest class makes {:.1} %: it tells little \
             apart; train longer or with another learning rate, or weigh the classes (`class_weights = \"balanced\"`)",
            confusion.classes[most_said],
            100.0 * share(said),
            100.0 * share(majority)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(counts: [[usize; 2]; 2]) -> Confusion {
        let counts = counts.map(|row| row.to_vec()).to_vec();
        Confusion { classes: vec!["a".into(), "b".into()], counts, others: 0 }
    }

    fn single_answer(confusion: &Confusion) -> Option<String> {
        super::single_answer(confusion, "validation")
    }

    #[test]
    fn a_ratio_beside_an_objective_that_pairs_nothing_is_told() {
        let told = |objective: &str, ratio: usize| {
            let text = format!("{{\"{objective}\": {{}}}}");
            let objective: semiseq_objectives::ObjectiveConfig = serde_json::from_str(&text).expect("an objective");
            idle_ratio(1, ratio, &objective)
        };
        for (objective, read) in [("supervised", "reads labelled ones alone"), ("vae", "reads all sequences alike")] {
            let line = told(objective, 8).expect("a line");
            assert!(line.contains("`stage.1.unlabeled_ratio = 8` does nothing") && line.ends_with(read), "{line}");
            assert_eq!(told(objective, default_ratio()), None, "the default");
        }
        assert_eq!(told("fixmatch", 8), None);
    }

    #[test]
    fn one_answer_is_told_by_what_the_majority_allows() {
        // Half and half: 19 of 20 is no more than 0.5 + 0.9 · 0.5.
        assert_eq!(single_answer(&confusion([[9, 1], [10, 0]])), None);
        let told = single_answer(&confusion([[10, 0], [10, 0]])).unwrap();
        assert!(
            told.contains("says `a` for 100.0 % of the validation part") && told.contains("makes 50.0 %"),
            "{told}"
        );
        // 95 of 100 are of one class: saying it 99 times is close to the truth, always is not.
        assert_eq!(single_answer(&confusion([[95, 0], [4, 1]])), None);
        assert!(single_answer(&confusion([[95, 0], [5, 0]])).is_some());
        assert_eq!(single_answer(&confusion([[20, 0], [0, 0]])), None, "all are of that class");
        assert_eq!(single_answer(&confusion([[4, 0], [4, 0]])), None, "too few to say");
    }

    #[test]
    fn classes_that_stand_together_are_no_answer_and_no_majority() {
        let with = |counts: [[usize; 3]; 3]| Confusion {
            classes: vec!["a".into(), "b".into(), "7 other classes".into()],
            counts: counts.map(|row| row.to_vec()).to_vec(),
            others: 7,
        };
        // Many different classes are said, none of the two alone.
        assert_eq!(single_answer(&with([[1, 0, 9], [0, 1, 9], [0, 0, 80]])), None);
        // The seven make 80 of 100, none of them alone the most: the limit is that of the 10 of `a`.
        let told = single_answer(&with([[10, 0, 0], [10, 0, 0], [76, 0, 4]])).unwrap();
        assert!(told.contains("says `a` for 96.0 %") && told.contains("makes 10.0 %"), "{told}");
    }
}
