//! The table of labels, where a sequence has any number of them.

use std::fmt::Write;

use semiseq_datasets::{Dataset, Processor};
use semiseq_training::Outputs;
use semiseq_training::tasks::{JudgedScore, Task};

use crate::page::html::escape;

/// Labels with a row at most, those of most sequences.
const LISTED: usize = 50;
/// The columns, by metric and heading.
const COLUMNS: [(&str, &str); 5] =
    [("precision", "precision"), ("recall", "recall"), ("f1", "F1"), ("auroc", "AUROC"), ("auprc", "AUPRC")];

/// How well one label is told.
#[derive(Clone, Debug)]
pub(crate) struct LabelRow {
    name: String,
    /// Sequences that have it, and that are said to.
    counts: (usize, usize),
    /// A score for each of the columns, where it is defined.
    scores: [Option<f64>; COLUMNS.len()],
}

/// A row for each label of a part; none where nothing is known of it.
pub(crate) fn label_rows(task: &dyn Task, outputs: &Outputs, data: &Dataset, processor: &Processor) -> Vec<LabelRow> {
    let Some(judged) = task.judged(outputs, data, processor) else { return Vec::new() };
    let measures: Vec<JudgedScore> = judged.measure(None);
    let score = |label: usize, metric: &str| {
        let of_label = |one: &&JudgedScore| one.class == Some(label) && one.metric == metric;
        measures.iter().find(of_label).and_then(|one| one.value)
    };
    let row = |(label, (name, counts)): (usize, (&String, (usize, usize)))| LabelRow {
        name: name.clone(),
        counts,
        scores: COLUMNS.map(|(metric, _)| score(label, metric)),
    };
    data.classes.iter().zip(judged.class_counts()).enumerate().map(row).collect()
}

/// The table; nothing where there are no labels.
pub(super) fn labels(rows: &[LabelRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut shown: Vec<&LabelRow> = rows.iter().collect();
    shown.sort_by_key(|row| std::cmp::Reverse(row.counts.0));
    shown.truncate(LISTED);
    let heads: String = COLUMNS.iter().map(|(_, heading)| format!("<th>{heading}</th>")).collect();
    let mut text = format!(
        "<section><h2>Each label of the test part</h2><div class=\"scroll\"><table><tr><th>label</th>{heads}\
         <th>sequences</th><th>predicted</th></tr>"
    );
    for row in &shown {
        let cell = |score: &Option<f64>| score.map_or("<td></td>".into(), |score| format!("<td>{score:.3}</td>"));
        let cells: String = row.scores.iter().map(cell).collect();
        let (held, said) = row.counts;
        let _ = write!(text, "<tr><td>{}</td>{cells}<td>{held}</td><td>{said}</td></tr>", escape(&row.name));
    }
    text.push_str("</table></div>");
    if rows.len() > shown.len() {
        let _ =
            write!(text, "<p>Listed are the {} of {} labels that most sequences have.</p>", shown.len(), rows.len());
    }
    text + "</section>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_what_is_undefined_is_empty() {
        let row =
            LabelRow { name: "<b>".into(), counts: (3, 0), scores: [None, Some(0.0), Some(0.0), Some(0.75), None] };
        let table = labels(&vec![row; 60]);
        assert!(table.contains("<td>&lt;b&gt;</td><td></td><td>0.000</td><td>0.000</td><td>0.750</td><td></td>"));
        assert!(table.contains("the 50 of 60 labels"));
        assert_eq!(labels(&[]), "");
    }
}
