//! The parts of a report below its headline, each empty where a run has nothing to show in it.

use std::fmt::Write;

use semiseq_datasets::Sequence;
use semiseq_schema::{METRICS, Scores};
use semiseq_training::run_folder::metrics_log::Line;
use semiseq_training::tasks::measures::Confusion;
use semiseq_training::{StageSummary, Summary};

use crate::charts::{self, Curve, legend};
use crate::confusion::DRAWN;
use crate::curves::{Panel, panels};
use crate::page::evidence::{Answer, Dot, Evidence, Example, Horizon};
use crate::page::html::{escape, title};
use crate::page::run_report::RunReport;

/// What the run was warned of.
pub(super) fn warnings(summary: &Summary) -> String {
    if summary.warnings.is_empty() {
        return String::new();
    }
    let lines: String = summary.warnings.iter().map(|line| format!("<li>{}</li>", escape(line))).collect();
    format!("<section><h2>Warnings</h2><ul>{lines}</ul></section>")
}

/// All scores of the test part with their intervals.
pub(super) fn scores(summary: &Summary) -> String {
    let known = METRICS.iter().map(|metric| metric.name).filter(|name| summary.test.contains_key(*name));
    let others =
        summary.test.keys().map(String::as_str).filter(|name| METRICS.iter().all(|metric| metric.name != *name));
    let rows: String = known
        .chain(others)
        .map(|name| {
            let interval = summary.test_intervals.get(name);
            let interval = interval.map_or(String::new(), |[low, high]| format!("{low:.4} to {high:.4}"));
            format!("<tr><td>{}</td><td>{:.4}</td><td>{interval}</td></tr>", title(name), summary.test[name])
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<section><details><summary>All scores of the test part</summary><div class=\"scroll\"><table><tr><th>score</th>\
         <th>value</th><th>95 % interval</th></tr>{rows}</table></div><p>The interval tells of other test sequences \
         from the same source, not of other seeds or labels.</p></details></section>"
    )
}

/// What plain methods give on the same labels, the best first, with the run, which is called `own`, and its baseline
/// among them.
pub(super) fn references(summary: &Summary, own: &str) -> String {
    if summary.references.is_empty() {
        return String::new();
    }
    let mut rows: Vec<(String, &Scores, bool)> =
        summary.references.iter().map(|one| (one.name.clone(), &one.test, false)).collect();
    rows.push((own.into(), &summary.test, true));
    rows.extend(summary.baseline.iter().map(|baseline| ("labels alone".into(), &baseline.test, false)));
    let value = |scores: &Scores| scores.get("accuracy").copied().unwrap_or(f64::NEG_INFINITY);
    rows.sort_by(|left, right| value(right.1).total_cmp(&value(left.1)));
    let mut text = String::from(
        "<section class=\"scroll\"><h2>Beside plain methods on the same labels</h2>\
         <table><tr><th>method</th><th>accuracy</th><th>macro F1</th></tr>",
    );
    for (name, scores, is_own) in rows {
        let shown = |metric: &str| scores.get(metric).map_or(String::new(), |value| format!("{value:.4}"));
        let name = if is_own { format!("<b>{}</b>", escape(&name)) } else { escape(&name) };
        let (accuracy, macro_f1) = (shown("accuracy"), shown("macro_f1"));
        let _ = write!(text, "<tr><td>{name}</td><td>{accuracy}</td><td>{macro_f1}</td></tr>");
    }
    text.push_str("</table></section>");
    text
}

/// Loss and score, and all terms and monitors that the objectives told: a chart per stage.
pub(super) fn curve_sections(lines: &[Line], stages: &[StageSummary]) -> String {
    let charts = |metric: &str| -> String {
        let one = |panel: Panel| {
            let names = legend(panel.curves.iter().map(|curve| (curve.name, curve.color)));
            let chart = panel.chart().inline() + &names;
            format!("<section><h2>{}</h2>{chart}</section>", escape(&panel.title))
        };
        panels(lines, stages, metric).into_iter().map(one).collect()
    };
    let mut first: Vec<&str> = METRICS.iter().filter(|metric| metric.headline).map(|metric| metric.name).collect();
    // The loss stands beside the first score.
    first.rotate_right(1);
    let mut others: Vec<&str> = lines.iter().flat_map(|line| line.scores.keys()).map(String::as_str).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|name| !first.contains(name) && !["lr", "samples_per_second"].contains(name));
    let mut text = format!("<div class=\"pair\">{}</div>", first.iter().map(|name| charts(name)).collect::<String>());
    let others: String = others.iter().map(|name| charts(name)).collect();
    if !others.is_empty() {
        let _ = write!(
            text,
            "<section><details><summary>All terms and monitors</summary><div \
             class=\"pair\">{others}</div></details></section>"
        );
    }
    text
}

