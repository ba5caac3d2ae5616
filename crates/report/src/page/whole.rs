//! The page from its parts.

use std::fmt::Write;

use semiseq_schema::METRICS;
use semiseq_training::Summary;
use semiseq_training::tasks::measures::Confusion;

use crate::page::facts::facts;
use crate::page::html::{escape, frame, title};
use crate::page::labels::labels;
use crate::page::mattered::mattered;
use crate::page::run_report::RunReport;
use crate::page::sections::{
    answers, calibration, curve_sections, examples, forecasts, horizons, maps, matrix, per_class, references, scores,
    shown, warnings,
};

/// The page: one run, or several with a table of all on top.
pub fn page(runs: &[RunReport<'_>]) -> String {
    let title = match runs {
        [run] => escape(&run.summary.name),
        _ => format!("{} runs", runs.len()),
    };
    let mut body = if runs.len() > 1 { table_of(runs) } else { String::new() };
    for (number, run) in runs.iter().enumerate() {
        body.push_str(&one(run, number));
    }
    frame(&title, &body)
}

/// All runs in one table, the best test score of each column in bold.
fn table_of(runs: &[RunReport<'_>]) -> String {
    let columns: Vec<&str> = METRICS
        .iter()
        .filter(|metric| {
            metric.stops && !metric.detailed && runs.iter().any(|run| run.summary.test.contains_key(metric.name))
        })
        .map(|metric| metric.name)
        .collect();
    let best = |name: &str| {
        let values = runs.iter().filter_map(|run| run.summary.test.get(name)).copied();
        let higher = semiseq_schema::higher_is_better(name);
        values.reduce(|best, value| if (value > best) == higher { value } else { best })
    };
    let mut text = format!(
        "<h1>{} runs</h1><section class=\"scroll\"><table><tr><th>run</th><th>objective</th><th>labels</th>",
        runs.len()
    );
    columns.iter().for_each(|name| text.push_str(&format!("<th>{}</th>", title(name))));
    text.push_str("<th>baseline</th></tr>");
    for (number, run) in runs.iter().enumerate() {
        let summary = run.summary;
        let _ = write!(
            text,
            "<tr><td><a href=\"#run{number}\">{}</a></td><td>{}</td><td>{}</td>",
            escape(&summary.name),
            escape(&path(summary)),
            summary.n_labeled
        );
        for name in &columns {
            let cell = summary.test.get(*name).map_or(String::new(), |value| {
                let text = format!("{value:.4}");
                if Some(*value) == best(name) { format!("<b>{text}</b>") } else { text }
            });
            let _ = write!(text, "<td>{cell}</td>");
        }
        let baseline = summary.baseline.as_ref().and_then(|baseline| semiseq_schema::headline(&baseline.test));
        let _ = write!(text, "<td>{}</td></tr>", baseline.map_or(String::new(), |(_, value)| format!("{value:.4}")));
    }
    text.push_str("</table></section>");
    text
}

fn one(run: &RunReport<'_>, number: usize) -> String {
    let mut text = headline(run, number);
    // Times and places stand on top: below it a run that was interrupted has the page of one that was not.
    text.push_str(&facts(run));
    text.push_str(&scores(run.summary));
    text.push_str(&references(run.summary, &path(run.summary)));
    text.push_str(&warnings(run.summary));
    text.push_str(&curve_sections(run.lines, &run.summary.stages));
    if let Some(confusion) = run.confusion {
        let _ = write!(
            text,
            "<div class=\"pair\"><section><h2>Each class of the test part</h2>{}{}</section>{}</div>",
            matrix(confusion),
            per_class(confusion),
            calibration(run.evidence)
        );
    }
    text.push_str(&labels(&run.evidence.labels));
    text.push_str(&forecasts(run.evidence));
    text.push_str(&horizons(run.evidence));
    text.push_str(&answers(run.evidence));
    text.push_str(&shown(run.evidence));
    text.push_str(&maps(run));
    text.push_str(&mattered(run));
    text.push_str(&examples(run));
    let _ = write!(
        text,
        "<section><details><summary>Config</summary><pre>{}</pre></details></section>",
        escape(run.config)
    );
    text
}

/// The result, beside what the labels alone give.
fn headline(run: &RunReport<'_>, number: usize) -> String {
    let summary = run.summary;
    let mut text = format!(
        "<h1 id=\"run{number}\">{}</h1><p>{} on {} ({}), seed {}: {} labelled and {} unlabelled sequences, {} for \
         validation, {} for the test; {:.1} s</p><section class=\"headline\">",
        escape(&summary.name),
        escape(&path(summary)),
        escape(&summary.encoder),
        escape(&summary.backend),
        summary.seed,
        summary.n_labeled,
        summary.n_unlabeled,
        summary.n_valid,
        summary.n_test,
        summary.wall_seconds
    );
    let Some((metric, value)) = semiseq_schema::headline(&summary.test) else {
        text.push_str("<p>The test part has nothing to score against.</p></section>");
        return text;
    };
    let name = metric.name;
    let interval = summary.test_intervals.get(name);
    let interval = interval.map_or(String::new(), |[low, high]| format!("<br>95 %: {low:.3} to {high:.3}"));
    let _ =
        write!(text, "<div class=\"number\">{value:.3}<small>{} on the test part{interval}</small></div>", title(name));
    if let Some((majority, chance)) = run.confusion.filter(|_| name == "accuracy").and_then(without_looking) {
        let _ = write!(
            text,
            "<div class=\"number plain\">{majority:.3}<small>always the largest class</small></div>\
             <div class=\"number plain\">{chance:.3}<small>any class at random</small></div>"
        );
    }
    if let Some(baseline) = summary.baseline.as_ref().and_then(|baseline| baseline.test.get(name)) {
        let gain = value - baseline;
        let _ = write!(
            text,
            "<div class=\"number plain\">{baseline:.3}<small>labels alone</small></div>\
             <div class=\"number\">{gain:+.3}<small>from unlabelled data</small></div>"
        );
    }
    if let Some((reference, score)) = best_reference(summary, name) {
        let _ = write!(
            text,
            "<div class=\"number plain\">{score:.3}<small>{}, the best of {} plain methods</small></div>",
            escape(reference),
            summary.references.len()
        );
    }
    for (other, label) in [(&summary.naive, "last step again"), (&summary.seasonal_naive, "last season again")] {
        if let Some(value) = other.as_ref().and_then(|other| other.test.get(name)) {
            let _ = write!(text, "<div class=\"number plain\">{value:.3}<small>{label}</small></div>");
        }
    }
    if let Some(labels) = summary.labels_used() {
        let _ = write!(text, "<p>{labels}</p>");
    }
    text.push_str("</section>");
    text
}

/// The accuracy of who says the largest class of the test part of every sequence, and of who draws one; `None` where
/// nothing was counted.
fn without_looking(confusion: &Confusion) -> Option<(f64, f64)> {
    let all: usize = confusion.counts.iter().flatten().sum();
    let largest = confusion.per_class().iter().map(|class| class.support).max()?;
    let classes = confusion.per_class().len() + confusion.others;
    (all > 0).then(|| (largest as f64 / all as f64, 1.0 / classes as f64))
}

/// The plain method with the best value of a score, of equals the first.
fn best_reference<'a>(summary: &'a Summary, metric: &str) -> Option<(&'a str, f64)> {
    let known = summary.references.iter().filter_map(|one| Some((one.name.as_str(), *one.test.get(metric)?)));
    known.reduce(|best, one| if one.1 > best.1 { one } else { best })
}

fn path(summary: &Summary) -> String {
    summary.stages.iter().map(|stage| stage.objective.as_str()).collect::<Vec<_>>().join(" → ")
}

#[cfg(test)]
mod tests {
    use crate::facts::Facts;
    use crate::page::evidence::Evidence;
    use semiseq_schema::Scores;
    use semiseq_training::run_folder::metrics_log::Line;

    use super::*;

    static NO_FACTS: Facts = Facts { environment: None, data: Vec::new(), lengths: None };

    fn summary(name: &str, accuracy: f64) -> Summary {
        let text = format!(
            r#"{{"name": "{name}", "objective": "supervised", "encoder": "gru", "backend": "flex", "seed": 0, "semiseq": "0",
                "n_labeled": 5, "n_unlabeled": 0, "n_valid": 0, "n_test": 4, "classes": 2, "stages": [], "valid": {{}},
                "test": {{"accuracy": {accuracy}}}, "baseline": {{"test": {{"accuracy": 0.5}}}}, "wall_seconds": 1.0}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn report<'a>(summary: &'a Summary, evidence: &'a Evidence, confusion: &'a Confusion) -> RunReport<'a> {
        RunReport {
            summary,
            lines: &[],
            confusion: Some(confusion),
            evidence,
            facts: &NO_FACTS,
            classes: &confusion.classes,
            config: "a < b",
        }
    }

    #[test]
    fn names_cannot_break_the_page() {
        let confusion =
            Confusion { classes: vec!["<b>".into(), "\"&".into()], counts: vec![vec![2, 0], vec![1, 1]], others: 0 };
        let (mut summary, evidence) = (summary("x</title>", 0.75), Evidence::default());
        summary.warnings = vec!["<i>one class</i>".into()];
        let page = page(&[report(&summary, &evidence, &confusion)]);
        assert!(page.contains("&lt;i&gt;one class&lt;/i&gt;"));
        assert!(page.contains("x&lt;/title&gt;") && page.contains("&quot;&amp;") && page.contains("a &lt; b"));
        assert!(!page.contains("<b>") && page.contains("0.750") && page.contains("+0.250"));
    }

    #[test]
    fn plain_methods_stand_beside_the_run_the_best_first() {
        let confusion =
            Confusion { classes: vec!["a".into(), "b".into()], counts: vec![vec![2, 0], vec![1, 1]], others: 0 };
        let (mut summary, evidence) = (summary("x", 0.75), Evidence::default());
        let references = serde_json::json!([
            { "name": "ridge", "test": { "accuracy": 0.6, "macro_f1": 0.6 } },
            { "name": "<spreading>", "test": { "accuracy": 0.8, "macro_f1": 0.8 } },
        ]);
        summary.references = serde_json::from_value(references).unwrap();
        let page = page(&[report(&summary, &evidence, &confusion)]);
        assert!(page.contains("0.800<small>&lt;spreading&gt;, the best of 2 plain methods</small>"), "{page}");
        let table = page.split("Beside plain methods on the same labels").nth(1).unwrap();
        let places = ["0.8000", "0.7500", "0.6000", "0.5000"].map(|value| table.find(value).unwrap());
        assert!(places.is_sorted(), "{table}");
    }

    #[test]
    fn the_result_stands_beside_its_interval_and_what_needs_no_model() {
        let confusion = Confusion {
            classes: vec!["a".into(), "b".into(), "c".into()],
            counts: vec![vec![5, 1, 0], vec![1, 2, 0], vec![0, 0, 1]],
            others: 0,
        };
        let (mut summary, evidence) = (summary("x", 0.8), Evidence::default());
        summary.test_intervals.insert("accuracy".into(), [0.49, 0.943]);
        let page = page(&[report(&summary, &evidence, &confusion)]);
        for part in ["95 %: 0.490 to 0.943", "0.600<small>always the largest class", "0.333<small>any class at random"]
        {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(page.contains("<td>0.4900 to 0.9430</td>"), "{page}");
    }

    #[test]
    fn keys_and_values_of_a_foreign_run_cannot_break_the_page() {
        let script = "<script>alert(1)</script>";
        let confusion =
            Confusion { classes: vec!["a".into(), "b".into()], counts: vec![vec![2, 0], vec![1, 1]], others: 0 };
        let (mut summary, evidence) = (summary("x", 0.75), Evidence::default());
        summary.test.insert(script.into(), 1.0);
        summary.objective = script.into();
        summary.encoder = script.into();
        summary.backend = script.into();
        let lines: Vec<Line> = (0..2)
            .flat_map(|stage| [1, 2].map(|epoch| (stage, epoch)))
            .map(|(stage, epoch)| Line {
                stage,
                objective: script.into(),
                epoch,
                step: epoch,
                split: "train".into(),
                scores: Scores::from([(script.into(), 0.5), ("loss".into(), 0.5)]),
            })
            .collect();
        let report = RunReport { lines: &lines, ..report(&summary, &evidence, &confusion) };
        let page = page(&[report]);
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)"), "{page}");
    }

    #[test]
    fn several_runs_stand_in_one_table_with_the_best_in_bold() {
        let confusion =
            Confusion { classes: vec!["a".into(), "b".into()], counts: vec![vec![2, 0], vec![1, 1]], others: 0 };
        let (first, second, evidence) = (summary("one", 0.6), summary("two", 0.7), Evidence::default());
        let page = page(&[report(&first, &evidence, &confusion), report(&second, &evidence, &confusion)]);
        assert!(page.contains("2 runs") && page.contains("<b>0.7000</b>") && !page.contains("<b>0.6000</b>"));
        assert!(page.contains("href=\"#run1\"") && page.contains("id=\"run1\""));
    }
}
