//! The table as charts, and the page that holds both.

use std::fmt::Write;
use std::path::Path;

use semiseq::prelude::*;
use semiseq::report::charts::{self, Chart, MethodScores, file, legend, scores};
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

impl Panel<'_> {
    /// The kind of data and what is drawn of it.
    fn heading(&self, table: &Table) -> String {
        if self.title.is_empty() { table.metric.clone() } else { format!("{}, {}", self.title, table.metric) }
    }

    fn chart(&self, plan: &Plan, table: &Table) -> Chart {
        let labels = |task: &usize| plan.tasks[*task].labels.map_or_else(String::new, |labels| labels.to_string());
        let places: Vec<String> = self.tasks.iter().map(labels).collect();
        let below = if places.iter().all(String::is_empty) { "" } else { "labels" };
        let rows: Vec<MethodScores> = table
            .rows
            .iter()
            .enumerate()
            .map(|(color, row)| {
                let cells = self.tasks.iter().enumerate();
                let known = cells.filter_map(|(place, task)| Some((place, row.cells[*task]?)));
                MethodScores {
                    color,
                    points: known.map(|(place, score)| (place, score.mean, score.deviation)).collect(),
                }
            })
            .collect();
        scores(&rows, &places, below)
    }
}

/// Draws scores against labels, with bars of one standard deviation, a panel for each kind of data.
pub fn write(path: &Path, plan: &Plan, table: &Table) -> Result<(), Error> {
    let drawn = |panel: Panel<'_>| charts::Panel {
        chart: panel.chart(plan, table),
        title: panel.heading(table),
        names: Vec::new(),
    };
    let panels: Vec<charts::Panel> = panels(plan).into_iter().map(drawn).collect();
    let names: Vec<(String, usize)> = table.rows.iter().map(|row| row.method.clone()).zip(0..).collect();
    write_atomic(path, file(&panels, 3, &names).as_bytes())
}

/// The table and the charts in one file that needs no network.
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
    let methods = table.rows.iter().map(|row| row.method.as_str());
    let _ = write!(body, "<section>{}<div class=\"pair\">", legend(methods.zip(0..)));
    for panel in panels(plan) {
        let _ =
            write!(body, "<div><h3>{}</h3>{}</div>", escape(&panel.heading(table)), panel.chart(plan, table).inline());
    }
    body.push_str("</div></section>");
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
