//! The report of several seeds: each score with its interval, every seed as a point, and the way to its own report.

use std::fmt::Write;

use semiseq::report::page::{escape, frame};
use semiseq::schema::{METRICS, title};

use super::seeds_summary::{LEGEND, SeedsSummary, Spread, Spreads};

/// The page; `config` is that of one seed.
pub fn page(summary: &SeedsSummary, config: &str) -> String {
    let mut body = format!(
        "<h1>{}</h1><p>{} with {} ({}); {}; {:.1} s</p>",
        escape(&summary.name),
        escape(&summary.path),
        escape(&summary.encoder),
        escape(&summary.backend),
        escape(&summary.about()),
        summary.wall_seconds
    );
    let headline = METRICS.iter().find(|metric| metric.headline && summary.test.contains_key(metric.name));
    if let Some(metric) = headline {
        body.push_str(&numbers(summary, metric.name));
        let _ = write!(
            body,
            "<section><h2>{} of each seed</h2><div class=\"scroll\">{}</div><p>A point is a seed, the bar the 95 % interval of the mean.</p></section>",
            metric.title,
            points(summary, metric.name)
        );
    }
    let _ = write!(
        body,
        "<section class=\"scroll\"><h2>Test part</h2>{}<p>{LEGEND}</p></section>{}",
        table(summary),
        seeds(summary)
    );
    let _ = write!(
        body,
        "<section><details><summary>Config of seed {}</summary><pre>{}</pre></details></section>",
        summary.seeds.first().copied().unwrap_or_default(),
        escape(config)
    );
    frame(&escape(&summary.name), &body)
}

/// The mean with its interval, beside the baseline's.
fn numbers(summary: &SeedsSummary, metric: &str) -> String {
    let number = |spreads: Option<&Spreads>, label: &str, class: &str, signed: bool| {
        let spread = spreads?.get(metric)?;
        let interval = spread.interval.map_or(String::new(), |[low, high]| format!(" [{low:.3}, {high:.3}]"));
        let mean = if signed { format!("{:+.3}", spread.mean) } else { format!("{:.3}", spread.mean) };
        Some(format!("<div class=\"number{class}\">{mean}<small>{label}{interval}</small></div>"))
    };
    let own = format!("{} on the test part", escape(&title(metric)));
    let baseline = summary.baseline.as_ref().map(|one| &one.test);
    let gain = summary.over_baseline.as_ref().map(|one| &one.test);
    let all = [
        number(Some(&summary.test), &own, "", false),
        number(baseline, "labels alone", " plain", false),
        number(gain, "from unlabelled data, seed by seed", "", true),
    ];
    format!("<section class=\"headline\">{}</section>", all.into_iter().flatten().collect::<String>())
}

/// A line per row of the table, a point per seed.
fn points(summary: &SeedsSummary, metric: &str) -> String {
    const WIDTH: f64 = 720.0;
    const NAMES: f64 = 260.0;
    const ROW: f64 = 22.0;
    let rows: Vec<(&str, &Spread)> =
        summary.rows().into_iter().filter_map(|(name, spreads)| Some((name, spreads.get(metric)?))).collect();
    let ends =
        rows.iter().flat_map(|(_, spread)| spread.values.iter().copied().chain(spread.interval.into_iter().flatten()));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(end), high.max(end)));
    let room = (high - low).max(1e-9);
    let x = |value: f64| NAMES + (WIDTH - NAMES - 12.0) * (value - low) / room;
    let height = ROW * rows.len() as f64 + 24.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" style=\"min-width: 34rem\">");
    for (place, (name, spread)) in rows.iter().enumerate() {
        let y = ROW * (place as f64 + 0.5);
        let own = place + 1 == rows.len();
        let color = if own { "var(--good)" } else { "var(--other)" };
        let _ = write!(svg, "<text x=\"0\" y=\"{:.1}\">{}</text>", y + 4.0, escape(&shortened(name)));
        if let Some([low, high]) = spread.interval {
            let _ = write!(
                svg,
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{color}\" stroke-width=\"2\"/>",
                x(low),
                x(high)
            );
        }
        for (seed, value) in summary.seeds.iter().zip(&spread.values) {
            let _ = write!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{y}\" r=\"4\" fill=\"{color}\" fill-opacity=\"0.7\"><title>seed {seed}: \
                 {value:.4}</title></circle>",
                x(*value)
            );
        }
    }
    let y = height - 6.0;
    let _ = write!(
        svg,
        "<text x=\"{NAMES}\" y=\"{y}\">{low:.3}</text><text x=\"{:.1}\" y=\"{y}\" text-anchor=\"end\">{high:.3}</text></svg>",
        WIDTH - 12.0
    );
    svg
}

/// A name that has room beside the points.
fn shortened(name: &str) -> String {
    const MOST: usize = 42;
    match name.chars().count() > MOST {
        true => name.chars().take(MOST - 1).chain(['…']).collect(),
        false => name.into(),
    }
}

fn table(summary: &SeedsSummary) -> String {
    let columns = summary.columns();
    let mut text = String::from("<table><tr><th></th>");
    columns.iter().for_each(|name| text.push_str(&format!("<th>{}</th>", escape(&title(name)))));
    text.push_str("</tr>");
    for (name, spreads) in summary.rows() {
        let _ = write!(text, "<tr><td>{}</td>", escape(name));
        for column in &columns {
            let shown = spreads.get(*column).map_or_else(String::new, Spread::text);
            let _ = write!(text, "<td style=\"white-space: nowrap\">{}</td>", shown.replace(" [", "<br>["));
        }
        text.push_str("</tr>");
    }
    text.push_str("</table>");
    text
}

/// Each seed with its scores, and the way to its report.
fn seeds(summary: &SeedsSummary) -> String {
    let columns = summary.columns();
    let mut text = String::from("<section class=\"scroll\"><h2>Each seed</h2><table><tr><th>seed</th>");
    columns.iter().for_each(|name| text.push_str(&format!("<th>{}</th>", escape(&title(name)))));
    text.push_str("</tr>");
    for (place, seed) in summary.seeds.iter().enumerate() {
        let _ = write!(text, "<tr><td><a href=\"seed-{seed}/report.html\">seed {seed}</a></td>");
        for name in &columns {
            let _ = write!(text, "<td>{:.4}</td>", summary.test[*name].values[place]);
        }
        text.push_str("</tr>");
    }
    text.push_str("</table></section>");
    text
}
