//! `report.html`: one file without links to others, understood in ten seconds. The result against the baseline stands on
//! top; then curves, confusion, scores of each class, calibration, maps of the vectors, examples, the config.

pub(crate) mod charts;
pub(crate) mod evidence;
pub(crate) mod html;
pub(crate) mod sections;

use std::fmt::Write;

use semiseq_datasets::Sequence;
use semiseq_schema::METRICS;

pub use evidence::Evidence;

use crate::metrics::Confusion;
use crate::output::metrics_log::Line;
use crate::output::report::sections::{
    answers, calibration, curve_sections, examples, forecasts, maps, matrix, per_class, shown, warnings,
};
use crate::summary::Summary;
pub use html::escape;

/// What a report tells of one run.
pub struct RunReport<'a> {
    /// The scores.
    pub summary: &'a Summary,
    /// The lines of `metrics.jsonl`.
    pub lines: &'a [Line],
    /// Counts on the test part, where classes are predicted.
    pub confusion: Option<&'a Confusion>,
    /// What the model says about data.
    pub evidence: &'a Evidence,
    /// Names of the classes.
    pub classes: &'a [String],
    /// The resolved config.
    pub config: &'a str,
}

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

/// A page with the report's style, in one file; title and body are HTML already.
pub fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · semiseq</title>\
         <style>{}</style></head><body>\n{body}</body></html>\n",
        include_str!("style.css")
    )
}

/// A sequence of values beside its views, each with a name.
#[derive(Clone, Debug)]
pub struct ViewRow {
    /// Place in the training part.
    pub index: usize,
    /// The sequence itself first.
    pub views: Vec<(&'static str, Sequence)>,
}

/// A page of sequences of values and their views.
pub fn view_page(source: &str, rows: &[ViewRow]) -> String {
    let mut body = format!("<h1>Views of {}</h1>", escape(source));
    for row in rows {
        let _ = write!(body, "<section><h2>Sequence {}</h2><div class=\"examples\">", row.index);
        for (name, view) in &row.views {
            if let Sequence::Series(series) = view {
                let class = if series.channels > 4 { "example tall" } else { "example" };
                let _ = write!(body, "<div class=\"{class}\"><small>{name}</small>{}</div>", charts::series(series));
            }
        }
        body.push_str("</div></section>");
    }
    frame("views", &body)
}

/// All runs in one table, the best test score of each column in bold.
fn table_of(runs: &[RunReport<'_>]) -> String {
    let columns: Vec<&str> = METRICS
        .iter()
        .filter(|metric| metric.stops && runs.iter().any(|run| run.summary.test.contains_key(metric.name)))
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
    let mut text = headline(run.summary, number);
    text.push_str(&warnings(run.summary));
    text.push_str(&curve_sections(run.lines));
    if let Some(confusion) = run.confusion {
        let _ = write!(
            text,
            "<div class=\"pair\"><section><h2>Each class of the test part</h2>{}{}</section>{}</div>",
            matrix(confusion),
            per_class(confusion),
            calibration(run.evidence)
        );
    }
    text.push_str(&forecasts(run.evidence));
    text.push_str(&answers(run.evidence));
    text.push_str(&shown(run.evidence));
    text.push_str(&maps(run));
    text.push_str(&examples(run));
    let _ = write!(
        text,
        "<section><details><summary>Config</summary><pre>{}</pre></details></section>",
        escape(run.config)
    );
    text
}

/// The result, beside what the labels alone give.
fn headline(summary: &Summary, number: usize) -> String {
    let mut text = format!(
        "<h1 id=\"run{number}\">{}</h1><p>{} on {} ({}), seed {}: {} labelled and {} unlabelled sequences, {} for validation, {} \
         for the test; {:.1} s</p><section class=\"headline\">",
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
    let _ = write!(text, "<div class=\"number\">{value:.3}<small>{} on the test part</small></div>", title(name));
    if let Some(baseline) = summary.baseline.as_ref().and_then(|baseline| baseline.test.get(name)) {
        let gain = value - baseline;
        let _ = write!(
            text,
            "<div class=\"number plain\">{baseline:.3}<small>labels alone</small></div>\
             <div class=\"number\">{gain:+.3}<small>from unlabelled data</small></div>"
        );
    }
    for (other, label) in [(&summary.naive, "last step again"), (&summary.seasonal_naive, "last season again")] {
        if let Some(value) = other.as_ref().and_then(|other| other.test.get(name)) {
            let _ = write!(text, "<div class=\"number plain\">{value:.3}<small>{label}</small></div>");
        }
    }
    let others = summary.test.iter().filter(|(other, _)| *other != name);
    let others: Vec<String> = others.map(|(name, value)| format!("{} {value:.3}", title(name))).collect();
    let _ = write!(text, "<p>{}</p></section>", others.join(" · "));
    text
}

fn path(summary: &Summary) -> String {
    summary.stages.iter().map(|stage| stage.objective.as_str()).collect::<Vec<_>>().join(" → ")
}

/// A metric's name for people, as HTML.
fn title(name: &str) -> String {
    // A name of a foreign `metrics.jsonl` or `summary.json` may hold anything.
    escape(&semiseq_schema::title(name))
}

#[cfg(test)]
pub(crate) mod tests {
    use semiseq_schema::Scores;

    use super::*;

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
            classes: &confusion.classes,
            config: "a < b",
        }
    }

    #[test]
    fn names_cannot_break_the_page() {
        let confusion =
            Confusion { classes: vec!["<b>".into(), "\"&".into()], counts: vec![vec![2, 0], vec![1, 1]], others: 0 };
        let (summary, evidence) = (summary("x</title>", 0.75), Evidence::default());
        let summary = Summary { warnings: vec!["<i>one class</i>".into()], ..summary };
        let page = page(&[report(&summary, &evidence, &confusion)]);
        assert!(page.contains("&lt;i&gt;one class&lt;/i&gt;"));
        assert!(page.contains("x&lt;/title&gt;") && page.contains("&quot;&amp;") && page.contains("a &lt; b"));
        assert!(!page.contains("<b>") && page.contains("0.750") && page.contains("+0.250"));
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
