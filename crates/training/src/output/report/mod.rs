//! `report.html`: one file without links to others, understood in ten seconds. The result against the baseline stands on
//! top; then curves, confusion, scores of each class, calibration, maps of the vectors, examples, the config.

mod charts;
mod evidence;
mod html;

use std::fmt::Write;

use semiseq_datasets::Sequence;

pub use evidence::Evidence;

use super::curves::{curves, stage_names, stage_starts};
use super::metrics_log::Line;
use crate::metrics::{Confusion, Scores};
use crate::summary::Summary;
use charts::Curve;
use evidence::Example;
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
    let columns: Vec<&str> = ["accuracy", "macro_f1", "mse", "mae", "r2", "exact_match", "perplexity", "loss", "ece"]
        .into_iter()
        .filter(|name| runs.iter().any(|run| run.summary.test.contains_key(*name)))
        .collect();
    let best = |name: &str| {
        let values = runs.iter().filter_map(|run| run.summary.test.get(name)).copied();
        let higher = crate::metrics::higher_is_better(name);
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
        let baseline = summary.baseline.as_ref().and_then(|baseline| main_score(&baseline.test));
        let _ = write!(text, "<td>{}</td></tr>", baseline.map_or(String::new(), |(_, value)| format!("{value:.4}")));
    }
    text.push_str("</table></section>");
    text
}

fn one(run: &RunReport<'_>, number: usize) -> String {
    let mut text = headline(run.summary, number);
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
    let Some((name, value)) = main_score(&summary.test) else {
        text.push_str("<p>The test part has nothing to score against.</p></section>");
        return text;
    };
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

/// The score that a run is judged by.
fn main_score(scores: &Scores) -> Option<(&'static str, f64)> {
    ["accuracy", "r2", "mse", "exact_match", "perplexity", "elbo", "loss"]
        .into_iter()
        .find_map(|name| Some((name, *scores.get(name)?)))
}

fn path(summary: &Summary) -> String {
    summary.stages.iter().map(|stage| stage.objective.as_str()).collect::<Vec<_>>().join(" → ")
}

/// A metric's name for people.
fn title(name: &str) -> String {
    match name {
        "macro_f1" => "macro F1".into(),
        "ece" => "calibration error".into(),
        "elbo" => "evidence lower bound, nats".into(),
        "kl" => "divergence, nats".into(),
        "mse" => "mean squared error".into(),
        "mae" => "mean absolute error".into(),
        "r2" => "R²".into(),
        name => name.replace('_', " "),
    }
}

/// Loss and score, and all terms and monitors that the objectives told.
fn curve_sections(lines: &[Line]) -> String {
    let starts = stage_starts(lines);
    let names = stage_names(lines);
    let marks: Vec<(f64, String)> = if names.len() > 1 {
        names.iter().map(|(stage, name)| (starts[*stage], name.to_string())).collect()
    } else {
        Vec::new()
    };
    let chart = |metric: &str| {
        let found = curves(lines, metric, &starts);
        let parts = |points: &[(f64, f64)]| {
            // Stages are not joined: a new stage has another loss.
            let joined = |left: &(f64, f64), right: &(f64, f64)| {
                !starts.iter().any(|start| left.0 <= *start && right.0 > *start)
            };
            points.chunk_by(joined).map(<[_]>::to_vec).collect()
        };
        let curves: Vec<Curve<'_>> = found
            .iter()
            .enumerate()
            .map(|(color, curve)| Curve { name: &curve.name, parts: parts(&curve.points), color })
            .collect();
        (!curves.is_empty())
            .then(|| format!("<section><h2>{}</h2>{}</section>", title(metric), charts::lines(&curves, &marks)))
    };
    let first = ["loss", "accuracy", "r2", "mae", "exact_match"];
    let mut others: Vec<&str> = lines.iter().flat_map(|line| line.scores.keys()).map(String::as_str).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|name| !first.contains(name) && !["lr", "samples_per_second"].contains(name));
    let mut text =
        format!("<div class=\"pair\">{}</div>", first.iter().filter_map(|name| chart(name)).collect::<String>());
    let others: String = others.iter().filter_map(|name| chart(name)).collect();
    if !others.is_empty() {
        let _ = write!(
            text,
            "<section><details><summary>All terms and monitors</summary><div class=\"pair\">{others}</div></details></section>"
        );
    }
    text
}

