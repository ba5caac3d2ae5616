//! The table as a picture, and the page that holds both.

use std::fmt::Write;
use std::path::Path;

use plotters::prelude::*;
use semiseq::prelude::*;
use semiseq::report::map::COLORS;
use semiseq::report::page::{escape, frame};
use semiseq::training::files::write_atomic;

use super::grid::Plan;
use super::table::{Score, Table};

/// A panel: tasks that differ in their labels alone.
struct Panel<'a> {
    title: &'a str,
    /// Positions in the table's tasks, from few labels to many.
    tasks: Vec<usize>,
}

/// Draws scores against labels, with bars of one standard deviation, a panel for each kind of data.
pub fn write(path: &Path, plan: &Plan, table: &Table) -> Result<(), Error> {
    write_atomic(path, svg(plan, table).map_err(|error| Error::write(path, error.to_string()))?.as_bytes())
}

/// The table and the picture in one file that needs no network.
pub fn page(plan: &Plan, table: &Table) -> String {
    let mut body = format!(
        "<h1>{}</h1><p>{} methods, {} tasks, {} seeds; tested against {}.</p><section class=\"scroll\">{}</section>",
        escape(&format!("{} on the test part", table.metric)),
        table.rows.len(),
        table.tasks.len(),
        plan.grid.seeds.len(),
        escape(&table.baseline),
        rows(table)
    );
    // A picture that cannot be drawn is told of where its file is written.
    if let Ok(svg) = svg(plan, table) {
        let _ = write!(body, "<section class=\"paper scroll\">{svg}</section>");
    }
    frame("Comparison", &body)
}

fn rows(table: &Table) -> String {
    let mut text = String::from("<table><tr><th>method</th>");
    table.tasks.iter().for_each(|task| text.push_str(&format!("<th>{}</th>", escape(task))));
    text.push_str("<th>rank</th><th>p</th><th>time ×</th><th>step ×</th></tr>");
    let number = |value: Option<f64>| value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
    for row in &table.rows {
        let _ = write!(text, "<tr><td>{}</td>", escape(&row.method));
        for (task, cell) in row.cells.iter().enumerate() {
            let shown = cell.map_or_else(|| "–".into(), Score::text);
            let shown = if table.is_best(task, cell) { format!("<b>{shown}</b>") } else { shown };
            let _ = write!(text, "<td>{shown}</td>");
        }
        for value in [row.rank, row.p, row.time, row.step] {
            let _ = write!(text, "<td>{}</td>", number(value));
        }
        text.push_str("</tr>");
    }
    text.push_str("</table>");
    text
}

fn panels(plan: &Plan) -> Vec<Panel<'_>> {
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        match panels.iter_mut().find(|panel| task.labels.is_some() && panel.title == task.family) {
            Some(panel) => panel.tasks.push(index),
            None => panels.push(Panel { title: &task.family, tasks: vec![index] }),
        }
    }
    for panel in &mut panels {
        let labels = |task: &usize| plan.tasks[*task].labels.unwrap_or(0.0);
        panel.tasks.sort_by(|left, right| labels(left).total_cmp(&labels(right)));
    }
    panels
}

fn svg(plan: &Plan, table: &Table) -> Result<String, Box<dyn std::error::Error>> {
    let panels = panels(plan);
    let mut svg = String::new();
    {
        let columns = panels.len().min(3);
        let rows = panels.len().div_ceil(columns.max(1));
        // All names have room, in both ways.
        let longest = table.rows.iter().map(|row| row.method.chars().count()).max().unwrap_or_default() as u32;
        let charts_width = 420 * columns.max(1) as u32;
        let height = (330 * rows.max(1) as u32).max(40 + 20 * table.rows.len() as u32);
        let size = (charts_width + 40 + 8 * longest, height);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (charts, names) = root.split_horizontally(charts_width);
        for (area, panel) in charts.split_evenly((rows.max(1), columns.max(1))).iter().zip(&panels) {
            draw(area, panel, plan, table)?;
        }
        for (index, row) in table.rows.iter().enumerate() {
            let y = 30 + 20 * index as i32;
            names.draw(&Circle::new((10, y), 5, COLORS[index % COLORS.len()].filled()))?;
            names.draw(&Text::new(row.method.clone(), (22, y - 7), ("sans-serif", 14)))?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    panel: &Panel<'_>,
    plan: &Plan,
    table: &Table,
) -> Result<(), Box<dyn std::error::Error>>
where
    DB::ErrorType: 'static,
{
    let scores = |row: usize| panel.tasks.iter().map(move |task| table.rows[row].cells[*task]);
    let known = || (0..table.rows.len()).flat_map(scores).flatten();
    let low = known().map(|score| score.mean - score.deviation).fold(f64::INFINITY, f64::min);
    let high = known().map(|score| score.mean + score.deviation).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
    // Never narrower than a score is exact: the axis finds no place for its numbers there, and looks for it without
    // end.
    let room = 0.06 * (high - low).max(1e-6 * high.abs().max(low.abs()).max(1.0));
    let count = panel.tasks.len();
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(46)
        .build_cartesian_2d(-0.5..count as f64 - 0.5, low - room..high + room)?;
    let label = |place: &f64| {
        let task = (place.fract() == 0.0).then(|| panel.tasks.get(*place as usize)).flatten();
        let labels = task.and_then(|task| plan.tasks[*task].labels);
        labels.map_or_else(String::new, |labels| labels.to_string())
    };
    let labeled = panel.tasks.iter().any(|task| plan.tasks[*task].labels.is_some());
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(1)
        .light_line_style(RGBColor(245, 245, 245))
        .bold_line_style(RGBColor(230, 230, 230))
        .x_labels(2 * count + 1)
        .x_label_formatter(&label)
        .x_desc(if labeled { "labels" } else { "" })
        .y_desc(table.metric.clone())
        .draw()?;
    for row in 0..table.rows.len() {
        let color = COLORS[row % COLORS.len()];
        // Beside each other, so that bars do not hide bars.
        let shift = 0.5 * ((row as f64 + 0.5) / table.rows.len() as f64 - 0.5);
        let points: Vec<(f64, Score)> =
            scores(row).enumerate().filter_map(|(place, score)| Some((place as f64 + shift, score?))).collect();
        chart.draw_series(LineSeries::new(points.iter().map(|(x, score)| (*x, score.mean)), color.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|(x, score)| {
            let (low, high) = (score.mean - score.deviation, score.mean + score.deviation);
            PathElement::new(vec![(*x, low), (*x, high)], color.stroke_width(1))
        }))?;
        chart.draw_series(points.iter().map(|(x, score)| Circle::new((*x, score.mean), 4, color.filled())))?;
    }
    Ok(())
}
