//! An evaluation as people read it.

use semiseq::datasets::one_line;
use semiseq::schema::METRICS;
use semiseq::training::tasks::measures::Confusion;
use semiseq::training::tasks::{ClassEvaluation, Evaluation};

/// Classes with a row of their own at most: nobody reads more on a terminal.
const CLASSES: usize = 20;
/// Letters of a class's name.
const NAME: usize = 24;
/// Columns of the table of classes: the metric and its heading.
const COLUMNS: [(&str, &str); 5] =
    [("precision", "precision"), ("recall", "recall"), ("f1", "F1"), ("auroc", "AUROC"), ("auprc", "AUPRC")];

/// Scores with their intervals, the table of the classes, and the confusion matrix.
pub(super) fn text(evaluation: &Evaluation) -> String {
    let mut parts = vec![scores(evaluation)];
    if let Some(confusion) = &evaluation.confusion {
        let shortened = confusion.shortened(CLASSES);
        parts.push(classes(&evaluation.classes, Some(&shortened)));
        parts.push(matrix(&shortened));
    } else {
        parts.push(classes(&evaluation.classes, None));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// A score per line, in the order of the table of metrics, what it lacks behind.
fn scores(evaluation: &Evaluation) -> String {
    let known = METRICS.iter().map(|metric| metric.name).filter(|name| evaluation.scores.contains_key(*name));
    let others =
        evaluation.scores.keys().map(String::as_str).filter(|name| METRICS.iter().all(|one| one.name != *name));
    let names: Vec<&str> = known.chain(others).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0).max(10);
    let line = |name: &&str| {
        let interval = evaluation.intervals.get(*name).map(|[low, high]| format!("  {low:.4} to {high:.4}"));
        format!("{name:<width$} {:.4}{}", evaluation.scores[*name], interval.unwrap_or_default())
    };
    let mut lines: Vec<String> = names.iter().map(line).collect();
    if !evaluation.intervals.is_empty() {
        lines.push("(behind each: its 95 % interval over sequences)".into());
    }
    lines.join("\n")
}

/// A row per class that has one in the matrix, which says the same of all others together; without a matrix, of labels
/// of which a sequence has any number, those that most sequences have.
fn classes(classes: &[ClassEvaluation], confusion: Option<&Confusion>) -> String {
    let mut shown: Vec<&ClassEvaluation> = classes
        .iter()
        .filter(|class| confusion.is_none_or(|confusion| confusion.classes.contains(&class.class)))
        .collect();
    if confusion.is_none() && shown.len() > CLASSES {
        shown.sort_by_key(|class| std::cmp::Reverse(class.support));
        shown.truncate(CLASSES);
    }
    if shown.is_empty() {
        return String::new();
    }
    let width = shown.iter().map(|class| name(&class.class).chars().count()).max().unwrap_or(0).max(5);
    let head: String = COLUMNS.iter().map(|(_, title)| format!("{title:>11}")).collect();
    let mut lines = vec![format!("{:<width$}{head}{:>9}{:>11}", "class", "truth", "predicted")];
    for class in shown {
        let cells: String = COLUMNS
            .iter()
            .map(|(metric, _)| {
                class.scores.get(*metric).map_or(format!("{:>11}", "-"), |value| format!("{value:>11.4}"))
            })
            .collect();
        lines.push(format!("{:<width$}{cells}{:>9}{:>11}", name(&class.class), class.support, class.predicted));
    }
    lines.join("\n")
}

/// Counts, a row a true class.
fn matrix(confusion: &Confusion) -> String {
    let names: Vec<String> = confusion.classes.iter().map(|class| name(class)).collect();
    let first = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let counts = |row: &[usize]| row.iter().map(|count| count.to_string().len()).max().unwrap_or(1);
    let width = confusion.counts.iter().map(|row| counts(row)).max().unwrap_or(1).max(2) + 2;
    let left_out = confusion.left_out().map(|left_out| format!("; {left_out}")).unwrap_or_default();
    let mut lines = vec![format!("rows: truth; columns: prediction, in the same order{left_out}")];
    for (name, row) in names.iter().zip(&confusion.counts) {
        let cells: String = row.iter().map(|count| format!("{count:>width$}")).collect();
        lines.push(format!("{name:<first$}{cells}"));
    }
    lines.join("\n")
}

/// A name of a class as it goes into a column.
fn name(class: &str) -> String {
    one_line(class, NAME)
}