/// Counts, shaded by their share of the true class.
fn matrix(confusion: &Confusion) -> String {
    let mut text = String::from(
        "<p>Rows: truth; columns: prediction.</p><div class=\"scroll\"><table class=\"matrix\"><tr><th></th>",
    );
    confusion.classes.iter().for_each(|name| text.push_str(&format!("<th>{}</th>", escape(name))));
    text.push_str("</tr>");
    for (row, counts) in confusion.counts.iter().enumerate() {
        let total = counts.iter().sum::<usize>().max(1);
        let _ = write!(text, "<tr><td>{}</td>", escape(&confusion.classes[row]));
        for (column, count) in counts.iter().enumerate() {
            let share = 85 * count / total;
            let color = if row == column { "var(--good)" } else { "var(--c1)" };
            let _ = write!(
                text,
                "<td class=\"count\" style=\"background:color-mix(in srgb,{color} {share}%,transparent)\">{count}</td>"
            );
        }
        text.push_str("</tr>");
    }
    text.push_str("</table></div>");
    text
}

fn per_class(confusion: &Confusion) -> String {
    let mut text = String::from(
        "<div class=\"scroll\"><table><tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th>sequences</th></tr>",
    );
    for (name, scores) in confusion.classes.iter().zip(confusion.per_class()) {
        let _ = write!(
            text,
            "<tr><td>{}</td><td>{:.3}</td><td>{:.3}</td><td>{:.3}</td><td>{}</td></tr>",
            escape(name),
            scores.precision,
            scores.recall,
            scores.f1,
            scores.support
        );
    }
    text.push_str("</table></div>");
    text
}

fn calibration(evidence: &Evidence) -> String {
    let bins = evidence.predictions.reliability(10);
    if bins.is_empty() {
        return String::new();
    }
    format!(
        "<section><h2>Is it as sure as it is right?</h2>{}<p>Accuracy over confidence on the test part; a dot's area is \
         its share of the sequences. Below the line the model is too sure.</p></section>",
        charts::reliability(&bins)
    )
}

fn maps(run: &RunReport<'_>) -> String {
    let evidence = run.evidence;
    if evidence.maps.is_empty() {
        return String::new();
    }
    let groups =
        |of: fn(&evidence::Dot) -> Option<usize>| -> Option<Vec<usize>> { evidence.dots.iter().map(of).collect() };
    let mut text = format!("<section><h2>Where the encoder puts {} test sequences</h2>", evidence.dots.len());
    text.push_str(&charts::legend(run.classes.iter().enumerate().map(|(class, name)| (name.as_str(), class))));
    text.push_str("<div class=\"pair\">");
    let colorings = [(" by true class", groups(|dot| dot.truth)), (" by prediction", groups(|dot| dot.predicted))];
    let known: Vec<(&str, Vec<usize>)> =
        colorings.into_iter().filter_map(|(name, groups)| Some((name, groups?))).collect();
    let known = if known.is_empty() { vec![("", vec![0; evidence.dots.len()])] } else { known };
    for (name, places) in &evidence.maps {
        for (coloring, groups) in &known {
            let _ = write!(text, "<div><h3>{name}{coloring}</h3>{}</div>", charts::map(places, groups));
        }
    }
    text.push_str("</div></section>");
    text
}

/// Windows of the test part with what follows them and what was forecast.
fn forecasts(evidence: &Evidence) -> String {
    if evidence.forecasts.is_empty() {
        return String::new();
    }
    let cards: String = evidence
        .forecasts
        .iter()
        .map(|example| charts::forecast(&example.past, &example.truth, &example.forecast))
        .map(|chart| format!("<div class=\"example\">{chart}</div>"))
        .collect();
    format!(
        "<section><h2>Forecasts of the test part</h2><p>The window in grey, what followed as a line, what was forecast \
         dashed; the first channel, in the units of the data.</p><div class=\"examples\">{cards}</div></section>"
    )
}

/// Texts of the test part with what should answer them and what does.
fn answers(evidence: &Evidence) -> String {
    if evidence.answers.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<section class=\"scroll\"><h2>Answers for the test part</h2><table><tr><th>source</th><th class=\"text\">target</th><th class=\"text\">written</th></tr>",
    );
    for row in &evidence.answers {
        let cells: Vec<String> =
            row.iter().map(|cell| format!("<td class=\"text\">{}</td>", escape(&shortened(cell)))).collect();
        let _ = write!(text, "<tr>{}</tr>", cells.concat());
    }
    text + "</table></section>"
}