/// Counts, shaded by their share of the true class; of many classes those that are confused most.
pub(super) fn matrix(confusion: &Confusion) -> String {
    let confusion = confusion.shortened(DRAWN);
    let left_out = confusion.left_out().map(|left_out| format!(" Shown are {left_out}.")).unwrap_or_default();
    let mut text = format!(
        "<p>Rows: truth; columns: prediction.{left_out}</p><div class=\"scroll\"><table class=\"matrix\"><tr><th></th>",
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

pub(super) fn per_class(confusion: &Confusion) -> String {
    let left_out = confusion.left_out().map(|left_out| format!("<p>Listed are {left_out}.</p>")).unwrap_or_default();
    let mut text = left_out
        + "<div class=\"scroll\"><table><tr><th>class</th><th>precision</th><th>recall</th><th>F1</th><th>sequences</th></tr>";
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

pub(super) fn calibration(evidence: &Evidence) -> String {
    let bins = evidence.predictions.reliability(10);
    if bins.is_empty() {
        return String::new();
    }
    format!(
        "<section><h2>Is it as sure as it is right?</h2>{}<p>Accuracy over confidence on the test part; a dot's area \
         is its share of the sequences. Below the line the model is too sure.</p></section>",
        charts::reliability(&bins).inline()
    )
}

pub(super) fn maps(run: &RunReport<'_>) -> String {
    let evidence = run.evidence;
    if evidence.maps.is_empty() {
        return String::new();
    }
    let groups = |of: fn(&Dot) -> Option<usize>| -> Vec<Option<usize>> { evidence.dots.iter().map(of).collect() };
    let mut text = format!("<section><h2>Where the encoder puts {} test sequences</h2>", evidence.dots.len());
    text.push_str(&legend(run.classes.iter().enumerate().map(|(class, name)| (name.as_str(), class))));
    text.push_str("<div class=\"pair\">");
    let colorings = [(" by true class", groups(|dot| dot.truth)), (" by prediction", groups(|dot| dot.predicted))];
    let all_known = |(_, groups): &(&str, Vec<Option<usize>>)| groups.iter().all(Option::is_some);
    let known: Vec<_> = colorings.into_iter().filter(all_known).collect();
    let known = if known.is_empty() { vec![("", vec![Some(0); evidence.dots.len()])] } else { known };
    for (name, places) in &evidence.maps {
        for (coloring, groups) in &known {
            let _ = write!(text, "<div><h3>{name}{coloring}</h3>{}</div>", charts::scatter(places, groups).inline());
        }
    }
    text.push_str("</div></section>");
    text
}

/// Windows of the test part with what follows them and what was forecast.
pub(super) fn forecasts(evidence: &Evidence) -> String {
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

/// The error of each step ahead, a chart per channel, in its own units.
pub(super) fn horizons(evidence: &Evidence) -> String {
    if evidence.horizons.is_empty() {
        return String::new();
    }
    let chart = |horizon: &Horizon| {
        let steps = |errors: &[f64]| -> Vec<(f64, f64)> {
            errors.iter().enumerate().map(|(step, error)| (1.0 + step as f64, *error)).collect()
        };
        let (own, naive) = (steps(&horizon.errors), steps(&horizon.naive));
        let curves = [Curve { points: &own, color: 0 }, Curve { points: &naive, color: 7 }];
        let names = legend([("this run", 0), ("the window's last value", 7)]);
        let chart = charts::lines(&curves, "steps ahead", None).inline();
        format!("<div><h3>{}</h3>{chart}{names}</div>", escape(&horizon.column))
    };
    let charts: String = evidence.horizons.iter().map(chart).collect();
    format!(
        "<section><h2>Error by steps ahead</h2><p>Mean absolute error on the test part, in the units of each channel.</p><div \
         class=\"pair\">{charts}</div></section>"
    )
}

/// Sequences of the test part with what should answer them and what does: texts in a table, series with their curves.
pub(super) fn answers(evidence: &Evidence) -> String {
    if evidence.answers.is_empty() {
        return String::new();
    }
    let (mut rows, mut cards) = (String::new(), String::new());
    for Answer { source, target, written } in &evidence.answers {
        let [target, written] = [target, written].map(|text| escape(&shortened(text)));
        match source {
            Sequence::Series(series) => {
                let tall = if series.channels > 4 { " tall" } else { "" };
                let curves = charts::series(series);
                let _ = write!(
                    cards,
                    "<div class=\"example{tall}\">{curves}<p><small>target</small> {target}<br><small>written</small> \
                     {written}</p></div>"
                );
            }
            Sequence::Text(source) => {
                let cells = [escape(&shortened(source)), target, written];
                let cells = cells.map(|cell| format!("<td class=\"text\">{cell}</td>"));
                let _ = write!(rows, "<tr>{}</tr>", cells.concat());
            }
            _ => {}
        }
    }
    let mut text = String::from("<section class=\"scroll\"><h2>Answers for the test part</h2>");
    if !rows.is_empty() {
        let _ = write!(
            text,
            "<table><tr><th>source</th><th class=\"text\">target</th><th class=\"text\">written</th></tr>{rows}</table>"
        );
    }
    if !cards.is_empty() {
        let _ = write!(text, "<div class=\"examples\">{cards}</div>");
    }
    text + "</section>"
}

/// What the last stage makes: test sequences rebuilt from their vectors, and samples from noise.
pub(super) fn shown(evidence: &Evidence) -> String {
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
pub(super) fn examples(run: &RunReport<'_>) -> String {
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
    let (body, tall) = match (&example.sequence, &example.text) {
        (Sequence::Series(series), _) => (charts::series(series), series.channels > 4),
        (_, Some(text)) => (format!("<p>{}</p>", escape(&shortened(text))), false),
        _ => (String::new(), false),
    };
    sequence_card(classes, example.predicted, example.confidence, example.truth, &body, tall)
}

/// A sequence below what is predicted of it, and what is true.
pub(super) fn sequence_card(
    classes: &[String],
    predicted: usize,
    confidence: f64,
    truth: Option<usize>,
    body: &str,
    tall: bool,
) -> String {
    let name = |class: usize| classes.get(class).map_or_else(|| class.to_string(), |name| escape(name));
    let truth = match truth {
        Some(truth) if truth == predicted => "right".to_string(),
        Some(truth) => format!("in truth {}", name(truth)),
        None => "truth unknown".into(),
    };
    let class = if tall { "example tall" } else { "example" };
    format!("<div class=\"{class}\"><b>{} {confidence:.2}</b><small>{truth}</small>{body}</div>", name(predicted))
}