/// What the last stage makes: test sequences rebuilt from their vectors, and samples from noise.
fn shown(evidence: &Evidence) -> String {
    let shown = &evidence.shown;
    let mut texts = evidence.texts.iter();
    let mut card = |sequence: &Sequence, name: &str| {
        let (body, tall) = match sequence {
            Sequence::Series(series) => (charts::series(series), series.channels > 4),
            _ => (format!("<p>{}</p>", escape(&shortened(texts.next().map_or("", String::as_str)))), false),
        };
        format!("<div class=\"example{}\"><small>{name}</small>{body}</div>", if tall { " tall" } else { "" })
    };
    let mut text = String::new();
    if !shown.rebuilt.is_empty() {
        text.push_str(
            "<section><h2>Test sequences, and what is rebuilt from their vectors</h2><div class=\"examples\">",
        );
        for (real, made) in &shown.rebuilt {
            let pair = card(real, "real") + &card(made, "rebuilt");
            text.push_str(&pair);
        }
        text.push_str("</div></section>");
    }
    for (name, title, sequences) in
        [("made", "Samples from noise", &shown.made), ("real", "Test sequences to hold them against", &shown.real)]
    {
        if !sequences.is_empty() {
            let cards: String = sequences.iter().map(|sequence| card(sequence, name)).collect();
            let _ = write!(text, "<section><h2>{title}</h2><div class=\"examples\">{cards}</div></section>");
        }
    }
    text
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    const LETTERS: usize = 220;
    let short: String = text.chars().take(LETTERS).collect();
    if short.len() < text.len() { short + " …" } else { short }
}

/// The unlabelled sequences at both ends of confidence.
fn examples(run: &RunReport<'_>) -> String {
    let evidence = run.evidence;
    let kinds = [("surest of", &evidence.surest), ("least sure of", &evidence.least_sure)];
    let mut text = String::new();
    for (name, examples) in kinds.into_iter().filter(|(_, examples)| !examples.is_empty()) {
        let _ = write!(text, "<section><h2>Unlabelled sequences that the model is {name}</h2><div class=\"examples\">");
        examples.iter().for_each(|example| text.push_str(&card(example, run.classes)));
        text.push_str("</div></section>");
    }
    text
}

fn card(example: &Example, classes: &[String]) -> String {
    let name = |class: usize| classes.get(class).map_or_else(|| class.to_string(), |name| escape(name));
    let truth = match example.truth {
        Some(truth) if truth == example.predicted => "right".to_string(),
        Some(truth) => format!("in truth {}", name(truth)),
        None => "truth unknown".into(),
    };
    let (body, tall) = match (&example.sequence, &example.text) {
        (Sequence::Series(series), _) => (charts::series(series), series.channels > 4),
        (_, Some(text)) => (format!("<p>{}</p>", escape(&shortened(text))), false),
        _ => (String::new(), false),
    };
    let class = if tall { "example tall" } else { "example" };
    format!(
        "<div class=\"{class}\"><b>{} {:.2}</b><small>{truth}</small>{body}</div>",
        name(example.predicted),
        example.confidence
    )
}

#[cfg(test)]
mod tests {
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
        let confusion = Confusion { classes: vec!["<b>".into(), "\"&".into()], counts: vec![vec![2, 0], vec![1, 1]] };
        let (summary, evidence) = (summary("x</title>", 0.75), Evidence::default());
        let page = page(&[report(&summary, &evidence, &confusion)]);
        assert!(page.contains("x&lt;/title&gt;") && page.contains("&quot;&amp;") && page.contains("a &lt; b"));
        assert!(!page.contains("<b>") && page.contains("0.750") && page.contains("+0.250"));
    }

    #[test]
    fn several_runs_stand_in_one_table_with_the_best_in_bold() {
        let confusion = Confusion { classes: vec!["a".into(), "b".into()], counts: vec![vec![2, 0], vec![1, 1]] };
        let (first, second, evidence) = (summary("one", 0.6), summary("two", 0.7), Evidence::default());
        let page = page(&[report(&first, &evidence, &confusion), report(&second, &evidence, &confusion)]);
        assert!(page.contains("2 runs") && page.contains("<b>0.7000</b>") && !page.contains("<b>0.6000</b>"));
        assert!(page.contains("href=\"#run1\"") && page.contains("id=\"run1\""));
    }
}
